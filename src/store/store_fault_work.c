#include "config.h"

#include <stdlib.h>

#include "base/strlist.h"
#include "store/store_fault_int.h"
#include "store/store_work.h"

enum rc
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

enum rc
fault_expand(void *impl, const struct store_expansion *v, size_t n,
    int64_t now_ms, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_expand(f->inner, v, n, now_ms, e), e);
}

enum rc
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

enum rc
fault_renew(void *impl, const struct store_lease *const *v, size_t n,
    int64_t hold_ms, bool *ok, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_renew(f->inner, v, n, hold_ms, ok, e), e);
}

enum rc
fault_settle(void *impl, struct store_result *v, size_t n, const char *worker,
    int64_t now_ms, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_settle(f->inner, v, n, worker, now_ms, e), e);
}

enum rc
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

enum rc
fault_payloads(void *impl, struct store_body *v, size_t n, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;
	size_t i;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_payloads(f->inner, v, n, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	for (i = 0; i < n; i++) {
		free(v[i].bytes);
		v[i].bytes = NULL;
	}
	return fail(e);
}

enum rc
fault_worker_seen(void *impl, const struct store_worker *w, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_worker_seen(f->inner, w, e), e);
}

enum rc
fault_webhooks_version(void *impl, int64_t *out, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_webhooks_version(f->inner, out, e), e);
}

/* Cannot fail, so it is not counted. */
void
fault_flow(void *impl, const struct store_flow *flow)
{
	struct fault *f = impl;

	store_flow(f->inner, flow);
}

enum rc
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

enum rc
fault_recover(void *impl, int64_t now_ms, size_t *n, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_recover(f->inner, now_ms, n, e), e);
}

enum rc
fault_notices(void *impl, size_t max, struct store_notices *out, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_notices(f->inner, max, out, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	store_notices_free(out);
	return fail(e);
}

enum rc
fault_tell(void *impl, struct store_telling *v, size_t n, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_tell(f->inner, v, n, e), e);
}
