/*
 * store_sqlite_vfs - the log's frames go to the kernel in one piece
 *
 * SQLite writes each frame of its write-ahead log with two calls, 24 bytes
 * and a page, at places that touch.  The file system that the writer's
 * connection opens its log through gathers them and hands them to the
 * kernel before anything that could tell the difference: a sync, a read, a
 * question for the size, a lock.  Nothing is held back from a sync that a
 * commit waits for: what SQLite calls durable is on disk as before.  A header
 * for the log is noted in the database's file (store_sqlite_note.h) before it
 * is written, and that file is read and written without the note.
 * All threads.
 */
#ifndef STORE_STORE_SQLITE_VFS_H
#define STORE_STORE_SQLITE_VFS_H

#include <stdbool.h>

struct sqlite3_file;

/* The name for sqlite3_open_v2(); made on the first call over the file
 * system that is then SQLite's default.  NULL, the default itself, when
 * SQLite does not take it. */
const char *lite_vfs_name(void);

/* The file that one of ours lies over; f itself when it is not ours. */
struct sqlite3_file *lite_vfs_under(struct sqlite3_file *f);

/* The log's name is on disk. */
bool lite_vfs_is_named(struct sqlite3_file *log);

#endif
