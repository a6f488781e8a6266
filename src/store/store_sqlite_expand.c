#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "store/store_sqlite_int.h"
#include "store/store_sqlite_owe.h"

static enum rc
collect(struct lite *l, struct lite_conn *c, struct sqlite3_stmt *st,
    size_t max, struct store_events *out, struct err *e)
{
	bool row = true;
	enum rc rc = RC_OK;

	out->n = 0;
	out->v = xcalloc(max, sizeof(struct event *));
	while (out->n < max) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		out->v[out->n++] = lite_event_of_row(l, st, 0);
	}
	lite_reset(st);
	if (rc != RC_OK)
		store_events_free(out);
	return rc;
}

enum rc
lite_unexpanded(void *impl, size_t max, struct store_events *out, struct err *e)
{
	struct lite *l = impl;
	struct lite_conn *c;
	struct sqlite3_stmt *st;
	bool more;
	enum rc rc;

	rc = lite_replay_carry(l, &more, e);
	if (rc == RC_OK)
		rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(c, LITE_EVENT_UNEXPANDED);
	lite_int(st, 1, (int64_t)max);
	rc = collect(l, c, st, max, out, e);
	out->more = more;
	lite_reader_give(l, c);
	return rc;
}

struct expand {
	const struct store_expansion *v;
	size_t n;
	int64_t now_ms;
};

static enum rc
read_event(struct lite_tx *tx, int64_t id, int64_t now_ms,
    struct lite_cause *out, bool *expanded, bool *found, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_EVENT_TO_EXPAND);
	enum rc rc;

	lite_int(st, 1, id);
	rc = lite_step(tx->conn, st, found, e);
	if (rc != RC_OK || !*found)
		return rc;
	out->event = id;
	out->round = lite_col_int(st, 0);
	out->priority = (int)lite_col_int(st, 1);
	out->due_ms = job_first_due(out->round, lite_col_int(st, 3),
	    lite_col_int(st, 2), now_ms);
	*expanded = lite_col_int(st, 4) != 0;
	lite_reset(st);
	return RC_OK;
}

static enum rc
expand_one(struct lite_tx *tx, const struct store_expansion *x, int64_t now_ms,
    size_t *expanded, struct err *e)
{
	struct lite_event_change *ev;
	struct lite_cause cause = { 0 };
	bool found, is_expanded = false;
	enum rc rc;
	size_t i;

	rc = read_event(tx, x->event, now_ms, &cause, &is_expanded, &found, e);
	if (rc != RC_OK || !found || is_expanded)
		return rc;
	++*expanded;
	for (i = 0; rc == RC_OK && i < x->njobs; i++)
		rc = lite_owe(tx, &cause, &x->jobs[i], e);
	if (rc != RC_OK || x->more)
		return rc;
	rc = lite_tally_event(tx, x->event, &ev, e);
	if (rc != RC_OK)
		return rc;
	ev->jobs.expanded = true;
	ev->has_passed = x->has_passed;
	memcpy(ev->passed, x->passed, sizeof(ev->passed));
	return RC_OK;
}

enum rc
lite_expand_in(struct lite_tx *tx, const struct store_expansion *v, size_t n,
    int64_t now_ms, size_t *expanded, struct err *e)
{
	enum rc rc = RC_OK;
	size_t i;

	tx->now_ms = now_ms;
	*expanded = 0;
	for (i = 0; rc == RC_OK && i < n; i++)
		rc = expand_one(tx, &v[i], now_ms, expanded, e);
	return rc;
}

static enum rc
run(struct lite_tx *tx, void *arg, struct err *e)
{
	const struct expand *x = arg;
	size_t ignored;

	return lite_expand_in(tx, x->v, x->n, x->now_ms, &ignored, e);
}

enum rc
lite_expand(void *impl, const struct store_expansion *v, size_t n,
    int64_t now_ms, struct err *e)
{
	struct expand x = { v, n, now_ms };

	if (n == 0)
		return RC_OK;
	return lite_commit_now(impl, run, &x, e);
}
