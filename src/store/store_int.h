/*
 * store_int - what an engine is, for src/store alone
 *
 * An engine fills one struct store_engine; store*.c dispatch through it and
 * measure every call once, whatever the engine.  Members have the contracts
 * of the public functions of their names.
 */
#ifndef STORE_STORE_INT_H
#define STORE_STORE_INT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/crypt.h"
#include "base/err.h"
#include "store/store.h"
#include "store/store_admin.h"
#include "store/store_metrics.h"
#include "store/store_read.h"
#include "store/store_work.h"

/* One row for each public operation: its number and its name. */
enum store_op {
	STORE_OP_ACCEPT,
	STORE_OP_CHECK,
	STORE_OP_UNEXPANDED,
	STORE_OP_EXPAND,
	STORE_OP_LEASE,
	STORE_OP_RECOVER,
	STORE_OP_RENEW,
	STORE_OP_SETTLE,
	STORE_OP_EXCHANGE,
	STORE_OP_NOTICES,
	STORE_OP_TELL,
	STORE_OP_PAYLOAD,
	STORE_OP_WORKER_SEEN,
	STORE_OP_WEBHOOKS_VERSION,
	STORE_OP_BLOCKED,
	STORE_OP_EVENT_RESOLVE,
	STORE_OP_EVENT_FIND,
	STORE_OP_EVENT_LIST,
	STORE_OP_JOB_RESOLVE,
	STORE_OP_JOB_FIND,
	STORE_OP_JOB_LIST,
	STORE_OP_ATTEMPT_LIST,
	STORE_OP_WEBHOOK_ATTEMPTS,
	STORE_OP_STATS,
	STORE_OP_COUNTS,
	STORE_OP_DAYS,
	STORE_OP_WORKER_LIST,
	STORE_OP_METRICS,
	STORE_OP_WEBHOOK_PUT_ALL,
	STORE_OP_WEBHOOK_CHANGE,
	STORE_OP_WEBHOOK_DELETE,
	STORE_OP_WEBHOOK_FIND,
	STORE_OP_WEBHOOK_RESOLVE,
	STORE_OP_WEBHOOK_LIST,
	STORE_OP_WEBHOOK_MARK,
	STORE_OP_EVENT_RETRY,
	STORE_OP_EVENT_CANCEL,
	STORE_OP_EVENT_REPLAY,
	STORE_OP_EVENT_RELEASE,
	STORE_OP_EVENT_REPLAY_ALL,
	STORE_OP_EVENT_OWES,
	STORE_OP_HELD,
	STORE_OP_HELD_PAGE,
	STORE_OP_DEAD_COUNT,
	STORE_OP_DEAD_RETRY,
	STORE_OP_JOB_BULK,
	STORE_OP_JOB_RETRY,
	STORE_OP_JOB_CANCEL,
	STORE_OP_TOKEN_PUT,
	STORE_OP_TOKEN_FIND,
	STORE_OP_TOKEN_LIST,
	STORE_OP_TOKEN_USED,
	STORE_OP_TOKEN_REVOKE,
	STORE_OP_KEY_CHANGE,
	STORE_OP_SQL,
	STORE_OP_DOCTOR
};
#define STORE_OPS (STORE_OP_DOCTOR + 1)

struct store_engine {
	const char *scheme; /* of its URLs, with the colon */
	enum rc (*open)(const struct store_options *options, void **out,
	    struct err *e);
	void (*close)(void *impl);
	enum rc (*init)(const struct store_options *opt, bool *made,
	    char **says, struct err *e);
	bool (*is_dead)(void *impl);
	const char *(*wake_path)(void *impl);

	enum rc (*accept)(void *impl, struct event *ev, int64_t wait_ms,
	    struct store_receipt *out, struct err *e);
	enum rc (*accept_begin)(void *impl, struct event *ev, int64_t wait_ms,
	    const struct store_waiter *waiter, void **op, struct err *e);
	enum rc (*accept_end)(void *impl, void *op, struct store_receipt *out,
	    struct err *e);
	bool (*accept_leave)(void *impl, void *op);
	enum rc (*check)(void *impl, struct err *e);

	enum rc (*unexpanded)(void *impl, size_t max, struct store_events *out,
	    struct err *e);
	enum rc (*expand)(void *impl, const struct store_expansion *v, size_t n,
	    int64_t now_ms, struct err *e);
	enum rc (*lease_due)(void *impl, int64_t now_ms,
	    const struct store_lease_want *want, struct store_leases *out,
	    int64_t *next_due_ms, struct err *e);
	enum rc (*recover)(void *impl, int64_t now_ms, size_t *recovered,
	    struct err *e);
	enum rc (*renew)(void *impl, const struct store_lease *const *v,
	    size_t n, int64_t hold_ms, bool *ok, struct err *e);
	enum rc (*settle)(void *impl, struct store_result *v, size_t n,
	    const char *worker, int64_t now_ms, struct err *e);
	enum rc (
	    *exchange)(void *impl, struct store_exchange *x, struct err *e);
	enum rc (*notices)(void *impl, size_t max, struct store_notices *out,
	    struct err *e);
	enum rc (*tell)(void *impl, struct store_telling *v, size_t n,
	    struct err *e);
	enum rc (*payloads)(void *impl, struct store_body *v, size_t n,
	    struct err *e);
	enum rc (*worker_seen)(void *impl, const struct store_worker *worker,
	    struct err *e);
	enum rc (*webhooks_version)(void *impl, int64_t *out, struct err *e);
	void (*flow)(void *impl, const struct store_flow *f);
	enum rc (*blocked)(void *impl, int64_t *version, struct strlist *out,
	    bool *changed, struct err *e);

	enum rc (*event_resolve)(void *impl, const char *text, int64_t *id,
	    struct err *e);
	enum rc (*event_find)(void *impl, int64_t id, struct event **out,
	    struct err *e);
	enum rc (*event_list)(void *impl, const struct store_event_filter *f,
	    struct store_events *out, int64_t *next_before, struct err *e);
	enum rc (*job_resolve)(void *impl, const char *text, int64_t *id,
	    struct err *e);
	enum rc (*job_find)(void *impl, int64_t id, struct store_job **out,
	    struct err *e);
	enum rc (*job_list)(void *impl, const struct store_job_filter *f,
	    struct store_jobs *out, int64_t *next_before, struct err *e);
	enum rc (*attempt_list)(void *impl, int64_t job,
	    struct store_attempts *out, struct err *e);
	enum rc (*webhook_attempts)(void *impl, const char *webhook_id,
	    int64_t before_id, size_t limit, struct store_attempts *out,
	    int64_t *next_before, struct err *e);
	enum rc (*stats)(void *impl, int64_t now_ms, int64_t overdue_ms,
	    struct store_stats *out, struct err *e);
	enum rc (*event_owes)(void *impl, const char *webhook_id,
	    const int64_t *events, size_t n, enum store_owes *out,
	    struct err *e);
	enum rc (*held)(void *impl, const char *webhook_id,
	    struct store_held *out, struct err *e);
	enum rc (*held_page)(void *impl, const char *const *webhook_ids,
	    size_t n, struct store_held *out, struct err *e);
	enum rc (*counts)(void *impl, const char *family,
	    int (*f)(void *arg, const char *key, int64_t n), void *arg,
	    struct err *e);
	enum rc (*days)(void *impl, size_t max, struct store_day *out,
	    size_t *n, struct err *e);
	enum rc (*worker_list)(void *impl, struct store_workers *workers,
	    struct err *e);

	struct meter *(*meter)(void *impl);
	/* now_ms is 0 for the figures alone. */
	enum rc (*metrics)(void *impl, int64_t now_ms,
	    struct store_metrics *out, struct err *e);

	enum rc (*webhook_put_all)(void *impl, const struct webhook *const *v,
	    size_t n, bool replace, struct err *e);
	enum rc (*webhook_change)(void *impl, const char *id,
	    enum rc (*change)(void *arg, struct webhook *w, struct err *e),
	    void *arg, struct webhook **out, struct err *e);
	enum rc (*webhook_delete)(void *impl, const char *id, int64_t now_ms,
	    size_t *cancelled, struct err *e);
	enum rc (*webhook_find)(void *impl, const char *id,
	    struct webhook **out, struct err *e);
	enum rc (*webhook_resolve)(void *impl, const char *text,
	    char id[WEBHOOK_ID_MAX + 1], struct err *e);
	enum rc (*webhook_list)(void *impl,
	    const struct store_webhook_filter *f, struct store_webhooks *out,
	    struct err *e);
	enum rc (*webhook_mark)(void *impl, const struct store_webhooks *l,
	    struct err *e);
	enum rc (*event_retry)(void *impl, int64_t id, int64_t now_ms,
	    size_t *jobs, struct err *e);
	enum rc (*event_cancel)(void *impl, int64_t id, int64_t now_ms,
	    size_t *jobs, struct err *e);
	enum rc (*event_replay)(void *impl, int64_t id, const char *webhook_id,
	    int64_t now_ms, struct err *e);
	enum rc (*event_release)(void *impl, const int64_t *ids, size_t n,
	    int64_t now_ms, size_t *released, struct err *e);
	enum rc (*event_replay_all)(void *impl, const struct store_replay *r,
	    int64_t now_ms, size_t *replayed, struct err *e);
	enum rc (*dead_count)(void *impl, const struct store_dead *d,
	    int64_t *n, struct err *e);
	enum rc (*dead_retry)(void *impl, const struct store_dead *d,
	    size_t max, int64_t now_ms, size_t *n, struct err *e);
	enum rc (*job_bulk)(void *impl, const struct store_bulk *b, size_t max,
	    int64_t now_ms, size_t *n, struct store_bulk_place *next,
	    struct err *e);
	enum rc (*job_retry)(void *impl, int64_t job_id, int64_t now_ms,
	    struct err *e);
	enum rc (*job_cancel)(void *impl, int64_t job_id, int64_t now_ms,
	    struct err *e);
	enum rc (*token_put)(void *impl, const struct store_token *token,
	    struct err *e);
	enum rc (*token_find)(void *impl, const uint8_t hash[CRYPT_SHA256_SIZE],
	    struct store_token **out, struct err *e);
	enum rc (*token_list)(void *impl, struct store_tokens *tokens,
	    struct err *e);
	enum rc (*token_used)(void *impl, const uint8_t hash[CRYPT_SHA256_SIZE],
	    int64_t now_ms, struct err *e);
	enum rc (*token_revoke)(void *impl, const char *name, struct err *e);
	enum rc (*key_change)(void *impl, bool rotate,
	    struct store_key_change *out, struct err *e);
	enum rc (*sql)(void *impl, const char *sql, size_t max_rows,
	    int64_t limit_ms,
	    int (*row)(void *arg, bool header, size_t n,
		const struct store_cell *cells),
	    void *arg, struct err *e);
	enum rc (*doctor)(void *impl,
	    void (*f)(void *arg, const char *check, const char *finding),
	    void *arg, struct err *e);
};

extern const struct store_engine store_sqlite_engine;
extern const struct store_engine store_fault_engine;

/* The engine of a URL and the part behind the scheme; a bare path is
 * SQLite's.  NULL for a scheme that nobody has. */
const struct store_engine *store_engine_find(const char *url,
    const char **rest);

struct store {
	const struct store_engine *engine;
	void *impl;
	pid_t pid; /* a store does not survive a fork */
};

/*
 * Around each call of the engine: begin aborts in a process that is not the
 * one that opened the store, end says on the log what took over a second.
 */
int64_t store_call_begin(const struct store *s);
enum rc store_call_end(const struct store *s, enum store_op op,
    int64_t begun_us, enum rc rc);

#endif
