#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/lane.h"
#include "store/store_sqlite_int.h"
#include "store/store_sqlite_ready.h"

/*
 * Two levels: the ready targets by due time, then the jobs of one by lane.
 * A lane is found with one seek, so what lies before it in number, due in
 * the future or of a blocked target, is never read.
 */

/* Columns of the claim statements in front of the event's. */
enum {
	AT_ID,
	AT_EVENT,
	AT_ROUND,
	AT_ATTEMPT,
	AT_TRIES,
	AT_DEATHS,
	AT_DUE,
	AT_TOKEN,
	AT_PRIORITY,
	AT_ABOUT,
	AT_EVENT_ROW,
	AT_TARGET = AT_EVENT_ROW + LITE_EVENT_COLUMNS
};

struct claim {
	struct store_lease lease;
	struct lite_job was;
};

struct lease {
	struct lite *lite;
	const struct store_lease_want *wants;
	size_t nwants;
	const struct store_lease_want *want; /* that is served now */
	size_t begun;                        /* claims before it */
	size_t got[STORE_KINDS];             /* claims of each */
	int64_t now_ms;
	int64_t until_ms;
	struct store_flow flow;
	bool is_set_back;               /* the clock, perhaps */
	struct lite_plan plan, planned; /* before and after this lease */
	struct flow_drains drains;
	struct store_exchange *before; /* what else it does; or NULL */
	struct claim *claims;          /* results, max of all wants */
	size_t n;
	bool held_back;
	struct lite_ids aside; /* jobs whose event is gone, or damaged ones */
};

static void
claims_free(struct lease *x)
{
	size_t i;

	for (i = 0; i < x->n; i++) {
		free(x->claims[i].lease.target);
		event_free(x->claims[i].lease.event);
	}
	x->n = 0;
}

/* One row of a claim statement; false when it is to be set aside. */
static bool
take_row(struct lease *x, struct sqlite3_stmt *st, const struct lite_target *t,
    bool suspect)
{
	struct claim *c = &x->claims[x->n];
	bool has_event = !lite_col_is_null(st, AT_EVENT_ROW);

	if (!has_event &&
	    (lite_col_int(st, AT_EVENT) != 0 || t->kind == STORE_DELIVER))
		return false;
	memset(c, 0, sizeof(*c));
	c->was.id = lite_col_int(st, AT_ID);
	c->was.event = lite_col_int(st, AT_EVENT);
	c->was.target = t->id;
	c->was.state = STORE_WAITING;
	c->was.priority = (int)lite_col_int(st, AT_PRIORITY);
	c->was.attempt = (unsigned int)lite_col_int(st, AT_ATTEMPT);
	c->was.tries = (unsigned int)lite_col_int(st, AT_TRIES);
	c->was.deaths = (unsigned int)lite_col_int(st, AT_DEATHS);
	c->was.suspect = suspect;
	c->was.due_ms = lite_col_int(st, AT_DUE);
	c->was.token = lite_col_int(st, AT_TOKEN);
	if (lite_job_mend(&c->was))
		return false;
	c->lease.job = c->was.id;
	c->lease.token = c->was.token + 1;
	c->lease.kind = t->kind;
	c->lease.round = (unsigned int)lite_col_int(st, AT_ROUND);
	c->lease.until_ms = x->until_ms;
	c->lease.alone = suspect;
	c->lease.probe = flow_is_probe(&t->flow);
	c->lease.target = xstrdup(t->name);
	c->lease.about = lite_col_int(st, AT_ABOUT);
	if (has_event)
		c->lease.event = lite_event_of_row(x->lite, st, AT_EVENT_ROW);
	x->n++;
	return true;
}

static void
set_aside(struct lease *x, int64_t id)
{
	if (x->aside.n % 64 == 0)
		x->aside.v = xreallocarray(x->aside.v, x->aside.n + 64,
		    sizeof(*x->aside.v));
	x->aside.v[x->aside.n++] = id;
}

static enum rc
write_claims(struct lite_tx *tx, struct lease *x, size_t from, bool alone,
    struct err *e)
{
	struct lite_event_change *ev;
	struct lite_job is;
	struct claim *c;
	struct job j;
	enum rc rc = RC_OK;
	size_t i;

	for (i = from; rc == RC_OK && i < x->n; i++) {
		c = &x->claims[i];
		j = lite_job_rules(&c->was);
		job_lease(&j);
		c->lease.attempt = j.attempt;
		lite_job_become(&c->was, &j, &is);
		is.token = c->lease.token;
		is.until_ms = x->until_ms;
		is.alone = alone;
		is.owner = x->want->worker;
		rc = lite_job_move(tx, &c->was, &is, NULL, e);
		if (rc == RC_OK)
			rc = lite_tally_event(tx, is.event, &ev, e);
		if (rc == RC_OK)
			ev->jobs.touched = true;
	}
	return rc;
}

static enum rc
claim_lane(struct lite_tx *tx, struct lease *x, const struct lite_target *t,
    int64_t lane, size_t max, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_LANE_CLAIM);
	size_t begun = x->n;
	bool row = true;
	enum rc rc = RC_OK;

	lite_int(st, 1, t->id);
	lite_int(st, 2, lane);
	lite_int(st, 3, x->now_ms);
	lite_int(st, 4, (int64_t)max);
	while (row) {
		rc = lite_step(tx->conn, st, &row, e);
		if (rc != RC_OK)
			return rc;
		if (row && !take_row(x, st, t, false))
			set_aside(x, lite_col_int(st, AT_ID));
	}
	/* Only now: the rows move in the index that was being read. */
	return write_claims(tx, x, begun, false, e);
}

/* The first lane from *lane on that has anything waiting, and when. */
static enum rc
next_lane(struct lite_tx *tx, int64_t target, int64_t from, int64_t *lane,
    int64_t *due_ms, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_LANE_NEXT);
	bool row;
	enum rc rc;

	*lane = LANES;
	*due_ms = LITE_FAR;
	lite_int(st, 1, target);
	lite_int(st, 2, from);
	rc = lite_step(tx->conn, st, &row, e);
	if (rc == RC_OK && row) {
		*lane = lite_col_int(st, 0);
		*due_ms = lite_col_int(st, 1);
		lite_reset(st);
	}
	return rc;
}

static enum rc
first_due(struct lite_tx *tx, int64_t target, int64_t *first_ms, struct err *e)
{
	int64_t lane = -1, due_ms;
	enum rc rc;

	*first_ms = LITE_FAR;
	for (;;) {
		rc = next_lane(tx, target, lane + 1, &lane, &due_ms, e);
		if (rc != RC_OK || lane == LANES)
			return rc;
		if (due_ms < *first_ms)
			*first_ms = due_ms;
	}
}

/* What its row is to learn of the lease, n jobs; with work left that is due
 * the old time is still no later than it. */
static enum rc
note_lease(struct lite_tx *tx, const struct lite_target *t, size_t n, bool full,
    struct err *e)
{
	struct lite_target_change *ch;
	int64_t due_ms = LITE_FAR;
	enum rc rc = RC_OK;

	if (!full)
		rc = first_due(tx, t->id, &due_ms, e);
	if (rc == RC_OK)
		rc = lite_tally_target(tx, t->id, &ch, e);
	if (rc != RC_OK)
		return rc;
	ch->was_asked = true;
	ch->taken = (int)n;
	ch->has_more = full;
	ch->due_is_first = !full;
	ch->due_ms = due_ms;
	return RC_OK;
}

/* Of one priority: fresh jobs and repeats share the room by the rule of
 * core/lane.h; places that the others leave go to fresh jobs. */
static enum rc
claim_priority(struct lite_tx *tx, struct lease *x, const struct lite_target *t,
    int64_t lane, int64_t due_ms, size_t room, struct err *e)
{
	size_t before = x->n;
	int64_t other, other_due_ms;
	enum rc rc;

	if (lane_is_of_repeats(lane))
		return claim_lane(tx, x, t, lane, room, e);
	rc = next_lane(tx, t->id, lane + 1, &other, &other_due_ms, e);
	if (rc != RC_OK)
		return rc;
	if (other != lane + 1 || other_due_ms > x->now_ms)
		return due_ms > x->now_ms ? RC_OK
					  : claim_lane(tx, x, t, lane, room, e);
	rc = claim_lane(tx, x, t, lane, lane_fresh_places(room), e);
	if (rc == RC_OK)
		rc = claim_lane(tx, x, t, other, room - (x->n - before), e);
	if (rc == RC_OK)
		rc = claim_lane(tx, x, t, lane, room - (x->n - before), e);
	return rc;
}

static enum rc
claim_target(struct lite_tx *tx, struct lease *x, const struct lite_target *t,
    struct err *e)
{
	size_t begun = x->n, room = x->want->max - (x->n - x->begun);
	int64_t lane = -1, due_ms;
	bool full;
	enum rc rc;

	if (x->want->max_per_target > 0 && x->want->max_per_target < room)
		room = x->want->max_per_target;
	room = lite_flow_room(tx, t, room, &x->drains);
	for (;;) {
		full = x->n - begun == room;
		if (full)
			break;
		rc = next_lane(tx, t->id, lane + 1, &lane, &due_ms, e);
		if (rc != RC_OK)
			return rc;
		if (lane >= LANE_SUSPECT)
			break;
		rc = claim_priority(tx, x, t, lane, due_ms,
		    room - (x->n - begun), e);
		if (rc != RC_OK)
			return rc;
		lane = lane_last_of_priority(lane);
	}
	return note_lease(tx, t, x->n - begun, full, e);
}

static enum rc
claim_targets(struct lite_tx *tx, struct lease *x, struct err *e)
{
	struct lite_ready v[LITE_READY_MAX];
	size_t i, n;
	enum rc rc = lite_ready_find(tx->conn, x->want, x->now_ms, v, &n, e);

	for (i = 0; i < n; i++) {
		if (rc == RC_OK && x->n - x->begun < x->want->max)
			rc = claim_target(tx, x, &v[i].target, e);
		lite_target_fini(&v[i].target);
	}
	return rc;
}

/* The first suspect that is due, on its own: when its worker dies again, it
 * was this job.  In company it stays where it is. */
static enum rc
claim_suspect(struct lite_tx *tx, struct lease *x, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_SUSPECT_CLAIM);
	struct lite_target t;
	bool row = true;
	enum rc rc = RC_OK;

	lite_int(st, 1, x->now_ms);
	lite_int(st, 2, x->want->kinds == 0 ? -1 : (int64_t)x->want->kinds);
	while (x->n == 0 && !x->held_back) {
		rc = lite_step(tx->conn, st, &row, e);
		if (rc != RC_OK || !row)
			return rc;
		lite_target_of_row(st, AT_TARGET, &t);
		if (!lite_is_wanted(x->want, t.kind, t.name) ||
		    lite_flow_room(tx, &t, 1, &x->drains) == 0)
			;
		else if (x->want->in_company)
			x->held_back = true;
		else if (!take_row(x, st, &t, true))
			set_aside(x, lite_col_int(st, AT_ID));
		lite_target_fini(&t);
	}
	lite_reset(st);
	if (x->held_back)
		return RC_OK;
	rc = write_claims(tx, x, 0, true, e);
	return rc == RC_OK ? note_lease(tx, &t, 1, false, e) : rc;
}

static enum rc
end_aside(struct lite_tx *tx, struct lease *x, struct err *e)
{
	const struct store_attempt gone = { .class = STORE_CLASS_US,
		.text = "its event is gone" };
	const struct store_attempt bad = { .class = STORE_CLASS_US,
		.text = "its row in the store is damaged" };
	struct lite_job job;
	enum rc rc = RC_OK;
	bool found;
	size_t i;

	for (i = 0; rc == RC_OK && i < x->aside.n; i++) {
		rc = lite_job_read(tx, x->aside.v[i], &job, &found, e);
		if (rc == RC_OK && found && job.state == STORE_WAITING)
			rc = lite_job_end(tx, &job,
			    job.damaged ? STORE_STATE_DEAD : STORE_CANCELLED,
			    job.damaged ? &bad : &gone, x->now_ms, e);
	}
	lite_ids_fini(&x->aside);
	return rc;
}

static enum rc
end_alone(struct lite_tx *tx, const struct store_lease *l, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_JOB_IN_COMPANY);

	lite_int(st, 1, l->job);
	lite_int(st, 2, l->token);
	return lite_run(tx->conn, st, e);
}

static enum rc
serve(struct lite_tx *tx, struct lease *x, size_t i,
    enum rc (*claim)(struct lite_tx *tx, struct lease *x, struct err *e),
    struct err *e)
{
	enum rc rc;

	x->want = &x->wants[i];
	x->begun = x->n;
	if (x->want->max == 0)
		return RC_OK;
	x->until_ms = clock_boot_ms(tx->lite->clock) + x->want->hold_ms;
	rc = claim(tx, x, e);
	x->got[i] += x->n - x->begun;
	if (rc == RC_OK && x->n > x->begun && x->want->alone != NULL)
		rc = end_alone(tx, x->want->alone, e);
	return rc;
}

/* A suspect is leased only while the drain holds no other job, which is
 * seldom, and to wait for that holds up all other jobs.  So the suspects of
 * all wants are claimed first: else the jobs of one want would each time keep
 * out the suspects of the next. */
static enum rc
claim_all(struct lite_tx *tx, struct lease *x, struct err *e)
{
	enum rc rc = RC_OK;
	size_t i;

	memset(x->got, 0, sizeof(x->got));
	for (i = 0; rc == RC_OK && i < x->nwants && x->n == 0; i++)
		rc = serve(tx, x, i, claim_suspect, e);
	if (x->n > 0)
		return rc;
	for (i = 0; rc == RC_OK && i < x->nwants; i++)
		rc = serve(tx, x, i, claim_targets, e);
	return rc;
}

static enum rc
run_before(struct lite_tx *tx, const struct lease *x, struct err *e)
{
	struct store_exchange *b = x->before;
	enum rc rc;

	rc = lite_expand_in(tx, b->expansions, b->nexpansions, x->now_ms,
	    &b->nexpanded, e);
	if (rc == RC_OK)
		rc = lite_settle_in(tx, b->results, b->nresults,
		    x->wants[0].worker, x->now_ms, e);
	return rc;
}

static enum rc
run(struct lite_tx *tx, void *arg, struct err *e)
{
	struct lease *x = arg;
	enum rc rc = RC_OK;

	claims_free(x);
	x->held_back = false;
	tx->now_ms = x->now_ms;
	tx->flow = x->flow;
	if (x->before != NULL)
		rc = run_before(tx, x, e);
	if (rc == RC_OK && x->is_set_back)
		rc = lite_flow_mend(tx, e);
	x->planned = x->plan;
	if (rc == RC_OK)
		rc = lite_plan_step(tx, &x->planned, e);
	if (rc == RC_OK)
		rc = lite_flow_drains(tx, x->wants, x->nwants, &x->drains, e);
	/* What is claimed next is looked for in the targets' rows; those of
	 * events change once more with it. */
	if (rc == RC_OK && x->before != NULL)
		rc = lite_tally_targets(tx, x->now_ms, e);
	if (rc == RC_OK)
		rc = claim_all(tx, x, e);
	if (rc == RC_OK)
		rc = end_aside(tx, x, e);
	lite_ids_fini(&x->aside);
	if (rc == RC_OK)
		lite_tally_sum(tx, LITE_SUM_LEASES, (int64_t)x->n);
	return rc;
}

/* Commits, and hands over what was claimed. */
static enum rc
lease(struct lite *l, struct lease *x, struct store_leases *out, struct err *e)
{
	size_t i, max = 1;
	enum rc rc;

	for (i = 0; i < x->nwants; i++)
		max += x->wants[i].max;
	x->lite = l;
	x->flow = lite_flow_now(l);
	x->claims = xcalloc(max, sizeof(*x->claims));
	x->plan = l->plan;
	if (x->is_set_back)
		lite_plan_begin(&x->plan);
	rc = lite_settle_commit(l, run, x,
	    x->before == NULL ? NULL : x->before->results,
	    x->before == NULL ? 0 : x->before->nresults, e);
	if (rc == RC_OK)
		l->plan = x->planned;
	/* What was not mended then is the next one's to mend. */
	if (rc != RC_OK && x->is_set_back)
		l->flow_seen = false;
	out->held_back = rc == RC_OK && x->held_back;
	out->drains = x->drains.n;
	out->is_split = x->drains.is_split;
	if (rc == RC_OK && x->n > 0) {
		out->v = xcalloc(x->n, sizeof(*out->v));
		for (i = 0; i < x->n; i++)
			out->v[i] = x->claims[i].lease;
		out->n = x->n;
		x->n = 0;
	}
	claims_free(x);
	free(x->claims);
	return rc;
}

enum rc
lite_lease_due(void *impl, int64_t now_ms, const struct store_lease_want *want,
    struct store_leases *out, int64_t *next_due_ms, struct err *e)
{
	struct lease x = { .wants = want,
		.nwants = 1,
		.now_ms = now_ms,
		.drains = { .n = 1 } };
	struct lite *l = impl;
	enum rc rc;

	rc = lite_ready_peek(l, want, next_due_ms, e);
	if (rc != RC_OK || want->max == 0)
		return rc;
	x.is_set_back = lite_flow_is_set_back(l, now_ms);
	if (*next_due_ms > now_ms && !x.is_set_back && !l->plan.goes_on)
		return RC_OK;
	rc = lease(l, &x, out, e);
	/* A time that was too early has been set right on the way. */
	if (rc == RC_OK && out->n == 0)
		rc = lite_ready_peek(l, want, next_due_ms, e);
	/* Its next step is soon, though nothing may be due. */
	if (rc == RC_OK && l->plan.goes_on && *next_due_ms > now_ms)
		*next_due_ms = now_ms + 1;
	return rc;
}

/* One that is due already was left out, and says nothing of the others. */
static int64_t
earlier(int64_t a, int64_t b, int64_t now_ms)
{
	if ((a > now_ms) == (b > now_ms))
		return a < b ? a : b;
	return a > now_ms ? a : b;
}

/* The results are settled, whatever this reading finds. */
static void
find_next_due(struct lite *l, const struct lease *x, struct store_exchange *ex,
    struct err *e)
{
	bool is_first = true;
	int64_t due_ms;
	size_t i;

	for (i = 0; i < x->nwants; i++) {
		if (x->wants[i].max == 0 || x->got[i] > 0)
			continue;
		if (lite_ready_peek(l, &x->wants[i], &due_ms, e) != RC_OK)
			due_ms = x->now_ms;
		ex->next_due_ms = is_first
		    ? due_ms
		    : earlier(ex->next_due_ms, due_ms, x->now_ms);
		is_first = false;
	}
}

enum rc
lite_exchange(void *impl, struct store_exchange *ex, struct err *e)
{
	struct lease x = { .wants = ex->wants,
		.nwants = ex->nwants,
		.now_ms = ex->now_ms,
		.drains = { .n = 1 },
		.is_set_back = lite_flow_is_set_back(impl, ex->now_ms),
		.before = ex };
	enum rc rc;

	assert(ex->nwants > 0 && ex->nwants <= STORE_KINDS);
	rc = lease(impl, &x, &ex->leases, e);
	ex->next_due_ms = LITE_FAR;
	if (rc == RC_OK)
		find_next_due(impl, &x, ex, e);
	return rc;
}
