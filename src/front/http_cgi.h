/*
 * http_cgi - the one request of a plain CGI program
 *
 * Parameters from the environment, the body on standard input, the answer
 * on standard output.  One thread.
 */
#ifndef FRONT_HTTP_CGI_H
#define FRONT_HTTP_CGI_H

#include <stdint.h>

#include "front/http_conn.h"

struct clock;

struct http_cgi {
	struct http_conn conn; /* first: a conn is cast back to this */
	const struct clock *clock;
	int64_t deadline_ms; /* boot clock; what comes later is not read */
	int in, out;
	char *const *params;
};

/* environ stays as it is until the request has ended. */
void http_cgi_init(struct http_cgi *c, int in, int out, char *const *environ_,
    const struct clock *clock, int64_t deadline_ms);

/*
 * Reads away what is left of a body that was refused, until it ends or pauses.
 * Apache's mod_cgid has one socket for both ways, and ending with bytes unread
 * in it would reset the connection and lose the answer.
 */
void http_cgi_discard(const struct http_cgi *c);

#endif
