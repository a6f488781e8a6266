#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/xalloc.h"
#include "store/store_sqlite_copier.h"
#include "store/store_sqlite_int.h"
#include "store/store_sqlite_vfs.h"

/*
 * A passive checkpoint copies without keeping writers out.  Before SQLite
 * 3.51.3 one can damage the database when a writer begins the log anew
 * meanwhile.  A writer cannot while a transaction reads from the log: so one
 * does, from before the checkpoint until after it.  It also ends the part
 * that is copied.
 */
#define PASSES 2

struct lite_copier {
	struct lite *lite;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	bool started, stop, wanted; /* locked */
	atomic_bool has_copied;

	/* The thread's own. */
	struct lite_conn reader, copier;
};

static bool
open_both(struct lite_copier *cp)
{
	const char *path = cp->lite->path;
	struct err ignored;

	if (cp->reader.db == NULL &&
	    lite_conn_open(path, LITE_WRITE, &cp->reader, &ignored) != RC_OK)
		return false;
	return cp->copier.db != NULL ||
	    lite_conn_open(path, LITE_WRITE, &cp->copier, &ignored) == RC_OK;
}

/* How much of the log the file lacks afterwards; 0 as well when it cannot be
 * told. */
static int
copy(struct lite_copier *cp)
{
	struct err ignored;
	int log = 0, done = 0;

	if (lite_run_stmt(&cp->copier, LITE_TOUCH, &ignored) != RC_OK)
		return 0;
	if (sqlite3_wal_checkpoint_v2(cp->copier.db, NULL,
		SQLITE_CHECKPOINT_PASSIVE, &log, &done) != SQLITE_OK) {
		(void)lite_failed(&cp->copier, &ignored);
		if (cp->copier.fatal)
			atomic_store(&cp->lite->dead, true);
		return 0;
	}
	return log - done;
}

static int
pass(struct lite_copier *cp)
{
	struct err ignored;
	int left = 0;

	if (lite_run_stmt(&cp->reader, LITE_BEGIN_READ, &ignored) != RC_OK)
		return 0;
	if (lite_run_stmt(&cp->reader, LITE_TOUCH, &ignored) == RC_OK &&
	    lite_vfs_reads_log(cp->reader.db))
		left = copy(cp);
	(void)lite_run_stmt(&cp->reader, LITE_COMMIT, &ignored);
	return left;
}

static bool
is_stopped(struct lite_copier *cp)
{
	bool is;

	(void)pthread_mutex_lock(&cp->lock);
	is = cp->stop;
	(void)pthread_mutex_unlock(&cp->lock);
	return is;
}

static void
copy_most(struct lite_copier *cp)
{
	struct err ignored;
	bool locked;
	int fd, i;

	if (!open_both(cp) ||
	    lite_file_lock(cp->lite->ckpt_path, LOCK_EX | LOCK_NB, &locked, &fd,
		&ignored) != RC_OK)
		return;
	for (i = 0; locked && i < PASSES && !is_stopped(cp); i++)
		if (pass(cp) < LITE_LOG_SHORT)
			break;
	(void)close(fd);
}

static void *
run(void *arg)
{
	struct lite_copier *cp = arg;

	(void)pthread_mutex_lock(&cp->lock);
	for (;;) {
		while (!cp->wanted && !cp->stop)
			(void)pthread_cond_wait(&cp->more, &cp->lock);
		if (cp->stop)
			break;
		(void)pthread_mutex_unlock(&cp->lock);
		copy_most(cp);
		(void)pthread_mutex_lock(&cp->lock);
		cp->wanted = false;
		atomic_store(&cp->has_copied, true);
	}
	(void)pthread_mutex_unlock(&cp->lock);
	lite_conn_close(&cp->copier);
	lite_conn_close(&cp->reader);
	return NULL;
}

/* Called locked. */
static bool
start(struct lite_copier *cp)
{
	sigset_t all, was;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &was);
	cp->started = pthread_create(&cp->thread, NULL, run, cp) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
	return cp->started;
}

void
lite_copier_begin(struct lite_copier *cp)
{
	(void)pthread_mutex_lock(&cp->lock);
	if (!cp->started && !start(cp)) {
		atomic_store(&cp->has_copied, true);
	} else if (!cp->wanted) {
		cp->wanted = true;
		(void)pthread_cond_signal(&cp->more);
	}
	(void)pthread_mutex_unlock(&cp->lock);
}

bool
lite_copier_has_copied(struct lite_copier *cp)
{
	return atomic_exchange(&cp->has_copied, false);
}

struct lite_copier *
lite_copier_new(struct lite *l)
{
	struct lite_copier *cp = xcalloc(1, sizeof(*cp));

	cp->lite = l;
	(void)pthread_mutex_init(&cp->lock, NULL);
	(void)pthread_cond_init(&cp->more, NULL);
	return cp;
}

void
lite_copier_free(struct lite_copier *cp)
{
	if (cp == NULL)
		return;
	(void)pthread_mutex_lock(&cp->lock);
	cp->stop = true;
	(void)pthread_cond_signal(&cp->more);
	(void)pthread_mutex_unlock(&cp->lock);
	if (cp->started)
		(void)pthread_join(cp->thread, NULL);
	(void)pthread_cond_destroy(&cp->more);
	(void)pthread_mutex_destroy(&cp->lock);
	free(cp);
}
