#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/strlist.h"
#include "core/bucket.h"
#include "core/webhook.h"
#include "store/store_sqlite_int.h"

/*
 * What bounds the deliveries to one target: its share of tokens, its open
 * requests, its breaker.  All of it is in the target's row and changes in
 * the transactions that lease and settle, so every drain sees the same and
 * a restart forgets nothing.
 *
 * 1. ready_ms is the latest of next_due_ms and of what holds it up.
 * 2. A token is taken by a lease and given back by what was not begun.
 * 3. Of a target whose breaker is not closed one job is leased, its probe.
 * 4. A drain that is alone may lease in advance, and bounds what is open
 *    itself.  So do drains that have divided max_in_flight; while others
 *    live that have not, a target has at most max_in_flight jobs on lease.
 */
#define REST_MS 50 /* of a target whose jobs are all in hand elsewhere */
#define MEND_MS 1000
#define LOOK_MS (5 * 60 * 1000) /* for what was written as the clock was set */

void
lite_target_of_row(struct sqlite3_stmt *st, int at, struct lite_target *t)
{
	memset(t, 0, sizeof(*t));
	t->id = lite_col_int(st, at);
	t->kind = (enum store_kind)lite_col_enum(st, at + 1, STORE_KINDS);
	t->name = lite_col_text(st, at + 2);
	t->waiting = lite_col_int(st, at + 3);
	t->leased = lite_col_int(st, at + 4);
	t->next_due_ms = lite_col_int(st, at + 5);
	t->blocked_until_ms = lite_col_int(st, at + 6);
	t->rate = lite_col_int(st, at + 7);
	t->max_in_flight = lite_col_int(st, at + 8);
	t->bucket_us = lite_col_int(st, at + 9);
	t->limited_until_ms = lite_col_int(st, at + 10);
	t->limit_hits = lite_col_int(st, at + 11);
	t->breaker.state =
	    (enum breaker_state)lite_col_enum(st, at + 12, BREAKER_STATES);
	t->breaker.failures = lite_col_int(st, at + 13);
	t->breaker.until_ms = lite_col_int(st, at + 14);
	t->breaker.opens = lite_col_int(st, at + 15);
	t->was = t->breaker.state;
}

enum rc
lite_target_read(struct lite_tx *tx, int64_t id, struct lite_target *t,
    bool *found, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_TARGET_GET);
	enum rc rc;

	t->name = NULL;
	lite_int(st, 1, id);
	rc = lite_step(tx->conn, st, found, e);
	if (rc == RC_OK && *found) {
		lite_target_of_row(st, 0, t);
		lite_reset(st);
	}
	return rc;
}

void
lite_target_fini(struct lite_target *t)
{
	free(t->name);
	t->name = NULL;
}

enum rc
lite_target_write(struct lite_tx *tx, const struct lite_target *t,
    const struct lite_target_change *ch, struct err *e)
{
	bool answered = ch != NULL && t->kind == STORE_DELIVER && ch->calls > 0;
	struct sqlite3_stmt *st = lite_stmt(tx->conn,
	    answered ? LITE_TARGET_SET_ANSWERED : LITE_TARGET_SET);

	lite_int(st, 1, t->id);
	lite_int(st, 2, t->waiting);
	lite_int(st, 3, t->leased);
	lite_int(st, 4, t->next_due_ms);
	lite_int(st, 5, t->blocked_until_ms);
	lite_int(st, 6, t->rate);
	lite_int(st, 7, t->max_in_flight);
	lite_int(st, 8, t->bucket_us);
	lite_int(st, 9, t->limited_until_ms);
	lite_int(st, 10, t->limit_hits);
	lite_int(st, 11, t->breaker.state);
	lite_int(st, 12, t->breaker.failures);
	lite_int(st, 13, t->breaker.until_ms);
	lite_int(st, 14, t->breaker.opens);
	if (answered)
		lite_bind_answers(st, 15, ch);
	/* Whoever holds jobs of it is to know. */
	if ((t->breaker.state == BREAKER_CLOSED) != (t->was == BREAKER_CLOSED))
		lite_tally_sum(tx, LITE_SUM_BLOCKED_VERSION, 1);
	return lite_run(tx->conn, st, e);
}

static int64_t
rate_of(const struct lite_tx *tx, const struct lite_target *t)
{
	int64_t rate = t->rate < 0 ? tx->flow.rate : t->rate;

	if (t->kind != STORE_DELIVER || rate <= 0)
		return 0;
	return rate < BUCKET_RATE_MAX ? rate : BUCKET_RATE_MAX;
}

static int64_t
most_of(const struct lite_tx *tx, const struct lite_target *t)
{
	int64_t most =
	    t->max_in_flight < 0 ? tx->flow.max_in_flight : t->max_in_flight;

	return t->kind == STORE_DELIVER && most > 0 ? most : INT64_MAX;
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool
may_run_ahead(const struct lite_company *c, int64_t most)
{
	return c->drains == 1 || most == INT64_MAX ||
	    (c->is_split && store_flow_share(most, c->drains) > 0);
}

/* Of little that waits a drain leaves the others theirs. */
static int64_t
part_of(const struct lite_target *t, const struct lite_company *c, int64_t most)
{
	int64_t drains = (int64_t)c->drains;
	int64_t part = (most + drains - 1) / drains;
	int64_t waits = t->waiting / drains;

	if (!may_run_ahead(c, most))
		return least(part, most - t->leased);
	return part > waits ? part : waits;
}

size_t
lite_flow_room(const struct lite_tx *tx, const struct lite_target *t,
    size_t room, const struct lite_company *c)
{
	int64_t most = most_of(tx, t), rate = rate_of(tx, t);
	int64_t n = least((int64_t)room, most);

	if (t->breaker.state != BREAKER_CLOSED)
		n = least(n, 1);
	if (c->drains > 1 && most < INT64_MAX)
		n = least(n, part_of(t, c, most));
	if (rate > 0)
		n = least(n,
		    bucket_tokens(rate, t->bucket_us, tx->now_ms * 1000));
	return n > 0 ? (size_t)n : 0;
}

bool
lite_flow_is_probe(const struct lite_target *t)
{
	return t->breaker.state != BREAKER_CLOSED;
}

static void
take_tokens(const struct lite_tx *tx, struct lite_target *t, int64_t n,
    bool has_more)
{
	int64_t rate = rate_of(tx, t), now_us = tx->now_ms * 1000;

	if (rate == 0)
		return;
	t->bucket_us = bucket_take(rate, t->bucket_us, now_us, n);
	if (!has_more || bucket_tokens(rate, t->bucket_us, now_us) > 0)
		return;
	t->limited_until_ms =
	    (bucket_again_us(rate, t->bucket_us, now_us) + 999) / 1000;
	t->limit_hits++;
}

static void
give_back(const struct lite_tx *tx, struct lite_target *t, int64_t unused)
{
	int64_t rate = rate_of(tx, t), now_us = tx->now_ms * 1000;

	if (rate > 0 && unused > 0)
		t->bucket_us = bucket_take(rate, t->bucket_us, now_us, -unused);
	if (rate == 0 || bucket_tokens(rate, t->bucket_us, now_us) > 0)
		t->limited_until_ms = least(t->limited_until_ms, tx->now_ms);
}

void
lite_flow_change(const struct lite_tx *tx, struct lite_target *t,
    const struct lite_target_change *ch)
{
	const struct breaker_rule rule = { tx->flow.failures,
		tx->flow.open_ms };

	if (t->kind == STORE_DELIVER)
		breaker_apply(&t->breaker, &rule, &ch->news, tx->now_ms);
	if (ch->leased < 0)
		give_back(tx, t, ch->unused);
	if (!ch->was_asked)
		return;
	/* The others come first from now on. */
	if (ch->has_more)
		t->limited_until_ms =
		    ch->taken > 0 ? tx->now_ms : tx->now_ms + REST_MS;
	take_tokens(tx, t, ch->taken, ch->has_more);
	if (ch->taken > 0 && t->breaker.state != BREAKER_CLOSED)
		breaker_probe(&t->breaker, tx->now_ms);
}

/* Others may have taken the labels while the webhook was deleted. */
static enum rc
keep_labels_few(struct lite_tx *tx, int64_t target, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_TARGET_UNLABEL);

	lite_int(st, 1, target);
	lite_int(st, 2, STORE_LABELS_MAX);
	return lite_run(tx->conn, st, e);
}

enum rc
lite_flow_follow(struct lite_tx *tx, const struct webhook *w, struct err *e)
{
	struct lite_target t;
	int64_t id;
	bool found = false;
	enum rc rc;

	rc = lite_target_get(tx, STORE_DELIVER, w->id, &id, e);
	if (rc == RC_OK)
		rc = keep_labels_few(tx, id, e);
	if (rc == RC_OK)
		rc = lite_target_read(tx, id, &t, &found, e);
	if (rc != RC_OK || !found)
		return rc;
	t.blocked_until_ms = w->enabled ? 0 : LITE_FAR;
	t.rate = w->rate_limit;
	t.max_in_flight = w->max_in_flight;
	t.limited_until_ms = 0;
	if (w->breaker == BREAKER_CLOSED && lite_flow_is_probe(&t))
		breaker_close(&t.breaker);
	rc = lite_target_write(tx, &t, NULL, e);
	lite_target_fini(&t);
	return rc;
}

static enum rc
write_split(struct lite_tx *tx, const struct store_lease_want *want,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_WORKER_SPLIT);

	lite_text(st, 1, want->worker);
	lite_int(st, 2, (int64_t)want->split);
	return lite_run(tx->conn, st, e);
}

enum rc
lite_flow_company(struct lite_tx *tx, const struct store_lease_want *want,
    struct lite_company *out, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_WORKER_OTHERS);
	int64_t least_split = 0;
	bool row;
	enum rc rc;

	out->drains = 1;
	lite_text(st, 1, want->worker);
	lite_int(st, 2, tx->now_ms);
	lite_int(st, 3, STORE_DRAIN_SEEN_MS);
	rc = lite_step(tx->conn, st, &row, e);
	if (rc == RC_OK && row) {
		out->drains += (size_t)lite_col_int(st, 0);
		least_split = lite_col_int(st, 1);
		lite_reset(st);
	}
	least_split = least(least_split, (int64_t)want->split);
	out->is_split = out->drains > 1 && least_split >= (int64_t)out->drains;
	return rc == RC_OK ? write_split(tx, want, e) : rc;
}

bool
lite_flow_is_set_back(struct lite *l, int64_t now_ms)
{
	int64_t drift = now_ms - clock_boot_ms(l->clock);
	int64_t boot_ms = now_ms - drift;
	bool is = !l->flow_seen || drift < l->flow_drift_ms - MEND_MS ||
	    boot_ms >= l->flow_mend_at;

	if (is)
		l->flow_mend_at = boot_ms + LOOK_MS;
	l->flow_seen = true;
	l->flow_drift_ms = drift;
	return is;
}

void
lite_flow(void *impl, const struct store_flow *f)
{
	struct lite *l = impl;
	size_t i;

	atomic_store(&l->flow_rate, f->rate);
	atomic_store(&l->flow_max_in_flight, f->max_in_flight);
	atomic_store(&l->flow_failures, f->failures);
	atomic_store(&l->flow_open_ms, f->open_ms);
	for (i = 0; i < f->nretries && i < WEBHOOK_RETRIES_MAX; i++)
		atomic_store(&l->flow_schedule[i], f->retry_schedule[i]);
	atomic_store(&l->flow_retries,
	    f->retry_schedule == NULL ? -1 : (long long)i);
}

bool
lite_flow_schedule(struct lite *l, int64_t out[WEBHOOK_RETRIES_MAX], size_t *n)
{
	long long known = atomic_load(&l->flow_retries);
	long long i;

	*n = known > 0 ? (size_t)known : 0;
	for (i = 0; i < known; i++)
		out[i] = atomic_load(&l->flow_schedule[i]);
	return known >= 0;
}

struct store_flow
lite_flow_now(struct lite *l)
{
	return (struct store_flow){ .rate = atomic_load(&l->flow_rate),
		.max_in_flight = atomic_load(&l->flow_max_in_flight),
		.failures = atomic_load(&l->flow_failures),
		.open_ms = atomic_load(&l->flow_open_ms) };
}

enum rc
lite_blocked(void *impl, int64_t *version, struct strlist *out, bool *changed,
    struct err *e)
{
	struct lite *l = impl;
	struct sqlite3_stmt *st;
	struct lite_conn *c;
	int64_t now;
	bool row = true;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	rc = lite_sum_read(c, LITE_SUM_BLOCKED_VERSION, &now, e);
	if (rc == RC_OK && now != *version) {
		*changed = true;
		st = lite_stmt(c, LITE_TARGET_BLOCKED);
		while (row) {
			rc = lite_step(c, st, &row, e);
			if (rc != RC_OK || !row)
				break;
			strlist_put(out,
			    (const char *)sqlite3_column_text(st, 0));
		}
		/* A change between the two shows as another version. */
		*version = now;
	}
	lite_reader_give(l, c);
	if (rc != RC_OK)
		strlist_fini(out);
	return rc;
}
