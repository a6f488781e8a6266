#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "store/store_admin.h"
#include "store/store_int.h"

enum rc
store_webhook_put(struct store *s, const struct webhook *w, struct err *e)
{
	return store_webhook_put_all(s, &w, 1, false, e);
}

void
store_webhooks_free(struct store_webhooks *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		webhook_free(l->v[i]);
	free(l->v);
	free(l->next);
	memset(l, 0, sizeof(*l));
}

static void
token_fini(struct store_token *t)
{
	free(t->name);
	free(t->role);
}

void
store_token_free(struct store_token *t)
{
	if (t == NULL)
		return;
	token_fini(t);
	free(t);
}

void
store_tokens_free(struct store_tokens *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		token_fini(&l->v[i]);
	free(l->v);
	memset(l, 0, sizeof(*l));
}

enum rc
store_webhook_put_all(struct store *s, const struct webhook *const *v, size_t n,
    bool replace, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_WEBHOOK_PUT_ALL, us,
	    s->engine->webhook_put_all(s->impl, v, n, replace, e));
}

enum rc
store_webhook_change(struct store *s, const char *id,
    enum rc (*change)(void *arg, struct webhook *w, struct err *e), void *arg,
    struct webhook **out, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_WEBHOOK_CHANGE, us,
	    s->engine->webhook_change(s->impl, id, change, arg, out, e));
}

enum rc
store_webhook_delete(struct store *s, const char *id, int64_t now_ms,
    size_t *cancelled, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_WEBHOOK_DELETE, us,
	    s->engine->webhook_delete(s->impl, id, now_ms, cancelled, e));
}

enum rc
store_webhook_find(struct store *s, const char *id, struct webhook **out,
    struct err *e)
{
	int64_t us = store_call_begin(s);

	*out = NULL;
	return store_call_end(s, STORE_OP_WEBHOOK_FIND, us,
	    s->engine->webhook_find(s->impl, id, out, e));
}

enum rc
store_webhook_resolve(struct store *s, const char *text,
    char id[WEBHOOK_ID_MAX + 1], struct err *e)
{
	int64_t us = store_call_begin(s);

	id[0] = '\0';
	return store_call_end(s, STORE_OP_WEBHOOK_RESOLVE, us,
	    s->engine->webhook_resolve(s->impl, text, id, e));
}

enum rc
store_webhook_list(struct store *s, const struct store_webhook_filter *f,
    struct store_webhooks *out, struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(out, 0, sizeof(*out));
	return store_call_end(s, STORE_OP_WEBHOOK_LIST, us,
	    s->engine->webhook_list(s->impl, f, out, e));
}

enum rc
store_webhook_mark(struct store *s, const struct store_webhooks *l,
    struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_WEBHOOK_MARK, us,
	    s->engine->webhook_mark(s->impl, l, e));
}

enum rc
store_event_retry(struct store *s, int64_t id, int64_t now_ms, size_t *jobs,
    struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_EVENT_RETRY, us,
	    s->engine->event_retry(s->impl, id, now_ms, jobs, e));
}

enum rc
store_event_cancel(struct store *s, int64_t id, int64_t now_ms, size_t *jobs,
    struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_EVENT_CANCEL, us,
	    s->engine->event_cancel(s->impl, id, now_ms, jobs, e));
}

enum rc
store_event_replay(struct store *s, int64_t id, const char *webhook_id,
    int64_t now_ms, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_EVENT_REPLAY, us,
	    s->engine->event_replay(s->impl, id, webhook_id, now_ms, e));
}

enum rc
store_event_release(struct store *s, const int64_t *ids, size_t n,
    int64_t now_ms, size_t *released, struct err *e)
{
	int64_t us = store_call_begin(s);

	*released = 0;
	return store_call_end(s, STORE_OP_EVENT_RELEASE, us,
	    s->engine->event_release(s->impl, ids, n, now_ms, released, e));
}

enum rc
store_event_replay_all(struct store *s, const struct store_replay *r,
    int64_t now_ms, size_t *replayed, struct err *e)
{
	int64_t us = store_call_begin(s);

	*replayed = 0;
	return store_call_end(s, STORE_OP_EVENT_REPLAY_ALL, us,
	    s->engine->event_replay_all(s->impl, r, now_ms, replayed, e));
}

enum rc
store_dead_count(struct store *s, const struct store_dead *d, int64_t *n,
    struct err *e)
{
	int64_t us = store_call_begin(s);

	*n = 0;
	return store_call_end(s, STORE_OP_DEAD_COUNT, us,
	    s->engine->dead_count(s->impl, d, n, e));
}

enum rc
store_dead_retry(struct store *s, const struct store_dead *d, size_t max,
    int64_t now_ms, size_t *n, struct err *e)
{
	int64_t us = store_call_begin(s);

	*n = 0;
	return store_call_end(s, STORE_OP_DEAD_RETRY, us,
	    s->engine->dead_retry(s->impl, d, max, now_ms, n, e));
}

enum rc
store_job_bulk(struct store *s, const struct store_bulk *b, size_t max,
    int64_t now_ms, size_t *n, struct store_bulk_place *next, struct err *e)
{
	int64_t us = store_call_begin(s);

	*n = 0;
	memset(next, 0, sizeof(*next));
	return store_call_end(s, STORE_OP_JOB_BULK, us,
	    s->engine->job_bulk(s->impl, b, max, now_ms, n, next, e));
}

enum rc
store_job_retry(struct store *s, int64_t id, int64_t now_ms, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_JOB_RETRY, us,
	    s->engine->job_retry(s->impl, id, now_ms, e));
}

enum rc
store_job_cancel(struct store *s, int64_t id, int64_t now_ms, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_JOB_CANCEL, us,
	    s->engine->job_cancel(s->impl, id, now_ms, e));
}

enum rc
store_token_put(struct store *s, const struct store_token *t, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_TOKEN_PUT, us,
	    s->engine->token_put(s->impl, t, e));
}

enum rc
store_token_find(struct store *s, const uint8_t hash[CRYPT_SHA256_SIZE],
    struct store_token **out, struct err *e)
{
	int64_t us = store_call_begin(s);

	*out = NULL;
	return store_call_end(s, STORE_OP_TOKEN_FIND, us,
	    s->engine->token_find(s->impl, hash, out, e));
}

enum rc
store_token_list(struct store *s, struct store_tokens *out, struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(out, 0, sizeof(*out));
	return store_call_end(s, STORE_OP_TOKEN_LIST, us,
	    s->engine->token_list(s->impl, out, e));
}

enum rc
store_token_used(struct store *s, const uint8_t hash[CRYPT_SHA256_SIZE],
    int64_t now_ms, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_TOKEN_USED, us,
	    s->engine->token_used(s->impl, hash, now_ms, e));
}

enum rc
store_token_revoke(struct store *s, const char *name, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_TOKEN_REVOKE, us,
	    s->engine->token_revoke(s->impl, name, e));
}

enum rc
store_sql(struct store *s, const char *sql, size_t max_rows, int64_t limit_ms,
    int (
	*row)(void *arg, bool header, size_t n, const struct store_cell *cells),
    void *arg, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_SQL, us,
	    s->engine->sql(s->impl, sql, max_rows, limit_ms, row, arg, e));
}

enum rc
store_doctor(struct store *s,
    void (*f)(void *arg, const char *check, const char *finding), void *arg,
    struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_DOCTOR, us,
	    s->engine->doctor(s->impl, f, arg, e));
}

enum rc
store_key_change(struct store *s, bool rotate, struct store_key_change *out,
    struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(out, 0, sizeof(*out));
	return store_call_end(s, STORE_OP_KEY_CHANGE, us,
	    s->engine->key_change(s->impl, rotate, out, e));
}
