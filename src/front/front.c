#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "front/budget.h"
#include "front/count.h"
#include "front/front.h"
#include "front/front_accept.h"
#include "front/http_fcgi.h"
#include "front/log_limit.h"
#include "front/resend.h"
#include "front/serve.h"
#include "front/settings.h"
#include "front/signin.h"
#include "store/store.h"
#include "store/store_metrics.h"

#define HEAD_MS 5000   /* for a request's head to come whole */
#define TICK_MS 200    /* of the watchdog */
#define GRACE_MS 2000  /* for a peer that does not read its answer */
#define HURRY_MS 5000  /* for them before they are cut */
#define STOP_MS 9000   /* for the requests in hand at the end */
#define JOIN_STEP_MS 5 /* between looks at a thread that is to end */
#define LINGER_MS 1000 /* for what a refused peer still sends */
#define STACK_SIZE (512 << 10)
#define STACK_SIZE_SANITIZED (4 << 20)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

struct front;

/*
 * One request thread.  Whatever the watchdog looks at is under the lock, and
 * the descriptor is closed under it too, so that no other one of the same
 * number is ever cut.
 */
struct worker {
	pthread_t thread;
	struct front *front;
	struct http_fcgi *fcgi;
	pthread_mutex_t lock;
	int fd; /* -1: between requests */
	int64_t until_ms;
	bool is_cut;
	const struct settings *set; /* in use, or NULL */
};

struct front {
	const struct front_options *opt;
	struct front_accept *accept;
	struct log_limit log_limit;
	struct resend resend;
	struct signin signin;
	struct count *count;
	struct worker *workers;
	unsigned int started;
	_Atomic(struct settings *) set;
	struct settings *old;     /* until no request is on it */
	_Atomic int64_t limit_ms; /* no request has time beyond it */
};

static int64_t
now_ms(const struct front *f)
{
	return clock_boot_ms(f->opt->clock);
}

/* Returns until when the request has time. */
static int64_t
take_hold(struct worker *w, int fd)
{
	struct front *f = w->front;
	int64_t until_ms;

	pthread_mutex_lock(&w->lock);
	w->set = atomic_load(&f->set);
	w->fd = fd;
	w->is_cut = false;
	until_ms = now_ms(f) + w->set->deadline_ms;
	if (until_ms > atomic_load(&f->limit_ms))
		until_ms = atomic_load(&f->limit_ms);
	w->until_ms = until_ms;
	pthread_mutex_unlock(&w->lock);
	return until_ms;
}

static void
let_go(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	w->set = NULL;
	pthread_mutex_unlock(&w->lock);
}

/*
 * What a peer sends after it was refused is read away: closing over it would
 * turn the answer into a reset.  The watchdog ends this in any case.
 */
static void
linger(const struct front *f, int fd, int64_t until_ms)
{
	struct timeval wait = { .tv_sec = LINGER_MS / 1000 };
	char trash[16384];

	shutdown(fd, SHUT_WR);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	while (now_ms(f) < until_ms && recv(fd, trash, sizeof(trash), 0) > 0)
		;
}

static void
serve_one(struct worker *w, int fd)
{
	struct front *f = w->front;
	struct serve_end end = { 0 };
	struct serve s = { .bodies = f->opt->bodies,
		.count = f->count,
		.log_limit = &f->log_limit,
		.resend = &f->resend,
		.signin = &f->signin };
	struct http_conn *conn;
	int64_t until_ms;
	struct err e;

	if (http_fcgi_begin(w->fcgi, fd, &conn, &e) != RC_OK) {
		log_say(LOG_LEVEL_WARN, "%s", e.text);
		return;
	}
	until_ms = take_hold(w, fd);
	s.set = w->set;
	/* The answer itself takes time too. */
	s.deadline_ms = until_ms - s.set->deadline_ms / 10;
	serve(&s, conn, &end);
	if (http_fcgi_end(w->fcgi, end.is_answered) && !end.is_read)
		linger(f, fd, until_ms);
	let_go(w);
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	int fd;

	for (;;) {
		fd = front_accept_next(w->front->accept);
		if (fd < 0)
			return NULL;
		serve_one(w, fd);
	}
}

/* A request whose time is up reads nothing more; a little later the peer
 * gets nothing more either. */
static void
cut_overdue(struct front *f)
{
	int64_t now = now_ms(f);
	struct worker *w;
	unsigned int i;

	for (i = 0; i < f->started; i++) {
		w = &f->workers[i];
		pthread_mutex_lock(&w->lock);
		if (w->fd >= 0 && now > w->until_ms) {
			if (now > w->until_ms + GRACE_MS)
				shutdown(w->fd, SHUT_RDWR);
			else if (!w->is_cut)
				shutdown(w->fd, SHUT_RD);
			w->is_cut = true;
		}
		pthread_mutex_unlock(&w->lock);
	}
}

/* Nobody has time beyond limit_ms any more. */
static void
hurry(struct front *f, int64_t limit_ms)
{
	struct worker *w;
	unsigned int i;

	/* First for those to come, so that nobody slips between. */
	atomic_store(&f->limit_ms, limit_ms);
	for (i = 0; i < f->started; i++) {
		w = &f->workers[i];
		pthread_mutex_lock(&w->lock);
		if (w->until_ms > limit_ms)
			w->until_ms = limit_ms;
		pthread_mutex_unlock(&w->lock);
	}
}

static bool
is_in_use(struct front *f, const struct settings *set)
{
	bool used = false;
	unsigned int i;

	for (i = 0; i < f->started; i++) {
		pthread_mutex_lock(&f->workers[i].lock);
		used |= f->workers[i].set == set;
		pthread_mutex_unlock(&f->workers[i].lock);
	}
	return used;
}

static void
release_old(struct front *f)
{
	if (f->old != NULL && !is_in_use(f, f->old)) {
		f->opt->free_settings(f->opt->arg, f->old);
		f->old = NULL;
	}
}

/* Two reloads in one request's time would need a list: the second waits. */
static bool
reload(struct front *f)
{
	struct settings *set;

	release_old(f);
	if (f->old != NULL)
		return false;
	set = f->opt->reload(f->opt->arg);
	if (set == NULL)
		return true;
	/* First, so that no body is let in that no memory could hold. */
	budget_change(f->opt->bodies, set->body_memory);
	f->old = atomic_exchange(&f->set, set);
	return true;
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
	sigset_t set;

	signals_of(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	/* The disposition must not be "ignore": those are never pending. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
}

static void
call(void (*f)(void *arg), void *arg)
{
	if (f != NULL)
		f(arg);
}

/* The watchdog's loop, until it is time to end. */
static enum rc
watch(struct front *f, struct err *e)
{
	const struct timespec tick = { 0, TICK_MS * 1000000L };
	bool wants_reload = false;
	sigset_t set;
	int number;

	signals_of(&set);
	for (;;) {
		number = sigtimedwait(&set, NULL, &tick);
		if (number == SIGHUP)
			wants_reload = true;
		else if (number > 0)
			return RC_OK;
		cut_overdue(f);
		front_accept_expire(f->accept);
		release_old(f);
		log_limit_flush(&f->log_limit, now_ms(f));
		if (wants_reload && reload(f))
			wants_reload = false;
		if (store_is_dead(f->opt->store))
			return err_set(e, RC_SYSTEM,
			    "the store has failed; ending so that a new "
			    "process starts clean");
		call(f->opt->tick, f->opt->arg);
	}
}

static enum rc
start(struct front *f, struct err *e)
{
	pthread_attr_t attr;
	struct worker *w;
	int status = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr,
	    IS_SANITIZED ? STACK_SIZE_SANITIZED : STACK_SIZE);
	while (f->started < f->opt->threads && status == 0) {
		w = &f->workers[f->started];
		w->front = f;
		w->fd = -1;
		w->fcgi = http_fcgi_new();
		pthread_mutex_init(&w->lock, NULL);
		status = pthread_create(&w->thread, &attr, work, w);
		if (status == 0)
			f->started++;
		else
			http_fcgi_free(w->fcgi);
	}
	pthread_attr_destroy(&attr);
	return status == 0 ? RC_OK
			   : err_errno(e, RC_SYSTEM, status, "making threads");
}

/* False when some thread did not end in time. */
static bool
join_all(struct front *f)
{
	const struct timespec step = { 0, JOIN_STEP_MS * 1000000L };
	int64_t until_ms = now_ms(f) + STOP_MS;
	unsigned int i = 0;

	front_accept_stop(f->accept);
	hurry(f, now_ms(f) + HURRY_MS);
	while (i < f->started) {
		if (pthread_tryjoin_np(f->workers[i].thread, NULL) == 0) {
			i++;
			continue;
		}
		if (now_ms(f) > until_ms)
			return false;
		cut_overdue(f);
		nanosleep(&step, NULL);
	}
	return true;
}

static void
front_free(struct front *f)
{
	unsigned int i;

	for (i = 0; i < f->started; i++) {
		http_fcgi_free(f->workers[i].fcgi);
		pthread_mutex_destroy(&f->workers[i].lock);
	}
	if (f->old != NULL)
		f->opt->free_settings(f->opt->arg, f->old);
	f->opt->free_settings(f->opt->arg, atomic_load(&f->set));
	log_limit_fini(&f->log_limit);
	resend_fini(&f->resend);
	signin_fini(&f->signin);
	count_free(f->count);
	front_accept_free(f->accept);
	free(f->workers);
	free(f);
}

enum rc
front_run(const struct front_options *opt, struct err *e)
{
	struct front *f = xcalloc(1, sizeof(*f));
	enum rc rc;

	f->opt = opt;
	atomic_init(&f->set, opt->settings);
	atomic_init(&f->limit_ms, INT64_MAX);
	log_limit_init(&f->log_limit);
	resend_init(&f->resend);
	signin_init(&f->signin);
	f->count = count_new(store_meter(opt->store));
	f->workers = xcalloc(opt->threads, sizeof(*f->workers));
	rc = front_accept_new(opt->listen_fd, opt->socket_path, HEAD_MS,
	    opt->clock, &f->accept, e);
	if (rc == RC_OK)
		rc = start(f, e);
	if (rc == RC_OK) {
		call(opt->ready, opt->arg);
		rc = watch(f, e);
	}
	call(opt->stopping, opt->arg);
	/* Left as it is when threads still look at it. */
	if (f->accept != NULL && !join_all(f))
		return err_set(e, RC_BUSY,
		    "requests hang; ending without them");
	front_free(f);
	return rc;
}
