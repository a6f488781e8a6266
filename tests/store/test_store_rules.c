#include "config.h"

#include "tests/unit/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/flow.h"
#include "core/order.h"
#include "store/store_sqlite_stmt.h"
#include "tests/store/fixture.h"
#include "tests/store/raw.h"

/*
 * Some statements select or write many rows by a rule that core has as a
 * function.  Here both judge every combination of what they depend on.
 */

#define SQL_SIZE 1024

static const int64_t times[] = { 0, FIX_NOW, FIX_NOW + 1, FLOW_NEVER };
#define NTIMES NELEM(times)

static void run(struct fix *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
run(struct fix *f, const char *format, ...)
{
	char sql[SQL_SIZE];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(sql, sizeof(sql), format, ap);
	va_end(ap);
	raw_sql(f->path, sql);
}

/* What holds up the i-th target: a digit to the base of NTIMES each. */
static struct flow
nth_flow(size_t i)
{
	return (struct flow){ .next_due_ms = times[i % NTIMES],
		.blocked_until_ms = times[i / NTIMES % NTIMES],
		.limited_until_ms = times[i / NTIMES / NTIMES % NTIMES],
		.breaker.until_ms =
		    times[i / NTIMES / NTIMES / NTIMES % NTIMES] };
}
#define NFLOWS (NTIMES * NTIMES * NTIMES * NTIMES)

static void
test_targets_are_ready_by_one_rule_after_a_hold(void **state)
{
	struct fix *f = *state;
	struct flow flow;
	int64_t id, ready_ms;
	size_t i;

	fix_close(f);
	for (i = 0; i < NFLOWS; i++) {
		flow = nth_flow(i);
		run(f,
		    "INSERT INTO target (id, kind, name, next_due_ms, "
		    "blocked_until_ms, limited_until_ms, breaker_until_ms, "
		    "held_until_ms) VALUES (%" PRId64 ", 1, hex(random()), "
		    "%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64
		    ", 9223372036854775807)",
		    (int64_t)i + 1, flow.next_due_ms, flow.blocked_until_ms,
		    flow.limited_until_ms, flow.breaker.until_ms);
	}
	raw_sql(f->path, lite_stmt_text(LITE_REPLAY_GO_ON));
	for (i = 0; i < NFLOWS; i++) {
		flow = nth_flow(i);
		id = (int64_t)i + 1;
		ready_ms = raw_count_with(f->path,
		    "SELECT ready_ms FROM target WHERE id = ?1 AND "
		    "held_until_ms = 0",
		    &id, 1);
		assert_int_equal(ready_ms, flow_ready_ms(&flow));
	}
}

static void
test_a_held_target_is_never_ready(void **state)
{
	struct flow flow = { .next_due_ms = FIX_NOW };
	struct fix *f = *state;

	fix_register(f, "hook-1");
	fix_register(f, "hook-2");
	fix_job(f, "d-1", "hook-1");
	fix_job(f, "d-2", "hook-2");
	fix_close(f);
	raw_sql(f->path,
	    "UPDATE webhook SET order_by = 'repository' WHERE id = 'hook-1'");
	raw_sql(f->path, lite_stmt_text(LITE_REPLAY_HOLD));
	flow.held_until_ms = raw_count(f->path,
	    "SELECT held_until_ms FROM target WHERE name = 'hook-1'");
	assert_int_equal(flow.held_until_ms, FLOW_NEVER);
	assert_int_equal(raw_count(f->path,
			     "SELECT ready_ms FROM target WHERE name = "
			     "'hook-1'"),
	    flow_ready_ms(&flow));
	flow.held_until_ms = 0;
	assert_int_equal(raw_count(f->path,
			     "SELECT ready_ms FROM target WHERE name = "
			     "'hook-2'"),
	    flow_ready_ms(&flow));
}

/* A row that the statement leaves out stands for no drain by the rule. */
static void
test_the_rows_of_dead_drains_alone_are_left_out(void **state)
{
	static const int64_t seen[] = { 0, FIX_NOW - STORE_DRAIN_SEEN_MS - 1,
		FIX_NOW - STORE_DRAIN_SEEN_MS, FIX_NOW,
		FIX_NOW + STORE_DRAIN_SEEN_MS,
		FIX_NOW + STORE_DRAIN_SEEN_MS + 1 };
	/* No drain is called 1. */
	const int64_t v[] = { 1, FIX_NOW, STORE_DRAIN_SEEN_MS };
	struct flow_worker w = { 0 };
	struct flow_drains d;
	struct fix *f = *state;
	char sql[SQL_SIZE];
	size_t i;

	fix_close(f);
	(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM (%s)",
	    lite_stmt_text(LITE_WORKER_DRAINS));
	for (i = 0; i < NELEM(seen); i++) {
		w.last_seen_ms = seen[i];
		flow_drains_init(&d, 1);
		flow_drains_add(&d, &w, STORE_DRAIN_SEEN_MS, FIX_NOW);
		run(f,
		    "DELETE FROM worker; INSERT INTO worker (id, kinds, "
		    "started_ms, last_seen_ms, in_flight, done, failed) VALUES "
		    "('w', 'all', 0, %" PRId64 ", 0, 0, 0)",
		    seen[i]);
		assert_int_equal(raw_count_with(f->path, sql, v, 3), d.n - 1);
	}
}

static void
test_the_index_of_lines_holds_the_jobs_with_a_place(void **state)
{
	struct fix *f = *state;
	int64_t v[2]; /* state, behind */

	fix_close(f);
	for (v[0] = JOB_WAITING; v[0] <= JOB_CANCELLED; v[0]++)
		for (v[1] = 0; v[1] <= 1; v[1]++)
			assert_int_equal(
			    raw_count_with(f->path,
				"SELECT " LITE_SQL_IN_ORDER(
				    "") " FROM (SELECT ?1 AS state, ?2 AS "
					"behind)",
				v, 2),
			    order_has_place((enum job_state)v[0], v[1] != 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_targets_are_ready_by_one_rule_after_a_hold, fix_setup,
		    fix_teardown),
		cmocka_unit_test_setup_teardown(
		    test_a_held_target_is_never_ready, fix_setup, fix_teardown),
		cmocka_unit_test_setup_teardown(
		    test_the_rows_of_dead_drains_alone_are_left_out, fix_setup,
		    fix_teardown),
		cmocka_unit_test_setup_teardown(
		    test_the_index_of_lines_holds_the_jobs_with_a_place,
		    fix_setup, fix_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
