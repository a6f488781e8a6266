#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/strlist.h"
#include "core/flow.h"
#include "core/webhook.h"
#include "store/store_sqlite_int.h"

/*
 * The rows of targets, which core/flow.h judges, and the drains that share
 * them.  A row changes in the transactions that lease and settle.
 */
#define MEND_MS 1000
#define LOOK_MS (5 * 60 * 1000) /* for what was written as the clock was set */

void
lite_target_of_row(struct sqlite3_stmt *st, int at, struct lite_target *t)
{
	struct flow *f = &t->flow;

	memset(t, 0, sizeof(*t));
	t->id = lite_col_int(st, at);
	t->kind = (enum store_kind)lite_col_enum(st, at + 1, STORE_KINDS);
	t->name = lite_col_text(st, at + 2);
	f->is_delivery = t->kind == STORE_DELIVER;
	f->waiting = lite_col_int(st, at + 3);
	f->leased = lite_col_int(st, at + 4);
	f->next_due_ms = lite_col_int(st, at + 5);
	f->blocked_until_ms = lite_col_int(st, at + 6);
	f->rate = lite_col_int(st, at + 7);
	f->max_in_flight = lite_col_int(st, at + 8);
	f->bucket_us = lite_col_int(st, at + 9);
	f->limited_until_ms = lite_col_int(st, at + 10);
	f->limit_hits = lite_col_int(st, at + 11);
	f->breaker.state =
	    (enum breaker_state)lite_col_enum(st, at + 12, BREAKER_STATES);
	f->breaker.failures = lite_col_int(st, at + 13);
	f->breaker.until_ms = lite_col_int(st, at + 14);
	f->breaker.opens = lite_col_int(st, at + 15);
	f->held_until_ms = lite_col_int(st, at + 16);
	t->was = f->breaker.state;
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

/* A count that is added to. */
static int64_t
count_of(struct sqlite3_stmt *st, int at)
{
	int64_t n = lite_col_int(st, at);

	return n < 0 ? 0 : n > INT32_MAX ? INT32_MAX : n;
}

static void
health_of_row(struct sqlite3_stmt *st, int at, struct health *h)
{
	h->enabled = lite_col_int(st, at) != 0;
	h->damaged = lite_col_int(st, at + 1) != 0;
	h->is = (enum webhook_health)lite_col_enum(st, at + 2, WEBHOOK_HEALTHS);
	h->last_success_ms = lite_col_ms(st, at + 3);
	h->last_failure_ms = lite_col_ms(st, at + 4);
	h->consecutive_failures = count_of(st, at + 5);
	h->has_responses = lite_col_int(st, at + 6) != 0;
	h->response_min_ms = lite_col_int(st, at + 7);
	h->response_max_ms = lite_col_int(st, at + 8);
	h->failing_since_ms = lite_col_ms(st, at + 9);
	h->disable_at_ms = lite_col_ms(st, at + 10);
}

enum rc
lite_target_read_called(struct lite_tx *tx, int64_t id, struct lite_target *t,
    bool *found, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_TARGET_GET_CALLED);
	enum rc rc;

	t->name = NULL;
	lite_int(st, 1, id);
	rc = lite_step(tx->conn, st, found, e);
	if (rc != RC_OK || !*found)
		return rc;
	lite_target_of_row(st, 0, t);
	t->has_webhook = !lite_col_is_null(st, LITE_TARGET_COLUMNS);
	health_of_row(st, LITE_TARGET_COLUMNS, &t->health);
	lite_reset(st);
	return RC_OK;
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
	bool answered =
	    ch != NULL && t->kind == STORE_DELIVER && ch->health.calls > 0;
	const struct flow *f = &t->flow;
	struct sqlite3_stmt *st = lite_stmt(tx->conn,
	    answered ? LITE_TARGET_SET_ANSWERED : LITE_TARGET_SET);

	lite_int(st, 1, t->id);
	lite_int(st, 2, f->waiting);
	lite_int(st, 3, f->leased);
	lite_int(st, 4, f->next_due_ms);
	lite_int(st, 5, f->blocked_until_ms);
	lite_int(st, 6, f->rate);
	lite_int(st, 7, f->max_in_flight);
	lite_int(st, 8, f->bucket_us);
	lite_int(st, 9, f->limited_until_ms);
	lite_int(st, 10, f->limit_hits);
	lite_int(st, 11, f->breaker.state);
	lite_int(st, 12, f->breaker.failures);
	lite_int(st, 13, f->breaker.until_ms);
	lite_int(st, 14, f->breaker.opens);
	lite_int(st, 15, flow_ready_ms(f));
	if (answered)
		lite_bind_answers(st, 16, ch);
	/* Whoever holds jobs of it is to know. */
	if (flow_is_probe(f) != (t->was != BREAKER_CLOSED))
		lite_tally_sum(tx, LITE_SUM_BLOCKED_VERSION, 1);
	return lite_run(tx->conn, st, e);
}

struct flow_limits
lite_flow_limits(const struct lite_tx *tx)
{
	return (struct flow_limits){ .rate = tx->flow.rate,
		.max_in_flight = tx->flow.max_in_flight,
		.breaker = { tx->flow.failures, tx->flow.open_ms } };
}

size_t
lite_flow_room(const struct lite_tx *tx, const struct lite_target *t,
    size_t room, const struct flow_drains *d)
{
	const struct flow_limits all = lite_flow_limits(tx);

	return flow_room(&t->flow, &all, d, room, tx->now_ms);
}

void
lite_flow_change(const struct lite_tx *tx, struct lite_target *t,
    const struct lite_target_change *ch)
{
	const struct flow_limits all = lite_flow_limits(tx);
	const struct flow_change change = { .news = ch->news,
		.has_ended = ch->leased < 0,
		.unused = ch->unused,
		.was_asked = ch->was_asked,
		.has_more = ch->has_more,
		.taken = ch->taken };

	flow_apply(&t->flow, &all, &change, tx->now_ms);
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
	const struct flow_wish wish = { .enabled = w->enabled,
		.rate = w->rate_limit,
		.max_in_flight = w->max_in_flight,
		.closes_breaker = w->breaker == BREAKER_CLOSED };
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
	flow_follow(&t.flow, &wish);
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

/* The want that leases deliveries, or NULL: max_in_flight and its division
 * are theirs alone. */
static const struct store_lease_want *
deliveries_of(const struct store_lease_want *wants, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (store_wants_kind(&wants[i], STORE_DELIVER))
			return &wants[i];
	return NULL;
}

enum rc
lite_flow_drains(struct lite_tx *tx, const struct store_lease_want *wants,
    size_t n, struct flow_drains *out, struct err *e)
{
	const struct store_lease_want *want = deliveries_of(wants, n);
	struct sqlite3_stmt *st;
	struct flow_worker w;
	bool row = true;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	if (want == NULL)
		return RC_OK;
	flow_drains_init(out, (int64_t)want->split);
	st = lite_stmt(tx->conn, LITE_WORKER_DRAINS);
	lite_text(st, 1, want->worker);
	lite_int(st, 2, tx->now_ms);
	lite_int(st, 3, STORE_DRAIN_SEEN_MS);
	for (;;) {
		rc = lite_step(tx->conn, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		w.is_me = lite_col_int(st, 0) != 0;
		w.last_seen_ms = lite_col_int(st, 1);
		w.shared_ms = lite_col_int(st, 2);
		w.split = lite_col_int(st, 3);
		flow_drains_add(out, &w, STORE_DRAIN_SEEN_MS, tx->now_ms);
	}
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
			strlist_put(out, lite_col_str(st, 0));
		}
		/* A change between the two shows as another version. */
		*version = now;
	}
	lite_reader_give(l, c);
	if (rc != RC_OK)
		strlist_fini(out);
	return rc;
}
