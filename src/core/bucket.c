#include "config.h"

#include <assert.h>

#include "core/bucket.h"

#define MILLI_SECOND_US INT64_C(1000000000) /* in a second a thousandth */
#define LOOKS 10 /* a second, where the rate is high */

/* Rounded up: rather a little less than more than was allowed. */
static int64_t
token_us(int64_t rate)
{
	assert(rate >= 1 && rate <= BUCKET_RATE_MAX);
	return (MILLI_SECOND_US + rate - 1) / rate;
}

static int64_t
capacity(int64_t rate)
{
	return rate < 1000 ? 1 : rate / 1000;
}

/* How much is missing, as time. */
static int64_t
missing_us(int64_t rate, int64_t full_us, int64_t now_us)
{
	int64_t most = capacity(rate) * token_us(rate);

	if (full_us <= now_us)
		return 0;
	return full_us - now_us < most ? full_us - now_us : most;
}

int64_t
bucket_tokens(int64_t rate, int64_t full_us, int64_t now_us)
{
	return capacity(rate) -
	    (missing_us(rate, full_us, now_us) + token_us(rate) - 1) /
	    token_us(rate);
}

int64_t
bucket_take(int64_t rate, int64_t full_us, int64_t now_us, int64_t n)
{
	return now_us + missing_us(rate, full_us, now_us) + n * token_us(rate);
}

int64_t
bucket_again_us(int64_t rate, int64_t full_us, int64_t now_us)
{
	int64_t want = capacity(rate) > LOOKS ? capacity(rate) / LOOKS : 1;
	int64_t may_miss = (capacity(rate) - want) * token_us(rate);
	int64_t wait = missing_us(rate, full_us, now_us) - may_miss;

	return wait > 0 ? now_us + wait : now_us;
}
