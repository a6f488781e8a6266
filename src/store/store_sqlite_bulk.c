#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/js.h"
#include "base/xalloc.h"
#include "store/store_sqlite_int.h"

/* Rows, and looks into an index, of one call, as for lists. */
#define SCAN_MAX 20000
#define TYPES_MAX 65536

/*
 * Deliveries are chosen in the order of their events, so those of an order
 * key are taken up oldest first whatever the number of calls.
 */

static bool
is_text(struct sqlite3_stmt *st, int column, const char *text)
{
	const char *value = lite_col_str(st, column);

	return value != NULL && strcmp(value, text) == 0;
}

/* A type stands for all its actions, type.action for one of them. */
static bool
is_type(struct sqlite3_stmt *st, const char *type)
{
	const char *name = lite_col_str(st, 7);
	size_t n;

	if (type == NULL || is_text(st, 7, type))
		return true;
	n = name == NULL ? 0 : strlen(name);
	return n > 0 && strncmp(type, name, n) == 0 && type[n] == '.' &&
	    is_text(st, 8, type + n + 1);
}

/* A first attempt keeps its time: the event asked for it. */
static bool
may_hasten(int64_t due_ms, int64_t attempts, int64_t now_ms)
{
	return attempts > 0 && due_ms > now_ms;
}

static bool
may_act(bool cancel, enum store_state state, bool hasten)
{
	if (cancel)
		return job_may_cancel((enum job_state)state);
	return state == STORE_STATE_DEAD || (state == STORE_WAITING && hasten);
}

static bool
is_chosen(const struct store_bulk *b, struct sqlite3_stmt *st, int64_t now_ms)
{
	int64_t received_ms = lite_col_int(st, 9);

	if (b->state >= 0 && lite_col_int(st, 2) != b->state)
		return false;
	if (!may_act(b->cancel, (enum store_state)lite_col_int(st, 2),
		may_hasten(lite_col_int(st, 3), lite_col_int(st, 4), now_ms)))
		return false;
	if (b->class >= 0 && lite_col_int(st, 5) != b->class)
		return false;
	if (b->upto > 0 && lite_col_int(st, 1) > b->upto)
		return false;
	if (received_ms < b->since_ms ||
	    (b->until_ms > 0 && received_ms >= b->until_ms))
		return false;
	if (b->of_disabled && lite_col_int(st, 10) != 0)
		return false;
	if (b->webhook_id != NULL && !is_text(st, 6, b->webhook_id))
		return false;
	return is_type(st, b->type);
}

struct bulk {
	const struct store_bulk *b;
	int64_t now_ms;
	int64_t *ids;
	size_t n;    /* of ids */
	size_t done; /* of them */
};

/* The types that an event may have which the text stands for: type.action may
 * be the whole of a type too. */
static void
format_types(struct buf *out, const char *text)
{
	char *type = xstrdup(text), *dot;
	struct js_writer w;

	js_writer_init(&w, out);
	js_open_array(&w, NULL);
	js_str(&w, NULL, type);
	while ((dot = strrchr(type, '.')) != NULL) {
		*dot = '\0';
		js_str(&w, NULL, type);
	}
	js_close_array(&w);
	free(type);
}

/* The events that may have such deliveries. */
static void
set_conditions(const struct store_bulk *b, const struct buf *types,
    struct lite_pick *p)
{
	struct lite_condition *by = &p->by[p->n++];

	if (b->state == STORE_STATE_DEAD && b->webhook_id != NULL) {
		by->stmt = LITE_EVENT_DEAD_TO_UP;
		by->text = b->webhook_id;
	} else if (b->state == STORE_STATE_DEAD) {
		by->stmt = LITE_EVENT_UNSETTLED;
		by->number = EVENT_FAILED;
		by->has_number = true;
	} else {
		by->stmt = LITE_EVENT_OWING_UP;
	}
	if (b->type != NULL) {
		p->by[p->n].stmt = LITE_EVENT_OF_TYPES_UP;
		p->by[p->n++].text = buf_str(types);
	}
}

/* The deliveries of one event behind the place. */
static enum rc
choose_of(struct lite_conn *c, struct bulk *x, size_t max,
    struct store_bulk_place *at, size_t *rows, bool *more, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_JOB_BULK);
	enum rc rc;

	lite_int(st, 1, at->event);
	lite_int(st, 2, at->job);
	lite_int(st, 3, (int64_t)*rows);
	lite_int(st, 4, x->b->of_disabled);
	for (;;) {
		rc = lite_step(c, st, more, e);
		if (rc != RC_OK || !*more || x->n == max)
			break;
		(*rows)--;
		at->job = lite_col_int(st, 1);
		if (is_chosen(x->b, st, x->now_ms))
			x->ids[x->n++] = at->job;
	}
	lite_reset(st);
	if (rc == RC_OK && *rows == 0)
		*more = true;
	return rc;
}

/* Events behind the last one of a time are late, or not of it. */
static enum rc
next_event(struct lite_conn *c, struct lite_pick *p, int64_t high, int64_t *id,
    struct err *e)
{
	enum rc rc = RC_OK;

	if (p->before < high) {
		rc = lite_pick(c, p, id, e);
		if (rc != RC_OK || p->is_over || *id <= high)
			return rc;
		p->before = high;
	}
	if (p->by[p->n - 1].stmt != LITE_EVENT_LATE)
		p->by[p->n++].stmt = LITE_EVENT_LATE;
	return lite_pick(c, p, id, e);
}

static enum rc
choose_all(struct lite_conn *c, struct bulk *x, size_t max, struct lite_pick *p,
    struct store_bulk_place *next, struct err *e)
{
	struct store_bulk_place at = x->b->after, here;
	size_t rows = SCAN_MAX;
	struct lite_bounds bounds;
	bool more = false;
	int64_t id;
	enum rc rc;

	rc = lite_event_bounds(c, x->b->since_ms, x->b->until_ms, &bounds, e);
	/* The event of the place may have more. */
	p->before = at.event > 0 ? at.event - 1 : 0;
	if (p->before < bounds.low)
		p->before = bounds.low;
	while (rc == RC_OK && !more) {
		rc = next_event(c, p, bounds.high, &id, e);
		if (rc != RC_OK || p->is_over)
			break;
		more = id == 0;
		here.event = more ? p->before : id;
		here.job = more ? INT64_MAX : id == at.event ? at.job : 0;
		if (!more)
			rc = choose_of(c, x, max, &here, &rows, &more, e);
		/* A place names a delivery, so one before the first of an
		 * event is none. */
		if (here.job > 0)
			at = here;
	}
	if (rc == RC_OK && more)
		*next = at;
	return rc;
}

static enum rc
choose(struct lite_conn *c, struct bulk *x, size_t max,
    struct store_bulk_place *next, struct err *e)
{
	struct lite_pick p = { .up = true, .looks = SCAN_MAX };
	struct err ignored;
	struct buf types;
	enum rc rc;

	buf_init(&types, TYPES_MAX);
	if (x->b->type != NULL)
		format_types(&types, x->b->type);
	set_conditions(x->b, &types, &p);
	rc = lite_run_stmt(c, LITE_BEGIN_READ, e);
	if (rc == RC_OK)
		rc = choose_all(c, x, max, &p, next, e);
	(void)lite_run_stmt(c, LITE_COMMIT, &ignored);
	buf_fini(&types);
	return rc;
}

/* It may have changed since it was chosen. */
static enum rc
act(struct lite_tx *tx, struct bulk *x, int64_t id, struct err *e)
{
	const struct store_attempt by_hand = { .text = "cancelled by hand" };
	struct lite_job job;
	bool found;
	enum rc rc;

	rc = lite_job_read(tx, id, &job, &found, e);
	if (rc != RC_OK || !found ||
	    (x->b->state >= 0 && (int)job.state != x->b->state) ||
	    !may_act(x->b->cancel, job.state,
		may_hasten(job.due_ms, (int64_t)job.attempt + job.tries,
		    x->now_ms)))
		return rc;
	x->done++;
	if (x->b->cancel)
		return lite_job_end(tx, &job, STORE_CANCELLED, &by_hand,
		    x->now_ms, e);
	if (job.state == STORE_STATE_DEAD)
		return lite_job_requeue(tx, &job, x->now_ms, e);
	return lite_job_hasten(tx, &job, x->now_ms, e);
}

static enum rc
run_bulk(struct lite_tx *tx, void *arg, struct err *e)
{
	struct bulk *x = arg;
	enum rc rc = RC_OK;
	size_t i;

	tx->now_ms = x->now_ms;
	x->done = 0;
	if (!x->b->cancel && x->b->state != STORE_WAITING)
		rc = lite_load_judge(tx, (tx->lite->max_waiting + 1) / 2, e);
	for (i = 0; rc == RC_OK && i < x->n; i++)
		rc = act(tx, x, x->ids[i], e);
	return rc;
}

enum rc
lite_job_bulk(void *impl, const struct store_bulk *b, size_t max,
    int64_t now_ms, size_t *n, struct store_bulk_place *next, struct err *e)
{
	struct bulk x = { .b = b, .now_ms = now_ms };
	struct lite *l = impl;
	struct lite_conn *c;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	x.ids = xcalloc(max, sizeof(*x.ids));
	rc = choose(c, &x, max, next, e);
	lite_reader_give(l, c);
	x.done = x.n;
	if (rc == RC_OK && !b->dry_run && x.n > 0)
		rc = lite_commit_now(l, run_bulk, &x, e);
	if (rc == RC_OK)
		*n = x.done;
	free(x.ids);
	return rc;
}
