/*
 * serve - one request from its parameters to its log line
 *
 * Whatever brought it: finds the route, lets in or not, reads the body,
 * calls the page, answers, and says in one line what happened.  Any thread.
 */
#ifndef FRONT_SERVE_H
#define FRONT_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"

struct budget;
struct count;
struct http_conn;
struct log_limit;
struct resend;
struct settings;
struct signin;
struct store_waiter;

#define SERVE_COMES SIZE_MAX

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
	size_t came;         /* bytes of the body; SERVE_COMES: it is read */
	/* Memory that was taken for the body, or none: then it is waited
	 * for. */
	struct event_hold hold;
	const struct store_waiter *waiter; /* NULL: posts are waited for */
};

/* How it ended, for the transport. */
struct serve_end {
	bool is_answered; /* else the other side is gone */
	bool is_read;     /* to the end of its body */
	size_t held;      /* of the memory for bodies, for the answer: the
			   * caller gives it back once that is out */
};

/* Facts of a request before it is worked, from its parameters (as of
 * http_conn.h) and n, the bytes of its body that came. */
struct serve_plan {
	bool is_post;  /* to a source: it is worked without a wait */
	size_t memory; /* that its body needs while it is in hand */
};
void serve_plan(const struct serve *s, const char *const *params, size_t n,
    struct serve_plan *out);

/* Works a request to its end. */
void serve(const struct serve *s, struct http_conn *conn,
    struct serve_end *end);

/*
 * The same in two parts, with s->waiter.  Where the call is pending afterwards,
 * its post is on its way to the disk, and serve_end() may follow once the
 * waiter was told, by any thread; else at once.
 */
struct serve_call;
struct serve_call *serve_begin(const struct serve *s, struct http_conn *conn);
bool serve_is_pending(const struct serve_call *c);
/* Its time is up.  False: the waiter was told, or is now. */
bool serve_leave(struct serve_call *c);
/* Answers, and ends the call. */
void serve_end(struct serve_call *c, struct serve_end *end);

#endif
