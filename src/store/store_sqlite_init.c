#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/xalloc.h"
#include "store/store_sqlite_int.h"
#include "store/store_sqlite_note.h"
#include "store/store_sqlite_schema.h"

#define GATE_MS 5000
#define DECODES 5 /* the schema that keeps decoded JSON beside a form */

/* One run of init. */
struct making {
	const struct store_options *opt;
	struct lite_files files;
	char *new_path; /* the database until it is whole */
	int run_fd, gate_fd, ckpt_fd;
	bool made_database, upgraded, made_key;
	int from_version;
};

static enum rc
exec(struct lite_conn *c, const char *sql, struct err *e)
{
	if (sqlite3_exec(c->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return lite_failed(c, e);
	return RC_OK;
}

/* Each migration is one transaction together with its number. */
static enum rc
migrate(struct lite_conn *c, int from, struct err *e)
{
	struct err ignored;
	enum rc rc = RC_OK;
	int n;

	for (n = from; rc == RC_OK && n < store_sqlite_nmigrations; n++) {
		rc = lite_run_stmt(c, LITE_BEGIN, e);
		if (rc == RC_OK)
			rc = exec(c, store_sqlite_migrations[n], e);
		if (rc == RC_OK && n + 1 == DECODES)
			rc = lite_decode_payloads(c, e);
		if (rc == RC_OK)
			rc = lite_run_stmt(c, LITE_COMMIT, e);
		if (rc != RC_OK) {
			if (!sqlite3_get_autocommit(c->db))
				(void)lite_run_stmt(c, LITE_ROLLBACK, &ignored);
			return err_prefix(e, "schema %d", n + 1);
		}
	}
	return rc;
}

static enum rc
put_meta(struct lite_conn *c, const char *key, int64_t value, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_META_PUT);

	lite_text(st, 1, key);
	lite_int(st, 2, value);
	return lite_run(c, st, e);
}

/* What an init that was cut short left beside its unfinished file: a journal
 * would be played back into the new one.  Nothing is written in WAL mode
 * before the name is the last one, so nothing of worth is in these. */
static void
unlink_beside(const char *path, const char *suffix)
{
	char *name = xasprintf("%s%s", path, suffix);

	(void)unlink(name);
	free(name);
}

/* Runs on a name of its own until all of it is on disk; a power cut leaves a
 * database or none. */
static enum rc
make_database(struct making *m, struct err *e)
{
	struct lite_conn c;
	uint32_t salt;
	mode_t was;
	enum rc rc;

	crypt_random(&salt, sizeof(salt));
	unlink_beside(m->new_path, "");
	unlink_beside(m->new_path, "-journal");
	unlink_beside(m->new_path, "-wal");
	unlink_beside(m->new_path, "-shm");
	was = umask(077);
	rc = lite_conn_open(m->new_path, LITE_MAKE, &c, e);
	if (rc == RC_OK) {
		rc = migrate(&c, 0, e);
		if (rc == RC_OK)
			rc = put_meta(&c, "salt", salt, e);
		if (rc == RC_OK)
			rc = put_meta(&c, "created_ms",
			    clock_wall_ms(m->opt->clock), e);
		if (rc == RC_OK)
			rc = exec(&c, lite_sql_wal, e);
		lite_conn_close(&c);
	}
	(void)umask(was);
	unlink_beside(m->new_path, "-wal");
	unlink_beside(m->new_path, "-shm");
	if (rc != RC_OK)
		return rc;
	file_give(-1, m->new_path, m->files.folder);
	if (rename(m->new_path, m->files.path) != 0)
		return err_errno(e, RC_SYSTEM, errno, "%s", m->files.path);
	m->made_database = true;
	return file_sync_folder_of(m->files.path, e);
}

/* The whole of it under another name, before anything is changed. */
static enum rc
back_up(struct making *m, struct lite_conn *c, struct err *e)
{
	char *path = xasprintf("%s.before-schema-%d", m->files.path,
	    store_sqlite_nmigrations);
	sqlite3 *copy = NULL;
	sqlite3_backup *b;
	mode_t was = umask(077);
	int code = SQLITE_ERROR, fd;
	enum rc rc = RC_OK;

	(void)unlink(path);
	if (sqlite3_open_v2(path, &copy,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOFOLLOW,
		NULL) == SQLITE_OK) {
		b = sqlite3_backup_init(copy, "main", c->db, "main");
		if (b != NULL) {
			(void)sqlite3_backup_step(b, -1);
			code = sqlite3_backup_finish(b);
		}
	}
	(void)sqlite3_close(copy);
	(void)umask(was);
	file_give(-1, path, m->files.path);
	if (code != SQLITE_OK)
		rc = err_set(e, RC_SYSTEM, "backup to %s failed: %s", path,
		    sqlite3_errstr(code));
	if (rc == RC_OK) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd == -1 || fsync(fd) != 0)
			rc = err_errno(e, RC_SYSTEM, errno, "%s", path);
		if (fd != -1)
			(void)close(fd);
	}
	if (rc == RC_OK)
		rc = file_sync_folder_of(path, e);
	free(path);
	return rc;
}

static enum rc
quick_check(struct lite_conn *c, const char *path, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_QUICK_CHECK);
	const char *text;
	bool row;
	enum rc rc;

	rc = lite_step(c, st, &row, e);
	if (rc != RC_OK)
		return rc;
	text = row ? (const char *)sqlite3_column_text(st, 0) : NULL;
	if (text == NULL || strcmp(text, "ok") != 0)
		rc = err_set(e, RC_INVALID,
		    "%s is damaged (%s); it is left as it is, restore a backup",
		    path, text == NULL ? "no answer" : text);
	lite_reset(st);
	return rc;
}

static enum rc
upgrade(struct making *m, struct lite_conn *c, struct err *e)
{
	enum rc rc;

	if (m->from_version > store_sqlite_nmigrations)
		return err_set(e, RC_INVALID,
		    "%s has schema %d, this program knows %d", m->files.path,
		    m->from_version, store_sqlite_nmigrations);
	if (m->from_version == store_sqlite_nmigrations)
		return RC_OK;
	while (flock(m->run_fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EINTR)
			continue;
		return err_set(e, RC_BUSY,
		    "programs have %s open: stop them first", m->files.path);
	}
	rc = back_up(m, c, e);
	if (rc == RC_OK)
		rc = migrate(c, m->from_version, e);
	m->upgraded = rc == RC_OK;
	return rc;
}

/* A database without a key holds no ciphertext, or had one: then a new key
 * would only hide that the old one is lost. */
static enum rc
settle_key(struct making *m, struct lite_conn *c, struct err *e)
{
	uint8_t key[CRYPT_KEY_SIZE];
	const char *path = m->opt->key_file;
	bool ciphertext;
	char *folder;
	enum rc rc;

	rc = lite_key_read(path, key, e);
	if (rc == RC_NOTFOUND && path != NULL && *path != '\0') {
		rc = lite_has_ciphertext(c, &ciphertext, e);
		if (rc != RC_OK)
			return rc;
		if (ciphertext)
			return err_set(e, RC_INVALID,
			    "the key file %s is missing and the store holds "
			    "encrypted secrets: restore it, or, if it is lost, "
			    "hlsctl key replace makes another",
			    path);
		folder = file_folder_of(path);
		rc = file_make_folder(folder, 0755, e);
		free(folder);
		if (rc == RC_OK)
			rc = file_make_key(path, e);
		m->made_key = rc == RC_OK;
		if (m->made_key)
			file_give(-1, path, m->files.path);
		/* Somebody else made it meanwhile: it is as good. */
		if (rc == RC_OK || rc == RC_EXISTS)
			rc = lite_key_read(path, key, e);
	}
	if (rc == RC_OK)
		rc = lite_has_ciphertext(c, &ciphertext, e);
	if (rc == RC_OK && ciphertext)
		rc = lite_key_check(c, key, e);
	else if (rc == RC_OK)
		rc = lite_key_sign(c, key, e);
	crypt_wipe(key, sizeof(key));
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

/* A log whose database is gone would be played into the new one. */
static enum rc
judge_remains(const struct making *m, struct err *e)
{
	static const char *const suffixes[] = { "-wal", "-journal" };
	struct stat st;
	char *path;
	size_t i;
	enum rc rc = RC_OK;

	for (i = 0; rc == RC_OK && i < sizeof(suffixes) / sizeof(suffixes[0]);
	     i++) {
		path = xasprintf("%s%s", m->files.path, suffixes[i]);
		if (stat(path, &st) == 0 && st.st_size > 0)
			rc = err_set(e, RC_INVALID,
			    "%s belongs to a database that is not there: put "
			    "it back, or move this away",
			    path);
		free(path);
	}
	return rc;
}

/* Two at once: the second waits at the gate and finds it there. */
static enum rc
make_if_missing(struct making *m, struct err *e)
{
	enum rc rc;

	rc = lite_gate_enter_within(m->gate_fd, m->files.path, GATE_MS, e);
	if (rc != RC_OK)
		return rc;
	if (access(m->files.path, F_OK) != 0) {
		rc = judge_remains(m, e);
		if (rc == RC_OK)
			rc = make_database(m, e);
	}
	(void)flock(m->gate_fd, LOCK_UN);
	return rc;
}

static enum rc
settle_key_at_gate(struct making *m, struct lite_conn *c, struct err *e)
{
	enum rc rc;

	rc = lite_gate_enter_within(m->gate_fd, m->files.path, GATE_MS, e);
	if (rc != RC_OK)
		return rc;
	rc = settle_key(m, c, e);
	(void)flock(m->gate_fd, LOCK_UN);
	return rc;
}

static enum rc
settle_database(struct making *m, struct err *e)
{
	const struct lite_locks locks = { m->files.path, m->run_fd, m->gate_fd,
		m->ckpt_fd };
	struct lite_conn c;
	bool whole;
	enum rc rc;

	rc = make_if_missing(m, e);
	if (rc == RC_OK)
		rc = lite_files_judge(&m->files, e);
	if (rc == RC_OK)
		rc = lite_note_judge(m->files.path, m->gate_fd, &whole, e);
	if (rc == RC_OK)
		rc = lite_conn_open(m->files.path, LITE_WRITE, &c, e);
	if (rc != RC_OK)
		return rc;
	rc = lite_conn_identify(&c, m->files.path, &m->from_version, e);
	if (rc == RC_OK)
		rc = quick_check(&c, m->files.path, e);
	if (rc == RC_OK)
		rc = upgrade(m, &c, e);
	if (rc == RC_OK)
		rc = settle_key_at_gate(m, &c, e);
	if (rc == RC_OK)
		lite_leave_whole(&locks, &c);
	lite_conn_close(&c);
	return rc;
}

static char *
words(const struct making *m)
{
	return xasprintf("%s %s%s%s%s", m->files.path,
	    m->made_database  ? "made"
		: m->upgraded ? "upgraded"
			      : "is up to date",
	    m->upgraded ? ", the old one is beside it" : "",
	    m->made_key ? "; key file made: " : "",
	    m->made_key ? m->opt->key_file : "");
}

static enum rc
lock_and_settle(struct making *m, struct err *e)
{
	char *run = xasprintf("%s-run", m->files.path);
	char *gate = xasprintf("%s-gate", m->files.path);
	char *ckpt = xasprintf("%s-ckpt", m->files.path);
	bool locked;
	enum rc rc;

	/* Whose it is comes before any file of ours. */
	rc = lite_files_judge(&m->files, e);
	if (rc == RC_OK)
		rc = lite_run_lock(run, m->files.path, &m->run_fd, e);
	if (rc == RC_OK)
		rc = lite_file_lock(gate, 0, &locked, &m->gate_fd, e);
	if (rc == RC_OK)
		rc = lite_file_lock(ckpt, 0, &locked, &m->ckpt_fd, e);
	if (rc == RC_OK)
		rc = settle_database(m, e);
	if (m->gate_fd >= 0)
		(void)close(m->gate_fd);
	if (m->ckpt_fd >= 0)
		(void)close(m->ckpt_fd);
	if (m->run_fd >= 0)
		(void)close(m->run_fd);
	free(run);
	free(gate);
	free(ckpt);
	return rc;
}

enum rc
lite_init(const struct store_options *opt, bool *made, char **says,
    struct err *e)
{
	struct making m;
	const char *path;
	enum rc rc;

	memset(&m, 0, sizeof(m));
	m.opt = opt;
	m.run_fd = m.gate_fd = m.ckpt_fd = -1;
	(void)store_engine_find(opt->url, &path);
	rc = lite_files_find(path, true, &m.files, e);
	if (rc != RC_OK)
		return rc;
	m.new_path = xasprintf("%s.new", m.files.path);
	rc = lock_and_settle(&m, e);
	if (rc == RC_OK) {
		*made = m.made_database || m.upgraded || m.made_key;
		*says = words(&m);
	}
	free(m.new_path);
	lite_files_fini(&m.files);
	return rc;
}
