/*
 * http_conn - one request's transport
 *
 * What FastCGI (fcgi_request.h) and plain CGI (http_cgi.h) have in common, so
 * that nothing behind it knows which it is: parameters, a body that is read
 * in order, an answer that is written in order.  One thread per connection.
 */
#ifndef FRONT_HTTP_CONN_H
#define FRONT_HTTP_CONN_H

#include <stddef.h>

#include "base/err.h"

struct buf;
struct http_conn;

struct http_conn_ops {
	/* "NAME=value", NULL at the end; they live as long as the request. */
	const char *const *(*params)(struct http_conn *c);

	/*
	 * Reads n bytes of the body; *got is less only at its end.  Blocks
	 * until they are there or the connection is cut from outside.
	 * RC_PEER	the other side broke off: it is owed no answer.
	 */
	enum rc (*read)(struct http_conn *c, void *p, size_t n, size_t *got,
	    struct err *e);

	/*
	 * Asked once, behind as many bytes as were announced.
	 * RC_INVALID	the body runs on.
	 * RC_PEER	as above.
	 */
	enum rc (*read_end)(struct http_conn *c, struct err *e);

	/* RC_PEER: nobody reads it. */
	enum rc (*write)(struct http_conn *c, const void *p, size_t n,
	    struct err *e);
	/* The same for the text behind the head, whose memory may be taken
	 * instead of copied. */
	enum rc (
	    *write_text)(struct http_conn *c, struct buf *text, struct err *e);
};

struct http_conn {
	const struct http_conn_ops *ops;
};

#endif
