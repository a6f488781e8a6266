#include "config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/crypt.h"
#include "base/js.h"
#include "base/xalloc.h"
#include "core/http.h"
#include "front/http_conn.h"
#include "front/reply.h"

#define HEAD_MAX 8192
#define RETRY_AFTER "5" /* seconds, on every 503 */

void
reply_make_id(char out[REPLY_ID_SIZE])
{
	static _Atomic uint64_t process, count;
	uint64_t mine = atomic_load(&process), none = 0;

	if (mine == 0) {
		crypt_random(&mine, sizeof(mine));
		mine |= 1;
		if (!atomic_compare_exchange_strong(&process, &none, mine))
			mine = none;
	}
	(void)snprintf(out, REPLY_ID_SIZE, "%016" PRIx64 "-%" PRIx64, mine,
	    atomic_fetch_add(&count, 1) + 1);
}

int
reply_status(enum rc rc)
{
	switch (rc) {
	case RC_OK:
		return 200;
	case RC_INVALID:
		return 400;
	case RC_DENIED:
		return 403;
	case RC_NOTFOUND:
		return 404;
	case RC_EXISTS:
		return 409;
	case RC_TOOBIG:
		return 413;
	case RC_PEER:
		return 502;
	case RC_BUSY:
	case RC_SYSTEM:
		return 503;
	}
	return 500;
}

struct reason {
	int status;
	const char *title;
	const char *code;
};

static const struct reason *
reason_find(int status)
{
	static const struct reason reasons[] = {
		{ 200, "OK", "ok" },
		{ 201, "Created", "created" },
		{ 202, "Accepted", "accepted" },
		{ 204, "No Content", "no_content" },
		{ 400, "Bad Request", "invalid" },
		{ 401, "Unauthorized", "unauthorized" },
		{ 403, "Forbidden", "forbidden" },
		{ 404, "Not Found", "not_found" },
		{ 405, "Method Not Allowed", "method_not_allowed" },
		{ 408, "Request Timeout", "timeout" },
		{ 409, "Conflict", "conflict" },
		{ 410, "Gone", "gone" },
		{ 411, "Length Required", "length_required" },
		{ 413, "Content Too Large", "too_large" },
		{ 415, "Unsupported Media Type", "unsupported_media_type" },
		{ 422, "Unprocessable Content", "validation" },
		{ 429, "Too Many Requests", "too_many_requests" },
		{ 431, "Request Header Fields Too Large", "head_too_large" },
		{ 502, "Bad Gateway", "peer" },
		{ 503, "Service Unavailable", "unavailable" },
	};
	static const struct reason other = { 500, "Error", "error" };
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return &reasons[i];
	return &other;
}

const char *
reply_title(int status)
{
	return reason_find(status)->title;
}

static void
problem_begin(struct http_resp *resp, struct js_writer *w,
    const char *request_id, int status, const char *code, const char *detail)
{
	const struct reason *reason = reason_find(status);

	resp->status = status;
	resp->content_type = "application/problem+json";
	buf_clear(&resp->body);
	js_writer_init(w, &resp->body);
	js_open_object(w, NULL);
	js_str(w, "type", "about:blank");
	js_str(w, "title", reason->title);
	js_int(w, "status", status);
	js_str(w, "detail", detail == NULL ? reason->title : detail);
	/* The detail again, where scripts of older systems look for it. */
	js_str(w, "error", detail == NULL ? reason->title : detail);
	js_str(w, "code", code == NULL ? reason->code : code);
	js_str(w, "request_id", request_id);
}

static void
problem_end(struct http_resp *resp, struct js_writer *w)
{
	js_close_object(w);
	buf_add_str(&resp->body, "\n");
}

void
reply_problem(struct http_resp *resp, const char *request_id, int status,
    const char *code, const char *detail)
{
	struct js_writer w;

	problem_begin(resp, &w, request_id, status, code, detail);
	problem_end(resp, &w);
	if (status == 503)
		http_resp_header(resp, "Retry-After", RETRY_AFTER);
}

void
reply_failure(struct http_resp *resp, const char *request_id, enum rc rc,
    const struct err *e)
{
	int status = reply_status(rc);
	const char *detail = e->text;

	assert(rc != RC_OK);
	if (rc == RC_BUSY)
		detail = "hls is busy; the same request is safe to repeat";
	else if (status >= 500)
		detail = "the request could not be processed";
	reply_problem(resp, request_id, status, rc == RC_BUSY ? "busy" : NULL,
	    detail);
}

void
reply_unsure(struct http_resp *resp, const char *request_id,
    const char *delivery_id)
{
	struct js_writer w;

	problem_begin(resp, &w, request_id, 503, "busy",
	    delivery_id != NULL
		? "hls is busy, and it is unknown whether the event is "
		  "stored; repeating it with this delivery_id is safe"
		: "hls is busy, and it is unknown whether the request was "
		  "carried out; check before you repeat it");
	if (delivery_id != NULL)
		js_str(&w, "delivery_id", delivery_id);
	problem_end(resp, &w);
	http_resp_header(resp, "Retry-After", RETRY_AFTER);
}

void
reply_invalid(struct http_resp *resp, const char *request_id,
    const struct reply_field *fields, size_t n)
{
	struct js_writer w;
	char *detail = NULL;
	size_t i;

	if (n > 0)
		detail =
		    xasprintf("%s: %s", fields[0].field, fields[0].message);
	problem_begin(resp, &w, request_id, 422, NULL, detail);
	free(detail);
	js_open_array(&w, "errors");
	for (i = 0; i < n; i++) {
		js_open_object(&w, NULL);
		js_str(&w, "field", fields[i].field);
		js_str(&w, "message", fields[i].message);
		js_close_object(&w);
	}
	js_close_array(&w);
	problem_end(resp, &w);
}

/* Status and headers as a CGI program writes them, and the empty line. */
static void
format(const struct http_resp *resp, const char *request_id, struct buf *out)
{
	size_t i;

	buf_addf(out, "Status: %d %s\r\n", resp->status,
	    reply_title(resp->status));
	if (resp->content_type != NULL)
		buf_addf(out, "Content-Type: %s\r\n", resp->content_type);
	if (resp->status != 204)
		buf_addf(out, "Content-Length: %zu\r\n", resp->body.len);
	buf_addf(out,
	    "X-Request-ID: %s\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Cache-Control: no-store\r\n",
	    request_id);
	for (i = 0; i < resp->nheaders; i++)
		buf_addf(out, "%s: %s\r\n", resp->headers[i].name,
		    resp->headers[i].value);
	buf_add_str(out, "\r\n");
}

enum rc
reply_send(struct http_conn *conn, struct http_resp *resp,
    const char *request_id, bool head_only, struct err *e)
{
	struct buf head;
	enum rc rc;

	buf_init(&head, HEAD_MAX);
	format(resp, request_id, &head);
	/* Our own headers are short and few. */
	assert(!buf_is_over(&head));
	rc = conn->ops->write(conn, head.data, head.len, e);
	if (rc == RC_OK && !head_only && resp->body.len > 0)
		rc = conn->ops->write_text(conn, &resp->body, e);
	buf_fini(&head);
	return rc;
}
