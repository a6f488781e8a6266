/*
 * httpc_server - an HTTP server that does what a test's script says
 *
 * One for the program, on a loopback port that the kernel chose; a thread a
 * connection.  A test sets the script, and reads what came.
 */
#ifndef TESTS_UNIT_HTTPC_SERVER_H
#define TESTS_UNIT_HTTPC_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* What the server does with the n-th request of a connection. */
struct act {
	const char *send; /* NULL: nothing */
	size_t times;     /* that text is sent; 0 is once, FOREVER endless */
	enum {
		KEEP,
		CLOSE,
		RESET,
		HANG /* until the client leaves */
	} then;
};
#define FOREVER SIZE_MAX

#define OK200 "HTTP/1.1 200 OK\r\n"

struct httpc_server {
	int fd;
	int port;
	pthread_mutex_t lock;
	const struct act *script;
	size_t nscript, at;
	size_t accepted, requests;
	struct buf seen; /* the requests, one after the other */
};
extern struct httpc_server server;

/* Group fixtures of cmocka. */
int start_server(void **state);
int stop_server(void **state);

/* Sets the script and forgets what came. */
void set_script(const struct act *script, size_t n);

/* One of its counters, read under its lock. */
size_t server_count(const size_t *counter);

/* What the last request had in it; the test ends with another text. */
void assert_seen(const char *text, bool there);

#endif
