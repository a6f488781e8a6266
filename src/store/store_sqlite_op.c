#include "config.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/semwait.h"
#include "base/xalloc.h"
#include "store/store_sqlite_op.h"

struct lite_op *
lite_op_new(const struct lite_write *w, int64_t since_us)
{
	struct lite_op *op = xcalloc(1, sizeof(*op));

	op->w = *w;
	op->since_us = since_us;
	(void)sem_init(&op->ended, 0, 0);
	return op;
}

static void
op_free(struct lite_op *op)
{
	(void)sem_destroy(&op->ended);
	free(op);
}

static bool
move(struct lite_op *op, enum lite_op_state from, enum lite_op_state to)
{
	return atomic_compare_exchange_strong(&op->state, &from, to);
}

bool
lite_op_begin(struct lite_op *op)
{
	return move(op, LITE_OP_QUEUED, LITE_OP_RUNNING) ||
	    move(op, LITE_OP_RAN, LITE_OP_RUNNING) || op->w.drop != NULL;
}

void
lite_op_has_run(struct lite_op *op)
{
	if (!move(op, LITE_OP_RUNNING, LITE_OP_RAN) &&
	    move(op, LITE_OP_LEAVING, LITE_OP_RAN))
		(void)sem_post(&op->ended);
}

/* False for one whose waiter has gone. */
static bool
is_awaited(struct lite_op *op)
{
	if (atomic_exchange(&op->state, LITE_OP_DONE) != LITE_OP_ABANDONED)
		return true;
	if (op->w.drop != NULL)
		op->w.drop(op->w.arg);
	op_free(op);
	return false;
}

/* To wake a thread takes as long as to write a row: the first waiter wakes
 * two, each of those two more, while the next group is on its way. */
void
lite_op_end(struct lite_op **v, size_t n)
{
	void (*done)(void *arg);
	size_t i, awaited = 0;
	void *arg;

	for (i = 0; i < n; i++) {
		done = v[i]->w.done;
		arg = v[i]->w.arg;
		if (!is_awaited(v[i]))
			continue;
		if (done != NULL)
			done(arg);
		else
			v[awaited++] = v[i];
	}
	for (i = 1; i < awaited; i++)
		atomic_store(&v[(i - 1) / 2]->wakes[(i - 1) % 2], v[i]);
	if (awaited > 0)
		(void)sem_post(&v[0]->ended);
}

static void
wake_others(struct lite_op *op)
{
	struct lite_op *other;
	int i;

	for (i = 0; i < 2; i++) {
		other = atomic_load(&op->wakes[i]);
		if (other != NULL)
			(void)sem_post(&other->ended);
	}
}

/* For a post that is on its way. */
static void
wait_for_post(struct lite_op *op)
{
	while (sem_wait(&op->ended) != 0)
		assert(errno == EINTR);
}

/*
 * The waiter's time is up; false when the operation is the committer's to end
 * from here on.  One that runs is waited for where it uses what is ours: it
 * runs inside the gate, where only this process and the disk hold it up.
 */
static bool
leave(struct lite_op *op)
{
	for (;;) {
		if (move(op, LITE_OP_QUEUED, LITE_OP_ABANDONED) ||
		    move(op, LITE_OP_RAN, LITE_OP_ABANDONED))
			return false;
		if (op->w.drop != NULL &&
		    move(op, LITE_OP_RUNNING, LITE_OP_ABANDONED))
			return false;
		if (move(op, LITE_OP_RUNNING, LITE_OP_LEAVING)) {
			wait_for_post(op);
			continue;
		}
		/* Late, but the committer was there first: its post is on the
		 * way, and the operation is not ours before. */
		if (atomic_load(&op->state) == LITE_OP_DONE) {
			if (op->w.done == NULL)
				wait_for_post(op);
			return true;
		}
	}
}

enum rc
lite_op_await(struct lite_op *op, const struct timespec *turn,
    const struct timespec *until, bool *left, struct err *e)
{
	/* Read while it is ours for certain. */
	const long long turn_ms = op->w.turn_ms, wait_ms = op->w.wait_ms;
	enum rc rc;

	*left = false;
	if (!semwait(&op->ended, turn)) {
		*left = move(op, LITE_OP_QUEUED, LITE_OP_ABANDONED);
		if (*left)
			return err_set(e, RC_BUSY,
			    "the write had no turn within %lld ms", turn_ms);
		*left = !semwait(&op->ended, until) && !leave(op);
		if (*left)
			return err_set(e, RC_BUSY,
			    "the write was not on disk within %lld ms",
			    wait_ms);
	}
	/* The load also orders what the committer wrote before what is read
	 * here, for tools that do not know sem_clockwait(). */
	assert(atomic_load(&op->state) == LITE_OP_DONE);
	wake_others(op);
	rc = op->rc;
	*e = op->err;
	op_free(op);
	return rc;
}

enum rc
lite_op_take(struct lite_op *op, struct err *e)
{
	enum rc rc;

	assert(atomic_load(&op->state) == LITE_OP_DONE);
	rc = op->rc;
	*e = op->err;
	op_free(op);
	return rc;
}

bool
lite_op_leave(struct lite_op *op)
{
	assert(op->w.drop != NULL);
	return !leave(op);
}
