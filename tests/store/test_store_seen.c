#include "config.h"

#include "tests/unit/unit.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "store/store_test.h"
#include "tests/store/fixture.h"

/*
 * What was seen is known, wherever it is known from: the trees, the memory
 * of this process or the rows of the events, and however the process ended.
 */

#define BURST 400
#define DAY_MS (86400 * INT64_C(1000))
#define PATIENCE_US (20 * INT64_C(1000) * 1000)

static int
setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));

	fix_init(f);
	store_test_keep(65536);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	store_test_at(NULL);
	store_test_keep(0);
	fix_fini(*state);
	free(*state);
	return 0;
}

static int64_t
ask(const struct fix *f, const char *sql)
{
	sqlite3_stmt *st;
	sqlite3 *db;
	int64_t n;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	(void)sqlite3_busy_timeout(db, 5000);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
	return n;
}

/* Events that are not in the tree. */
static int64_t
behind(const struct fix *f)
{
	return ask(f,
	    "SELECT (SELECT count(*) FROM event) - "
	    "(SELECT count(*) FROM delivery_seen)");
}

static struct event *
watched(const struct fix *f, const char *prefix, int i)
{
	struct event *ev;
	char id[32];

	(void)snprintf(id, sizeof(id), "%s-%d", prefix, i);
	ev = fix_event(f, id);
	ev->replay_window_ms = 7 * DAY_MS;
	return ev;
}

static void
put_burst(struct fix *f, const char *prefix, int n)
{
	struct store_receipt r;
	int i;

	for (i = 0; i < n; i++) {
		assert_int_equal(fix_accept(f, watched(f, prefix, i), &r),
		    RC_OK);
		assert_false(r.duplicate || r.replay_suspect);
	}
}

/* Of each, its delivery id and, under another one, its bytes. */
static void
assert_known(struct fix *f, const char *prefix, int n)
{
	struct store_receipt r;
	struct event *ev;
	int i;

	for (i = 0; i < n; i++) {
		assert_int_equal(fix_accept(f, watched(f, prefix, i), &r),
		    RC_OK);
		if (!r.duplicate || r.other_body)
			fail_msg("%s-%d is not known", prefix, i);
		ev = watched(f, prefix, i);
		free(ev->delivery_id);
		ev->delivery_id =
		    xasprintf("again-%d-%lld", i, (long long)clock_tick_us());
		assert_int_equal(fix_accept(f, ev, &r), RC_OK);
		if (r.duplicate || !r.replay_suspect)
			fail_msg("the bytes of %s-%d are not known", prefix, i);
	}
}

static void
test_delivery_ids_of_a_burst_are_known_at_once_and_later(void **state)
{
	const struct timespec pause = { 0, 10 * 1000 * 1000 };
	struct fix *f = *state;
	int64_t end_us = clock_tick_us() + PATIENCE_US;

	put_burst(f, "a", BURST);
	assert_true(behind(f) > 0);
	assert_known(f, "a", BURST);
	fix_assert_sound(f);
	/* Idle, it brings the trees up to date. */
	while (behind(f) > 0) {
		assert_true(clock_tick_us() < end_us);
		(void)nanosleep(&pause, NULL);
	}
	assert_int_equal(ask(f, "SELECT count(*) FROM body_seen"), BURST);
	assert_int_equal(ask(f,
			     "SELECT count(DISTINCT n) FROM counter WHERE "
			     "key IN ('end', 'upto', 'event_id')"),
	    1);
	assert_known(f, "a", BURST);
	fix_close(f);
	fix_open(f);
	assert_known(f, "a", 10);
	fix_assert_sound(f);
}

static void
test_a_single_post_goes_the_direct_way(void **state)
{
	struct fix *f = *state;

	store_test_keep(0);
	fix_put(f, "one");
	assert_int_equal(behind(f), 0);
	assert_int_equal(
	    ask(f,
		"SELECT n FROM counter WHERE family = 'merge' AND key = "
		"'upto'"),
	    1);
}

static void
test_delivery_ids_of_a_burst_are_known_after_reopening(void **state)
{
	struct fix *f = *state;

	put_burst(f, "a", BURST);
	fix_close(f);
	assert_true(behind(f) > 0);
	fix_open(f);
	put_burst(f, "b", 3);
	assert_known(f, "a", BURST);
	assert_known(f, "b", 3);
	fix_assert_sound(f);
}

/* The hand goes round several times meanwhile. */
static void
test_a_small_memory_knows_as_much(void **state)
{
	struct fix *f = *state;

	store_test_keep(64);
	put_burst(f, "a", 4 * BURST);
	assert_true(behind(f) > 0);
	assert_true(behind(f) < BURST);
	fix_close(f);
	assert_true(ask(f,
			"SELECT n FROM counter WHERE family = 'merge' AND "
			"key = 'at'") > 65536);
	fix_open(f);
	assert_known(f, "a", 4 * BURST);
	fix_assert_sound(f);
}

static void
test_processes_know_of_each_other(void **state)
{
	struct fix *f = *state, other = *f;
	int i;

	store_test_keep(64);
	fix_open(&other);
	put_burst(f, "a", BURST);
	assert_known(&other, "a", BURST);
	put_burst(&other, "b", BURST);
	assert_known(f, "b", BURST);
	for (i = 0; i < 8; i++) {
		char prefix[16];

		(void)snprintf(prefix, sizeof(prefix), "turn%d", i);
		put_burst(i % 2 == 0 ? f : &other, prefix, 200);
		assert_known(i % 2 == 0 ? &other : f, prefix, 200);
	}
	assert_known(f, "a", BURST);
	assert_known(&other, "turn3", 200);
	fix_close(&other);
	assert_known(f, "b", BURST);
	fix_assert_sound(f);
}

static void
test_a_refused_post_leaves_no_dedupe_row(void **state)
{
	struct fix *f = *state;
	struct store_receipt r;
	struct event *ev;
	int i;

	put_burst(f, "a", 50);
	for (i = 0; i < 20; i++) {
		ev = watched(f, "bad", i);
		/* No priority that the table has. */
		ev->priority = 12;
		assert_int_equal(fix_accept(f, ev, &r), RC_INVALID);
	}
	put_burst(f, "bad", 20);
	assert_known(f, "a", 50);
	assert_known(f, "bad", 20);
	fix_assert_sound(f);
}

static void
test_the_replay_window_starts_at_the_latest_post(void **state)
{
	struct fix *f = *state;
	struct store_receipt r;
	struct event *ev;
	int day;

	put_burst(f, "a", 50);
	for (day = 0; day < 12; day += 4) {
		if (day == 4) {
			fix_close(f);
			fix_open(f);
		}
		ev = watched(f, "a", 7);
		free(ev->delivery_id);
		ev->delivery_id = xasprintf("day-%d", day);
		assert_int_equal(fix_accept(f, ev, &r), RC_OK);
		assert_true(r.replay_suspect);
		put_burst(f, day == 0 ? "b" : day == 4 ? "c" : "d", 50);
		fix_pass(f, 4 * DAY_MS);
	}
	/* A week and more after the last. */
	fix_pass(f, 4 * DAY_MS);
	ev = watched(f, "a", 7);
	free(ev->delivery_id);
	ev->delivery_id = xstrdup("late");
	assert_int_equal(fix_accept(f, ev, &r), RC_OK);
	assert_false(r.replay_suspect);
}

struct shared {
	atomic_int done;
};

static void
post_until_killed(struct fix *f, const char *prefix, struct shared *sh)
{
	int i;

	store_test_keep(64);
	fix_open(f);
	for (i = 0;; i++) {
		if (store_accept(f->s, watched(f, prefix, i), 5000,
			&(struct store_receipt){ 0 }, &f->e) != RC_OK)
			_exit(1);
		atomic_store(&sh->done, i + 1);
	}
}

static void
test_a_killed_process_forgets_nothing(void **state)
{
	struct fix *f = *state;
	const struct timespec pause = { 0, 1000 * 1000 };
	struct shared *sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char prefix[16];
	int round, n[4];
	pid_t pid;

	assert_true(sh != MAP_FAILED);
	fix_close(f);
	for (round = 0; round < (int)NELEM(n); round++) {
		(void)snprintf(prefix, sizeof(prefix), "kill%d", round);
		atomic_store(&sh->done, 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			post_until_killed(f, prefix, sh);
		while (atomic_load(&sh->done) < 300 + 170 * round)
			(void)nanosleep(&pause, NULL);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		n[round] = atomic_load(&sh->done);
	}
	fix_open(f);
	for (round = 0; round < (int)NELEM(n); round++) {
		(void)snprintf(prefix, sizeof(prefix), "kill%d", round);
		assert_known(f, prefix, n[round]);
	}
	fix_assert_sound(f);
	(void)munmap(sh, sizeof(*sh));
}

#define MINUTE_MS (60 * INT64_C(1000))

static enum rc
put_derived(struct fix *f, int64_t at_ms, int64_t dedupe_ms,
    struct store_receipt *r)
{
	struct event *ev = fix_event(f, "derived");

	ev->id_is_derived = true;
	ev->dedupe_ms = dedupe_ms;
	ev->received_ms = at_ms;
	return fix_accept(f, ev, r);
}

static void
derived_id_is_believed_for_its_time_only(void **state)
{
	struct fix *f = *state;
	struct store_receipt first, r, later;
	size_t round;

	/* From memory, and, kept to nothing, from the trees. */
	for (round = 0; round < 2; round++) {
		int64_t at_ms = DAY_MS * (int64_t)(100 + 100 * round);

		store_test_keep(round == 0 ? 65536 : 1);
		assert_int_equal(put_derived(f, at_ms, 10 * MINUTE_MS, &first),
		    RC_OK);
		assert_false(first.duplicate);
		assert_int_equal(
		    put_derived(f, at_ms + 9 * MINUTE_MS, 10 * MINUTE_MS, &r),
		    RC_OK);
		assert_true(r.duplicate);
		assert_true(r.id == first.id);
		assert_int_equal(put_derived(f, at_ms + 10 * MINUTE_MS,
				     10 * MINUTE_MS, &later),
		    RC_OK);
		assert_false(later.duplicate);
		assert_true(later.id > first.id);
		/* The later one is the one that is known from now on, also
		 * after a start. */
		fix_close(f);
		fix_open(f);
		assert_int_equal(
		    put_derived(f, at_ms + 19 * MINUTE_MS, 10 * MINUTE_MS, &r),
		    RC_OK);
		assert_true(r.duplicate);
		assert_true(r.id == later.id);
		assert_int_equal(put_derived(f, at_ms + 19 * MINUTE_MS, 0, &r),
		    RC_OK);
		assert_false(r.duplicate);
	}
}

static void
wait_for_trees(struct fix *f)
{
	const struct timespec pause = { 0, 10 * 1000 * 1000 };
	int64_t end_us = clock_tick_us() + PATIENCE_US;

	while (ask(f,
		   "SELECT max(iif(key = 'event_id', n, 0)) - "
		   "max(iif(key = 'upto', n, 0)) FROM counter") > 0) {
		assert_true(clock_tick_us() < end_us);
		(void)nanosleep(&pause, NULL);
	}
}

/* The events of an id, newest first and by pages of 2, are these. */
static void
assert_listed(struct fix *f, const char *id, const char *source,
    const int64_t *want, size_t n)
{
	struct store_event_filter filter = { .delivery_id = id,
		.source = source,
		.status = -1,
		.limit = 2 };
	struct store_events page;
	size_t i, seen = 0;

	do {
		assert_int_equal(store_event_list(f->s, &filter, &page,
				     &filter.before_id, &f->e),
		    RC_OK);
		for (i = 0; i < page.n; i++, seen++) {
			assert_true(seen < n);
			assert_true(page.v[i]->id == want[n - 1 - seen]);
			assert_string_equal(page.v[i]->delivery_id, id);
		}
		store_events_free(&page);
	} while (filter.before_id != 0);
	assert_int_equal(seen, n);
}

static int64_t
put_of_hook(struct fix *f, const char *body, const char *hook)
{
	struct store_receipt r;
	struct event *ev = fix_event(f, "shared");

	free(ev->body);
	ev->body = xstrdup(body);
	ev->bodysz = strlen(body);
	memset(ev->body_sha256, 0, sizeof(ev->body_sha256));
	ev->is_of_hook = true;
	ev->hook_id = xstrdup(hook);
	assert_int_equal(fix_accept(f, ev, &r), RC_OK);
	assert_false(r.duplicate);
	return r.id;
}

#define REPEATS 5

static void
test_every_event_of_a_delivery_id_is_listed(void **state)
{
	struct fix *f = *state;
	int64_t shared[4], derived[REPEATS], alone;
	struct store_receipt r;
	struct event *ev;
	size_t i, round;

	put_burst(f, "before", 10);
	shared[0] = put_of_hook(f, "{\"a\":1}", "1");
	for (i = 0; i < REPEATS; i++) {
		assert_int_equal(
		    put_derived(f, DAY_MS * (int64_t)(10 + i), MINUTE_MS, &r),
		    RC_OK);
		assert_false(r.duplicate);
		derived[i] = r.id;
		/* Some are in the tree and some are not. */
		if (i == 2)
			wait_for_trees(f);
	}
	shared[1] = put_of_hook(f, "{\"a\":2}", "2");
	shared[2] = put_of_hook(f, "{\"a\":3}", "3");
	ev = fix_event(f, "shared");
	free(ev->source);
	ev->source = xstrdup("other");
	assert_int_equal(fix_accept(f, ev, &r), RC_OK);
	shared[3] = r.id;
	alone = fix_put(f, "alone");
	for (round = 0; round < 3; round++) {
		assert_listed(f, "shared", NULL, shared, 4);
		assert_listed(f, "shared", "github", shared, 3);
		assert_listed(f, "shared", "other", shared + 3, 1);
		assert_listed(f, "shared", "nobody", NULL, 0);
		assert_listed(f, "derived", NULL, derived, REPEATS);
		assert_listed(f, "alone", NULL, &alone, 1);
		assert_listed(f, "nothing", NULL, NULL, 0);
		if (round == 0) {
			fix_close(f);
			fix_open(f);
		} else if (round == 1) {
			fix_put(f, "wakes the committer");
			wait_for_trees(f);
		}
	}
}

static int64_t
steps_of_list(struct fix *f, const char *id)
{
	struct store_event_filter filter = { .delivery_id = id,
		.status = -1,
		.limit = 50 };
	struct store_events page;
	int64_t next;

	(void)store_test_steps(f->s);
	assert_int_equal(store_event_list(f->s, &filter, &page, &next, &f->e),
	    RC_OK);
	assert_int_equal(page.n, 1);
	store_events_free(&page);
	return store_test_steps(f->s);
}

static void
test_a_list_by_delivery_id_reads_no_other_events(void **state)
{
	struct fix *f = *state;
	int64_t few, many;

	put_burst(f, "few", 10);
	wait_for_trees(f);
	few = steps_of_list(f, "few-3");
	put_burst(f, "many", BURST);
	wait_for_trees(f);
	many = steps_of_list(f, "few-3");
	assert_true(many <= 2 * few);
}

static void
ignore(struct fix *f, int n)
{
	struct store_receipt out;
	struct event *ev = watched(f, "ignored", n);

	ev->is_ignored = true;
	assert_int_equal(fix_accept(f, ev, &out), RC_OK);
}

static bool
is_suspect(struct fix *f, int n)
{
	struct store_receipt out;
	struct event *ev = watched(f, "ignored", n);

	free(ev->delivery_id);
	ev->delivery_id = xasprintf("again-%d", n);
	assert_int_equal(fix_accept(f, ev, &out), RC_OK);
	return out.replay_suspect;
}

static int64_t
counted(const struct fix *f)
{
	return ask(f,
	    "SELECT n FROM counter WHERE family = 'sum' AND key = "
	    "'ignored_bodies'");
}

static void
test_beyond_a_million_the_oldest_ignored_body_makes_room(void **state)
{
	struct fix *f = *state;
	int i;

	for (i = 0; i < 3; i++) {
		ignore(f, i);
		ignore(f, i);
		f->wall_ms += 1000;
	}
	assert_int_equal(counted(f), 3);
	assert_int_equal(ask(f, "SELECT count(*) FROM ignored_body"), 3);
	(void)ask(f,
	    "UPDATE counter SET n = 1000000 WHERE family = 'sum' "
	    "AND key = 'ignored_bodies' RETURNING n");
	ignore(f, 3);
	assert_int_equal(counted(f), 999999);
	assert_int_equal(ask(f, "SELECT count(*) FROM ignored_body"), 2);
	assert_false(is_suspect(f, 0));
	assert_false(is_suspect(f, 1));
	assert_true(is_suspect(f, 2));
	assert_true(is_suspect(f, 3));
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(derived_id_is_believed_for_its_time_only),
		CASE(test_every_event_of_a_delivery_id_is_listed),
		CASE(test_a_list_by_delivery_id_reads_no_other_events),
		CASE(test_beyond_a_million_the_oldest_ignored_body_makes_room),
		CASE(test_delivery_ids_of_a_burst_are_known_at_once_and_later),
		CASE(test_a_single_post_goes_the_direct_way),
		CASE(test_delivery_ids_of_a_burst_are_known_after_reopening),
		CASE(test_a_small_memory_knows_as_much),
		CASE(test_processes_know_of_each_other),
		CASE(test_a_refused_post_leaves_no_dedupe_row),
		CASE(test_the_replay_window_starts_at_the_latest_post),
		CASE(test_a_killed_process_forgets_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
