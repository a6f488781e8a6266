#include "config.h"

#include "tests/unit/unit.h"

#include <errno.h>
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
#include "core/webhook.h"
#include "store/store_metrics.h"
#include "store/store_sqlite_schema.h"
#include "tests/store/fixture.h"
#include "tests/store/raw.h"

/*
 * What the engine refuses to open, and that it leaves it as it was.
 */

static enum rc
try_open(struct fix *f)
{
	enum rc rc = store_open(&f->opt, &f->s, &f->e);

	fix_close(f);
	return rc;
}

static enum rc
try_init(struct fix *f)
{
	char *says = NULL;
	bool made;
	enum rc rc = store_init(&f->opt, &made, &says, &f->e);

	free(says);
	return rc;
}

/* What an upgrade keeps beside the store is named by the schema it made. */
static char *
beside_upgrade(const struct fix *f)
{
	return xasprintf("%s.before-schema-%d", f->path,
	    store_sqlite_nmigrations);
}

static void
test_init_is_safe_to_repeat(void **state)
{
	struct fix *f = *state;
	char *says;
	bool made;

	(void)fix_put(f, "d-1");
	assert_int_equal(store_init(&f->opt, &made, &says, &f->e), RC_OK);
	assert_false(made);
	free(says);
	(void)fix_put(f, "d-2");
	fix_assert_sound(f);
}

static void
set_schema(const struct fix *f, int n)
{
	char *text = xasprintf("PRAGMA user_version = %d", n);

	raw_sql(f->path, text);
	free(text);
}

static void
test_a_file_that_is_not_a_store_is_refused_and_kept(void **state)
{
	static const struct {
		const char *name;
		const char *bytes;
		size_t n;
	} cases[] = {
		{ "no bytes", "", 0 },
		{ "text", "this is text and not a database\n", 32 },
		{ "rubbish", "\x53\xab\x01\x00\xff\xfe\x90\x81\x77\x00\x13",
		    11 },
	};
	struct fix *f = *state;
	char *wal = fix_beside(f, "-wal"), *shm = fix_beside(f, "-shm"), *now;
	size_t i, n;

	fix_close(f);
	for (i = 0; i < NELEM(cases); i++) {
		(void)unlink(wal);
		(void)unlink(shm);
		raw_write(f->path, cases[i].bytes, cases[i].n);
		if (try_open(f) != RC_INVALID)
			fail_msg("%s: opened: %s", cases[i].name, f->e.text);
		if (strstr(f->e.text, "hls.db") == NULL ||
		    strstr(f->e.text, "restore a backup") == NULL)
			fail_msg("%s: %s", cases[i].name, f->e.text);
		if (try_init(f) != RC_INVALID)
			fail_msg("%s: init: %s", cases[i].name, f->e.text);
		now = raw_read(f->path, &n);
		assert_int_equal(n, cases[i].n);
		assert_memory_equal(now, cases[i].bytes, n);
		free(now);
	}
	free(wal);
	free(shm);
}

static void
test_another_application_or_a_newer_schema_is_refused(void **state)
{
	struct fix *f = *state;

	fix_close(f);
	raw_sql(f->path, "PRAGMA user_version = 99");
	assert_int_equal(try_open(f), RC_INVALID);
	assert_non_null(strstr(f->e.text, "99"));
	assert_int_equal(try_init(f), RC_INVALID);
	set_schema(f, store_sqlite_nmigrations);
	raw_sql(f->path, "PRAGMA application_id = 7");
	assert_int_equal(try_open(f), RC_INVALID);
	assert_int_equal(try_init(f), RC_INVALID);
	raw_sql(f->path, "PRAGMA application_id = 1751937841");
	assert_int_equal(try_open(f), RC_OK);
}

static void
test_an_absent_row_is_not_found(void **state)
{
	struct fix *f = *state;

	fix_close(f);
	(void)unlink(f->path);
	assert_int_equal(try_open(f), RC_NOTFOUND);
	assert_non_null(strstr(f->e.text, "hlsctl init"));
	f->opt.url = "mysql:/x";
	assert_int_equal(try_open(f), RC_INVALID);
	f->opt.url = "sqlite:/nowhere/at/all/hls.db";
	assert_int_equal(try_open(f), RC_NOTFOUND);
	f->opt.url = "sqlite:";
	assert_int_equal(try_open(f), RC_INVALID);
}

static void
test_a_log_without_its_database_is_not_played(void **state)
{
	struct fix *f = *state;
	char *wal = fix_beside(f, "-wal"), *kept;
	size_t n, now;

	(void)fix_put(f, "d-1");
	fix_kill(f);
	(void)unlink(f->path);
	kept = raw_read(wal, &n);
	assert_true(n > 0);
	assert_int_equal(try_init(f), RC_INVALID);
	free(raw_read(wal, &now));
	assert_int_equal(now, n);
	assert_int_equal(unlink(wal), 0);
	assert_int_equal(try_init(f), RC_OK);
	assert_int_equal(try_open(f), RC_OK);
	free(kept);
	free(wal);
}

static void
test_files_that_others_may_read_are_refused(void **state)
{
	static const char *const names[] = { "", "-gate", "-ckpt", "-run",
		"-wake" };
	struct fix *f = *state;
	char *path;
	size_t i;

	fix_close(f);
	for (i = 0; i < NELEM(names); i++) {
		path = fix_beside(f, names[i]);
		assert_int_equal(chmod(path, 0640), 0);
		assert_int_equal(try_open(f), RC_DENIED);
		assert_int_equal(chmod(path, 0600), 0);
		assert_int_equal(try_open(f), RC_OK);
		free(path);
	}
	assert_int_equal(chmod(f->key, 0444), 0);
	assert_int_equal(try_open(f), RC_DENIED);
	assert_int_equal(chmod(f->key, 0400), 0);
	assert_int_equal(chmod(f->dir, 0770), 0);
	assert_int_equal(try_open(f), RC_DENIED);
	assert_int_equal(chmod(f->dir, 0700), 0);
	assert_int_equal(try_open(f), RC_OK);
}

static void
test_links_are_refused(void **state)
{
	struct fix *f = *state;
	char *other = fix_beside(f, ".other");

	fix_close(f);
	assert_int_equal(link(f->path, other), 0);
	assert_int_equal(try_open(f), RC_DENIED);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(symlink(other, f->path), 0);
	assert_int_equal(try_open(f), RC_DENIED);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(rename(other, f->path), 0);
	assert_int_equal(try_open(f), RC_OK);
	free(other);
}

static void
test_files_are_ours_alone_whatever_the_umask(void **state)
{
	static const char *const names[] = { "", "-wal", "-shm", "-gate",
		"-ckpt", "-run", "-wake" };
	struct fix *f = *state, g;
	struct stat st;
	mode_t was = umask(0);
	char *path;
	size_t i;

	(void)f;
	fix_init(&g);
	(void)fix_put(&g, "d-1");
	(void)umask(was);
	for (i = 0; i < NELEM(names); i++) {
		path = fix_beside(&g, names[i]);
		if (stat(path, &st) == 0)
			assert_int_equal(st.st_mode & 077, 0);
		else
			assert_true(i == 1 || i == 2);
		free(path);
	}
	assert_int_equal(stat(g.key, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0400);
	fix_fini(&g);
}

/* The store opens, and the webhook says why nothing can be sent to it. */
static void
assert_damaged(struct fix *f, const char *why)
{
	struct webhook *w;

	fix_open(f);
	(void)fix_put(f, why);
	assert_int_equal(store_webhook_find(f->s, "hook-1", &w, &f->e), RC_OK);
	assert_non_null(w->damage);
	assert_non_null(strstr(w->damage, why));
	assert_false(secret_is_set(&w->secret));
	webhook_free(w);
	fix_close(f);
}

static void
test_the_key_is_the_store_s_own(void **state)
{
	struct fix *f = *state;
	char *kept = xasprintf("%s.kept", f->key);
	uint8_t other[32];

	/* Nothing is encrypted yet: the store works without it. */
	fix_close(f);
	assert_int_equal(rename(f->key, kept), 0);
	assert_int_equal(try_open(f), RC_OK);
	assert_int_equal(rename(kept, f->key), 0);
	fix_open(f);
	fix_register(f, "hook-1");
	fix_close(f);

	assert_int_equal(rename(f->key, kept), 0);
	assert_damaged(f, "is missing");
	assert_int_equal(try_init(f), RC_INVALID);
	assert_non_null(strstr(f->e.text, "restore"));
	memset(other, 7, sizeof(other));
	raw_write(f->key, other, sizeof(other));
	assert_damaged(f, "is not the key");
	assert_int_equal(try_init(f), RC_INVALID);
	assert_int_equal(rename(kept, f->key), 0);
	assert_int_equal(try_open(f), RC_OK);
	free(kept);
}

static void
test_a_ciphertext_opens_in_its_own_place_only(void **state)
{
	struct fix *f = *state;
	struct webhook *w;

	fix_register(f, "hook-1");
	fix_register(f, "hook-2");
	fix_close(f);
	raw_sql(f->path,
	    "UPDATE webhook SET secret = (SELECT secret FROM webhook WHERE "
	    "id = 'hook-1') WHERE id = 'hook-2'");
	fix_open(f);
	assert_int_equal(store_webhook_find(f->s, "hook-1", &w, &f->e), RC_OK);
	assert_null(w->damage);
	webhook_free(w);
	/* Found, so that a person can see and delete it, without the secret. */
	assert_int_equal(store_webhook_find(f->s, "hook-2", &w, &f->e), RC_OK);
	assert_non_null(w->damage);
	assert_false(secret_is_set(&w->secret));
	webhook_free(w);
}

static void
test_no_secret_is_on_disk_in_the_clear(void **state)
{
	static const char *const names[] = { "", "-wal" };
	struct fix *f = *state;
	struct webhook *w = fix_webhook("hook-1");
	char *path, *bytes;
	size_t i, n;

	w->headers = xcalloc(1, sizeof(*w->headers));
	w->headers[0].name = xstrdup("Authorization");
	secret_put_str(&w->headers[0].value, "a header value to hide");
	w->nheaders = 1;
	assert_int_equal(store_webhook_put(f->s, w, &f->e), RC_OK);
	webhook_free(w);
	for (i = 0; i < NELEM(names); i++) {
		path = fix_beside(f, names[i]);
		bytes = raw_read(path, &n);
		assert_non_null(bytes);
		assert_null(memmem(bytes, n, "a secret of some", 16));
		assert_null(memmem(bytes, n, "a header value", 14));
		free(bytes);
		free(path);
	}
}

static void
test_a_schema_in_change_keeps_programs_out(void **state)
{
	struct fix *f = *state;
	char *run = fix_beside(f, "-run");
	int fd;

	fix_close(f);
	fd = open(run, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(try_open(f), RC_BUSY);
	assert_int_equal(try_init(f), RC_BUSY);
	(void)close(fd);
	assert_int_equal(try_open(f), RC_OK);
	free(run);
}

/* Schema 0 is what a file has before its first migration. */
static void
test_an_older_schema_is_changed_by_init_alone(void **state)
{
	struct fix *f = *state;
	char *backup = beside_upgrade(f);

	(void)fix_put(f, "d-1");
	raw_sql(f->path, "PRAGMA user_version = 0");
	/* A program, this one, has it open. */
	assert_int_equal(try_init(f), RC_BUSY);
	assert_non_null(strstr(f->e.text, "stop them"));
	fix_close(f);
	assert_int_equal(access(backup, F_OK), -1);
	assert_int_equal(try_open(f), RC_INVALID);
	assert_non_null(strstr(f->e.text, "hlsctl init"));

	/* A migration that does not go through leaves all as it was. */
	assert_int_not_equal(try_init(f), RC_OK);
	assert_int_equal(access(backup, F_OK), 0);
	assert_int_equal(raw_count(f->path, "PRAGMA user_version"), 0);
	assert_int_equal(
	    raw_count(f->path, "SELECT count(*) FROM meta WHERE key = 'salt'"),
	    1);
	free(backup);
}

static void
test_an_upgrade_keeps_the_old_one_beside(void **state)
{
	struct fix *f = *state;
	char *backup = beside_upgrade(f);
	char *path = f->path;
	struct stat st;
	sqlite3 *db;
	bool made;
	char *says;

	fix_close(f);
	assert_int_equal(unlink(path), 0);
	raw_sql(f->path,
	    "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; "
	    "PRAGMA application_id = 1751937841; "
	    "CREATE TABLE kept (n INTEGER); INSERT INTO kept VALUES (7)");
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(store_init(&f->opt, &made, &says, &f->e), RC_OK);
	assert_true(made);
	assert_non_null(strstr(says, "upgraded"));
	free(says);
	assert_int_equal(raw_count(f->path, "PRAGMA user_version"),
	    store_sqlite_nmigrations);
	assert_int_equal(raw_count(f->path, "SELECT n FROM kept"), 7);
	assert_int_equal(stat(backup, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(sqlite3_open(backup, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db, "SELECT n FROM kept", NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db, "SELECT 1 FROM meta", NULL, NULL, NULL),
	    SQLITE_ERROR);
	(void)sqlite3_close(db);
	/* Once is enough. */
	assert_int_equal(store_init(&f->opt, &made, &says, &f->e), RC_OK);
	assert_false(made);
	free(says);
	free(backup);
}

static void
test_an_orphaned_job_is_dead_and_others_continue(void **state)
{
	struct fix *f = *state;
	struct store_leases l;

	(void)fix_job(f, "d-1", "hook-1");
	(void)fix_job(f, "d-2", "hook-1");
	fix_close(f);
	raw_sql(f->path, "DELETE FROM event WHERE id = 1");
	fix_open(f);
	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.v[0].event->delivery_id, "d-2");
	store_leases_free(&l);
	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 0);
}

/* Counters and rows that no program of ours writes; the good job of the same
 * target is leased and settled beside each. */
static void
test_an_impossible_row_is_dead_and_others_continue(void **state)
{
	static const struct {
		const char *sql;
		bool is_dead; /* job 1 can not be done */
	} cases[] = {
		{ "UPDATE job SET priority = 99 WHERE id = 1", true },
		{ "UPDATE job SET attempt = -3 WHERE id = 1", true },
		{ "UPDATE job SET tries = -1, deaths = -7 WHERE id = 1", true },
		{ "UPDATE job SET lease_token = 9223372036854775807 "
		  "WHERE id = 1",
		    true },
		{ "UPDATE event SET fresh = 0 WHERE id = 1", false },
		{ "UPDATE event SET fresh = -5, leased = -5, status = 77 "
		  "WHERE id = 1",
		    false },
		{ "UPDATE target SET waiting = 1, leased = -9", false },
	};
	struct store_result r;
	struct store_leases l;
	struct fix *f = *state;
	char *text;
	size_t i, j;

	for (i = 0; i < NELEM(cases); i++) {
		if (i > 0) {
			fix_fini(f);
			fix_init(f);
		}
		(void)fix_job(f, "d-1", "hook-1");
		(void)fix_job(f, "d-2", "hook-1");
		fix_close(f);
		text = xasprintf("PRAGMA ignore_check_constraints = 1; %s",
		    cases[i].sql);
		raw_sql(f->path, text);
		fix_open(f);
		fix_lease(f, 10, &l);
		if (l.n != (cases[i].is_dead ? 1 : 2))
			fail_msg("%s: %zu leases", text, l.n);
		for (j = 0; j < l.n; j++) {
			memset(&r, 0, sizeof(r));
			r.job = l.v[j].job;
			r.token = l.v[j].token;
			r.verdict = STORE_DONE;
			if (store_settle(f->s, &r, 1, "w", f->wall_ms, &f->e) !=
			    RC_OK)
				fail_msg("%s: %s", text, f->e.text);
			assert_false(r.fenced);
		}
		store_leases_free(&l);
		fix_lease(f, 10, &l);
		assert_int_equal(l.n, 0);
		fix_close(f);
		free(text);
		if (cases[i].is_dead)
			assert_int_equal(raw_count(f->path,
					     "SELECT count(*) FROM job WHERE "
					     "id = 1 AND state = 3 AND "
					     "last_class = 3 AND last_text "
					     "LIKE '%damaged%'"),
			    1);
		fix_open(f);
	}
}

/* A lease that lapses over such a row is no different. */
static void
test_an_impossible_row_on_lease_comes_back(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	size_t n;

	(void)fix_job(f, "d-1", "hook-1");
	(void)fix_job(f, "d-2", "hook-1");
	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 2);
	store_leases_free(&l);
	fix_close(f);
	raw_sql(f->path,
	    "PRAGMA ignore_check_constraints = 1; "
	    "UPDATE job SET lease_until_ms = 0; "
	    "UPDATE job SET priority = 50, attempt = -1 WHERE id = 1");
	fix_open(f);
	assert_int_equal(store_recover(f->s, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(n, 2);
}

/* Bytes turned at places spread over the file: each is harmless or said. */
static void
test_damage_is_harmless_or_reported(void **state)
{
	const struct store_lease_want want = { .worker = "w",
		.max = 64,
		.hold_ms = 1000 };
	struct fix *f = *state;
	struct store_leases l;
	int64_t next_ms;
	unsigned char *whole, *bad;
	char id[16], *wal = fix_beside(f, "-wal"), *shm = fix_beside(f, "-shm");
	size_t i, n;

	for (i = 0; i < 40; i++) {
		(void)snprintf(id, sizeof(id), "d-%zu", i);
		(void)fix_job(f, id, "hook-1");
	}
	fix_close(f);
	raw_sql(f->path, "PRAGMA wal_checkpoint(TRUNCATE)");
	whole = (unsigned char *)raw_read(f->path, &n);
	bad = xmalloc(n);
	for (i = 0; i < 150; i++) {
		memcpy(bad, whole, n);
		bad[(i * 7919 + i * i * 31) % n] ^= (unsigned char)(1 + i);
		(void)unlink(wal);
		(void)unlink(shm);
		raw_write(f->path, bad, n);
		if (store_open(&f->opt, &f->s, &f->e) != RC_OK)
			continue;
		memset(&l, 0, sizeof(l));
		(void)store_lease_due(f->s, f->wall_ms, &want, &l, &next_ms,
		    &f->e);
		store_leases_free(&l);
		(void)fix_accept(f, fix_event(f, "after"), NULL);
		fix_close(f);
	}
	free(bad);
	free(whole);
	free(wal);
	free(shm);
}

/* What drains share is bounded by it. */
static void
find_targets(void *arg, const char *check, const char *finding)
{
	bool *found = arg;

	*found = *found || (strcmp(check, "targets") == 0 && finding != NULL);
}

static void
test_a_wrong_count_of_leases_is_found(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	bool found = false;

	(void)fix_job(f, "d-1", "hook-1");
	fix_lease(f, 1, &l);
	store_leases_free(&l);
	fix_assert_sound(f);
	fix_close(f);
	raw_sql(f->path, "UPDATE target SET leased = leased + 1");
	fix_open(f);
	assert_int_equal(store_doctor(f->s, find_targets, &found, &f->e),
	    RC_OK);
	assert_true(found);
}

static void
find_secrets(void *arg, const char *check, const char *finding)
{
	int *n = arg;

	if (strcmp(check, "secrets") == 0 && finding != NULL &&
	    strstr(finding, "hook-550") != NULL)
		++*n;
}

static void
test_a_damaged_secret_behind_many_webhooks_is_found(void **state)
{
	struct webhook *v[600];
	struct fix *f = *state;
	int i, found = 0;

	for (i = 0; i < 600; i++) {
		v[i] = fix_webhook("w");
		free(v[i]->id);
		v[i]->id = xasprintf("hook-%03d", i);
	}
	assert_int_equal(store_webhook_put_all(f->s,
			     (const struct webhook *const *)v, 600, false,
			     &f->e),
	    RC_OK);
	for (i = 0; i < 600; i++)
		webhook_free(v[i]);
	fix_close(f);
	raw_sql(f->path,
	    "UPDATE webhook SET secret = zeroblob(60) WHERE id = 'hook-550'");
	fix_open(f);
	assert_int_equal(store_doctor(f->s, find_secrets, &found, &f->e),
	    RC_OK);
	assert_int_equal(found, 1);
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_init_is_safe_to_repeat),
		CASE(test_a_file_that_is_not_a_store_is_refused_and_kept),
		CASE(test_another_application_or_a_newer_schema_is_refused),
		CASE(test_an_absent_row_is_not_found),
		CASE(test_a_log_without_its_database_is_not_played),
		CASE(test_files_that_others_may_read_are_refused),
		CASE(test_links_are_refused),
		CASE(test_files_are_ours_alone_whatever_the_umask),
		CASE(test_the_key_is_the_store_s_own),
		CASE(test_a_ciphertext_opens_in_its_own_place_only),
		CASE(test_no_secret_is_on_disk_in_the_clear),
		CASE(test_a_schema_in_change_keeps_programs_out),
		CASE(test_an_older_schema_is_changed_by_init_alone),
		CASE(test_an_upgrade_keeps_the_old_one_beside),
		CASE(test_an_orphaned_job_is_dead_and_others_continue),
		CASE(test_an_impossible_row_is_dead_and_others_continue),
		CASE(test_an_impossible_row_on_lease_comes_back),
		CASE(test_a_damaged_secret_behind_many_webhooks_is_found),
		CASE(test_damage_is_harmless_or_reported),
		CASE(test_a_wrong_count_of_leases_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
