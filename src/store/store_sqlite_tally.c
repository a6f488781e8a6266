#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "store/store_sqlite_int.h"

/*
 * What the operations of a transaction change of shared rows gathers here
 * and is written once: the rows of events and targets at the end of an
 * operation, the sums before COMMIT.
 *
 * 1. The sums by status and state count the rows that are there.
 * 2. An event's status follows from its counts of jobs: core/event_state.h.
 * 3. A target's next_due_ms is never later than its first waiting job:
 *    core/flow.h.
 */
#define DAY_MS (INT64_C(86400) * 1000)
#define PASSED_SIZE (EVENT_PASSED * 21 + 1)

static void
clear_events(struct lite_tally *t)
{
	size_t i;

	for (i = 0; i < t->nevents; i++)
		free(t->events[i].error);
	t->nevents = 0;
	memset(t->event_slot, 0, sizeof(t->event_slot));
}

static void
clear_named(struct lite_named *v, size_t *n)
{
	size_t i;

	for (i = 0; i < *n; i++)
		free(v[i].key);
	*n = 0;
}

void
lite_tally_clear(struct lite_tally *t)
{
	memset(t->sums, 0, sizeof(t->sums));
	clear_events(t);
	t->ntargets = 0;
	clear_named(t->types, &t->ntypes);
	clear_named(t->repos, &t->nrepos);
	t->ndays = 0;
}

static enum rc write_events(struct lite_tx *tx, int64_t now_ms, struct err *e);

enum rc
lite_tally_event(struct lite_tx *tx, int64_t id, struct lite_event_change **out,
    struct err *e)
{
	struct lite_tally *t = &tx->tally;
	const size_t slots = sizeof(t->event_slot);
	size_t at;
	enum rc rc;

	t->additions++;
	/* Twice as many slots as changes: there is always a free one. */
	for (at = (size_t)id % slots; t->event_slot[at] != 0;
	     at = (at + 1) % slots) {
		*out = &t->events[t->event_slot[at] - 1];
		if ((*out)->id == id)
			return RC_OK;
	}
	/* Only for one that is new: what counts a job out and in again must
	 * not be written between the two. */
	if (t->nevents == LITE_EVENTS_MAX) {
		rc = write_events(tx, tx->now_ms, e);
		if (rc != RC_OK)
			return rc;
		at = (size_t)id % slots;
	}
	*out = &t->events[t->nevents++];
	t->event_slot[at] = (uint8_t)t->nevents;
	memset(*out, 0, sizeof(**out));
	(*out)->id = id;
	return RC_OK;
}

enum rc
lite_tally_target(struct lite_tx *tx, int64_t id,
    struct lite_target_change **out, struct err *e)
{
	struct lite_tally *t = &tx->tally;
	size_t i;
	enum rc rc;

	t->additions++;
	for (i = 0; i < t->ntargets; i++) {
		*out = &t->targets[i];
		if ((*out)->id == id)
			return RC_OK;
	}
	if (t->ntargets == LITE_TARGETS_MAX) {
		rc = lite_tally_targets(tx, tx->now_ms, e);
		if (rc != RC_OK)
			return rc;
	}
	*out = &t->targets[t->ntargets++];
	memset(*out, 0, sizeof(**out));
	(*out)->id = id;
	(*out)->due_ms = LITE_FAR;
	return RC_OK;
}

static enum rc
add_counter(struct lite_tx *tx, const char *family, const char *key, int64_t n,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_COUNTER_ADD);

	lite_text(st, 1, family);
	lite_text(st, 2, key);
	lite_int(st, 3, n);
	return lite_run(tx->conn, st, e);
}

static enum rc
write_named(struct lite_tx *tx, const char *family, struct lite_named *v,
    size_t *n, struct err *e)
{
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < *n; i++)
		rc = add_counter(tx, family, v[i].key, v[i].n, e);
	clear_named(v, n);
	return rc;
}

static enum rc
add_named(struct lite_tx *tx, const char *family, struct lite_named *v,
    size_t *n, const char *key, struct err *e)
{
	size_t i;
	enum rc rc;

	for (i = 0; i < *n; i++) {
		if (strcmp(v[i].key, key) == 0) {
			v[i].n++;
			return RC_OK;
		}
	}
	if (*n == LITE_NAMED_MAX) {
		rc = write_named(tx, family, v, n, e);
		if (rc != RC_OK)
			return rc;
	}
	v[*n].key = xstrdup(key);
	v[*n].n = 1;
	++*n;
	return RC_OK;
}

static enum rc
write_days(struct lite_tx *tx, struct err *e)
{
	struct lite_tally *t = &tx->tally;
	struct sqlite3_stmt *st;
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < t->ndays; i++) {
		st = lite_stmt(tx->conn, LITE_DAY_ADD);
		lite_int(st, 1, t->days[i].day);
		lite_int(st, 2, t->days[i].total);
		lite_int(st, 3, t->days[i].succeeded);
		lite_int(st, 4, t->days[i].failed);
		lite_int(st, 5, t->days[i].processing_ms);
		rc = lite_run(tx->conn, st, e);
	}
	t->ndays = 0;
	return rc;
}

static enum rc
day_of(struct lite_tx *tx, int64_t wall_ms, struct lite_day_change **out,
    struct err *e)
{
	struct lite_tally *t = &tx->tally;
	int64_t day = wall_ms / DAY_MS;
	size_t i;
	enum rc rc;

	t->additions++;
	for (i = 0; i < t->ndays; i++) {
		*out = &t->days[i];
		if ((*out)->day == day)
			return RC_OK;
	}
	if (t->ndays == LITE_DAYS_MAX) {
		rc = write_days(tx, e);
		if (rc != RC_OK)
			return rc;
	}
	*out = &t->days[t->ndays++];
	memset(*out, 0, sizeof(**out));
	(*out)->day = day;
	return RC_OK;
}

enum rc
lite_tally_accepted(struct lite_tx *tx, const char *type,
    const char *repository, int64_t received_ms, bool owes, struct err *e)
{
	struct lite_tally *t = &tx->tally;
	struct lite_day_change *day;
	enum rc rc;

	lite_tally_sum(tx, LITE_SUM_ACCEPTED, 1);
	rc = add_named(tx, "type", t->types, &t->ntypes, type, e);
	if (rc == RC_OK)
		rc = add_named(tx, "repo", t->repos, &t->nrepos, repository, e);
	if (rc == RC_OK)
		rc = day_of(tx, received_ms, &day, e);
	if (rc == RC_OK) {
		day->total++;
		day->succeeded += !owes;
	}
	return rc;
}

/* The day on which it came counts it by its present state. */
static enum rc
count_day(struct lite_tx *tx, const struct event_effect *effect,
    int64_t received_ms, struct err *e)
{
	struct lite_day_change *day;
	enum rc rc;

	if (!effect->is_moved && effect->processing_ms == 0)
		return RC_OK;
	rc = day_of(tx, received_ms, &day, e);
	if (rc != RC_OK)
		return rc;
	day->succeeded += effect->succeeded;
	day->failed += effect->failed;
	day->processing_ms += effect->processing_ms;
	return RC_OK;
}

static enum rc
read_state(struct lite_tx *tx, int64_t id, struct event_state *s,
    int64_t *received_ms, bool *found, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_EVENT_COUNTS);
	enum rc rc;

	lite_int(st, 1, id);
	rc = lite_step(tx->conn, st, found, e);
	if (rc != RC_OK || !*found)
		return rc;
	s->status = (enum event_status)lite_col_enum(st, 0, EVENT_STATUSES);
	s->expanded = lite_col_int(st, 1) != 0;
	s->touched = lite_col_int(st, 2) != 0;
	s->total = lite_col_int(st, 3);
	s->fresh = lite_col_int(st, 4);
	s->repeats = lite_col_int(st, 5);
	s->leased = lite_col_int(st, 6);
	s->dead = lite_col_int(st, 7);
	s->retry_count = lite_col_int(st, 8);
	s->started_ms = lite_col_int(st, 9);
	s->completed_ms = lite_col_int(st, 10);
	*received_ms = lite_col_int(st, 11);
	lite_reset(st);
	return RC_OK;
}

/* The counts with commas between, those at the end that are 0 left out. */
static void
passed_text(const int64_t passed[EVENT_PASSED], char text[PASSED_SIZE])
{
	size_t i, n = EVENT_PASSED, used = 0;

	while (n > 0 && passed[n - 1] == 0)
		n--;
	text[0] = '\0';
	for (i = 0; i < n; i++)
		used += (size_t)snprintf(text + used, PASSED_SIZE - used,
		    "%s%lld", i > 0 ? "," : "", (long long)passed[i]);
}

static enum rc
write_state(struct lite_tx *tx, const struct lite_event_change *ch,
    const struct event_state *s, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_EVENT_SET);
	char passed[PASSED_SIZE];
	enum rc rc;

	if (ch->has_passed)
		passed_text(ch->passed, passed);
	lite_int(st, 1, ch->id);
	lite_int(st, 2, s->status);
	lite_int(st, 3, s->expanded);
	lite_int(st, 4, s->touched);
	lite_int(st, 5, s->total);
	lite_int(st, 6, s->fresh);
	lite_int(st, 7, s->repeats);
	lite_int(st, 8, s->leased);
	lite_int(st, 9, s->dead);
	lite_int(st, 10, s->retry_count);
	lite_int(st, 11, s->started_ms);
	lite_int(st, 12, s->completed_ms);
	lite_text(st, 13, ch->has_passed ? passed : NULL);
	rc = lite_run(tx->conn, st, e);
	if (rc != RC_OK || ch->error == NULL)
		return rc;
	st = lite_stmt(tx->conn, LITE_EVENT_SET_ERROR);
	lite_int(st, 1, ch->id);
	lite_text(st, 2, ch->error);
	return lite_run(tx->conn, st, e);
}

static void
add_effect(struct lite_tx *tx, const struct event_state *was,
    const struct event_state *is, const struct event_effect *effect)
{
	if (effect->is_moved) {
		lite_tally_sum(tx, LITE_SUM_EVENT + was->status, -1);
		lite_tally_sum(tx, LITE_SUM_EVENT + is->status, 1);
	}
	lite_tally_sum(tx, LITE_SUM_UNEXPANDED, effect->unexpanded);
	lite_tally_sum(tx, LITE_SUM_FAILED_OPEN, effect->failed_open);
	lite_tally_sum(tx, LITE_SUM_PROCESSED, effect->processed);
	lite_tally_sum(tx, LITE_SUM_PROCESSING_MS, effect->processed_ms);
}

static enum rc
write_event(struct lite_tx *tx, const struct lite_event_change *ch,
    int64_t now_ms, struct err *e)
{
	struct event_state was, is;
	struct event_effect effect;
	int64_t received_ms;
	bool found;
	enum rc rc;

	rc = read_state(tx, ch->id, &was, &received_ms, &found, e);
	if (rc != RC_OK || !found)
		return rc;
	is = was;
	event_state_apply(&is, &ch->jobs, now_ms);
	effect = event_state_effect(&was, &is);
	add_effect(tx, &was, &is, &effect);
	rc = count_day(tx, &effect, received_ms, e);
	if (rc != RC_OK)
		return rc;
	return write_state(tx, ch, &is, e);
}

/* For one whose count is wrong: with none waiting nobody would look. */
static enum rc
recount(struct lite_tx *tx, int64_t target, int64_t *waiting, int64_t *due_ms,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_TARGET_RECOUNT);
	bool row;
	enum rc rc;

	lite_int(st, 1, target);
	rc = lite_step(tx->conn, st, &row, e);
	if (rc != RC_OK || !row)
		return rc;
	*waiting = lite_col_int(st, 0);
	*due_ms = lite_col_int(st, 1);
	lite_reset(st);
	return RC_OK;
}

static enum rc
count_jobs(struct lite_tx *tx, struct lite_target *t,
    const struct lite_target_change *ch, struct err *e)
{
	const struct flow_jobs jobs = { .waiting = ch->waiting,
		.leased = ch->leased,
		.due_ms = ch->due_ms,
		.due_is_first = ch->due_is_first };
	struct flow *f = &t->flow;
	enum rc rc = RC_OK;

	if (!flow_count(f, &jobs))
		rc = recount(tx, t->id, &f->waiting, &f->next_due_ms, e);
	flow_due(f, &jobs);
	return rc;
}

static enum rc
write_target(struct lite_tx *tx, const struct lite_target_change *ch,
    int64_t now_ms, struct err *e)
{
	bool found, is_off = false;
	struct lite_target t;
	enum rc rc;

	rc = ch->health.calls > 0
	    ? lite_target_read_called(tx, ch->id, &t, &found, e)
	    : lite_target_read(tx, ch->id, &t, &found, e);
	if (rc != RC_OK || !found)
		return rc;
	lite_flow_change(tx, &t, ch);
	if (t.kind == STORE_DELIVER)
		rc = lite_webhook_fares(tx, ch, &t, now_ms, &is_off, e);
	if (is_off)
		t.flow.blocked_until_ms = FLOW_NEVER;
	if (rc == RC_OK)
		rc = count_jobs(tx, &t, ch, e);
	if (rc == RC_OK)
		rc = lite_target_write(tx, &t, ch, e);
	lite_target_fini(&t);
	return rc;
}

static enum rc
write_events(struct lite_tx *tx, int64_t now_ms, struct err *e)
{
	struct lite_tally *t = &tx->tally;
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < t->nevents; i++)
		rc = write_event(tx, &t->events[i], now_ms, e);
	if (t->nevents > 0)
		clear_events(t);
	return rc;
}

enum rc
lite_tally_targets(struct lite_tx *tx, int64_t now_ms, struct err *e)
{
	struct lite_tally *t = &tx->tally;
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < t->ntargets; i++)
		rc = write_target(tx, &t->targets[i], now_ms, e);
	t->ntargets = 0;
	return rc;
}

enum rc
lite_tally_rows(struct lite_tx *tx, int64_t now_ms, struct err *e)
{
	enum rc rc = write_events(tx, now_ms, e);

	return rc == RC_OK ? lite_tally_targets(tx, now_ms, e) : rc;
}

enum rc
lite_tally_sums(struct lite_tx *tx, struct err *e)
{
	struct lite_tally *t = &tx->tally;
	enum rc rc = RC_OK;
	size_t i;

	assert(t->nevents == 0 && t->ntargets == 0);
	for (i = 0; rc == RC_OK && i < LITE_SUMS; i++)
		if (t->sums[i] != 0)
			rc = add_counter(tx, "sum", lite_sum_name(i),
			    t->sums[i], e);
	if (rc == RC_OK)
		rc = write_named(tx, "type", t->types, &t->ntypes, e);
	if (rc == RC_OK)
		rc = write_named(tx, "repo", t->repos, &t->nrepos, e);
	if (rc == RC_OK)
		rc = write_days(tx, e);
	return rc;
}

/* Ids are given out from a counter, not from the table: the row with the
 * highest one may be purged, and its id is known outside. */
enum rc
lite_next_id(struct lite_tx *tx, enum lite_sum which, int64_t *last,
    int64_t *out, struct err *e)
{
	enum rc rc;

	if (*last == 0) {
		rc = lite_sum_read(tx->conn, which, last, e);
		if (rc != RC_OK)
			return rc;
	}
	*out = ++*last;
	lite_tally_sum(tx, which, 1);
	return RC_OK;
}
