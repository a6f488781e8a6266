#include "config.h"

#include "core/event.h"
#include "store/store_fault_int.h"
#include "store/store_metrics.h"
#include "store/store_read.h"

enum rc
fault_event_resolve(void *impl, const char *text, int64_t *id, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_event_resolve(f->inner, text, id, e), e);
}

enum rc
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

enum rc
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

enum rc
fault_job_resolve(void *impl, const char *text, int64_t *id, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_job_resolve(f->inner, text, id, e), e);
}

enum rc
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

enum rc
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

enum rc
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

enum rc
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

enum rc
fault_stats(void *impl, int64_t now_ms, int64_t overdue_ms,
    struct store_stats *out, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_stats(f->inner, now_ms, overdue_ms, out, e), e);
}

enum rc
fault_event_owes(void *impl, const char *webhook_id, const int64_t *events,
    size_t n, enum store_owes *out, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m,
	    store_event_owes(f->inner, webhook_id, events, n, out, e), e);
}

enum rc
fault_held(void *impl, const char *webhook_id, struct store_held *out,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_held(f->inner, webhook_id, out, e), e);
}

enum rc
fault_held_page(void *impl, const char *const *webhook_ids, size_t n,
    struct store_held *out, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_held_page(f->inner, webhook_ids, n, out, e), e);
}

enum rc
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

enum rc
fault_days(void *impl, size_t max, struct store_day *out, size_t *n,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_days(f->inner, max, out, n, e), e);
}

enum rc
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

struct meter *
fault_meter(void *impl)
{
	struct fault *f = impl;

	return store_meter(f->inner);
}

enum rc
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
