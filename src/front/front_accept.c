#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "core/http.h"
#include "front/front_accept.h"
#include "front/http_head.h"
#include "front/reply.h"

#define PEEK_SIZE 4096       /* holds nearly every head */
#define KEEP_SIZE (64 << 10) /* of the peek buffer between requests */
#define STARVED_MS 100       /* to wait when descriptors have run out */
#define REFUSAL_MAX 8192
#define TRASH_READS 64 /* of a refused peer's bytes */

struct parked {
	TAILQ_ENTRY(parked) link;
	int fd;
	int64_t until_ms;
	size_t size;           /* bytes seen when last looked at */
	struct http_head head; /* as far as it is here */
};

struct front_accept {
	pthread_mutex_t turn; /* held by the one thread that waits */
	const struct clock *clock;
	int64_t head_ms;
	int listen_fd;
	int epoll_fd;
	int stop_fd; /* readable for good once all is to end */
	atomic_bool is_stopping;
	uint8_t *peek;
	size_t peeksz;
	TAILQ_HEAD(, parked) parked; /* by age, so also by until_ms */
	size_t nparked;
};

static enum rc
watch(struct front_accept *a, int fd, uint32_t events, void *what)
{
	struct epoll_event ev = { .events = events, .data = { .ptr = what } };

	return epoll_ctl(a->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0 ? RC_OK
								   : RC_SYSTEM;
}

enum rc
front_accept_new(int fd, int64_t head_ms, const struct clock *clock,
    struct front_accept **out, struct err *e)
{
	struct front_accept *a = xcalloc(1, sizeof(*a));
	int flags = fcntl(fd, F_GETFL);

	*out = NULL;
	pthread_mutex_init(&a->turn, NULL);
	TAILQ_INIT(&a->parked);
	a->clock = clock;
	a->head_ms = head_ms;
	a->listen_fd = fd;
	a->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	a->stop_fd = eventfd(0, EFD_CLOEXEC);
	a->peeksz = PEEK_SIZE;
	a->peek = xmalloc(a->peeksz);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    a->epoll_fd < 0 || a->stop_fd < 0 ||
	    watch(a, fd, EPOLLIN, &a->listen_fd) != RC_OK ||
	    watch(a, a->stop_fd, EPOLLIN, &a->stop_fd) != RC_OK) {
		err_errno(e, RC_SYSTEM, errno, "cannot wait for connections");
		front_accept_free(a);
		return RC_SYSTEM;
	}
	*out = a;
	return RC_OK;
}

/* No more parked; its descriptor is the caller's. */
static void
unpark(struct front_accept *a, struct parked *p)
{
	epoll_ctl(a->epoll_fd, EPOLL_CTL_DEL, p->fd, NULL);
	TAILQ_REMOVE(&a->parked, p, link);
	a->nparked--;
	free(p);
}

void
front_accept_free(struct front_accept *a)
{
	struct parked *p;
	int fd;

	if (a == NULL)
		return;
	while (!TAILQ_EMPTY(&a->parked)) {
		p = TAILQ_FIRST(&a->parked);
		fd = p->fd;
		unpark(a, p);
		close(fd);
	}
	if (a->epoll_fd >= 0)
		close(a->epoll_fd);
	if (a->stop_fd >= 0)
		close(a->stop_fd);
	pthread_mutex_destroy(&a->turn);
	free(a->peek);
	free(a);
}

void
front_accept_stop(struct front_accept *a)
{
	uint64_t one = 1;

	atomic_store(&a->is_stopping, true);
	if (write(a->stop_fd, &one, sizeof(one)) != sizeof(one))
		log_say(LOG_LEVEL_ERROR, "the threads cannot be woken");
}

/* What a CGI program would write to refuse with status. */
static void
write_refusal(int status, const char *request_id, struct buf *text)
{
	struct http_resp resp;

	http_resp_init(&resp);
	reply_problem(&resp, request_id, status, NULL, NULL);
	reply_format(&resp, request_id, text);
	buf_add(text, resp.body.data, resp.body.len);
	http_resp_fini(&resp);
}

/*
 * Closes a connection that got no further than its head.  The peer is told
 * why if its request had begun; what it still sends is not waited for.
 */
static void
refuse(struct front_accept *a, int fd, const struct http_head *head, int status)
{
	char request_id[REPLY_ID_SIZE];
	struct buf records, text;
	struct log_line l;
	int i;

	reply_make_id(request_id);
	buf_init(&records, REFUSAL_MAX);
	buf_init(&text, REFUSAL_MAX);
	if (head->request_id != 0 && status != 0) {
		write_refusal(status, request_id, &text);
		http_head_answer(head, buf_str(&text), &records);
		/* It fits an empty socket buffer or is not worth a wait. */
		(void)send(fd, records.data, records.len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		shutdown(fd, SHUT_WR);
		/* What lies here unread would turn the answer into a reset. */
		for (i = 0; i < TRASH_READS; i++)
			if (recv(fd, a->peek, a->peeksz, MSG_DONTWAIT) <= 0)
				break;
	}
	close(fd);
	log_begin(&l, LOG_LEVEL_INFO, "head refused");
	log_str(&l, "request_id", request_id);
	if (status != 0)
		log_int(&l, "status", status);
	log_end(&l);
	buf_fini(&text);
	buf_fini(&records);
}

/* Looks at what has come on fd without taking it.  *size is how much it is,
 * 0 when the peer is gone. */
static enum http_head_state
look(struct front_accept *a, int fd, struct http_head *head, size_t *size)
{
	enum http_head_state state;
	ssize_t n;

	*head = (struct http_head){ 0 };
	*size = 0;
	for (;;) {
		n = recv(fd, a->peek, a->peeksz, MSG_PEEK | MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return HTTP_HEAD_PART;
		if (n <= 0)
			return HTTP_HEAD_BAD;
		*size = (size_t)n;
		state = http_head_scan(a->peek, (size_t)n, head);
		if (state != HTTP_HEAD_PART || (size_t)n < a->peeksz)
			return state;
		if (a->peeksz >= HTTP_HEAD_SIZE_MAX) {
			head->status = 431;
			return HTTP_HEAD_BAD;
		}
		a->peeksz *= 4;
		free(a->peek);
		a->peek = xmalloc(a->peeksz);
	}
}

static bool
drop_oldest(struct front_accept *a)
{
	struct parked *p = TAILQ_FIRST(&a->parked);
	int fd;

	if (p == NULL)
		return false;
	fd = p->fd;
	unpark(a, p);
	close(fd);
	return true;
}

static void
park(struct front_accept *a, int fd, const struct http_head *head, size_t size)
{
	struct parked *p;

	if (a->nparked >= FRONT_ACCEPT_PARKED_MAX)
		drop_oldest(a);
	p = xcalloc(1, sizeof(*p));
	p->fd = fd;
	p->until_ms = clock_boot_ms(a->clock) + a->head_ms;
	p->head = *head;
	p->size = size;
	/* Edges: only what comes anew is worth another look. */
	if (watch(a, fd, EPOLLIN | EPOLLRDHUP | EPOLLET, p) != RC_OK) {
		close(fd);
		free(p);
		return;
	}
	TAILQ_INSERT_TAIL(&a->parked, p, link);
	a->nparked++;
}

/*
 * A head that fills the socket's buffer can never be looked at whole, and
 * one that stays in pieces is too slow.
 */
static void
expire(struct front_accept *a)
{
	int64_t now_ms = clock_boot_ms(a->clock);
	struct http_head head;
	struct parked *p;
	size_t size;
	int fd;

	for (;;) {
		p = TAILQ_FIRST(&a->parked);
		if (p == NULL || p->until_ms > now_ms)
			return;
		head = p->head;
		size = p->size;
		fd = p->fd;
		unpark(a, p);
		if (head.request_id == 0)
			close(fd);
		else
			refuse(a, fd, &head, size > KEEP_SIZE ? 431 : 408);
	}
}

/* Accepts one connection.  Its descriptor when it may be handed on, else
 * -1, and *drained tells whether there was none to accept. */
static int
take_new(struct front_accept *a, bool *drained)
{
	struct http_head head;
	size_t size;
	int fd;

	*drained = false;
	fd = accept4(a->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0) {
		*drained = true;
		if (errno != EMFILE && errno != ENFILE)
			return -1;
		/* Else the listening socket would wake us on and on. */
		if (!drop_oldest(a))
			usleep(STARVED_MS * 1000);
		return -1;
	}
	switch (look(a, fd, &head, &size)) {
	case HTTP_HEAD_WHOLE:
		return fd;
	case HTTP_HEAD_PART:
		park(a, fd, &head, size);
		break;
	case HTTP_HEAD_BAD:
		if (size == 0)
			close(fd);
		else
			refuse(a, fd, &head, head.status);
		break;
	}
	return -1;
}

/* More has come on a parked connection. */
static int
take_parked(struct front_accept *a, struct parked *p)
{
	enum http_head_state state;
	struct http_head head;
	size_t size;
	int fd = p->fd;

	state = look(a, fd, &head, &size);
	if (state == HTTP_HEAD_PART) {
		p->head = head;
		p->size = size;
		return -1;
	}
	unpark(a, p);
	if (state == HTTP_HEAD_WHOLE)
		return fd;
	if (size == 0)
		close(fd);
	else
		refuse(a, fd, &head, head.status);
	return -1;
}

static int
wait_ms(const struct front_accept *a)
{
	const struct parked *p = TAILQ_FIRST(&a->parked);
	int64_t left;

	if (p == NULL)
		return -1;
	left = p->until_ms - clock_boot_ms(a->clock);
	return left < 0 ? 0 : (int)left;
}

static int
next(struct front_accept *a)
{
	struct epoll_event ev;
	bool drained;
	int fd, n;

	while (!atomic_load(&a->is_stopping)) {
		/* While there is work nobody need be asked for it. */
		if (a->nparked == 0) {
			fd = take_new(a, &drained);
			if (fd >= 0)
				return fd;
			if (!drained)
				continue;
		}
		expire(a);
		/* One at a time: a second one's edge would be lost. */
		n = epoll_wait(a->epoll_fd, &ev, 1, wait_ms(a));
		if (n < 1)
			continue;
		if (ev.data.ptr == &a->stop_fd)
			break;
		if (ev.data.ptr == &a->listen_fd)
			fd = take_new(a, &drained);
		else
			fd = take_parked(a, ev.data.ptr);
		if (fd >= 0)
			return fd;
	}
	return -1;
}

int
front_accept_next(struct front_accept *a)
{
	int fd;

	pthread_mutex_lock(&a->turn);
	fd = next(a);
	if (a->peeksz > KEEP_SIZE) {
		free(a->peek);
		a->peeksz = PEEK_SIZE;
		a->peek = xmalloc(a->peeksz);
	}
	pthread_mutex_unlock(&a->turn);
	return fd;
}
