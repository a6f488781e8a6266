/*
 * store_sqlite_note - whose log it is
 *
 * Keeps, in the gate's file, what tells our log from one that was put in its
 * place: one of another store, or an old one of ours.  Never refuses what a
 * crash at any point, a restored backup or a copy leaves behind; it may let
 * a wrong log pass, right after a checkpoint for one, since what it does not
 * know for certain it does not refuse.
 */
#ifndef STORE_STORE_SQLITE_NOTE_H
#define STORE_STORE_SQLITE_NOTE_H

#include <stdint.h>

#include "base/err.h"

#define NOTE_SALTS_SIZE 8 /* both, as they stand in the log's header */

/* Before the header with new salts is written, in the gate, with what was
 * there before on disk.  0, or the errno of what failed: then the header
 * must not be written. */
int lite_note_log(const char *log_path, const uint8_t was[NOTE_SALTS_SIZE],
    const uint8_t is[NOTE_SALTS_SIZE]);

/*
 * Before the database at path is opened.  Blocks for the gate where the
 * first look leaves a doubt.
 *
 * RC_INVALID	the log beside it is not its own.
 * RC_BUSY	the gate was not free in time.
 */
enum rc lite_note_judge(const char *path, int gate_fd, struct err *e);

#endif
