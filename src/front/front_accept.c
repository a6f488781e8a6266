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
#include "front/front_peer.h"
#include "front/http_head.h"
#include "front/reply.h"

#define PEEK_SIZE 4096          /* holds nearly every head */
#define WHOLE_BUFFER (64 << 10) /* what surely fits a socket's buffer */
#define REFUSAL_MAX 8192
#define STARVED_MS 100 /* to wait when descriptors have run out */
#define TRASH_READS 64 /* of a refused peer's bytes */

/* What an event is about: one of these, or a parked connection's key. */
#define KEY_LISTEN 0
#define KEY_STOP 1
#define KEY_PARKED 2

struct parked {
	TAILQ_ENTRY(parked) link; /* among the parked or the free */
	uint32_t turn;            /* counts the place's tenants */
	bool is_taken;
	int fd;
	int64_t until_ms;
	size_t size;           /* bytes seen when last looked at */
	struct http_head head; /* as far as it is here */
};

TAILQ_HEAD(parked_list, parked);

/*
 * All threads wait on one epoll descriptor.  The listening socket is armed
 * for one event and armed anew once a connection is taken off, so each
 * connection wakes one thread and no more.  A parked one reports edges: only
 * what comes anew is worth another look.  Two threads may hear of the same
 * one; what they are told is its key, which is good for one tenant of its
 * place, and the lock decides.
 */
struct front_accept {
	const struct clock *clock;
	int64_t head_ms;
	int listen_fd;
	int epoll_fd;
	int stop_fd; /* readable for good once all is to end */
	atomic_bool is_stopping;
	struct front_peer peers;

	pthread_mutex_t lock; /* over what follows */
	struct parked *places;
	struct parked_list parked; /* by age, so also by until_ms */
	struct parked_list free;
};

static uint64_t
key_of(const struct front_accept *a, const struct parked *p)
{
	return (uint64_t)p->turn << 32 |
	    ((uint64_t)(p - a->places) + KEY_PARKED);
}

/* The lock is held.  NULL when its tenant has gone. */
static struct parked *
parked_find(struct front_accept *a, uint64_t key)
{
	struct parked *p = &a->places[(uint32_t)key - KEY_PARKED];

	return p->is_taken && p->turn == key >> 32 ? p : NULL;
}

static bool
watch(struct front_accept *a, int op, int fd, uint32_t events, uint64_t key)
{
	struct epoll_event ev = { .events = events, .data = { .u64 = key } };

	return epoll_ctl(a->epoll_fd, op, fd, &ev) == 0;
}

enum rc
front_accept_new(int fd, const char *path, int64_t head_ms,
    const struct clock *clock, struct front_accept **out, struct err *e)
{
	struct front_accept *a = xcalloc(1, sizeof(*a));
	int flags = fcntl(fd, F_GETFL);
	size_t i;

	*out = NULL;
	pthread_mutex_init(&a->lock, NULL);
	front_peer_init(&a->peers, fd, path);
	TAILQ_INIT(&a->parked);
	TAILQ_INIT(&a->free);
	a->places = xcalloc(FRONT_ACCEPT_PARKED_MAX, sizeof(*a->places));
	for (i = 0; i < FRONT_ACCEPT_PARKED_MAX; i++)
		TAILQ_INSERT_TAIL(&a->free, &a->places[i], link);
	a->clock = clock;
	a->head_ms = head_ms;
	a->listen_fd = fd;
	a->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	a->stop_fd = eventfd(0, EFD_CLOEXEC);
	/* Another process may take a shared socket's connection first. */
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    a->epoll_fd < 0 || a->stop_fd < 0 ||
	    !watch(a, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLONESHOT, KEY_LISTEN) ||
	    !watch(a, EPOLL_CTL_ADD, a->stop_fd, EPOLLIN, KEY_STOP)) {
		err_errno(e, RC_SYSTEM, errno, "cannot wait for connections");
		front_accept_free(a);
		return RC_SYSTEM;
	}
	*out = a;
	return RC_OK;
}

/* The lock is held.  The descriptor is the caller's from here on. */
static int
unpark(struct front_accept *a, struct parked *p)
{
	int fd = p->fd;

	epoll_ctl(a->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	TAILQ_REMOVE(&a->parked, p, link);
	TAILQ_INSERT_HEAD(&a->free, p, link);
	p->is_taken = false;
	p->turn++;
	return fd;
}

void
front_accept_free(struct front_accept *a)
{
	if (a == NULL)
		return;
	while (!TAILQ_EMPTY(&a->parked))
		close(unpark(a, TAILQ_FIRST(&a->parked)));
	if (a->epoll_fd >= 0)
		close(a->epoll_fd);
	if (a->stop_fd >= 0)
		close(a->stop_fd);
	pthread_mutex_destroy(&a->lock);
	front_peer_fini(&a->peers);
	free(a->places);
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
refuse(int fd, const struct http_head *head, int status)
{
	char request_id[REPLY_ID_SIZE];
	struct buf records, text;
	char trash[PEEK_SIZE];
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
			if (recv(fd, trash, sizeof(trash), MSG_DONTWAIT) <= 0)
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

/* Scans the first max bytes that lie on fd, at most, through buffer. */
static enum http_head_state
scan(int fd, uint8_t *buffer, size_t max, struct http_head *head, size_t *size)
{
	ssize_t n = recv(fd, buffer, max, MSG_PEEK | MSG_DONTWAIT);

	*head = (struct http_head){ 0 };
	*size = n > 0 ? (size_t)n : 0;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return HTTP_HEAD_PART;
	if (n <= 0)
		return HTTP_HEAD_BAD;
	return http_head_scan(buffer, (size_t)n, head);
}

/* Looks at what has come on fd without taking it.  *size is how much it is,
 * 0 when the peer is gone. */
static enum http_head_state
look(int fd, struct http_head *head, size_t *size)
{
	uint8_t buffer[PEEK_SIZE], *large;
	enum http_head_state state;

	state = scan(fd, buffer, sizeof(buffer), head, size);
	if (state != HTTP_HEAD_PART || *size < sizeof(buffer))
		return state;
	large = xmalloc(HTTP_HEAD_SIZE_MAX);
	state = scan(fd, large, HTTP_HEAD_SIZE_MAX, head, size);
	free(large);
	if (state == HTTP_HEAD_PART && *size == HTTP_HEAD_SIZE_MAX) {
		head->status = 431;
		state = HTTP_HEAD_BAD;
	}
	return state;
}

/* True when there was one to drop. */
static bool
drop_oldest(struct front_accept *a)
{
	struct parked *p;
	int fd = -1;

	pthread_mutex_lock(&a->lock);
	p = TAILQ_FIRST(&a->parked);
	if (p != NULL)
		fd = unpark(a, p);
	pthread_mutex_unlock(&a->lock);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Takes fd. */
static void
park(struct front_accept *a, int fd, const struct http_head *head, size_t size)
{
	struct parked *p;

	pthread_mutex_lock(&a->lock);
	while (TAILQ_EMPTY(&a->free))
		close(unpark(a, TAILQ_FIRST(&a->parked)));
	p = TAILQ_FIRST(&a->free);
	TAILQ_REMOVE(&a->free, p, link);
	TAILQ_INSERT_TAIL(&a->parked, p, link);
	p->is_taken = true;
	p->fd = fd;
	p->until_ms = clock_boot_ms(a->clock) + a->head_ms;
	p->head = *head;
	p->size = size;
	/* What came since the look is an edge already. */
	if (!watch(a, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET, key_of(a, p)))
		close(unpark(a, p));
	pthread_mutex_unlock(&a->lock);
}

/* Ends what is no request, or waits for the rest of one.  Takes fd and
 * returns -1 unless it may be handed on. */
static int
judge(struct front_accept *a, int fd)
{
	struct http_head head;
	size_t size;

	switch (look(fd, &head, &size)) {
	case HTTP_HEAD_WHOLE:
		return fd;
	case HTTP_HEAD_PART:
		park(a, fd, &head, size);
		break;
	case HTTP_HEAD_BAD:
		if (size == 0)
			close(fd);
		else
			refuse(fd, &head, head.status);
		break;
	}
	return -1;
}

static int
take_new(struct front_accept *a)
{
	int fd = accept4(a->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	/* Armed anew at once it would only fail again. */
	if (fd < 0 && (errno == EMFILE || errno == ENFILE) && !drop_oldest(a))
		usleep(STARVED_MS * 1000);
	watch(a, EPOLL_CTL_MOD, a->listen_fd, EPOLLIN | EPOLLONESHOT,
	    KEY_LISTEN);
	if (fd < 0)
		return -1;
	if (!front_peer_may(&a->peers, fd)) {
		close(fd);
		return -1;
	}
	return judge(a, fd);
}

/* More has come on a parked connection. */
static int
take_parked(struct front_accept *a, uint64_t key)
{
	enum http_head_state state = HTTP_HEAD_PART;
	struct http_head head = { 0 };
	struct parked *p;
	size_t size;
	int fd = -1;

	pthread_mutex_lock(&a->lock);
	p = parked_find(a, key);
	if (p != NULL)
		state = look(p->fd, &head, &size);
	if (p != NULL && state == HTTP_HEAD_PART) {
		p->head = head;
		p->size = size;
	} else if (p != NULL) {
		fd = unpark(a, p);
	}
	pthread_mutex_unlock(&a->lock);
	if (state != HTTP_HEAD_BAD)
		return fd;
	if (size == 0)
		close(fd);
	else
		refuse(fd, &head, head.status);
	return -1;
}

int
front_accept_next(struct front_accept *a)
{
	struct epoll_event ev;
	int fd;

	while (!atomic_load(&a->is_stopping)) {
		if (epoll_wait(a->epoll_fd, &ev, 1, -1) < 1)
			continue;
		if (ev.data.u64 == KEY_STOP)
			break;
		fd = ev.data.u64 == KEY_LISTEN ? take_new(a)
					       : take_parked(a, ev.data.u64);
		if (fd >= 0)
			return fd;
	}
	return -1;
}

void
front_accept_expire(struct front_accept *a)
{
	int64_t now_ms = clock_boot_ms(a->clock);
	struct http_head head;
	struct parked *p;
	size_t size;
	int fd;

	for (;;) {
		pthread_mutex_lock(&a->lock);
		p = TAILQ_FIRST(&a->parked);
		if (p == NULL || p->until_ms > now_ms) {
			pthread_mutex_unlock(&a->lock);
			return;
		}
		head = p->head;
		size = p->size;
		fd = unpark(a, p);
		pthread_mutex_unlock(&a->lock);
		/* A head that fills the socket's buffer never comes whole;
		 * any other has been too slow. */
		if (head.request_id == 0)
			close(fd);
		else
			refuse(fd, &head, size > WHOLE_BUFFER ? 431 : 408);
	}
}
