#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "store/store_sqlite_int.h"

static bool
mend(int64_t v, int64_t most, int64_t *out)
{
	bool is_bad = v < 0 || v > most;

	*out = is_bad ? 0 : v;
	return is_bad;
}

bool
lite_job_mend(struct lite_job *j)
{
	int64_t priority, attempt, tries, deaths, due_ms;
	bool is_bad;

	is_bad = mend(j->priority, EVENT_PRIORITY_MAX, &priority);
	is_bad = mend((int)j->attempt, INT32_MAX, &attempt) || is_bad;
	is_bad = mend((int)j->tries, INT32_MAX, &tries) || is_bad;
	is_bad = mend((int)j->deaths, INT32_MAX, &deaths) || is_bad;
	is_bad = mend(j->due_ms, INT64_MAX, &due_ms) || is_bad;
	if (j->token == INT64_MAX) {
		j->token = 0;
		is_bad = true;
	}
	if ((unsigned int)j->state >= STORE_STATES) {
		j->state = STORE_STATE_DEAD;
		is_bad = true;
	}
	j->priority = (int)priority;
	j->attempt = (unsigned int)attempt;
	j->tries = (unsigned int)tries;
	j->deaths = (unsigned int)deaths;
	j->due_ms = due_ms;
	return is_bad;
}

enum rc
lite_job_read(struct lite_tx *tx, int64_t id, struct lite_job *out, bool *found,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_JOB_HELD);
	enum rc rc;

	memset(out, 0, sizeof(*out));
	lite_int(st, 1, id);
	rc = lite_step(tx->conn, st, found, e);
	if (rc != RC_OK || !*found)
		return rc;
	out->id = id;
	out->event = lite_col_int(st, 0);
	out->target = lite_col_int(st, 1);
	out->state = (enum store_state)lite_col_enum(st, 2, STORE_STATES);
	out->priority = (int)lite_col_int(st, 3);
	out->attempt = (unsigned int)lite_col_int(st, 4);
	out->tries = (unsigned int)lite_col_int(st, 5);
	out->deaths = (unsigned int)lite_col_int(st, 6);
	out->suspect = lite_col_int(st, 7) != 0;
	out->due_ms = lite_col_ms(st, 8);
	out->token = lite_col_int(st, 9);
	out->alone = lite_col_int(st, 10) != 0;
	out->ordered = lite_col_int(st, 11) != 0;
	out->behind = lite_col_int(st, 12) != 0;
	out->round = lite_col_int(st, 13);
	lite_reset(st);
	out->damaged = lite_job_mend(out);
	return RC_OK;
}

enum rc
lite_job_count(struct lite_tx *tx, const struct lite_job *j, int n,
    struct err *e)
{
	struct lite_event_change *ev;
	struct lite_target_change *target;
	enum rc rc;

	lite_tally_sum(tx, LITE_SUM_JOB + j->state, n);
	rc = lite_tally_event(tx, j->event, &ev, e);
	if (rc != RC_OK)
		return rc;
	if (j->state == STORE_WAITING && j->attempt == 0)
		ev->fresh += n;
	else if (j->state == STORE_WAITING)
		ev->repeats += n;
	else if (j->state == STORE_LEASED)
		ev->leased += n;
	else if (j->state == STORE_STATE_DEAD)
		ev->dead += n;

	if (j->state == STORE_WAITING && j->attempt > 0)
		lite_tally_sum(tx, LITE_SUM_RETRYING, n);
	if (j->state != STORE_WAITING && j->state != STORE_LEASED)
		return RC_OK;
	rc = lite_tally_target(tx, j->target, &target, e);
	if (rc != RC_OK)
		return rc;
	if (j->state == STORE_LEASED)
		target->leased += n;
	else
		target->waiting += n;
	if (j->state == STORE_WAITING && !j->behind && n > 0 &&
	    j->due_ms < target->due_ms)
		target->due_ms = j->due_ms;
	return RC_OK;
}

static int
lane_of(const struct lite_job *j)
{
	if (j->suspect)
		return LITE_LANE_SUSPECT;
	return j->priority * 2 + (j->attempt > 0 || j->again);
}

static bool
has_ended(enum store_state s)
{
	return s != STORE_WAITING && s != STORE_LEASED;
}

/* Where a job that changes its state stands among those of its key. */
static enum rc
find_place(struct lite_tx *tx, const struct lite_job *was, struct lite_job *is,
    struct err *e)
{
	if (!is->ordered || is->state == was->state)
		return RC_OK;
	if (is->state == STORE_STATE_DEAD)
		return lite_order_dies(tx, is->target, &is->behind, e);
	if (is->state == STORE_WAITING && has_ended(was->state))
		return lite_order_enter(tx, is->id, is->event, &is->behind, e);
	return RC_OK;
}

/* Whether others of its key may have waited for this change. */
static bool
frees_others(const struct lite_job *was, const struct lite_job *is)
{
	if (!is->ordered || is->state == was->state || has_ended(was->state))
		return is->ordered && was->state == STORE_STATE_DEAD &&
		    is->state == STORE_CANCELLED;
	if (was->state == STORE_LEASED && was->behind)
		return true;
	return has_ended(is->state) &&
	    (is->state != STORE_STATE_DEAD || is->behind);
}

/* It died at the head of its line, or waits again behind one that did. */
static bool
may_be_blocked(const struct lite_job *was, const struct lite_job *is)
{
	if (!is->ordered || is->state == was->state)
		return false;
	return (is->state == STORE_STATE_DEAD && !is->behind) ||
	    (is->state == STORE_WAITING && is->behind && has_ended(was->state));
}

static enum rc
write_move(struct lite_tx *tx, const struct lite_job *is,
    const struct store_attempt *a, struct err *e)
{
	bool held = is->state == STORE_LEASED;
	struct sqlite3_stmt *st = lite_stmt(tx->conn,
	    a == NULL ? LITE_JOB_MOVE : LITE_JOB_MOVE_RESULT);

	lite_int(st, 1, is->id);
	lite_int(st, 2, is->state);
	lite_int(st, 3, lane_of(is));
	lite_int(st, 4, is->due_ms);
	lite_int(st, 5, is->ended_ms);
	lite_int(st, 6, is->attempt);
	lite_int(st, 7, is->tries);
	lite_int(st, 8, is->deaths);
	lite_int(st, 9, is->suspect);
	lite_int(st, 10, is->token);
	lite_int(st, 11, held ? is->until_ms : 0);
	lite_int(st, 12, held ? tx->lite->boot : 0);
	lite_int(st, 13, held && is->alone);
	lite_text(st, 14, held ? is->owner : NULL);
	lite_int(st, 15, is->behind);
	if (a != NULL) {
		lite_int(st, 16, a->class);
		lite_int(st, 17, a->code);
		lite_text(st, 18, a->text);
	}
	return lite_run(tx->conn, st, e);
}

enum rc
lite_job_move(struct lite_tx *tx, const struct lite_job *was,
    const struct lite_job *to, const struct store_attempt *a, struct err *e)
{
	struct lite_target_change *target;
	struct lite_job is = *to;
	enum rc rc;

	/* Its place first: what makes room writes the rows, and one between
	 * counting the job out and in would say that its event has ended. */
	rc = lite_tally_target(tx, was->target, &target, e);
	if (rc == RC_OK)
		rc = find_place(tx, was, &is, e);
	if (rc == RC_OK)
		rc = write_move(tx, &is, a, e);
	if (rc == RC_OK && is.state == STORE_STATE_DEAD &&
	    was->state != STORE_STATE_DEAD)
		rc = lite_notice_dead(tx, is.id, e);
	if (rc == RC_OK)
		rc = lite_job_count(tx, was, -1, e);
	if (rc == RC_OK)
		rc = lite_job_count(tx, &is, 1, e);
	if (rc == RC_OK && frees_others(was, &is))
		rc = lite_order_let_go(tx, was, e);
	else if (rc == RC_OK && may_be_blocked(was, &is))
		rc = lite_order_blocked(tx, is.id, e);
	return rc;
}

enum rc
lite_job_requeue(struct lite_tx *tx, const struct lite_job *was, int64_t now_ms,
    struct err *e)
{
	struct lite_event_change *ev;
	struct lite_job is = *was;
	enum rc rc;

	is.state = STORE_WAITING;
	is.attempt = is.deaths = 0;
	is.suspect = false;
	is.again = true;
	is.due_ms = now_ms;
	is.ended_ms = 0;
	rc = lite_job_move(tx, was, &is, NULL, e);
	if (rc == RC_OK)
		rc = lite_tally_event(tx, is.event, &ev, e);
	if (rc == RC_OK)
		ev->reopened = true;
	tx->new_work = true;
	return rc;
}

enum rc
lite_job_hasten(struct lite_tx *tx, const struct lite_job *was, int64_t now_ms,
    struct err *e)
{
	struct lite_job is = *was;

	is.due_ms = now_ms;
	is.again = true;
	tx->new_work = true;
	return lite_job_move(tx, was, &is, NULL, e);
}

enum rc
lite_job_end(struct lite_tx *tx, const struct lite_job *was,
    enum store_state state, const struct store_attempt *a, int64_t now_ms,
    struct err *e)
{
	struct lite_target_change *t;
	struct lite_job is = *was;
	enum rc rc;

	is.state = state;
	is.ended_ms = now_ms;
	rc = lite_job_move(tx, was, &is, a, e);
	if (rc == RC_OK && was->state == STORE_LEASED) {
		rc = lite_tally_target(tx, was->target, &t, e);
		if (rc == RC_OK)
			t->news.probe_lost = true;
	}
	return rc;
}

enum rc
lite_ids(struct lite_conn *c, struct sqlite3_stmt *st, struct lite_ids *out,
    struct err *e)
{
	bool row = true;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	for (;;) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		if (out->n % 64 == 0)
			out->v =
			    xreallocarray(out->v, out->n + 64, sizeof(*out->v));
		out->v[out->n++] = lite_col_int(st, 0);
	}
	if (rc != RC_OK)
		lite_ids_fini(out);
	return rc;
}

void
lite_ids_fini(struct lite_ids *ids)
{
	free(ids->v);
	memset(ids, 0, sizeof(*ids));
}

enum rc
lite_requeue_dead(struct lite_tx *tx, int64_t event, int64_t now_ms, size_t max,
    size_t *jobs, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_JOB_OF_EVENT);
	struct lite_ids ids;
	struct lite_job job;
	bool found;
	enum rc rc;
	size_t i;

	*jobs = 0;
	lite_int(st, 1, event);
	rc = lite_ids(tx->conn, st, &ids, e);
	for (i = 0; rc == RC_OK && i < ids.n && *jobs < max; i++) {
		rc = lite_job_read(tx, ids.v[i], &job, &found, e);
		if (rc != RC_OK || job.state != STORE_STATE_DEAD)
			continue;
		rc = lite_job_requeue(tx, &job, now_ms, e);
		++*jobs;
	}
	lite_ids_fini(&ids);
	return rc;
}
