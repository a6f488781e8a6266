#include "config.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "tests/store/fixture.h"
#include "tests/store/log.h"

/* How long the log grows, and who shortens it. */

struct readers {
	struct fix *f;
	atomic_bool stop;
	atomic_int failed;
	atomic_int turns;
};

static int
begin_read(sqlite3 *db)
{
	return sqlite3_exec(db, "BEGIN; SELECT max(id) FROM event", NULL, NULL,
	    NULL);
}

/* One of the two has a read open at every moment. */
static void *
read_without_a_gap(void *arg)
{
	struct readers *r = arg;
	sqlite3 *db[2] = { log_reader(r->f), log_reader(r->f) };
	int i;

	(void)sqlite3_busy_timeout(db[0], 5000);
	(void)sqlite3_busy_timeout(db[1], 5000);
	if (begin_read(db[0]) != SQLITE_OK)
		atomic_fetch_add(&r->failed, 1);
	for (i = 1; !atomic_load(&r->stop); i ^= 1) {
		if (begin_read(db[i]) != SQLITE_OK)
			atomic_fetch_add(&r->failed, 1);
		log_until_us(clock_tick_us() + 2000);
		if (sqlite3_exec(db[i ^ 1], "COMMIT", NULL, NULL, NULL) !=
		    SQLITE_OK)
			atomic_fetch_add(&r->failed, 1);
		atomic_fetch_add(&r->turns, 1);
	}
	(void)sqlite3_close(db[0]);
	(void)sqlite3_close(db[1]);
	return NULL;
}

/* What is put would fill the log to more than its bound. */
static void
test_constant_readers_do_not_let_the_log_grow(void **state)
{
	enum {
		EVENTS = 2000,
		BODY = 36 * 1024,
		BETWEEN_US = 2000
	};
	struct fix *f = *state;
	struct readers r = { .f = f };
	int64_t put_us, n, peak = 0;
	pthread_t t;
	size_t i;

	assert_int_equal(pthread_create(&t, NULL, read_without_a_gap, &r), 0);
	for (i = 0; i < EVENTS; i++) {
		put_us = clock_tick_us();
		log_put_large(f, i, BODY);
		n = log_size(f);
		peak = n > peak ? n : peak;
		log_until_us(put_us + BETWEEN_US);
	}
	atomic_store(&r.stop, true);
	(void)pthread_join(t, NULL);
	assert_int_equal(atomic_load(&r.failed), 0);
	assert_true(atomic_load(&r.turns) > 100);
	assert_true(peak > 4 * MIB);
	if (peak >= 64 * MIB)
		fail_msg("the log had %lld bytes", (long long)peak);
	log_wait_until_short(f);
	fix_assert_sound(f);
}

static void
test_one_checkpointer_at_a_time(void **state)
{
	struct fix *f = *state;
	char *path = fix_beside(f, "-ckpt");
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int64_t end_us, n, was = 0;
	size_t i;

	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	/* For longer than there is between two of them. */
	end_us = clock_tick_us() + SECOND_US * 3 / 2;
	for (i = 0; i < 20 || clock_tick_us() < end_us; i++) {
		log_put_large(f, i, MIB / 2);
		n = log_size(f);
		assert_true(n > was);
		was = n;
		log_until_us(clock_tick_us() + 50 * 1000);
	}
	assert_true(was > 4 * MIB);
	assert_int_equal(flock(fd, LOCK_UN), 0);
	/* Nothing more is put: idle, it comes back to it. */
	log_wait_until_short(f);
	assert_int_equal(log_size(f), 0);
	(void)close(fd);
	free(path);
	fix_assert_sound(f);
}

/* A checkpoint holds up all writers, the longer the more there is to copy. */
static void
test_a_log_that_is_written_without_a_pause_stays_short(void **state)
{
	struct fix *f = *state;
	int64_t n, peak = 0;
	size_t i;

	for (i = 0; i < 100; i++) {
		log_put_large(f, i, MIB / 2);
		n = log_size(f);
		peak = n > peak ? n : peak;
	}
	assert_true(peak > 4 * MIB);
	if (peak >= 8 * MIB)
		fail_msg("the log had %lld bytes", (long long)peak);
	fix_assert_sound(f);
}

enum {
	WRITERS = 3,
	WRITES = 400
};

/* A process of its own: 25 MiB, in the midst of the others' logs. */
static void
write_much(struct fix *f, size_t writer)
{
	size_t i;

	fix_open(f);
	for (i = 0; i < WRITES; i++)
		log_put_large(f, writer * WRITES + i, 64 * 1024);
	fix_close(f);
	_exit(0);
}

static void
test_processes_that_write_at_once_damage_nothing(void **state)
{
	struct fix *f = *state;
	struct store_stats st;
	pid_t pid[WRITERS];
	int i, status;

	fix_close(f);
	for (i = 0; i < WRITERS; i++) {
		pid[i] = fork();
		assert_true(pid[i] != -1);
		if (pid[i] == 0)
			write_much(f, (size_t)i);
	}
	for (i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	assert_int_equal(log_size(f), 0);
	fix_open(f);
	fix_stats(f, &st);
	assert_int_equal(st.accepted, WRITERS * WRITES);
	fix_assert_sound(f);
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_constant_readers_do_not_let_the_log_grow),
		CASE(test_one_checkpointer_at_a_time),
		CASE(test_a_log_that_is_written_without_a_pause_stays_short),
		CASE(test_processes_that_write_at_once_damage_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
