#include "config.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <ares.h>

#include "base/xalloc.h"
#include "net/resolve.h"

#define ASK_MS 2000 /* until a name server is asked again, or the next one */
#define ASK_TIMES 4

/*
 *	waits ──► asked ──► ended ──► told
 *
 * Each look-up has a channel of c-ares to itself, hence a source port of its
 * own, which no answer to another one tells, and the resolv.conf of its
 * moment.
 */
enum state {
	WAITS,
	ASKED,
	ENDED
};

struct resolve_look {
	struct resolve *r;
	TAILQ_ENTRY(resolve_look) link;
	struct resolve_request req;
	char *host;
	enum state state;
	bool has_waited; /* for its turn */
	bool is_silent;  /* its owner was when it was asked */
	ares_channel channel;
	int status;
	struct ares_addrinfo *found;
	const char *lacked;
	size_t first, nfds; /* of the last resolve_fds() */
};

TAILQ_HEAD(looks, resolve_look);

struct resolve {
	struct looks looks; /* in the order of their start */
	size_t asked, silent;
};

struct resolve *
resolve_new(void)
{
	struct resolve *r = xcalloc(1, sizeof(*r));

	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		fatal("c-ares does not start");
	TAILQ_INIT(&r->looks);

	return r;
}

void
resolve_free(struct resolve *r)
{
	if (r == NULL)
		return;
	assert(TAILQ_EMPTY(&r->looks));
	free(r);
	ares_library_cleanup();
}

static ares_socket_t
on_socket(int family, int type, int protocol, void *arg)
{
	struct resolve_look *look = arg;
	int fd;

	fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	if (fd < 0 && errno != EAFNOSUPPORT)
		look->lacked = "no descriptor or memory is left on this host "
			       "to look the name up";

	return fd;
}

static int
on_close(ares_socket_t fd, void *arg)
{
	(void)arg;
	return close(fd);
}

static void
note_forbidden(struct resolve_look *look)
{
	if (errno == EPERM || errno == EACCES)
		look->lacked = "this host forbids asking its name server";
}

static int
on_connect(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t n,
    void *arg)
{
	int rc = connect(fd, to, n);

	if (rc < 0)
		note_forbidden(arg);

	return rc;
}

static ares_ssize_t
on_receive(ares_socket_t fd, void *p, size_t n, int flags,
    struct sockaddr *from, ares_socklen_t *fromsz, void *arg)
{
	(void)arg;
	return recvfrom(fd, p, n, flags, from, fromsz);
}

static ares_ssize_t
on_send(ares_socket_t fd, const struct iovec *parts, int n, void *arg)
{
	struct msghdr msg;
	ssize_t sent;

	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = (struct iovec *)(uintptr_t)parts;
	msg.msg_iovlen = (size_t)n;
	sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
	if (sent < 0)
		note_forbidden(arg);

	return sent;
}

/* Called by c-ares, also while it is being asked or destroyed.  The channel
 * is not to be touched in here. */
static void
on_found(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
	struct resolve_look *look = arg;

	(void)timeouts;
	if (status == ARES_EDESTRUCTION) {
		if (found != NULL)
			ares_freeaddrinfo(found);
		return;
	}
	look->status = status;
	look->found = found;
	look->state = ENDED;
}

static int
channel_open(struct resolve_look *look)
{
	static const struct ares_socket_functions functions = { on_socket,
		on_close, on_connect, on_receive, on_send };
	struct ares_options opt;
	int status;

	memset(&opt, 0, sizeof(opt));
	opt.flags = ARES_FLAG_NOALIASES;
	opt.timeout = ASK_MS;
	opt.tries = ASK_TIMES;
	status = ares_init_options(&look->channel, &opt,
	    ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
	if (status != ARES_SUCCESS) {
		look->channel = NULL;
		look->lacked = "/etc/resolv.conf cannot be read, or no memory "
			       "is left on this host";
		return status;
	}
	ares_set_socket_functions(look->channel, &functions, look);

	return ARES_SUCCESS;
}

bool
resolve_may_ask(size_t asked, size_t silent, bool is_silent)
{
	return asked < RESOLVE_ALL && (!is_silent || silent < RESOLVE_SILENT);
}

static bool
may_ask(const struct resolve_look *look)
{
	return look->state == WAITS &&
	    resolve_may_ask(look->r->asked, look->r->silent,
		look->req.share->is_silent);
}

/* The addresses come unsorted: sorting them would connect to each. */
static void
ask(struct resolve_look *look)
{
	static const struct ares_addrinfo_hints hints = {
		.ai_flags = ARES_AI_NOSORT,
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	struct resolve *r = look->r;

	if (!may_ask(look)) {
		look->has_waited |= look->state == WAITS;
		return;
	}
	look->is_silent = look->req.share->is_silent;
	r->asked++;
	r->silent += look->is_silent;
	look->state = ASKED;
	look->status = channel_open(look);
	if (look->status != ARES_SUCCESS) {
		look->state = ENDED;
		return;
	}
	ares_getaddrinfo(look->channel, look->host, NULL, &hints, on_found,
	    look);
}

struct resolve_look *
resolve_start(struct resolve *r, const struct resolve_request *req)
{
	struct resolve_look *look = xcalloc(1, sizeof(*look));

	look->r = r;
	look->req = *req;
	look->host = xstrdup(req->host);
	TAILQ_INSERT_TAIL(&r->looks, look, link);
	ask(look);

	return look;
}

/* Out of the list, so that nothing finds it again, and its place is free. */
static void
take_out(struct resolve_look *look)
{
	TAILQ_REMOVE(&look->r->looks, look, link);
	if (look->state == WAITS)
		return;
	look->r->asked--;
	look->r->silent -= look->is_silent;
}

static void
look_free(struct resolve_look *look)
{
	if (look->channel != NULL)
		ares_destroy(look->channel);
	if (look->found != NULL)
		ares_freeaddrinfo(look->found);
	free(look->host);
	free(look);
}

void
resolve_cancel(struct resolve_look *look)
{
	if (look->state == ASKED)
		look->req.share->is_silent = true;
	take_out(look);
	look_free(look);
}

bool
resolve_has_waited(const struct resolve_look *look)
{
	return look->has_waited;
}

bool
resolve_is_asked(const struct resolve_look *look)
{
	return look->state != WAITS;
}

size_t
resolve_fds_max(const struct resolve *r)
{
	return r->asked * ARES_GETSOCK_MAXNUM;
}

/* The bits of ares_getsock(3): one for reading, one for writing, for each
 * socket.  Its macros shift an int into the sign. */
static short
events_of(unsigned int bits, int i)
{
	unsigned int is_read = bits >> i & 1U;
	unsigned int is_write = bits >> (i + ARES_GETSOCK_MAXNUM) & 1U;

	return (short)((is_read ? POLLIN : 0) | (is_write ? POLLOUT : 0));
}

size_t
resolve_fds(struct resolve *r, struct pollfd *fds)
{
	ares_socket_t socks[ARES_GETSOCK_MAXNUM];
	struct resolve_look *look;
	size_t n = 0;
	unsigned int bits;
	int i;

	for (look = TAILQ_FIRST(&r->looks); look != NULL;
	     look = TAILQ_NEXT(look, link)) {
		look->first = n;
		look->nfds = 0;
		if (look->state != ASKED)
			continue;
		bits = (unsigned int)ares_getsock(look->channel, socks,
		    ARES_GETSOCK_MAXNUM);
		for (i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
			short events = events_of(bits, i);

			if (events == 0)
				continue;
			fds[n].fd = socks[i];
			fds[n].events = events;
			fds[n].revents = 0;
			n++;
			look->nfds++;
		}
	}

	return n;
}

int64_t
resolve_timer(const struct resolve *r, int64_t timeout_ms)
{
	const struct resolve_look *look;
	struct timeval tv, *left;
	int64_t ms;

	for (look = TAILQ_FIRST(&r->looks); look != NULL;
	     look = TAILQ_NEXT(look, link)) {
		if (look->state == ENDED || may_ask(look))
			return 0;
		if (look->state != ASKED)
			continue;
		left = ares_timeout(look->channel, NULL, &tv);
		if (left == NULL)
			continue;
		ms = (int64_t)left->tv_sec * 1000 + left->tv_usec / 1000 + 1;
		if (timeout_ms < 0 || ms < timeout_ms)
			timeout_ms = ms;
	}

	return timeout_ms;
}

static void
hear(struct resolve_look *look, const struct pollfd *fds)
{
	size_t i;

	for (i = 0; i < look->nfds; i++) {
		short got = fds[i].revents;

		if (got == 0)
			continue;
		ares_process_fd(look->channel,
		    got & ~POLLOUT ? fds[i].fd : ARES_SOCKET_BAD,
		    got & POLLOUT ? fds[i].fd : ARES_SOCKET_BAD);
	}
	/* And what has waited long enough. */
	ares_process_fd(look->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* Whatever a name server says is something; but if none could be asked, it
 * counts why. */
static enum resolve_end
end_of(const struct resolve_look *look, size_t naddresses)
{
	switch (look->status) {
	case ARES_SUCCESS:
		return naddresses > 0 ? RESOLVE_FOUND : RESOLVE_UNKNOWN;
	case ARES_ENOMEM:
	case ARES_EFILE:
		return RESOLVE_SHORT;
	case ARES_ECONNREFUSED:
		return look->lacked != NULL ? RESOLVE_SHORT : RESOLVE_UNKNOWN;
	default:
		return look->channel == NULL ? RESOLVE_SHORT : RESOLVE_UNKNOWN;
	}
}

static const struct sockaddr **
addresses_of(const struct resolve_look *look, size_t *n)
{
	const struct ares_addrinfo_node *node,
	    *first = look->found == NULL ? NULL : look->found->nodes;
	const struct sockaddr **out;

	*n = 0;
	for (node = first; node != NULL; node = node->ai_next)
		(*n)++;
	out = xcalloc(*n + 1, sizeof(struct sockaddr *));
	*n = 0;
	for (node = first; node != NULL; node = node->ai_next)
		if (node->ai_family == AF_INET || node->ai_family == AF_INET6)
			out[(*n)++] = node->ai_addr;

	return out;
}

static void
tell(struct resolve_look *look)
{
	struct resolve_answer a = { .lacked = NULL };
	const struct sockaddr **addresses;

	take_out(look);
	look->req.share->is_silent = look->status == ARES_ETIMEOUT;
	addresses = addresses_of(look, &a.naddresses);
	a.addresses = addresses;
	a.end = end_of(look, a.naddresses);
	if (a.end == RESOLVE_SHORT)
		a.lacked = look->lacked != NULL
		    ? look->lacked
		    : "no memory is left on this host to look the name up";
	look->req.done(look->req.arg, &a);
	free(addresses);
	look_free(look);
}

void
resolve_act(struct resolve *r, const struct pollfd *fds)
{
	struct resolve_look *look;
	size_t nended = 0;

	for (look = TAILQ_FIRST(&r->looks); look != NULL;
	     look = TAILQ_NEXT(look, link)) {
		if (look->state == ASKED)
			hear(look, fds + look->first);
		look->nfds = 0;
		nended += look->state == ENDED;
	}
	/* The callbacks change the list; what they start and what ends at
	 * once is for the next turn. */
	for (; nended > 0; nended--) {
		for (look = TAILQ_FIRST(&r->looks); look != NULL;
		     look = TAILQ_NEXT(look, link))
			if (look->state == ENDED)
				break;
		if (look == NULL)
			break;
		tell(look);
	}
	for (look = TAILQ_FIRST(&r->looks); look != NULL;
	     look = TAILQ_NEXT(look, link))
		ask(look);
}
