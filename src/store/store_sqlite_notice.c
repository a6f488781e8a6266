#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/xalloc.h"
#include "core/backoff.h"
#include "core/event.h"
#include "core/notice.h"
#include "store/store_sqlite_int.h"

/*
 * How a webhook fares, and what is said of it.
 *
 *            a failure        told: disable_at_ms       a failure after it
 * [well] ───────────► [failing] ───────────► [warned] ───────────► [disabled]
 *    ▲                    │ a success            │ a success           │
 *    └────────────────────┴──────────────────────┘    a person enables ┘
 *
 * 1. failing_since_ms is the first failure after the last success; a success
 *    clears it and disable_at_ms.
 * 2. Nobody is disabled for failing who was not told a day before, or half
 *    of disable_after where that is less than two days, however rarely
 *    something is tried.
 * 3. A notice is put down in the transaction in which its cause is.
 */
#define WARNING_MS (INT64_C(86400) * 1000)

struct state {
	bool is_enabled;
	int64_t failing_since_ms, disable_at_ms;
};

/* The health is in an index, which is not written where it stays the same. */
static enum rc
set_health(struct lite_tx *tx, const char *id, enum webhook_health health,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_WEBHOOK_HEALTH);

	lite_text(st, 1, id);
	lite_int(st, 2, health);
	return lite_run(tx->conn, st, e);
}

static enum webhook_health
health_after(const struct lite_target_change *ch, const struct lite_target *t)
{
	if (lite_flow_is_probe(t))
		return WEBHOOK_UNAVAILABLE;
	return ch->consecutive > 0 ? WEBHOOK_DEGRADED : WEBHOOK_HEALTHY;
}

static enum rc
add_calls(struct lite_tx *tx, const struct lite_target_change *ch,
    const struct lite_target *t, int64_t now_ms, struct state *out, bool *found,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_WEBHOOK_TALLY);
	enum webhook_health health = health_after(ch, t), was;
	enum rc rc;

	lite_text(st, 1, t->name);
	lite_int(st, 2, ch->calls);
	lite_int(st, 3, ch->failures);
	lite_int(st, 4, ch->success_ms);
	lite_int(st, 5, ch->failure_ms);
	lite_int(st, 6, ch->succeeded);
	lite_int(st, 7, ch->consecutive);
	lite_int(st, 8, ch->sum_ms);
	lite_int(st, 9, ch->min_ms);
	lite_int(st, 10, ch->max_ms);
	lite_int(st, 11, ch->failing_since_ms);
	lite_int(st, 12, now_ms);
	rc = lite_step(tx->conn, st, found, e);
	if (rc != RC_OK || !*found)
		return rc;
	out->is_enabled = lite_col_int(st, 0) != 0;
	out->failing_since_ms = lite_col_ms(st, 1);
	out->disable_at_ms = lite_col_ms(st, 2);
	was = (enum webhook_health)lite_col_enum(st, 3, WEBHOOK_HEALTHS);
	if (!out->is_enabled || lite_col_int(st, 4) != 0)
		health = WEBHOOK_UNAVAILABLE;
	rc = lite_run(tx->conn, st, e);
	return rc == RC_OK && health != was ? set_health(tx, t->name, health, e)
					    : rc;
}

static enum rc
put_notice(struct lite_tx *tx, enum notice_what what, const char *id,
    int64_t target, int64_t now_ms, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_NOTICE_PUT);

	lite_int(st, 1, what);
	lite_int(st, 2, now_ms);
	lite_text(st, 3, id);
	lite_int(st, 4, target);
	tx->new_work = true;
	return lite_run(tx->conn, st, e);
}

static enum rc
disable(struct lite_tx *tx, const char *id, int64_t target,
    enum webhook_why why, int64_t now_ms, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_WEBHOOK_DISABLE);
	enum rc rc;

	lite_text(st, 1, id);
	lite_int(st, 2, now_ms);
	lite_int(st, 3, why);
	rc = lite_run(tx->conn, st, e);
	if (rc != RC_OK || lite_changes(tx->conn) == 0)
		return rc;
	lite_tally_sum(tx, LITE_SUM_WEBHOOKS_VERSION, 1);
	return put_notice(tx, NOTICE_DISABLED, id, target, now_ms, e);
}

/* Its owner hears of it, and has the time to mend it from now on. */
static enum rc
put_end(struct lite_tx *tx, const char *id, int64_t disable_at_ms,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_WEBHOOK_WARNED);

	lite_text(st, 1, id);
	lite_int(st, 2, disable_at_ms);
	return lite_run(tx->conn, st, e);
}

static enum rc
warn(struct lite_tx *tx, const char *id, int64_t target, int64_t disable_at_ms,
    int64_t now_ms, struct err *e)
{
	enum rc rc = put_end(tx, id, disable_at_ms, e);

	if (rc != RC_OK)
		return rc;
	return put_notice(tx, NOTICE_FAILING, id, target, now_ms, e);
}

/* Nobody is there any more.  One that was deleted meanwhile has no owner who
 * could enable it, and what a drain still had in hand of it must come out to
 * be cancelled. */
static enum rc
end_gone(struct lite_tx *tx, const char *id, int64_t target, int64_t now_ms,
    bool *is_off, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_WEBHOOK_HAS);
	enum rc rc;

	lite_text(st, 1, id);
	rc = lite_step(tx->conn, st, is_off, e);
	if (rc != RC_OK || !*is_off)
		return rc;
	lite_reset(st);
	return disable(tx, id, target, WEBHOOK_GONE, now_ms, e);
}

/* After a failure, which may have been the last that is borne. */
static enum rc
judge(struct lite_tx *tx, const struct lite_target_change *ch, const char *id,
    const struct state *s, int64_t now_ms, bool *is_off, struct err *e)
{
	int64_t at_ms = s->failing_since_ms + ch->disable_after_ms;
	int64_t ahead_ms = ch->disable_after_ms / 2 < WARNING_MS
	    ? ch->disable_after_ms / 2
	    : WARNING_MS;

	/* The clock was ahead when its owner was told. */
	if (s->disable_at_ms > now_ms + ahead_ms + BACKOFF_SLACK_MS)
		return put_end(tx, id, now_ms + ahead_ms, e);
	if (s->disable_at_ms != 0) {
		*is_off = now_ms >= s->disable_at_ms;
		return !*is_off
		    ? RC_OK
		    : disable(tx, id, ch->id, WEBHOOK_FAILING, now_ms, e);
	}
	if (now_ms < at_ms - ahead_ms)
		return RC_OK;
	if (at_ms < now_ms + ahead_ms)
		at_ms = now_ms + ahead_ms;
	return warn(tx, id, ch->id, at_ms, now_ms, e);
}

enum rc
lite_webhook_fares(struct lite_tx *tx, const struct lite_target_change *ch,
    const struct lite_target *t, int64_t now_ms, bool *is_off, struct err *e)
{
	struct state s = { 0 };
	bool found = false;
	enum rc rc = RC_OK;

	*is_off = false;
	if (ch->calls > 0)
		rc = add_calls(tx, ch, t, now_ms, &s, &found, e);
	if (rc == RC_OK && ch->gone)
		return end_gone(tx, t->name, ch->id, now_ms, is_off, e);
	if (rc != RC_OK || !found || !s.is_enabled || ch->consecutive == 0 ||
	    ch->disable_after_ms <= 0)
		return rc;
	return judge(tx, ch, t->name, &s, now_ms, is_off, e);
}

enum rc
lite_notice_dead(struct lite_tx *tx, int64_t job, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_NOTICE_DEAD);
	enum rc rc;

	lite_int(st, 1, NOTICE_DEAD);
	lite_int(st, 2, tx->now_ms);
	lite_int(st, 3, job);
	lite_text(st, 4, NOTICE_SOURCE);
	rc = lite_run(tx->conn, st, e);
	if (rc == RC_OK && lite_changes(tx->conn) > 0)
		tx->new_work = true;
	return rc;
}

enum rc
lite_notice_blocked(struct lite_tx *tx, int64_t head, int64_t held_max,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_NOTICE_BLOCKED);
	enum rc rc;

	lite_int(st, 1, NOTICE_BLOCKED);
	lite_int(st, 2, tx->now_ms);
	lite_int(st, 3, head);
	lite_text(st, 4, NOTICE_SOURCE);
	lite_int(st, 5, held_max);
	rc = lite_run(tx->conn, st, e);
	if (rc == RC_OK && lite_changes(tx->conn) > 0)
		tx->new_work = true;
	return rc;
}

static void
read_row(struct lite *l, struct sqlite3_stmt *st, struct notice *out)
{
	int64_t job, event;

	memset(out, 0, sizeof(*out));
	out->id = lite_col_int(st, 0);
	out->what = (enum notice_what)lite_col_enum(st, 1, NOTICE_WHATS);
	out->at_ms = lite_col_ms(st, 2);
	out->webhook = lite_col_text(st, 3);
	out->url = lite_col_text(st, 4);
	out->team = lite_col_text(st, 5);
	out->why = (enum webhook_why)lite_col_enum(st, 6, WEBHOOK_WHYS);
	out->failing_since_ms = lite_col_ms(st, 7);
	out->disable_at_ms = lite_col_ms(st, 8);
	out->failures = lite_col_int(st, 9);
	out->last_class =
	    (enum outcome_class)lite_col_enum(st, 10, OUTCOME_CLASSES);
	out->last_code = (int)lite_col_int(st, 11);
	out->last_text = lite_col_text(st, 12);
	job = lite_col_int(st, 13);
	event = lite_col_int(st, 15);
	if (job != 0)
		lite_public_id(l, "job_", lite_col_int(st, 14), job,
		    out->delivery);
	if (event != 0)
		lite_public_id(l, "evt_", lite_col_int(st, 16), event,
		    out->event);
	out->event_type = lite_col_text(st, 17);
	out->delivery_id = lite_col_text(st, 18);
	out->order_key = lite_col_text(st, 19);
}

struct notice *
lite_notice_add(struct store_notices *l)
{
	if (l->n % 64 == 0)
		l->v = xreallocarray(l->v, l->n + 64, sizeof(*l->v));
	memset(&l->v[l->n], 0, sizeof(*l->v));
	return &l->v[l->n++];
}

enum rc
lite_notices(void *impl, size_t max, struct store_notices *out, struct err *e)
{
	struct lite *l = impl;
	struct sqlite3_stmt *st;
	struct lite_conn *c;
	bool row = true;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(c, LITE_NOTICE_LIST);
	lite_int(st, 1, (int64_t)max);
	for (;;) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		read_row(l, st, lite_notice_add(out));
	}
	lite_reset(st);
	if (rc == RC_OK)
		rc = lite_source_notices(l, c, max, out, e);
	lite_reader_give(l, c);
	/* A source that is not due leaves room behind. */
	if (rc != RC_OK || out->n == 0)
		store_notices_free(out);
	return rc;
}

struct tell {
	struct store_telling *v;
	size_t n;
};

static enum rc
drop_notice(struct lite_tx *tx, struct store_telling *t, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_NOTICE_DELETE);
	enum rc rc;

	lite_int(st, 1, t->notice);
	rc = lite_run(tx->conn, st, e);
	t->late = rc == RC_OK && lite_changes(tx->conn) == 0;
	return rc;
}

/* The event and the end of its notice are one transaction, so it is told
 * once, whoever else does the same. */
static enum rc
run_tell(struct lite_tx *tx, void *arg, struct err *e)
{
	const struct tell *x = arg;
	struct store_receipt receipt;
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < x->n; i++) {
		if (x->v[i].of_source != NULL)
			rc = lite_source_reported(tx, x->v[i].of_source,
			    &x->v[i].late, e);
		else
			rc = drop_notice(tx, &x->v[i], e);
		if (rc == RC_OK && !x->v[i].late && x->v[i].event != NULL)
			rc = lite_accept_in(tx, x->v[i].event, &receipt, e);
	}
	return rc;
}

enum rc
lite_tell(void *impl, struct store_telling *v, size_t n, struct err *e)
{
	struct tell x = { v, n };

	if (n == 0)
		return RC_OK;
	return lite_commit_now(impl, run_tell, &x, e);
}
