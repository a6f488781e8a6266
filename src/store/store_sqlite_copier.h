/*
 * store_sqlite_copier - a thread that copies a long log into the database
 *
 * Writers go on meanwhile.  What is left for the checkpoint that keeps them
 * out is what was written during the last pass.
 * lite_copier_begin(), lite_copier_has_copied() and lite_copier_free(): the
 * committer's thread.
 */
#ifndef STORE_STORE_SQLITE_COPIER_H
#define STORE_STORE_SQLITE_COPIER_H

#include <stdbool.h>

struct lite;
struct lite_copier;

/* Frames of a log that a checkpoint copies in some milliseconds: 1 MiB. */
#define LITE_LOG_SHORT 256

struct lite_copier *lite_copier_new(struct lite *l);

/* Stops the thread, once its pass has ended.  NULL: nothing. */
void lite_copier_free(struct lite_copier *cp);

/* Begins to copy; does nothing while it still does. */
void lite_copier_begin(struct lite_copier *cp);

/* True once after the copying has ended: little is left, or there was no
 * memory, thread or descriptor for it, or another process is at it. */
bool lite_copier_has_copied(struct lite_copier *cp);

#endif
