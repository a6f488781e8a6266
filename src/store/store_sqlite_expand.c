#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "store/store_sqlite_int.h"

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

struct to_expand {
	int64_t round;
	int priority;
	int64_t due_ms;
	bool expanded;
};

enum rc
lite_target_get(struct lite_tx *tx, enum store_kind kind, const char *name,
    int64_t *id, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_TARGET_FIND);
	bool row;
	enum rc rc;

	lite_int(st, 1, kind);
	lite_text(st, 2, name);
	rc = lite_step(tx->conn, st, &row, e);
	if (rc != RC_OK)
		return rc;
	if (row) {
		*id = lite_col_int(st, 0);
		lite_reset(st);
		return RC_OK;
	}
	st = lite_stmt(tx->conn, LITE_TARGET_PUT);
	lite_int(st, 1, kind);
	lite_text(st, 2, name);
	lite_int(st, 3, STORE_LABELS_MAX);
	rc = lite_run(tx->conn, st, e);
	*id = sqlite3_last_insert_rowid(tx->conn->db);
	return rc;
}

static enum rc
read_event(struct lite_tx *tx, int64_t id, int64_t now_ms,
    struct to_expand *out, bool *found, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_EVENT_TO_EXPAND);
	int64_t scheduled_ms;
	enum rc rc;

	lite_int(st, 1, id);
	rc = lite_step(tx->conn, st, found, e);
	if (rc != RC_OK || !*found)
		return rc;
	out->round = lite_col_int(st, 0);
	out->priority = (int)lite_col_int(st, 1);
	scheduled_ms = lite_col_int(st, 2);
	/* By age among its like: a first round is due since it came in. */
	out->due_ms = out->round == 0 ? lite_col_int(st, 3) : now_ms;
	if (out->due_ms > now_ms)
		out->due_ms = now_ms;
	if (scheduled_ms > out->due_ms)
		out->due_ms = scheduled_ms;
	out->expanded = lite_col_int(st, 4) != 0;
	lite_reset(st);
	return RC_OK;
}

/* A dead job of an earlier round gives way to its successor: the person who
 * replayed has acted on it. */
static enum rc
retire_older(struct lite_tx *tx, int64_t event, int64_t round, int64_t target,
    int64_t now_ms, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_JOB_OLDER_DEAD);
	struct lite_ids ids;
	struct lite_job job;
	bool found;
	enum rc rc;
	size_t i;

	lite_int(st, 1, event);
	lite_int(st, 2, round);
	lite_int(st, 3, target);
	rc = lite_ids(tx->conn, st, &ids, e);
	for (i = 0; rc == RC_OK && i < ids.n; i++) {
		rc = lite_job_read(tx, ids.v[i], &job, &found, e);
		if (rc == RC_OK && found)
			rc = lite_job_end(tx, &job, STORE_CANCELLED, NULL,
			    now_ms, e);
	}
	lite_ids_fini(&ids);
	return rc;
}

static enum rc
put_job(struct lite_tx *tx, int64_t event, const struct to_expand *te,
    const struct store_owed *owed, int64_t now_ms, struct err *e)
{
	struct lite_place first = { 0, INT64_MAX, 0, STORE_WAITING, false };
	struct lite_event_change *ev;
	struct lite_job job;
	struct sqlite3_stmt *st;
	bool found = false;
	enum rc rc;

	memset(&job, 0, sizeof(job));
	job.event = event;
	job.state = STORE_WAITING;
	job.due_ms = te->due_ms;
	job.ordered = owed->order_key != NULL;
	rc = lite_target_get(tx, owed->kind, owed->target, &job.target, e);
	if (rc == RC_OK && te->round > 0)
		rc = retire_older(tx, event, te->round, job.target, now_ms, e);
	if (rc == RC_OK && job.ordered)
		rc = lite_order_first(tx, job.target, owed->order_key, &first,
		    &found, e);
	if (rc == RC_OK)
		rc = lite_next_id(tx, LITE_SUM_JOB_ID, &tx->last_job_id,
		    &job.id, e);
	if (rc != RC_OK)
		return rc;
	job.behind = found && first.event <= event;
	st = lite_stmt(tx->conn, LITE_JOB_PUT);
	lite_int(st, 1, job.id);
	lite_int(st, 2, event);
	lite_int(st, 3, te->round);
	lite_int(st, 4, job.target);
	lite_int(st, 5, te->priority);
	lite_int(st, 6, te->due_ms);
	lite_int(st, 7, now_ms);
	lite_text(st, 8, owed->order_key);
	lite_int(st, 9, job.behind);
	rc = lite_run(tx->conn, st, e);
	if (rc != RC_OK || lite_changes(tx->conn) == 0)
		return rc;
	lite_tally_sum(tx, LITE_SUM_JOBS_OWED, 1);
	if (found && first.event > event)
		rc = lite_order_overtake(tx, &first, job.id, &job.behind, e);
	if (rc == RC_OK)
		rc = lite_tally_event(tx, event, &ev, e);
	if (rc == RC_OK) {
		ev->total++;
		rc = lite_job_count(tx, &job, 1, e);
	}
	if (rc == RC_OK && job.behind && first.state == STORE_STATE_DEAD)
		rc = lite_notice_blocked(tx, first.id, 1, e);
	return rc;
}

static enum rc
expand_one(struct lite_tx *tx, const struct store_expansion *x, int64_t now_ms,
    size_t *expanded, struct err *e)
{
	struct lite_event_change *ev;
	struct to_expand te = { 0 };
	bool found;
	enum rc rc;
	size_t i;

	rc = read_event(tx, x->event, now_ms, &te, &found, e);
	if (rc != RC_OK || !found || te.expanded)
		return rc;
	++*expanded;
	for (i = 0; rc == RC_OK && i < x->njobs; i++)
		rc = put_job(tx, x->event, &te, &x->jobs[i], now_ms, e);
	if (rc != RC_OK || x->more)
		return rc;
	rc = lite_tally_event(tx, x->event, &ev, e);
	if (rc != RC_OK)
		return rc;
	ev->expanded = true;
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

enum rc
lite_payload(void *impl, int64_t event, char **body, size_t *bodysz,
    struct err *e)
{
	struct lite *l = impl;
	struct lite_conn *c;
	struct sqlite3_stmt *st;
	bool row;
	enum rc rc;

	*body = NULL;
	*bodysz = 0;
	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(c, LITE_PAYLOAD_GET);
	lite_int(st, 1, event);
	rc = lite_step(c, st, &row, e);
	if (rc == RC_OK && row) {
		*body = lite_col_blob(st, 0, bodysz);
		lite_reset(st);
	} else if (rc == RC_OK) {
		rc = err_set(e, RC_NOTFOUND,
		    "the bytes of event %lld are not stored", (long long)event);
	}
	lite_reader_give(l, c);
	return rc;
}
