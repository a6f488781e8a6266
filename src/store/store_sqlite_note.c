#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/xalloc.h"
#include "store/store_sqlite_int.h"
#include "store/store_sqlite_note.h"
#include "store/store_sqlite_vfs.h"

/*
 * SQLite's log does not say whose it is: one of another store, put beside
 * ours, is played over it; and a database that lost its log is opened as it
 * was at some earlier time.  So the database's file itself says which log it
 * needs.  The connection that writes goes through a layer of ours
 * (store_sqlite_vfs.c), which keeps these bytes out of SQLite's sight: no
 * page in a log has them, and no checkpoint changes them.
 *
 * 1. IN_USE, with the old and the new salts, is on disk before the header of
 *    a log with new salts is written; the header that it replaces, or the
 *    end of the log at nothing, and the log's name were on disk before that.
 *    So whatever a cut leaves of our own log has one of the two, and the file
 *    is there.
 * 2. SPENT follows a checkpoint that copied everything, which has synced the
 *    database's file: no matter when it gets to disk.
 * 3. WHOLE is written when the log's end at nothing is on disk.
 * 4. Every log holds the database's first page, without a note.  So another
 *    program that plays the log into the file, as sqlite3(1) does, takes the
 *    note away with it, and what it copies has none.
 */
#define HEADER_SIZE 32
#define SALTS_AT 16
#define CHECKED_SIZE 24
#define JUDGE_MS 5000

static const char magic[3] = { 'h', 'l', 's' };

static int
load_note(struct sqlite3_file *db, struct note *out)
{
	uint8_t b[NOTE_SIZE];
	int code;

	memset(out, 0, sizeof(*out));
	code = db->pMethods->xRead(db, b, NOTE_SIZE, NOTE_AT);
	if (code == SQLITE_IOERR_SHORT_READ)
		return SQLITE_OK;
	if (code != SQLITE_OK || memcmp(b, magic, sizeof(magic)) != 0 ||
	    b[3] > NOTE_IN_USE)
		return code;
	out->state = (enum note_state)b[3];
	memcpy(out->was, b + 4, NOTE_SALTS_SIZE);
	memcpy(out->is, b + 12, NOTE_SALTS_SIZE);
	return SQLITE_OK;
}

int
note_write(struct sqlite3_file *db, const struct note *n)
{
	uint8_t b[NOTE_SIZE];

	memcpy(b, magic, sizeof(magic));
	b[3] = (uint8_t)n->state;
	memcpy(b + 4, n->was, NOTE_SALTS_SIZE);
	memcpy(b + 12, n->is, NOTE_SALTS_SIZE);
	return db->pMethods->xWrite(db, b, NOTE_SIZE, NOTE_AT);
}

/* The connection's files; NULL when there is none yet. */
static sqlite3_file *
file_of(struct lite_conn *c, int which)
{
	sqlite3_file *f = NULL;

	if (sqlite3_file_control(c->db, "main", which, &f) != SQLITE_OK ||
	    f == NULL || f->pMethods == NULL)
		return NULL;
	return lite_vfs_under(f);
}

bool
lite_note_starts(struct lite_conn *c)
{
	sqlite3_file *db = file_of(c, SQLITE_FCNTL_FILE_POINTER);
	struct note n;

	return db != NULL && load_note(db, &n) == SQLITE_OK &&
	    n.state != NOTE_IN_USE;
}

void
note_spend(struct sqlite3_file *db)
{
	struct note n;

	if (load_note(db, &n) != SQLITE_OK || n.state != NOTE_IN_USE)
		return;
	n.state = NOTE_SPENT;
	(void)note_write(db, &n);
}

void
lite_note_spent(struct lite_conn *c)
{
	sqlite3_file *db = file_of(c, SQLITE_FCNTL_FILE_POINTER);

	if (db != NULL)
		note_spend(db);
}

enum rc
lite_note_whole(struct lite_conn *c, struct err *e)
{
	sqlite3_file *db = file_of(c, SQLITE_FCNTL_FILE_POINTER);
	sqlite3_file *log = file_of(c, SQLITE_FCNTL_JOURNAL_POINTER);
	struct note n = { .state = NOTE_IN_USE };
	int code = SQLITE_IOERR;

	if (db != NULL && log != NULL)
		code = load_note(db, &n);
	if (code == SQLITE_OK && n.state == NOTE_WHOLE)
		return RC_OK;
	if (code == SQLITE_OK)
		code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
	if (code == SQLITE_OK) {
		n.state = NOTE_WHOLE;
		code = note_write(db, &n);
	}
	if (code == SQLITE_OK)
		code = db->pMethods->xSync(db, SQLITE_SYNC_NORMAL);
	if (code != SQLITE_OK)
		return err_set(e, RC_SYSTEM, "the note of the log: %s",
		    sqlite3_errstr(code));
	return RC_OK;
}

static uint32_t
word_at(const uint8_t *p, bool big)
{
	return big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		(uint32_t)p[2] << 8 | p[3]
		   : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
		(uint32_t)p[1] << 8 | p[0];
}

/* As SQLite does, which begins at zero with a log whose header is torn
 * (its file format document, section 4.2). */
static bool
is_header(const uint8_t h[HEADER_SIZE])
{
	uint32_t magic_number = word_at(h, true), a = 0, b = 0;
	bool big = (magic_number & 1) != 0;
	size_t i;

	if ((magic_number & ~1U) != 0x377f0682)
		return false;
	for (i = 0; i < CHECKED_SIZE; i += 8) {
		a += word_at(h + i, big) + b;
		b += word_at(h + i + 4, big) + a;
	}
	return word_at(h + CHECKED_SIZE, true) == a &&
	    word_at(h + CHECKED_SIZE + 4, true) == b;
}

enum log_look {
	LOG_MISSING,
	LOG_EMPTY, /* nothing that SQLite would play */
	LOG_HAS_SALTS
};

/* The log may be opened and closed beside SQLite, whose locks are all on
 * the other two files. */
static enum log_look
look_at_log(const char *path, uint8_t salts[NOTE_SALTS_SIZE])
{
	char *log_path = xasprintf("%s-wal", path);
	uint8_t header[HEADER_SIZE];
	int fd = open(log_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool missing = fd == -1 && errno == ENOENT;
	ssize_t n;

	free(log_path);
	if (fd == -1)
		return missing ? LOG_MISSING : LOG_EMPTY;
	n = pread(fd, header, sizeof(header), 0);
	(void)close(fd);
	if (n != (ssize_t)sizeof(header) || !is_header(header))
		return LOG_EMPTY;
	memcpy(salts, header + SALTS_AT, NOTE_SALTS_SIZE);
	return LOG_HAS_SALTS;
}

/* A handle that runs no statement, and so reads nothing but what we ask. */
static enum rc
read_note(const char *path, struct note *out, struct err *e)
{
	sqlite3_file *f;
	struct lite_conn c;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	rc = lite_conn_peek(path, &c, e);
	if (rc != RC_OK)
		return rc;
	f = file_of(&c, SQLITE_FCNTL_FILE_POINTER);
	if (f == NULL || load_note(f, out) != SQLITE_OK)
		rc = err_set(e, RC_SYSTEM, "%s cannot be read", path);
	lite_conn_close(&c);
	return rc;
}

enum verdict {
	OURS,
	GONE,
	FOREIGN,       /* and the file has everything without it */
	FOREIGN_NEEDED /* its own is missing */
};

static enum verdict
judge(const struct note *n, enum log_look look, const uint8_t *salts)
{
	bool is =
	    look == LOG_HAS_SALTS && memcmp(salts, n->is, NOTE_SALTS_SIZE) == 0;
	bool was = look == LOG_HAS_SALTS &&
	    memcmp(salts, n->was, NOTE_SALTS_SIZE) == 0;

	switch (n->state) {
	case NOTE_IN_USE:
		if (look == LOG_MISSING)
			return GONE;
		return look == LOG_EMPTY || is || was ? OURS : FOREIGN_NEEDED;
	case NOTE_SPENT:
		return look != LOG_HAS_SALTS || is ? OURS : FOREIGN;
	case NOTE_WHOLE:
		return look != LOG_HAS_SALTS ? OURS : FOREIGN;
	default:
		return OURS;
	}
}

static enum rc
judge_once(const char *path, enum verdict *out, bool *whole, struct err *e)
{
	uint8_t salts[NOTE_SALTS_SIZE];
	enum log_look look;
	struct note n;
	enum rc rc;

	rc = read_note(path, &n, e);
	if (rc != RC_OK)
		return rc;
	look = look_at_log(path, salts);
	*out = judge(&n, look, salts);
	*whole = n.state == NOTE_WHOLE && look != LOG_HAS_SALTS;
	return RC_OK;
}

static enum rc
refuse(const char *path, enum verdict v, struct err *e)
{
	if (v == GONE)
		return err_set(e, RC_INVALID,
		    "%s-wal is missing, and the latest changes to %s are in "
		    "it; nothing was changed: put it beside the database, from "
		    "where the database was moved or copied, or restore a "
		    "backup",
		    path, path);
	return err_set(e, RC_INVALID,
	    "%s-wal is not the log that this database was last written with, "
	    "but another store's or an old one; nothing was changed: put the "
	    "right one in its place, or %s",
	    path, v == FOREIGN ? "move this one away" : "restore a backup");
}

enum rc
lite_note_judge(const char *path, int gate_fd, bool *whole, struct err *e)
{
	enum verdict v;
	enum rc rc;

	*whole = false;
	rc = judge_once(path, &v, whole, e);
	if (rc != RC_OK || v == OURS)
		return rc;
	/* Or somebody started it anew while we looked. */
	rc = lite_gate_enter_within(gate_fd, path, JUDGE_MS, e);
	if (rc != RC_OK)
		return rc;
	rc = judge_once(path, &v, whole, e);
	(void)flock(gate_fd, LOCK_UN);
	if (rc != RC_OK || v == OURS)
		return rc;
	return refuse(path, v, e);
}
