#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/lane.h"
#include "store/store_sqlite_int.h"

#define SAME(a, b) _Static_assert((int)(a) == (int)(b), #a)

SAME(JOB_WAITING, STORE_WAITING);
SAME(JOB_LEASED, STORE_LEASED);
SAME(JOB_DONE, STORE_STATE_DONE);
SAME(JOB_DEAD, STORE_STATE_DEAD);
SAME(JOB_CANCELLED, STORE_CANCELLED);
SAME(JOB_VERDICT_DONE, STORE_DONE);
SAME(JOB_VERDICT_AGAIN, STORE_AGAIN);
SAME(JOB_VERDICT_DEAD, STORE_DEAD);
SAME(JOB_VERDICT_CANCEL, STORE_CANCEL);
SAME(JOB_VERDICT_RELEASE, STORE_RELEASE);

struct job
lite_job_rules(const struct lite_job *j)
{
	return (struct job){ .state = (enum job_state)j->state,
		.priority = j->priority,
		.attempt = j->attempt,
		.tries = j->tries,
		.deaths = j->deaths,
		.suspect = j->suspect,
		.again = j->again,
		.ordered = j->ordered,
		.behind = j->behind,
		.due_ms = j->due_ms,
		.ended_ms = j->ended_ms };
}

void
lite_job_become(const struct lite_job *was, const struct job *j,
    struct lite_job *is)
{
	*is = *was;
	is->state = (enum store_state)j->state;
	is->attempt = j->attempt;
	is->tries = j->tries;
	is->deaths = j->deaths;
	is->suspect = j->suspect;
	is->again = j->again;
	is->behind = j->behind;
	is->due_ms = j->due_ms;
	is->ended_ms = j->ended_ms;
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
	event_change_count(&ev->jobs, (enum job_state)j->state, j->attempt, n);
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

/* Where a job that changes its state stands among those of its key. */
static enum rc
find_place(struct lite_tx *tx, const struct job *was, const struct job *to,
    struct lite_job *is, struct err *e)
{
	switch (order_move_of(was, to)) {
	case ORDER_DIES:
		return lite_order_dies(tx, is->target, &is->behind, e);
	case ORDER_ENTERS:
		return lite_order_enter(tx, is->id, is->event, &is->behind, e);
	case ORDER_STAYS:
		break;
	}
	return RC_OK;
}

static enum rc
write_move(struct lite_tx *tx, const struct lite_job *is,
    const struct store_attempt *a, struct err *e)
{
	const struct job j = lite_job_rules(is);
	bool held = is->state == STORE_LEASED;
	struct sqlite3_stmt *st = lite_stmt(tx->conn,
	    a == NULL ? LITE_JOB_MOVE : LITE_JOB_MOVE_RESULT);

	lite_int(st, 1, is->id);
	lite_int(st, 2, is->state);
	lite_int(st, 3, lane_of(&j));
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
	const struct job before = lite_job_rules(was);
	struct job after = lite_job_rules(to);
	struct lite_target_change *target;
	struct lite_job is = *to;
	enum rc rc;

	/* Its place first: what makes room writes the rows, and one between
	 * counting the job out and in would say that its event has ended. */
	rc = lite_tally_target(tx, was->target, &target, e);
	if (rc == RC_OK)
		rc = find_place(tx, &before, &after, &is, e);
	after.behind = is.behind;
	if (rc == RC_OK)
		rc = write_move(tx, &is, a, e);
	if (rc == RC_OK && is.state == STORE_STATE_DEAD &&
	    was->state != STORE_STATE_DEAD)
		rc = lite_notice_dead(tx, is.id, e);
	if (rc == RC_OK)
		rc = lite_job_count(tx, was, -1, e);
	if (rc == RC_OK)
		rc = lite_job_count(tx, &is, 1, e);
	if (rc == RC_OK && order_frees(&before, &after))
		rc = lite_order_let_go(tx, was, e);
	else if (rc == RC_OK && order_may_be_blocked(&before, &after))
		rc = lite_order_blocked(tx, is.id, e);
	return rc;
}

enum rc
lite_job_requeue(struct lite_tx *tx, const struct lite_job *was, int64_t now_ms,
    struct err *e)
{
	struct job j = lite_job_rules(was);
	struct lite_event_change *ev;
	struct lite_job is;
	enum rc rc;

	job_requeue(&j, now_ms);
	lite_job_become(was, &j, &is);
	rc = lite_job_move(tx, was, &is, NULL, e);
	if (rc == RC_OK)
		rc = lite_tally_event(tx, is.event, &ev, e);
	if (rc == RC_OK)
		ev->jobs.reopened = true;
	tx->new_work = true;
	return rc;
}

enum rc
lite_job_hasten(struct lite_tx *tx, const struct lite_job *was, int64_t now_ms,
    struct err *e)
{
	struct job j = lite_job_rules(was);
	struct lite_job is;

	job_hasten(&j, now_ms);
	lite_job_become(was, &j, &is);
	tx->new_work = true;
	return lite_job_move(tx, was, &is, NULL, e);
}

enum rc
lite_job_end(struct lite_tx *tx, const struct lite_job *was,
    enum store_state state, const struct store_attempt *a, int64_t now_ms,
    struct err *e)
{
	struct job j = lite_job_rules(was);
	struct lite_target_change *t;
	struct lite_job is;
	enum rc rc;

	job_end(&j, (enum job_state)state, now_ms);
	lite_job_become(was, &j, &is);
	rc = lite_job_move(tx, was, &is, a, e);
	if (rc == RC_OK && was->state == STORE_LEASED) {
		rc = lite_tally_target(tx, was->target, &t, e);
		if (rc == RC_OK)
			t->news.probe_lost = true;
	}
	return rc;
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
