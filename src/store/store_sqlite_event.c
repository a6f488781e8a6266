#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/id.h"
#include "base/units.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "store/store_sqlite_int.h"

/* Rows that a page with a filter looks at before it gives what it has, with
 * a cursor to go on from: a page's cost has a bound whatever the filter. */
#define SCAN_MAX 20000
#define LOOKS_MAX 5000

/* How far rows may stand from the order of their times: posts that were in
 * hand together, and a clock that was set back a little. */
#define DISORDER_MS (INT64_C(3600) * 1000)

/* A row's number from text: digits, or a public id of this store whose time
 * is the row's. */
enum rc
lite_resolve(struct lite *l, const char *prefix, enum lite_stmt time_of,
    const char *text, int64_t *id, struct err *e)
{
	struct id_public public = { -1, l->salt, 0 };
	struct lite_conn *c;
	struct sqlite3_stmt *st;
	bool row = false;
	enum rc rc;

	*id = 0;
	if (!(isdigit((unsigned char)*text) &&
		units_int_parse(text, &public.row)) &&
	    (!id_parse(prefix, text, &public) || public.salt != l->salt))
		return err_set(e, RC_NOTFOUND, "there is no such id");
	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(c, time_of);
	lite_int(st, 1, public.row);
	rc = lite_step(c, st, &row, e);
	if (rc == RC_OK && row) {
		row = public.ms == -1 || public.ms == lite_col_int(st, 0);
		lite_reset(st);
	}
	lite_reader_give(l, c);
	if (rc != RC_OK)
		return rc;
	if (!row)
		return err_set(e, RC_NOTFOUND, "there is no such id");
	*id = public.row;
	return RC_OK;
}

enum rc
lite_event_resolve(void *impl, const char *text, int64_t *id, struct err *e)
{
	return lite_resolve(impl, "evt_", LITE_EVENT_RECEIVED, text, id, e);
}

enum rc
lite_event_find(void *impl, int64_t id, struct event **out, struct err *e)
{
	struct lite *l = impl;
	struct lite_conn *c;
	struct sqlite3_stmt *st;
	bool row;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(c, LITE_EVENT_FIND);
	lite_int(st, 1, id);
	rc = lite_step(c, st, &row, e);
	if (rc == RC_OK && row) {
		*out = lite_event_of_row(l, st, 0);
		lite_reset(st);
	} else if (rc == RC_OK) {
		rc = err_set(e, RC_NOTFOUND, "there is no event %lld",
		    (long long)id);
	}
	lite_reader_give(l, c);
	return rc;
}

/* Column at of the row is text equal to want, or nothing is wanted. */
static bool
is_text(struct sqlite3_stmt *st, int at, const char *want)
{
	const char *text;

	if (want == NULL)
		return true;
	text = (const char *)sqlite3_column_text(st, at);
	return text != NULL && strcmp(text, want) == 0;
}

/* Judged on the row itself: most rows of a filtered scan are not taken. */
static bool
is_listed(const struct store_event_filter *f, struct sqlite3_stmt *st)
{
	int64_t received_ms = lite_col_int(st, 1);

	if (f->status >= 0 && lite_col_int(st, 17) != f->status)
		return false;
	if (f->suspect && lite_col_int(st, 14) == 0)
		return false;
	if (f->since_ms > 0 && received_ms < f->since_ms)
		return false;
	if (f->until_ms > 0 && received_ms >= f->until_ms)
		return false;
	return is_text(st, 6, f->type) && is_text(st, 8, f->repository) &&
	    is_text(st, 3, f->source);
}

static enum rc
read_time(struct lite_conn *c, int64_t at, int64_t *id, int64_t *received_ms,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_EVENT_AT);
	bool row;
	enum rc rc;

	*id = 0;
	lite_int(st, 1, at);
	rc = lite_step(c, st, &row, e);
	if (rc == RC_OK && row) {
		*id = lite_col_int(st, 0);
		*received_ms = lite_col_int(st, 1);
		lite_reset(st);
	}
	return rc;
}

/* Ids run with the time of receipt but for a little disorder, so the place
 * to begin at for an old until is found by halving, not by walking. */
static enum rc
begin_before(struct lite_conn *c, int64_t until_ms, int64_t *before,
    struct err *e)
{
	int64_t low = 0, high, mid, id, received_ms = 0;
	enum rc rc;

	rc = read_time(c, *before - 1, &high, &received_ms, e);
	while (rc == RC_OK && low < high) {
		mid = low + (high - low) / 2;
		rc = read_time(c, mid, &id, &received_ms, e);
		if (rc != RC_OK)
			break;
		if (id != 0 && received_ms >= until_ms + DISORDER_MS)
			high = id <= low ? low : id - 1;
		else
			low = mid + 1;
	}
	if (rc == RC_OK && low + 1 < *before)
		*before = low + 1;
	return rc;
}

/* ...and for an old since from the other end. */
static enum rc
begin_after(struct lite_conn *c, int64_t since_ms, int64_t *after,
    struct err *e)
{
	int64_t before = INT64_MAX;
	enum rc rc = begin_before(c, since_ms - 2 * DISORDER_MS, &before, e);

	/* The halving ends before it has looked at the row before - 1. */
	if (rc == RC_OK && before != INT64_MAX && before - 2 > *after)
		*after = before - 2;
	return rc;
}

static bool
is_past_end(const struct store_event_filter *f, int64_t received_ms)
{
	if (f->oldest_first)
		return f->until_ms > 0 &&
		    received_ms >= f->until_ms + DISORDER_MS;
	return f->since_ms > 0 && received_ms < f->since_ms - DISORDER_MS;
}

static bool
is_unsettled(int status)
{
	return status == EVENT_PROCESSING || status == EVENT_RETRY ||
	    status == EVENT_FAILED;
}

static enum lite_stmt
list_stmt(const struct store_event_filter *f)
{
	if (!f->oldest_first)
		return LITE_EVENT_LIST;
	return is_unsettled(f->status) ? LITE_EVENT_LIST_STATUS_UP
				       : LITE_EVENT_LIST_UP;
}

static void
add_text(struct lite_pick *p, enum lite_stmt stmt, const char *text)
{
	const struct lite_condition by = { .stmt = stmt, .text = text };

	if (text != NULL)
		p->by[p->n++] = by;
}

/* What the filter takes, but for its times; none: everything. */
static void
set_conditions(const struct store_event_filter *f, struct lite_pick *p)
{
	struct lite_condition status = { .stmt = LITE_EVENT_UNSETTLED,
		.number = f->status,
		.has_number = true };

	if (f->suspect)
		p->by[p->n++].stmt = LITE_EVENT_SUSPECT;
	add_text(p, LITE_EVENT_OF_TYPE, f->type);
	add_text(p, LITE_EVENT_OF_REPOSITORY, f->repository);
	add_text(p, LITE_EVENT_OF_SOURCE, f->source);
	if (f->status < 0)
		return;
	if (f->status == EVENT_PENDING || f->status == EVENT_COMPLETED) {
		status.stmt = f->status == EVENT_PENDING ? LITE_EVENT_PENDING
							 : LITE_EVENT_COMPLETED;
		status.has_number = false;
	}
	p->by[p->n++] = status;
}

/* The row of an id that the conditions took. */
static enum rc
add_row(struct lite *l, struct lite_conn *c, int64_t id,
    const struct store_event_filter *f, struct store_events *out,
    bool *past_end, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_EVENT_FIND);
	bool row;
	enum rc rc;

	lite_int(st, 1, id);
	rc = lite_step(c, st, &row, e);
	if (rc != RC_OK || !row)
		return rc;
	out->seen = id;
	*past_end = is_past_end(f, lite_col_int(st, 1));
	if (is_listed(f, st))
		out->v[out->n++] = lite_event_of_row(l, st, 0);
	lite_reset(st);
	return RC_OK;
}

static enum rc
walk(struct lite *l, struct lite_conn *c, const struct store_event_filter *f,
    struct lite_pick *p, struct store_events *out, int64_t *next_before,
    struct err *e)
{
	bool past_end = false;
	int64_t id, last = 0;
	enum rc rc;

	for (;;) {
		rc = lite_pick(c, p, &id, e);
		if (rc != RC_OK || p->is_over)
			break;
		/* One more than asked for tells that there is more. */
		if (id == 0 || out->n == f->limit) {
			*next_before = id == 0 ? p->before : last;
			break;
		}
		last = id;
		rc = add_row(l, c, id, f, out, &past_end, e);
		if (rc != RC_OK || past_end)
			break;
	}
	return rc;
}

static enum rc
scan(struct lite *l, struct lite_conn *c, const struct store_event_filter *f,
    int64_t before, struct store_events *out, int64_t *next_before,
    struct err *e)
{
	struct sqlite3_stmt *st;
	int64_t seen = 0, id = 0;
	bool row = true;
	enum rc rc;

	st = lite_stmt(c, list_stmt(f));
	lite_int(st, 1, before);
	lite_int(st, 2, SCAN_MAX);
	if (f->oldest_first && is_unsettled(f->status))
		lite_int(st, 3, f->status);
	for (;;) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		/* One more than asked for tells that there is more. */
		if (out->n == f->limit) {
			*next_before = id;
			break;
		}
		seen++;
		id = lite_col_int(st, 0);
		out->seen = id;
		if (is_past_end(f, lite_col_int(st, 1)))
			break;
		if (is_listed(f, st))
			out->v[out->n++] = lite_event_of_row(l, st, 0);
	}
	if (rc == RC_OK && !row && seen == SCAN_MAX)
		*next_before = id;
	lite_reset(st);
	return rc;
}

/* All events of a delivery id are few, but for an id that hls derived. */
static enum rc
list_of_id(struct lite *l, struct lite_conn *c,
    const struct store_event_filter *f, int64_t before,
    struct store_events *out, int64_t *next_before, struct err *e)
{
	bool past_end = false;
	struct lite_ids ids;
	size_t i;
	enum rc rc;

	rc = lite_events_of_id(c, f->delivery_id, f->source, before,
	    f->limit + 1, &ids, e);
	if (rc != RC_OK)
		return rc;
	for (i = 0; rc == RC_OK && i < ids.n && !past_end; i++) {
		/* One more than asked for tells that there is more. */
		if (i > 0 && i == f->limit) {
			*next_before = ids.v[i - 1];
			break;
		}
		rc = add_row(l, c, ids.v[i], f, out, &past_end, e);
	}
	lite_ids_fini(&ids);
	return rc;
}

enum rc
lite_event_list(void *impl, const struct store_event_filter *f,
    struct store_events *out, int64_t *next_before, struct err *e)
{
	struct lite_pick p = { .looks = LOOKS_MAX };
	struct lite *l = impl;
	int64_t from = f->before_id;
	struct lite_conn *c;
	struct err ignored;
	enum rc rc;

	*next_before = 0;
	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	out->v = xcalloc(f->limit, sizeof(struct event *));
	if (!f->oldest_first)
		set_conditions(f, &p);
	rc = lite_run_stmt(c, LITE_BEGIN_READ, e);
	if (from <= 0)
		from = f->oldest_first ? 0 : INT64_MAX;
	if (rc == RC_OK && f->oldest_first && f->since_ms > 0)
		rc = begin_after(c, f->since_ms, &from, e);
	else if (rc == RC_OK && !f->oldest_first && f->until_ms > 0)
		rc = begin_before(c, f->until_ms, &from, e);
	p.before = from;
	if (rc == RC_OK && f->delivery_id != NULL)
		rc = list_of_id(l, c, f, from, out, next_before, e);
	else if (rc == RC_OK && p.n > 0)
		rc = walk(l, c, f, &p, out, next_before, e);
	else if (rc == RC_OK)
		rc = scan(l, c, f, from, out, next_before, e);
	(void)lite_run_stmt(c, LITE_COMMIT, &ignored);
	lite_reader_give(l, c);
	if (rc != RC_OK)
		store_events_free(out);
	return rc;
}

/* What a person does with an event.  Its jobs may be very many: intake waits
 * for no more of them than of one transaction. */
#define JOBS_AT_ONCE 500

struct act {
	int64_t id;
	int64_t now_ms;
	bool goes_on; /* not the first transaction */
	size_t jobs;  /* of this one */
};

static enum rc
in_parts(struct lite *l, lite_op_run *run, struct act *x, size_t *jobs,
    struct err *e)
{
	size_t n = 0;
	enum rc rc;

	do {
		rc = lite_commit_now(l, run, x, e);
		x->goes_on = true;
		n += rc == RC_OK ? x->jobs : 0;
	} while (rc == RC_OK && x->jobs == JOBS_AT_ONCE);
	if (jobs != NULL)
		*jobs = n;
	return rc;
}

static enum rc
read_status(struct lite_tx *tx, int64_t id, enum event_status *status,
    bool *expanded, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_EVENT_COUNTS);
	bool row;
	enum rc rc;

	lite_int(st, 1, id);
	rc = lite_step(tx->conn, st, &row, e);
	if (rc != RC_OK)
		return rc;
	if (!row)
		return err_set(e, RC_NOTFOUND, "there is no event %lld",
		    (long long)id);
	*status = (enum event_status)lite_col_enum(st, 0, EVENT_STATUSES);
	*expanded = lite_col_int(st, 1) != 0;
	lite_reset(st);
	return RC_OK;
}

static enum rc
run_retry(struct lite_tx *tx, void *arg, struct err *e)
{
	struct act *x = arg;
	enum event_status status;
	bool expanded;
	enum rc rc;

	tx->now_ms = x->now_ms;
	rc = read_status(tx, x->id, &status, &expanded, e);
	if (rc != RC_OK)
		return rc;
	if (status != EVENT_FAILED && !x->goes_on)
		return err_set(e, RC_EXISTS, "event %lld is %s, not failed",
		    (long long)x->id, event_status_name(status));
	return lite_requeue_dead(tx, x->id, x->now_ms, JOBS_AT_ONCE, &x->jobs,
	    e);
}

enum rc
lite_event_retry(void *impl, int64_t id, int64_t now_ms, size_t *jobs,
    struct err *e)
{
	struct act x = { .id = id, .now_ms = now_ms };

	return in_parts(impl, run_retry, &x, jobs, e);
}

static enum rc
run_cancel(struct lite_tx *tx, void *arg, struct err *e)
{
	const struct store_attempt by_hand = { .text = "cancelled by hand" };
	struct act *x = arg;
	struct lite_event_change *ev;
	struct sqlite3_stmt *st;
	enum event_status status;
	struct lite_ids ids;
	struct lite_job job;
	bool expanded, found;
	enum rc rc;
	size_t i;

	x->jobs = 0;
	tx->now_ms = x->now_ms;
	rc = read_status(tx, x->id, &status, &expanded, e);
	if (rc == RC_OK)
		rc = lite_suspect_drop(tx, x->id, e);
	if (rc == RC_OK && !expanded) {
		rc = lite_tally_event(tx, x->id, &ev, e);
		if (rc == RC_OK)
			ev->expanded = true;
	}
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(tx->conn, LITE_JOB_OF_EVENT);
	lite_int(st, 1, x->id);
	rc = lite_ids(tx->conn, st, &ids, e);
	for (i = 0; rc == RC_OK && i < ids.n && x->jobs < JOBS_AT_ONCE; i++) {
		rc = lite_job_read(tx, ids.v[i], &job, &found, e);
		if (rc != RC_OK ||
		    (job.state != STORE_WAITING && job.state != STORE_LEASED))
			continue;
		rc = lite_job_end(tx, &job, STORE_CANCELLED, &by_hand,
		    x->now_ms, e);
		x->jobs++;
	}
	lite_ids_fini(&ids);
	return rc;
}

enum rc
lite_event_cancel(void *impl, int64_t id, int64_t now_ms, size_t *jobs,
    struct err *e)
{
	struct act x = { .id = id, .now_ms = now_ms };

	return in_parts(impl, run_cancel, &x, jobs, e);
}
