#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fastcgi.h>

#include "front/budget.h"
#include "front/fcgi_conn.h"
#include "tests/unit/unit.h"

#define BEGIN "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0"
#define BEGIN_KEPT "\1\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0"
#define NO_PARAMS "\1\4\0\1\0\0\0\0"
#define NO_INPUT "\1\5\0\1\0\0\0\0"
/* REQUEST_METHOD=PUT, CONTENT_LENGTH=4 */
#define PUT4                                      \
	"\1\4\0\1\0\44\0\0\16\3REQUEST_METHODPUT" \
	"\16\1CONTENT_LENGTH4"
#define INPUT(n) "\1\5\0\1\0" n "\0\0"

static struct budget memory, disk;
static const struct fcgi_conn_limits limits = { .max_body = 1000,
	.max_requests = 12,
	.room = { &memory, &disk, "/tmp", 0 } };

struct text {
	const char *p;
	size_t n;
};
#define TEXT(s)                  \
	{                        \
		s, sizeof(s) - 1 \
	}

static enum rc
feed(struct fcgi_conn *c, const char *p, size_t n, size_t step, int *status)
{
	enum rc rc = RC_OK;
	struct err e;
	size_t some;

	*status = 0;
	for (; n > 0 && rc == RC_OK; p += some, n -= some) {
		some = step < n ? step : n;
		rc = fcgi_conn_take(c, &limits, (const uint8_t *)p, some,
		    status, &e);
	}
	return rc;
}

static const struct {
	const char *what;
	struct text text;
	enum rc rc;
	int status;
	bool is_whole;
} streams[] = {
	{ "nothing", TEXT(""), RC_OK, 0, false },
	{ "one byte", TEXT("\1"), RC_OK, 0, false },
	{ "another version", TEXT("\2"), RC_INVALID, 0, false },
	{ "HTTP", TEXT("GET / HTTP/1.1\r\n\r\n"), RC_INVALID, 0, false },
	{ "half a begin", TEXT("\1\1\0\1\0\10\0\0\0\1"), RC_OK, 0, false },
	{ "a begin", TEXT(BEGIN), RC_OK, 0, false },
	{ "a begin of nine bytes", TEXT("\1\1\0\1\0\11\0\0\0\1\0\0\0\0\0\0\0"),
	    RC_INVALID, 0, false },
	{ "a begin of request 0", TEXT("\1\1\0\0\0\10\0\0\0\1\0\0\0\0\0\0"),
	    RC_INVALID, 0, false },
	{ "a request begun twice", TEXT(BEGIN BEGIN), RC_INVALID, 0, false },
	{ "no method", TEXT(BEGIN NO_PARAMS), RC_OK, 0, true },
	{ "parameters and no end of the input", TEXT(BEGIN PUT4 NO_PARAMS),
	    RC_OK, 0, false },
	{ "a whole request",
	    TEXT(BEGIN PUT4 NO_PARAMS INPUT("\4") "1234" NO_INPUT), RC_OK, 0,
	    true },
	{ "input in two records",
	    TEXT(BEGIN PUT4 NO_PARAMS INPUT("\1") "1" INPUT(
		"\3") "234" NO_INPUT),
	    RC_OK, 0, true },
	{ "less input than announced",
	    TEXT(BEGIN PUT4 NO_PARAMS INPUT("\1") "1" NO_INPUT), RC_OK, 0,
	    true },
	{ "more input than announced",
	    TEXT(BEGIN PUT4 NO_PARAMS INPUT("\5") "12345"), RC_OK, 0, true },
	{ "padding everywhere",
	    TEXT("\1\1\0\1\0\10\2\0\0\1\0\0\0\0\0\0xx"
		 "\1\4\0\1\0\0\1\0x"
		 "\1\5\0\1\0\0\3\0xxx"),
	    RC_OK, 0, true },
	{ "a pair over two records",
	    TEXT(BEGIN "\1\4\0\1\0\1\0\0\1"
		       "\1\4\0\1\0\4\0\0\2abc" NO_PARAMS),
	    RC_OK, 0, true },
	{ "a pair that is cut off",
	    TEXT(BEGIN "\1\4\0\1\0\4\0\0\1\2ab" NO_PARAMS), RC_INVALID, 0,
	    false },
	{ "a length alone", TEXT(BEGIN "\1\4\0\1\0\1\0\0\1" NO_PARAMS),
	    RC_INVALID, 0, false },
	{ "a name without a value",
	    TEXT(BEGIN "\1\4\0\1\0\3\0\0\1\0a" NO_PARAMS), RC_OK, 0, true },
	{ "neither name nor value",
	    TEXT(BEGIN "\1\4\0\1\0\2\0\0\0\0" NO_PARAMS), RC_OK, 0, true },
	{ "a NUL in a value", TEXT(BEGIN "\1\4\0\1\0\4\0\0\1\1a\0"), RC_DENIED,
	    400, false },
	{ "a name of 16 MiB", TEXT(BEGIN "\1\4\0\1\0\6\0\0\201\0\0\0\0a"),
	    RC_DENIED, 431, false },
	{ "input before the parameters", TEXT(BEGIN INPUT("\1") "x"),
	    RC_INVALID, 0, false },
	{ "parameters behind their end", TEXT(BEGIN PUT4 NO_PARAMS NO_PARAMS),
	    RC_INVALID, 0, false },
	{ "a record of no request", TEXT(NO_INPUT), RC_INVALID, 0, false },
	{ "output", TEXT("\1\6\0\1\0\0\0\0"), RC_INVALID, 0, false },
};

static void
each_stream_has_one_result_however_it_is_cut(void **state)
{
	size_t i, step;

	(void)state;
	for (i = 0; i < NELEM(streams); i++)
		for (step = 1; step < 40; step = 2 * step + 1) {
			struct fcgi_conn c;
			int status;
			enum rc rc;

			fcgi_conn_init(&c);
			rc = feed(&c, streams[i].text.p, streams[i].text.n,
			    step, &status);
			if (rc != streams[i].rc ||
			    status != streams[i].status ||
			    fcgi_conn_is_whole(&c) != streams[i].is_whole)
				fail_msg("%s, cut by %zu: %d %d",
				    streams[i].what, step, (int)rc, status);
			fcgi_conn_fini(&c);
		}
}

static void
a_body_is_what_came_and_no_more_than_announced(void **state)
{
	static const char text[] =
	    BEGIN PUT4 NO_PARAMS INPUT("\6") "123456" NO_INPUT;
	struct fcgi_conn c;
	char body[8];
	int status;
	size_t got;
	struct err e;
	struct http_conn *conn;

	(void)state;
	fcgi_conn_init(&c);
	assert_int_equal(feed(&c, text, sizeof(text) - 1, 3, &status), RC_OK);
	conn = &c.request->conn;
	assert_string_equal(conn->ops->params(conn)[0], "REQUEST_METHOD=PUT");
	assert_string_equal(conn->ops->params(conn)[1], "CONTENT_LENGTH=4");
	assert_null(conn->ops->params(conn)[2]);
	assert_int_equal(conn->ops->read(conn, body, 3, &got, &e), RC_OK);
	assert_int_equal(got, 3);
	assert_int_equal(conn->ops->read(conn, body + 3, 5, &got, &e), RC_OK);
	assert_int_equal(got, 1);
	assert_memory_equal(body, "1234", 4);
	assert_int_equal(conn->ops->read_end(conn, &e), RC_INVALID);
	fcgi_conn_fini(&c);
}

/* The records that wait in out, as type and id. */
static void
assert_out(struct fcgi_conn *c, const char *want)
{
	char got[64] = "";
	size_t at = 0, n = 0;
	const uint8_t *p = (const uint8_t *)c->out.data;

	while (at + 8 <= c->out.len) {
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%d/%d ",
		    p[at + 1], p[at + 3]);
		at += 8u + ((size_t)p[at + 4] << 8 | p[at + 5]);
	}
	assert_string_equal(got, want);
	buf_clear(&c->out);
}

static void
requests_of_one_connection_end_one_by_one(void **state)
{
	static const char first[] = BEGIN_KEPT NO_PARAMS;
	static const char other[] = "\1\1\0\2\0\10\0\0\0\1\1\0\0\0\0\0"
				    "\1\4\0\2\0\0\0\0\1\5\0\2\0\0\0\0";
	static const char role[] = "\1\1\0\3\0\10\0\0\0\2\1\0\0\0\0\0";
	struct fcgi_request *r;
	struct fcgi_conn c;
	int status;

	(void)state;
	fcgi_conn_init(&c);
	assert_int_equal(feed(&c, first, sizeof(first) - 1, 5, &status), RC_OK);
	assert_true(fcgi_conn_is_whole(&c) && !c.is_last);
	c.is_taken = true;
	assert_int_equal(feed(&c, other, sizeof(other) - 1, 5, &status), RC_OK);
	assert_out(&c, "3/2 ");
	r = c.request;
	fcgi_conn_forget(&c);
	fcgi_request_free(r);
	assert_int_equal(feed(&c, role, sizeof(role) - 1, 5, &status), RC_OK);
	assert_out(&c, "3/3 ");
	assert_true(fcgi_conn_is_between(&c));
	assert_int_equal(feed(&c, other, sizeof(other) - 1, 5, &status), RC_OK);
	assert_true(fcgi_conn_is_whole(&c));
	assert_int_equal(c.request->id, 2);
	fcgi_conn_fini(&c);
}

static void
nothing_is_added_to_an_aborted_request(void **state)
{
	static const char part[] = BEGIN_KEPT PUT4 NO_PARAMS INPUT("\1") "1";
	static const char more[] =
	    "\1\2\0\1\0\0\0\0" INPUT("\3") "234" NO_INPUT NO_PARAMS;
	struct fcgi_conn c;
	int status;

	(void)state;
	fcgi_conn_init(&c);
	assert_int_equal(feed(&c, part, sizeof(part) - 1, 99, &status), RC_OK);
	assert_int_equal(feed(&c, more, sizeof(more) - 1, 3, &status), RC_OK);
	assert_true(c.is_aborted);
	assert_int_equal(c.request->body.size, 1);
	assert_false(fcgi_conn_is_whole(&c));
	assert_out(&c, "");
	fcgi_conn_fini(&c);
}

static void
questions_are_answered(void **state)
{
	static const char ask[] = "\1\11\0\0\0\40\0\0"
				  "\15\0FCGI_MAX_REQS\17\0FCGI_MPXS_CONNS";
	static const char told[] = "\1\12\0\0\0\43\0\0"
				   "\15\2FCGI_MAX_REQS12\17\1FCGI_MPXS_CONNS0";
	struct fcgi_conn c;
	int status;

	(void)state;
	fcgi_conn_init(&c);
	assert_int_equal(feed(&c, ask, sizeof(ask) - 1, 7, &status), RC_OK);
	assert_int_equal(c.out.len, sizeof(told) - 1);
	assert_memory_equal(c.out.data, told, sizeof(told) - 1);
	fcgi_conn_fini(&c);
}

static void
a_peer_that_only_asks_takes_bounded_memory(void **state)
{
	static const char ask[] = "\1\143\0\0\0\0\0\0";
	struct fcgi_conn c;
	enum rc rc = RC_OK;
	size_t i;
	int status;

	(void)state;
	fcgi_conn_init(&c);
	for (i = 0; i < 100000 && rc == RC_OK; i++)
		rc = feed(&c, ask, sizeof(ask) - 1, 8, &status);
	assert_int_equal(rc, RC_INVALID);
	assert_true(c.out.len <= FCGI_CONN_OUT_MAX);
	fcgi_conn_fini(&c);
}

static void
fill(struct spool *s, size_t n)
{
	char part[1000];
	struct err e;
	size_t i, at;

	for (at = 0; at < n; at += sizeof(part)) {
		for (i = 0; i < sizeof(part); i++)
			part[i] = (char)((at + i) % 251);
		assert_int_equal(spool_add(s, part, sizeof(part), &e), RC_OK);
	}
}

static void
assert_filled(const struct spool *s, size_t n)
{
	char *all = malloc(n);
	struct err e;
	size_t i;

	assert_int_equal(s->size, n);
	assert_int_equal(spool_read(s, 0, all, 7, &e), RC_OK);
	assert_int_equal(spool_read(s, 7, all + 7, n - 7, &e), RC_OK);
	for (i = 0; i < n; i++)
		assert_int_equal((unsigned char)all[i], i % 251);
	free(all);
}

static void
a_spool_holds_what_came_in_memory_or_in_a_file(void **state)
{
	const struct spool_room nowhere = { &memory, &disk, "/no/such/folder",
		0 };
	struct spool a, b, c, d;
	struct budget little;
	struct spool_room tight = { &little, &disk, "/tmp", 0 };
	struct err e;

	(void)state;
	spool_init(&a, &limits.room);
	fill(&a, 60000);
	assert_int_equal(a.fd, -1);
	assert_filled(&a, 60000);

	spool_init(&b, &limits.room);
	fill(&b, 200000);
	assert_true(b.fd >= 0);
	assert_filled(&b, 200000);

	/* What finds no memory is in a file at once. */
	budget_init(&little, 1500);
	spool_init(&c, &tight);
	fill(&c, 5000);
	assert_true(c.fd >= 0);
	assert_filled(&c, 5000);

	spool_init(&d, &nowhere);
	fill(&d, 65000);
	assert_int_equal(spool_add(&d, "more than fits", 1000, &e), RC_SYSTEM);

	spool_fini(&a);
	spool_fini(&b);
	spool_fini(&c);
	spool_fini(&d);
	assert_int_equal(little.taken, 0);
	assert_int_equal(memory.taken, 0);
	assert_int_equal(disk.taken, 0);
	budget_fini(&little);
}

static void
a_spool_that_finds_no_disk_says_so(void **state)
{
	struct budget none;
	struct spool_room room = { &memory, &none, "/tmp", 0 };
	struct spool s;
	struct err e;
	enum rc rc = RC_OK;
	char part[4096] = "";

	(void)state;
	budget_init(&none, 100000);
	spool_init(&s, &room);
	while (rc == RC_OK)
		rc = spool_add(&s, part, sizeof(part), &e);
	assert_int_equal(rc, RC_BUSY);
	assert_true(s.size <= 100000);
	spool_fini(&s);
	assert_int_equal(none.taken, 0);
	budget_fini(&none);

	/* Nor does it take what is to stay free. */
	room.disk = &disk;
	room.min_free = INT64_MAX;
	spool_init(&s, &room);
	for (rc = RC_OK; rc == RC_OK;)
		rc = spool_add(&s, part, sizeof(part), &e);
	assert_int_equal(rc, RC_BUSY);
	assert_true(s.size <= SPOOL_MEMORY);
	spool_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_stream_has_one_result_however_it_is_cut),
		cmocka_unit_test(
		    a_body_is_what_came_and_no_more_than_announced),
		cmocka_unit_test(requests_of_one_connection_end_one_by_one),
		cmocka_unit_test(nothing_is_added_to_an_aborted_request),
		cmocka_unit_test(questions_are_answered),
		cmocka_unit_test(a_peer_that_only_asks_takes_bounded_memory),
		cmocka_unit_test(
		    a_spool_holds_what_came_in_memory_or_in_a_file),
		cmocka_unit_test(a_spool_that_finds_no_disk_says_so),
	};

	budget_init(&memory, 1 << 20);
	budget_init(&disk, 1 << 20);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
