#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "store/store_sqlite_int.h"
#include "store/store_sqlite_note.h"
#include "store/store_sqlite_op.h"
#include "store/store_sqlite_seen.h"
#include "store/store_sqlite_span.h"
#include "store/store_sqlite_vfs.h"
#include "store/store_test.h"

/*
 * One thread makes all the process's writes.  While it syncs one group the
 * next one gathers, so the more callers there are the fewer syncs each of
 * them pays for, and no timer is needed.
 *
 * 1. A waiter is woken only after COMMIT has returned OK, or told otherwise.
 * 2. Nothing is acknowledged after a failure that lite_conn calls fatal.
 */
#define GROUP_OPS 64
#define GROUP_BYTES (4 * 1024 * 1024)
#define QUEUE_OPS 4096
#define OLDEST_US (2 * 1000 * 1000)
#define IDLE_US (1000 * 1000)
#define CALM_US (2 * 1000)
#define CLOSE_SECONDS 1
#define WAIT_MS 5000 /* of one that nobody gave a time */

struct lite_commit_state {
	struct lite *lite;
	pthread_mutex_t lock;
	pthread_cond_t more;
	pthread_cond_t gone;
	struct lite_op *head, **tail;
	size_t nops, bytes;
	int64_t
	    group_since_us; /* of the oldest in the group at work; 0: none */
	bool idle, stop, started, ended;
	pthread_t thread;
	struct lite_figures *figures;

	/* The thread's own. */
	struct lite_conn conn;
	struct lite_tx tx;
	struct lite_op *group[GROUP_OPS];
	size_t ngroup;
	int folder_fd;   /* until the log's name is on disk; -1 then */
	int64_t free_us; /* when it was done with the last group */
	bool is_calm;    /* a single one has come, a while after that */
};

static _Atomic(void (*)(enum store_test_place)) test_at;

void
store_test_at(void (*f)(enum store_test_place place))
{
	atomic_store(&test_at, f);
}

int64_t
store_test_steps(struct store *s)
{
	struct lite *l = s->impl;
	int64_t n;

	(void)pthread_mutex_lock(&l->commit->lock);
	n = lite_conn_steps(&l->commit->conn);
	(void)pthread_mutex_unlock(&l->commit->lock);
	return n + lite_pool_steps(l->pool);
}

static void
at(enum store_test_place place)
{
	void (*f)(enum store_test_place) =
	    atomic_load_explicit(&test_at, memory_order_relaxed);

	if (f != NULL)
		f(place);
}

/* A transaction that failed may or may not have ended by itself. */
static void
roll_back(struct lite_commit_state *c)
{
	sqlite3_file *log = NULL;
	sqlite3_int64 size;
	struct err ignored;

	lite_seen_forget(&c->tx);
	lite_spans_forget(&c->tx);
	if (!sqlite3_get_autocommit(c->conn.db))
		(void)lite_run_stmt(&c->conn, LITE_ROLLBACK, &ignored);
	/* Frames of a spilled transaction that are still gathered go out while
	 * the gate is ours: later they would overwrite another process's. */
	if (sqlite3_file_control(c->conn.db, "main",
		SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK &&
	    log != NULL && log->pMethods != NULL)
		(void)log->pMethods->xFileSize(log, &size);
}

static void
tx_begin(struct lite_commit_state *c)
{
	struct lite_tx *tx = &c->tx;

	lite_tally_clear(&tx->tally);
	tx->lite = c->lite;
	tx->conn = &c->conn;
	tx->last_event_id = tx->last_job_id = 0;
	tx->load = -1;
	tx->now_ms = 0;
	tx->new_work = false;
	tx->has_seen = false;
	tx->is_calm = c->is_calm;
}

enum outcome {
	COMMITTED,
	FAILED, /* all of them, with the error */
	SPLIT   /* one spoils it for the others: each on its own */
};

/* Runs one operation; true when the group can go on. */
static bool
run_one(struct lite_commit_state *c, struct lite_op *op)
{
	struct lite_tx *tx = &c->tx;
	int before = sqlite3_total_changes(c->conn.db);
	uint64_t additions = tx->tally.additions;

	if (!lite_op_begin(op))
		return true;
	tx->now_ms = 0;
	op->rc = op->w.run(tx, op->w.arg, &op->err);
	lite_op_has_run(op);
	if (op->rc == RC_OK)
		op->rc = lite_tally_rows(tx, tx->now_ms, &op->err);
	if (op->rc == RC_OK)
		return true;
	return !c->conn.fatal && !sqlite3_get_autocommit(c->conn.db) &&
	    sqlite3_total_changes(c->conn.db) == before &&
	    tx->tally.additions == additions;
}

/*
 * The first commit may have made the log, and SQLite does not look at how the
 * sync of the folder that makes its name last turned out: we do our own, if
 * it was not done before the log's header was written.
 */
static enum rc
name_log(struct lite_commit_state *c, struct err *e)
{
	sqlite3_file *log = NULL;
	bool is_named;

	if (c->folder_fd == -1)
		return RC_OK;
	is_named = sqlite3_file_control(c->conn.db, "main",
		       SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK &&
	    log != NULL && lite_vfs_is_named(log);
	if (!is_named && fsync(c->folder_fd) != 0) {
		c->conn.fatal = true;
		return err_errno(e, RC_SYSTEM, errno,
		    "%s: its folder cannot be synced", c->lite->path);
	}
	(void)close(c->folder_fd);
	c->folder_fd = -1;
	return RC_OK;
}

/* What gathers beside the operations, and COMMIT.  starts: a log begins with
 * this transaction, if it changes anything. */
static enum rc
end_tx(struct lite_commit_state *c, size_t n, bool starts, int before,
    struct err *e)
{
	enum rc rc;

	rc = lite_seen_end(&c->tx, e);
	if (rc == RC_OK)
		rc = lite_tally_sums(&c->tx, e);
	if (rc == RC_OK)
		rc = lite_figures_write(c->figures, &c->tx, n, e);
	if (rc == RC_OK && starts &&
	    sqlite3_total_changes(c->conn.db) != before)
		rc = lite_run_stmt(&c->conn, LITE_TOUCH_HEADER, e);
	if (rc != RC_OK)
		return rc;
	at(STORE_TEST_BEFORE_COMMIT);
	return lite_run_stmt(&c->conn, LITE_COMMIT, e);
}

static enum outcome
run_some(struct lite_commit_state *c, struct lite_op **v, size_t n,
    struct err *e)
{
	int before = sqlite3_total_changes(c->conn.db);
	bool starts;
	size_t i;
	enum rc rc;

	tx_begin(c);
	rc = lite_run_stmt(&c->conn, LITE_BEGIN, e);
	if (rc != RC_OK)
		return FAILED;
	starts = lite_note_starts(&c->conn);
	for (i = 0; i < n; i++) {
		if (run_one(c, v[i]))
			continue;
		*e = v[i]->err;
		rc = v[i]->rc;
		/* Ended by SQLite itself: not this row's doing alone. */
		if (c->conn.fatal || sqlite3_get_autocommit(c->conn.db) ||
		    n == 1) {
			roll_back(c);
			return FAILED;
		}
		roll_back(c);
		return SPLIT;
	}
	rc = end_tx(c, n, starts, before, e);
	if (rc != RC_OK) {
		roll_back(c);
		return FAILED;
	}
	lite_figures_written(c->figures);
	return name_log(c, e) == RC_OK ? COMMITTED : FAILED;
}

static void
wake_drains(struct lite *l)
{
	/* A lost hint costs a poll's wait, so nobody need know. */
	if (pwrite(l->wake_fd, "w", 1, 0) == -1)
		return;
}

static enum outcome
commit_some(struct lite_commit_state *c, struct lite_op **v, size_t n,
    struct err *e)
{
	int64_t began_us = clock_tick_us(), entered_us;
	enum outcome how;
	enum rc rc = RC_OK;
	size_t i;

	if (atomic_load(&c->lite->dead)) {
		(void)err_set(e, RC_SYSTEM,
		    "the store failed before and takes no more");
		how = FAILED;
	} else if (lite_gate_enter(c->lite, e) != RC_OK) {
		how = FAILED;
	} else {
		entered_us = clock_tick_us();
		how = run_some(c, v, n, e);
		if (how == COMMITTED)
			lite_figures_observe(c->figures, n, began_us,
			    entered_us);
		if (c->conn.fatal || lite_file_is_moved())
			atomic_store(&c->lite->dead, true);
		lite_gate_leave(c->lite);
	}
	if (how == COMMITTED) {
		if (c->tx.new_work)
			wake_drains(c->lite);
		at(STORE_TEST_AFTER_COMMIT);
		return how;
	}
	rc = e->rc;
	for (i = 0; how == FAILED && i < n; i++) {
		v[i]->rc = rc;
		v[i]->err = *e;
	}
	return how;
}

/* rc of each is set; nobody is told before the group's end is known. */
static void
work_group(struct lite_commit_state *c)
{
	struct err e;
	size_t i;

	if (commit_some(c, c->group, c->ngroup, &e) != SPLIT) {
		lite_op_end(c->group, c->ngroup);
		return;
	}
	for (i = 0; i < c->ngroup; i++) {
		(void)commit_some(c, &c->group[i], 1, &e);
		lite_op_end(&c->group[i], 1);
	}
}

/* Called locked. */
static void
take_group(struct lite_commit_state *c)
{
	size_t bytes = 0;
	struct lite_op *op;

	c->ngroup = 0;
	while ((op = c->head) != NULL && c->ngroup < GROUP_OPS &&
	    (c->ngroup == 0 || bytes + op->w.bytes <= GROUP_BYTES)) {
		if (c->ngroup == 0)
			c->group_since_us = op->since_us;
		bytes += op->w.bytes;
		c->head = op->next;
		if (c->head == NULL)
			c->tail = &c->head;
		c->nops--;
		c->group[c->ngroup++] = op;
	}
	c->bytes -= bytes;
}

static bool
is_waited_for(struct lite_commit_state *c)
{
	bool is;

	(void)pthread_mutex_lock(&c->lock);
	is = c->head != NULL || c->stop;
	(void)pthread_mutex_unlock(&c->lock);
	return is;
}

/* For a process that has nothing else to write. */
static void
keep_figures(struct lite_commit_state *c)
{
	struct err ignored;

	if (lite_figures_wait(c->figures))
		(void)commit_some(c, NULL, 0, &ignored);
}

/* What was put off while writes queued up. */
static void
catch_up(struct lite_commit_state *c)
{
	struct lite_op op = { .w = { .run = lite_seen_merge } };
	struct lite_op *v = &op;
	struct err ignored;

	c->is_calm = false;
	while (lite_seen_is_behind(c->tx.seen) && !is_waited_for(c)) {
		op.state = LITE_OP_QUEUED;
		if (commit_some(c, &v, 1, &ignored) != COMMITTED)
			break;
	}
}

/* Called locked; true when there is something to do but to end. */
static bool
wait_for_work(struct lite_commit_state *c, bool *want_checkpoint)
{
	struct timespec until;

	while (c->head == NULL && !c->stop) {
		c->idle = true;
		if (!*want_checkpoint && !lite_seen_is_behind(c->tx.seen) &&
		    !lite_figures_are_wanted(c->figures)) {
			(void)pthread_cond_wait(&c->more, &c->lock);
			continue;
		}
		until = clock_tick_in(IDLE_US);
		if (pthread_cond_timedwait(&c->more, &c->lock, &until) ==
		    ETIMEDOUT) {
			(void)pthread_mutex_unlock(&c->lock);
			catch_up(c);
			keep_figures(c);
			*want_checkpoint =
			    lite_checkpoint(c->lite, &c->conn, LITE_IDLE);
			(void)pthread_mutex_lock(&c->lock);
		}
	}
	c->idle = false;
	return c->head != NULL;
}

static void
leave(struct lite_commit_state *c)
{
	const struct lite *l = c->lite;
	const struct lite_locks locks = { l->path, l->run_fd, l->gate_fd,
		l->ckpt_fd };

	lite_leave_whole(&locks, &c->conn);
}

static void
close_all(struct lite_commit_state *c)
{
	lite_conn_close(&c->conn);
	if (c->folder_fd != -1)
		(void)close(c->folder_fd);
	c->folder_fd = -1;
}

static void *
committer(void *arg)
{
	struct lite_commit_state *c = arg;
	bool want_checkpoint = false;

	(void)pthread_mutex_lock(&c->lock);
	while (wait_for_work(c, &want_checkpoint)) {
		take_group(c);
		(void)pthread_mutex_unlock(&c->lock);
		c->is_calm =
		    c->ngroup == 1 && clock_tick_us() - c->free_us > CALM_US;
		work_group(c);
		want_checkpoint =
		    lite_checkpoint(c->lite, &c->conn, LITE_QUEUED);
		c->free_us = clock_tick_us();
		(void)pthread_mutex_lock(&c->lock);
		c->group_since_us = 0;
	}
	(void)pthread_mutex_unlock(&c->lock);
	if (!atomic_load(&c->lite->dead)) {
		keep_figures(c);
		leave(c);
	}
	close_all(c);
	(void)pthread_mutex_lock(&c->lock);
	c->ended = true;
	(void)pthread_cond_signal(&c->gone);
	(void)pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* What is needed after a commit is there before it: a commit that is on disk
 * shall not fail for want of a descriptor. */
static enum rc
open_all(struct lite_commit_state *c, struct err *e)
{
	char *folder;
	enum rc rc = RC_OK;

	if (c->conn.db != NULL)
		return RC_OK;
	folder = file_folder_of(c->lite->path);
	c->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->folder_fd == -1)
		rc = err_errno(e, lite_rc_of_errno(errno), errno, "%s", folder);
	else
		rc = lite_conn_open(c->lite->path, LITE_WRITE, &c->conn, e);
	free(folder);
	return rc;
}

enum rc
lite_commit_open(struct lite_commit_state *c, struct lite_conn **out,
    struct err *e)
{
	enum rc rc = open_all(c, e);

	if (rc != RC_OK)
		close_all(c);
	*out = rc == RC_OK ? &c->conn : NULL;
	return rc;
}

/* Called locked.  The connection is opened here, so that its failure has a
 * caller to be told. */
static enum rc
start(struct lite_commit_state *c, struct err *e)
{
	sigset_t all, was;
	int reason = 0;
	enum rc rc;

	rc = open_all(c, e);
	if (rc == RC_OK) {
		(void)sigfillset(&all);
		(void)pthread_sigmask(SIG_SETMASK, &all, &was);
		reason = pthread_create(&c->thread, NULL, committer, c);
		(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
	}
	if (reason != 0)
		rc = err_errno(e, RC_BUSY, reason, "a thread to write with");
	if (rc != RC_OK)
		close_all(c);
	c->started = rc == RC_OK;
	return rc;
}

/* Called locked.  A queue that does not move is not joined: the sender hears
 * at once that it should come again later. */
static enum rc
may_queue(struct lite_commit_state *c, size_t bytes, int64_t now_us,
    struct err *e)
{
	int64_t oldest = c->group_since_us;

	if (oldest == 0 && c->head != NULL)
		oldest = c->head->since_us;
	if (oldest != 0 && now_us - oldest > OLDEST_US)
		return err_set(e, RC_BUSY,
		    "the oldest write has waited for %lld ms",
		    (long long)(now_us - oldest) / 1000);
	if (c->nops >= QUEUE_OPS ||
	    (c->nops > 0 && c->bytes + bytes > (size_t)c->lite->queue_bytes))
		return err_set(e, RC_BUSY, "%zu writes wait, %zu bytes",
		    c->nops, c->bytes);
	return RC_OK;
}

static enum rc
queue(struct lite_commit_state *c, const struct lite_write *w,
    struct lite_op **out, struct err *e)
{
	struct lite_op *op;
	int64_t now_us = clock_tick_us();
	bool wake;
	enum rc rc;

	*out = NULL;
	(void)pthread_mutex_lock(&c->lock);
	rc = c->started ? RC_OK : start(c, e);
	if (rc == RC_OK)
		rc = may_queue(c, w->bytes, now_us, e);
	if (rc != RC_OK) {
		(void)pthread_mutex_unlock(&c->lock);
		return rc;
	}
	op = lite_op_new(w, now_us);
	*c->tail = op;
	c->tail = &op->next;
	c->nops++;
	c->bytes += w->bytes;
	wake = c->idle;
	c->idle = false;
	(void)pthread_mutex_unlock(&c->lock);
	if (wake)
		(void)pthread_cond_signal(&c->more);
	*out = op;
	return RC_OK;
}

enum rc
lite_commit(struct lite *l, const struct lite_write *w, bool *left,
    struct err *e)
{
	struct timespec turn = clock_tick_in(w->turn_ms * 1000);
	struct timespec end = clock_tick_in(w->wait_ms * 1000);
	struct lite_op *op;
	enum rc rc;

	*left = false;
	if (atomic_load(&l->dead))
		return err_set(e, RC_SYSTEM,
		    "the store failed before and takes no more");
	rc = queue(l->commit, w, &op, e);
	if (rc != RC_OK)
		return rc;

	return lite_op_await(op, &turn, &end, left, e);
}

enum rc
lite_commit_begin(struct lite *l, const struct lite_write *w,
    struct lite_op **out, struct err *e)
{
	*out = NULL;
	if (atomic_load(&l->dead))
		return err_set(e, RC_SYSTEM,
		    "the store failed before and takes no more");
	return queue(l->commit, w, out, e);
}

enum rc
lite_commit_end(struct lite_op *op, void **arg, struct err *e)
{
	*arg = op->w.arg;
	return lite_op_take(op, e);
}

bool
lite_commit_leave(struct lite_op *op)
{
	return lite_op_leave(op);
}

enum rc
lite_commit_now(struct lite *l, lite_op_run *run, void *arg, struct err *e)
{
	const struct lite_write w = { .run = run,
		.arg = arg,
		.turn_ms = l->turn_ms,
		.wait_ms = WAIT_MS };
	bool left;

	return lite_commit(l, &w, &left, e);
}

struct lite_commit_state *
lite_commit_new(struct lite *l)
{
	struct lite_commit_state *c = xcalloc(1, sizeof(*c));

	c->lite = l;
	c->tail = &c->head;
	c->folder_fd = -1;
	c->tx.seen = lite_seen_new();
	c->tx.spans = lite_spans_new();
	(void)pthread_mutex_init(&c->lock, NULL);
	clock_cond_init(&c->more);
	clock_cond_init(&c->gone);
	c->figures = lite_figures_new();
	return c;
}

struct meter *
lite_commit_meter(struct lite_commit_state *c)
{
	struct meter *meter;
	struct err ignored;

	(void)pthread_mutex_lock(&c->lock);
	meter = lite_figures_want(c->figures);
	/* One that has nothing to write would never say what it counted. */
	if (!c->started)
		(void)start(c, &ignored);
	/* It may wait without end, as there were no figures to look for. */
	(void)pthread_cond_signal(&c->more);
	(void)pthread_mutex_unlock(&c->lock);
	return meter;
}

bool
lite_commit_has_begun(struct lite_commit_state *c)
{
	return c->started;
}

bool
lite_commit_free(struct lite_commit_state *c)
{
	struct timespec until = clock_tick_in(CLOSE_SECONDS * INT64_C(1000000));
	bool ended;

	if (c == NULL)
		return true;
	(void)pthread_mutex_lock(&c->lock);
	c->stop = true;
	(void)pthread_cond_signal(&c->more);
	while (c->started && !c->ended &&
	    pthread_cond_timedwait(&c->gone, &c->lock, &until) == 0)
		;
	ended = !c->started || c->ended;
	(void)pthread_mutex_unlock(&c->lock);
	/* Stuck behind a stopped process or a disk that does not answer: the
	 * thread keeps what it uses, and goes with the process. */
	if (!ended) {
		(void)pthread_detach(c->thread);
		return false;
	}
	if (c->started)
		(void)pthread_join(c->thread, NULL);
	else
		close_all(c);
	lite_tally_clear(&c->tx.tally);
	lite_seen_free(c->tx.seen);
	lite_spans_free(c->tx.spans);
	(void)pthread_cond_destroy(&c->gone);
	(void)pthread_cond_destroy(&c->more);
	(void)pthread_mutex_destroy(&c->lock);
	lite_figures_free(c->figures);
	free(c);
	return true;
}
