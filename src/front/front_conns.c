#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "front/front_int.h"

#define ACCEPT_MAX 64  /* at a time, so that others have their turn */
#define STARVED_MS 100 /* to wait when descriptors have run out */

#define HURRY_MS 5000 /* for requests that come, at the end */

/* An idle connection first, else the one whose request comes for longest.
 * True when there was one. */
static bool
drop_oldest(struct front *f)
{
	struct front_conn *c = TAILQ_FIRST(&f->early);

	if (c == NULL)
		c = TAILQ_FIRST(&f->input);
	if (c == NULL)
		return false;
	front_conn_close(c);
	return true;
}

/* Without a descriptor the listener would be found ready again at once. */
static void
pause_accepting(struct front *f)
{
	loop_unwatch(f->loop, &f->listener);
	loop_timer_set(f->loop, &f->accept_again,
	    loop_now_ms(f->loop) + STARVED_MS);
}

static void
accept_again(void *arg)
{
	struct front *f = arg;
	struct err e;

	if (!f->is_stopping &&
	    loop_watch(f->loop, &f->listener, LOOP_READ, &e) != RC_OK)
		pause_accepting(f);
}

static void
take(struct front *f, int fd)
{
	if (!front_peer_may(&f->peers, fd) ||
	    (f->nconns >= FRONT_CONNS_MAX && !drop_oldest(f))) {
		close(fd);
		return;
	}
	front_conn_new(f, fd);
}

static void
accept_some(void *arg, unsigned int found)
{
	struct front *f = arg;
	int i, fd;

	(void)found;
	for (i = 0; i < ACCEPT_MAX && !f->is_stopping; i++) {
		fd = accept4(f->listener.fd, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			take(f, fd);
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			return;
		else if (errno == EMFILE || errno == ENFILE) {
			if (!drop_oldest(f))
				return pause_accepting(f);
		} else if (errno != EINTR && errno != ECONNABORTED)
			return pause_accepting(f);
	}
}

enum rc
front_conns_begin(struct front *f, struct err *e)
{
	int fd = f->opt->listen_fd, flags = fcntl(fd, F_GETFL);

	front_peer_init(&f->peers, fd, f->opt->socket_path);
	f->scratch = xmalloc(FRONT_SCRATCH_SIZE);
	f->listener.fd = fd;
	f->listener.call = accept_some;
	f->listener.arg = f;
	f->accept_again.call = accept_again;
	f->accept_again.arg = f;
	/* Another process may take a shared socket's connection first. */
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_errno(e, RC_SYSTEM, errno,
		    "cannot wait for connections");
	return loop_watch(f->loop, &f->listener, LOOP_READ, e);
}

static void
close_list(struct front_conn_list *list)
{
	while (!TAILQ_EMPTY(list))
		front_conn_close(TAILQ_FIRST(list));
}

void
front_conns_end(struct front *f)
{
	close_list(&f->early);
	close_list(&f->input);
	close_list(&f->waiting);
	close_list(&f->others);
	front_peer_fini(&f->peers);
	free(f->scratch);
}

static void
hurry_list(struct front_conn_list *list)
{
	struct front_conn *c, *next;

	for (c = TAILQ_FIRST(list); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		front_conn_hurry(c);
	}
}

void
front_conns_stop(struct front *f)
{
	f->is_stopping = true;
	f->until_ms = loop_now_ms(f->loop) + HURRY_MS;
	loop_unwatch(f->loop, &f->listener);
	loop_timer_stop(f->loop, &f->accept_again);
	hurry_list(&f->early);
	hurry_list(&f->input);
	hurry_list(&f->waiting);
	hurry_list(&f->others);
}
