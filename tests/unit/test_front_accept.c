#include "config.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "front/front_accept.h"
#include "tests/unit/unit.h"

#define BEGIN "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0"
#define NO_PARAMS "\1\4\0\1\0\0\0\0"
#define HEAD BEGIN NO_PARAMS
#define HEAD_SIZE (sizeof(HEAD) - 1)

static char folder[] = "/tmp/hls-accept-XXXXXX";
static struct sockaddr_un address;
static int listener;

static int
listen_on_path(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	address.sun_family = AF_UNIX;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/s",
	    folder);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
	    bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 64), 0);
	return 0;
}

static int
clear_away(void **state)
{
	(void)state;
	close(listener);
	unlink(address.sun_path);
	rmdir(folder);
	return 0;
}

static struct front_accept *
make(int64_t head_ms)
{
	struct front_accept *a;
	struct err e;

	assert_int_equal(front_accept_new(listener, address.sun_path, head_ms,
			     clock_system(), &a, &e),
	    RC_OK);
	return a;
}

static int
dial(const char *bytes, size_t n)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(
	    connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, bytes, n, 0), (ssize_t)n);
	return fd;
}

/* Whether got's peer is fd: what one writes the other reads. */
static void
assert_peer(int got, int fd)
{
	char c = 0;

	assert_true(got >= 0);
	assert_int_equal(send(got, "!", 1, 0), 1);
	assert_int_equal(recv(fd, &c, 1, MSG_DONTWAIT), 1);
	assert_int_equal(c, '!');
	close(got);
	close(fd);
}

static void
a_whole_head_is_handed_on_unread(void **state)
{
	struct front_accept *a = make(60000);
	char text[64];
	int fd, got;

	(void)state;
	fd = dial(HEAD, HEAD_SIZE);
	got = front_accept_next(a);
	assert_true(got >= 0);
	assert_int_equal(recv(got, text, sizeof(text), MSG_PEEK), HEAD_SIZE);
	assert_memory_equal(text, HEAD, HEAD_SIZE);
	assert_peer(got, fd);
	front_accept_free(a);
}

static void
silent_and_slow_clients_are_passed_over(void **state)
{
	struct front_accept *a = make(60000);
	int silent, slow, quick;

	(void)state;
	silent = dial("", 0);
	slow = dial(HEAD, 5);
	quick = dial(HEAD, HEAD_SIZE);
	assert_peer(front_accept_next(a), quick);

	/* The rest comes, byte by byte but for the last two. */
	assert_int_equal(send(slow, &HEAD[5], 1, 0), 1);
	quick = dial(HEAD, HEAD_SIZE);
	assert_peer(front_accept_next(a), quick);
	assert_int_equal(send(slow, &HEAD[6], HEAD_SIZE - 6, 0),
	    (ssize_t)HEAD_SIZE - 6);
	assert_peer(front_accept_next(a), slow);
	close(silent);
	front_accept_free(a);
}

static void *
stop_soon(void *arg)
{
	front_accept_stop(arg);
	return NULL;
}

static void
a_stop_wakes_every_thread(void **state)
{
	struct front_accept *a = make(60000);
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, stop_soon, a), 0);
	assert_int_equal(front_accept_next(a), -1);
	assert_int_equal(front_accept_next(a), -1);
	pthread_join(thread, NULL);
	front_accept_free(a);
}

struct watchdog {
	struct front_accept *a;
	struct pollfd fds[2];
};

static bool
is_gone(struct pollfd *p)
{
	return poll(p, 1, 0) == 1 && (p->revents & POLLHUP) != 0;
}

/* Until both peers are closed; then all is to end. */
static void *
expire_both(void *arg)
{
	struct watchdog *w = arg;

	while (!is_gone(&w->fds[0]) || !is_gone(&w->fds[1]))
		front_accept_expire(w->a);
	front_accept_stop(w->a);
	return NULL;
}

/* All that comes until the other side closes. */
static size_t
read_all(int fd, char *text, size_t max)
{
	size_t len = 0;
	ssize_t n;

	while (
	    len < max - 1 && (n = recv(fd, text + len, max - 1 - len, 0)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(fd);
	return len;
}

static void
a_late_client_is_closed_and_answered_if_it_had_begun(void **state)
{
	struct watchdog w = { .a = make(20) };
	pthread_t thread;
	char text[4096];
	int silent, begun;
	size_t i, n;

	(void)state;
	silent = dial("\1", 1);
	begun = dial(BEGIN, sizeof(BEGIN) - 1);
	w.fds[0].fd = silent;
	w.fds[1].fd = begun;
	assert_int_equal(pthread_create(&thread, NULL, expire_both, &w), 0);
	assert_int_equal(front_accept_next(w.a), -1);
	pthread_join(thread, NULL);
	assert_int_equal(read_all(silent, text, sizeof(text)), 0);
	n = read_all(begun, text, sizeof(text));
	for (i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	assert_non_null(strstr(text, "Status: 408 Request Timeout"));
	assert_non_null(strstr(text, "X-Request-ID: "));
	front_accept_free(w.a);
}

static void
a_connection_without_a_request_is_closed(void **state)
{
	struct front_accept *a = make(60000);
	char text[64];
	int bad, quick;

	(void)state;
	bad = dial("GET / HTTP/1.1\r\n", 16);
	quick = dial(HEAD, HEAD_SIZE);
	assert_peer(front_accept_next(a), quick);
	assert_int_equal(read_all(bad, text, sizeof(text)), 0);
	front_accept_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_head_is_handed_on_unread),
		cmocka_unit_test(silent_and_slow_clients_are_passed_over),
		cmocka_unit_test(a_stop_wakes_every_thread),
		cmocka_unit_test(
		    a_late_client_is_closed_and_answered_if_it_had_begun),
		cmocka_unit_test(a_connection_without_a_request_is_closed),
	};

	return cmocka_run_group_tests(tests, listen_on_path, clear_away);
}
