#include "config.h"

#include <stdio.h>
#include <string.h>

#include <sys/socket.h>

#include "httpc_server.h"
#include "unit.h"

#include "base/loop.h"
#include "net/httpc.h"
#include "tests/unit/own_loop.h"

/*
 * F23: a kept connection that breaks before the answer has a line.  Whether
 * the receiver closed it idle, as it may at any time, or had the request in
 * its hands, looks the same from here; libcurl sends it once more (RFC 9110,
 * 9.2.2: what it means does not change, all have one webhook-id).
 */

#define IDLE 3

struct got {
	bool done;
	enum httpc_end end;
	int status;
};

static void
on_done(void *arg, const struct httpc_answer *a)
{
	struct got *got = arg;

	got->done = true;
	got->end = a->end;
	got->status = a->status;
}

static enum rc
allow_all(void *arg, const struct sockaddr *sa, bool is_https, struct err *e)
{
	(void)arg;
	(void)sa;
	(void)is_https;
	(void)e;

	return RC_OK;
}

static enum rc
allow_none(void *arg, const struct sockaddr *sa, bool is_https, struct err *e)
{
	(void)arg;
	(void)sa;
	(void)is_https;

	return err_set(e, RC_DENIED, "not this one");
}

/* Starts n calls at once, each on a connection of its own if none is kept,
 * and waits for them all. */
static void
ask(struct httpc *c, struct httpc_pool *p, bool once, struct got *got, size_t n)
{
	struct httpc_request req = { .method = "POST",
		.body = "{\"a\":1}",
		.bodysz = 7,
		.connect_timeout_ms = 2000,
		.timeout_ms = 5000,
		.keep = 100,
		.body_max = 65536,
		.once = once,
		.done = on_done };
	char url[64];
	size_t i;

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", server.port);
	req.url = url;
	memset(got, 0, n * sizeof(*got));
	for (i = 0; i < n; i++) {
		req.arg = &got[i];
		(void)httpc_start(p, &req);
	}
	while (httpc_open_calls(c) > 0)
		loop_turn(own_loop(), 1000);
	for (i = 0; i < n; i++)
		assert_true(got[i].done);
}

/* What the script's first acts answered is kept; then one more request. */
static struct got
ask_kept(const struct act *script, size_t n, size_t kept, bool once)
{
	const struct httpc_options opt = { .loop = own_loop(),
		.user_agent = "hls/test",
		.idle_connections = 8 };
	const struct httpc_policy policy = { allow_all, NULL };
	struct httpc_pool *p;
	struct got got[IDLE];
	struct httpc *c;
	struct err e;
	size_t i;

	assert_int_equal(httpc_new(&opt, &c, &e), RC_OK);
	p = httpc_pool_new(c, &policy, NULL);
	set_script(script, n);
	ask(c, p, false, got, kept);
	for (i = 0; i < kept; i++)
		assert_int_equal(got[i].status, 200);
	assert_int_equal(server_count(&server.accepted), kept);
	ask(c, p, once, got, 1);
	httpc_pool_free(p);
	httpc_free(c);

	return got[0];
}

#define OK                                                   \
	{                                                    \
		OK200 "Content-Length: 2\r\n\r\nok", 0, KEEP \
	}
#define CLOSED                 \
	{                      \
		NULL, 0, CLOSE \
	}
#define BROKEN                 \
	{                      \
		NULL, 0, RESET \
	}

/* Once more, on a new connection; never again by way of another kept one,
 * each of which may be as dead as the first. */
static void
a_kept_connection_that_breaks_is_two_requests_at_most(void **state)
{
	static const struct {
		struct act script[5];
		size_t n, kept, accepted, requests;
		int status;
	} t[] = {
		{ { OK, CLOSED, OK }, 3, 1, 2, 3, 200 },
		{ { OK, BROKEN, OK }, 3, 1, 2, 3, 200 },
		{ { OK, CLOSED }, 2, 1, 2, 3, 0 },
		{ { OK, BROKEN }, 2, 1, 2, 3, 0 },
		{ { OK, OK, OK, CLOSED, OK }, 5, IDLE, IDLE + 1, IDLE + 2,
		    200 },
		{ { OK, OK, OK, BROKEN }, 4, IDLE, IDLE + 1, IDLE + 2, 0 },
	};
	struct got got;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(t); i++) {
		got = ask_kept(t[i].script, t[i].n, t[i].kept, false);
		if (got.status != t[i].status ||
		    server_count(&server.accepted) != t[i].accepted ||
		    server_count(&server.requests) != t[i].requests)
			fail_msg("%zu: %d, %zu connections, %zu requests", i,
			    got.status, server_count(&server.accepted),
			    server_count(&server.requests));
	}
}

/* It begins with a whole line; less than one is nothing to libcurl. */
static void
a_request_whose_answer_began_is_not_sent_again(void **state)
{
	static const struct act script[] = { OK, { OK200 "X-A", 0, CLOSE },
		OK };
	struct got got = ask_kept(script, NELEM(script), 1, false);

	(void)state;
	assert_int_equal(got.status, 0);
	assert_int_equal(server_count(&server.requests), 2);
}

static void
a_new_connection_that_breaks_is_one_request(void **state)
{
	static const struct act script[] = { BROKEN, OK };
	struct got got = ask_kept(script, NELEM(script), 0, false);

	(void)state;
	assert_int_equal(got.end, HTTPC_BROKEN);
	assert_int_equal(server_count(&server.requests), 1);
}

static void
a_request_to_send_once_uses_a_new_connection(void **state)
{
	static const struct act script[] = { OK, CLOSED, OK };
	struct got got = ask_kept(script, NELEM(script), 1, true);

	(void)state;
	assert_int_equal(got.end, HTTPC_BROKEN);
	assert_int_equal(server_count(&server.accepted), 2);
	assert_int_equal(server_count(&server.requests), 2);
}

/* No pool uses the connections or the resolved addresses of another. */
static void
each_pool_has_rules_of_its_own_for_addresses(void **state)
{
	static const struct act script[] = { OK };
	static const struct httpc_policy rules[] = { { allow_all, NULL },
		{ allow_none, NULL } };
	const struct httpc_options opt = { .loop = own_loop(),
		.user_agent = "hls/test",
		.idle_connections = 8 };
	struct httpc_pool *pools[NELEM(rules)];
	struct httpc *c;
	struct got got;
	struct err e;
	size_t i;

	(void)state;
	set_script(script, 1);
	assert_int_equal(httpc_new(&opt, &c, &e), RC_OK);
	for (i = 0; i < NELEM(rules); i++)
		pools[i] = httpc_pool_new(c, &rules[i], NULL);
	for (i = 0; i < 4; i++) {
		ask(c, pools[i % 2], false, &got, 1);
		assert_int_equal(got.end,
		    i % 2 == 0 ? HTTPC_COMPLETE : HTTPC_DENIED);
	}
	assert_int_equal(server_count(&server.accepted), 1);
	assert_int_equal(server_count(&server.requests), 2);
	for (i = 0; i < NELEM(rules); i++)
		httpc_pool_free(pools[i]);
	httpc_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_kept_connection_that_breaks_is_two_requests_at_most),
		cmocka_unit_test(
		    a_request_whose_answer_began_is_not_sent_again),
		cmocka_unit_test(a_new_connection_that_breaks_is_one_request),
		cmocka_unit_test(a_request_to_send_once_uses_a_new_connection),
		cmocka_unit_test(each_pool_has_rules_of_its_own_for_addresses),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
