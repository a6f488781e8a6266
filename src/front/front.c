#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "front/count.h"
#include "front/front_int.h"
#include "front/settings.h"
#include "store/store.h"
#include "store/store_metrics.h"

#define TICK_MS 200
#define MEMORY_MS 10  /* between looks for memory that has become free */
#define SMALL_US 1000 /* of a turn for posts that the loop works itself */
#define STOP_MS 9000  /* for the requests in hand at the end */
#define JOIN_MS 1000 /* for the threads of the pool, which have nothing to do */
#define DISK_MAX (INT64_C(4) << 30) /* of bodies that come */
#define COMING_SHARE 4 /* of body_memory, beside it, for bodies that come */

static struct {
	struct loop *loop; /* that is told */
	volatile sig_atomic_t wants_end, wants_reload;
} signals;

static void
take_signal(int number)
{
	if (number == SIGHUP)
		signals.wants_reload = 1;
	else
		signals.wants_end = 1;
	if (signals.loop != NULL)
		loop_wake(signals.loop);
}

static void
signals_of(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGUSR1);
	sigaddset(set, SIGHUP);
}

void
front_block_signals(void)
{
	const struct sigaction act = { .sa_handler = take_signal,
		.sa_flags = SA_RESTART };
	sigset_t set;

	signals_of(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* Spawners may have had them ignored. */
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGUSR1, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
}

/* From here on this thread, and no other, takes them. */
static void
listen_to_signals(struct loop *l)
{
	sigset_t set;

	signals.loop = l;
	signals_of(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void
ignore_signals(void)
{
	sigset_t set;

	signals_of(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signals.loop = NULL;
}

static void
call(void (*f)(void *arg), void *arg)
{
	if (f != NULL)
		f(arg);
}

static struct front_set *
set_new(struct settings *settings)
{
	struct front_set *s = xcalloc(1, sizeof(*s));

	s->set = settings;
	return s;
}

static void
set_free(struct front *f, struct front_set *s)
{
	if (s == NULL)
		return;
	f->opt->free_settings(f->opt->arg, s->set);
	free(s);
}

static void
release_before(struct front *f)
{
	if (f->before == NULL || f->before->uses > 0)
		return;
	set_free(f, f->before);
	f->before = NULL;
}

/* Two reloads in one request's time would need a list: the second waits. */
static bool
reload(struct front *f)
{
	struct settings *set;

	release_before(f);
	if (f->before != NULL)
		return false;
	set = f->opt->reload(f->opt->arg);
	if (set == NULL)
		return true;
	budget_change(f->opt->bodies, set->body_memory);
	budget_change(&f->coming, set->body_memory / COMING_SHARE);
	f->before = f->now;
	f->now = set_new(set);
	return true;
}

static void
tick(void *arg)
{
	struct front *f = arg;

	loop_timer_set(f->loop, &f->tick, loop_now_ms(f->loop) + TICK_MS);
	release_before(f);
	log_limit_flush(&f->log_limit, loop_now_ms(f->loop));
	call(f->opt->tick, f->opt->arg);
}

static struct front_conn *
conn_of_stored(struct front_item *item)
{
	return (struct front_conn *)(void *)((char *)item -
	    offsetof(struct front_conn, stored));
}

/* Answers the requests that the pools have worked, and the posts that are on
 * disk. */
static void
take_mail(struct front *f)
{
	struct front_item *item, *next;

	for (item = front_inbox_take(&f->worked); item != NULL; item = next) {
		next = item->next;
		front_conn_worked((struct front_conn *)item);
	}
	for (item = front_inbox_take(&f->stored); item != NULL; item = next) {
		next = item->next;
		front_conn_stored(conn_of_stored(item));
	}
}

/*
 * The loop works small posts itself, as long as it has the time: to hand one
 * to a thread and back takes longer than to verify it, and the web server
 * sends further ones meanwhile, so that they are read and stored together.
 */
static void
work_small(struct front *f)
{
	int64_t until_us;
	struct front_item *item;

	if (f->small.first == NULL)
		return;
	until_us = clock_tick_us() + SMALL_US;
	do {
		item = front_items_take(&f->small);
		front_call_run(item);
		front_conn_worked((struct front_conn *)item);
	} while (f->small.first != NULL && clock_tick_us() < until_us);
	while (f->small.first != NULL)
		front_pool_put(f->posts, front_items_take(&f->small));
}

/* In the order in which they came; a small one may pass a large one. */
static void
share_memory(struct front *f)
{
	struct front_conn *c, *next;

	if (loop_now_ms(f->loop) < f->shared_ms + MEMORY_MS)
		return;
	f->shared_ms = loop_now_ms(f->loop);
	for (c = TAILQ_FIRST(&f->waiting); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		front_conn_try_memory(c);
	}
}

static void
turn(struct front *f)
{
	loop_turn(f->loop, TAILQ_EMPTY(&f->waiting) ? -1 : MEMORY_MS);
	take_mail(f);
	share_memory(f);
	/* Of this turn, and those that have found memory in it. */
	work_small(f);
}

/* One that comes while the file is read is for what it holds then. */
static void
take_reload(struct front *f)
{
	if (!signals.wants_reload)
		return;
	signals.wants_reload = 0;
	if (!reload(f))
		signals.wants_reload = 1;
}

static enum rc
serve_all(struct front *f, struct err *e)
{
	while (!signals.wants_end) {
		turn(f);
		take_reload(f);
		if (store_is_dead(f->opt->store))
			return err_set(e, RC_SYSTEM,
			    "the store has failed; ending so that a new "
			    "process starts clean");
	}
	return RC_OK;
}

/* False when some connection did not come to its end in time. */
static bool
finish(struct front *f)
{
	int64_t until_ms;

	front_conns_stop(f);
	until_ms = clock_boot_ms(f->opt->clock) + STOP_MS;
	loop_timer_set(f->loop, &f->tick, loop_now_ms(f->loop));
	while (f->nconns > 0) {
		if (clock_boot_ms(f->opt->clock) > until_ms)
			return false;
		turn(f);
	}
	return true;
}

static enum rc
begin(struct front *f, struct err *e)
{
	const struct front_pool_options to_posts = { f->opt->threads,
		front_call_run, &f->worked },
					to_pages = { f->opt->page_threads,
						front_call_run, &f->worked };
	enum rc rc;

	rc = loop_new(f->opt->clock, LOOP_BEST, &f->loop, e);
	if (rc != RC_OK)
		return rc;
	front_inbox_init(&f->worked, f->loop);
	front_inbox_init(&f->stored, f->loop);
	rc = front_pool_new(&to_posts, &f->posts, e);
	if (rc == RC_OK)
		rc = front_pool_new(&to_pages, &f->pages, e);
	if (rc == RC_OK)
		rc = front_conns_begin(f, e);
	f->tick.call = tick;
	f->tick.arg = f;
	loop_timer_set(f->loop, &f->tick, 0);
	return rc;
}

static void
front_init(struct front *f, const struct front_options *opt)
{
	f->opt = opt;
	f->now = set_new(opt->settings);
	f->limits.max_requests = FRONT_CONNS_MAX;
	f->until_ms = INT64_MAX;
	budget_init(&f->coming, opt->settings->body_memory / COMING_SHARE);
	f->limits.room.memory = &f->coming;
	f->limits.room.min_free = opt->body_min_free;
	f->limits.room.disk = &f->disk;
	f->limits.room.folder = opt->body_folder;
	budget_init(&f->disk, DISK_MAX);
	log_limit_init(&f->log_limit);
	resend_init(&f->resend);
	signin_init(&f->signin);
	f->count = count_new(store_meter(opt->store));
	front_items_init(&f->small);
	TAILQ_INIT(&f->early);
	TAILQ_INIT(&f->input);
	TAILQ_INIT(&f->waiting);
	TAILQ_INIT(&f->others);
}

static void
front_free(struct front *f)
{
	set_free(f, f->before);
	set_free(f, f->now);
	log_limit_fini(&f->log_limit);
	resend_fini(&f->resend);
	signin_fini(&f->signin);
	count_free(f->count);
	if (f->loop != NULL) {
		front_inbox_fini(&f->worked);
		front_inbox_fini(&f->stored);
	}
	loop_free(f->loop);
	budget_fini(&f->coming);
	budget_fini(&f->disk);
	free(f);
}

enum rc
front_run(const struct front_options *opt, struct err *e)
{
	struct front *f = xcalloc(1, sizeof(*f));
	struct err hung;
	enum rc rc;

	front_init(f, opt);
	rc = begin(f, e);
	if (rc == RC_OK) {
		listen_to_signals(f->loop);
		call(opt->ready, opt->arg);
		rc = serve_all(f, e);
	}
	call(opt->stopping, opt->arg);
	/* Left as it is when threads still look at it. */
	if (f->loop != NULL &&
	    (!finish(f) || front_pool_free(f->posts, JOIN_MS, &hung) != RC_OK ||
		front_pool_free(f->pages, JOIN_MS, &hung) != RC_OK))
		return err_set(e, RC_BUSY,
		    "requests hang; ending without them");
	ignore_signals();
	front_conns_end(f);
	front_free(f);
	return rc;
}
