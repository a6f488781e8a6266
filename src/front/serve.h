/*
 * serve - one request from its parameters to its log line
 *
 * Whatever brought it: finds the route, lets in or not, reads the body,
 * calls the page, answers, and says in one line what happened.  Any thread.
 */
#ifndef FRONT_SERVE_H
#define FRONT_SERVE_H

#include <stdbool.h>
#include <stdint.h>

struct budget;
struct count;
struct http_conn;
struct log_limit;
struct resend;
struct settings;
struct signin;

/* The shared parts may each be NULL: then all is logged, nothing is limited or
 * counted. */
struct serve {
	const struct settings *set;
	struct budget *bodies;
	struct count *count;
	struct log_limit *log_limit;
	struct resend *resend; /* NULL: none is kept */
	struct signin *signin;
	int64_t deadline_ms; /* boot clock */
};

/* How it ended, for the transport. */
struct serve_end {
	bool is_answered; /* else the other side is gone */
	bool is_read;     /* to the end of its body */
};

void serve(const struct serve *s, struct http_conn *conn,
    struct serve_end *end);

#endif
