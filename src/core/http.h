/*
 * http - request and response as values
 *
 * What the front reads and the pages answer, free of any transport.  A
 * request borrows everything from the transport, which keeps it until the
 * answer is out; headers are looked up among the parameters as the web
 * server spelled them (HTTP_X_GITHUB_EVENT).  One thread per request.
 */
#ifndef CORE_HTTP_H
#define CORE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct http_req {
	const char *method;
	const char *path;  /* decoded once, no base path, no trailing slash */
	const char *query; /* raw, "" when there is none */
	const char *const *params; /* "NAME=value", NULL at the end */
	const char *body;          /* NUL behind it */
	size_t bodysz;
	const char *request_id;
	int64_t deadline_ms; /* boot clock: an answer by then */
};

/* "X-Hub-Signature-256" among HTTP_*; "CONTENT_TYPE" and the like by
 * http_param_find().  NULL when absent, the first when doubled. */
const char *http_header_find(const struct http_req *req, const char *name);
size_t http_header_count(const struct http_req *req, const char *name);
const char *http_param_find(const struct http_req *req, const char *name);

/* One name and value of a query string, still escaped; borrowed from it. */
struct http_pair {
	const char *name, *value;
	size_t namesz, valuesz; /* "name" alone has an empty value */
};
/* The pair at *p, which moves behind it; false at the end. */
bool http_query_next(const char **p, struct http_pair *out);
/* The decoded name; the name as it stands where it cannot be decoded, and
 * cut where it has max bytes or more. */
void http_query_name(const struct http_pair *pair, char *out, size_t max);

/* The decoded value of a query parameter in out; false when absent or
 * longer than max bytes or badly escaped. */
bool http_query_find(const struct http_req *req, const char *name, char *out,
    size_t max);
/* Whether the parameter is there, whatever its value. */
bool http_query_has(const struct http_req *req, const char *name);

/* Percent-decodes n bytes; plus_is_space for form data.  False on a bad
 * escape, a NUL or more than max - 1 bytes. */
bool http_decode(const char *text, size_t n, bool plus_is_space, char *out,
    size_t max);
/* The same with NULs let through; *size is the number of bytes in out. */
bool http_decode_bytes(const char *text, size_t n, bool plus_is_space,
    char *out, size_t max, size_t *size);

#define HTTP_RESP_HEADERS_MAX 12
#define HTTP_RESP_BODY_MAX (64u << 20)

struct http_resp {
	int status;
	const char *content_type; /* a literal; NULL for no body */
	struct {
		const char *name; /* a literal */
		char *value;      /* owned */
	} headers[HTTP_RESP_HEADERS_MAX];
	size_t nheaders;
	struct buf body;
};

void http_resp_init(struct http_resp *resp);
void http_resp_fini(struct http_resp *resp);
/* Copies value; more than HTTP_RESP_HEADERS_MAX is our bug. */
void http_resp_header(struct http_resp *resp, const char *name,
    const char *value);

#endif
