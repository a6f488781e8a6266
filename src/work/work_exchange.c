#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/xalloc.h"
#include "work/work_body.h"
#include "work/work_int.h"

/*
 * A thread of its own calls the store, which syncs a disk in there, while
 * the loop goes on with its requests: to wait in turns would leave both the
 * disk and the network idle half of the time.
 *
 *            begin                  thread               end
 * (nothing) ───────► asked ────────────────► answered ───────► (nothing)
 *
 * 1. The members expansion, x, wants, alone and results belong to the thread
 *    while asked, and to the loop at all other times.
 * 2. Each answer wakes the loop.
 */
enum exchange_at {
	EXCHANGE_NONE,
	EXCHANGE_ASKED,
	EXCHANGE_ANSWERED
};

enum exchange_thread {
	THREAD_GOES_ON,
	THREAD_STOPS, /* it is told to */
	THREAD_ENDED
};

struct work_exchange {
	struct store *store;
	struct work_bodies *bodies;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t change;
	struct loop *loop;
	enum exchange_thread runs;
	enum exchange_at at;
	bool is_open; /* the loop's */

	struct work_expansion *expansion;
	struct store_exchange x;
	struct store_lease_want wants[WORK_KINDS_MAX];
	struct store_lease alone;
	struct store_result results[WORK_GROUP];
	enum rc rc;
	struct err e;
};

static enum rc
call_store(struct work_exchange *x)
{
	enum rc rc = RC_OK;

	if (x->expansion != NULL)
		rc = work_expand_large(x->store, x->expansion, &x->x, &x->e);

	if (rc == RC_OK)
		rc = store_exchange(x->store, &x->x, &x->e);
	if (rc == RC_OK)
		work_body_read_ahead(x->bodies, &x->x.leases);

	return rc;
}

static void *
run(void *arg)
{
	struct work_exchange *x = arg;

	(void)pthread_mutex_lock(&x->lock);
	for (;;) {
		while (x->at != EXCHANGE_ASKED && x->runs == THREAD_GOES_ON)
			(void)pthread_cond_wait(&x->change, &x->lock);
		if (x->at != EXCHANGE_ASKED)
			break;
		(void)pthread_mutex_unlock(&x->lock);
		x->rc = call_store(x);
		(void)pthread_mutex_lock(&x->lock);
		x->at = EXCHANGE_ANSWERED;
		(void)pthread_cond_broadcast(&x->change);
		loop_wake(x->loop);
	}
	x->runs = THREAD_ENDED;
	(void)pthread_cond_broadcast(&x->change);
	(void)pthread_mutex_unlock(&x->lock);
	return NULL;
}

static void
release(struct work_exchange *x)
{
	(void)pthread_cond_destroy(&x->change);
	(void)pthread_mutex_destroy(&x->lock);
	free(x);
}

/* Signals are for the loop's thread. */
static int
start(struct work_exchange *x)
{
	sigset_t all, was;
	int reason;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &was);
	reason = pthread_create(&x->thread, NULL, run, x);
	(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
	return reason;
}

struct work_exchange *
work_exchange_new(struct store *s, struct work_bodies *bodies, struct loop *l)
{
	struct work_exchange *x = xcalloc(1, sizeof(*x));

	x->store = s;
	x->bodies = bodies;
	x->loop = l;
	(void)pthread_mutex_init(&x->lock, NULL);
	clock_cond_init(&x->change);
	if (start(x) != 0)
		fatal("no thread can be created");
	return x;
}

bool
work_exchange_free(struct work *w, int64_t wait_ms)
{
	struct work_exchange *x = w->exchange;
	const struct timespec until = clock_tick_in(wait_ms * 1000);
	bool ended;

	(void)pthread_mutex_lock(&x->lock);
	x->runs = THREAD_STOPS;
	(void)pthread_cond_broadcast(&x->change);
	while (x->runs != THREAD_ENDED &&
	    pthread_cond_timedwait(&x->change, &x->lock, &until) == 0)
		;
	ended = x->runs == THREAD_ENDED;
	(void)pthread_mutex_unlock(&x->lock);
	/* In a disk that does not answer: it keeps what it uses and goes with
	 * the process. */
	if (!ended) {
		(void)pthread_detach(x->thread);
		return false;
	}
	(void)pthread_join(x->thread, NULL);
	if (x->at == EXCHANGE_ANSWERED) {
		store_leases_free(&x->x.leases);
		/* What was refused is said in texts, which the jobs free. */
		work_results_put(w, WORK_SETTLING, x->results, x->x.nresults);
	}
	work_expansion_free(x->expansion);
	release(x);
	return true;
}

bool
work_exchange_is_open(const struct work *w)
{
	return w->exchange->is_open;
}

/* The oldest results go along. */
static size_t
take_results(struct work *w, struct store_result *v)
{
	size_t n = work_results(w, v, WORK_GROUP), i;
	struct work_job *job;

	for (i = 0; i < n; i++) {
		job = w->ended.first;
		work_list_drop(w, job);
		work_list_put(w, WORK_SETTLING, job);
	}
	return n;
}

void
work_exchange_begin(struct work *w, struct work_expansion *expansion,
    const struct store_lease_want *wants, size_t n)
{
	struct work_exchange *x = w->exchange;
	size_t i;

	x->is_open = true;
	x->expansion = expansion;
	memcpy(x->wants, wants, n * sizeof(*wants));
	/* That job may leave the hand meanwhile. */
	for (i = 0; i < n; i++) {
		if (wants[i].alone == NULL)
			continue;
		x->alone = *wants[i].alone;
		x->wants[i].alone = &x->alone;
	}
	memset(&x->x, 0, sizeof(x->x));
	x->x.results = x->results;
	x->x.nresults = take_results(w, x->results);
	x->x.wants = x->wants;
	x->x.nwants = n;
	x->x.now_ms = clock_wall_ms(w->opt.clock);
	(void)pthread_mutex_lock(&x->lock);
	x->at = EXCHANGE_ASKED;
	(void)pthread_cond_broadcast(&x->change);
	(void)pthread_mutex_unlock(&x->lock);
}

/* Nothing was settled: they have ended still.  What is new is read anew. */
static void
take_back(struct work *w)
{
	struct work_job *job;

	w->expand = w->expand || w->exchange->expansion != NULL;
	while ((job = w->settling.first) != NULL) {
		work_list_drop(w, job);
		work_list_put(w, WORK_ENDED, job);
	}
}

bool
work_exchange_end(struct work *w, struct store_exchange **out, enum rc *rc,
    struct err *e)
{
	struct work_exchange *x = w->exchange;
	bool answered;

	(void)pthread_mutex_lock(&x->lock);
	answered = x->at == EXCHANGE_ANSWERED;
	if (answered)
		x->at = EXCHANGE_NONE;
	(void)pthread_mutex_unlock(&x->lock);
	if (!answered)
		return false;
	*rc = x->rc;
	*e = x->e;
	*out = &x->x;
	work_results_put(w, WORK_SETTLING, x->results, x->x.nresults);
	if (x->rc != RC_OK)
		take_back(w);
	work_expansion_free(x->expansion);
	x->expansion = NULL;
	x->is_open = false;
	return true;
}
