#include "config.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <ares.h>

#include "base/loop.h"
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

/* A descriptor of c-ares. */
struct look_socket {
	struct loop_watch watch;
	struct resolve_look *look;
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
	struct loop_timer timer; /* until c-ares asks again */
	struct look_socket sockets[ARES_GETSOCK_MAXNUM];
};

TAILQ_HEAD(looks, resolve_look);

struct resolve {
	struct loop *loop;
	/* Runs when a look-up has ended or a place is free.  Neither is acted
	 * on at once: the caller may be c-ares, or in the midst of its own
	 * list. */
	struct loop_timer turn;
	struct looks looks; /* in the order of their start */
	size_t nlooks, asked, silent;
};

static void take_turn(void *arg);

struct resolve *
resolve_new(struct loop *l)
{
	struct resolve *r = xcalloc(1, sizeof(*r));

	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		fatal("c-ares does not start");
	r->loop = l;
	r->turn.call = take_turn;
	r->turn.arg = r;
	TAILQ_INIT(&r->looks);

	return r;
}

void
resolve_free(struct resolve *r)
{
	if (r == NULL)
		return;
	assert(TAILQ_EMPTY(&r->looks));
	loop_timer_stop(r->loop, &r->turn);
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

static struct look_socket *
socket_of(struct resolve_look *look, int fd)
{
	struct look_socket *unused = NULL, *s;

	for (s = look->sockets; s < look->sockets + ARES_GETSOCK_MAXNUM; s++) {
		if (s->watch.wanted != 0 && s->watch.fd == fd)
			return s;
		if (s->watch.wanted == 0 && unused == NULL)
			unused = s;
	}

	return unused;
}

/* The look-up ends: it would hear no answer. */
static void
note_deaf(struct resolve_look *look)
{
	look->lacked = "the system watches no more descriptors";
	look->status = ARES_ENOMEM;
	look->state = ENDED;
}

static void on_ready(void *arg, unsigned int found);

/* Called by c-ares, before it closes a descriptor too. */
static void
on_state(void *arg, ares_socket_t fd, int is_read, int is_write)
{
	struct resolve_look *look = arg;
	struct look_socket *s = socket_of(look, fd);
	unsigned int wanted =
	    (is_read ? LOOP_READ : 0u) | (is_write ? LOOP_WRITE : 0u);
	struct err e;

	if (s == NULL) {
		note_deaf(look);
		return;
	}
	if (s->watch.wanted == 0) {
		s->look = look;
		s->watch =
		    (struct loop_watch){ .fd = fd, .call = on_ready, .arg = s };
	}
	if (loop_watch(look->r->loop, &s->watch, wanted, &e) != RC_OK)
		note_deaf(look);
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
	opt.sock_state_cb = on_state;
	opt.sock_state_cb_data = look;
	status = ares_init_options(&look->channel, &opt,
	    ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
		ARES_OPT_SOCK_STATE_CB);
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

/* What comes next for a look-up that c-ares has just worked. */
static void
go_on(struct resolve_look *look)
{
	struct loop *l = look->r->loop;
	struct timeval tv;

	if (look->state == ENDED) {
		loop_timer_stop(l, &look->timer);
		loop_timer_in(l, &look->r->turn, 0);
	} else if (ares_timeout(look->channel, NULL, &tv) != NULL) {
		loop_timer_in(l, &look->timer,
		    (int64_t)tv.tv_sec * 1000 + tv.tv_usec / 1000 + 1);
	}
}

static void
on_ready(void *arg, unsigned int found)
{
	struct look_socket *s = arg;
	struct resolve_look *look = s->look;
	int fd = s->watch.fd;

	ares_process_fd(look->channel,
	    found & ~LOOP_WRITE ? fd : ARES_SOCKET_BAD,
	    found & LOOP_WRITE ? fd : ARES_SOCKET_BAD);
	go_on(look);
}

static void
on_time(void *arg)
{
	struct resolve_look *look = arg;

	ares_process_fd(look->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	go_on(look);
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
	if (look->status == ARES_SUCCESS)
		ares_getaddrinfo(look->channel, look->host, NULL, &hints,
		    on_found, look);
	else
		look->state = ENDED;
	go_on(look);
}

struct resolve_look *
resolve_start(struct resolve *r, const struct resolve_request *req)
{
	struct resolve_look *look = xcalloc(1, sizeof(*look));

	look->r = r;
	look->req = *req;
	look->host = xstrdup(req->host);
	look->timer.call = on_time;
	look->timer.arg = look;
	TAILQ_INSERT_TAIL(&r->looks, look, link);
	r->nlooks++;
	ask(look);

	return look;
}

/* Out of the list, so that nothing finds it again, and its place is free. */
static void
take_out(struct resolve_look *look)
{
	struct resolve *r = look->r;

	TAILQ_REMOVE(&r->looks, look, link);
	r->nlooks--;
	if (look->state == WAITS)
		return;
	r->asked--;
	r->silent -= look->is_silent;
	if (r->nlooks > r->asked)
		loop_timer_in(r->loop, &r->turn, 0);
}

static void
look_free(struct resolve_look *look)
{
	loop_timer_stop(look->r->loop, &look->timer);
	/* Its descriptors are watched no more: on_state() hears of each. */
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

/* The first one that has ended. */
static struct resolve_look *
ended(const struct resolve *r)
{
	struct resolve_look *look = TAILQ_FIRST(&r->looks);

	while (look != NULL && look->state != ENDED)
		look = TAILQ_NEXT(look, link);

	return look;
}

/* The callbacks change the list; what they start and ends at once is for the
 * next turn. */
static void
take_turn(void *arg)
{
	struct resolve *r = arg;
	struct resolve_look *look;
	size_t nended = 0;

	for (look = TAILQ_FIRST(&r->looks); look != NULL;
	     look = TAILQ_NEXT(look, link))
		nended += look->state == ENDED;
	while (nended-- > 0 && (look = ended(r)) != NULL)
		tell(look);
	for (look = TAILQ_FIRST(&r->looks); look != NULL;
	     look = TAILQ_NEXT(look, link))
		if (look->state == WAITS)
			ask(look);
}
