#include "config.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "tests/store/fixture.h"

/*
 * Descriptors and connections that are all in use are let go again: whoever
 * asks meanwhile is told to come later, in time, and nobody has to end.
 */

#define FILES_MOST 64

static void
limit_files(rlim_t n)
{
	struct rlimit files;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
}

static rlim_t
files_in_use(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	(void)close(fd);
	return (rlim_t)fd;
}

static enum rc
write_one(struct fix *f)
{
	return fix_accept(f, fix_event(f, "scarce"), NULL);
}

static enum rc
read_one(struct fix *f)
{
	struct store_events v;
	struct store_event_filter all;
	int64_t next;
	enum rc rc;

	memset(&all, 0, sizeof(all));
	all.limit = 1;
	rc = store_event_list(f->s, &all, &v, &next, &f->e);
	if (rc == RC_OK)
		store_events_free(&v);
	return rc;
}

/* A store that is new to the process opens what it needs with n
 * descriptors left, for n from none until it is enough. */
static void
judge_scarce(struct fix *f, enum rc (*call)(struct fix *f))
{
	struct rlimit was;
	enum rc rc = RC_BUSY;
	rlim_t n;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	for (n = 0; rc != RC_OK; n++) {
		assert_true(n < FILES_MOST);
		fix_close(f);
		fix_open(f);
		limit_files(files_in_use() + n);
		rc = call(f);
		limit_files(was.rlim_cur);
		if (rc != RC_OK && rc != RC_BUSY)
			fail_msg("%d left: %s: %s", (int)n, err_name(rc),
			    f->e.text);
		assert_false(store_is_dead(f->s));
		assert_int_equal(call(f), RC_OK);
		assert_false(store_is_dead(f->s));
	}
	assert_true(n > 1);
	fix_assert_sound(f);
}

static void
test_without_descriptors_writing_waits(void **state)
{
	judge_scarce(*state, write_one);
}

/* Reads again while the first connection for reading is in use. */
static sqlite3 *reader;
static struct fix *nested;
static enum rc nested_rc;

static int
note_opened(sqlite3 *db, const char **why, const void *api)
{
	(void)why;
	(void)api;
	reader = db;
	return SQLITE_OK;
}

static int
read_again(unsigned int what, void *arg, void *st, void *text)
{
	struct fix *f = nested;

	(void)what;
	(void)arg;
	(void)st;
	(void)text;
	nested = NULL;
	if (f != NULL)
		nested_rc = read_one(f);
	return 0;
}

static enum rc
read_nested(struct fix *f)
{
	(void)sqlite3_trace_v2(reader, SQLITE_TRACE_STMT, read_again, NULL);
	nested = f;
	nested_rc = RC_OK;
	assert_int_equal(read_one(f), RC_OK);
	assert_null(nested);
	(void)sqlite3_trace_v2(reader, 0, NULL, NULL);
	return nested_rc;
}

/* The first connection is opened, and seen, with the store. */
static int
setup_seen(void **state)
{
	(void)sqlite3_auto_extension((void (*)(void))note_opened);
	(void)fix_setup(state);
	return 0;
}

static int
teardown_seen(void **state)
{
	(void)sqlite3_cancel_auto_extension((void (*)(void))note_opened);
	return fix_teardown(state);
}

static void
open_with_readers(struct fix *f, unsigned int n)
{
	fix_close(f);
	f->opt.readers = n;
	fix_open(f);
}

static void
test_without_descriptors_reading_waits(void **state)
{
	struct fix *f = *state;
	sqlite3 *first;
	struct rlimit was;
	enum rc rc = RC_BUSY;
	rlim_t n;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	for (n = 0; rc != RC_OK; n++) {
		assert_true(n < FILES_MOST);
		open_with_readers(f, 2);
		first = reader;
		limit_files(files_in_use() + n);
		rc = read_nested(f);
		limit_files(was.rlim_cur);
		if (rc != RC_OK && rc != RC_BUSY)
			fail_msg("%d left: %s", (int)n, f->e.text);
		assert_false(store_is_dead(f->s));
		reader = first;
		assert_int_equal(read_nested(f), RC_OK);
	}
	assert_true(n > 1);
}

static void
test_a_connection_for_reading_is_not_waited_for_without_end(void **state)
{
	struct fix *f = *state;

	open_with_readers(f, 1);
	assert_int_equal(read_nested(f), RC_BUSY);
	assert_non_null(strstr(f->e.text, "connections for reading"));
	assert_int_equal(read_one(f), RC_OK);
}

/* At most ten jobs, as a drain asks for them. */
static enum rc
lease_ten(struct fix *f, struct store_leases *l)
{
	const struct store_lease_want want = { .worker = "w",
		.max = 10,
		.hold_ms = 60000 };
	int64_t next_ms;

	return store_lease_due(f->s, f->wall_ms, &want, l, &next_ms, &f->e);
}

static void
test_a_clock_set_back_is_corrected_at_the_next_turn(void **state)
{
	const struct store_flow limited = { .rate = 10000 };
	struct fix *f = *state;
	struct store_leases l;
	char id[16], *gate;
	size_t i;
	int fd;

	fix_close(f);
	f->opt.turn_ms = 100;
	fix_open(f);
	store_flow(f->s, &limited);
	f->wall_ms -= 7200000; /* the events are older than the clock says */
	for (i = 0; i < 30; i++) {
		(void)snprintf(id, sizeof(id), "d-%zu", i);
		(void)fix_job(f, id, "hook-1");
	}
	f->wall_ms += 7200000;
	assert_int_equal(lease_ten(f, &l), RC_OK);
	assert_int_equal(l.n, 10);
	store_leases_free(&l);

	f->wall_ms -= 3600000;
	gate = xasprintf("%s-gate", f->path);
	fd = open(gate, O_RDWR | O_CLOEXEC);
	free(gate);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(lease_ten(f, &l), RC_BUSY);
	assert_int_equal(close(fd), 0);

	/* The bucket was full again an hour from here. */
	assert_int_equal(lease_ten(f, &l), RC_OK);
	store_leases_free(&l);
	fix_pass(f, 1000);
	assert_int_equal(lease_ten(f, &l), RC_OK);
	assert_int_equal(l.n, 10);
	store_leases_free(&l);
	fix_assert_sound(f);
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
#define SEEN(name) \
	cmocka_unit_test_setup_teardown(name, setup_seen, teardown_seen)
	const struct CMUnitTest tests[] = {
		CASE(test_without_descriptors_writing_waits),
		CASE(test_a_clock_set_back_is_corrected_at_the_next_turn),
		SEEN(test_without_descriptors_reading_waits),
		SEEN(
		    test_a_connection_for_reading_is_not_waited_for_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
