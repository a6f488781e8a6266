/*
 * store_sqlite_vfs - the log's frames go to the kernel in one piece
 *
 * SQLite writes each frame of its write-ahead log with two calls, 24 bytes
 * and a page, at places that touch.  The file system that the writer's
 * connection opens its log through gathers them and hands them to the
 * kernel before anything that could tell the difference: a sync, a read, a
 * question for the size, a lock.  Nothing is held back from a sync: what
 * SQLite calls durable is on disk as before.  A header for the log is noted
 * (store_sqlite_note.h) before it is written.
 * All threads.
 */
#ifndef STORE_STORE_SQLITE_VFS_H
#define STORE_STORE_SQLITE_VFS_H

#include "base/err.h"

/* The name for sqlite3_open_v2(); made on the first call over the file
 * system that is then SQLite's default.  NULL, the default itself, when
 * SQLite does not take it. */
const char *lite_vfs_name(void);

#endif
