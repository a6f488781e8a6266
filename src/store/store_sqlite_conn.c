#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "store/store_sqlite_int.h"
#include "store/store_sqlite_vfs.h"

#define BUSY_LIMIT_US (2 * 1000 * 1000)
#define PROGRESS_STEPS 10000

/* A database file that was renamed, unlinked or linked twice while it is
 * open: what is written now is not what the next program will find. */
static atomic_bool file_moved;

bool
lite_file_is_moved(void)
{
	return atomic_load(&file_moved);
}

/* What SQLite says of itself beside the codes it returns.  Those are reported
 * by whoever gets them; what only shows here is said here. */
static void
log_sqlite(void *arg, int code, const char *text)
{
	struct log_line l;

	(void)arg;
	if ((code & 0xff) != SQLITE_WARNING)
		return;
	if (strncmp(text, "file ", 5) == 0 &&
	    (strncmp(text + 5, "unlinked", 8) == 0 ||
		strncmp(text + 5, "renamed", 7) == 0))
		atomic_store(&file_moved, true);
	if (strncmp(text, "multiple links", 14) == 0)
		atomic_store(&file_moved, true);
	log_begin(&l, LOG_LEVEL_WARN, "sqlite");
	log_int(&l, "status", code);
	log_str(&l, "error", text);
	log_end(&l);
}

/* Statistics of memory would put one lock around every allocation. */
static void
configure(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	(void)sqlite3_config(SQLITE_CONFIG_URI, 0);
	(void)sqlite3_config(SQLITE_CONFIG_LOG, log_sqlite, NULL);
	(void)sqlite3_initialize();
}

/* Between 1 and 20 ms, at random, so that those who wait do not march in
 * step, until two seconds have gone. */
static int
when_busy(void *arg, int times)
{
	struct lite_conn *c = arg;
	struct timespec ts = { 0, 0 };
	uint8_t r;
	int64_t now = clock_tick_us();

	if (times == 0 && c->busy_until_us == 0)
		c->busy_until_us = now + BUSY_LIMIT_US;
	if (now >= c->busy_until_us) {
		c->busy_until_us = 0;
		return 0;
	}
	crypt_random(&r, sizeof(r));
	ts.tv_nsec = (1 + r % 20) * 1000 * 1000L;
	(void)nanosleep(&ts, NULL);
	return 1;
}

static int
after_commit(void *arg, sqlite3 *db, const char *name, int frames)
{
	struct lite_conn *c = arg;

	(void)db;
	(void)name;
	c->wal_frames = (unsigned int)frames;
	return SQLITE_OK;
}

static int
while_reading(void *arg)
{
	struct lite_conn *c = arg;

	return c->read_until_us != 0 && clock_tick_us() > c->read_until_us;
}

/* After these nothing may be acknowledged: what the kernel has dropped once
 * it reports as written the next time. */
static bool
is_fatal(struct lite_conn *c)
{
	int code = sqlite3_extended_errcode(c->db);
	int reason;

	switch (code & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_PROTOCOL:
		return true;
	case SQLITE_IOERR:
		/* A file that may not grow heals like a full disk. */
		reason = sqlite3_system_errno(c->db);
		return code != SQLITE_IOERR_NOMEM &&
		    !(code == SQLITE_IOERR_WRITE &&
			(reason == EFBIG || reason == EDQUOT));
	default:
		return false;
	}
}

enum rc
lite_rc_of_errno(int reason)
{
	return reason == EMFILE || reason == ENFILE || reason == ENOMEM
	    ? RC_BUSY
	    : RC_SYSTEM;
}

enum rc
lite_failed(struct lite_conn *c, struct err *e)
{
	int code = sqlite3_extended_errcode(c->db);
	const char *text = sqlite3_errmsg(c->db);
	bool fatal = is_fatal(c);

	c->failed = code;
	if (fatal)
		c->fatal = true;
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(e, RC_BUSY, "the database is locked");
	case SQLITE_INTERRUPT:
		return err_set(e, RC_BUSY, "the query took too long");
	case SQLITE_FULL:
		return err_set(e, RC_BUSY, "the disk is full");
	case SQLITE_NOMEM:
		return err_set(e, RC_BUSY, "sqlite is out of memory");
	case SQLITE_CANTOPEN:
		return err_errno(e,
		    lite_rc_of_errno(sqlite3_system_errno(c->db)),
		    sqlite3_system_errno(c->db), "sqlite: %s (%d)", text, code);
	case SQLITE_CONSTRAINT:
	case SQLITE_TOOBIG:
	case SQLITE_MISMATCH:
		return err_set(e, RC_INVALID, "the row is refused: %s", text);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err_set(e, RC_SYSTEM,
		    "the database is damaged (sqlite: %s, %d): stop all "
		    "programs of hls and restore a backup",
		    text, code);
	case SQLITE_IOERR:
		if (!fatal)
			return err_set(e, RC_BUSY, "the file may not grow: %s",
			    text);
		return err_errno(e, RC_SYSTEM, sqlite3_system_errno(c->db),
		    "sqlite: %s (%d)", text, code);
	default:
		return err_set(e, RC_SYSTEM, "sqlite: %s (%d)", text, code);
	}
}

static const struct {
	int option;
	int value;
} switches[] = {
	{ SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 },
	{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
	{ SQLITE_DBCONFIG_DQS_DML, 0 },
	{ SQLITE_DBCONFIG_DQS_DDL, 0 },
	{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
	{ SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0 },
	{ SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0 },
};

static const struct {
	int limit;
	int value;
} limits[] = {
	{ SQLITE_LIMIT_LENGTH, 32 * 1024 * 1024 },
	{ SQLITE_LIMIT_SQL_LENGTH, 100 * 1000 },
	{ SQLITE_LIMIT_ATTACHED, 0 },
	{ SQLITE_LIMIT_VARIABLE_NUMBER, 250 },
	{ SQLITE_LIMIT_WORKER_THREADS, 0 },
};

/* What must read back, by mode; -1: any. */
static const struct {
	enum lite_stmt pragma;
	const char *name;
	int64_t read, write;
} settings[] = {
	{ LITE_PRAGMA_SYNCHRONOUS, "synchronous", 2, 2 },
	{ LITE_PRAGMA_AUTOCHECKPOINT, "wal_autocheckpoint", 0, 0 },
	{ LITE_PRAGMA_SIZE_LIMIT, "journal_size_limit", 67108864, 67108864 },
	{ LITE_PRAGMA_FOREIGN_KEYS, "foreign_keys", 1, 1 },
	{ LITE_PRAGMA_TRUSTED_SCHEMA, "trusted_schema", 0, 0 },
	{ LITE_PRAGMA_CELL_CHECK, "cell_size_check", 1, 1 },
	{ LITE_PRAGMA_MMAP_SIZE, "mmap_size", 0, 0 },
	{ LITE_PRAGMA_TEMP_STORE, "temp_store", 2, 2 },
	{ LITE_PRAGMA_SECURE_DELETE, "secure_delete", 2, 2 },
	{ LITE_PRAGMA_CACHE_SIZE, "cache_size", -512, -8192 },
	{ LITE_PRAGMA_PAGE_SIZE, "page_size", 4096, 4096 },
	{ LITE_PRAGMA_QUERY_ONLY, "query_only", 1, 0 },
};

static enum rc
exec(struct lite_conn *c, const char *sql, struct err *e)
{
	if (sqlite3_exec(c->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return lite_failed(c, e);
	return RC_OK;
}

enum rc
lite_conn_pragma(struct lite_conn *c, enum lite_stmt pragma, int64_t *out,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, pragma);
	bool row;
	enum rc rc;

	*out = -1;
	rc = lite_step(c, st, &row, e);
	if (rc == RC_OK && row) {
		*out = lite_col_int(st, 0);
		lite_reset(st);
	}
	return rc;
}

/* A pragma that was not understood reports no error, and journal_mode
 * answers with the old mode: only what reads back counts. */
static enum rc
read_back(struct lite_conn *c, enum lite_mode mode, struct err *e)
{
	struct sqlite3_stmt *st;
	const char *journal;
	int64_t value, want;
	bool row, is_wal = false;
	enum rc rc;
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		want = mode == LITE_READ ? settings[i].read : settings[i].write;
		rc = lite_conn_pragma(c, settings[i].pragma, &value, e);
		if (rc != RC_OK)
			return rc;
		if (value != want)
			return err_set(e, RC_SYSTEM,
			    "sqlite did not take %s: it is %lld",
			    settings[i].name, (long long)value);
	}
	st = lite_stmt(c, LITE_PRAGMA_JOURNAL_MODE);
	rc = lite_step(c, st, &row, e);
	if (rc != RC_OK)
		return rc;
	if (row) {
		journal = (const char *)sqlite3_column_text(st, 0);
		is_wal = journal != NULL && strcmp(journal, "wal") == 0;
		lite_reset(st);
	}
	if (!is_wal)
		return err_set(e, RC_INVALID,
		    "the database is not in WAL mode; hlsctl init sets it");
	return RC_OK;
}

/* Told apart from other failures: nobody should try again, or delete it. */
static enum rc
say_damaged(struct lite_conn *c, const char *path, enum rc rc, struct err *e)
{
	int code = c->failed & 0xff;

	if (code != SQLITE_NOTADB && code != SQLITE_CORRUPT)
		return rc;
	return err_set(e, RC_INVALID,
	    "%s is not a database or is damaged; it is left as it is: "
	    "restore a backup in its place",
	    path);
}

enum rc
lite_conn_identify(struct lite_conn *c, const char *path, int *version,
    struct err *e)
{
	int64_t id, number;
	enum rc rc;

	rc = lite_conn_pragma(c, LITE_PRAGMA_APPLICATION_ID, &id, e);
	if (rc == RC_OK)
		rc = lite_conn_pragma(c, LITE_PRAGMA_USER_VERSION, &number, e);
	if (rc != RC_OK)
		return say_damaged(c, path, rc, e);
	if (id != LITE_APPLICATION_ID)
		return err_set(e, RC_INVALID,
		    "%s is not a store of hls (application id %lld); it is "
		    "left as it is: name another file in database.url, or "
		    "restore a backup in its place",
		    path, (long long)id);
	*version = (int)number;
	return RC_OK;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static enum rc
apply(struct lite_conn *c, const char *path, enum lite_mode mode, struct err *e)
{
	int version;
	size_t i;
	enum rc rc;

	(void)sqlite3_extended_result_codes(c->db, 1);
	for (i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (sqlite3_db_config(c->db, switches[i].option,
			switches[i].value, NULL) != SQLITE_OK)
			return err_set(e, RC_SYSTEM,
			    "sqlite lacks the switch %d", switches[i].option);
	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		(void)sqlite3_limit(c->db, limits[i].limit, limits[i].value);
	(void)sqlite3_busy_handler(c->db, when_busy, c);
	if (mode == LITE_MAKE)
		return exec(c, lite_sql_make, e);
	/* Whose it is comes first: the settings write what is not ours. */
	rc = lite_conn_identify(c, path, &version, e);
	if (rc == RC_OK)
		rc = exec(c, lite_sql_settings, e);
	if (rc == RC_OK)
		rc = exec(c,
		    mode == LITE_READ ? lite_sql_reader : lite_sql_writer, e);
	if (rc != RC_OK)
		return rc;
	(void)sqlite3_wal_hook(c->db, after_commit, c);
	if (mode == LITE_READ)
		sqlite3_progress_handler(c->db, PROGRESS_STEPS, while_reading,
		    c);
	return read_back(c, mode, e);
}

enum rc
lite_conn_open(const char *path, enum lite_mode mode, struct lite_conn *out,
    struct err *e)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW;
	enum rc rc;

	(void)pthread_once(&once, configure);
	memset(out, 0, sizeof(*out));
	if (mode == LITE_MAKE)
		flags |= SQLITE_OPEN_CREATE;
	if (sqlite3_open_v2(path, &out->db, flags,
		mode == LITE_WRITE ? lite_vfs_name() : NULL) != SQLITE_OK) {
		rc = out->db == NULL ? err_set(e, RC_BUSY, "out of memory")
				     : lite_failed(out, e);
		lite_conn_close(out);
		return rc;
	}
	rc = apply(out, path, mode, e);
	if (rc != RC_OK) {
		rc = say_damaged(out, path, rc, e);
		lite_conn_close(out);
	}
	return rc;
}

enum rc
lite_conn_peek(const char *path, struct lite_conn *out, struct err *e)
{
	enum rc rc = RC_OK;

	(void)pthread_once(&once, configure);
	memset(out, 0, sizeof(*out));
	if (sqlite3_open_v2(path, &out->db,
		SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX |
		    SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW,
		NULL) != SQLITE_OK)
		rc = out->db == NULL ? err_set(e, RC_BUSY, "out of memory")
				     : lite_failed(out, e);
	if (rc != RC_OK)
		lite_conn_close(out);
	return rc;
}

void
lite_conn_close(struct lite_conn *c)
{
	size_t i;

	for (i = 0; i < LITE_STMTS; i++)
		(void)sqlite3_finalize(c->stmts[i]);
	(void)sqlite3_close(c->db);
	memset(c, 0, sizeof(*c));
}

struct sqlite3_stmt *
lite_stmt(struct lite_conn *c, enum lite_stmt s)
{
	if (c->stmts[s] == NULL &&
	    sqlite3_prepare_v3(c->db, lite_stmt_text(s), -1,
		SQLITE_PREPARE_PERSISTENT, &c->stmts[s], NULL) != SQLITE_OK)
		return NULL;
	return c->stmts[s];
}

void
lite_int(struct sqlite3_stmt *st, int at, int64_t v)
{
	if (st != NULL)
		(void)sqlite3_bind_int64(st, at, v);
}

void
lite_text(struct sqlite3_stmt *st, int at, const char *s)
{
	if (st != NULL)
		(void)sqlite3_bind_text(st, at, s, -1, SQLITE_STATIC);
}

void
lite_blob(struct sqlite3_stmt *st, int at, const void *p, size_t n)
{
	if (st == NULL)
		return;
	if (p == NULL)
		(void)sqlite3_bind_null(st, at);
	else if (n == 0)
		(void)sqlite3_bind_zeroblob(st, at, 0);
	else
		(void)sqlite3_bind_blob64(st, at, p, n, SQLITE_STATIC);
}

enum rc
lite_step(struct lite_conn *c, struct sqlite3_stmt *st, bool *row,
    struct err *e)
{
	int code;
	enum rc rc;

	*row = false;
	if (st == NULL)
		return lite_failed(c, e);
	c->busy_until_us = 0;
	code = sqlite3_step(st);
	if (code == SQLITE_ROW) {
		*row = true;
		return RC_OK;
	}
	rc = code == SQLITE_DONE ? RC_OK : lite_failed(c, e);
	(void)sqlite3_reset(st);
	return rc;
}

void
lite_reset(struct sqlite3_stmt *st)
{
	if (st != NULL)
		(void)sqlite3_reset(st);
}

enum rc
lite_run(struct lite_conn *c, struct sqlite3_stmt *st, struct err *e)
{
	bool row = true;
	enum rc rc = RC_OK;

	while (rc == RC_OK && row)
		rc = lite_step(c, st, &row, e);
	return rc;
}

enum rc
lite_run_stmt(struct lite_conn *c, enum lite_stmt s, struct err *e)
{
	return lite_run(c, lite_stmt(c, s), e);
}

int
lite_changes(struct lite_conn *c)
{
	return sqlite3_changes(c->db);
}

int64_t
lite_new_id(struct lite_conn *c)
{
	return sqlite3_last_insert_rowid(c->db);
}

int64_t
lite_conn_steps(struct lite_conn *c)
{
	int64_t n = 0;
	size_t i;

	for (i = 0; i < LITE_STMTS; i++)
		if (c->stmts[i] != NULL)
			n += sqlite3_stmt_status(c->stmts[i],
			    SQLITE_STMTSTATUS_VM_STEP, 1);
	return n;
}
