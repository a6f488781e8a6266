#include "config.h"

#include <string.h>

#include "core/notice_data.h"
#include "store/store_sqlite_int.h"

/*
 * The row of a webhook's health, which core/health.h judges, and the reports of
 * it and of its deliveries.  A notice is written in the transaction in which
 * its cause is.
 */

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

static enum rc
put_calls(struct lite_tx *tx, const char *id, const struct health_news *n,
    const struct health *h, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_WEBHOOK_CALLED);

	lite_text(st, 1, id);
	lite_int(st, 2, n->calls);
	lite_int(st, 3, n->failures);
	lite_int(st, 4, n->sum_ms);
	lite_int(st, 5, h->last_success_ms);
	lite_int(st, 6, h->last_failure_ms);
	lite_int(st, 7, h->consecutive_failures);
	lite_int(st, 8, h->response_min_ms);
	lite_int(st, 9, h->response_max_ms);
	lite_int(st, 10, h->failing_since_ms);
	lite_int(st, 11, h->disable_at_ms);
	return lite_run(tx->conn, st, e);
}

/* Facts from column 0 on: webhook, url, team, why, failing since, disable at,
 * failures, class, code, text.  Borrowed from the row. */
static void
read_facts(struct sqlite3_stmt *st, struct notice_webhook *out)
{
	memset(out, 0, sizeof(*out));
	out->webhook = lite_col_str(st, 0);
	out->url = lite_col_str(st, 1);
	out->team = lite_col_str(st, 2);
	out->why = (enum webhook_why)lite_col_enum(st, 3, WEBHOOK_WHYS);
	out->failing_since_ms = lite_col_ms(st, 4);
	out->disable_at_ms = lite_col_ms(st, 5);
	out->failures = lite_col_int(st, 6);
	out->last_class =
	    (enum outcome_class)lite_col_enum(st, 7, OUTCOME_CLASSES);
	out->last_code = (int)lite_col_int(st, 8);
	out->last_text = lite_col_str(st, 9);
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
		facts.event_type = lite_col_str(st, 14);
		facts.delivery_id = lite_col_str(st, 15);
		facts.order_key = lite_col_str(st, 16);
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

enum rc
lite_webhook_fares(struct lite_tx *tx, const struct lite_target_change *ch,
    struct lite_target *t, int64_t now_ms, bool *is_off, struct err *e)
{
	enum health_step step = HEALTH_STAYS;
	enum webhook_health was = t->health.is;
	enum rc rc = RC_OK;

	*is_off = false;
	if (ch->health.calls > 0 && t->has_webhook) {
		health_apply(&t->health, &ch->health, flow_is_probe(&t->flow),
		    now_ms);
		if (!ch->gone)
			step = health_judge(&t->health, &ch->health, now_ms);
		rc = put_calls(tx, t->name, &ch->health, &t->health, e);
		if (rc == RC_OK && t->health.is != was)
			rc = set_health(tx, t->name, t->health.is, e);
	}
	if (rc != RC_OK)
		return rc;
	if (ch->gone)
		return end_gone(tx, t->name, ch->id, now_ms, is_off, e);
	*is_off = step == HEALTH_DISABLE;
	if (step == HEALTH_DISABLE)
		return disable(tx, t->name, ch->id, WEBHOOK_FAILING, now_ms, e);
	if (step == HEALTH_WARN)
		return report_webhook(tx, NOTICE_FAILING, t->name, ch->id,
		    now_ms, e);
	return RC_OK;
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
