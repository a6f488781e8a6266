#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "core/http.h"
#include "front/http_conn.h"
#include "front/reply.h"
#include "tests/unit/unit.h"

static const struct {
	enum rc rc;
	int status;
	const char *title;
} statuses[] = {
	{ RC_OK, 200, "OK" },
	{ RC_INVALID, 400, "Bad Request" },
	{ RC_DENIED, 403, "Forbidden" },
	{ RC_NOTFOUND, 404, "Not Found" },
	{ RC_EXISTS, 409, "Conflict" },
	{ RC_TOOBIG, 413, "Content Too Large" },
	{ RC_BUSY, 503, "Service Unavailable" },
	{ RC_PEER, 502, "Bad Gateway" },
	{ RC_SYSTEM, 503, "Service Unavailable" },
};

static void
every_code_has_its_status(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(NELEM(statuses), RC_SYSTEM + 1);
	for (i = 0; i < NELEM(statuses); i++) {
		assert_int_equal(statuses[i].rc, (enum rc)i);
		assert_int_equal(reply_status(statuses[i].rc),
		    statuses[i].status);
		assert_string_equal(reply_title(statuses[i].status),
		    statuses[i].title);
	}
}

static const char *
header_of(const struct http_resp *resp, const char *name)
{
	size_t i;

	for (i = 0; i < resp->nheaders; i++)
		if (strcmp(resp->headers[i].name, name) == 0)
			return resp->headers[i].value;
	return NULL;
}

static void
an_error_answer_says_what_the_client_can_do(void **state)
{
	struct http_resp resp;
	struct err e;

	(void)state;
	http_resp_init(&resp);
	err_set(&e, RC_NOTFOUND, "no \"such\" event");
	reply_failure(&resp, "r-1", RC_NOTFOUND, &e);
	assert_int_equal(resp.status, 404);
	assert_string_equal(resp.content_type, "application/problem+json");
	assert_string_equal(buf_str(&resp.body),
	    "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
	    "\"detail\":\"no \\\"such\\\" event\","
	    "\"error\":\"no \\\"such\\\" event\",\"code\":\"not_found\","
	    "\"request_id\":\"r-1\"}\n");
	assert_null(header_of(&resp, "Retry-After"));
	http_resp_fini(&resp);
}

static void
internal_errors_are_not_shown_to_clients(void **state)
{
	static const enum rc ours[] = { RC_BUSY, RC_SYSTEM };
	struct http_resp resp;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(ours); i++) {
		http_resp_init(&resp);
		err_set(&e, ours[i], "/var/lib/hls/hls.db: disk I/O error");
		reply_failure(&resp, "r-1", ours[i], &e);
		assert_int_equal(resp.status, 503);
		assert_null(strstr(buf_str(&resp.body), "hls.db"));
		assert_non_null(header_of(&resp, "Retry-After"));
		http_resp_fini(&resp);
	}
}

static void
each_wrong_field_is_named(void **state)
{
	const struct reply_field fields[] = { { "url", "missing" },
		{ "events", "not a list" } };
	struct http_resp resp;

	(void)state;
	http_resp_init(&resp);
	reply_invalid(&resp, "r-1", fields, NELEM(fields));
	assert_int_equal(resp.status, 422);
	assert_non_null(
	    strstr(buf_str(&resp.body), "\"detail\":\"url: missing\""));
	assert_non_null(strstr(buf_str(&resp.body),
	    "\"errors\":[{\"field\":\"url\",\"message\":\"missing\"},"
	    "{\"field\":\"events\",\"message\":\"not a list\"}]}"));
	http_resp_fini(&resp);
}

/* A connection that keeps what is written. */
struct memory_conn {
	struct http_conn conn;
	struct buf out;
};

static enum rc
memory_write(struct http_conn *conn, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_add(&((struct memory_conn *)conn)->out, p, n);
	return RC_OK;
}

static enum rc
memory_write_text(struct http_conn *conn, struct buf *text, struct err *e)
{
	return memory_write(conn, text->data, text->len, e);
}

static const struct http_conn_ops memory_ops = { .write = memory_write,
	.write_text = memory_write_text };

static const char *
sent(struct memory_conn *c, struct http_resp *resp, bool head_only)
{
	struct err e;

	c->conn.ops = &memory_ops;
	buf_init(&c->out, 4096);
	assert_int_equal(reply_send(&c->conn, resp, "r-1", head_only, &e),
	    RC_OK);
	return buf_str(&c->out);
}

static void
an_answer_is_written_as_cgi_has_it(void **state)
{
	static const char head[] = "Status: 405 Method Not Allowed\r\n"
				   "Content-Type: text/plain\r\n"
				   "Content-Length: 2\r\n"
				   "X-Request-ID: r-1\r\n"
				   "X-Content-Type-Options: nosniff\r\n"
				   "Cache-Control: no-store\r\n"
				   "Allow: POST\r\n"
				   "\r\n";
	struct http_resp resp;
	struct memory_conn c;

	(void)state;
	http_resp_init(&resp);
	resp.status = 405;
	resp.content_type = "text/plain";
	http_resp_header(&resp, "Allow", "POST");
	buf_add_str(&resp.body, "no");

	assert_string_equal(sent(&c, &resp, true), head);
	buf_fini(&c.out);
	assert_memory_equal(sent(&c, &resp, false), head, sizeof(head) - 1);
	assert_string_equal(c.out.data + sizeof(head) - 1, "no");
	buf_fini(&c.out);
	http_resp_fini(&resp);
}

static void
ids_differ(void **state)
{
	char a[REPLY_ID_SIZE], b[REPLY_ID_SIZE];

	(void)state;
	reply_make_id(a);
	reply_make_id(b);
	assert_string_not_equal(a, b);
	assert_memory_equal(a, b, 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_its_status),
		cmocka_unit_test(an_error_answer_says_what_the_client_can_do),
		cmocka_unit_test(internal_errors_are_not_shown_to_clients),
		cmocka_unit_test(each_wrong_field_is_named),
		cmocka_unit_test(an_answer_is_written_as_cgi_has_it),
		cmocka_unit_test(ids_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
