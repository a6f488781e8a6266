#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "core/notice.h"
#include "core/webhook.h"
#include "store/store_sqlite_schema.h"
#include "tests/store/fixture.h"
#include "tests/store/raw.h"

/*
 * The names that users of the origin systems query: what they hold, and that
 * nobody writes to them.
 */

/* Names and columns of the origins, in their order. */
static const struct {
	const char *name, *columns;
} views[] = {
	{ "webhook_events",
	    "id delivery_id event_type repository action payload_json "
	    "signature status retry_count priority created_at "
	    "scheduled_at started_at completed_at error_message" },
	{ "webhooks",
	    "webhook_id url events secret team created_at total_calls "
	    "failed_calls last_success last_failure enabled" },
	{ "processing_results",
	    "id webhook_id claude_prompt claude_response "
	    "claude_tokens_used claude_cost_usd github_actions_json "
	    "processing_time_ms created_at" },
	{ "claude_analyses",
	    "id webhook_id event_type repository claude_prompt "
	    "claude_response claude_tokens_used claude_cost_usd "
	    "github_actions_json processing_time_ms created_at" },
	{ "repository_configs", "repository config_json updated_at" },
	{ "daily_stats",
	    "date total_webhooks successful_processing failed_processing "
	    "claude_api_calls claude_cost_usd avg_processing_time_ms "
	    "claude_analyses github_actions total_cost_usd" },
	{ "webhook_health_metrics",
	    "metric_id webhook_id total_deliveries successful_deliveries "
	    "failed_deliveries avg_response_time_ms max_response_time_ms "
	    "min_response_time_ms health_status last_check_at "
	    "last_success_at last_failure_at consecutive_failures "
	    "created_at updated_at" },
	{ "alert_delivery_queue",
	    "delivery_id alert_id webhook_id message_body delivery_status "
	    "retry_count max_retries next_retry_at attempted_at "
	    "delivered_at created_at" },
	{ "v_delivery_queue_status", "status count oldest newest" },
	{ "v_webhook_health_dashboard",
	    "health_status webhook_count avg_response_ms max_response_ms "
	    "min_response_ms failures_1h failures_24h calculated_at" },
	{ "v_degraded_webhooks",
	    "webhook_id health_status total_deliveries "
	    "successful_deliveries failed_deliveries success_rate_percent "
	    "consecutive_failures avg_response_ms last_check_at "
	    "last_success_at last_failure_at minutes_since_check "
	    "hours_since_success" },
	{ "v_webhook_performance",
	    "webhook_id total_deliveries successful_deliveries "
	    "failed_deliveries success_rate_percent avg_response_ms "
	    "max_response_ms min_response_ms health_status last_check_at "
	    "success_freshness calculated_at" },
	{ "v_delivery_performance",
	    "total_deliveries successful failed in_progress "
	    "success_rate_percent avg_delivery_time_seconds "
	    "max_retries_used calculated_at" },
	{ "v_failed_deliveries",
	    "delivery_id webhook_id alert_id retry_count max_retries "
	    "created_at attempted_at hours_stuck event_details "
	    "last_error_at" },
};

static void
refuse_write(sqlite3 *db, const char *verb, const char *view, const char *rest)
{
	char *sql = xasprintf("%s %s %s", verb, view, rest);
	sqlite3_stmt *st = NULL;

	/* When it is compiled: so also where no row matches. */
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK ||
	    strstr(sqlite3_errmsg(db), " is a view: hlsctl ") == NULL)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	(void)sqlite3_finalize(st);
	free(sql);
}

static void
test_the_views_of_the_origins_are_read_only(void **state)
{
	struct fix *f = *state;
	char *text, *set;
	sqlite3 *db;
	size_t i;

	fix_register(f, "hook-1");
	(void)fix_job(f, "d-1", "hook-1");
	fix_close(f);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	for (i = 0; i < NELEM(views); i++) {
		text = xasprintf("SELECT group_concat(name, ' ') = '%s' FROM "
				 "pragma_table_xinfo('%s')",
		    views[i].columns, views[i].name);
		if (raw_count(f->path, text) != 1)
			fail_msg("%s has other columns", views[i].name);
		free(text);
		refuse_write(db, "INSERT INTO", views[i].name,
		    "DEFAULT VALUES");
		set = xasprintf("SET %.*s = 1",
		    (int)strcspn(views[i].columns, " "), views[i].columns);
		refuse_write(db, "UPDATE", views[i].name, set);
		refuse_write(db, "DELETE FROM", views[i].name, "");
		free(set);
	}
	(void)sqlite3_close(db);
}

static void
test_an_event_is_failed_from_its_first_dead_job(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	struct store_stats s;
	int64_t id = fix_put(f, "d-1");
	size_t jobs;

	fix_register(f, "hook-1");
	fix_expand(f, id, (const char *const[]){ "hook-1", "hook-2", NULL });
	fix_lease(f, 1, &l);
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DEAD, 0, NULL), RC_OK);
	store_leases_free(&l);
	/* The other one still waits. */
	assert_int_equal(fix_status(f, id), EVENT_FAILED);
	fix_stats(f, &s);
	assert_int_equal(s.events[EVENT_FAILED], 1);
	fix_assert_sound(f);
	assert_int_equal(store_event_retry(f->s, id, f->wall_ms, &jobs, &f->e),
	    RC_OK);
	assert_int_equal(jobs, 1);
	assert_true(fix_status(f, id) != EVENT_FAILED);
	fix_lease(f, 2, &l);
	assert_int_equal(l.n, 2);
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DONE, 0, NULL), RC_OK);
	assert_int_equal(fix_settle(f, &l.v[1], STORE_DONE, 0, NULL), RC_OK);
	store_leases_free(&l);
	assert_int_equal(fix_status(f, id), EVENT_COMPLETED);
	fix_assert_sound(f);
	/* The day has what became of it in the end. */
	fix_close(f);
	assert_int_equal(raw_count(f->path,
			     "SELECT sum(total_webhooks) * 100 + "
			     "sum(successful_processing) * 10 + "
			     "sum(failed_processing) FROM daily_stats"),
	    110);
}

static void
test_open_and_cancelled_jobs_have_not_failed(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	int64_t id;

	fix_register(f, "hook-1");
	(void)fix_job(f, "d-1", "hook-1");
	fix_lease(f, 1, &l);
	id = fix_job(f, "d-2", "hook-1");
	assert_int_equal(store_event_cancel(f->s, id, f->wall_ms, NULL, &f->e),
	    RC_OK);
	assert_int_equal(raw_count(f->path,
			     "SELECT count(*) FROM alert_delivery_queue WHERE "
			     "(delivery_id, delivery_status) IN "
			     "((1, 'pending'), (2, 'cancelled'))"),
	    2);
	assert_int_equal(
	    fix_settle(f, &l.v[0], STORE_AGAIN, f->wall_ms + 3600000, NULL),
	    RC_OK);
	store_leases_free(&l);
	assert_int_equal(raw_count(f->path,
			     "SELECT count(*) FROM webhook_events WHERE id = 1 "
			     "AND status = 'retry' AND retry_count = 1 AND "
			     "scheduled_at = '2026-11-21 09:00:00'"),
	    1);
	assert_int_equal(raw_count(f->path,
			     "SELECT total_deliveries = successful + failed + "
			     "in_progress FROM v_delivery_performance"),
	    1);
}

/* A store of schema 4 with one event for each body. */
static void
make_older(struct fix *f, const char *const rows[][2], size_t n)
{
	char *sql;
	size_t i;

	fix_empty(f);
	raw_sql(f->path,
	    "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; "
	    "PRAGMA application_id = 1751937841");
	assert_int_equal(chmod(f->path, 0600), 0);
	for (i = 0; i < 4; i++)
		raw_sql(f->path, store_sqlite_migrations[i]);
	assert_int_equal(raw_count(f->path, "PRAGMA user_version"), 4);
	for (i = 0; i < n; i++) {
		sql = xasprintf("INSERT INTO event (id, received_ms, source, "
				"provider, delivery_id, type, action, "
				"repository, content_type, priority, "
				"body_size, body_sha256, status, expanded) "
				"VALUES (%zu, 1, 's', 'github', 'd%zu', 't', "
				"'', 'unknown', '%s', 5, %zu, zeroblob(32), 3, "
				"1); INSERT INTO payload (event, body) VALUES "
				"(%zu, CAST('%s' AS BLOB))",
		    i + 1, i, rows[i][0], strlen(rows[i][1]), i + 1,
		    rows[i][1]);
		raw_sql(f->path, sql);
		free(sql);
	}
}

static void
test_an_upgrade_decodes_the_forms_of_an_older_store(void **state)
{
	static const char form[] = "application/x-www-form-urlencoded";
	const char *const rows[][2] = {
		{ "application/json", "{\"x\":1}" },
		{ form, "payload=%7B%22x%22%3A2%7D" },
		{ form, "payload=no+json" },
		{ "text/plain", "{\"x\":4}" },
	};
	struct fix *f = *state;
	char *says;
	bool made;

	make_older(f, rows, NELEM(rows));
	assert_int_equal(store_init(&f->opt, &made, &says, &f->e), RC_OK);
	free(says);
	assert_int_equal(raw_count(f->path,
			     "SELECT count(*) FROM webhook_events WHERE "
			     "json_extract(payload_json, '$.x') IS "
			     "nullif(id, 3)"),
	    4);
	assert_int_equal(
	    raw_count(f->path, "SELECT count(*) FROM payload_json"), 2);
	assert_int_equal(raw_count(f->path,
			     "SELECT count(*) FROM payload WHERE body = "
			     "'payload=%7B%22x%22%3A2%7D' OR event <> 2"),
	    3);
}

/* Their table is made anew, for the kinds of job that schema 4 did not know. */
static void
test_an_upgrade_keeps_what_is_known_of_targets(void **state)
{
	struct fix *f = *state;
	char *says;
	bool made;

	make_older(f, NULL, 0);
	raw_sql(f->path,
	    "INSERT INTO target (id, kind, name, waiting, leased, "
	    "next_due_ms, blocked_until_ms, ready_ms, rate, max_in_flight, "
	    "bucket_us, limited_until_ms, limit_hits, breaker, "
	    "breaker_failures, breaker_until_ms, breaker_opens, labelled, "
	    "delivered, failed, timeouts, answers_ms, le_10, le_50, le_100, "
	    "le_500, le_1000, le_2000, le_5000, le_more) VALUES (7, 0, 'h', "
	    "0, 0, 3, 4, 5, 6, 7, 8, 9, 10, 1, 12, 13, 14, 1, 16, 17, 18, "
	    "19, 20, 21, 22, 23, 24, 25, 26, 27), (9, 4, 'site', 0, 0, 3, 4, "
	    "5, -1, 7, 8, 9, 10, 1, 12, 13, 14, 0, 16, 17, 18, 19, 20, 21, "
	    "22, 23, 24, 25, 26, 27)");
	assert_int_equal(store_init(&f->opt, &made, &says, &f->e), RC_OK);
	free(says);
	assert_int_equal(
	    raw_count(f->path,
		"SELECT count(*) FROM target WHERE (id, kind, name, rate, "
		"labelled) IN ((7, 0, 'h', 6000, 1), (9, 4, 'site', -1, 0)) "
		"AND (next_due_ms, blocked_until_ms, ready_ms, "
		"max_in_flight, bucket_us, limited_until_ms, limit_hits, "
		"breaker, breaker_failures, breaker_until_ms, breaker_opens, "
		"delivered, failed, timeouts, answers_ms, le_10, le_50, "
		"le_100, le_500, le_1000, le_2000, le_5000, le_more, "
		"held_until_ms) = (3, 4, 5, 7, 8, 9, 10, 1, 12, 13, 14, 16, "
		"17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 0)"),
	    2);
	raw_sql(f->path, "INSERT INTO target (kind, name) VALUES (6, 'all')");
	assert_int_equal(raw_count(f->path,
			     "SELECT count(*) FROM sqlite_schema WHERE type = "
			     "'index' AND tbl_name = 'target'"),
	    4);
}

static void
test_an_upgrade_keeps_the_reports_that_no_drain_has_read(void **state)
{
	static const char *const data[] = {
		"{\"webhook_id\":\"h\",\"failing_since\":\"2026-11-21T08:00:"
		"00.500Z\",\"disable_at\":\"2026-11-22T08:00:00.000Z\","
		"\"consecutive_failures\":3,\"last_class\":\"receiver\","
		"\"last_code\":500,\"last_text\":\"no\"}",
		"{\"webhook_id\":\"h\",\"attempts\":4,\"last_class\":"
		"\"network\",\"last_code\":0,\"last_text\":\"\"}",
	};
	struct fix *f = *state;
	struct store_notices l;
	char *says;
	bool made;
	size_t i;

	make_older(f, NULL, 0);
	raw_sql(f->path, "INSERT INTO meta (key, value) VALUES ('salt', 1)");
	raw_sql(f->path,
	    "INSERT INTO notice (what, at_ms, webhook, url, team, why, "
	    "failing_since_ms, disable_at_ms, failures, job, class, code, "
	    "text) VALUES (0, 7, 'h', 'https://h/', 'core', 0, 1795248000500, "
	    "1795334400000, 3, 0, 1, 500, 'no'), (2, 8, 'h', 'https://h/', "
	    "NULL, 0, 0, 0, 4, 12, 2, 0, '')");
	assert_int_equal(store_init(&f->opt, &made, &says, &f->e), RC_OK);
	free(says);
	fix_open(f);
	assert_int_equal(store_notices(f->s, 10, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 2);
	for (i = 0; i < l.n; i++)
		assert_string_equal(l.v[i].data, data[i]);
	assert_int_equal(l.v[0].name, NOTICE_FAILING);
	assert_string_equal(l.v[0].about, "h");
	assert_string_equal(l.v[0].team, "core");
	assert_int_equal(l.v[0].turn, 7);
	assert_int_equal(l.v[1].name, NOTICE_DEAD);
	assert_string_equal(l.v[1].about, "job_12");
	assert_null(l.v[1].team);
	assert_int_equal(l.v[1].turn, 4);
	store_notices_free(&l);
}

static enum rc
disable(void *arg, struct webhook *w, struct err *e)
{
	(void)arg;
	(void)e;
	w->enabled = false;
	return RC_OK;
}

static void
test_due_work_of_a_disabled_webhook_is_overdue_and_held(void **state)
{
	struct fix *f = *state;
	struct store_stats s;

	fix_register(f, "hook-1");
	(void)fix_job(f, "d-1", "hook-1");
	assert_int_equal(
	    store_webhook_change(f->s, "hook-1", disable, NULL, NULL, &f->e),
	    RC_OK);
	fix_pass(f, 3600000);
	assert_int_equal(store_stats(f->s, f->wall_ms, 300000, &s, &f->e),
	    RC_OK);
	assert_int_equal(s.overdue, 1);
	assert_int_equal(s.held, 1);
}

static void
test_the_views_show_the_outcome_of_events(void **state)
{
	struct fix *f = *state;
	struct store_result r[2];
	struct store_leases l;
	size_t i;

	fix_register(f, "hook-1");
	(void)fix_job(f, "d-1", "hook-1");
	(void)fix_job(f, "d-2", "hook-1");
	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 2);
	memset(r, 0, sizeof(r));
	for (i = 0; i < 2; i++) {
		r[i].job = l.v[i].job;
		r[i].token = l.v[i].token;
		r[i].verdict = l.v[i].job == 1 ? STORE_DONE : STORE_DEAD;
	}
	assert_int_equal(store_settle(f->s, r, 2, "w", f->wall_ms, &f->e),
	    RC_OK);
	store_leases_free(&l);
	fix_close(f);
	assert_int_equal(raw_count(f->path,
			     "SELECT count(*) FROM webhook_events WHERE "
			     "(delivery_id, status) IN (('d-1', 'completed'), "
			     "('d-2', 'failed'))"),
	    2);
	assert_int_equal(raw_count(f->path,
			     "SELECT count(*) FROM alert_delivery_queue WHERE "
			     "(delivery_id, delivery_status) IN "
			     "((1, 'delivered'), (2, 'failed'))"),
	    2);
	assert_int_equal(raw_count(f->path,
			     "SELECT total_deliveries * 1000 + successful * "
			     "100 + failed * 10 + in_progress FROM "
			     "v_delivery_performance"),
	    2110);
	assert_int_equal(raw_count(f->path,
			     "SELECT delivery_id FROM v_failed_deliveries "
			     "WHERE webhook_id = 'hook-1' AND alert_id = 2 AND "
			     "json_valid(event_details)"),
	    2);
	assert_int_equal(raw_count(f->path,
			     "SELECT total_calls * 10 + failed_calls FROM "
			     "webhooks WHERE webhook_id = 'hook-1'"),
	    21);
	assert_int_equal(raw_count(f->path,
			     "SELECT successful_deliveries * 10 + "
			     "failed_deliveries FROM webhook_health_metrics"),
	    11);
	assert_int_equal(raw_count(f->path,
			     "SELECT sum(successful_processing) * 10 + "
			     "sum(failed_processing) FROM daily_stats"),
	    11);
}

/* Every row that a query yields, its columns by spaces, rows by commas; NULL
 * is "-". */
static void
says(const struct fix *f, const char *query, const char *expected)
{
	char got[512] = "";
	const char *text;
	sqlite3_stmt *st;
	sqlite3 *db;
	size_t n = 0;
	int i;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	if (sqlite3_prepare_v2(db, query, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s: %s", query, sqlite3_errmsg(db));
	while (sqlite3_step(st) == SQLITE_ROW)
		for (i = 0; i < sqlite3_column_count(st); i++) {
			text = (const char *)sqlite3_column_text(st, i);
			n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%s",
			    n == 0       ? ""
				: i == 0 ? ", "
					 : " ",
			    text == NULL ? "-" : text);
			assert_true(n < sizeof(got));
		}
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
	if (strcmp(got, expected) != 0)
		fail_msg("%s\nsays     %s\nand not  %s", query, got, expected);
}

/* Column = so many minutes ago by the clock that the views go by. */
#define AGO(column, minutes)                                            \
	column " = CAST(strftime('%s', 'now', '-" minutes " minutes') " \
	       "AS INTEGER) * 1000"

static void
set(const struct fix *f, const char *webhook, const char *figures)
{
	char *text = xasprintf("UPDATE webhook SET %s WHERE id = '%s'", figures,
	    webhook);

	raw_sql(f->path, text);
	free(text);
}

static void
set_webhooks(struct fix *f)
{
	static const char *const ids[] = { "day", "fresh", "half", "never",
		"old" };
	size_t i;

	for (i = 0; i < NELEM(ids); i++)
		fix_register(f, ids[i]);
	fix_close(f);
	set(f, "fresh",
	    "health = 2, total_calls = 1000, failed_calls = 7, "
	    "consecutive_failures = 4, response_calls = 3, "
	    "response_sum_ms = 100, response_min_ms = 20, "
	    "response_max_ms = 45, " AGO("last_success_ms",
		"1") ", " AGO("last_failure_ms", "10"));
	set(f, "half",
	    "health = 2, total_calls = 3, failed_calls = 1, "
	    "consecutive_failures = 2, response_calls = 3, "
	    "response_sum_ms = 37, response_min_ms = 7, "
	    "response_max_ms = 18, " AGO("last_success_ms",
		"30") ", " AGO("last_failure_ms", "300"));
	set(f, "day",
	    "health = 1, total_calls = 16, failed_calls = 15, "
	    "consecutive_failures = 0, " AGO("last_success_ms",
		"300") ", " AGO("last_failure_ms", "2880"));
	set(f, "old",
	    "health = 3, total_calls = 8, failed_calls = 6, "
	    "consecutive_failures = 6, " AGO("last_success_ms",
		"4320") ", " AGO("last_failure_ms", "10"));
}

static void
test_each_view_of_webhooks_is_right(void **state)
{
	struct fix *f = *state;

	set_webhooks(f);
	says(f,
	    "SELECT webhook_id, success_rate_percent, success_freshness, "
	    "avg_response_ms, min_response_ms, max_response_ms "
	    "FROM v_webhook_performance ORDER BY webhook_id",
	    "day 6.3 healthy_day - - -, "
	    "fresh 99.3 healthy_recent 33.33 20.0 45.0, "
	    "half 66.7 healthy_hour 12.33 7.0 18.0, "
	    "never - no_recent_success - - -, "
	    "old 25.0 no_recent_success - - -");
	says(f,
	    "SELECT webhook_id, total_deliveries, successful_deliveries, "
	    "failed_deliveries FROM v_webhook_performance "
	    "WHERE webhook_id IN ('fresh', 'never') ORDER BY 1",
	    "fresh 1000 993 7, never 0 0 0");
	/* Webhooks by when the last failure was, not failures. */
	says(f,
	    "SELECT health_status, webhook_count, failures_1h, failures_24h, "
	    "avg_response_ms, max_response_ms, min_response_ms "
	    "FROM v_webhook_health_dashboard ORDER BY 1",
	    "degraded 2 1 2 22.83 45.0 7.0, healthy 1 0 0 - - -, "
	    "unavailable 1 1 1 - - -, unknown 1 0 0 - - -");
	says(f,
	    "SELECT webhook_id, consecutive_failures, success_rate_percent, "
	    "avg_response_ms FROM v_degraded_webhooks",
	    "old 6 25.0 -, fresh 4 99.3 33.33, half 2 66.7 12.33");
	/* The test itself may take some seconds of a minute. */
	says(f,
	    "SELECT webhook_id, minutes_since_check BETWEEN m AND m + 0.5 AND "
	    "minutes_since_check = round(minutes_since_check, 1), "
	    "hours_since_success FROM v_degraded_webhooks "
	    "JOIN (SELECT 'fresh' AS id, 1 AS m UNION SELECT 'half', 30 "
	    "UNION SELECT 'old', 10) ON id = webhook_id ORDER BY 1",
	    "fresh 1 0.0, half 1 0.5, old 1 72.0");
	says(f,
	    "SELECT webhook_id, last_check_at = last_failure_at "
	    "FROM v_degraded_webhooks ORDER BY 1",
	    "fresh 0, half 0, old 1");
}

static void
set_deliveries(struct fix *f)
{
	fix_register(f, "own");
	fix_register(f, "none");
	fix_register(f, "usual");
	(void)fix_job(f, "d-1", "own");
	(void)fix_job(f, "d-2", "none");
	(void)fix_job(f, "d-3", "usual");
	(void)fix_job(f, "d-4", "own");
	(void)fix_job(f, "d-5", "own");
	(void)fix_job(f, "d-6", "own");
	fix_close(f);
	raw_sql(f->path,
	    "UPDATE webhook SET retry_schedule = CASE id WHEN 'own' "
	    "THEN '1000,2000,3000' WHEN 'none' THEN '' END");
	raw_sql(f->path,
	    "UPDATE job SET state = 3, attempt = 4, last_code = 503, "
	    "last_text = 'no \"luck\"', " AGO("created_ms",
		"300") ", " AGO("ended_ms",
		"60") " WHERE id = 1;"
		      "UPDATE job SET state = 3, attempt = 1, " AGO(
			  "created_ms",
			  "4320") " WHERE id IN (2, 3);"
				  "UPDATE job SET state = 2, attempt = 6, "
				  "ended_ms = created_ms + 2500 WHERE id = 4;"
				  "UPDATE job SET state = 2, attempt = 1, "
				  "ended_ms = created_ms + 4000 WHERE id = 5;"
				  "UPDATE job SET attempt = 1 WHERE id = 6");
}

static void
test_each_view_of_deliveries_is_right(void **state)
{
	struct fix *f = *state;

	set_deliveries(f);
	/* A schedule of its own, of nothing, and the usual one. */
	says(f,
	    "SELECT delivery_id, webhook_id, retry_count, max_retries, "
	    "hours_stuck FROM v_failed_deliveries ORDER BY 1",
	    "1 own 3 3 5.0, 2 none 0 0 72.0, 3 usual 0 12 72.0");
	says(f,
	    "SELECT event_details, strftime('%s', 'now') - "
	    "strftime('%s', last_error_at) BETWEEN 3600 AND 3630 "
	    "FROM v_failed_deliveries WHERE delivery_id = 1",
	    "{\"http_status\":503,\"error\":\"no \\\"luck\\\"\","
	    "\"retry_count\":3} 1");
	says(f,
	    "SELECT total_deliveries, successful, failed, in_progress, "
	    "success_rate_percent, avg_delivery_time_seconds, "
	    "max_retries_used FROM v_delivery_performance",
	    "6 2 3 1 33.3 3.25 5");
	says(f, "SELECT status, count FROM v_delivery_queue_status ORDER BY 1",
	    "delivered 2, failed 3, retrying 1");
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_the_views_of_the_origins_are_read_only),
		CASE(test_an_event_is_failed_from_its_first_dead_job),
		CASE(test_open_and_cancelled_jobs_have_not_failed),
		CASE(test_an_upgrade_decodes_the_forms_of_an_older_store),
		CASE(test_an_upgrade_keeps_what_is_known_of_targets),
		CASE(test_an_upgrade_keeps_the_reports_that_no_drain_has_read),
		CASE(test_due_work_of_a_disabled_webhook_is_overdue_and_held),
		CASE(test_the_views_show_the_outcome_of_events),
		CASE(test_each_view_of_webhooks_is_right),
		CASE(test_each_view_of_deliveries_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
