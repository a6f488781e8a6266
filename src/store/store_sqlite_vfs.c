#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/err.h"
#include "base/file.h"
#include "base/xalloc.h"
#include "store/store_sqlite_note.h"
#include "store/store_sqlite_vfs.h"

/* More is handed over early.  SQLite's own write takes less than 128 KiB at
 * a time right: it keeps the low 17 bits of the size. */
#define GATHER_BYTES (64 * 1024)

#define HEADER_SIZE 32
#define SALTS_AT 16

struct log_file {
	sqlite3_file base;
	char *bytes; /* gathered and not written, from place on */
	size_t n;
	sqlite3_int64 place;
	const char *path;   /* SQLite's, which keeps it as long as the file */
	sqlite3_file *real; /* behind this struct, in the same memory */
	bool is_named;      /* its name is on disk */
	bool was_empty;     /* on disk, before the header that it has */
};

/* The database's file, without the note in its header. */
struct db_file {
	sqlite3_file base;
	sqlite3_file *real;
};

static sqlite3_vfs *under;
static sqlite3_vfs over;
static bool is_registered;

static struct log_file *
log_of(sqlite3_file *f)
{
	return (struct log_file *)f;
}

/* What could not be written is dropped: SQLite rolls the transaction back
 * and writes the same place again. */
static int
hand_over(struct log_file *l)
{
	int code;

	if (l->n == 0)
		return SQLITE_OK;
	code =
	    l->real->pMethods->xWrite(l->real, l->bytes, (int)l->n, l->place);
	l->n = 0;
	return code;
}

static int
write_note(const struct log_file *l, const char *old, const char *header)
{
	sqlite3_file *db =
	    lite_vfs_under(sqlite3_database_file_object(l->path));
	struct note n = { .state = NOTE_IN_USE };
	int code;

	memcpy(n.was, old + SALTS_AT, NOTE_SALTS_SIZE);
	memcpy(n.is, header + SALTS_AT, NOTE_SALTS_SIZE);
	code = note_write(db, &n);
	return code != SQLITE_OK ? code
				 : db->pMethods->xSync(db, SQLITE_SYNC_NORMAL);
}

/* SQLite syncs the folder of a log that it made, and does not look at how
 * that turned out. */
static int
name_log(struct log_file *l)
{
	struct err e;

	if (l->is_named)
		return SQLITE_OK;
	errno = 0;
	if (file_sync_folder_of(l->path, &e) != RC_OK)
		return errno == EMFILE || errno == ENFILE
		    ? SQLITE_BUSY
		    : SQLITE_IOERR_DIR_FSYNC;
	l->is_named = true;
	return SQLITE_OK;
}

/* The log is started anew.  What a header is of: SQLite's file format
 * document, section 4.1. */
static int
note_header(struct log_file *l, const char *header)
{
	char old[HEADER_SIZE];
	sqlite3_int64 size = 0;
	int code;

	memset(old, 0, sizeof(old));
	code = hand_over(l);
	if (code == SQLITE_OK)
		code = l->real->pMethods->xFileSize(l->real, &size);
	if (code == SQLITE_OK)
		code = l->real->pMethods->xRead(l->real, old, sizeof(old), 0);
	/* Also of a log that was cut to nothing: were the cut not on disk, an
	 * older header, which the note does not know, could come back. */
	if (code == SQLITE_OK || code == SQLITE_IOERR_SHORT_READ)
		code = l->real->pMethods->xSync(l->real, SQLITE_SYNC_NORMAL);
	l->was_empty = code == SQLITE_OK && size == 0;
	if (code == SQLITE_OK)
		code = name_log(l);
	return code == SQLITE_OK ? write_note(l, old, header) : code;
}

static int
log_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 place)
{
	struct log_file *l = log_of(f);
	size_t size = (size_t)n;
	int code = SQLITE_OK;

	if (place == 0 && n == HEADER_SIZE) {
		code = note_header(l, p);
		if (code != SQLITE_OK)
			return code;
	}
	if (l->n > 0 &&
	    (place != l->place + (sqlite3_int64)l->n ||
		l->n + size > GATHER_BYTES))
		code = hand_over(l);
	if (code != SQLITE_OK)
		return code;
	if (size > GATHER_BYTES)
		return l->real->pMethods->xWrite(l->real, p, n, place);
	if (l->bytes == NULL)
		l->bytes = xmalloc(GATHER_BYTES);
	if (l->n == 0)
		l->place = place;
	memcpy(l->bytes + l->n, p, size);
	l->n += size;
	return SQLITE_OK;
}

/*
 * SQLite syncs a header before the frames of its log, lest these get to disk
 * among older ones with the header of those.  In a log that was empty on disk
 * there are no older ones, and frames without their header are no log: so the
 * header goes with its frames, and the sync after these is of both.
 */
static bool
is_lone_header(const struct log_file *l)
{
	return l->was_empty && l->place == 0 && l->n == HEADER_SIZE;
}

static int
log_sync(sqlite3_file *f, int flags)
{
	struct log_file *l = log_of(f);
	int code;

	if (is_lone_header(l))
		return SQLITE_OK;
	code = hand_over(l);
	return code != SQLITE_OK ? code
				 : l->real->pMethods->xSync(l->real, flags);
}

static int
log_read(sqlite3_file *f, void *p, int n, sqlite3_int64 place)
{
	struct log_file *l = log_of(f);
	int code = hand_over(l);

	return code != SQLITE_OK
	    ? code
	    : l->real->pMethods->xRead(l->real, p, n, place);
}

/* SQLite cuts a log to nothing at the end of a checkpoint, with all of it in
 * the database's file; whoever finds none then must not miss it. */
static int
log_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct log_file *l = log_of(f);
	int code = hand_over(l);

	if (code == SQLITE_OK && size == 0)
		note_spend(
		    lite_vfs_under(sqlite3_database_file_object(l->path)));
	return code != SQLITE_OK ? code
				 : l->real->pMethods->xTruncate(l->real, size);
}

static int
log_size(sqlite3_file *f, sqlite3_int64 *size)
{
	struct log_file *l = log_of(f);
	int code = hand_over(l);

	return code != SQLITE_OK ? code
				 : l->real->pMethods->xFileSize(l->real, size);
}

static int
log_close(sqlite3_file *f)
{
	struct log_file *l = log_of(f);
	int code = hand_over(l);
	int closed = l->real->pMethods->xClose(l->real);

	free(l->bytes);
	return code != SQLITE_OK ? code : closed;
}

static int
log_lock(sqlite3_file *f, int level)
{
	struct log_file *l = log_of(f);
	int code = hand_over(l);

	return code != SQLITE_OK ? code
				 : l->real->pMethods->xLock(l->real, level);
}

static int
log_unlock(sqlite3_file *f, int level)
{
	struct log_file *l = log_of(f);
	int code = hand_over(l);

	return code != SQLITE_OK ? code
				 : l->real->pMethods->xUnlock(l->real, level);
}

static int
log_reserved(sqlite3_file *f, int *out)
{
	return log_of(f)->real->pMethods->xCheckReservedLock(log_of(f)->real,
	    out);
}

static int
log_control(sqlite3_file *f, int op, void *arg)
{
	return log_of(f)->real->pMethods->xFileControl(log_of(f)->real, op,
	    arg);
}

static int
log_sector_size(sqlite3_file *f)
{
	return log_of(f)->real->pMethods->xSectorSize(log_of(f)->real);
}

static int
log_characteristics(sqlite3_file *f)
{
	return log_of(f)->real->pMethods->xDeviceCharacteristics(
	    log_of(f)->real);
}

/* Version 1: a log has no shared memory of its own, that is the database
 * file's, and is never mapped. */
static const sqlite3_io_methods log_methods = {
	.iVersion = 1,
	.xClose = log_close,
	.xRead = log_read,
	.xWrite = log_write,
	.xTruncate = log_truncate,
	.xSync = log_sync,
	.xFileSize = log_size,
	.xLock = log_lock,
	.xUnlock = log_unlock,
	.xCheckReservedLock = log_reserved,
	.xFileControl = log_control,
	.xSectorSize = log_sector_size,
	.xDeviceCharacteristics = log_characteristics,
};

static struct db_file *
db_of(sqlite3_file *f)
{
	return (struct db_file *)f;
}

/* What of the bytes at place is the note; false: nothing. */
static bool
holds_note(int n, sqlite3_int64 place, size_t *from, size_t *size)
{
	sqlite3_int64 begin = place > NOTE_AT ? place : NOTE_AT;
	sqlite3_int64 end =
	    place + n < NOTE_AT + NOTE_SIZE ? place + n : NOTE_AT + NOTE_SIZE;

	if (begin >= end)
		return false;
	*from = (size_t)(begin - place);
	*size = (size_t)(end - begin);
	return true;
}

static int
db_read(sqlite3_file *f, void *p, int n, sqlite3_int64 place)
{
	sqlite3_file *real = db_of(f)->real;
	int code = real->pMethods->xRead(real, p, n, place);
	size_t from, size;

	if (holds_note(n, place, &from, &size))
		memset((char *)p + from, 0, size);
	return code;
}

/* A checkpoint writes the first page: the note stays as it is. */
static int
db_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 place)
{
	sqlite3_file *real = db_of(f)->real;
	size_t from, size;
	char *copy;
	int code;

	if (!holds_note(n, place, &from, &size))
		return real->pMethods->xWrite(real, p, n, place);
	copy = xmemdup0(p, (size_t)n);
	code = real->pMethods->xRead(real, copy + from, (int)size,
	    place + (sqlite3_int64)from);
	if (code == SQLITE_OK || code == SQLITE_IOERR_SHORT_READ)
		code = real->pMethods->xWrite(real, copy, n, place);
	free(copy);
	return code;
}

static int
db_close(sqlite3_file *f)
{
	return db_of(f)->real->pMethods->xClose(db_of(f)->real);
}

static int
db_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	return db_of(f)->real->pMethods->xTruncate(db_of(f)->real, size);
}

static int
db_sync(sqlite3_file *f, int flags)
{
	return db_of(f)->real->pMethods->xSync(db_of(f)->real, flags);
}

static int
db_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return db_of(f)->real->pMethods->xFileSize(db_of(f)->real, size);
}

static int
db_lock(sqlite3_file *f, int level)
{
	return db_of(f)->real->pMethods->xLock(db_of(f)->real, level);
}

static int
db_unlock(sqlite3_file *f, int level)
{
	return db_of(f)->real->pMethods->xUnlock(db_of(f)->real, level);
}

static int
db_reserved(sqlite3_file *f, int *out)
{
	return db_of(f)->real->pMethods->xCheckReservedLock(db_of(f)->real,
	    out);
}

static int
db_control(sqlite3_file *f, int op, void *arg)
{
	return db_of(f)->real->pMethods->xFileControl(db_of(f)->real, op, arg);
}

static int
db_sector_size(sqlite3_file *f)
{
	return db_of(f)->real->pMethods->xSectorSize(db_of(f)->real);
}

static int
db_characteristics(sqlite3_file *f)
{
	return db_of(f)->real->pMethods->xDeviceCharacteristics(db_of(f)->real);
}

static int
db_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	return db_of(f)->real->pMethods->xShmMap(db_of(f)->real, page, size,
	    extend, out);
}

static int
db_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return db_of(f)->real->pMethods->xShmLock(db_of(f)->real, offset, n,
	    flags);
}

static void
db_shm_barrier(sqlite3_file *f)
{
	db_of(f)->real->pMethods->xShmBarrier(db_of(f)->real);
}

static int
db_shm_unmap(sqlite3_file *f, int delete)
{
	return db_of(f)->real->pMethods->xShmUnmap(db_of(f)->real, delete);
}

/* Version 2: shared memory, and never mapped. */
static const sqlite3_io_methods db_methods = {
	.iVersion = 2,
	.xClose = db_close,
	.xRead = db_read,
	.xWrite = db_write,
	.xTruncate = db_truncate,
	.xSync = db_sync,
	.xFileSize = db_size,
	.xLock = db_lock,
	.xUnlock = db_unlock,
	.xCheckReservedLock = db_reserved,
	.xFileControl = db_control,
	.xSectorSize = db_sector_size,
	.xDeviceCharacteristics = db_characteristics,
	.xShmMap = db_shm_map,
	.xShmLock = db_shm_lock,
	.xShmBarrier = db_shm_barrier,
	.xShmUnmap = db_shm_unmap,
};

static int
open_db(const char *name, sqlite3_file *f, int flags, int *out_flags)
{
	struct db_file *d = db_of(f);
	int code;

	memset(d, 0, sizeof(*d));
	d->real = (sqlite3_file *)(d + 1);
	code = under->xOpen(under, name, d->real, flags, out_flags);
	if (d->real->pMethods != NULL)
		d->base.pMethods = &db_methods;
	return code;
}

static int
open_log(const char *name, sqlite3_file *f, int flags, int *out_flags)
{
	struct log_file *l = log_of(f);
	int code;

	memset(l, 0, sizeof(*l));
	l->real = (sqlite3_file *)(l + 1);
	l->path = name;
	/* SQLite would sync the folder of a log that it opens to make it, and
	 * so does name_log(). */
	code = under->xOpen(under, name, l->real, flags & ~SQLITE_OPEN_CREATE,
	    out_flags);
	if (code == SQLITE_CANTOPEN)
		code = under->xOpen(under, name, l->real, flags, out_flags);
	if (l->real->pMethods != NULL)
		l->base.pMethods = &log_methods;
	return code;
}

static int
open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
    int *out_flags)
{
	(void)vfs;
	if ((flags & SQLITE_OPEN_WAL) != 0)
		return open_log(name, f, flags, out_flags);
	if ((flags & SQLITE_OPEN_MAIN_DB) != 0)
		return open_db(name, f, flags, out_flags);
	return under->xOpen(under, name, f, flags, out_flags);
}

struct sqlite3_file *
lite_vfs_under(struct sqlite3_file *f)
{
	if (f->pMethods == &db_methods)
		return db_of(f)->real;
	return f->pMethods == &log_methods ? log_of(f)->real : f;
}

bool
lite_vfs_is_named(struct sqlite3_file *f)
{
	return f->pMethods == &log_methods && log_of(f)->is_named;
}

static void
make(void)
{
	under = sqlite3_vfs_find(NULL);
	if (under == NULL)
		return;
	over = *under;
	over.pNext = NULL;
	over.zName = "hls-gather";
	over.szOsFile = (int)sizeof(struct log_file) + under->szOsFile;
	over.xOpen = open_file;
	is_registered = sqlite3_vfs_register(&over, 0) == SQLITE_OK;
}

const char *
lite_vfs_name(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, make);
	return is_registered ? over.zName : NULL;
}
