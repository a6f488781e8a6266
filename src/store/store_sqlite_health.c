#include "config.h"

#include <string.h>

#include <sqlite3.h>

#include "core/backoff.h"
#include "core/notice_data.h"
#include "store/store_sqlite_int.h"

/*
 * The health of a webhook, and the reports of it and of its deliveries.
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
 * 3. A notice is written in the transaction in which its cause is.
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
	if (flow_is_probe(&t->flow))
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

/* Facts from column 0 on: webhook, url, team, why, failing since, disable at,
 * failures, class, code, text.  Borrowed from the row. */
static void
read_facts(struct sqlite3_stmt *st, struct notice_webhook *out)
{
	memset(out, 0, sizeof(*out));
	out->webhook = (const char *)sqlite3_column_text(st, 0);
	out->url = (const char *)sqlite3_column_text(st, 1);
	out->team = (const char *)sqlite3_column_text(st, 2);
	out->why = (enum webhook_why)lite_col_enum(st, 3, WEBHOOK_WHYS);
	out->failing_since_ms = lite_col_ms(st, 4);
	out->disable_at_ms = lite_col_ms(st, 5);
	out->failures = lite_col_int(st, 6);
	out->last_class =
	    (enum outcome_class)lite_col_enum(st, 7, OUTCOME_CLASSES);
	out->last_code = (int)lite_col_int(st, 8);
	out->last_text = (const char *)sqlite3_column_text(st, 9);
}

/* st was bound; without a row there is nothing to report. */
static enum rc
report(struct lite_tx *tx, struct sqlite3_stmt *st, enum notice_name name,
    int64_t now_ms, struct err *e)
{
	struct notice_webhook facts;
	struct notice n;
	int64_t event;
	bool row;
	enum rc rc = lite_step(tx->conn, st, &row, e);

	if (rc != RC_OK || !row)
		return rc;
	read_facts(st, &facts);
	if (notice_subject(name) == NOTICE_OF_DELIVERY) {
		lite_public_id(tx->lite, "job_", lite_col_int(st, 11),
		    lite_col_int(st, 10), facts.delivery);
		event = lite_col_int(st, 12);
		if (event != 0)
			lite_public_id(tx->lite, "evt_", lite_col_int(st, 13),
			    event, facts.event);
		facts.event_type = (const char *)sqlite3_column_text(st, 14);
		facts.delivery_id = (const char *)sqlite3_column_text(st, 15);
		facts.order_key = (const char *)sqlite3_column_text(st, 16);
	}
	notice_of_webhook(name, &facts, now_ms, &n);
	lite_reset(st);
	rc = lite_notice_put(tx, &n, e);
	notice_fini(&n);
	return rc;
}

static enum rc
report_webhook(struct lite_tx *tx, enum notice_name name, const char *id,
    int64_t target, int64_t now_ms, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_NOTICE_WEBHOOK);

	lite_text(st, 1, id);
	lite_int(st, 2, target);
	return report(tx, st, name, now_ms, e);
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
	return report_webhook(tx, NOTICE_DISABLED, id, target, now_ms, e);
}

/* The webhook is reported as failing, and its owner has from now until
 * disable_at_ms to mend it. */
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
	return report_webhook(tx, NOTICE_FAILING, id, target, now_ms, e);
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

	lite_int(st, 1, job);
	lite_text(st, 2, NOTICE_SOURCE);
	return report(tx, st, NOTICE_DEAD, tx->now_ms, e);
}

enum rc
lite_notice_blocked(struct lite_tx *tx, int64_t head, int64_t held_max,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_NOTICE_BLOCKED);

	lite_int(st, 1, held_max);
	lite_text(st, 2, NOTICE_SOURCE);
	lite_int(st, 3, head);
	return report(tx, st, NOTICE_BLOCKED, tx->now_ms, e);
}
