#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "httpc_server.h"
#include "unit.h"

struct httpc_server server;

static bool
send_all(int fd, const char *p, size_t n)
{
	ssize_t got;

	while (n > 0) {
		got = send(fd, p, n, MSG_NOSIGNAL);
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}

	return true;
}

/* Reads one request whole into in; false when the client has left. */
static bool
read_request(int fd, struct buf *in)
{
	const char *head, *length;
	size_t want;
	ssize_t got;
	char *room;

	buf_clear(in);
	for (;;) {
		head = in->len == 0 ? NULL : strstr(in->data, "\r\n\r\n");
		if (head != NULL) {
			length = strstr(in->data, "Content-Length: ");
			want = (size_t)(head + 4 - in->data) +
			    (length == NULL ? 0
					    : strtoul(length + 16, NULL, 10));
			if (in->len >= want)
				return true;
		}
		room = buf_room(in, 65536);
		got = recv(fd, room, 65536, 0);
		if (got <= 0)
			return false;
		in->len += (size_t)got;
		in->data[in->len] = '\0';
	}
}

static bool
play(int fd, const struct act *a)
{
	static const struct linger reset = { 1, 0 };
	size_t i, times = a->times == 0 ? 1 : a->times;
	char c;

	for (i = 0; a->send != NULL && i < times; i++)
		if (!send_all(fd, a->send, strlen(a->send)))
			return false;
	if (a->then == RESET)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	while (a->then == HANG && recv(fd, &c, 1, 0) > 0)
		continue;

	return a->then == KEEP;
}

static void *
serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	struct act a;
	struct buf in;

	buf_init(&in, 64u << 20);
	while (read_request(fd, &in)) {
		pthread_mutex_lock(&server.lock);
		server.requests++;
		buf_clear(&server.seen);
		buf_add(&server.seen, in.data, in.len);
		a = server.script[server.at];
		if (server.at + 1 < server.nscript)
			server.at++;
		pthread_mutex_unlock(&server.lock);
		if (!play(fd, &a))
			break;
	}
	buf_fini(&in);
	close(fd);

	return NULL;
}

static void *
listen_on(void *arg)
{
	pthread_t t;
	int fd;

	(void)arg;
	while ((fd = accept(server.fd, NULL, NULL)) >= 0) {
		pthread_mutex_lock(&server.lock);
		server.accepted++;
		pthread_mutex_unlock(&server.lock);
		pthread_create(&t, NULL, serve, (void *)(intptr_t)fd);
		pthread_detach(t);
	}

	return NULL;
}

int
start_server(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t n = sizeof(in);
	pthread_t t;

	(void)state;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	pthread_mutex_init(&server.lock, NULL);
	buf_init(&server.seen, 64u << 20);
	server.fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(server.fd, (struct sockaddr *)&in, sizeof(in)) != 0 ||
	    listen(server.fd, 64) != 0 ||
	    getsockname(server.fd, (struct sockaddr *)&in, &n) != 0)
		return -1;
	server.port = ntohs(in.sin_port);
	pthread_create(&t, NULL, listen_on, NULL);
	pthread_detach(t);

	return 0;
}

int
stop_server(void **state)
{
	(void)state;
	buf_fini(&server.seen);

	return 0;
}

void
set_script(const struct act *script, size_t n)
{
	pthread_mutex_lock(&server.lock);
	server.script = script;
	server.nscript = n;
	server.at = 0;
	server.accepted = server.requests = 0;
	buf_clear(&server.seen);
	pthread_mutex_unlock(&server.lock);
}

size_t
server_count(const size_t *counter)
{
	size_t n;

	pthread_mutex_lock(&server.lock);
	n = *counter;
	pthread_mutex_unlock(&server.lock);

	return n;
}

void
assert_seen(const char *text, bool there)
{
	bool found;

	pthread_mutex_lock(&server.lock);
	found = strstr(buf_str(&server.seen), text) != NULL;
	pthread_mutex_unlock(&server.lock);
	if (found != there)
		fail_msg("%s %s in: %s", text, there ? "is not" : "is",
		    buf_str(&server.seen));
}
