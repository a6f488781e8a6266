#include "config.h"

#include "base/crypt.h"
#include "core/backoff.h"
#include "core/lane.h"
#include "core/outcome.h"
#include "store/store_sqlite_int.h"

/*
 * Waits that no rule explains, because the clock was ahead when they began
 * and has been corrected since.  A drain looks for them at its first lease,
 * when it sees that the clock was set back, and every few minutes.
 *
 * The walk over the waiting deliveries goes by target, behind and lane, which
 * is the order of the index job_waiting.  It seeks in each lane what is due
 * later than now, so its cost depends on the number of lanes in use and on
 * what waits for a later time.  A step of it belongs to one lease.
 */
#define TARGETS_AT_ONCE 64

void
lite_plan_begin(struct lite_plan *p)
{
	*p = (struct lite_plan){ .goes_on = true, .lane = LANES };
}

/* The next lane of the target that is walked. */
static enum rc
find_lane(struct lite_conn *c, struct lite_plan *p, bool *found, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_PLAN_LANE);
	enum rc rc;

	lite_int(st, 1, p->target);
	lite_int(st, 2, p->behind);
	lite_int(st, 3, p->lane);
	rc = lite_step(c, st, found, e);
	if (rc == RC_OK && *found) {
		p->behind = lite_col_int(st, 0);
		p->lane = lite_col_int(st, 1);
		lite_reset(st);
	}
	return rc;
}

static enum rc
find_target(struct lite_conn *c, struct lite_plan *p, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_PLAN_TARGET);
	enum rc rc;

	lite_int(st, 1, p->target);
	rc = lite_step(c, st, &p->goes_on, e);
	if (rc == RC_OK && p->goes_on) {
		p->target = lite_col_int(st, 0);
		p->behind = 0;
		p->lane = -1;
		lite_reset(st);
	}
	return rc;
}

/* To the next lane that has jobs, or to the end; *targets counts. */
static enum rc
go_on(struct lite_conn *c, struct lite_plan *p, int64_t now_ms, size_t *targets,
    struct err *e)
{
	bool found = false;
	enum rc rc = RC_OK;

	if (p->target > 0)
		rc = find_lane(c, p, &found, e);
	if (rc == RC_OK && !found) {
		(*targets)++;
		rc = find_target(c, p, e);
	}
	p->in_lane = found;
	p->due_ms = now_ms + BACKOFF_SLACK_MS;
	p->job = INT64_MAX;
	return rc;
}

static void
judge(struct lite *l, struct lite_plan *p, struct sqlite3_stmt *st,
    int64_t now_ms, struct lite_plan_jobs *out)
{
	int64_t schedule[WEBHOOK_RETRIES_MAX];
	struct backoff_plan plan = { .failed =
					 (unsigned int)lite_col_int(st, 2),
		.obeys_retry_after =
		    outcome_obeys_retry_after((int)lite_col_int(st, 3)),
		.not_before_ms = lite_col_int(st, 4) };
	const char *text = lite_col_str(st, 5);
	struct lite_plan_job *job;
	uint32_t random;

	p->job = lite_col_int(st, 0);
	p->due_ms = lite_col_int(st, 1);
	if (text != NULL)
		plan.n = lite_schedule_parse(text, schedule);
	if (text != NULL || lite_flow_schedule(l, schedule, &plan.n))
		plan.schedule = schedule;
	if (backoff_explains(&plan, p->due_ms, now_ms))
		return;
	crypt_random(&random, sizeof(random));
	job = &out->v[out->n++];
	job->id = p->job;
	job->target = p->target;
	job->is_behind = p->behind != 0;
	job->due_ms = backoff_anew(&plan, now_ms, random);
}

static enum rc
read_lane(struct lite *l, struct lite_conn *c, struct lite_plan *p,
    int64_t now_ms, size_t *room, struct lite_plan_jobs *out, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_PLAN_JOBS);
	bool row = true;
	enum rc rc;

	lite_int(st, 1, p->target);
	lite_int(st, 2, p->behind);
	lite_int(st, 3, p->lane);
	lite_int(st, 4, p->due_ms);
	lite_int(st, 5, p->job);
	lite_int(st, 6, (int64_t)*room);
	for (;;) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		judge(l, p, st, now_ms, out);
		(*room)--;
	}
	/* It ended before there was no more room. */
	if (*room > 0)
		p->in_lane = false;
	return rc;
}

enum rc
lite_plan_read(struct lite *l, struct lite_conn *c, struct lite_plan *p,
    int64_t now_ms, struct lite_plan_jobs *out, struct err *e)
{
	size_t room = LITE_PLAN_JOBS_MAX, targets = 0;
	enum rc rc = RC_OK;

	out->n = 0;
	while (rc == RC_OK && p->goes_on && room > 0 &&
	    targets < TARGETS_AT_ONCE) {
		if (p->in_lane)
			rc = read_lane(l, c, p, now_ms, &room, out, e);
		else
			rc = go_on(c, p, now_ms, &targets, e);
	}
	return rc;
}

enum rc
lite_plan_step(struct lite_tx *tx, struct lite_plan *p, struct err *e)
{
	struct lite_plan_jobs late;
	struct lite_target_change *target;
	struct sqlite3_stmt *st;
	enum rc rc;
	size_t i;

	if (!p->goes_on)
		return RC_OK;
	rc = lite_plan_read(tx->lite, tx->conn, p, tx->now_ms, &late, e);
	for (i = 0; rc == RC_OK && i < late.n; i++) {
		st = lite_stmt(tx->conn, LITE_JOB_DUE);
		lite_int(st, 1, late.v[i].id);
		lite_int(st, 2, late.v[i].due_ms);
		rc = lite_run(tx->conn, st, e);
		if (rc == RC_OK)
			rc =
			    lite_tally_target(tx, late.v[i].target, &target, e);
		if (rc == RC_OK && !late.v[i].is_behind &&
		    late.v[i].due_ms < target->due_ms)
			target->due_ms = late.v[i].due_ms;
	}
	/* The lease looks at the targets' rows next. */
	if (rc == RC_OK && late.n > 0)
		rc = lite_tally_targets(tx, tx->now_ms, e);
	return rc;
}

/* Old secrets sign for a day from now at most; tokens that were made in the
 * future were made now. */
static enum rc
plan_ends(struct lite_tx *tx, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_OLD_SECRET_PLAN);
	int64_t now_ms = tx->now_ms;
	enum rc rc;

	lite_int(st, 1, now_ms + LITE_OLD_SECRET_MS);
	lite_int(st, 2, now_ms + LITE_OLD_SECRET_MS + BACKOFF_SLACK_MS);
	rc = lite_run(tx->conn, st, e);
	if (rc != RC_OK)
		return rc;
	if (lite_changes(tx->conn) > 0)
		lite_tally_sum(tx, LITE_SUM_WEBHOOKS_VERSION, 1);
	rc = lite_olds_end(tx, now_ms, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(tx->conn, LITE_TOKEN_PLAN);
	lite_int(st, 1, now_ms);
	lite_int(st, 2, now_ms + BACKOFF_SLACK_MS);
	return lite_run(tx->conn, st, e);
}

static enum rc
repair_target(struct lite_tx *tx, const struct flow_limits *all, int64_t id,
    struct err *e)
{
	struct lite_target t;
	bool found;
	enum rc rc = lite_target_read(tx, id, &t, &found, e);

	if (rc != RC_OK || !found)
		return rc;
	if (flow_repair(&t.flow, all, tx->now_ms))
		rc = lite_target_write(tx, &t, NULL, e);
	lite_target_fini(&t);
	return rc;
}

enum rc
lite_flow_mend(struct lite_tx *tx, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_TARGET_LATE);
	const struct flow_limits all = lite_flow_limits(tx);
	struct lite_ids ids;
	enum rc rc;
	size_t i;

	lite_int(st, 1, tx->now_ms + FLOW_WAIT_MS);
	lite_int(st, 2, tx->now_ms + flow_breaker_wait_ms(&all));
	rc = lite_ids(tx->conn, st, &ids, e);
	for (i = 0; rc == RC_OK && i < ids.n; i++)
		rc = repair_target(tx, &all, ids.v[i], e);
	lite_ids_fini(&ids);
	return rc == RC_OK ? plan_ends(tx, e) : rc;
}
