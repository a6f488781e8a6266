/*
 * backoff - the time of the next attempt
 *
 * A schedule of n waits allows n + 1 attempts.  Pure: the time and the
 * randomness are parameters.
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

#endif
