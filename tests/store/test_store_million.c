#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/xalloc.h"
#include "store/store_sqlite_stmt.h"
#include "store/store_test.h"
#include "tests/store/fixture.h"
#include "tests/store/raw.h"

/*
 * What leasing costs with a million jobs waiting, in steps of SQLite's
 * machine, which no other load of the computer changes; and that the
 * statements on the hot paths read what they need by an index.
 */

#define MILLION 1000000
#define CLAIM 64

/* Puts rows in behind the engine's back, the store closed: a million posts
 * would take a minute. */
static const char seed_sql[] =
    "PRAGMA synchronous = OFF;"
    "BEGIN IMMEDIATE;"
    "INSERT INTO target (id, kind, name) VALUES (1, 0, 'hook-1'),"
    " (2, 0, 'hook-2');"
    "INSERT INTO event (id, received_ms, source, provider, delivery_id, type,"
    " action, repository, content_type, priority, body_size, body_sha256,"
    " status, expanded, jobs_total, fresh, scheduled_ms)"
    " VALUES (1, 1, 'github', 'github', 'd', 'issues', '', 'o/r',"
    " 'application/json', 5, 2, zeroblob(32), 0, 1, :n + :few, :n + :few, :due + 9);"
    "WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i"
    " LIMIT :n)"
    " INSERT INTO job (id, event, round, target, state, priority, lane,"
    " due_ms, created_ms, order_key, behind) SELECT x, 1, x, 1, 0, x % 5,"
    " x % 5 * 2, :due + x % 7, 1, iif(:chained, 'k', NULL),"
    " :chained AND x > 1 FROM i;"
    "WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i"
    " LIMIT :few)"
    " INSERT INTO job (id, event, round, target, state, priority, lane,"
    " due_ms, created_ms) SELECT :n + x, 1, x, 2, 0, 5, 10,"
    " :due_few, 1 FROM i;"
    "UPDATE target SET waiting = iif(id = 1, :n, :few),"
    " next_due_ms = iif(id = 1, :due, :due_few),"
    " blocked_until_ms = iif(id = 1, :blocked, 0);"
    "UPDATE target SET ready_ms = max(next_due_ms, blocked_until_ms);"
    "INSERT INTO counter (family, key, n) VALUES"
    " ('sum', 'accepted', 1), ('sum', 'events_pending', 1),"
    " ('sum', 'jobs_waiting', :n + :few), ('sum', 'jobs_owed', :n + :few),"
    " ('sum', 'job_id', :n + :few), ('sum', 'event_id', 1);"
    "COMMIT;";

struct seed {
	int64_t n, few; /* jobs of hook-1 and of hook-2 */
	int64_t due_ms, due_few_ms;
	int64_t blocked_ms; /* hook-1 */
	bool chained;       /* the jobs of hook-1 have one order key */
};

static void
bind(sqlite3_stmt *st, const char *name, int64_t v)
{
	int at = sqlite3_bind_parameter_index(st, name);

	if (at > 0)
		(void)sqlite3_bind_int64(st, at, v);
}

static void
plant(struct fix *f, const struct seed *s)
{
	const char *rest = seed_sql;
	sqlite3_stmt *st;
	sqlite3 *db;

	fix_close(f);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	while (*rest != '\0') {
		assert_int_equal(sqlite3_prepare_v2(db, rest, -1, &st, &rest),
		    SQLITE_OK);
		bind(st, ":n", s->n);
		bind(st, ":few", s->few);
		bind(st, ":due", s->due_ms);
		bind(st, ":due_few", s->due_few_ms);
		bind(st, ":blocked", s->blocked_ms);
		bind(st, ":chained", s->chained);
		if (sqlite3_step(st) == SQLITE_ERROR)
			fail_msg("%s", sqlite3_errmsg(db));
		(void)sqlite3_finalize(st);
	}
	(void)sqlite3_close(db);
	fix_open(f);
}

/* Steps of the second of two leases: the first prepares statements. */
static int64_t
claim(struct fix *f, size_t expected)
{
	struct store_leases l;
	int64_t steps = 0;
	int i;

	for (i = 0; i < 2; i++) {
		(void)store_test_steps(f->s);
		fix_lease(f, CLAIM, &l);
		steps = store_test_steps(f->s);
		assert_int_equal(l.n, expected);
		store_leases_free(&l);
	}
	return steps;
}

static int64_t
claim_of(const struct seed *s, size_t expected)
{
	struct fix f;
	int64_t steps;

	fix_init(&f);
	plant(&f, s);
	steps = claim(&f, expected);
	fix_fini(&f);
	return steps;
}

/* At a thousand rows and at a million, within half as much again. */
static void
compare(struct seed s, size_t expected)
{
	int64_t few, many;

	s.n = 1000;
	few = claim_of(&s, expected);
	s.n = MILLION;
	many = claim_of(&s, expected);
	print_message("# steps at 1,000 rows %lld, at 1,000,000 %lld\n",
	    (long long)few, (long long)many);
	assert_true(many <= few + few / 2);
}

static void
test_nothing_due(void **state)
{
	(void)state;
	compare((struct seed){ 0, 0, FIX_NOW + 3600000, FIX_NOW, 0, false }, 0);
}

static void
test_all_due_jobs_are_leased(void **state)
{
	(void)state;
	compare((struct seed){ 0, 0, FIX_NOW - 3600000, FIX_NOW, 0, false },
	    CLAIM);
}

static void
test_a_million_of_one_blocked_target_in_front(void **state)
{
	(void)state;
	compare((struct seed){ 0, 300, FIX_NOW - 3600000, FIX_NOW, INT64_MAX,
		    false },
	    CLAIM);
}

static void
test_a_million_due_later_in_front(void **state)
{
	(void)state;
	/* The target counts as ready, and all its lanes lie in the future. */
	compare((struct seed){ 0, 300, FIX_NOW + 3600000, FIX_NOW, 0, false },
	    CLAIM);
}

static void
test_a_million_blocked_by_one_in_front(void **state)
{
	(void)state;
	compare((struct seed){ 0, 300, FIX_NOW - 3600000, FIX_NOW, 0, true },
	    CLAIM);
}

/* Steps of ending the first of n jobs of a key and leasing the next one. */
static int64_t
turn_of(int64_t n)
{
	const struct seed s = { n, 0, FIX_NOW - 9, FIX_NOW, 0, true };
	struct store_leases l;
	struct fix f;
	int64_t steps = 0;
	int i;

	fix_init(&f);
	plant(&f, &s);
	fix_lease(&f, CLAIM, &l);
	for (i = 0; i < 2; i++) {
		assert_int_equal(l.n, 1);
		assert_int_equal(l.v[0].job, i + 1);
		(void)store_test_steps(f.s);
		assert_int_equal(fix_settle(&f, &l.v[0], STORE_DONE, 0, NULL),
		    RC_OK);
		store_leases_free(&l);
		fix_lease(&f, CLAIM, &l);
		steps = store_test_steps(f.s);
	}
	store_leases_free(&l);
	fix_fini(&f);
	return steps;
}

static void
test_the_next_of_a_million_in_order(void **state)
{
	int64_t few = turn_of(1000), many = turn_of(MILLION);

	(void)state;
	print_message("# steps behind 1,000 jobs %lld, behind 1,000,000 %lld\n",
	    (long long)few, (long long)many);
	assert_true(many <= few + few / 2);
}

/* The jobs of hook-1 are one each of as many webhooks, and those of hook-2
 * are analyses. */
static void
plant_kinds(struct fix *f, int64_t deliveries, int64_t analyses)
{
	const struct seed s = { deliveries, analyses, FIX_NOW - 3600000,
		FIX_NOW, 0, false };

	plant(f, &s);
	fix_close(f);
	raw_sql(f->path,
	    "BEGIN; INSERT INTO target (id, kind, name, waiting, next_due_ms, "
	    "ready_ms) SELECT 2 + id, 0, 't' || id, 1, due_ms, due_ms FROM job "
	    "WHERE target = 1; UPDATE job SET target = 2 + id WHERE target = "
	    "1; UPDATE target SET waiting = 0 WHERE id = 1; UPDATE target SET "
	    "kind = 2 WHERE id = 2; COMMIT");
	fix_open(f);
}

static size_t
lease_analyses(struct fix *f, int64_t *steps)
{
	const struct store_lease_want want = { .worker = "w",
		.kinds = 1U << STORE_ANALYZE,
		.max = CLAIM,
		.hold_ms = 60000 };
	struct store_leases l;
	int64_t next_ms;
	size_t n;

	(void)store_test_steps(f->s);
	assert_int_equal(
	    store_lease_due(f->s, f->wall_ms, &want, &l, &next_ms, &f->e),
	    RC_OK);
	*steps = store_test_steps(f->s);
	n = l.n;
	store_leases_free(&l);
	return n;
}

/* Of the second lease that brings some, and of one that finds nothing. */
static void
steps_beside(int64_t deliveries, int64_t steps[2])
{
	struct fix f;

	fix_init(&f);
	plant_kinds(&f, deliveries, 2 * CLAIM);
	assert_int_equal(lease_analyses(&f, &steps[0]), CLAIM);
	assert_int_equal(lease_analyses(&f, &steps[0]), CLAIM);
	assert_int_equal(lease_analyses(&f, &steps[1]), 0);
	fix_fini(&f);
}

static void
test_ready_deliveries_cost_the_lease_of_another_kind_nothing(void **state)
{
	int64_t few[2], many[2];
	int i;

	(void)state;
	steps_beside(1000, few);
	steps_beside(100000, many);
	for (i = 0; i < 2; i++) {
		print_message(
		    "# steps beside 1,000 targets %lld, beside 100,000 "
		    "%lld\n",
		    (long long)few[i], (long long)many[i]);
		assert_true(many[i] <= few[i] + few[i] / 2);
	}
}

static void
test_the_suspects_of_one_kind_hide_those_of_no_other(void **state)
{
	struct fix f;
	int64_t steps;

	(void)state;
	fix_init(&f);
	plant_kinds(&f, 1000, 2);
	fix_close(&f);
	raw_sql(f.path, "UPDATE job SET suspect = 1, lane = 20");
	fix_open(&f);
	/* Each alone. */
	assert_int_equal(lease_analyses(&f, &steps), 1);
	assert_int_equal(lease_analyses(&f, &steps), 1);
	assert_int_equal(lease_analyses(&f, &steps), 0);
	fix_fini(&f);
}

/* Part of the plan of each that must be there; no statement may sort, or
 * read a table from end to end. */
static const struct {
	enum lite_stmt stmt;
	const char *by;
} plans[] = {
	{ LITE_SEEN_GET, "USING PRIMARY KEY" },
	{ LITE_BODY_GET, "USING INTEGER PRIMARY KEY" },
	{ LITE_EVENT_UNEXPANDED, "event_unexpanded" },
	{ LITE_EVENT_LIST, "USING INTEGER PRIMARY KEY" },
	{ LITE_EVENT_OF_TYPE, "PRIMARY KEY (family=? AND key=? AND span<?)" },
	{ LITE_EVENT_OF_TYPE, "PRIMARY KEY (rowid>? AND rowid<?)" },
	{ LITE_EVENT_OF_REPOSITORY,
	    "PRIMARY KEY (family=? AND key=? AND span<?)" },
	{ LITE_EVENT_OF_SOURCE, "PRIMARY KEY (family=? AND key=? AND span<?)" },
	{ LITE_EVENT_SOURCE_AFTER, "PRIMARY KEY (family=? AND key>?)" },
	{ LITE_EVENT_PENDING, "event_unexpanded (expanded=? AND rowid<?)" },
	{ LITE_EVENT_PENDING, "event_fresh (id<?)" },
	{ LITE_EVENT_COMPLETED, "event_completed (id<?)" },
	{ LITE_EVENT_UNSETTLED, "event_unsettled (status=? AND rowid<?)" },
	{ LITE_EVENT_SUSPECT, "event_suspect (id<?)" },
	{ LITE_EVENT_OF_TYPE_UP,
	    "PRIMARY KEY (family=? AND key=? AND span>?)" },
	{ LITE_EVENT_OF_TYPE_UP, "PRIMARY KEY (rowid>? AND rowid<?)" },
	{ LITE_EVENT_PENDING_UP, "event_unexpanded (expanded=? AND rowid>?)" },
	{ LITE_EVENT_PENDING_UP, "event_fresh (id>?)" },
	{ LITE_EVENT_COMPLETED_UP, "event_completed (id>?)" },
	{ LITE_EVENT_UNSETTLED_UP, "event_unsettled (status=? AND rowid>?)" },
	{ LITE_EVENT_SUSPECT_UP, "event_suspect (id>?)" },
	{ LITE_EVENT_LATE_UP, "event_late (id>?)" },
	{ LITE_EVENT_OF_TYPES_UP,
	    "PRIMARY KEY (family=? AND key=? AND span>?)" },
	{ LITE_EVENT_OWING_UP, "event_unsettled (status=? AND rowid>?)" },
	{ LITE_EVENT_OWING_UP, "event_unexpanded (expanded=? AND rowid>?)" },
	{ LITE_EVENT_OWING_UP, "event_fresh (id>?)" },
	{ LITE_EVENT_DEAD_TO_UP, "job_dead_by_event (target=? AND event>?)" },
	{ LITE_EVENT_COUNTS, "USING INTEGER PRIMARY KEY" },
	{ LITE_TARGET_FIND, "INDEX sqlite_autoindex_target_1" },
	{ LITE_TARGET_READY, "target_ready (kind=?)" },
	{ LITE_QUEUE_OLDEST, "target_ready (kind=? AND ready_ms<?)" },
	{ LITE_PLAN_TARGET, "USING INTEGER PRIMARY KEY (rowid>?)" },
	{ LITE_LANE_NEXT, "job_waiting" },
	{ LITE_LANE_CLAIM,
	    "job_waiting (target=? AND behind=? AND lane=? AND due_ms<?)" },
	{ LITE_SUSPECT_CLAIM, "job_suspect" },
	{ LITE_JOB_HELD, "USING INTEGER PRIMARY KEY" },
	{ LITE_JOB_LAPSED, "job_leased" },
	{ LITE_JOB_OF_EVENT, "job_by_event" },
	{ LITE_JOB_OF_TARGET, "job_waiting" },
	{ LITE_JOB_LIST, "USING INTEGER PRIMARY KEY" },
	{ LITE_JOB_BULK, "job_by_event (event=? AND rowid>?)" },
	{ LITE_JOB_OF, "job_by_event (event=? AND rowid<?)" },
	{ LITE_JOB_LEASED, "job_leased (id<?)" },
	{ LITE_JOB_TO, "job_of_target (target=? AND rowid<?)" },
	{ LITE_JOB_WAITING, "job_open (id<?)" },
	{ LITE_JOB_DONE, "job_done (id<?)" },
	{ LITE_JOB_DEAD, "job_dead (state=? AND rowid<?)" },
	{ LITE_JOB_CANCELLED, "job_cancelled (id<?)" },
	{ LITE_JOB_BEHIND, "job_behind (behind=? AND rowid<?)" },
	{ LITE_ORDER_FIRST, "job_in_order (target=? AND order_key=?)" },
	{ LITE_ORDER_FIRST_OF, "job_in_order (target=? AND order_key=?)" },
	{ LITE_ORDER_LEASED, "job_leased" },
	{ LITE_ORDER_PASSED,
	    "job_passed (target=? AND order_key=? AND event<?)" },
	{ LITE_ORDER_HOLDS, "job_holds (target=?" },
	{ LITE_HELD_ALL,
	    "job_in_order (target=? AND order_key=? AND event>?)" },
	{ LITE_HELD_SOME,
	    "job_in_order (target=? AND order_key=? AND event>?)" },
	{ LITE_NOTICE_BLOCKED,
	    "job_in_order (target=? AND order_key=? AND event>?)" },
	{ LITE_REPLAY_OPEN, "replay" },
	{ LITE_REPLAY_PART_FIRST, "USING INTEGER PRIMARY KEY" },
	{ LITE_REPLAY_TARGETS, "webhook" },
	{ LITE_REPLAY_LEASED, "job_leased" },
	{ LITE_REPLAY_LATE, "job_by_event (event>?)" },
	{ LITE_REPLAY_UNEXPANDED, "event_unexpanded" },
	{ LITE_REPLAY_OVERTAKEN, "replay_overtaken" },
	{ LITE_EVENT_TO_REPLAY, "USING INTEGER PRIMARY KEY" },
	{ LITE_DEAD_COUNT,
	    "job_dead_of_target (target=? AND ended_ms>? AND ended_ms<?)" },
	{ LITE_DEAD_LIST,
	    "job_dead_of_target (target=? AND ended_ms>? AND ended_ms<?)" },
	{ LITE_ATTEMPT_LIST, "USING INTEGER PRIMARY KEY" },
	{ LITE_ATTEMPT_OF_TARGET, "attempt_of_target" },
	{ LITE_PAYLOAD_GET, "USING INTEGER PRIMARY KEY" },
	{ LITE_COUNTER_LIST, "USING PRIMARY KEY" },
};

/* These may sort or scan what is few by its nature: leased jobs, the first rows
 * of several conditions, targets with work, replays, keys that a dead job holds up. */
static bool
may_scan(enum lite_stmt s)
{
	return s == LITE_HELD_ALL || s == LITE_HELD_SOME ||
	    s == LITE_NOTICE_BLOCKED || s == LITE_REPLAY_LEASED ||
	    s == LITE_REPLAY_TARGETS || s == LITE_REPLAY_OPEN ||
	    s == LITE_REPLAY_PART_FIRST || s == LITE_REPLAY_OVERTAKEN ||
	    s == LITE_EVENT_PENDING_UP || s == LITE_EVENT_OF_TYPES_UP ||
	    s == LITE_EVENT_OWING_UP || s == LITE_JOB_LAPSED ||
	    s == LITE_ORDER_LEASED;
}

static void
read_plan(sqlite3 *db, const char *sql, char *out, size_t size)
{
	char *text = xasprintf("EXPLAIN QUERY PLAN %s", sql);
	sqlite3_stmt *st;
	size_t used = 0;

	*out = '\0';
	if (sqlite3_prepare_v2(db, text, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	while (sqlite3_step(st) == SQLITE_ROW && used < size)
		used += (size_t)snprintf(out + used, size - used, "%s; ",
		    (const char *)sqlite3_column_text(st, 3));
	(void)sqlite3_finalize(st);
	free(text);
}

static void
test_frequent_statements_use_an_index(void **state)
{
	char plan[2048];
	struct fix f;
	sqlite3 *db;
	size_t i;

	(void)state;
	fix_init(&f);
	fix_close(&f);
	assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
	for (i = 0; i < NELEM(plans); i++) {
		read_plan(db, lite_stmt_text(plans[i].stmt), plan,
		    sizeof(plan));
		if (strstr(plan, plans[i].by) == NULL)
			fail_msg("%s: %s", lite_stmt_text(plans[i].stmt), plan);
		if (!may_scan(plans[i].stmt) &&
		    ((strstr(plan, "SCAN") != NULL &&
			 strncmp(plan, "SCAN CONSTANT ROW", 17) != 0) ||
			strstr(plan, "TEMP B-TREE") != NULL))
			fail_msg("%s: %s", lite_stmt_text(plans[i].stmt), plan);
	}
	(void)sqlite3_close(db);
	fix_fini(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frequent_statements_use_an_index),
		cmocka_unit_test(test_nothing_due),
		cmocka_unit_test(test_all_due_jobs_are_leased),
		cmocka_unit_test(test_a_million_of_one_blocked_target_in_front),
		cmocka_unit_test(test_a_million_due_later_in_front),
		cmocka_unit_test(test_a_million_blocked_by_one_in_front),
		cmocka_unit_test(test_the_next_of_a_million_in_order),
		cmocka_unit_test(
		    test_ready_deliveries_cost_the_lease_of_another_kind_nothing),
		cmocka_unit_test(
		    test_the_suspects_of_one_kind_hide_those_of_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
