#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include "base/clock.h"
#include "base/crypt_tls.h"
#include "base/xalloc.h"
#include "net/httpc_int.h"

/* A socket's struct never moves, because the loop keeps a pointer to its
 * watch. */
static struct httpc_socket *
socket_of(struct httpc *c, int fd)
{
	size_t i = (size_t)fd, n = c->nby_fd;

	if (i >= n) {
		n = i + 64;
		c->by_fd = xreallocarray(c->by_fd, n, sizeof(*c->by_fd));
		memset(c->by_fd + c->nby_fd, 0,
		    (n - c->nby_fd) * sizeof(*c->by_fd));
		c->nby_fd = n;
	}
	if (c->by_fd[i] == NULL) {
		c->by_fd[i] = xcalloc(1, sizeof(*c->by_fd[i]));
		c->by_fd[i]->watch.fd = fd;
	}

	return c->by_fd[i];
}

void
httpc_socket_free_all(struct httpc *c)
{
	size_t i;

	for (i = 0; i < c->nby_fd; i++)
		free(c->by_fd[i]);
	free(c->by_fd);
}

void
httpc_socket_opened(struct httpc_pool *p, int fd, const struct sockaddr *to)
{
	struct httpc_socket *s = socket_of(p->c, fd);

	s->pool = p;
	s->next = p->sockets;
	s->prev = &p->sockets;
	if (s->next != NULL)
		s->next->prev = &s->next;
	p->sockets = s;
	s->user = NULL;
	s->wanted = 0;
	s->local_port = 0;
	s->used = s->spoiled = false;
	s->name = p->nnames;
	s->opened_ms = s->used_ms = clock_tick_us() / 1000;
	memset(&s->remote, 0, sizeof(s->remote));
	if (to->sa_family == AF_INET)
		memcpy(&s->remote.in, to, sizeof(s->remote.in));
	else if (to->sa_family == AF_INET6)
		memcpy(&s->remote.in6, to, sizeof(s->remote.in6));
}

void
httpc_socket_closed(struct httpc_pool *p, int fd)
{
	struct httpc_socket *s = socket_of(p->c, fd);

	loop_unwatch(p->c->loop, &s->watch);
	if (s->pool == NULL)
		return;
	s->pool = NULL;
	*s->prev = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
}

static bool
is_same_end(const union httpc_addr *a, const union httpc_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_port == b->in.sin_port &&
		    a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;

	return a->in6.sin6_port == b->in6.sin6_port &&
	    memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16) == 0;
}

static uint16_t
port_of(int fd)
{
	union httpc_addr a;
	socklen_t n = sizeof(a);

	if (getsockname(fd, &a.sa, &n) != 0)
		return 0;

	return ntohs(
	    a.sa.sa_family == AF_INET ? a.in.sin_port : a.in6.sin6_port);
}

struct httpc_socket *
httpc_socket_find(const struct httpc_pool *p, const union httpc_addr *remote,
    uint16_t local_port)
{
	struct httpc_socket *s;

	for (s = p->sockets; s != NULL; s = s->next) {
		if (s->local_port == 0)
			s->local_port = port_of(s->watch.fd);
		if (s->local_port == local_port &&
		    is_same_end(&s->remote, remote))
			return s;
	}

	return NULL;
}

/* A connection that no request uses is watched on for nothing but to save the
 * two system calls of stopping and starting again, which most requests would
 * cost.  A descriptor that libcurl opened itself, for a look-up of its own, is
 * closed without a word, so it is watched no longer than it is wanted. */
bool
httpc_socket_want(struct httpc_pool *p, int fd, unsigned int wanted,
    void (*ready)(void *arg, unsigned int found))
{
	struct httpc_socket *s = socket_of(p->c, fd);
	struct err e;

	s->wanted = wanted;
	if (wanted == 0) {
		if (s->pool == NULL)
			loop_unwatch(p->c->loop, &s->watch);
		return true;
	}
	s->watcher = p;
	s->watch.call = ready;
	s->watch.arg = s;
	return loop_watch(p->c->loop, &s->watch, wanted, &e) == RC_OK;
}

void
httpc_socket_rest(struct httpc_socket *s)
{
	loop_unwatch(s->watcher->c->loop, &s->watch);
}

/* We are inside OpenSSL, which reads on for as long as there is something;
 * so there is nothing any more, for this endpoint alone.  The loop watches
 * what replaces the sockets, and finds them gone. */
static void
on_flood(void *arg)
{
	struct httpc_pool *p = arg;
	struct httpc_socket *s;
	struct httpc_call *call;
	struct err e;

	for (s = p->sockets; s != NULL; s = s->next) {
		loop_unwatch(p->c->loop, &s->watch);
		(void)dup3(p->c->dead_fd, s->watch.fd, O_CLOEXEC);
		(void)loop_watch(p->c->loop, &s->watch, s->wanted, &e);
	}
	for (call = p->busy; call != NULL; call = call->next)
		call->flooded = true;
}

void
httpc_socket_guard(struct httpc_pool *p)
{
	if (p->tls != NULL)
		crypt_tls_begin(p->tls, on_flood, p);
}
