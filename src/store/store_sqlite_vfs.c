#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

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

/* The log is started anew.  What a header is of: SQLite's file format
 * document, section 4.1. */
static int
note_header(struct log_file *l, const char *header)
{
	char old[HEADER_SIZE];
	int code;

	memset(old, 0, sizeof(old));
	code = hand_over(l);
	if (code == SQLITE_OK)
		code = l->real->pMethods->xRead(l->real, old, sizeof(old), 0);
	if (code == SQLITE_OK)
		code = l->real->pMethods->xSync(l->real, SQLITE_SYNC_NORMAL);
	if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ)
		return code;
	switch (lite_note_log(l->path, (const uint8_t *)old + SALTS_AT,
	    (const uint8_t *)header + SALTS_AT)) {
	case 0:
		return SQLITE_OK;
	case ENOSPC:
	case EDQUOT:
		return SQLITE_FULL;
	case EMFILE:
	case ENFILE:
		return SQLITE_BUSY;
	default:
		return SQLITE_IOERR_WRITE;
	}
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

static int
log_sync(sqlite3_file *f, int flags)
{
	struct log_file *l = log_of(f);
	int code = hand_over(l);

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

static int
log_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct log_file *l = log_of(f);
	int code = hand_over(l);

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

static int
open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
    int *out_flags)
{
	struct log_file *l = log_of(f);
	int code;

	(void)vfs;
	if ((flags & SQLITE_OPEN_WAL) == 0)
		return under->xOpen(under, name, f, flags, out_flags);
	memset(l, 0, sizeof(*l));
	l->real = (sqlite3_file *)(l + 1);
	l->path = name;
	code = under->xOpen(under, name, l->real, flags, out_flags);
	if (l->real->pMethods != NULL)
		l->base.pMethods = &log_methods;
	return code;
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
