/*
 * sink - a receiver that answers 200 at once
 *
 * The fastest receiver that one thread gives: epoll, kept connections, each
 * body thrown away.  Prints its port, then, when COUNT requests have come,
 * {"requests", "seconds", "connections"} between the first and the last of
 * them, and begins to count anew; ends with SIGTERM or its standard input.
 *
 *	sink COUNT
 */
#include "config.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 4096
#define HEAD_MAX 8192

struct peer {
	char head[HEAD_MAX];
	size_t headsz;
	uint64_t body; /* bytes of it that are still to come */
	bool in_body;
};

struct sink {
	int epoll;
	int listener;
	long wanted;
	long requests;
	long connections;
	struct timespec first;
	struct peer *peers[CONNECTIONS_MAX];
};

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static void
count(struct sink *s)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (s->requests++ == 0)
		s->first = now;
	if (s->requests < s->wanted)
		return;
	printf("{\"requests\":%ld,\"seconds\":%.6f,\"connections\":%ld}\n",
	    s->requests,
	    (double)(now.tv_sec - s->first.tv_sec) +
		(double)(now.tv_nsec - s->first.tv_nsec) / 1e9,
	    s->connections);
	fflush(stdout);
	s->requests = 0;
}

static void
drop(struct sink *s, int fd)
{
	free(s->peers[fd]);
	s->peers[fd] = NULL;
	close(fd);
}

/* The length that the head names; 0 when it names none. */
static uint64_t
length_of(const char *head)
{
	static const char name[] = "\r\ncontent-length:";
	const char *p;

	for (p = strstr(head, "\r\n"); p != NULL; p = strstr(p + 2, "\r\n"))
		if (strncasecmp(p, name, sizeof(name) - 1) == 0)
			return strtoull(p + sizeof(name) - 1, NULL, 10);
	return 0;
}

static bool
reply(struct sink *s, int fd)
{
	count(s);
	return send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) ==
	    (ssize_t)sizeof(answer) - 1;
}

/* Takes what was read apart; false when the connection is of no use. */
static bool
feed(struct sink *s, int fd, const char *data, size_t n)
{
	struct peer *p = s->peers[fd];
	const char *end;
	size_t take, used;

	while (n > 0) {
		if (p->in_body) {
			take = n < p->body ? n : (size_t)p->body;
			p->body -= take;
			data += take;
			n -= take;
			if (p->body > 0)
				return true;
			p->in_body = false;
			if (!reply(s, fd))
				return false;
			continue;
		}
		take = HEAD_MAX - 1 - p->headsz;
		if (take > n)
			take = n;
		memcpy(p->head + p->headsz, data, take);
		p->head[p->headsz + take] = '\0';
		end = strstr(p->head, "\r\n\r\n");
		if (end == NULL) {
			p->headsz += take;
			return take == n;
		}
		used = (size_t)(end + 4 - p->head) - p->headsz;
		data += used;
		n -= used;
		p->headsz = 0;
		p->body = length_of(p->head);
		p->in_body = p->body > 0;
		if (!p->in_body && !reply(s, fd))
			return false;
	}
	return true;
}

static void
take_in(struct sink *s)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd, one = 1;

	fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd == -1)
		return;
	if (fd >= CONNECTIONS_MAX) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	s->peers[fd] = calloc(1, sizeof(struct peer));
	s->connections++;
	ev.data.fd = fd;
	epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static void
read_from(struct sink *s, int fd)
{
	static char data[1 << 18];
	ssize_t n;

	n = recv(fd, data, sizeof(data), 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || !feed(s, fd, data, (size_t)n))
		drop(s, fd);
}

static int
listen_anywhere(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t sz = sizeof(a);
	int fd;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(fd, 1024) == -1 ||
	    getsockname(fd, (struct sockaddr *)&a, &sz) == -1)
		return -1;
	printf("%d\n", ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}

int
main(int argc, char *argv[])
{
	static struct sink s;
	struct epoll_event ev = { .events = EPOLLIN }, got[256];
	int i, n;

	if (argc != 2) {
		fprintf(stderr, "usage: sink COUNT\n");
		return 2;
	}
	s.wanted = strtol(argv[1], NULL, 10);
	s.epoll = epoll_create1(EPOLL_CLOEXEC);
	s.listener = listen_anywhere();
	if (s.epoll == -1 || s.listener == -1)
		return 1;
	ev.data.fd = s.listener;
	epoll_ctl(s.epoll, EPOLL_CTL_ADD, s.listener, &ev);
	ev.data.fd = STDIN_FILENO;
	epoll_ctl(s.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &ev);
	for (;;) {
		n = epoll_wait(s.epoll, got, 256, -1);
		for (i = 0; i < n; i++) {
			if (got[i].data.fd == STDIN_FILENO)
				return 0;
			if (got[i].data.fd == s.listener)
				take_in(&s);
			else
				read_from(&s, got[i].data.fd);
		}
	}
}
