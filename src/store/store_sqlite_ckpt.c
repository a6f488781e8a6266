#include "config.h"

#include <sys/file.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "store/store_sqlite_int.h"
#include "store/store_sqlite_note.h"

/*
 * SQLite before 3.51.3 can damage a database when a passive checkpoint, the
 * kind it makes by itself, meets a writer that starts the log anew.  So
 * there are no automatic ones, and ours holds the gate, which keeps all
 * writers out, and takes SQLite's own writer lock too, as RESTART and
 * TRUNCATE do.
 *
 * All writers wait while one runs, so it is made often: it then takes some
 * milliseconds.  Between groups the log is only begun anew; giving its blocks
 * back and allocating them again would take longer than the copying does.
 * Once nothing was written for a second it is cut to nothing.
 */
#define WAL_FRAMES 1018 /* 4 MiB of pages and their headers */
#define WAL_LARGE 8144  /* 32 MiB: half of journal_size_limit */
#define BUSY_US (150 * 1000)
#define BETWEEN_US (1000 * 1000) /* after one that a reader kept from ending */
#define LEAVE_MS 500             /* for the gate, at the end */

/* True when the log holds nothing that the file does not have.  What readers
 * keep from ending is left for the next time. */
static bool
empty_log(struct lite_conn *c, bool cut)
{
	struct err ignored;
	int log = -1, done = -1;
	bool is_empty = false;

	/* Without a read before it the call does nothing on a connection that
	 * has not looked at the log yet, and says OK. */
	if (lite_run_stmt(c, LITE_TOUCH, &ignored) != RC_OK)
		return false;
	/* Every writer waits with it for the readers: not for long. */
	c->busy_until_us = clock_tick_us() + BUSY_US;
	if (sqlite3_wal_checkpoint_v2(c->db, NULL,
		cut ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_RESTART,
		&log, &done) != SQLITE_OK) {
		(void)lite_failed(c, &ignored);
	} else if (log >= 0 && log == done) {
		c->wal_frames = 0;
		is_empty = true;
		lite_note_spent(c);
	}
	c->busy_until_us = 0;
	return is_empty;
}

/* The lock of checkpoints is held. */
static void
checkpoint(struct lite *l, struct lite_conn *c, enum lite_load load)
{
	struct err ignored;

	if (lite_gate_enter(l, &ignored) != RC_OK)
		return;
	if (empty_log(c, load == LITE_IDLE))
		l->log_is_uncut = load == LITE_QUEUED;
	else
		l->checkpoint_from_us = clock_tick_us() + BETWEEN_US;
	if (c->fatal)
		atomic_store(&l->dead, true);
	lite_gate_leave(l);
}

bool
lite_checkpoint(struct lite *l, struct lite_conn *c, enum lite_load load)
{
	if (c->wal_frames < WAL_FRAMES &&
	    (!l->log_is_uncut || load == LITE_QUEUED))
		return l->log_is_uncut;
	if (c->wal_frames < WAL_LARGE &&
	    clock_tick_us() < l->checkpoint_from_us)
		return true;
	if (atomic_load(&l->dead))
		return false;
	/* Another process is at it: its work is ours. */
	if (flock(l->ckpt_fd, LOCK_EX | LOCK_NB) != 0)
		return true;
	checkpoint(l, c, load);
	(void)flock(l->ckpt_fd, LOCK_UN);
	return c->wal_frames >= WAL_FRAMES || l->log_is_uncut;
}

/*
 * Whoever gets the run file's lock alone is the last: programs that start
 * wait for it, and those that end at the same time have let go of theirs, so
 * one of them gets it.  The lock goes with its descriptor.
 */
void
lite_leave_whole(const struct lite_locks *locks, struct lite_conn *c)
{
	struct err ignored;

	if (flock(locks->run_fd, LOCK_EX | LOCK_NB) != 0 ||
	    flock(locks->ckpt_fd, LOCK_EX | LOCK_NB) != 0)
		return;
	if (lite_gate_enter_within(locks->gate_fd, locks->path, LEAVE_MS,
		&ignored) == RC_OK) {
		if (empty_log(c, true))
			(void)lite_note_whole(c, &ignored);
		(void)flock(locks->gate_fd, LOCK_UN);
	}
	(void)flock(locks->ckpt_fd, LOCK_UN);
}
