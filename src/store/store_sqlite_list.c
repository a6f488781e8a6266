#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "store/store_sqlite_int.h"

/* As for events: rows looked at before a page goes out with a cursor. */
#define SCAN_MAX 20000
#define LOOKS_MAX 5000

enum rc
lite_job_resolve(void *impl, const char *text, int64_t *id, struct err *e)
{
	return lite_resolve(impl, "job_", LITE_JOB_CREATED, text, id, e);
}

enum rc
lite_job_find(void *impl, int64_t id, struct store_job **out, struct err *e)
{
	struct lite *l = impl;
	struct lite_conn *c;
	struct sqlite3_stmt *st;
	bool row;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(c, LITE_JOB_FIND);
	lite_int(st, 1, id);
	rc = lite_step(c, st, &row, e);
	if (rc == RC_OK && row) {
		*out = xcalloc(1, sizeof(**out));
		lite_job_of_row(l, st, *out);
		lite_reset(st);
	} else if (rc == RC_OK) {
		rc = err_set(e, RC_NOTFOUND, "there is no job %lld",
		    (long long)id);
	}
	lite_reader_give(l, c);
	return rc;
}

static bool
is_listed(const struct store_job_filter *f, struct sqlite3_stmt *st)
{
	const char *target;

	if (f->state >= 0 && lite_col_int(st, 3) != f->state)
		return false;
	if (f->blocked && lite_col_int(st, 17) == 0)
		return false;
	if (f->target == NULL)
		return true;
	target = lite_col_str(st, 8);
	return target != NULL && strcmp(target, f->target) == 0;
}

static enum rc
scan(struct lite *l, struct lite_conn *c, const struct store_job_filter *f,
    int64_t before, struct store_jobs *out, int64_t *next_before, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_JOB_LIST);
	int64_t seen = 0, id = 0;
	bool row = true;
	enum rc rc;

	lite_int(st, 1, before);
	lite_int(st, 2, SCAN_MAX);
	for (;;) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		if (out->n == f->limit) {
			*next_before = id;
			break;
		}
		seen++;
		id = lite_col_int(st, 0);
		if (is_listed(f, st))
			lite_job_of_row(l, st, &out->v[out->n++]);
	}
	if (rc == RC_OK && !row && seen == SCAN_MAX)
		*next_before = id;
	lite_reset(st);
	return rc;
}

static void
set_conditions(const struct store_job_filter *f, struct lite_pick *p)
{
	static const enum lite_stmt of_state[STORE_STATES] = {
		[STORE_WAITING] = LITE_JOB_WAITING,
		[STORE_LEASED] = LITE_JOB_LEASED,
		[STORE_STATE_DONE] = LITE_JOB_DONE,
		[STORE_STATE_DEAD] = LITE_JOB_DEAD,
		[STORE_CANCELLED] = LITE_JOB_CANCELLED,
	};

	if (f->event > 0) {
		p->by[p->n].number = f->event;
		p->by[p->n].has_number = true;
		p->by[p->n++].stmt = LITE_JOB_OF;
	}
	if (f->target != NULL) {
		p->by[p->n].text = f->target;
		p->by[p->n++].stmt = LITE_JOB_TO;
	}
	if (f->blocked)
		p->by[p->n++].stmt = LITE_JOB_BEHIND;
	if (f->state >= 0 && f->state < STORE_STATES)
		p->by[p->n++].stmt = of_state[f->state];
}

static enum rc
walk(struct lite *l, struct lite_conn *c, const struct store_job_filter *f,
    struct lite_pick *p, struct store_jobs *out, int64_t *next_before,
    struct err *e)
{
	struct sqlite3_stmt *st;
	int64_t id, last = 0;
	bool row;
	enum rc rc;

	for (;;) {
		rc = lite_pick(c, p, &id, e);
		if (rc != RC_OK || p->is_over)
			break;
		if (id == 0 || out->n == f->limit) {
			*next_before = id == 0 ? p->before : last;
			break;
		}
		last = id;
		st = lite_stmt(c, LITE_JOB_FIND);
		lite_int(st, 1, id);
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK)
			break;
		if (row && is_listed(f, st))
			lite_job_of_row(l, st, &out->v[out->n++]);
		lite_reset(st);
	}
	return rc;
}

enum rc
lite_job_list(void *impl, const struct store_job_filter *f,
    struct store_jobs *out, int64_t *next_before, struct err *e)
{
	struct lite_pick p = { .looks = LOOKS_MAX };
	struct lite *l = impl;
	struct lite_conn *c;
	struct err ignored;
	enum rc rc;

	/* The caller may have the next cursor put where this one is. */
	p.before = f->before_id > 0 ? f->before_id : INT64_MAX;
	*next_before = 0;
	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	out->v = xcalloc(f->limit, sizeof(*out->v));
	set_conditions(f, &p);
	rc = lite_run_stmt(c, LITE_BEGIN_READ, e);
	if (rc == RC_OK && p.n > 0)
		rc = walk(l, c, f, &p, out, next_before, e);
	else if (rc == RC_OK)
		rc = scan(l, c, f, p.before, out, next_before, e);
	(void)lite_run_stmt(c, LITE_COMMIT, &ignored);
	lite_reader_give(l, c);
	if (rc != RC_OK)
		store_jobs_free(out);
	return rc;
}

static void
attempt_of_row(struct sqlite3_stmt *st, struct store_attempt_row *out)
{
	int64_t class = lite_col_int(st, 5);
	char *address, *text;

	memset(out, 0, sizeof(*out));
	out->id = lite_col_int(st, 0);
	out->job = out->id / (LITE_ATTEMPTS_MAX + 1);
	out->number = (unsigned int)(out->id % (LITE_ATTEMPTS_MAX + 1));
	out->webhook_id = lite_col_text(st, 1);
	out->worker = lite_col_text(st, 2);
	out->a.started_ms = lite_col_ms(st, 3);
	out->a.took_ms = lite_col_ms(st, 4);
	out->a.class = class >= 0 && class <= STORE_CLASS_US
	    ? (enum store_class) class
	    : STORE_CLASS_US;
	out->a.code = (int)lite_col_int(st, 6);
	out->a.request.timed_out = lite_col_int(st, 7) != 0;
	text = lite_col_text(st, 8);
	address = lite_col_text(st, 9);
	if (text == NULL)
		text = xstrdup("");
	if (address == NULL)
		address = xstrdup("");
	out->a.text = text;
	out->a.request.address = address;
	out->a.request.answer = lite_col_blob(st, 10, &out->a.request.answersz);
	out->fenced = lite_col_int(st, 11) != 0;
	out->a.request.times.name_us = lite_col_int(st, 12);
	out->a.request.times.connect_us = lite_col_int(st, 13);
	out->a.request.times.tls_us = lite_col_int(st, 14);
	out->a.request.times.first_byte_us = lite_col_int(st, 15);
}

static enum rc
collect_attempts(struct lite_conn *c, struct sqlite3_stmt *st, size_t max,
    struct store_attempts *out, bool *more, struct err *e)
{
	bool row = true;
	enum rc rc;

	*more = false;
	for (;;) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		if (out->n == max) {
			*more = true;
			break;
		}
		if (out->n % 16 == 0)
			out->v =
			    xreallocarray(out->v, out->n + 16, sizeof(*out->v));
		attempt_of_row(st, &out->v[out->n++]);
	}
	lite_reset(st);
	if (rc != RC_OK)
		store_attempts_free(out);
	return rc;
}

enum rc
lite_attempt_list(void *impl, int64_t job, struct store_attempts *out,
    struct err *e)
{
	struct lite *l = impl;
	struct lite_conn *c;
	struct sqlite3_stmt *st;
	bool more;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(c, LITE_ATTEMPT_LIST);
	lite_int(st, 1, job);
	rc = collect_attempts(c, st, LITE_ATTEMPTS_MAX, out, &more, e);
	lite_reader_give(l, c);
	return rc;
}

enum rc
lite_webhook_attempts(void *impl, const char *webhook_id, int64_t before_id,
    size_t limit, struct store_attempts *out, int64_t *next_before,
    struct err *e)
{
	struct lite *l = impl;
	int64_t target = 0, started_ms = INT64_MAX;
	struct lite_conn *c;
	struct sqlite3_stmt *st;
	bool more = false;
	enum rc rc;

	*next_before = 0;
	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(c, LITE_TARGET_FIND);
	lite_int(st, 1, STORE_DELIVER);
	lite_text(st, 2, webhook_id);
	rc = lite_one_int(c, st, 0, &target, e);
	/* The cursor is a row's id; the order is by its time. */
	if (rc == RC_OK && before_id > 0) {
		st = lite_stmt(c, LITE_ATTEMPT_STARTED);
		lite_int(st, 1, before_id);
		rc = lite_one_int(c, st, 0, &started_ms, e);
	}
	if (rc == RC_OK) {
		st = lite_stmt(c, LITE_ATTEMPT_OF_TARGET);
		lite_int(st, 1, target);
		lite_int(st, 2, started_ms);
		lite_int(st, 3, before_id > 0 ? before_id : INT64_MAX);
		lite_int(st, 4, (int64_t)limit + 1);
		rc = collect_attempts(c, st, limit, out, &more, e);
	}
	if (rc == RC_OK && more)
		*next_before = out->v[out->n - 1].id;
	lite_reader_give(l, c);
	return rc;
}

struct act {
	int64_t id;
	int64_t now_ms;
	bool retry;
};

static enum rc
run_act(struct lite_tx *tx, void *arg, struct err *e)
{
	const struct store_attempt by_hand = { .text = "cancelled by hand" };
	struct act *x = arg;
	struct lite_job job;
	bool found;
	enum rc rc;

	tx->now_ms = x->now_ms;
	rc = lite_job_read(tx, x->id, &job, &found, e);
	if (rc != RC_OK)
		return rc;
	if (!found)
		return err_set(e, RC_NOTFOUND, "there is no job %lld",
		    (long long)x->id);
	if (x->retry && job.state == STORE_WAITING)
		return job.due_ms > x->now_ms
		    ? lite_job_hasten(tx, &job, x->now_ms, e)
		    : RC_OK;
	if (x->retry && job.state == STORE_STATE_DEAD)
		return lite_job_requeue(tx, &job, x->now_ms, e);
	if (!x->retry && job_may_cancel((enum job_state)job.state))
		return lite_job_end(tx, &job, STORE_CANCELLED, &by_hand,
		    x->now_ms, e);
	return err_set(e, RC_EXISTS, "job %lld is %s", (long long)x->id,
	    store_state_name(job.state));
}

enum rc
lite_job_retry(void *impl, int64_t id, int64_t now_ms, struct err *e)
{
	struct act x = { id, now_ms, true };

	return lite_commit_now(impl, run_act, &x, e);
}

enum rc
lite_job_cancel(void *impl, int64_t id, int64_t now_ms, struct err *e)
{
	struct act x = { id, now_ms, false };

	return lite_commit_now(impl, run_act, &x, e);
}
