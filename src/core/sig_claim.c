#include "config.h"

#include <assert.h>
#include <string.h>

#include "base/units.h"
#include "core/sig_int.h"

#define SECONDS_MAX INT64_C(100000000000) /* above, it is milliseconds */

void
sig_claim_span(struct sig_claim *c, const void *p, size_t n)
{
	assert(c->nspans < SIG_SPANS_MAX);
	c->spans[c->nspans++] = (struct crypt_span){ p, n };
}

bool
sig_hex_parse(const char *text, size_t n, bool is_any_case, uint8_t *out,
    size_t size)
{
	if (strspn(text, "0123456789abcdef") < n &&
	    !(is_any_case && strspn(text, "0123456789ABCDEF") >= n))
		return false;
	return crypt_hex_parse(text, n, out, size);
}

/* Milliseconds that a time is ahead of now_ms, or SIG_NO_TIME. */
static int64_t
ahead_of(const char *text, int64_t now_ms)
{
	int64_t seconds;

	if (*text < '0' || *text > '9' || strlen(text) > 15 ||
	    !units_int_parse(text, &seconds) || seconds >= SECONDS_MAX)
		return SIG_NO_TIME;
	return seconds * 1000 - now_ms;
}

static bool
is_within(int64_t ahead_ms, int64_t tolerance_ms)
{
	return ahead_ms != SIG_NO_TIME && ahead_ms >= -tolerance_ms &&
	    ahead_ms <= tolerance_ms;
}

bool
sig_time_is_near(const char *text, int64_t now_ms, int64_t tolerance_ms)
{
	return is_within(ahead_of(text, now_ms), tolerance_ms);
}

void
sig_claim_time(struct sig_claim *c, const char *text, int64_t now_ms,
    int64_t tolerance_ms)
{
	c->ahead_ms = ahead_of(text, now_ms);
	c->is_off = c->is_untimely = !is_within(c->ahead_ms, tolerance_ms);
}
