#include "config.h"

#include "core/webhook.h"
#include "store/store_admin.h"
#include "store/store_fault_int.h"

enum rc
fault_webhook_put_all(void *impl, const struct webhook *const *v, size_t n,
    bool replace, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_webhook_put_all(f->inner, v, n, replace, e), e);
}

enum rc
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

enum rc
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

enum rc
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

enum rc
fault_webhook_resolve(void *impl, const char *text, char id[WEBHOOK_ID_MAX + 1],
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_webhook_resolve(f->inner, text, id, e), e);
}

enum rc
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

enum rc
fault_webhook_mark(void *impl, const struct store_webhooks *l, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_webhook_mark(f->inner, l, e), e);
}

enum rc
fault_event_retry(void *impl, int64_t id, int64_t now_ms, size_t *jobs,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_event_retry(f->inner, id, now_ms, jobs, e), e);
}

enum rc
fault_event_cancel(void *impl, int64_t id, int64_t now_ms, size_t *jobs,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_event_cancel(f->inner, id, now_ms, jobs, e), e);
}

enum rc
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

enum rc
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

enum rc
fault_token_revoke(void *impl, const char *name, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_token_revoke(f->inner, name, e), e);
}

enum rc
fault_key_change(void *impl, bool rotate, struct store_key_change *out,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_key_change(f->inner, rotate, out, e), e);
}

enum rc
fault_sql(void *impl, const char *sql, size_t max_rows, int64_t limit_ms,
    int (
	*row)(void *arg, bool header, size_t n, const struct store_cell *cells),
    void *arg, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m,
	    store_sql(f->inner, sql, max_rows, limit_ms, row, arg, e), e);
}

enum rc
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

enum rc
fault_job_retry(void *impl, int64_t id, int64_t now_ms, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_job_retry(f->inner, id, now_ms, e), e);
}

enum rc
fault_job_cancel(void *impl, int64_t id, int64_t now_ms, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_job_cancel(f->inner, id, now_ms, e), e);
}

enum rc
fault_token_put(void *impl, const struct store_token *t, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_token_put(f->inner, t, e), e);
}

enum rc
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

enum rc
fault_token_used(void *impl, const uint8_t hash[CRYPT_SHA256_SIZE],
    int64_t now_ms, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_token_used(f->inner, hash, now_ms, e), e);
}

enum rc
fault_event_release(void *impl, const int64_t *ids, size_t n, int64_t now_ms,
    size_t *released, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m,
	    store_event_release(f->inner, ids, n, now_ms, released, e), e);
}

enum rc
fault_event_replay_all(void *impl, const struct store_replay *r, int64_t now_ms,
    size_t *replayed, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m,
	    store_event_replay_all(f->inner, r, now_ms, replayed, e), e);
}

enum rc
fault_dead_count(void *impl, const struct store_dead *d, int64_t *n,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_dead_count(f->inner, d, n, e), e);
}

enum rc
fault_dead_retry(void *impl, const struct store_dead *d, size_t max,
    int64_t now_ms, size_t *n, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_dead_retry(f->inner, d, max, now_ms, n, e), e);
}

enum rc
fault_job_bulk(void *impl, const struct store_bulk *b, size_t max,
    int64_t now_ms, size_t *n, struct store_bulk_place *next, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_job_bulk(f->inner, b, max, now_ms, n, next, e),
	    e);
}
