/*
 * store_sqlite_op - one write, between its waiter and the committer
 *
 * It is made by the waiter, queued and run by the committer, and belongs to
 * both until one of them is done with it; the other ends it.  An argument
 * without drop() is its waiter's: it is touched while the operation runs and
 * at no other time, and the waiter stays for that.
 *
 *	              begin           has_run            end
 *	  [queued] ──────────► running ────────► ran ──────────► done
 *	     │                    ▲               │ │
 *	     │                    └─ begin, again ┘ │
 *	     └── the waiter leaves ─► abandoned ◄───┘
 *
 * A waiter leaves a running one too where drop() frees what it uses;
 * otherwise it waits until it has run.
 */
#ifndef STORE_STORE_SQLITE_OP_H
#define STORE_STORE_SQLITE_OP_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "store/store_sqlite_int.h"

enum lite_op_state {
	LITE_OP_QUEUED,
	LITE_OP_RUNNING,
	LITE_OP_LEAVING, /* the waiter's word: it is given up once it ran */
	LITE_OP_RAN,     /* it waits for its group, and may run again */
	LITE_OP_DONE,    /* the committer's word: rc and err are the waiter's */
	LITE_OP_ABANDONED /* the waiter's word: the committer ends it */
};

/* A semaphore, not a condition: its waiter wakes once and needs no lock that
 * whoever wakes it still holds. */
struct lite_op {
	struct lite_op *next; /* the committer's */
	struct lite_write w;
	int64_t since_us; /* when it was queued */
	sem_t ended;
	_Atomic(enum lite_op_state) state;
	enum rc rc;
	struct err err;
	_Atomic(struct lite_op *) wakes[2]; /* by its waiter, once done */
};

struct lite_op *lite_op_new(const struct lite_write *w, int64_t since_us);

/* The committer's: false for one whose waiter has gone with its argument, and
 * which is not to be run. */
bool lite_op_begin(struct lite_op *op);
void lite_op_has_run(struct lite_op *op);
/* Its last touch of n operations, whose rc and err stand.  v is written to. */
void lite_op_end(struct lite_op **v, size_t n);

/*
 * The waiter's last touch of it: its rc and err, or RC_BUSY and *left when it
 * has not begun by turn or is not at its end by until, both by the clock of
 * clock_tick_in(), which are turn_ms and wait_ms after it was made.
 */
enum rc lite_op_await(struct lite_op *op, const struct timespec *turn,
    const struct timespec *until, bool *left, struct err *e);

/* Where nobody waits: the result, once w.done was called, and the end before
 * it (see lite_commit_begin()). */
enum rc lite_op_take(struct lite_op *op, struct err *e);
bool lite_op_leave(struct lite_op *op);

#endif
