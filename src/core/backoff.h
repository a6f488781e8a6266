/*
 * backoff - when to try again
 *
 * Attempts are one more than the schedule has waits.  Pure: the time and the
 * randomness come in as parameters.
 */
#ifndef CORE_BACKOFF_H
#define CORE_BACKOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BACKOFF_RETRY_AFTER_MAX_MS (24 * 3600 * INT64_C(1000))

/*
 * Attempt number attempt (1 is the first of its round) ended without success
 * at now_ms.  True: try again at *again_ms, the later of the schedule's time
 * and not_before_ms (from Retry-After; 0 when the receiver named none).
 * Jitter only adds, up to a tenth of the wait, picked by any 32 random bits.
 * False: that was the last attempt.
 */
bool backoff_next(const int64_t *schedule, size_t n, unsigned int attempt,
    int64_t now_ms, int64_t not_before_ms, uint32_t random, int64_t *again_ms);

/*
 * Retry-After as seconds or as one of HTTP's three date forms, to wall time
 * at most 24 hours ahead; 0 for NULL, the past, and what is neither.
 */
int64_t backoff_retry_after(const char *text, int64_t now_ms);

#endif
