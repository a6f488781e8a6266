/*
 * bucket - so many requests a second, and no more
 *
 * A bucket holds one second's worth of whole tokens, at least one, and fills
 * at the rate; a request takes one.  Rates are thousandths of a token a
 * second, so that one request in several seconds is a rate too.  All that is kept of it is the time at
 * which it is full again, in microseconds, so it costs nothing while nobody
 * asks (GCRA, the generic cell rate algorithm).  Pure.
 *
 * The clock may be set back: a bucket is never emptier than empty, so that
 * holds nobody up for longer than the time a full bucket takes to fill.
 */
#ifndef CORE_BUCKET_H
#define CORE_BUCKET_H

#include <stdint.h>

#define BUCKET_PER_SECOND_MAX 100000
#define BUCKET_RATE_MAX (BUCKET_PER_SECOND_MAX * INT64_C(1000))

/* Tokens there at now_us.  rate is 1 to BUCKET_RATE_MAX; full_us may be 0,
 * for a bucket that nobody took from. */
int64_t bucket_tokens(int64_t rate, int64_t full_us, int64_t now_us);

/* full_us once n tokens were taken, or -n given back. */
int64_t bucket_take(int64_t rate, int64_t full_us, int64_t now_us, int64_t n);

/* When an empty bucket is worth another look: a token is there, and where
 * the rate is high a tenth of a second's worth, so that one look takes
 * several. */
int64_t bucket_again_us(int64_t rate, int64_t full_us, int64_t now_us);

#endif
