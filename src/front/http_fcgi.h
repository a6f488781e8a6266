/*
 * http_fcgi - requests that come over FastCGI
 *
 * The only user of libfcgi.  A connection brings one request and is closed
 * behind it, whatever the server would like: one kept open would hold a
 * thread.  One object per thread, used again and again.
 */
#ifndef FRONT_HTTP_FCGI_H
#define FRONT_HTTP_FCGI_H

#include <stdbool.h>

#include "base/err.h"
#include "front/http_conn.h"

struct http_fcgi;

/* Once, before there are threads and after the signals are arranged. */
void http_fcgi_setup(void);

struct http_fcgi *http_fcgi_new(void);
void http_fcgi_free(struct http_fcgi *f);

/*
 * Begins the request whose head (http_head.h) waits whole in fd's buffer, so
 * it does not block.
 *
 * RC_OK	fd stays the caller's, who closes it after http_fcgi_end().
 * RC_PEER	libfcgi would not have it; fd is closed.
 */
enum rc http_fcgi_begin(struct http_fcgi *f, int fd, struct http_conn **out,
    struct err *e);

/* Ends the request.  The answer is sent to its end when is_answered,
 * otherwise nothing more is.  True when all bytes are out. */
bool http_fcgi_end(struct http_fcgi *f, bool is_answered);

#endif
