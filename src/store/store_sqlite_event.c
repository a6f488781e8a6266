#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/units.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "store/store_sqlite_int.h"

/* Rows that a page with a filter looks at before it gives what it has, with
 * a cursor to go on from: a page's cost has a bound whatever the filter. */
#define SCAN_MAX 20000
#define LOOKS_MAX 5000

/*
 * Ids run with the time of receipt but for a little disorder.  latest_ms of an
 * event, the latest time of it and of all before it, runs with the ids, so the
 * place of a time is found by halving.  An event whose own time is before that
 * by more than LATE_MS is in an index: it was in hand for long, or the clock had
 * been set back.
 */
#define LATE_MS 50 /* as in the statements and in the index */

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
	text = lite_col_str(st, at);
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
read_time(struct lite_conn *c, int64_t at, int64_t *id, int64_t *latest_ms,
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
		*latest_ms = lite_col_int(st, 1);
		lite_reset(st);
	}
	return rc;
}

/* The highest id whose latest_ms is before ms; 0: none. */
static enum rc
find_time(struct lite_conn *c, int64_t ms, int64_t *out, struct err *e)
{
	int64_t low = 0, high, mid, id, latest_ms = 0;
	enum rc rc;

	rc = read_time(c, INT64_MAX, &high, &latest_ms, e);
	while (rc == RC_OK && low < high) {
		mid = low + (high - low + 1) / 2;
		rc = read_time(c, mid, &id, &latest_ms, e);
		if (rc != RC_OK)
			break;
		if (id <= low || latest_ms < ms)
			low = mid;
		else
			high = id - 1;
	}
	*out = low;
	return rc;
}

enum rc
lite_event_bounds(struct lite_conn *c, int64_t since_ms, int64_t until_ms,
    struct lite_bounds *out, struct err *e)
{
	enum rc rc = RC_OK;

	out->low = 0;
	out->high = INT64_MAX;
	if (since_ms > 0)
		rc = find_time(c, since_ms, &out->low, e);
	if (rc == RC_OK && until_ms > 0 && until_ms < INT64_MAX - LATE_MS)
		rc = find_time(c, until_ms + LATE_MS, &out->high, e);
	if (out->high < out->low)
		out->high = out->low;
	return rc;
}

static bool
is_unsettled(int status)
{
	return status == EVENT_PROCESSING || status == EVENT_RETRY ||
	    status == EVENT_FAILED;
}

/* Whether from on, in the direction of the list, there are late ones alone. */
static enum lite_stmt
list_stmt(const struct store_event_filter *f, bool late)
{
	if (!f->oldest_first)
		return late ? LITE_EVENT_LIST_LATE : LITE_EVENT_LIST;
	return late ? LITE_EVENT_LIST_LATE_UP : LITE_EVENT_LIST_UP;
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

/* A list while it is read. */
struct reading {
	struct lite *l;
	struct lite_conn *c;
	const struct store_event_filter *f;
	struct lite_bounds bounds;
	struct lite_pick pick;
	int64_t at; /* the last id that was judged, or the cursor */
	struct store_events *out;
	int64_t *next_before;
};

/* The row of an id that the conditions took. */
static enum rc
add_row(struct reading *r, int64_t id, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(r->c, LITE_EVENT_FIND);
	bool row;
	enum rc rc;

	lite_int(st, 1, id);
	rc = lite_step(r->c, st, &row, e);
	if (rc != RC_OK || !row)
		return rc;
	r->out->seen = id;
	if (is_listed(r->f, st))
		r->out->v[r->out->n++] = lite_event_of_row(r->l, st, 0);
	lite_reset(st);
	return RC_OK;
}

static bool
is_past(const struct reading *r, int64_t id, int64_t end)
{
	return r->f->oldest_first ? id >= end : id <= end;
}

/* A list from old to new has looked at all events up to end; but those of
 * another status may have ended since, and may need to go out once more. */
static enum rc
note_seen(struct reading *r, int64_t end, struct err *e)
{
	int64_t id, latest_ms;
	enum rc rc;

	if (!r->f->oldest_first || is_unsettled(r->f->status))
		return RC_OK;
	rc = read_time(r->c, end - 1, &id, &latest_ms, e);
	if (rc == RC_OK && id > r->out->seen)
		r->out->seen = id;
	return rc;
}

/* The ids up to end, which is not among them, that the conditions take. */
static enum rc
walk(struct reading *r, int64_t end, struct err *e)
{
	struct lite_pick *p = &r->pick;
	int64_t id;
	enum rc rc;

	p->before = r->at;
	p->is_over = false;
	for (;;) {
		rc = lite_pick(r->c, p, &id, e);
		if (rc != RC_OK)
			return rc;
		if (p->is_over || (id != 0 && is_past(r, id, end)))
			return note_seen(r, end, e);
		/* One more than asked for tells that there is more. */
		if (id == 0 || r->out->n == r->f->limit) {
			*r->next_before = id == 0 ? p->before : r->at;
			if (r->f->oldest_first)
				r->out->seen = *r->next_before;
			return RC_OK;
		}
		r->at = id;
		rc = add_row(r, id, e);
		if (rc != RC_OK)
			return rc;
	}
}

/* The rows up to end, which is not among them, in the list's direction. */
static enum rc
scan(struct reading *r, bool late, int64_t end, struct err *e)
{
	const struct store_event_filter *f = r->f;
	struct sqlite3_stmt *st;
	int64_t seen = 0, id;
	bool row = true;
	enum rc rc;

	st = lite_stmt(r->c, list_stmt(f, late));
	lite_int(st, 1, r->at);
	lite_int(st, 2, SCAN_MAX);
	for (;;) {
		rc = lite_step(r->c, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		id = lite_col_int(st, 0);
		if (is_past(r, id, end))
			break;
		/* One more than asked for tells that there is more. */
		if (r->out->n == f->limit) {
			*r->next_before = r->at;
			break;
		}
		seen++;
		r->at = r->out->seen = id;
		if (is_listed(f, st))
			r->out->v[r->out->n++] = lite_event_of_row(r->l, st, 0);
	}
	if (rc == RC_OK && !row && seen == SCAN_MAX)
		*r->next_before = r->at;
	lite_reset(st);
	return rc;
}

static enum rc
read_up_to(struct reading *r, bool late, int64_t end, struct err *e)
{
	struct lite_pick *p = &r->pick;
	enum rc rc;

	if (p->n == 0)
		return scan(r, late, end, e);
	if (late)
		p->by[p->n++].stmt = LITE_EVENT_LATE;
	rc = walk(r, end, e);
	p->n -= late;
	return rc;
}

/* Newest first: the late ones above the bounds come before the others. */
static enum rc
list_down(struct reading *r, struct err *e)
{
	enum rc rc;

	if (r->at > r->bounds.high && r->bounds.high < INT64_MAX) {
		rc = read_up_to(r, true, r->bounds.high, e);
		if (rc != RC_OK || *r->next_before != 0)
			return rc;
		r->at = r->bounds.high + 1;
	}
	return read_up_to(r, false, r->bounds.low, e);
}

/* Oldest first: the late ones come last. */
static enum rc
list_up(struct reading *r, struct err *e)
{
	enum rc rc = RC_OK;

	if (r->at < r->bounds.low)
		r->at = r->bounds.low;
	if (r->at < r->bounds.high)
		rc = read_up_to(r, false,
		    r->bounds.high < INT64_MAX ? r->bounds.high + 1 : INT64_MAX,
		    e);
	if (rc != RC_OK || *r->next_before != 0 || r->bounds.high == INT64_MAX)
		return rc;
	if (r->at < r->bounds.high)
		r->at = r->bounds.high;
	return read_up_to(r, true, INT64_MAX, e);
}

/* All events of a delivery id are few, but for an id that hls derived. */
static enum rc
list_of_id(struct reading *r, struct err *e)
{
	const struct store_event_filter *f = r->f;
	struct lite_ids ids;
	size_t i;
	enum rc rc;

	rc = lite_events_of_id(r->c, f->delivery_id, f->source, r->at,
	    f->limit + 1, &ids, e);
	if (rc != RC_OK)
		return rc;
	for (i = 0; rc == RC_OK && i < ids.n; i++) {
		if (ids.v[i] <= r->bounds.low)
			break;
		/* One more than asked for tells that there is more. */
		if (i > 0 && i == f->limit) {
			*r->next_before = ids.v[i - 1];
			break;
		}
		rc = add_row(r, ids.v[i], e);
	}
	lite_ids_fini(&ids);
	return rc;
}

enum rc
lite_event_list(void *impl, const struct store_event_filter *f,
    struct store_events *out, int64_t *next_before, struct err *e)
{
	struct reading r = { .l = impl,
		.f = f,
		.pick = { .looks = LOOKS_MAX },
		.at = f->before_id,
		.out = out,
		.next_before = next_before };
	struct err ignored;
	enum rc rc;

	/* The caller may have the next cursor put where this one is. */
	*next_before = 0;
	rc = lite_reader_take(r.l, &r.c, e);
	if (rc != RC_OK)
		return rc;
	out->v = xcalloc(f->limit, sizeof(struct event *));
	if (r.at <= 0)
		r.at = f->oldest_first ? 0 : INT64_MAX;
	r.pick.up = f->oldest_first;
	set_conditions(f, &r.pick);
	rc = lite_run_stmt(r.c, LITE_BEGIN_READ, e);
	if (rc == RC_OK)
		rc = lite_event_bounds(r.c, f->since_ms, f->until_ms, &r.bounds,
		    e);
	if (rc == RC_OK && f->delivery_id != NULL)
		rc = list_of_id(&r, e);
	else if (rc == RC_OK && f->oldest_first)
		rc = list_up(&r, e);
	else if (rc == RC_OK)
		rc = list_down(&r, e);
	(void)lite_run_stmt(r.c, LITE_COMMIT, &ignored);
	lite_reader_give(r.l, r.c);
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
			ev->jobs.expanded = true;
	}
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(tx->conn, LITE_JOB_OF_EVENT);
	lite_int(st, 1, x->id);
	rc = lite_ids(tx->conn, st, &ids, e);
	for (i = 0; rc == RC_OK && i < ids.n && x->jobs < JOBS_AT_ONCE; i++) {
		rc = lite_job_read(tx, ids.v[i], &job, &found, e);
		if (rc != RC_OK || job_has_ended((enum job_state)job.state))
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
