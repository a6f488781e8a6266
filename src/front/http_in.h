/*
 * http_in - what a request asks for, read within bounds
 *
 * Path, length and body of a request from CGI parameters, whichever web
 * server wrote them.  Nothing here knows FastCGI.  Any thread.
 */
#ifndef FRONT_HTTP_IN_H
#define FRONT_HTTP_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct http_conn;
struct http_req;

#define HTTP_IN_PATH_MAX 2048

/*
 * The path that routes: PATH_INFO if it holds anything, else REQUEST_URI
 * without its query, decoded once, else SCRIPT_NAME; without empty, "." and
 * ".." parts, without base where it begins with that, without a slash at its
 * end.  Web servers hand PATH_INFO over decoded.
 *
 * RC_INVALID	a bad escape, a control byte, or over HTTP_IN_PATH_MAX.
 * RC_NOTFOUND	it does not begin with "/", or leads above the root.
 */
enum rc http_in_path(const struct http_req *req, const char *base, char *out,
    size_t max, struct err *e);

/* How many bytes of body were announced. */
enum http_in_length {
	HTTP_IN_LENGTH_OK,
	HTTP_IN_LENGTH_NONE, /* not announced: 411 where one is needed */
	HTTP_IN_LENGTH_BAD,  /* not a plain number: 400 */
	HTTP_IN_LENGTH_OVER  /* 413 */
};
enum http_in_length http_in_length(const struct http_req *req, int64_t max,
    size_t *n);

/*
 * What can be said of a body before there is memory for it: n bytes were
 * announced, and came are here, SIZE_MAX if that is not known.
 *
 * RC_INVALID	fewer came.
 * RC_PEER	the other side is gone; no answer is owed.
 */
enum rc http_in_begin(struct http_conn *conn, size_t n, size_t came,
    struct err *e);

/*
 * Reads the body, which must be exactly n bytes, into p, which holds n + 1
 * and gets a NUL behind them.
 *
 * RC_INVALID	fewer or more came.
 * RC_PEER	the other side is gone; no answer is owed.
 */
enum rc http_in_body(struct http_conn *conn, char *p, size_t n, struct err *e);

#endif
