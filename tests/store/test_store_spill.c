#include "config.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "store/store_test.h"
#include "tests/store/fixture.h"

/*
 * A transaction larger than the page cache reaches the log before its end.
 * Rolled back, none of it may reach the log afterwards, when the place is
 * somebody else's.
 */

#define LARGE (12 * 1024 * 1024) /* the writer's cache holds 8 MiB */

static struct event *
large_event(const struct fix *f, const char *delivery_id, int fill)
{
	struct event *ev = fix_event(f, delivery_id);

	free(ev->body);
	ev->body = xmalloc(LARGE + 1);
	memset(ev->body, fill, LARGE);
	ev->body[LARGE] = '\0';
	ev->bodysz = LARGE;
	return ev;
}

static sqlite3 *last_opened;

static int
note_opened(sqlite3 *db, const char **why, const void *api)
{
	(void)why;
	(void)api;
	last_opened = db;
	return SQLITE_OK;
}

static int
refuse(void *arg)
{
	(void)arg;
	return 1;
}

/* The committer opens its connection for its first write: that is the one
 * opened last. */
static void
refuse_commit(enum store_test_place place)
{
	if (place == STORE_TEST_BEFORE_COMMIT)
		(void)sqlite3_commit_hook(last_opened, refuse, NULL);
}

/* Nobody shortens the log while this is held. */
static int
hold_checkpoints(const struct fix *f)
{
	char *path = xasprintf("%s-ckpt", f->path);
	int fd = open(path, O_RDWR | O_CLOEXEC);

	free(path);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	return fd;
}

/* With no page in the log, rolling back has nothing to read from it, which
 * would hand over what was gathered. */
static void
empty_log(const struct fix *f)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	assert_int_equal(sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	(void)sqlite3_close(db);
}

static void
open_seen(struct fix *f)
{
	last_opened = NULL;
	assert_int_equal(sqlite3_auto_extension((void (*)(void))note_opened),
	    SQLITE_OK);
	fix_open(f);
	(void)fix_put(f, "first");
	(void)sqlite3_cancel_auto_extension((void (*)(void))note_opened);
	assert_non_null(last_opened);
}

/* As a program started after a power cut finds it: by the log alone. */
static void
assert_kept(struct fix *f, int64_t id, int fill)
{
	char *path = xasprintf("%s-shm", f->path), *body;
	size_t n;

	(void)unlink(path);
	free(path);
	fix_open(f);
	assert_int_equal(store_payload(f->s, id, &body, &n, &f->e), RC_OK);
	assert_int_equal(n, LARGE);
	assert_int_equal(body[0], fill);
	assert_memory_equal(body, body + 1, n - 1);
	free(body);
	fix_assert_sound(f);
}

static void
test_a_rolled_back_change_overwrites_no_other(void **state)
{
	struct fix *f = *state, other;
	struct store_receipt r;
	int fd;

	fix_close(f);
	fd = hold_checkpoints(f);
	open_seen(f);
	empty_log(f);
	/* Another program's way to the same file. */
	other = *f;
	fix_open(&other);

	store_test_at(refuse_commit);
	assert_int_equal(fix_accept(f, large_event(f, "undone", 'a'), NULL),
	    RC_INVALID);
	store_test_at(NULL);
	(void)sqlite3_commit_hook(last_opened, NULL, NULL);

	assert_int_equal(fix_accept(&other, large_event(f, "kept", 'b'), &r),
	    RC_OK);
	/* The first goes on writing, and closes what it has. */
	(void)fix_put(f, "after");
	fix_close(f);
	fix_close(&other);
	(void)close(fd);
	assert_kept(f, r.id, 'b');
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_a_rolled_back_change_overwrites_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
