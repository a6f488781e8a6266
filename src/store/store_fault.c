#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "store/store_fault_int.h"
#include "store/store_int.h"

/* The inner store's options, its URL behind the number. */
static enum rc
inner_options(const struct store_options *opt, struct store_options *inner,
    int64_t *number, struct err *e)
{
	const char *rest, *colon;
	char *digits;
	bool ok;

	(void)store_engine_find(opt->url, &rest);
	colon = strchr(rest, ':');
	if (colon == NULL)
		return err_set(e, RC_INVALID, "fault:N:URL is what it takes");
	digits = xmemdup0(rest, (size_t)(colon - rest));
	ok = units_int_parse(digits, number);
	free(digits);
	if (!ok)
		return err_set(e, RC_INVALID, "fault:N:URL is what it takes");
	*inner = *opt;
	inner->url = colon + 1;
	return RC_OK;
}

static enum rc
fault_open(const struct store_options *opt, void **out, struct err *e)
{
	struct store_options inner;
	struct store *s;
	struct fault *f;
	int64_t number;
	enum rc rc;

	*out = NULL;
	rc = inner_options(opt, &inner, &number, e);
	if (rc == RC_OK)
		rc = store_open(&inner, &s, e);
	if (rc != RC_OK)
		return rc;
	f = xcalloc(1, sizeof(*f));
	f->inner = s;
	f->after = number < 0;
	atomic_init(&f->left, number < 0 ? -number : number);
	*out = f;
	return RC_OK;
}

static void
fault_close(void *impl)
{
	struct fault *f = impl;

	store_close(f->inner);
	free(f);
}

static enum rc
fault_init(const struct store_options *opt, bool *made, char **says,
    struct err *e)
{
	struct store_options inner;
	int64_t number;
	enum rc rc = inner_options(opt, &inner, &number, e);

	return rc == RC_OK ? store_init(&inner, made, says, e) : rc;
}

static bool
fault_is_dead(void *impl)
{
	struct fault *f = impl;

	return store_is_dead(f->inner);
}

static const char *
fault_wake_path(void *impl)
{
	struct fault *f = impl;

	return store_wake_path(f->inner);
}

static enum rc
fault_accept(void *impl, struct event *ev, int64_t wait_ms,
    struct store_receipt *out, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE) {
		event_free(ev);
		return fail(e);
	}
	rc = store_accept(f->inner, ev, wait_ms, out, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	return fail(e);
}

/* What is begun fails at once or not at all. */
static enum rc
fault_accept_begin(void *impl, struct event *ev, int64_t wait_ms,
    const struct store_waiter *waiter, void **op, struct err *e)
{
	struct fault *f = impl;
	struct store_pending p;
	enum rc rc;

	if (moment_of(f) != GO_ON) {
		event_free(ev);
		return fail(e);
	}
	rc = store_accept_begin(f->inner, ev, wait_ms, waiter, &p, e);
	*op = p.op;
	return rc;
}

static enum rc
fault_accept_end(void *impl, void *op, struct store_receipt *out, struct err *e)
{
	struct store_pending p = { op, clock_tick_us() };
	struct fault *f = impl;

	return store_accept_end(f->inner, &p, out, e);
}

static bool
fault_accept_leave(void *impl, void *op)
{
	struct store_pending p = { op, clock_tick_us() };
	struct fault *f = impl;

	return store_accept_leave(f->inner, &p);
}

static enum rc
fault_check(void *impl, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_check(f->inner, e), e);
}

const struct store_engine store_fault_engine = {
	.scheme = "fault:",
	.open = fault_open,
	.close = fault_close,
	.init = fault_init,
	.is_dead = fault_is_dead,
	.wake_path = fault_wake_path,
	.accept = fault_accept,
	.accept_begin = fault_accept_begin,
	.accept_end = fault_accept_end,
	.accept_leave = fault_accept_leave,
	.check = fault_check,
	.unexpanded = fault_unexpanded,
	.expand = fault_expand,
	.lease_due = fault_lease_due,
	.renew = fault_renew,
	.settle = fault_settle,
	.exchange = fault_exchange,
	.notices = fault_notices,
	.tell = fault_tell,
	.payloads = fault_payloads,
	.worker_seen = fault_worker_seen,
	.webhooks_version = fault_webhooks_version,
	.flow = fault_flow,
	.blocked = fault_blocked,
	.event_resolve = fault_event_resolve,
	.event_find = fault_event_find,
	.event_list = fault_event_list,
	.job_resolve = fault_job_resolve,
	.job_find = fault_job_find,
	.job_list = fault_job_list,
	.attempt_list = fault_attempt_list,
	.webhook_attempts = fault_webhook_attempts,
	.stats = fault_stats,
	.event_owes = fault_event_owes,
	.held = fault_held,
	.held_page = fault_held_page,
	.counts = fault_counts,
	.days = fault_days,
	.meter = fault_meter,
	.metrics = fault_metrics,
	.webhook_put_all = fault_webhook_put_all,
	.webhook_change = fault_webhook_change,
	.webhook_delete = fault_webhook_delete,
	.webhook_find = fault_webhook_find,
	.webhook_resolve = fault_webhook_resolve,
	.webhook_list = fault_webhook_list,
	.webhook_mark = fault_webhook_mark,
	.event_retry = fault_event_retry,
	.event_cancel = fault_event_cancel,
	.event_replay = fault_event_replay,
	.event_release = fault_event_release,
	.event_replay_all = fault_event_replay_all,
	.dead_count = fault_dead_count,
	.dead_retry = fault_dead_retry,
	.job_bulk = fault_job_bulk,
	.token_find = fault_token_find,
	.token_revoke = fault_token_revoke,
	.key_change = fault_key_change,
	.sql = fault_sql,
	.doctor = fault_doctor,
	.recover = fault_recover,
	.worker_list = fault_worker_list,
	.job_retry = fault_job_retry,
	.job_cancel = fault_job_cancel,
	.token_put = fault_token_put,
	.token_list = fault_token_list,
	.token_used = fault_token_used,
};
