#include "config.h"

#include <string.h>

#include "base/clock.h"
#include "store/store_sqlite_int.h"

/* The lines of jobs with an order key, which core/order.h judges. */

static enum rc
read_first(struct lite_tx *tx, struct sqlite3_stmt *st, struct order_place *out,
    bool *found, struct err *e)
{
	enum rc rc = lite_step(tx->conn, st, found, e);

	if (rc != RC_OK || !*found)
		return rc;
	out->id = lite_col_int(st, 0);
	out->event = lite_col_int(st, 1);
	out->due_ms = lite_col_int(st, 2);
	out->state = (enum job_state)lite_col_enum(st, 3, STORE_STATES);
	out->behind = lite_col_int(st, 4) != 0;
	lite_reset(st);
	return RC_OK;
}

/* The first in the line of the key that a job has or had. */
static enum rc
first_of(struct lite_tx *tx, int64_t job, struct order_place *out, bool *found,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_ORDER_FIRST_OF);

	lite_int(st, 1, job);
	return read_first(tx, st, out, found, e);
}

/* Another one of the job's key is leased: its id, or 0. */
static enum rc
leased_of(struct lite_tx *tx, int64_t job, int64_t *out, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_ORDER_LEASED);
	bool row;
	enum rc rc;

	*out = 0;
	lite_int(st, 1, job);
	rc = lite_step(tx->conn, st, &row, e);
	if (rc == RC_OK && row) {
		*out = lite_col_int(st, 0);
		lite_reset(st);
	}
	return rc;
}

static enum rc
set_behind(struct lite_tx *tx, int64_t job, bool behind, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_ORDER_BEHIND);

	lite_int(st, 1, job);
	lite_int(st, 2, behind);
	return lite_run(tx->conn, st, e);
}

/* A job comes before first, which was the first of the line until now. */
static enum rc
come_before(struct lite_tx *tx, const struct order_place *first, bool *behind,
    struct err *e)
{
	struct order_entry entry;
	int64_t leased = 0;
	enum rc rc = RC_OK;

	*behind = false;
	if (order_asks_leased(first))
		rc = leased_of(tx, first->id, &leased, e);
	if (rc != RC_OK)
		return rc;
	entry = order_overtake(first, leased);
	*behind = entry.is_behind;
	return entry.steps_back == 0
	    ? RC_OK
	    : set_behind(tx, entry.steps_back, true, e);
}

enum rc
lite_order_first(struct lite_tx *tx, int64_t target, const char *order_key,
    struct order_place *out, bool *found, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_ORDER_FIRST);

	lite_int(st, 1, target);
	lite_text(st, 2, order_key);
	return read_first(tx, st, out, found, e);
}

enum rc
lite_order_overtake(struct lite_tx *tx, const struct order_place *first,
    int64_t job, bool *behind, struct err *e)
{
	enum rc rc = come_before(tx, first, behind, e);

	return rc == RC_OK && *behind ? set_behind(tx, job, true, e) : rc;
}

enum rc
lite_order_enter(struct lite_tx *tx, int64_t job, int64_t event, bool *behind,
    struct err *e)
{
	struct order_place first;
	bool found;
	enum rc rc;

	*behind = false;
	rc = first_of(tx, job, &first, &found, e);
	if (rc != RC_OK || !found ||
	    !order_enters_first(&first, event, job, behind))
		return rc;
	return come_before(tx, &first, behind, e);
}

enum rc
lite_order_dies(struct lite_tx *tx, int64_t target, bool *passes, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_ORDER_ON_DEAD);
	bool row;
	enum rc rc;

	*passes = false;
	lite_int(st, 1, target);
	rc = lite_step(tx->conn, st, &row, e);
	if (rc == RC_OK && row) {
		*passes = lite_col_int(st, 0) != 0;
		lite_reset(st);
	}
	return rc;
}

enum rc
lite_order_passed(struct lite_tx *tx, int64_t job, const struct store_dead *d,
    int64_t *first, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_ORDER_PASSED);
	bool row;
	enum rc rc;

	*first = job;
	lite_int(st, 1, job);
	lite_int(st, 2, d->since_ms);
	lite_int(st, 3, d->until_ms);
	rc = lite_step(tx->conn, st, &row, e);
	if (rc == RC_OK && row) {
		*first = lite_col_int(st, 0);
		lite_reset(st);
	}
	return rc;
}

enum rc
lite_order_is_overtaken(struct lite_tx *tx, const struct lite_job *job,
    bool *out, struct err *e)
{
	struct order_place first;
	bool found;
	enum rc rc = first_of(tx, job->id, &first, &found, e);

	*out = rc == RC_OK && found && first.id != job->id;
	return rc;
}

enum rc
lite_order_blocked(struct lite_tx *tx, int64_t job, struct err *e)
{
	struct order_place first;
	bool found;
	enum rc rc = first_of(tx, job, &first, &found, e);

	if (rc != RC_OK || !found || first.state != JOB_DEAD)
		return rc;
	return lite_notice_blocked(tx, first.id, 2, e);
}

static enum rc
let_go(struct lite_tx *tx, int64_t id, const struct order_place *first,
    struct err *e)
{
	struct lite_target_change *target;
	enum rc rc;

	rc = set_behind(tx, first->id, false, e);
	if (rc == RC_OK)
		rc = lite_tally_target(tx, id, &target, e);
	if (rc == RC_OK && first->due_ms < target->due_ms)
		target->due_ms = first->due_ms;
	tx->new_work = true;
	return rc;
}

enum rc
lite_order_let_go(struct lite_tx *tx, const struct lite_job *was, struct err *e)
{
	const struct job rules = lite_job_rules(was);
	struct order_place first;
	enum order_step step;
	int64_t leased = 0;
	bool found;
	enum rc rc;

	rc = first_of(tx, was->id, &first, &found, e);
	if (rc != RC_OK || !found)
		return rc;
	step = order_release(&rules, &first);
	if (step == ORDER_IS_BLOCKED)
		return lite_notice_blocked(tx, first.id, 2, e);
	if (step == ORDER_ASK_LEASED)
		rc = leased_of(tx, first.id, &leased, e);
	if (rc != RC_OK || step == ORDER_NO_STEP || leased != 0)
		return rc;
	return let_go(tx, was->target, &first, e);
}

/* Dead jobs that one transaction passes by. */
#define SKIP_AT_ONCE 500

static enum rc
find_to_skip(struct lite_conn *c, size_t max, struct lite_ids *out,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_ORDER_HOLDS);

	lite_int(st, 1, (int64_t)max);
	return lite_ids(c, st, out, e);
}

static enum rc
run_skip(struct lite_tx *tx, void *arg, struct err *e)
{
	size_t *n = arg, i;
	struct lite_ids ids;
	struct lite_job job;
	bool found;
	enum rc rc;

	*n = 0;
	tx->now_ms = clock_wall_ms(tx->lite->clock);
	rc = find_to_skip(tx->conn, SKIP_AT_ONCE, &ids, e);
	for (i = 0; rc == RC_OK && i < ids.n; i++) {
		rc = lite_job_read(tx, ids.v[i], &job, &found, e);
		if (rc == RC_OK)
			rc = set_behind(tx, ids.v[i], true, e);
		if (rc == RC_OK && found)
			rc = lite_order_let_go(tx, &job, e);
		++*n;
	}
	lite_ids_fini(&ids);
	return rc;
}

enum rc
lite_order_skip(struct lite *l, struct err *e)
{
	struct lite_conn *c;
	struct lite_ids ids;
	size_t n;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	rc = find_to_skip(c, 1, &ids, e);
	lite_reader_give(l, c);
	if (rc != RC_OK)
		return rc;
	n = ids.n > 0 ? SKIP_AT_ONCE : 0;
	lite_ids_fini(&ids);
	while (rc == RC_OK && n == SKIP_AT_ONCE)
		rc = lite_commit_now(l, run_skip, &n, e);
	return rc;
}

/* Of one key so many are counted: a count has a bound. */
#define HELD_MAX 20000

enum rc
lite_order_held(struct lite_conn *c, const char *webhook,
    struct store_held *out, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_HELD_ALL);
	bool row;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	lite_text(st, 1, webhook);
	lite_int(st, 2, HELD_MAX);
	rc = lite_step(c, st, &row, e);
	if (rc == RC_OK && row) {
		out->keys = lite_col_int(st, 0);
		out->deliveries = lite_col_int(st, 1);
		out->oldest_ms = lite_col_int(st, 2);
		out->is_cut = out->deliveries >= HELD_MAX;
		lite_reset(st);
	}
	return rc;
}

enum rc
lite_held(void *impl, const char *webhook, struct store_held *out,
    struct err *e)
{
	struct lite *l = impl;
	struct lite_conn *c;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	rc = lite_order_held(c, webhook, out, e);
	lite_reader_give(l, c);
	return rc;
}

/* Of a webhook in a list, and of all of a page. */
#define SOME_KEYS 200
#define SOME_MAX 2000
#define PAGE_MAX 40000

/* Counts at most *left, and takes from it what it counted. */
static enum rc
held_some(struct lite_conn *c, const char *webhook, int64_t *left,
    struct store_held *out, struct err *e)
{
	int64_t max = *left < SOME_MAX ? *left : SOME_MAX, n, heads;
	struct sqlite3_stmt *st = lite_stmt(c, LITE_HELD_SOME);
	bool row;
	enum rc rc;

	max = max < 1 ? 1 : max;
	lite_text(st, 1, webhook);
	lite_int(st, 2, max);
	lite_int(st, 3, max < SOME_KEYS ? max : SOME_KEYS);
	rc = lite_step(c, st, &row, e);
	if (rc != RC_OK || !row)
		return rc;
	n = lite_col_int(st, 1);
	heads = lite_col_int(st, 4);
	out->keys = lite_col_int(st, 0);
	out->deliveries = n - lite_col_int(st, 2);
	if (out->deliveries < out->keys)
		out->deliveries = out->keys;
	out->oldest_ms = lite_col_int(st, 3);
	out->is_cut = n >= max || heads >= SOME_KEYS || heads >= max;
	lite_reset(st);
	/* A key costs some look-ups. */
	*left -= n + 8 * heads;
	return RC_OK;
}

enum rc
lite_held_page(void *impl, const char *const *webhooks, size_t n,
    struct store_held *out, struct err *e)
{
	struct lite *l = impl;
	struct lite_conn *c;
	int64_t left = PAGE_MAX;
	size_t i;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	for (i = 0; rc == RC_OK && i < n; i++)
		rc = held_some(c, webhooks[i], &left, &out[i], e);
	lite_reader_give(l, c);
	return rc;
}
