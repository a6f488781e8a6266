#include "config.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop_int.h"
#include "base/xalloc.h"

/* watches[i] is whose fds[i] is; a watch's place is its index. */
struct loop_poll {
	struct pollfd *fds;
	struct loop_watch **watches;
	size_t n, cap;
	size_t next; /* the first to be looked at, so that all have a turn */
};

static void *
poll_open(void)
{
	return xcalloc(1, sizeof(struct loop_poll));
}

static void
poll_close(void *engine)
{
	struct loop_poll *x = engine;

	free(x->fds);
	free(x->watches);
	free(x);
}

static void
poll_add(struct loop_poll *x, struct loop_watch *w)
{
	if (x->n == x->cap) {
		x->cap = x->cap == 0 ? 16 : 2 * x->cap;
		x->fds = xreallocarray(x->fds, x->cap, sizeof(*x->fds));
		x->watches =
		    xreallocarray(x->watches, x->cap, sizeof(*x->watches));
	}
	w->place = x->n++;
	x->watches[w->place] = w;
	x->fds[w->place] = (struct pollfd){ .fd = w->fd };
}

static bool
poll_watch(void *engine, struct loop_watch *w, unsigned int wanted)
{
	struct loop_poll *x = engine;

	if (w->wanted == 0)
		poll_add(x, w);
	x->fds[w->place].events = (short)((wanted & LOOP_READ ? POLLIN : 0) |
	    (wanted & LOOP_WRITE ? POLLOUT : 0));
	return true;
}

static void
poll_unwatch(void *engine, struct loop_watch *w)
{
	struct loop_poll *x = engine;
	size_t last = --x->n;

	x->fds[w->place] = x->fds[last];
	x->watches[w->place] = x->watches[last];
	x->watches[w->place]->place = w->place;
}

static unsigned int
found_of(short events)
{
	unsigned int found = 0;

	if (events & POLLIN)
		found |= LOOP_READ;
	if (events & POLLOUT)
		found |= LOOP_WRITE;
	if (events & (POLLHUP | POLLERR | POLLNVAL))
		found |= LOOP_GONE;
	return found;
}

static size_t
poll_wait(void *engine, int timeout_ms, struct loop_found out[LOOP_FOUND_MAX])
{
	struct loop_poll *x = engine;
	size_t i, at, n = 0;

	if (poll(x->fds, (nfds_t)x->n, timeout_ms) <= 0)
		return 0;
	for (i = 0; i < x->n && n < LOOP_FOUND_MAX; i++) {
		at = (x->next + i) % x->n;
		if (x->fds[at].revents == 0)
			continue;
		out[n].watch = x->watches[at];
		out[n++].found = found_of(x->fds[at].revents);
	}
	x->next = x->n == 0 ? 0 : (x->next + i) % x->n;
	return n;
}

const struct loop_wait_engine loop_poll_engine = { poll_open, poll_close,
	poll_watch, poll_unwatch, poll_wait };
