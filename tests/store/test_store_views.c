#include "config.h"

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "core/webhook.h"
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
	char *text = xasprintf("%s %s %s", verb, view, rest), *why = NULL;

	if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_CONSTRAINT ||
	    strstr(why, "hlsctl") == NULL || strstr(why, view) == NULL)
		fail_msg("%s: %s", text, why == NULL ? "done" : why);
	sqlite3_free(why);
	free(text);
}

static void
test_the_views_of_the_origins_are_read_only(void **state)
{
	struct fix *f = *state;
	char *text, *set;
	sqlite3 *db;
	size_t i;
	bool rows;

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
		text = xasprintf("SELECT count(*) FROM %s", views[i].name);
		rows = raw_count(f->path, text) > 0;
		free(text);
		/* A trigger is run by row. */
		if (!rows)
			continue;
		set = xasprintf("SET %.*s = 1",
		    (int)strcspn(views[i].columns, " "), views[i].columns);
		refuse_write(db, "UPDATE", views[i].name, set);
		refuse_write(db, "DELETE FROM", views[i].name, "");
		free(set);
	}
	(void)sqlite3_close(db);
}

static void
test_the_views_tell_what_became_of_events(void **state)
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

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_the_views_of_the_origins_are_read_only),
		CASE(test_the_views_tell_what_became_of_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
