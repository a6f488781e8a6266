#include "config.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "tests/store/fixture.h"
#include "tests/store/log.h"
#include "tests/store/raw.h"

/*
 * The log beside the database: what becomes of a wrong one, and that the
 * settings which all of this rests on are those of the connections in use.
 */

static void
drop(const struct fix *f, const char *suffix)
{
	char *path = fix_beside(f, suffix);

	(void)unlink(path);
	free(path);
}

static void
sql(const struct fix *f, const char *text)
{
	sqlite3 *db = log_reader(f);

	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

static bool
has(struct fix *f, const char *delivery_id)
{
	struct store_receipt r;

	assert_int_equal(fix_accept(f, fix_event(f, delivery_id), &r), RC_OK);
	return r.duplicate;
}

/* "in-file" is in the database's own file, "in-log" in its log alone. */
static void
put_both(struct fix *f)
{
	(void)fix_put(f, "in-file");
	fix_close(f);
	assert_int_equal(log_size(f), 0);
	fix_open(f);
	(void)fix_put(f, "in-log");
	fix_kill(f);
	assert_true(log_size(f) > 0);
}

/* Refused, it has not reached the database's file: with the right one in its
 * place, all is as it was. */
static enum rc
judge_foreign_log(struct fix *f, const void *wal, size_t n)
{
	char *path = fix_beside(f, "-wal");
	void *was, *now, *log;
	size_t nwas, nnow, nlog;
	enum rc rc;

	was = raw_read(f->path, &nwas);
	log = raw_read(path, &nlog);
	raw_write(path, wal, n);
	drop(f, "-shm");
	rc = store_open(&f->opt, &f->s, &f->e);
	if (rc == RC_OK) {
		(void)store_check(f->s, &f->e);
		(void)fix_accept(f, fix_event(f, "into-it"), NULL);
		fix_kill(f);
	}
	now = raw_read(f->path, &nnow);
	assert_int_equal(nnow, nwas);
	assert_memory_equal(now, was, nwas);
	free(now);
	raw_write(path, log, nlog);
	drop(f, "-shm");
	fix_open(f);
	assert_true(has(f, "in-file"));
	fix_assert_sound(f);
	fix_kill(f);
	free(was);
	free(log);
	free(path);
	return rc;
}

static enum rc
judge_log_of(struct fix *f, const struct fix *other)
{
	char *path = fix_beside(other, "-wal");
	size_t n;
	void *wal = raw_read(path, &n);
	enum rc rc;

	assert_true(n > 0);
	rc = judge_foreign_log(f, wal, n);
	free(wal);
	free(path);
	return rc;
}

/* The pages with the other's key check are in its log at first; later only
 * those of its last events are. */
static void
test_a_log_of_another_store_leaves_the_file_alone(void **state)
{
	struct fix *f = *state, other;

	put_both(f);
	fix_init(&other);
	(void)fix_put(&other, "other-1");
	fix_kill(&other);
	assert_int_equal(judge_log_of(f, &other), RC_INVALID);
	fix_open(&other);
	fix_close(&other);
	fix_open(&other);
	(void)fix_put(&other, "other-2");
	fix_kill(&other);
	assert_int_equal(judge_log_of(f, &other), RC_INVALID);
	fix_fini(&other);
}

static void
test_a_log_of_another_application_is_refused(void **state)
{
	static const char *const sizes[] = { "512", "4096", "65536" };
	struct fix *f = *state, other;
	char *path, *text;
	size_t i;

	put_both(f);
	for (i = 0; i < NELEM(sizes); i++) {
		other = *f;
		path = fix_beside(f, ".other");
		(void)snprintf(other.path, sizeof(other.path), "%s", path);
		text = xasprintf("PRAGMA page_size = %s; "
				 "PRAGMA journal_mode = WAL; "
				 "CREATE TABLE event(id INTEGER PRIMARY KEY); "
				 "INSERT INTO event VALUES (1), (2)",
		    sizes[i]);
		sql(&other, text);
		if (judge_log_of(f, &other) != RC_INVALID)
			fail_msg("pages of %s: opened", sizes[i]);
		free(text);
		drop(&other, "-wal");
		drop(&other, "-shm");
		(void)unlink(path);
		free(path);
	}
}

static void
test_an_index_of_rubbish_is_made_anew(void **state)
{
	static const size_t sizes[] = { 0, 1, 136, 4096, 32768, 65536 };
	struct fix *f = *state;
	char *path = fix_beside(f, "-shm");
	unsigned char *rubbish = xmalloc(65536);
	size_t i, j;

	put_both(f);
	for (i = 0; i < NELEM(sizes); i++) {
		for (j = 0; j < sizes[i]; j++)
			rubbish[j] = (unsigned char)(j * 31 + j / 7 + i);
		raw_write(path, rubbish, sizes[i]);
		fix_open(f);
		assert_true(has(f, "in-file"));
		assert_true(has(f, "in-log"));
		fix_assert_sound(f);
		fix_kill(f);
	}
	free(rubbish);
	free(path);
}

static void
test_a_log_of_rubbish_costs_the_log_alone(void **state)
{
	struct fix *f = *state;
	char *path = fix_beside(f, "-wal");
	unsigned char *wal;
	size_t n;

	put_both(f);
	wal = (unsigned char *)raw_read(path, &n);
	/* In the middle of a frame, then in the header, then no log at all. */
	raw_write(path, wal, n - 100);
	fix_open(f);
	assert_true(has(f, "in-file"));
	fix_assert_sound(f);
	fix_close(f);
	memset(wal, 0x5a, n);
	raw_write(path, wal, n);
	fix_open(f);
	assert_true(has(f, "in-file"));
	fix_assert_sound(f);
	fix_close(f);
	free(wal);
	free(path);
}

/* Alone: nothing else of the store is beside it. */
static void
drop_all_beside(const struct fix *f)
{
	static const char *const suffixes[] = { "-wal", "-shm", "-gate",
		"-ckpt", "-run", "-wake" };
	size_t i;

	for (i = 0; i < NELEM(suffixes); i++)
		drop(f, suffixes[i]);
}

static void
test_a_closed_store_is_one_file(void **state)
{
	struct fix *f = *state;
	int i;

	for (i = 0; i < 3; i++) {
		(void)fix_put(f, i == 0 ? "one" : i == 1 ? "two" : "three");
		fix_close(f);
		assert_int_equal(log_size(f), 0);
		drop_all_beside(f);
		fix_open(f);
		assert_true(has(f, "one"));
		fix_assert_sound(f);
	}
	assert_true(has(f, "three"));
}

static void
test_the_last_to_close_leaves_one_file(void **state)
{
	struct fix *f = *state;
	struct store *other;

	assert_int_equal(store_open(&f->opt, &other, &f->e), RC_OK);
	(void)fix_put(f, "one");
	fix_close(f);
	assert_true(log_size(f) > 0);
	store_close(other);
	assert_int_equal(log_size(f), 0);
	drop_all_beside(f);
	fix_open(f);
	assert_true(has(f, "one"));
}

/* One that reads alone does it too. */
static void
test_a_killed_store_is_one_file_after_the_next_close(void **state)
{
	struct fix *f = *state;
	struct store_stats stats;

	put_both(f);
	fix_open(f);
	fix_stats(f, &stats);
	fix_close(f);
	assert_int_equal(log_size(f), 0);
	drop_all_beside(f);
	fix_open(f);
	assert_true(has(f, "in-file"));
	assert_true(has(f, "in-log"));
	fix_assert_sound(f);
}

static void
test_a_database_without_its_log_is_refused(void **state)
{
	struct fix *f = *state;
	char *path = fix_beside(f, "-wal"), *says;
	size_t n, nfile, nnow;
	void *log, *file, *now;
	bool made;

	put_both(f);
	log = raw_read(path, &n);
	file = raw_read(f->path, &nfile);
	drop_all_beside(f);
	assert_int_equal(store_open(&f->opt, &f->s, &f->e), RC_INVALID);
	assert_non_null(strstr(f->e.text, path));
	assert_non_null(strstr(f->e.text, "is missing"));
	assert_non_null(strstr(f->e.text, "restore a backup"));
	assert_int_equal(store_init(&f->opt, &made, &says, &f->e), RC_INVALID);
	now = raw_read(f->path, &nnow);
	assert_int_equal(nfile, nnow);
	assert_memory_equal(file, now, nnow);
	raw_write(path, log, n);
	fix_open(f);
	assert_true(has(f, "in-file"));
	assert_true(has(f, "in-log"));
	fix_assert_sound(f);
	free(path);
	free(log);
	free(file);
	free(now);
}

/* sqlite3(1) plays the log and takes it away, or copies what it sees. */
static void
test_a_database_recovered_by_another_program_is_accepted(void **state)
{
	struct fix *f = *state;
	char *copy = fix_beside(f, ".copy"), *text;
	void *bytes;
	size_t n;

	put_both(f);
	raw_sql(f->path, "SELECT count(*) FROM event");
	drop_all_beside(f);
	fix_open(f);
	assert_true(has(f, "in-log"));
	(void)fix_put(f, "two");
	text = xasprintf("VACUUM INTO '%s'", copy);
	sql(f, text);
	fix_kill(f);
	bytes = raw_read(copy, &n);
	drop_all_beside(f);
	raw_write(f->path, bytes, n);
	raw_sql(f->path, "PRAGMA journal_mode = WAL");
	fix_open(f);
	assert_true(has(f, "two"));
	free(bytes);
	free(text);
	(void)unlink(copy);
	free(copy);
}

/* The same pages one by one, as its .backup does. */
static void
test_a_page_by_page_copy_needs_no_log(void **state)
{
	struct fix *f = *state;
	char *copy = fix_beside(f, ".copy");
	sqlite3 *from, *to;
	sqlite3_backup *b;
	void *bytes;
	size_t n;
	int i;

	for (i = 0; i < 2; i++) {
		log_put_large(f, (size_t)i, i == 0 ? 1000 : 5 * MIB);
		if (i == 1)
			log_wait_until_short(f);
		from = log_reader(f);
		assert_int_equal(sqlite3_open(copy, &to), SQLITE_OK);
		b = sqlite3_backup_init(to, "main", from, "main");
		assert_int_equal(sqlite3_backup_step(b, -1), SQLITE_DONE);
		(void)sqlite3_backup_finish(b);
		(void)sqlite3_close(from);
		(void)sqlite3_close(to);
		fix_kill(f);
		bytes = raw_read(copy, &n);
		drop_all_beside(f);
		raw_write(f->path, bytes, n);
		fix_open(f);
		assert_true(has(f, "large-0"));
		fix_assert_sound(f);
		free(bytes);
		(void)unlink(copy);
	}
	free(copy);
}

/* Connections in the order the engine opened them; NULL when closed. */
static sqlite3 *opened[16];
static size_t nopened;

static void
never_called(sqlite3_context *c, int n, sqlite3_value **v)
{
	(void)c;
	(void)n;
	(void)v;
}

static void
note_closed(void *slot)
{
	*(sqlite3 **)slot = NULL;
}

/* A function's destructor is called when its connection is closed. */
static int
note_opened(sqlite3 *db, const char **why, const void *api)
{
	sqlite3 **slot;

	(void)why;
	(void)api;
	if (nopened == NELEM(opened))
		return SQLITE_OK;
	slot = &opened[nopened++];
	*slot = db;
	return sqlite3_create_function_v2(db, "note_closed", 0, SQLITE_UTF8,
	    slot, never_called, NULL, NULL, note_closed);
}

static char *
ask(sqlite3 *db, const char *pragma)
{
	char *text = xasprintf("PRAGMA %s", pragma), *answer;
	sqlite3_stmt *st;

	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	answer = xstrdup((const char *)sqlite3_column_text(st, 0));
	(void)sqlite3_finalize(st);
	free(text);
	return answer;
}

static const struct {
	const char *pragma, *reader, *writer;
} pragmas[] = {
	{ "journal_mode", "wal", "wal" },
	{ "synchronous", "2", "2" },
	{ "wal_autocheckpoint", "0", "0" },
	{ "journal_size_limit", "67108864", "67108864" },
	{ "foreign_keys", "1", "1" },
	{ "trusted_schema", "0", "0" },
	{ "cell_size_check", "1", "1" },
	{ "mmap_size", "0", "0" },
	{ "temp_store", "2", "2" },
	{ "secure_delete", "2", "2" },
	{ "auto_vacuum", "2", "2" },
	{ "page_size", "4096", "4096" },
	{ "cache_size", "-512", "-8192" },
	{ "application_id", "1751937841", "1751937841" },
	{ "query_only", "1", "0" },
};

static const struct {
	int option, value;
} switches[] = {
	{ SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 },
	{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
	{ SQLITE_DBCONFIG_DQS_DML, 0 },
	{ SQLITE_DBCONFIG_DQS_DDL, 0 },
	{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
	{ SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0 },
};

static const struct {
	int limit, value;
} limits[] = {
	{ SQLITE_LIMIT_LENGTH, 32 * MIB },
	{ SQLITE_LIMIT_SQL_LENGTH, 100 * 1000 },
	{ SQLITE_LIMIT_ATTACHED, 0 },
	{ SQLITE_LIMIT_VARIABLE_NUMBER, 250 },
};

static bool
judge_settings(sqlite3 *db)
{
	char *answer = ask(db, "query_only");
	bool is_reader = strcmp(answer, "1") == 0;
	const char *want;
	size_t i;
	int on;

	free(answer);
	for (i = 0; i < NELEM(pragmas); i++) {
		want = is_reader ? pragmas[i].reader : pragmas[i].writer;
		answer = ask(db, pragmas[i].pragma);
		if (strcmp(answer, want) != 0)
			fail_msg("%s: %s is %s",
			    is_reader ? "reader" : "writer", pragmas[i].pragma,
			    answer);
		free(answer);
	}
	for (i = 0; i < NELEM(switches); i++) {
		on = -1;
		assert_int_equal(
		    sqlite3_db_config(db, switches[i].option, -1, &on),
		    SQLITE_OK);
		if (on != switches[i].value)
			fail_msg("switch %d is %d", switches[i].option, on);
	}
	for (i = 0; i < NELEM(limits); i++)
		assert_int_equal(sqlite3_limit(db, limits[i].limit, -1),
		    limits[i].value);
	return is_reader;
}

static void
test_settings_hold_on_the_connections_in_use(void **state)
{
	struct fix *f = *state;
	size_t i, readers = 0, writers = 0;

	fix_close(f);
	nopened = 0;
	assert_int_equal(sqlite3_auto_extension((void (*)(void))note_opened),
	    SQLITE_OK);
	fix_open(f);
	(void)fix_put(f, "d-1");
	(void)sqlite3_cancel_auto_extension((void (*)(void))note_opened);
	/* Nobody uses them now. */
	for (i = 0; i < nopened; i++)
		if (opened[i] == NULL)
			continue;
		else if (judge_settings(opened[i]))
			readers++;
		else
			writers++;
	assert_true(readers >= 1);
	assert_int_equal(writers, 1);
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_a_log_of_another_store_leaves_the_file_alone),
		CASE(test_a_log_of_another_application_is_refused),
		CASE(test_an_index_of_rubbish_is_made_anew),
		CASE(test_a_log_of_rubbish_costs_the_log_alone),
		CASE(test_a_closed_store_is_one_file),
		CASE(test_the_last_to_close_leaves_one_file),
		CASE(test_a_killed_store_is_one_file_after_the_next_close),
		CASE(test_a_database_without_its_log_is_refused),
		CASE(test_a_database_recovered_by_another_program_is_accepted),
		CASE(test_a_page_by_page_copy_needs_no_log),
		CASE(test_settings_hold_on_the_connections_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
