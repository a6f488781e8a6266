#include "config.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "store/store_sqlite_note.h"
#include "tests/store/fixture.h"
#include "tests/store/raw.h"

/*
 * Which log is taken for the database's own: every one that a crash or a
 * restored pair leaves beside it, and not one from before the last
 * checkpoint.  Those of other stores, and what becomes of a database without
 * its log, are test_store_wal's.
 */

struct bytes {
	char *p;
	size_t n;
};

static struct bytes
read_beside(const struct fix *f, const char *suffix)
{
	char *path = fix_beside(f, suffix);
	struct bytes b;

	b.p = raw_read(path, &b.n);
	assert_non_null(b.p);
	free(path);
	return b;
}

static void
write_beside(const struct fix *f, const char *suffix, const struct bytes *b)
{
	char *path = fix_beside(f, suffix);
	char *index = fix_beside(f, "-shm");

	raw_write(path, b->p, b->n);
	(void)unlink(index);
	free(path);
	free(index);
}

/* A log of its own for each event. */
static void
put_alone(struct fix *f, const char *delivery_id)
{
	if (f->s == NULL)
		fix_open(f);
	fix_close(f);
	fix_open(f);
	(void)fix_put(f, delivery_id);
	fix_kill(f);
}

static void
note(const struct fix *f, const struct note *n)
{
	struct sqlite3_file *file;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file),
	    SQLITE_OK);
	assert_int_equal(note_write(file, n), SQLITE_OK);
	(void)sqlite3_close(db);
}

static void
read_salts(const struct bytes *log, uint8_t out[NOTE_SALTS_SIZE])
{
	memcpy(out, log->p + 16, NOTE_SALTS_SIZE);
}

static void
assert_opens_with(struct fix *f, const char *delivery_id)
{
	struct store_receipt r;

	fix_open(f);
	assert_int_equal(fix_accept(f, fix_event(f, delivery_id), &r), RC_OK);
	assert_true(r.duplicate);
	fix_assert_sound(f);
	fix_kill(f);
}

static void
test_an_old_log_of_ours_is_refused(void **state)
{
	struct fix *f = *state;
	struct bytes old, now, file, after;
	bool made;
	char *says;

	put_alone(f, "one");
	old = read_beside(f, "-wal");
	put_alone(f, "two");
	now = read_beside(f, "-wal");
	file = read_beside(f, "");
	write_beside(f, "-wal", &old);
	assert_int_equal(store_open(&f->opt, &f->s, &f->e), RC_INVALID);
	assert_non_null(strstr(f->e.text, "-wal is not the log"));
	assert_non_null(strstr(f->e.text, "put the right one in its place"));
	assert_int_equal(store_init(&f->opt, &made, &says, &f->e), RC_INVALID);
	after = read_beside(f, "");
	assert_int_equal(after.n, file.n);
	assert_memory_equal(after.p, file.p, file.n);
	write_beside(f, "-wal", &now);
	assert_opens_with(f, "two");
	free(old.p);
	free(now.p);
	free(file.p);
	free(after.p);
}

static void
test_a_restored_pair_is_taken(void **state)
{
	struct fix *f = *state;
	struct bytes file, log;

	put_alone(f, "one");
	file = read_beside(f, "");
	log = read_beside(f, "-wal");
	put_alone(f, "two");
	put_alone(f, "three");
	write_beside(f, "", &file);
	write_beside(f, "-wal", &log);
	assert_opens_with(f, "one");
	free(file.p);
	free(log.p);
}

/* The log's own salts are not the note's: another log, or an old one. */
static void
test_a_whole_file_takes_no_log(void **state)
{
	struct fix *f = *state;
	struct bytes log;

	put_alone(f, "one");
	log = read_beside(f, "-wal");
	fix_open(f);
	fix_close(f);
	write_beside(f, "-wal", &log);
	assert_int_equal(store_open(&f->opt, &f->s, &f->e), RC_INVALID);
	assert_non_null(strstr(f->e.text, "-wal is not the log"));
	log.n = 0;
	write_beside(f, "-wal", &log);
	assert_opens_with(f, "one");
	free(log.p);
}

/* Of another program, or of before there were notes. */
static void
test_without_a_log_note_any_log_is_accepted(void **state)
{
	const struct note none = { .state = NOTE_NONE };
	struct fix *f = *state;

	put_alone(f, "one");
	note(f, &none);
	assert_opens_with(f, "one");
}

/* Killed between the note and the header, between the header and the first
 * frame, or after a checkpoint whose cut of the log did not get to disk. */
static void
test_files_left_by_a_crash_are_recovered(void **state)
{
	static const uint8_t next[NOTE_SALTS_SIZE] = "12345678";
	struct note n = { .state = NOTE_IN_USE };
	struct fix *f = *state;
	struct bytes log;

	put_alone(f, "one");
	log = read_beside(f, "-wal");
	memcpy(n.is, next, sizeof(next));
	read_salts(&log, n.was);
	note(f, &n);
	assert_opens_with(f, "one");
	memcpy(n.was, next, sizeof(next));
	read_salts(&log, n.is);
	note(f, &n);
	assert_opens_with(f, "one");
	n.state = NOTE_SPENT;
	note(f, &n);
	assert_opens_with(f, "one");
	memcpy(n.is, next, sizeof(next));
	note(f, &n);
	assert_int_equal(store_open(&f->opt, &f->s, &f->e), RC_INVALID);
	n.state = NOTE_IN_USE;
	note(f, &n);
	assert_int_equal(store_open(&f->opt, &f->s, &f->e), RC_INVALID);
	/* A torn header is no log. */
	log.p[20] ^= 1;
	write_beside(f, "-wal", &log);
	fix_open(f);
	fix_close(f);
	free(log.p);
}

/* Started anew while it is looked at: the second look is at the gate. */
static void
test_a_doubtful_log_is_judged_under_the_gate(void **state)
{
	const struct note n = { .state = NOTE_WHOLE };
	struct fix *f = *state;
	char *gate = xasprintf("%s-gate", f->path);
	int fd = open(gate, O_RDWR | O_CLOEXEC);

	put_alone(f, "one");
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	fix_open(f);
	fix_kill(f);
	note(f, &n);
	assert_int_equal(store_open(&f->opt, &f->s, &f->e), RC_BUSY);
	(void)close(fd);
	free(gate);
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_an_old_log_of_ours_is_refused),
		CASE(test_a_restored_pair_is_taken),
		CASE(test_a_whole_file_takes_no_log),
		CASE(test_without_a_log_note_any_log_is_accepted),
		CASE(test_files_left_by_a_crash_are_recovered),
		CASE(test_a_doubtful_log_is_judged_under_the_gate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
