/*
 * backoff - the time of the next attempt
 *
 * A schedule of n waits allows n + 1 attempts.  Pure: the time and the
 * randomness are parameters.
 *
 * A due time was chosen by the wall clock of that moment.  When that clock was
 * ahead and has been corrected since, the wait is longer than anything here
 * explains, and is planned anew.
 */
#ifndef CORE_BACKOFF_H
#define CORE_BACKOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BACKOFF_RETRY_AFTER_MAX_MS (24 * 3600 * INT64_C(1000))

/*
 * Attempt number attempt (1 is the first of its round) failed at now_ms.
 * True: the next attempt is due at *again_ms, the later of the schedule's time
 * and not_before_ms (from Retry-After; 0 when the receiver named none).
 * Jitter adds up to a tenth of the wait, chosen by the 32 bits of random, and
 * never subtracts.  False: that was the last attempt.
 */
bool backoff_next(const int64_t *schedule, size_t n, unsigned int attempt,
    int64_t now_ms, int64_t not_before_ms, uint32_t random, int64_t *again_ms);

/*
 * Reads Retry-After, seconds or one of HTTP's three date forms (RFC 9110,
 * 5.6.7), into a wall time at most 24 hours ahead; 0 for NULL, for the past
 * and for any other text.
 */
int64_t backoff_retry_after(const char *text, int64_t now_ms);

#define BACKOFF_SLACK_MS INT64_C(15000) /* a short pause, or a clock's error */

/* How the due time of a waiting job came about. */
struct backoff_plan {
	const int64_t *schedule; /* NULL: not known; any of 7 days is */
	size_t n;
	unsigned int failed;    /* attempts of this round */
	bool obeys_retry_after; /* the last answer was of that kind */
	int64_t not_before_ms;  /* a person's wish; 0: none */
};

/* Whether a job that is planned now may be due as late as due_ms. */
bool backoff_explains(const struct backoff_plan *p, int64_t due_ms,
    int64_t now_ms);

/* The due time of a job whose wait is not explained: its last attempt counts
 * as failed now. */
int64_t backoff_anew(const struct backoff_plan *p, int64_t now_ms,
    uint32_t random);

/*
 * Whether what was stamped with then_ms is younger than window_ms.  A stamp
 * further in the future than a clock's error is older than anything: the clock
 * that wrote it was ahead.
 */
bool backoff_is_within(int64_t then_ms, int64_t window_ms, int64_t now_ms);

#endif
