#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "core/lane.h"
#include "store/store_sqlite_int.h"
#include "store/store_sqlite_owe.h"

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
	*id = lite_new_id(tx->conn);
	return rc;
}

struct lite_cause
lite_cause_of(const struct lite_tx *tx, const struct lite_job *job)
{
	const struct lite_cause cause = { job->event, job->round, job->priority,
		tx->now_ms };

	return cause;
}

/* A dead job of an earlier round gives way to its successor: the person who
 * replayed has acted on it. */
static enum rc
retire_older(struct lite_tx *tx, const struct lite_cause *cause, int64_t target,
    int64_t about, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_JOB_OLDER_DEAD);
	struct lite_ids ids;
	struct lite_job job;
	bool found;
	enum rc rc;
	size_t i;

	lite_int(st, 1, cause->event);
	lite_int(st, 2, cause->round);
	lite_int(st, 3, target);
	lite_int(st, 4, about);
	rc = lite_ids(tx->conn, st, &ids, e);
	for (i = 0; rc == RC_OK && i < ids.n; i++) {
		rc = lite_job_read(tx, ids.v[i], &job, &found, e);
		if (rc == RC_OK && found)
			rc = lite_job_end(tx, &job, STORE_CANCELLED, NULL,
			    tx->now_ms, e);
	}
	lite_ids_fini(&ids);
	return rc;
}

/* *made: there was no such job yet. */
static enum rc
put_row(struct lite_tx *tx, const struct lite_cause *cause,
    const struct store_owed *owed, struct lite_job *job, bool *made,
    struct err *e)
{
	const struct job rules = lite_job_rules(job);
	struct sqlite3_stmt *st;
	enum rc rc;

	rc = lite_next_id(tx, LITE_SUM_JOB_ID, &tx->last_job_id, &job->id, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(tx->conn, LITE_JOB_PUT);
	lite_int(st, 1, job->id);
	lite_int(st, 2, cause->event);
	lite_int(st, 3, cause->round);
	lite_int(st, 4, job->target);
	lite_int(st, 5, job->priority);
	lite_int(st, 6, job->due_ms);
	lite_int(st, 7, tx->now_ms);
	lite_text(st, 8, owed->order_key);
	lite_int(st, 9, job->behind);
	lite_int(st, 10, owed->about);
	lite_int(st, 11, lane_of(&rules));
	rc = lite_run(tx->conn, st, e);
	*made = rc == RC_OK && lite_changes(tx->conn) > 0;
	if (*made)
		lite_tally_sum(tx, LITE_SUM_JOBS_OWED, 1);
	return rc;
}

/* Into the event's count, and those of where it waits. */
static enum rc
count_in(struct lite_tx *tx, const struct lite_job *job, struct err *e)
{
	struct lite_event_change *ev;
	enum rc rc = lite_tally_event(tx, job->event, &ev, e);

	if (rc != RC_OK)
		return rc;
	ev->jobs.total++;
	return lite_job_count(tx, job, 1, e);
}

enum rc
lite_owe(struct lite_tx *tx, const struct lite_cause *cause,
    const struct store_owed *owed, struct err *e)
{
	struct order_place first = { 0, INT64_MAX, 0, JOB_WAITING, false };
	struct lite_job job;
	bool found = false, made = false;
	enum rc rc;

	memset(&job, 0, sizeof(job));
	job.event = cause->event;
	job.state = STORE_WAITING;
	job.due_ms = owed->due_ms > 0 ? owed->due_ms : cause->due_ms;
	job.priority = cause->priority;
	/* A round that a person asked for. */
	job.again = cause->round > 0;
	job.ordered = owed->order_key != NULL;
	rc = lite_target_get(tx, owed->kind, owed->target, &job.target, e);
	if (rc == RC_OK && cause->round > 0)
		rc = retire_older(tx, cause, job.target, owed->about, e);
	if (rc == RC_OK && job.ordered)
		rc = lite_order_first(tx, job.target, owed->order_key, &first,
		    &found, e);
	if (rc != RC_OK)
		return rc;
	job.behind = found && order_is_before(&first, cause->event, INT64_MAX);
	rc = put_row(tx, cause, owed, &job, &made, e);
	if (rc != RC_OK || !made)
		return rc;
	if (found && !job.behind)
		rc = lite_order_overtake(tx, &first, job.id, &job.behind, e);
	if (rc == RC_OK)
		rc = count_in(tx, &job, e);
	if (rc == RC_OK && job.behind && first.state == JOB_DEAD)
		rc = lite_notice_blocked(tx, first.id, 1, e);
	return rc;
}
