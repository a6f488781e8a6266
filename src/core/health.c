#include "config.h"

#include "core/backoff.h"
#include "core/health.h"

#define WARNING_MS (INT64_C(86400) * 1000)

static int64_t
minimum(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
maximum(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void
note_failure(struct health_news *n, const struct health_call *call,
    int64_t now_ms)
{
	n->failures++;
	n->timeouts += call->timed_out;
	if (n->consecutive++ == 0)
		n->failing_since_ms = now_ms;
	n->failure_ms = now_ms;
	n->disable_after_ms = call->disable_after_ms;
}

void
health_note(struct health_news *n, const struct health_call *call,
    int64_t now_ms)
{
	n->min_ms =
	    n->calls == 0 ? call->took_ms : minimum(n->min_ms, call->took_ms);
	n->max_ms = maximum(n->max_ms, call->took_ms);
	n->sum_ms += call->took_ms;
	n->calls++;
	if (call->failed) {
		note_failure(n, call, now_ms);
		return;
	}
	n->succeeded = true;
	n->consecutive = 0;
	n->failing_since_ms = 0;
	n->success_ms = now_ms;
}

static enum webhook_health
health_of(const struct health *h, const struct health_news *n, bool is_blocked)
{
	if (!h->enabled || h->damaged || is_blocked)
		return WEBHOOK_UNAVAILABLE;
	return n->consecutive > 0 ? WEBHOOK_DEGRADED : WEBHOOK_HEALTHY;
}

void
health_apply(struct health *h, const struct health_news *n, bool is_blocked,
    int64_t now_ms)
{
	h->is = health_of(h, n, is_blocked);
	h->last_success_ms =
	    maximum(minimum(h->last_success_ms, now_ms), n->success_ms);
	h->last_failure_ms =
	    maximum(minimum(h->last_failure_ms, now_ms), n->failure_ms);
	h->response_min_ms = h->has_responses
	    ? minimum(h->response_min_ms, n->min_ms)
	    : n->min_ms;
	h->response_max_ms = maximum(h->response_max_ms, n->max_ms);
	h->has_responses = true;
	if (n->succeeded) {
		h->consecutive_failures = 0;
		h->failing_since_ms = 0;
		h->disable_at_ms = 0;
	}
	h->consecutive_failures += n->consecutive;
	h->failing_since_ms = h->failing_since_ms == 0
	    ? n->failing_since_ms
	    : minimum(h->failing_since_ms, now_ms);
}

enum health_step
health_judge(struct health *h, const struct health_news *n, int64_t now_ms)
{
	int64_t at_ms = h->failing_since_ms + n->disable_after_ms;
	int64_t ahead_ms = minimum(n->disable_after_ms / 2, WARNING_MS);

	if (!h->enabled || n->consecutive == 0 || n->disable_after_ms <= 0)
		return HEALTH_STAYS;
	if (h->disable_at_ms > now_ms + ahead_ms + BACKOFF_SLACK_MS) {
		h->disable_at_ms = now_ms + ahead_ms;
		return HEALTH_STAYS;
	}
	if (h->disable_at_ms != 0)
		return now_ms >= h->disable_at_ms ? HEALTH_DISABLE
						  : HEALTH_STAYS;
	if (now_ms < at_ms - ahead_ms)
		return HEALTH_STAYS;
	h->disable_at_ms = maximum(at_ms, now_ms + ahead_ms);
	return HEALTH_WARN;
}

void
health_changed(struct webhook *w, bool was_enabled, bool was_blocked)
{
	if (!w->enabled) {
		w->health = WEBHOOK_UNAVAILABLE;
		if (was_enabled)
			w->disabled_why = WEBHOOK_BY_PERSON;
	} else if (!was_enabled) {
		w->health = WEBHOOK_UNKNOWN;
		w->failing_since_ms = w->disable_at_ms = 0;
	} else if (was_blocked && w->breaker == BREAKER_CLOSED) {
		w->health = WEBHOOK_DEGRADED;
	}
}
