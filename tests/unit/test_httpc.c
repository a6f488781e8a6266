#include "config.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "httpc_server.h"
#include "unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/xalloc.h"
#include "net/httpc.h"
#include "tests/unit/own_loop.h"

static atomic_int denials;
static int allow_calls;

static enum rc
allow_all(void *arg, const struct sockaddr *sa, bool is_https, struct err *e)
{
	(void)arg;
	(void)sa;
	(void)is_https;
	(void)e;
	allow_calls++;

	return RC_OK;
}

static enum rc
allow_none(void *arg, const struct sockaddr *sa, bool is_https, struct err *e)
{
	(void)arg;
	(void)sa;
	(void)is_https;
	denials++;

	return err_set(e, RC_DENIED, "no");
}

/* Allows sockets, then refuses what is used again. */
static enum rc
allow_first(void *arg, const struct sockaddr *sa, bool is_https, struct err *e)
{
	return allow_calls < *(int *)arg ? allow_all(NULL, sa, is_https, e)
					 : allow_none(NULL, sa, is_https, e);
}

struct got {
	bool done;
	struct httpc_answer a;
	char body[128];
};

static void
on_done(void *arg, const struct httpc_answer *a)
{
	struct got *got = arg;
	size_t n =
	    a->bodysz < sizeof(got->body) ? a->bodysz : sizeof(got->body) - 1;

	got->done = true;
	got->a = *a;
	memcpy(got->body, a->body, n);
	got->body[n] = '\0';
}

static const char *const some_headers[] = { "webhook-id: evt_1",
	"Content-Type: application/json", "X-Empty;" };

static struct httpc_request
request(struct got *got, char *url, size_t urlsz)
{
	struct httpc_request req = { .url = url,
		.method = "POST",
		.headers = some_headers,
		.nheaders = NELEM(some_headers),
		.body = "{\"a\":1}",
		.bodysz = 7,
		.connect_timeout_ms = 2000,
		.timeout_ms = 5000,
		.keep = 100,
		.body_max = 65536,
		.done = on_done,
		.arg = got };

	snprintf(url, urlsz, "http://127.0.0.1:%d/in?key=1", server.port);
	memset(got, 0, sizeof(*got));

	return req;
}

static struct httpc *
client(void)
{
	const struct httpc_options opt = { .loop = own_loop(),
		.user_agent = "hls/test",
		.idle_connections = 8 };
	struct httpc *c;
	struct err e;

	denials = 0;
	allow_calls = 0;
	assert_int_equal(httpc_new(&opt, &c, &e), RC_OK);

	return c;
}

static struct httpc_pool *
pool(struct httpc *c,
    enum rc (*allow)(void *, const struct sockaddr *, bool, struct err *),
    void *arg)
{
	const struct httpc_policy policy = { allow, arg };

	return httpc_pool_new(c, &policy, NULL);
}

static void
run(const struct got *got)
{
	while (!got->done)
		loop_turn(own_loop(), 1000);
}

/* One request against a script, on a client of its own. */
static struct got
ask(const struct act *script, size_t n, int64_t timeout_ms)
{
	struct httpc *c = client();
	struct httpc_pool *p = pool(c, allow_all, NULL);
	struct httpc_request req;
	struct got got;
	char url[64];

	set_script(script, n);
	req = request(&got, url, sizeof(url));
	req.timeout_ms = timeout_ms;
	httpc_start(p, &req);
	run(&got);
	httpc_pool_free(p);
	httpc_free(c);

	return got;
}

static const char answer_ok[] = OK200 "Content-Length: 2\r\n\r\nok";

static void
a_post_is_sent_whole_and_answered(void **state)
{
	static const struct act script[] = { { answer_ok, 0, KEEP } };
	struct got got = ask(script, 1, 5000);

	(void)state;
	assert_int_equal(got.a.end, HTTPC_COMPLETE);
	assert_int_equal(got.a.status, 200);
	assert_string_equal(got.a.text, "");
	assert_string_equal(got.a.address, "127.0.0.1");
	assert_string_equal(got.body, "ok");
	assert_seen("POST /in?key=1 HTTP/1.1\r\n", true);
	assert_seen("\r\nUser-Agent: hls/test\r\n", true);
	assert_seen("\r\nwebhook-id: evt_1\r\n", true);
	assert_seen("\r\nX-Empty:\r\n", true);
	assert_seen("\r\nContent-Length: 7\r\n", true);
	assert_seen("\r\n\r\n{\"a\":1}", true);
	assert_seen("Expect", false);
	assert_seen("Accept-Encoding", false);
}

static void
a_large_body_is_sent_without_waiting_for_100_continue(void **state)
{
	static const struct act script[] = { { answer_ok, 0, KEEP } };
	struct httpc *c = client();
	struct httpc_pool *p = pool(c, allow_all, NULL);
	size_t n = 3u << 20;
	char *body = xmalloc(n), url[64];
	struct httpc_request req;
	struct got got;

	(void)state;
	memset(body, 'x', n);
	set_script(script, 1);
	req = request(&got, url, sizeof(url));
	req.body = body;
	req.bodysz = n;
	httpc_start(p, &req);
	run(&got);
	assert_int_equal(got.a.status, 200);
	assert_seen("Content-Length: 3145728", true);
	assert_seen("Expect", false);
	httpc_pool_free(p);
	httpc_free(c);
	free(body);
}

static void
any_method_and_an_empty_body_are_sent(void **state)
{
	static const char *const methods[] = { "GET", "PUT", "POST", "DELETE" };
	static const char *const lines[] = { "GET /in?key=1 HTTP/1.1\r\n",
		"PUT /in", "POST /in", "DELETE /in" };
	static const struct act script[] = { { answer_ok, 0, KEEP } };
	struct httpc *c = client();
	struct httpc_pool *p = pool(c, allow_all, NULL);
	struct httpc_request req;
	struct got got;
	char url[64];
	size_t i;

	(void)state;
	set_script(script, 1);
	for (i = 0; i < NELEM(methods); i++) {
		req = request(&got, url, sizeof(url));
		req.method = methods[i];
		if (i == 0 || i == 3)
			req.body = NULL;
		httpc_start(p, &req);
		run(&got);
		assert_int_equal(got.a.status, 200);
		assert_seen(lines[i], true);
		assert_seen("{\"a\":1}", req.body != NULL);
	}
	httpc_pool_free(p);
	httpc_free(c);
}

/* A status and whole headers make an answer, whatever breaks behind them:
 * F24, F25, F26, F30, B89, B90. */
static const struct {
	const char *name;
	struct act act;
	int64_t timeout_ms;
	enum httpc_end end;
	int status;
	const char *text;
} ways[] = {
	{ "redirect",
	    { "HTTP/1.1 302 F\r\nLocation: http://127.0.0.1/\r\n"
	      "Content-Length: 0\r\n\r\n",
		0, KEEP },
	    5000, HTTPC_COMPLETE, 302, "" },
	{ "no content", { "HTTP/1.1 204 No Content\r\n\r\n", 0, KEEP }, 5000,
	    HTTPC_COMPLETE, 204, "" },
	{ "103 and 200",
	    { "HTTP/1.1 103 Early\r\nX: y\r\n\r\n" OK200
	      "Content-Length: 0\r\n\r\n",
		0, KEEP },
	    5000, HTTPC_COMPLETE, 200, "" },
	{ "until closed", { OK200 "\r\nbody", 0, CLOSE }, 5000, HTTPC_COMPLETE,
	    200, "" },
	{ "truncated body", { OK200 "Content-Length: 99\r\n\r\nx", 0, CLOSE },
	    5000, HTTPC_CUT, 200, "the answer ended early" },
	{ "garbled chunks",
	    { OK200 "Transfer-Encoding: chunked\r\n\r\nZZ\r\n", 0, CLOSE },
	    5000, HTTPC_CUT, 200, "connection broken while reading" },
	{ "body never ends", { OK200 "Content-Length: 99\r\n\r\nx", 0, HANG },
	    300, HTTPC_CUT, 200, "no answer in time" },
	{ "silence", { NULL, 0, HANG }, 300, HTTPC_TIMEOUT, 0,
	    "no answer in time" },
	{ "headers never end", { OK200 "X-A: b\r\n", 0, HANG }, 300,
	    HTTPC_TIMEOUT, 0, "no answer in time" },
	{ "cut headers", { OK200 "Content-Le", 0, CLOSE }, 5000, HTTPC_BROKEN,
	    0, NULL },
	{ "reset", { NULL, 0, RESET }, 5000, HTTPC_BROKEN, 0, NULL },
	{ "closed", { NULL, 0, CLOSE }, 5000, HTTPC_BROKEN, 0,
	    "connection closed without an answer" },
	{ "not HTTP", { "SSH-2.0-x\r\n", 0, CLOSE }, 5000, HTTPC_PROTOCOL, 0,
	    NULL },
	{ "HTTP/0.9", { "hello", 0, CLOSE }, 5000, HTTPC_PROTOCOL, 0, NULL },
	{ "bad length", { OK200 "Content-Length: -5\r\n\r\nhello", 0, CLOSE },
	    5000, HTTPC_PROTOCOL, 0, NULL },
	{ "many headers", { OK200 "X-A: b\r\n", 200000, CLOSE }, 5000,
	    HTTPC_PROTOCOL, 0, NULL },
	{ "100 for ever", { "HTTP/1.1 100 Continue\r\n\r\n", FOREVER, CLOSE },
	    5000, HTTPC_PROTOCOL, 0, "the headers are too long" },
};

static void
every_end_has_a_kind_a_status_and_a_text(void **state)
{
	struct got got;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(ways); i++) {
		got = ask(&ways[i].act, 1, ways[i].timeout_ms);
		if (got.a.end != ways[i].end ||
		    got.a.status != ways[i].status ||
		    (ways[i].text != NULL &&
			strcmp(got.a.text, ways[i].text) != 0) ||
		    (got.a.status == 0 && got.a.text[0] == '\0'))
			fail_msg("%s: %d, %d, \"%s\"", ways[i].name,
			    (int)got.a.end, got.a.status, got.a.text);
	}
}

static void
an_endless_body_is_cut_and_counts_as_an_answer(void **state)
{
	static char start[4096];
	static const struct act script[] = { { start, FOREVER, CLOSE } };
	struct got got;

	(void)state;
	memset(start, 'x', sizeof(start) - 1);
	memcpy(start, OK200 "\r\n", sizeof(OK200 "\r\n") - 1);
	got = ask(script, 1, 5000);
	assert_int_equal(got.a.end, HTTPC_CUT);
	assert_int_equal(got.a.status, 200);
	assert_string_equal(got.a.text,
	    "the body is over the maximum that is read");
	assert_int_equal(got.a.bodysz, 100);
	assert_true(got.a.took_ms < 4000);
}

static void
retry_after_is_handed_on_as_sent(void **state)
{
	static const struct act script[] = {
		{ "HTTP/1.1 503 Busy\r\nRETRY-AFTER:  120 \r\n"
		  "Content-Length: 0\r\n\r\n",
		    0, KEEP }
	};
	struct got got = ask(script, 1, 5000);

	(void)state;
	assert_int_equal(got.a.status, 503);
	assert_string_equal(got.a.retry_after, "120");
}

static void
connections_are_reused_within_their_pool_only(void **state)
{
	static const struct act script[] = { { answer_ok, 0, KEEP } };
	struct httpc *c = client();
	struct httpc_pool *a = pool(c, allow_all, NULL),
			  *b = pool(c, allow_all, NULL);
	struct httpc_request req;
	struct got got;
	char url[64];
	int i;

	(void)state;
	set_script(script, 1);
	for (i = 0; i < 3; i++) {
		req = request(&got, url, sizeof(url));
		httpc_start(a, &req);
		run(&got);
		assert_int_equal(got.a.status, 200);
	}
	assert_int_equal(server_count(&server.accepted), 1);
	req = request(&got, url, sizeof(url));
	httpc_start(b, &req);
	run(&got);
	assert_int_equal(server_count(&server.accepted), 2);
	assert_int_equal(server_count(&server.requests), 4);
	/* A socket each, and every request. */
	assert_int_equal(allow_calls, 6);
	httpc_pool_free(a);
	httpc_pool_free(b);
	httpc_free(c);
}

/* Each part by itself; what was not needed, or not reached, is -1. */
static void
the_duration_of_each_phase_is_reported(void **state)
{
	static const struct act script[] = { { answer_ok, 0, KEEP },
		{ answer_ok, 0, KEEP }, { NULL, 0, HANG } };
	struct httpc *c = client();
	struct httpc_pool *p = pool(c, allow_all, NULL);
	struct httpc_request req;
	struct got got;
	char url[64];
	int i;

	(void)state;
	set_script(script, 3);
	for (i = 0; i < 3; i++) {
		req = request(&got, url, sizeof(url));
		req.timeout_ms = 200;
		httpc_start(p, &req);
		run(&got);
		/* The first alone looked a name up and connected. */
		assert_true((got.a.times.name_us >= 0) == (i == 0));
		assert_true((got.a.times.connect_us >= 0) == (i == 0));
		assert_int_equal(got.a.times.tls_us, -1);
		/* The last was sent and got no answer. */
		assert_true((got.a.times.first_byte_us >= 0) == (i < 2));
		assert_int_equal(got.a.times.total_us / 1000, got.a.took_ms);
		assert_true(got.a.times.total_us >= got.a.times.name_us +
			got.a.times.connect_us + got.a.times.first_byte_us);
	}
	assert_true(got.a.times.total_us >= 190000);

	req = request(&got, url, sizeof(url));
	req.url = "http://127.0.0.1:1/";
	httpc_start(p, &req);
	run(&got);
	assert_int_equal(got.a.end, HTTPC_REFUSED);
	assert_int_equal(got.a.times.connect_us, -1);
	assert_int_equal(got.a.times.first_byte_us, -1);
	assert_true(got.a.times.total_us >= 0);
	httpc_pool_free(p);
	httpc_free(c);
}

/* That we are out of descriptors is not the receiver's fault. */
static void
no_descriptor_left_is_our_own_failure(void **state)
{
	struct httpc *c = client();
	struct httpc_pool *p = pool(c, allow_all, NULL);
	struct rlimit was, none;
	struct httpc_request req;
	struct got got;
	char url[64];

	(void)state;
	req = request(&got, url, sizeof(url));
	httpc_start(p, &req);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	while (!got.done)
		loop_turn(own_loop(), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(got.a.end, HTTPC_SHORT);
	assert_string_equal(got.a.text,
	    "no descriptor or memory is left on this host");
	httpc_pool_free(p);
	httpc_free(c);
}

static void
a_denied_address_is_never_connected_to(void **state)
{
	static const struct act script[] = { { answer_ok, 0, KEEP } };
	static const char *const spellings[] = { "127.0.0.1", "127.1",
		"0x7f000001", "2130706433", "localhost", "[::1]",
		"[::ffff:127.0.0.1]", "017700000001" };
	struct httpc *c = client();
	struct httpc_pool *p = pool(c, allow_none, NULL);
	struct httpc_request req;
	struct got got;
	char url[64];
	size_t i;

	(void)state;
	set_script(script, 1);
	for (i = 0; i < NELEM(spellings); i++) {
		req = request(&got, url, sizeof(url));
		snprintf(url, sizeof(url), "http://%s:%d/", spellings[i],
		    server.port);
		httpc_start(p, &req);
		run(&got);
		assert_int_equal(got.a.end, HTTPC_DENIED);
		assert_string_equal(got.a.text, "the address is not allowed");
		assert_string_equal(got.a.address, "");
		assert_int_equal(got.a.by_name,
		    strcmp(spellings[i], "localhost") == 0);
	}
	assert_true(denials >= (int)NELEM(spellings));
	assert_int_equal(server_count(&server.accepted), 0);
	httpc_pool_free(p);
	httpc_free(c);
}

static enum rc
allow_v4(void *arg, const struct sockaddr *sa, bool is_https, struct err *e)
{
	(void)arg;
	(void)is_https;

	return sa->sa_family == AF_INET ? RC_OK : err_set(e, RC_DENIED, "no");
}

/* The resolver gives localhost both kinds, where the host knows both. */
static void
an_allowed_address_is_used_beside_a_denied_one(void **state)
{
	static const struct act script[] = { { answer_ok, 0, KEEP } };
	struct httpc *c = client();
	struct httpc_pool *p = pool(c, allow_v4, NULL);
	struct httpc_request req;
	struct got got;
	char url[64];

	(void)state;
	set_script(script, 1);
	req = request(&got, url, sizeof(url));
	snprintf(url, sizeof(url), "http://localhost:%d/", server.port);
	httpc_start(p, &req);
	run(&got);
	assert_int_equal(got.a.status, 200);
	assert_string_equal(got.a.address, "127.0.0.1");
	assert_true(got.a.times.connect_us < 250000);
	httpc_pool_free(p);
	httpc_free(c);
}

static void
an_open_connection_is_judged_again_before_each_request(void **state)
{
	static const struct act script[] = { { answer_ok, 0, KEEP } };
	int allowed = 2; /* the socket and the first request */
	struct httpc *c = client();
	struct httpc_pool *p = pool(c, allow_first, &allowed);
	struct httpc_request req;
	struct got got;
	char url[64];

	(void)state;
	set_script(script, 1);
	req = request(&got, url, sizeof(url));
	httpc_start(p, &req);
	run(&got);
	assert_int_equal(got.a.status, 200);
	req = request(&got, url, sizeof(url));
	httpc_start(p, &req);
	run(&got);
	assert_int_equal(got.a.end, HTTPC_DENIED);
	assert_int_equal(server_count(&server.requests), 1);
	httpc_pool_free(p);
	httpc_free(c);
}

static void
other_protocols_and_proxies_cannot_be_used(void **state)
{
	static const char *const urls[] = { "file:///etc/passwd",
		"gopher://127.0.0.1/", "ftp://127.0.0.1/",
		"dict://127.0.0.1/" };
	static const struct act script[] = { { answer_ok, 0, KEEP } };
	struct httpc *c = client();
	struct httpc_pool *p = pool(c, allow_all, NULL);
	struct httpc_request req;
	struct got got;
	char url[64], proxy[64];
	size_t i;

	(void)state;
	set_script(script, 1);
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", server.port);
	setenv("http_proxy", proxy, 1);
	setenv("https_proxy", proxy, 1);
	setenv("ALL_PROXY", proxy, 1);
	for (i = 0; i < NELEM(urls); i++) {
		req = request(&got, url, sizeof(url));
		req.url = urls[i];
		httpc_start(p, &req);
		run(&got);
		assert_int_equal(got.a.status, 0);
		assert_int_not_equal(got.a.end, HTTPC_COMPLETE);
	}
	req = request(&got, url, sizeof(url));
	req.url = "http://127.0.0.1:1/";
	httpc_start(p, &req);
	run(&got);
	assert_int_equal(got.a.end, HTTPC_REFUSED);
	assert_string_equal(got.a.text, "connection refused");
	assert_int_equal(server_count(&server.accepted), 0);
	unsetenv("http_proxy");
	unsetenv("https_proxy");
	unsetenv("ALL_PROXY");
	httpc_pool_free(p);
	httpc_free(c);
}

static void
plain_text_where_tls_should_be_is_refused(void **state)
{
	static const struct act script[] = { { answer_ok, 0, CLOSE } };
	struct httpc *c = client();
	struct httpc_pool *p = pool(c, allow_all, NULL);
	struct httpc_request req;
	struct got got;
	char url[64];

	(void)state;
	set_script(script, 1);
	req = request(&got, url, sizeof(url));
	req.connect_timeout_ms = 500;
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", server.port);
	httpc_start(p, &req);
	run(&got);
	assert_true(got.a.end == HTTPC_TLS || got.a.end == HTTPC_NOT_IN_TIME);
	httpc_pool_free(p);
	httpc_free(c);
}

static void
a_cancelled_call_never_calls_back(void **state)
{
	static const struct act script[] = { { NULL, 0, HANG },
		{ answer_ok, 0, KEEP } };
	struct httpc *c = client();
	struct httpc_pool *p = pool(c, allow_all, NULL);
	struct httpc_request req;
	struct httpc_call *call;
	struct got got, other;
	char url[64];

	(void)state;
	set_script(script, 2);
	req = request(&got, url, sizeof(url));
	call = httpc_start(p, &req);
	while (server_count(&server.requests) == 0)
		loop_turn(own_loop(), 10);
	assert_int_equal(httpc_open_calls(c), 1);
	httpc_cancel(call);
	assert_int_equal(httpc_open_calls(c), 0);
	req = request(&other, url, sizeof(url));
	httpc_start(p, &req);
	run(&other);
	assert_int_equal(other.a.status, 200);
	assert_false(got.done);

	/* A pool may go with calls in hand. */
	httpc_start(p, &req);
	httpc_pool_free(p);
	httpc_free(c);
}

static void
count(void *arg, unsigned int found)
{
	int *calls = arg;

	assert_int_equal(found, LOOP_READ);
	++*calls;
}

static void
other_descriptors_live_on_the_same_loop(void **state)
{
	static const struct act script[] = { { NULL, 0, HANG } };
	struct httpc *c = client();
	struct httpc_pool *p = pool(c, allow_all, NULL);
	struct loop_watch w = { .call = count };
	struct httpc_request req;
	struct got got;
	int calls = 0, fds[2];
	char url[64];
	struct err e;

	(void)state;
	set_script(script, 1);
	req = request(&got, url, sizeof(url));
	httpc_start(p, &req);
	while (server_count(&server.requests) == 0)
		loop_turn(own_loop(), 10);
	assert_int_equal(pipe(fds), 0);
	w.fd = fds[0];
	w.arg = &calls;
	assert_int_equal(loop_watch(own_loop(), &w, LOOP_READ, &e), RC_OK);
	loop_turn(own_loop(), 0);
	assert_int_equal(calls, 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	while (calls == 0)
		loop_turn(own_loop(), 60000);
	assert_false(got.done);
	loop_unwatch(own_loop(), &w);
	close(fds[0]);
	close(fds[1]);
	httpc_pool_free(p);
	httpc_free(c);
}

/* Bytes that no request waits for would end every wait at once. */
static void
unasked_bytes_do_not_keep_the_loop_awake(void **state)
{
	static const struct act script[] = { { answer_ok, 2, KEEP } };
	struct httpc *c = client();
	struct httpc_pool *p = pool(c, allow_all, NULL);
	struct httpc_request req;
	struct got got;
	char url[64];
	int64_t began;
	int turns = 0;

	(void)state;
	set_script(script, 1);
	req = request(&got, url, sizeof(url));
	httpc_start(p, &req);
	run(&got);
	assert_int_equal(got.a.status, 200);
	began = clock_boot_ms(clock_system());
	while (clock_boot_ms(clock_system()) < began + 100) {
		loop_turn(own_loop(), 100);
		turns++;
	}
	assert_true(turns < 10);
	httpc_pool_free(p);
	httpc_free(c);
}

static struct {
	struct httpc_pool *pool;
	struct httpc_request req;
	int left;
	bool done;
} chain;

static void
on_chain(void *arg, const struct httpc_answer *a)
{
	(void)arg;
	assert_int_equal(a->status, 200);
	if (chain.left-- > 0)
		httpc_start(chain.pool, &chain.req);
	else
		chain.done = true;
}

static void
a_callback_may_start_the_next_call(void **state)
{
	static const struct act script[] = { { answer_ok, 0, KEEP } };
	struct httpc *c = client();
	struct got got;
	char url[64];

	(void)state;
	set_script(script, 1);
	chain.pool = pool(c, allow_all, NULL);
	chain.req = request(&got, url, sizeof(url));
	chain.req.done = on_chain;
	chain.left = 20;
	httpc_start(chain.pool, &chain.req);
	while (!chain.done)
		loop_turn(own_loop(), 1000);
	assert_int_equal(server_count(&server.requests), 21);
	httpc_pool_free(chain.pool);
	httpc_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_post_is_sent_whole_and_answered),
		cmocka_unit_test(
		    a_large_body_is_sent_without_waiting_for_100_continue),
		cmocka_unit_test(any_method_and_an_empty_body_are_sent),
		cmocka_unit_test(every_end_has_a_kind_a_status_and_a_text),
		cmocka_unit_test(
		    an_endless_body_is_cut_and_counts_as_an_answer),
		cmocka_unit_test(retry_after_is_handed_on_as_sent),
		cmocka_unit_test(connections_are_reused_within_their_pool_only),
		cmocka_unit_test(the_duration_of_each_phase_is_reported),
		cmocka_unit_test(no_descriptor_left_is_our_own_failure),
		cmocka_unit_test(a_denied_address_is_never_connected_to),
		cmocka_unit_test(
		    an_allowed_address_is_used_beside_a_denied_one),
		cmocka_unit_test(
		    an_open_connection_is_judged_again_before_each_request),
		cmocka_unit_test(other_protocols_and_proxies_cannot_be_used),
		cmocka_unit_test(plain_text_where_tls_should_be_is_refused),
		cmocka_unit_test(a_cancelled_call_never_calls_back),
		cmocka_unit_test(other_descriptors_live_on_the_same_loop),
		cmocka_unit_test(unasked_bytes_do_not_keep_the_loop_awake),
		cmocka_unit_test(a_callback_may_start_the_next_call),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
