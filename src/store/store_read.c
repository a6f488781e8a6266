#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "store/store_int.h"
#include "store/store_read.h"

static void
job_fini(struct store_job *j)
{
	free(j->target);
	free(j->webhook_name);
	free(j->order_key);
	free(j->lease_owner);
	free(j->last_text);
}

void
store_job_free(struct store_job *j)
{
	if (j == NULL)
		return;
	job_fini(j);
	free(j);
}

void
store_jobs_free(struct store_jobs *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		job_fini(&l->v[i]);
	free(l->v);
	memset(l, 0, sizeof(*l));
}

void
store_attempts_free(struct store_attempts *l)
{
	struct store_attempt_row *row;
	size_t i;

	for (i = 0; i < l->n; i++) {
		row = &l->v[i];
		free(row->webhook_id);
		free(row->worker);
		free((char *)row->a.text);
		free((char *)row->a.request.address);
		free((void *)row->a.request.answer);
	}
	free(l->v);
	memset(l, 0, sizeof(*l));
}

const char *
store_worker_state_name(enum store_worker_state s)
{
	static const char *const names[] = { "up", "ended", "missing" };

	return names[s];
}

static bool
is_seen(const struct store_worker *w, int64_t within_ms, int64_t now_ms)
{
	int64_t ago_ms = now_ms - w->last_seen_ms;

	return ago_ms <= within_ms && ago_ms >= -within_ms;
}

enum store_worker_state
store_worker_state(const struct store_worker *w, const struct strlist *running,
    int64_t within_ms, int64_t now_ms)
{
	bool runs = running != NULL && strlist_has(running, w->id);

	/* Another of the same id may have been started. */
	if (w->ended_ms != 0 && !runs)
		return STORE_WORKER_ENDED;
	if (!is_seen(w, within_ms, now_ms) || (running != NULL && !runs))
		return STORE_WORKER_MISSING;
	return STORE_WORKER_UP;
}

bool
store_worker_counts(const struct store_worker *w, const struct strlist *running,
    int64_t within_ms, int64_t now_ms)
{
	return store_worker_state(w, running, within_ms, now_ms) !=
	    STORE_WORKER_MISSING &&
	    is_seen(w, within_ms, now_ms);
}

enum rc
store_workers_count(struct store *s, const struct strlist *running,
    int64_t within_ms, int64_t now_ms, size_t *up, size_t *all, struct err *e)
{
	struct store_workers l;
	size_t i;
	enum rc rc;

	*up = *all = 0;
	rc = store_worker_list(s, &l, e);
	if (rc != RC_OK)
		return rc;
	for (i = 0; i < l.n; i++)
		*up += store_worker_counts(&l.v[i], running, within_ms, now_ms);
	*all = l.n;
	store_workers_free(&l);
	return RC_OK;
}

void
store_workers_free(struct store_workers *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		free(l->v[i].id);
		free(l->v[i].kinds);
	}
	free(l->v);
	memset(l, 0, sizeof(*l));
}

enum rc
store_event_resolve(struct store *s, const char *text, int64_t *id,
    struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_EVENT_RESOLVE, us,
	    s->engine->event_resolve(s->impl, text, id, e));
}

enum rc
store_event_find(struct store *s, int64_t id, struct event **out, struct err *e)
{
	int64_t us = store_call_begin(s);

	*out = NULL;
	return store_call_end(s, STORE_OP_EVENT_FIND, us,
	    s->engine->event_find(s->impl, id, out, e));
}

enum rc
store_event_list(struct store *s, const struct store_event_filter *f,
    struct store_events *out, int64_t *next_before, struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(out, 0, sizeof(*out));
	return store_call_end(s, STORE_OP_EVENT_LIST, us,
	    s->engine->event_list(s->impl, f, out, next_before, e));
}

enum rc
store_job_resolve(struct store *s, const char *text, int64_t *id, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_JOB_RESOLVE, us,
	    s->engine->job_resolve(s->impl, text, id, e));
}

enum rc
store_job_find(struct store *s, int64_t id, struct store_job **out,
    struct err *e)
{
	int64_t us = store_call_begin(s);

	*out = NULL;
	return store_call_end(s, STORE_OP_JOB_FIND, us,
	    s->engine->job_find(s->impl, id, out, e));
}

enum rc
store_job_list(struct store *s, const struct store_job_filter *f,
    struct store_jobs *out, int64_t *next_before, struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(out, 0, sizeof(*out));
	return store_call_end(s, STORE_OP_JOB_LIST, us,
	    s->engine->job_list(s->impl, f, out, next_before, e));
}

enum rc
store_attempt_list(struct store *s, int64_t job, struct store_attempts *out,
    struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(out, 0, sizeof(*out));
	return store_call_end(s, STORE_OP_ATTEMPT_LIST, us,
	    s->engine->attempt_list(s->impl, job, out, e));
}

enum rc
store_webhook_attempts(struct store *s, const char *webhook_id,
    int64_t before_id, size_t limit, struct store_attempts *out,
    int64_t *next_before, struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(out, 0, sizeof(*out));
	return store_call_end(s, STORE_OP_WEBHOOK_ATTEMPTS, us,
	    s->engine->webhook_attempts(s->impl, webhook_id, before_id, limit,
		out, next_before, e));
}

enum rc
store_stats(struct store *s, int64_t now_ms, int64_t overdue_ms,
    struct store_stats *out, struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(out, 0, sizeof(*out));
	return store_call_end(s, STORE_OP_STATS, us,
	    s->engine->stats(s->impl, now_ms, overdue_ms, out, e));
}

enum rc
store_event_owes(struct store *s, const char *webhook_id, const int64_t *events,
    size_t n, enum store_owes *out, struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(out, 0, n * sizeof(*out));
	return store_call_end(s, STORE_OP_EVENT_OWES, us,
	    s->engine->event_owes(s->impl, webhook_id, events, n, out, e));
}

enum rc
store_held(struct store *s, const char *webhook_id, struct store_held *out,
    struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(out, 0, sizeof(*out));
	return store_call_end(s, STORE_OP_HELD, us,
	    s->engine->held(s->impl, webhook_id, out, e));
}

enum rc
store_held_page(struct store *s, const char *const *webhook_ids, size_t n,
    struct store_held *out, struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(out, 0, n * sizeof(*out));
	return store_call_end(s, STORE_OP_HELD_PAGE, us,
	    s->engine->held_page(s->impl, webhook_ids, n, out, e));
}

enum rc
store_counts(struct store *s, const char *family,
    int (*f)(void *arg, const char *key, int64_t n), void *arg, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_COUNTS, us,
	    s->engine->counts(s->impl, family, f, arg, e));
}

enum rc
store_days(struct store *s, size_t max, struct store_day *out, size_t *n,
    struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_DAYS, us,
	    s->engine->days(s->impl, max, out, n, e));
}

enum rc
store_worker_list(struct store *s, struct store_workers *out, struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(out, 0, sizeof(*out));
	return store_call_end(s, STORE_OP_WORKER_LIST, us,
	    s->engine->worker_list(s->impl, out, e));
}
