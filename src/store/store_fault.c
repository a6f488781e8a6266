#include "config.h"

#include <stdlib.h>
#include <string.h>

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

/* An answer that is lost owns nothing that its caller would have to free. */

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

static enum rc
fault_check(void *impl, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_check(f->inner, e), e);
}

static enum rc
fault_unexpanded(void *impl, size_t max, struct store_events *out,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_unexpanded(f->inner, max, out, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	store_events_free(out);
	return fail(e);
}

static enum rc
fault_expand(void *impl, const struct store_expansion *v, size_t n,
    int64_t now_ms, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_expand(f->inner, v, n, now_ms, e), e);
}

static enum rc
fault_lease_due(void *impl, int64_t now_ms, const struct store_lease_want *want,
    struct store_leases *out, int64_t *next_due_ms, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_lease_due(f->inner, now_ms, want, out, next_due_ms, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	store_leases_free(out);
	return fail(e);
}

static enum rc
fault_renew(void *impl, const struct store_lease *const *v, size_t n,
    int64_t hold_ms, bool *ok, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_renew(f->inner, v, n, hold_ms, ok, e), e);
}

static enum rc
fault_settle(void *impl, struct store_result *v, size_t n, const char *worker,
    int64_t now_ms, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_settle(f->inner, v, n, worker, now_ms, e), e);
}

static enum rc
fault_exchange(void *impl, struct store_exchange *x, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_exchange(f->inner, x, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	store_leases_free(&x->leases);
	return fail(e);
}

static enum rc
fault_payload(void *impl, int64_t event, char **body, size_t *bodysz,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_payload(f->inner, event, body, bodysz, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	free(*body);
	*body = NULL;
	return fail(e);
}

static enum rc
fault_worker_seen(void *impl, const struct store_worker *w, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_worker_seen(f->inner, w, e), e);
}

static enum rc
fault_webhooks_version(void *impl, int64_t *out, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_webhooks_version(f->inner, out, e), e);
}

/* Cannot fail, so it is not counted. */
static void
fault_flow(void *impl, const struct store_flow *flow)
{
	struct fault *f = impl;

	store_flow(f->inner, flow);
}

static enum rc
fault_blocked(void *impl, int64_t *version, struct strlist *out, bool *changed,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	int64_t known = *version;
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_blocked(f->inner, version, out, changed, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	*version = known;
	*changed = false;
	strlist_fini(out);
	return fail(e);
}

static enum rc
fault_event_resolve(void *impl, const char *text, int64_t *id, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_event_resolve(f->inner, text, id, e), e);
}

static enum rc
fault_event_find(void *impl, int64_t id, struct event **out, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_event_find(f->inner, id, out, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	event_free(*out);
	*out = NULL;
	return fail(e);
}

static enum rc
fault_event_list(void *impl, const struct store_event_filter *filter,
    struct store_events *out, int64_t *next_before, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_event_list(f->inner, filter, out, next_before, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	store_events_free(out);
	return fail(e);
}

static enum rc
fault_job_resolve(void *impl, const char *text, int64_t *id, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_job_resolve(f->inner, text, id, e), e);
}

static enum rc
fault_job_find(void *impl, int64_t id, struct store_job **out, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_job_find(f->inner, id, out, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	store_job_free(*out);
	*out = NULL;
	return fail(e);
}

static enum rc
fault_job_list(void *impl, const struct store_job_filter *filter,
    struct store_jobs *out, int64_t *next_before, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_job_list(f->inner, filter, out, next_before, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	store_jobs_free(out);
	return fail(e);
}

static enum rc
fault_attempt_list(void *impl, int64_t job, struct store_attempts *out,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_attempt_list(f->inner, job, out, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	store_attempts_free(out);
	return fail(e);
}

static enum rc
fault_webhook_attempts(void *impl, const char *webhook_id, int64_t before_id,
    size_t limit, struct store_attempts *out, int64_t *next_before,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_webhook_attempts(f->inner, webhook_id, before_id, limit, out,
	    next_before, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	store_attempts_free(out);
	return fail(e);
}

static enum rc
fault_stats(void *impl, int64_t now_ms, int64_t overdue_ms,
    struct store_stats *out, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_stats(f->inner, now_ms, overdue_ms, out, e), e);
}

static enum rc
fault_counts(void *impl, const char *family,
    int (*each)(void *arg, const char *key, int64_t n), void *arg,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_counts(f->inner, family, each, arg, e), e);
}

static enum rc
fault_days(void *impl, size_t max, struct store_day *out, size_t *n,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_days(f->inner, max, out, n, e), e);
}

static enum rc
fault_webhook_put_all(void *impl, const struct webhook *const *v, size_t n,
    bool replace, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_webhook_put_all(f->inner, v, n, replace, e), e);
}

static enum rc
fault_webhook_change(void *impl, const char *id,
    enum rc (*change)(void *arg, struct webhook *w, struct err *e), void *arg,
    struct webhook **out, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_webhook_change(f->inner, id, change, arg, out, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	if (out != NULL) {
		webhook_free(*out);
		*out = NULL;
	}
	return fail(e);
}

static enum rc
fault_webhook_delete(void *impl, const char *id, int64_t now_ms,
    size_t *cancelled, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m,
	    store_webhook_delete(f->inner, id, now_ms, cancelled, e), e);
}

static enum rc
fault_webhook_find(void *impl, const char *id, struct webhook **out,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_webhook_find(f->inner, id, out, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	webhook_free(*out);
	*out = NULL;
	return fail(e);
}

static enum rc
fault_webhook_list(void *impl, const struct store_webhook_filter *filter,
    struct store_webhooks *out, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_webhook_list(f->inner, filter, out, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	store_webhooks_free(out);
	return fail(e);
}

static enum rc
fault_event_retry(void *impl, int64_t id, int64_t now_ms, size_t *jobs,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_event_retry(f->inner, id, now_ms, jobs, e), e);
}

static enum rc
fault_event_cancel(void *impl, int64_t id, int64_t now_ms, size_t *jobs,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_event_cancel(f->inner, id, now_ms, jobs, e), e);
}

static enum rc
fault_event_replay(void *impl, int64_t id, const char *webhook_id,
    int64_t now_ms, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m,
	    store_event_replay(f->inner, id, webhook_id, now_ms, e), e);
}

static enum rc
fault_token_find(void *impl, const uint8_t hash[CRYPT_SHA256_SIZE],
    struct store_token **out, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_token_find(f->inner, hash, out, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	store_token_free(*out);
	*out = NULL;
	return fail(e);
}

static enum rc
fault_token_revoke(void *impl, const char *name, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_token_revoke(f->inner, name, e), e);
}

static enum rc
fault_sql(void *impl, const char *sql, size_t max_rows, int64_t limit_ms,
    int (*row)(void *arg, bool header, size_t n, const char *const *cols),
    void *arg, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m,
	    store_sql(f->inner, sql, max_rows, limit_ms, row, arg, e), e);
}

static enum rc
fault_doctor(void *impl,
    void (*each)(void *arg, const char *check, const char *finding), void *arg,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_doctor(f->inner, each, arg, e), e);
}

static enum rc
fault_recover(void *impl, int64_t now_ms, size_t *n, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_recover(f->inner, now_ms, n, e), e);
}

static enum rc
fault_worker_list(void *impl, struct store_workers *out, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_worker_list(f->inner, out, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	store_workers_free(out);
	return fail(e);
}

static struct meter *
fault_meter(void *impl)
{
	struct fault *f = impl;

	return store_meter(f->inner);
}

static enum rc
fault_metrics(void *impl, int64_t now_ms, struct store_metrics *out,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_metrics(f->inner, now_ms, out, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	store_metrics_free(out);
	return fail(e);
}

static enum rc
fault_metrics_rank(void *impl, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_metrics_rank(f->inner, e), e);
}

static enum rc
fault_job_retry(void *impl, int64_t id, int64_t now_ms, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_job_retry(f->inner, id, now_ms, e), e);
}

static enum rc
fault_job_cancel(void *impl, int64_t id, int64_t now_ms, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_job_cancel(f->inner, id, now_ms, e), e);
}

static enum rc
fault_token_put(void *impl, const struct store_token *t, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_token_put(f->inner, t, e), e);
}

static enum rc
fault_token_list(void *impl, struct store_tokens *out, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_token_list(f->inner, out, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	store_tokens_free(out);
	return fail(e);
}

static enum rc
fault_token_used(void *impl, const uint8_t hash[CRYPT_SHA256_SIZE],
    int64_t now_ms, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_token_used(f->inner, hash, now_ms, e), e);
}

const struct store_engine store_fault_engine = {
	.scheme = "fault:",
	.open = fault_open,
	.close = fault_close,
	.init = fault_init,
	.is_dead = fault_is_dead,
	.wake_path = fault_wake_path,
	.accept = fault_accept,
	.check = fault_check,
	.unexpanded = fault_unexpanded,
	.expand = fault_expand,
	.lease_due = fault_lease_due,
	.renew = fault_renew,
	.settle = fault_settle,
	.exchange = fault_exchange,
	.notices = fault_notices,
	.tell = fault_tell,
	.payload = fault_payload,
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
	.counts = fault_counts,
	.days = fault_days,
	.meter = fault_meter,
	.metrics = fault_metrics,
	.metrics_rank = fault_metrics_rank,
	.webhook_put_all = fault_webhook_put_all,
	.webhook_change = fault_webhook_change,
	.webhook_delete = fault_webhook_delete,
	.webhook_find = fault_webhook_find,
	.webhook_list = fault_webhook_list,
	.event_retry = fault_event_retry,
	.event_cancel = fault_event_cancel,
	.event_replay = fault_event_replay,
	.event_replay_all = fault_event_replay_all,
	.dead_count = fault_dead_count,
	.dead_retry = fault_dead_retry,
	.token_find = fault_token_find,
	.token_revoke = fault_token_revoke,
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
