#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "core/event.h"
#include "core/round.h"
#include "store/store_sqlite_int.h"

struct replay {
	int64_t id;
	const char *webhook_id;
	int64_t now_ms;
};

/* A rule of core/round.h: a replay to a webhook, or to all for NULL. */
typedef enum round_step judge_fn(const struct round_event *ev,
    const char *webhook_id);

/* The event that was found, and the rule's word. */
struct judged {
	enum round_step step;
	enum round_hold hold;
};

static enum rc
judge_event(struct lite_tx *tx, int64_t id, const char *webhook_id,
    judge_fn *judge, struct judged *out, bool *found, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_EVENT_TO_REPLAY);
	struct round_event ev;
	enum rc rc;

	lite_int(st, 1, id);
	lite_text(st, 2, webhook_id);
	rc = lite_step(tx->conn, st, found, e);
	if (rc != RC_OK || !*found)
		return rc;
	ev.has_ended = lite_col_int(st, 0) != 0;
	ev.expanded = lite_col_int(st, 1) != 0;
	ev.hold = (enum round_hold)lite_col_enum(st, 2, ROUND_RELEASED + 1);
	ev.only = lite_col_str(st, 3);
	ev.webhook_id = lite_col_str(st, 4);
	out->step = judge(&ev, webhook_id);
	out->hold = ev.hold;
	lite_reset(st);
	return RC_OK;
}

static enum rc
begin_round(struct lite_tx *tx, int64_t id, const char *webhook_id,
    enum round_hold was, struct err *e)
{
	enum round_hold hold = round_hold_after(was, webhook_id);
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_EVENT_REPLAY);
	struct lite_event_change *ev;
	enum rc rc;

	lite_tally_sum(tx, LITE_SUM_SUSPECTS_HELD,
	    (hold == ROUND_HELD) - (was == ROUND_HELD));
	lite_int(st, 1, id);
	lite_text(st, 2, webhook_id);
	lite_int(st, 3, hold);
	rc = lite_run(tx->conn, st, e);
	if (rc != RC_OK)
		return rc;
	lite_tally_sum(tx, LITE_SUM_UNEXPANDED, 1);
	tx->new_work = true;
	rc = lite_tally_event(tx, id, &ev, e);
	if (rc == RC_OK)
		ev->jobs.reopened = true;
	return rc;
}

static enum rc
is_about_to_go(int64_t id, struct err *e)
{
	return err_set(e, RC_BUSY,
	    "no hls-drain has taken event %lld up yet: its webhooks get it "
	    "first, then it can be replayed",
	    (long long)id);
}

static enum rc
replay_one(struct lite_tx *tx, const struct replay *x, int64_t id,
    struct err *e)
{
	struct judged ev;
	bool found;
	enum rc rc;

	rc = judge_event(tx, id, x->webhook_id, round_replay, &ev, &found, e);
	if (rc != RC_OK)
		return rc;
	if (!found)
		return err_set(e, RC_NOTFOUND, "there is no event %lld",
		    (long long)id);
	if (ev.step == ROUND_WAITS)
		return is_about_to_go(id, e);
	return ev.step == ROUND_BEGINS
	    ? begin_round(tx, id, x->webhook_id, ev.hold, e)
	    : RC_OK;
}

static enum rc
run_replay(struct lite_tx *tx, void *arg, struct err *e)
{
	struct replay *x = arg;

	tx->now_ms = x->now_ms;
	return replay_one(tx, x, x->id, e);
}

enum rc
lite_replay_ended(struct lite_tx *tx, const int64_t *ids, size_t n,
    const char *webhook_id, size_t *done, struct err *e)
{
	struct judged ev;
	bool found;
	enum rc rc = RC_OK;

	for (*done = 0; *done < n; ++*done) {
		rc = judge_event(tx, ids[*done], webhook_id,
		    round_replay_of_many, &ev, &found, e);
		if (rc != RC_OK)
			break;
		if (!found)
			continue;
		if (ev.step == ROUND_WAITS)
			break;
		if (ev.step == ROUND_BEGINS)
			rc =
			    begin_round(tx, ids[*done], webhook_id, ev.hold, e);
		if (rc != RC_OK)
			break;
	}
	return rc;
}

enum rc
lite_suspect_drop(struct lite_tx *tx, int64_t id, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_EVENT_DROP);
	enum rc rc;

	lite_int(st, 1, id);
	rc = lite_run(tx->conn, st, e);
	if (rc == RC_OK && lite_changes(tx->conn) > 0)
		lite_tally_sum(tx, LITE_SUM_SUSPECTS_HELD, -1);
	return rc;
}

struct release {
	const int64_t *ids;
	size_t n;
	int64_t now_ms;
	size_t released;
};

/* Each begins a round for all; those that somebody has released meanwhile are
 * left alone. */
static enum rc
run_release(struct lite_tx *tx, void *arg, struct err *e)
{
	struct release *x = arg;
	struct judged ev;
	bool found;
	enum rc rc;
	size_t i;

	tx->now_ms = x->now_ms;
	x->released = 0;
	rc = lite_load_judge(tx, (tx->lite->max_waiting + 1) / 2, e);
	for (i = 0; rc == RC_OK && i < x->n; i++) {
		rc = judge_event(tx, x->ids[i], NULL, round_release, &ev,
		    &found, e);
		if (rc != RC_OK || !found || ev.step == ROUND_IS_DONE)
			continue;
		if (ev.step == ROUND_WAITS)
			return is_about_to_go(x->ids[i], e);
		rc = begin_round(tx, x->ids[i], NULL, ev.hold, e);
		x->released++;
	}
	return rc;
}

enum rc
lite_event_release(void *impl, const int64_t *ids, size_t n, int64_t now_ms,
    size_t *released, struct err *e)
{
	struct release x = { .ids = ids, .n = n, .now_ms = now_ms };
	enum rc rc = lite_commit_now(impl, run_release, &x, e);

	if (rc == RC_OK)
		*released = x.released;
	return rc;
}

enum rc
lite_event_replay(void *impl, int64_t id, const char *webhook_id,
    int64_t now_ms, struct err *e)
{
	struct replay x = { id, webhook_id, now_ms };

	return lite_commit_now(impl, run_replay, &x, e);
}

/* The target's id, 0 while nothing was ever owed to the webhook. */
static enum rc
find_target(struct lite_conn *c, const char *webhook_id, int64_t *target,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_WEBHOOK_HAS);
	bool row;
	enum rc rc;

	*target = 0;
	lite_text(st, 1, webhook_id);
	rc = lite_step(c, st, &row, e);
	if (rc != RC_OK)
		return rc;
	if (!row)
		return err_set(e, RC_NOTFOUND, "there is no webhook %.64s",
		    webhook_id);
	lite_reset(st);
	st = lite_stmt(c, LITE_TARGET_FIND);
	lite_int(st, 1, STORE_DELIVER);
	lite_text(st, 2, webhook_id);
	return lite_one_int(c, st, *target, target, e);
}

static enum rc
read_owes(struct lite_conn *c, const char *webhook_id, int64_t target,
    int64_t event, enum store_owes *out, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_EVENT_OWES);
	int64_t owes;
	enum rc rc;

	lite_int(st, 1, event);
	lite_text(st, 2, webhook_id);
	lite_int(st, 3, target);
	rc = lite_one_int(c, st, (int64_t)*out, &owes, e);
	if (rc == RC_OK)
		*out = (enum store_owes)owes;
	return rc;
}

enum rc
lite_event_owes(void *impl, const char *webhook_id, const int64_t *events,
    size_t n, enum store_owes *out, struct err *e)
{
	struct lite *l = impl;
	struct lite_conn *c;
	int64_t target;
	size_t i;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	rc = find_target(c, webhook_id, &target, e);
	for (i = 0; rc == RC_OK && i < n; i++)
		rc = read_owes(c, webhook_id, target, events[i], &out[i], e);
	lite_reader_give(l, c);
	return rc;
}

static void
bind_dead(struct sqlite3_stmt *st, int64_t target, const struct store_dead *d)
{
	lite_int(st, 1, target);
	lite_int(st, 2, d->since_ms);
	lite_int(st, 3, d->until_ms);
}

enum rc
lite_dead_count(void *impl, const struct store_dead *d, int64_t *n,
    struct err *e)
{
	struct lite *l = impl;
	struct lite_conn *c;
	struct sqlite3_stmt *st;
	int64_t target;
	bool row;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	rc = find_target(c, d->webhook_id, &target, e);
	if (rc == RC_OK) {
		st = lite_stmt(c, LITE_DEAD_COUNT);
		bind_dead(st, target, d);
		rc = lite_step(c, st, &row, e);
		if (rc == RC_OK && row) {
			*n = lite_col_int(st, 0);
			lite_reset(st);
		}
	}
	lite_reader_give(l, c);
	return rc;
}

struct dead_retry {
	const struct store_dead *d;
	size_t max;
	int64_t now_ms;
	size_t n;
};

/* The dead of its key that are older come first, whenever they died: else a
 * later page would have them go out after it. */
static enum rc
retry_in_order(struct lite_tx *tx, struct dead_retry *x, int64_t id,
    struct err *e)
{
	int64_t older = id;
	struct lite_job job;
	bool found;
	enum rc rc;

	do {
		rc = lite_order_passed(tx, id, x->d, &older, e);
		if (rc == RC_OK)
			rc = lite_job_read(tx, older, &job, &found, e);
		if (rc != RC_OK || !found || job.state != STORE_STATE_DEAD)
			return rc;
		rc = lite_job_requeue(tx, &job, x->now_ms, e);
		x->n++;
	} while (rc == RC_OK && older != id && x->n < x->max);
	return rc;
}

static enum rc
run_dead_retry(struct lite_tx *tx, void *arg, struct err *e)
{
	struct dead_retry *x = arg;
	struct sqlite3_stmt *st;
	struct lite_ids ids;
	int64_t target;
	enum rc rc;
	size_t i;

	tx->now_ms = x->now_ms;
	x->n = 0;
	rc = find_target(tx->conn, x->d->webhook_id, &target, e);
	if (rc == RC_OK)
		rc = lite_load_judge(tx, (tx->lite->max_waiting + 1) / 2, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(tx->conn, LITE_DEAD_LIST);
	bind_dead(st, target, x->d);
	lite_int(st, 4, (int64_t)x->max);
	rc = lite_ids(tx->conn, st, &ids, e);
	for (i = 0; rc == RC_OK && i < ids.n && x->n < x->max; i++)
		rc = retry_in_order(tx, x, ids.v[i], e);
	lite_ids_fini(&ids);
	return rc;
}

enum rc
lite_dead_retry(void *impl, const struct store_dead *d, size_t max,
    int64_t now_ms, size_t *n, struct err *e)
{
	struct dead_retry x = { d, max, now_ms, 0 };
	enum rc rc = lite_commit_now(impl, run_dead_retry, &x, e);

	if (rc == RC_OK)
		*n = x.n;
	return rc;
}
