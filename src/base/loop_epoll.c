#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/loop_int.h"
#include "base/xalloc.h"

#ifdef HAVE_SYS_EPOLL_H
#include <sys/epoll.h>

struct loop_epoll {
	int fd;
};

static void *
epoll_open(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);
	struct loop_epoll *x;

	if (fd < 0)
		return NULL;
	x = xcalloc(1, sizeof(*x));
	x->fd = fd;
	return x;
}

static void
epoll_close(void *engine)
{
	struct loop_epoll *x = engine;

	close(x->fd);
	free(x);
}

static bool
epoll_watch(void *engine, struct loop_watch *w, unsigned int wanted)
{
	struct loop_epoll *x = engine;
	struct epoll_event ev = { .data = { .ptr = w } };

	ev.events = (wanted & LOOP_READ ? EPOLLIN : 0u) |
	    (wanted & LOOP_WRITE ? EPOLLOUT : 0u);
	return epoll_ctl(x->fd, w->wanted == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD,
		   w->fd, &ev) == 0;
}

static void
epoll_unwatch(void *engine, struct loop_watch *w)
{
	struct loop_epoll *x = engine;
	struct epoll_event unused = { 0 };

	(void)epoll_ctl(x->fd, EPOLL_CTL_DEL, w->fd, &unused);
}

static unsigned int
found_of(uint32_t events)
{
	unsigned int found = 0;

	if (events & EPOLLIN)
		found |= LOOP_READ;
	if (events & EPOLLOUT)
		found |= LOOP_WRITE;
	if (events & (EPOLLHUP | EPOLLERR))
		found |= LOOP_GONE;
	return found;
}

static size_t
epoll_wait_all(void *engine, int timeout_ms,
    struct loop_found out[LOOP_FOUND_MAX])
{
	struct loop_epoll *x = engine;
	struct epoll_event events[LOOP_FOUND_MAX];
	int i, n;

	n = epoll_wait(x->fd, events, LOOP_FOUND_MAX, timeout_ms);
	for (i = 0; i < n; i++) {
		out[i].watch = events[i].data.ptr;
		out[i].found = found_of(events[i].events);
	}
	return n > 0 ? (size_t)n : 0;
}

#else

static void *
epoll_open(void)
{
	errno = ENOSYS;
	return NULL;
}

#define epoll_close NULL
#define epoll_watch NULL
#define epoll_unwatch NULL
#define epoll_wait_all NULL

#endif

const struct loop_wait_engine loop_epoll_engine = { epoll_open, epoll_close,
	epoll_watch, epoll_unwatch, epoll_wait_all };
