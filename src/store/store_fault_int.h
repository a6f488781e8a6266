/*
 * store_fault_int - what the files of the test engine share
 *
 * "fault:N:URL" opens URL and passes every call on, but the N-th, which
 * fails with RC_BUSY.  With "fault:-N:URL" that call takes place and its
 * answer is lost, which is what RC_BUSY leaves open; such an answer owns
 * nothing that its caller would have to free.  Calls are counted from 1 since
 * the store was opened.
 */
#ifndef STORE_STORE_FAULT_INT_H
#define STORE_STORE_FAULT_INT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypt.h"
#include "base/err.h"
#include "store/store_admin.h"
#include "store/store_metrics.h"
#include "store/store_read.h"
#include "store/store_work.h"

struct store;

struct fault {
	struct store *inner;
	atomic_llong left;
	bool after;
};

enum moment {
	GO_ON,
	FAIL_BEFORE,
	FAIL_AFTER
};

static inline enum moment
moment_of(struct fault *f)
{
	if (atomic_fetch_sub(&f->left, 1) != 1)
		return GO_ON;
	return f->after ? FAIL_AFTER : FAIL_BEFORE;
}

static inline enum rc
fail(struct err *e)
{
	return err_set(e, RC_BUSY, "the planted fault");
}

/* What the caller hears of a call that took place. */
static inline enum rc
answer(enum moment m, enum rc rc, struct err *e)
{
	return rc == RC_OK && m == FAIL_AFTER ? fail(e) : rc;
}

/* store_fault_work.c */
enum rc fault_unexpanded(void *impl, size_t max, struct store_events *out,
    struct err *e);
enum rc fault_expand(void *impl, const struct store_expansion *v, size_t n,
    int64_t now_ms, struct err *e);
enum rc fault_lease_due(void *impl, int64_t now_ms,
    const struct store_lease_want *want, struct store_leases *out,
    int64_t *next_due_ms, struct err *e);
enum rc fault_renew(void *impl, const struct store_lease *const *v, size_t n,
    int64_t hold_ms, bool *ok, struct err *e);
enum rc fault_settle(void *impl, struct store_result *v, size_t n,
    const char *worker, int64_t now_ms, struct err *e);
enum rc fault_exchange(void *impl, struct store_exchange *x, struct err *e);
enum rc fault_payloads(void *impl, struct store_body *v, size_t n,
    struct err *e);
enum rc fault_worker_seen(void *impl, const struct store_worker *w,
    struct err *e);
enum rc fault_webhooks_version(void *impl, int64_t *out, struct err *e);
void fault_flow(void *impl, const struct store_flow *flow);
enum rc fault_blocked(void *impl, int64_t *version, struct strlist *out,
    bool *changed, struct err *e);
enum rc fault_recover(void *impl, int64_t now_ms, size_t *n, struct err *e);
enum rc fault_notices(void *impl, size_t max, struct store_notices *out,
    struct err *e);
enum rc fault_tell(void *impl, struct store_telling *v, size_t n,
    struct err *e);

/* store_fault_read.c */
enum rc fault_event_resolve(void *impl, const char *text, int64_t *id,
    struct err *e);
enum rc fault_event_find(void *impl, int64_t id, struct event **out,
    struct err *e);
enum rc fault_event_list(void *impl, const struct store_event_filter *filter,
    struct store_events *out, int64_t *next_before, struct err *e);
enum rc fault_job_resolve(void *impl, const char *text, int64_t *id,
    struct err *e);
enum rc fault_job_find(void *impl, int64_t id, struct store_job **out,
    struct err *e);
enum rc fault_job_list(void *impl, const struct store_job_filter *filter,
    struct store_jobs *out, int64_t *next_before, struct err *e);
enum rc fault_attempt_list(void *impl, int64_t job, struct store_attempts *out,
    struct err *e);
enum rc fault_webhook_attempts(void *impl, const char *webhook_id,
    int64_t before_id, size_t limit, struct store_attempts *out,
    int64_t *next_before, struct err *e);
enum rc fault_stats(void *impl, int64_t now_ms, int64_t overdue_ms,
    struct store_stats *out, struct err *e);
enum rc fault_event_owes(void *impl, const char *webhook_id,
    const int64_t *events, size_t n, enum store_owes *out, struct err *e);
enum rc fault_held(void *impl, const char *webhook_id, struct store_held *out,
    struct err *e);
enum rc fault_held_page(void *impl, const char *const *webhook_ids, size_t n,
    struct store_held *out, struct err *e);
enum rc fault_counts(void *impl, const char *family,
    int (*each)(void *arg, const char *key, int64_t n), void *arg,
    struct err *e);
enum rc fault_days(void *impl, size_t max, struct store_day *out, size_t *n,
    struct err *e);
enum rc fault_worker_list(void *impl, struct store_workers *out, struct err *e);
struct meter *fault_meter(void *impl);
enum rc fault_metrics(void *impl, int64_t now_ms, struct store_metrics *out,
    struct err *e);

/* store_fault_admin.c */
enum rc fault_webhook_put_all(void *impl, const struct webhook *const *v,
    size_t n, bool replace, struct err *e);
enum rc fault_webhook_change(void *impl, const char *id,
    enum rc (*change)(void *arg, struct webhook *w, struct err *e), void *arg,
    struct webhook **out, struct err *e);
enum rc fault_webhook_delete(void *impl, const char *id, int64_t now_ms,
    size_t *cancelled, struct err *e);
enum rc fault_webhook_find(void *impl, const char *id, struct webhook **out,
    struct err *e);
enum rc fault_webhook_resolve(void *impl, const char *text,
    char id[WEBHOOK_ID_MAX + 1], struct err *e);
enum rc fault_webhook_list(void *impl,
    const struct store_webhook_filter *filter, struct store_webhooks *out,
    struct err *e);
enum rc fault_webhook_mark(void *impl, const struct store_webhooks *l,
    struct err *e);
enum rc fault_event_retry(void *impl, int64_t id, int64_t now_ms, size_t *jobs,
    struct err *e);
enum rc fault_event_cancel(void *impl, int64_t id, int64_t now_ms, size_t *jobs,
    struct err *e);
enum rc fault_event_replay(void *impl, int64_t id, const char *webhook_id,
    int64_t now_ms, struct err *e);
enum rc fault_token_find(void *impl, const uint8_t hash[CRYPT_SHA256_SIZE],
    struct store_token **out, struct err *e);
enum rc fault_token_revoke(void *impl, const char *name, struct err *e);
enum rc fault_key_change(void *impl, bool rotate, struct store_key_change *out,
    struct err *e);
enum rc fault_sql(void *impl, const char *sql, size_t max_rows,
    int64_t limit_ms,
    int (
	*row)(void *arg, bool header, size_t n, const struct store_cell *cells),
    void *arg, struct err *e);
enum rc fault_doctor(void *impl,
    void (*each)(void *arg, const char *check, const char *finding), void *arg,
    struct err *e);
enum rc fault_job_retry(void *impl, int64_t id, int64_t now_ms, struct err *e);
enum rc fault_job_cancel(void *impl, int64_t id, int64_t now_ms, struct err *e);
enum rc fault_token_put(void *impl, const struct store_token *t, struct err *e);
enum rc fault_token_list(void *impl, struct store_tokens *out, struct err *e);
enum rc fault_token_used(void *impl, const uint8_t hash[CRYPT_SHA256_SIZE],
    int64_t now_ms, struct err *e);
enum rc fault_event_release(void *impl, const int64_t *ids, size_t n,
    int64_t now_ms, size_t *released, struct err *e);
enum rc fault_event_replay_all(void *impl, const struct store_replay *r,
    int64_t now_ms, size_t *replayed, struct err *e);
enum rc fault_dead_count(void *impl, const struct store_dead *d, int64_t *n,
    struct err *e);
enum rc fault_dead_retry(void *impl, const struct store_dead *d, size_t max,
    int64_t now_ms, size_t *n, struct err *e);
enum rc fault_job_bulk(void *impl, const struct store_bulk *b, size_t max,
    int64_t now_ms, size_t *n, struct store_bulk_place *next, struct err *e);

#endif
