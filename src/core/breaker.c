#include "config.h"

#include "core/breaker.h"

static const char *const names[BREAKER_STATES] = {
	[BREAKER_CLOSED] = "closed",
	[BREAKER_OPEN] = "open",
	[BREAKER_HALF_OPEN] = "half_open",
};

const char *
breaker_state_name(enum breaker_state s)
{
	return names[s];
}

enum breaker_sign
breaker_sign_of(bool no_destination, bool has_answered)
{
	if (no_destination)
		return BREAKER_FAILED;
	return has_answered ? BREAKER_ANSWERED : BREAKER_NOTHING;
}

void
breaker_note(struct breaker_news *n, enum breaker_sign sign, bool is_probe)
{
	if (sign == BREAKER_ANSWERED) {
		n->answered = true;
		n->failures = 0;
		n->probe_failed = false;
		return;
	}
	if (sign == BREAKER_FAILED)
		n->failures++;
	/* A probe that says nothing is as good as none. */
	if (is_probe)
		n->probe_failed = true;
}

static void
open_for(struct breaker *b, int64_t ms, int64_t now_ms)
{
	b->state = BREAKER_OPEN;
	b->until_ms = now_ms + ms;
	b->opens++;
}

void
breaker_apply(struct breaker *b, const struct breaker_rule *rule,
    const struct breaker_news *n, int64_t now_ms)
{
	if (n->answered)
		breaker_close(b);
	b->failures += n->failures;
	/* What was sent before it opened may fail yet; that is no news. */
	if (b->state == BREAKER_CLOSED && rule->failures > 0 &&
	    n->failures > 0 && b->failures >= rule->failures)
		open_for(b, rule->open_ms, now_ms);
	else if (b->state == BREAKER_HALF_OPEN && n->probe_failed)
		open_for(b, rule->open_ms, now_ms);
	else if (b->state == BREAKER_HALF_OPEN && n->probe_lost) {
		b->state = BREAKER_OPEN;
		b->until_ms = now_ms;
	}
}

void
breaker_probe(struct breaker *b, int64_t now_ms)
{
	b->state = BREAKER_HALF_OPEN;
	b->until_ms = now_ms + BREAKER_PROBE_MS;
}

void
breaker_close(struct breaker *b)
{
	b->state = BREAKER_CLOSED;
	b->failures = 0;
	b->until_ms = 0;
}
