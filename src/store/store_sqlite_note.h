/*
 * store_sqlite_note - whose log it is, and whether there must be one
 *
 * Keeps, in 20 bytes of the database's header that SQLite leaves alone,
 * whether changes are in the log that the file does not have, and which log
 * that is.  So a database without its log, and a log that is not its own,
 * are refused.  Never refuses what a crash at any point, a restored pair or
 * a copy leaves behind.
 */
#ifndef STORE_STORE_SQLITE_NOTE_H
#define STORE_STORE_SQLITE_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct lite_conn;
struct sqlite3_file;

#define NOTE_SALTS_SIZE 8 /* both, as they stand in the log's header */
#define NOTE_AT 72
#define NOTE_SIZE 20

/*
 * NONE	another program than hls wrote the database's first page, or it is
 *		of before there were notes: nothing is known.
 * WHOLE	the file holds everything; a log with anything in it is not
 *		its own.
 * SPENT	the file holds everything; its log may still be there.
 * IN_USE	the log holds changes that the file may not have.
 */
enum note_state {
	NOTE_NONE,
	NOTE_WHOLE,
	NOTE_SPENT,
	NOTE_IN_USE
};

struct note {
	enum note_state state;
	uint8_t was[NOTE_SALTS_SIZE]; /* of the log before it */
	uint8_t is[NOTE_SALTS_SIZE];
};

/* Writes the note of a database file that SQLite has open, below any layer of
 * hls.  Returns SQLite's code. */
int note_write(struct sqlite3_file *db, const struct note *n);

/* The file has everything that its log has, and that is on disk. */
void note_spend(struct sqlite3_file *db);

/* In the gate, after BEGIN: the next commit starts a log, which shall hold
 * the database's first page. */
bool lite_note_starts(struct lite_conn *c);

/* In the gate, after a checkpoint that left nothing in the log alone. */
void lite_note_spent(struct lite_conn *c);

/*
 * In the gate, with the log cut to nothing: makes that known and on disk.
 * Nothing is written when it is known already.
 * RC_SYSTEM	it could not be written, which costs the note alone.
 */
enum rc lite_note_whole(struct lite_conn *c, struct err *e);

/*
 * Before the database at path is opened.  Blocks for the gate where the
 * first look leaves a doubt.  *whole: the file needs no log, and has none.
 *
 * RC_INVALID	the log beside it is not its own, or the log that it needs
 *		is missing.
 * RC_BUSY	the gate was not free in time.
 */
enum rc lite_note_judge(const char *path, int gate_fd, bool *whole,
    struct err *e);

#endif
