#include "config.h"

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "store/store_test.h"
#include "tests/store/fixture.h"

/*
 * What it costs to send again beside a million events and dead deliveries
 * of others, in steps of SQLite's machine, which no other load of the
 * computer changes.
 */

#define MILLION 1000000
#define SLICE 200

/* Events a second apart, every hundredth of another type, each with a dead
 * delivery: to hook-2 every thousandth, to hook-1 the others. */
static const char seed_sql[] =
    "PRAGMA synchronous = OFF;"
    "BEGIN IMMEDIATE;"
    "INSERT INTO target (id, kind, name) VALUES (1, 0, 'hook-1'),"
    " (2, 0, 'hook-2');"
    "WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i"
    " LIMIT :n)"
    " INSERT INTO event (id, received_ms, source, provider, delivery_id, type,"
    " action, repository, content_type, priority, body_size, body_sha256,"
    " status, expanded, touched, jobs_total, dead, started_ms, completed_ms,"
    " latest_ms) SELECT x, :start + x * 1000, 'github', 'github', 'd' || x,"
    " iif(x % 100 = 0, 'push', 'issues'), '', 'o/r', 'application/json', 5, 2,"
    " zeroblob(32), 4, 1, 1, 1, 1, 1, 1, :start + x * 1000 FROM i;"
    "WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i"
    " LIMIT :n)"
    " INSERT INTO job (id, event, round, target, state, priority, lane,"
    " due_ms, created_ms, ended_ms) SELECT x, x, 0, 1 + (x % 1000 = 0), 3, 5,"
    " 10, 1, 1, :start + x * 1000 FROM i;"
    "INSERT INTO counter (family, key, n) VALUES"
    " ('sum', 'accepted', :n), ('sum', 'events_failed', :n),"
    " ('sum', 'jobs_dead', :n), ('sum', 'jobs_owed', :n),"
    " ('sum', 'processed', :n),"
    " ('sum', 'job_id', :n), ('sum', 'event_id', :n);"
    "COMMIT;";

static void
plant(struct fix *f, int64_t n)
{
	const char *rest = seed_sql;
	sqlite3_stmt *st;
	sqlite3 *db;
	int at;

	fix_init(f);
	fix_register(f, "hook-1");
	fix_register(f, "hook-2");
	fix_close(f);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	while (*rest != '\0') {
		assert_int_equal(sqlite3_prepare_v2(db, rest, -1, &st, &rest),
		    SQLITE_OK);
		at = sqlite3_bind_parameter_index(st, ":n");
		if (at > 0)
			(void)sqlite3_bind_int64(st, at, n);
		at = sqlite3_bind_parameter_index(st, ":start");
		if (at > 0)
			(void)sqlite3_bind_int64(st, at, FIX_NOW - n * 1000);
		if (sqlite3_step(st) == SQLITE_ERROR)
			fail_msg("%s", sqlite3_errmsg(db));
		(void)sqlite3_finalize(st);
	}
	(void)sqlite3_close(db);
	fix_open(f);
}

/* One slice: the events of 200 seconds that ended ago ms before now. */
static int64_t
replay(struct fix *f, int64_t ago_ms)
{
	struct store_event_filter filter = { .status = -1,
		.since_ms = FIX_NOW - ago_ms - SLICE * 1000,
		.until_ms = FIX_NOW - ago_ms,
		.oldest_first = true,
		.limit = SLICE };
	struct store_events l;
	int64_t ids[SLICE], next;
	const struct store_replay all = { ids, SLICE, NULL, INT64_MAX };
	size_t i, n;

	(void)store_test_steps(f->s);
	assert_int_equal(store_event_list(f->s, &filter, &l, &next, &f->e),
	    RC_OK);
	assert_int_equal(l.n, SLICE);
	for (i = 0; i < l.n; i++)
		ids[i] = l.v[i]->id;
	store_events_free(&l);
	assert_int_equal(
	    store_event_replay_all(f->s, &all, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(n, SLICE);
	return store_test_steps(f->s);
}

/* The dead deliveries of hook-2 in the last seconds, expected of them. */
static int64_t
recover(struct fix *f, int64_t seconds, int64_t expected)
{
	const struct store_dead d = { "hook-2", FIX_NOW - seconds * 1000 + 1,
		FIX_NOW + 1 };
	int64_t dead;
	size_t n;

	(void)store_test_steps(f->s);
	assert_int_equal(store_dead_count(f->s, &d, &dead, &f->e), RC_OK);
	assert_int_equal(dead, expected);
	assert_int_equal(
	    store_dead_retry(f->s, &d, SLICE, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(n, expected);
	return store_test_steps(f->s);
}

static void
costs(int64_t n, int64_t *replayed, int64_t *recovered)
{
	struct fix f;

	plant(&f, n);
	/* The first prepares statements. */
	(void)replay(&f, 1000 * SLICE);
	*replayed = replay(&f, n * 1000 / 2);
	(void)recover(&f, 1000, 1);
	*recovered = recover(&f, 5000, 4);
	fix_assert_sound(&f);
	fix_fini(&f);
}

static void
test_a_retry_costs_the_same_beside_a_million(void **state)
{
	int64_t replay_few, replay_many, recover_few, recover_many;

	(void)state;
	costs(10000, &replay_few, &recover_few);
	costs(MILLION, &replay_many, &recover_many);
	print_message("# steps of a replay %lld and %lld, of a recovery %lld "
		      "and %lld\n",
	    (long long)replay_few, (long long)replay_many,
	    (long long)recover_few, (long long)recover_many);
	assert_true(replay_many <= replay_few + replay_few / 2);
	assert_true(recover_many <= recover_few + recover_few / 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_retry_costs_the_same_beside_a_million),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
