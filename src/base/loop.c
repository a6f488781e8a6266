#include "config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/loop_int.h"
#include "base/xalloc.h"

struct loop {
	const struct clock *clock;
	const struct loop_wait_engine *engine;
	void *state;
	int64_t now_ms;

	/* A binary heap: heap[1] is the next to come, heap[0] is unused. */
	struct loop_timer **heap;
	size_t ntimers, cap;

	/* The findings of the last wait, and the next one to be called. */
	struct loop_found found[LOOP_FOUND_MAX];
	size_t nfound, at;

	/* Other threads write a byte, once until it is read. */
	struct loop_watch waker;
	int wake_fd;
	atomic_bool is_woken;
};

static void
woken(void *arg, unsigned int found)
{
	struct loop *l = arg;
	char bytes[64];

	(void)found;
	while (read(l->waker.fd, bytes, sizeof(bytes)) > 0)
		;
	/* A byte that comes from here on ends the next wait. */
	atomic_store(&l->is_woken, false);
}

void
loop_wake(struct loop *l)
{
	int kept = errno;

	if (!atomic_exchange(&l->is_woken, true))
		while (write(l->wake_fd, "", 1) < 0 && errno == EINTR)
			;
	errno = kept;
}

static bool
open_waker(struct loop *l)
{
	int fds[2], i;

	if (pipe(fds) != 0)
		return false;
	l->waker = (struct loop_watch){ .fd = fds[0], .call = woken, .arg = l };
	l->wake_fd = fds[1];
	for (i = 0; i < 2; i++)
		if (fcntl(fds[i], F_SETFL, O_NONBLOCK) != 0 ||
		    fcntl(fds[i], F_SETFD, FD_CLOEXEC) != 0)
			return false;
	return true;
}

enum rc
loop_new(const struct clock *clock, enum loop_engine engine, struct loop **out,
    struct err *e)
{
	struct loop *l = xcalloc(1, sizeof(*l));
	enum rc rc = RC_OK;

	*out = NULL;
	l->clock = clock;
	l->now_ms = clock_boot_ms(clock);
	l->waker.fd = l->wake_fd = -1;
	atomic_init(&l->is_woken, false);
	l->engine =
	    engine == LOOP_POLL ? &loop_poll_engine : &loop_epoll_engine;
	l->state = l->engine->open();
	if (l->state == NULL && errno == ENOSYS) {
		l->engine = &loop_poll_engine;
		l->state = l->engine->open();
	}
	if (l->state == NULL || !open_waker(l))
		rc = err_errno(e, RC_SYSTEM, errno, "making a loop");
	if (rc == RC_OK)
		rc = loop_watch(l, &l->waker, LOOP_READ, e);
	if (rc == RC_OK)
		*out = l;
	else
		loop_free(l);
	return rc;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	if (l->waker.fd >= 0)
		close(l->waker.fd);
	if (l->wake_fd >= 0)
		close(l->wake_fd);
	if (l->state != NULL)
		l->engine->close(l->state);
	free(l->heap);
	free(l);
}

enum rc
loop_watch(struct loop *l, struct loop_watch *w, unsigned int wanted,
    struct err *e)
{
	if (wanted == w->wanted)
		return RC_OK;
	if (wanted == 0) {
		loop_unwatch(l, w);
		return RC_OK;
	}
	if (!l->engine->watch(l->state, w, wanted)) {
		err_errno(e, RC_SYSTEM, errno, "watching a descriptor");
		loop_unwatch(l, w);
		return RC_SYSTEM;
	}
	w->wanted = wanted;
	return RC_OK;
}

void
loop_unwatch(struct loop *l, struct loop_watch *w)
{
	size_t i;

	if (w->wanted == 0)
		return;
	l->engine->unwatch(l->state, w);
	w->wanted = 0;
	/* It may be freed before its turn in this round comes. */
	for (i = l->at; i < l->nfound; i++)
		if (l->found[i].watch == w)
			l->found[i].watch = NULL;
}

static bool
is_before(const struct loop_timer *a, const struct loop_timer *b)
{
	return a->at_ms < b->at_ms;
}

static void
heap_put(struct loop *l, size_t place, struct loop_timer *t)
{
	l->heap[place] = t;
	t->place = place;
}

/* Moves the timer of a place to where it belongs, up or down. */
static void
heap_settle(struct loop *l, size_t place)
{
	struct loop_timer *t = l->heap[place];
	size_t child;

	while (place > 1 && is_before(t, l->heap[place / 2])) {
		heap_put(l, place, l->heap[place / 2]);
		place /= 2;
	}
	while ((child = 2 * place) <= l->ntimers) {
		if (child < l->ntimers &&
		    is_before(l->heap[child + 1], l->heap[child]))
			child++;
		if (!is_before(l->heap[child], t))
			break;
		heap_put(l, place, l->heap[child]);
		place = child;
	}
	heap_put(l, place, t);
}

void
loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at_ms)
{
	t->at_ms = at_ms;
	if (t->place == 0) {
		if (l->ntimers + 1 >= l->cap) {
			l->cap = l->cap == 0 ? 16 : 2 * l->cap;
			l->heap =
			    xreallocarray(l->heap, l->cap, sizeof(*l->heap));
		}
		heap_put(l, ++l->ntimers, t);
	}
	heap_settle(l, t->place);
}

void
loop_timer_in(struct loop *l, struct loop_timer *t, int64_t delay_ms)
{
	loop_timer_set(l, t, clock_boot_ms(l->clock) + delay_ms);
}

void
loop_timer_stop(struct loop *l, struct loop_timer *t)
{
	size_t place = t->place;
	struct loop_timer *last;

	if (place == 0)
		return;
	last = l->heap[l->ntimers--];
	t->place = 0;
	if (last == t)
		return;
	heap_put(l, place, last);
	heap_settle(l, place);
}

int64_t
loop_now_ms(const struct loop *l)
{
	return l->now_ms;
}

/* max_ms, or less when a timer comes before. */
static int
wait_ms(const struct loop *l, int64_t max_ms)
{
	int64_t left;

	if (l->ntimers > 0) {
		left = l->heap[1]->at_ms - clock_boot_ms(l->clock);
		if (left < 0)
			left = 0;
		if (max_ms < 0 || left < max_ms)
			max_ms = left;
	}
	return max_ms > INT_MAX ? INT_MAX : (int)max_ms;
}

/* Timers that are set to the present by their own calls do not hold the
 * loop. */
static void
run_timers(struct loop *l)
{
	size_t most = l->ntimers;
	struct loop_timer *t;

	while (most-- > 0 && l->ntimers > 0) {
		t = l->heap[1];
		if (t->at_ms > l->now_ms)
			return;
		loop_timer_stop(l, t);
		t->call(t->arg);
	}
}

void
loop_turn(struct loop *l, int64_t max_ms)
{
	struct loop_found *f;

	l->nfound = l->engine->wait(l->state, wait_ms(l, max_ms), l->found);
	l->now_ms = clock_boot_ms(l->clock);
	for (l->at = 0; l->at < l->nfound;) {
		f = &l->found[l->at++];
		if (f->watch != NULL)
			f->watch->call(f->watch->arg, f->found);
	}
	l->nfound = l->at = 0;
	run_timers(l);
}
