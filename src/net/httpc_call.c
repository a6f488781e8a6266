#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt_tls.h"
#include "base/xalloc.h"
#include "net/httpc_int.h"

static void
opt_long(CURL *easy, CURLoption option, long value)
{
	if (curl_easy_setopt(easy, option, value) != CURLE_OK)
		fatal("libcurl does not know option %d", (int)option);
}

static void
opt_text(CURL *easy, CURLoption option, const char *value)
{
	if (curl_easy_setopt(easy, option, value) != CURLE_OK)
		fatal("libcurl refuses option %d", (int)option);
}

static CURLcode
on_ssl_ctx(CURL *easy, void *ssl_ctx, void *arg)
{
	(void)easy;
	return crypt_tls_dress(arg, ssl_ctx) ? CURLE_OK
					     : CURLE_SSL_CACERT_BADFILE;
}

/* Nothing turns this off. */
static void
set_trust(CURL *easy, const struct httpc_pool *p)
{
	const char *ca_file = p->ca_file != NULL ? p->ca_file : p->c->ca_file;

	opt_long(easy, CURLOPT_SSL_VERIFYPEER, 1);
	opt_long(easy, CURLOPT_SSL_VERIFYHOST, 2);
	opt_long(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	if (p->cert_file != NULL) {
		opt_text(easy, CURLOPT_SSLCERT, p->cert_file);
		opt_text(easy, CURLOPT_SSLKEY,
		    p->key_file != NULL ? p->key_file : p->cert_file);
	}
	if (p->tls != NULL) {
		opt_text(easy, CURLOPT_CAINFO, NULL);
		opt_text(easy, CURLOPT_CAPATH, NULL);
		opt_long(easy, CURLOPT_CA_CACHE_TIMEOUT, 0);
		curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
		curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, p->tls);
	} else if (ca_file != NULL) {
		opt_text(easy, CURLOPT_CAINFO, ca_file);
		opt_text(easy, CURLOPT_CAPATH, NULL);
	}
}

/* What holds for every request that ever goes out on this handle. */
static void
set_rules(struct httpc_call *call)
{
	CURL *easy = call->easy;

	opt_long(easy, CURLOPT_NOSIGNAL, 1);
	/* An address of one family that is dead costs no more than this. */
	opt_long(easy, CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS, 100);
	opt_long(easy, CURLOPT_QUICK_EXIT, 1);
	opt_text(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	opt_text(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	opt_long(easy, CURLOPT_FOLLOWLOCATION, 0);
	opt_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	opt_long(easy, CURLOPT_HTTP09_ALLOWED, 0);
	opt_text(easy, CURLOPT_PROXY, "");
	opt_text(easy, CURLOPT_PRE_PROXY, "");
	opt_text(easy, CURLOPT_NOPROXY, "*");
	opt_long(easy, CURLOPT_NETRC, CURL_NETRC_IGNORED);
	/* Cookies, HSTS and alternative services are off unless asked for,
	 * and a libcurl may be built without them. */
	opt_long(easy, CURLOPT_UNRESTRICTED_AUTH, 0);
	opt_text(easy, CURLOPT_ACCEPT_ENCODING, NULL);
	opt_long(easy, CURLOPT_HTTP_CONTENT_DECODING, 0);
	opt_text(easy, CURLOPT_USERAGENT, call->pool->c->user_agent);
	/* A name that moves is followed within minutes. */
	opt_long(easy, CURLOPT_MAXLIFETIME_CONN, HTTPC_KEPT_LIFE_S);
	opt_long(easy, CURLOPT_MAXAGE_CONN, HTTPC_KEPT_IDLE_S);
	opt_long(easy, CURLOPT_BUFFERSIZE, 4096);

	set_trust(easy, call->pool);
	httpc_addr_guard(call);
	httpc_answer_listen(call);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
}

static void on_named(struct httpc_call *call, CURLcode code);

/* A handle and its buffers, used again where there is one. */
static struct httpc_call *
call_take(struct httpc_pool *p)
{
	struct httpc_call *call = p->idle;

	if (call != NULL) {
		p->idle = call->next;
	} else {
		call = xcalloc(1, sizeof(*call));
		call->pool = p;
		call->named = on_named;
		call->easy = curl_easy_init();
		if (call->easy == NULL)
			fatal("libcurl has no memory left");
		set_rules(call);
	}
	call->next = p->busy;
	call->prev = &p->busy;
	if (call->next != NULL)
		call->next->prev = &call->next;
	p->busy = call;
	p->c->open++;

	return call;
}

/* From libcurl, if it has it. */
static void
call_recall(struct httpc_call *call)
{
	if (!call->is_sent)
		return;
	httpc_socket_guard(call->pool);
	curl_multi_remove_handle(call->pool->multi, call->easy);
	call->is_sent = false;
}

static void
call_give_back(struct httpc_call *call)
{
	struct httpc_pool *p = call->pool;

	httpc_name_leave(call);
	call_recall(call);
	httpc_kept_release(call);
	*call->prev = call->next;
	if (call->next != NULL)
		call->next->prev = call->prev;
	call->next = p->idle;
	p->idle = call;
	p->c->open--;
}

/* libcurl reads the list and leaves it alone, so the nodes are ours and the
 * texts the caller's. */
static void
set_headers(struct httpc_call *call, const struct httpc_request *req)
{
	static char no_expect[] = "Expect:";
	size_t i, n = req->nheaders + 1;

	if (n > call->nlines) {
		call->lines =
		    xreallocarray(call->lines, n, sizeof(*call->lines));
		call->nlines = n;
	}
	call->lines[0].data = no_expect;
	for (i = 1; i < n; i++) {
		call->lines[i - 1].next = &call->lines[i];
		call->lines[i].data = (char *)(uintptr_t)req->headers[i - 1];
	}
	call->lines[n - 1].next = NULL;
	curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->lines);
}

static void
set_body(CURL *easy, const struct httpc_request *req)
{
	if (strcmp(req->method, "POST") == 0)
		opt_text(easy, CURLOPT_CUSTOMREQUEST, NULL);
	if (req->body != NULL || strcmp(req->method, "POST") == 0) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)req->bodysz);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
		    req->body == NULL ? "" : req->body);
		opt_long(easy, CURLOPT_POST, 1);
	} else {
		opt_long(easy, CURLOPT_HTTPGET, 1);
	}
	if (strcmp(req->method, "POST") != 0)
		opt_text(easy, CURLOPT_CUSTOMREQUEST, req->method);
}

/* What is left of a limit, of which 0 is none. */
static long
left_of(int64_t limit_ms, int64_t since_us)
{
	int64_t left_ms = limit_ms - (clock_tick_us() - since_us) / 1000;

	if (limit_ms <= 0)
		return 0;

	return left_ms > 0 ? (long)left_ms : 1;
}

/* To libcurl, whose timer starts the transfer. */
static void
hand_over(struct httpc_call *call)
{
	opt_long(call->easy, CURLOPT_FRESH_CONNECT, call->fresh);
	opt_long(call->easy, CURLOPT_TIMEOUT_MS,
	    left_of(call->req.timeout_ms, call->started_us));
	opt_long(call->easy, CURLOPT_CONNECTTIMEOUT_MS,
	    left_of(call->req.connect_timeout_ms, call->begun_us));
	if (curl_multi_add_handle(call->pool->multi, call->easy) != CURLM_OK)
		fatal("libcurl refuses a transfer");
	call->is_sent = true;
}

static void
begin(struct httpc_call *call, bool fresh)
{
	httpc_answer_reset(call);
	call->fresh = fresh;
	call->begun_us = clock_tick_us();
	if (!httpc_name_begin(call))
		hand_over(call);
}

static void
on_named(struct httpc_call *call, CURLcode code)
{
	if (code == CURLE_OK)
		hand_over(call);
	else
		httpc_call_finish(call, code);
}

struct httpc_call *
httpc_start(struct httpc_pool *p, const struct httpc_request *req)
{
	struct httpc_call *call = call_take(p);
	CURL *easy = call->easy;

	call->req = *req;
	call->started_us = clock_tick_us();
	call->is_https = strncmp(req->url, "https:", 6) == 0;

	opt_text(easy, CURLOPT_URL, req->url);
	set_headers(call, req);
	set_body(easy, req);
	opt_long(easy, CURLOPT_LOW_SPEED_LIMIT, req->idle_ms > 0);
	opt_long(easy, CURLOPT_LOW_SPEED_TIME,
	    (long)((req->idle_ms + 999) / 1000));

	begin(call, req->once);

	return call;
}

void
httpc_cancel(struct httpc_call *call)
{
	call_give_back(call);
}

/* The connection was not fit for the request, or what it gave is no line of
 * HTTP, so that something else lay on it. */
static bool
is_to_go_again(const struct httpc_call *call, CURLcode code)
{
	return call->is_stale ||
	    (call->is_kept && call->answered_us == 0 &&
		(code == CURLE_UNSUPPORTED_PROTOCOL ||
		    code == CURLE_WEIRD_SERVER_REPLY));
}

void
httpc_call_finish(struct httpc_call *call, CURLcode code)
{
	struct httpc_answer a;
	struct httpc_request req = call->req;

	if (is_to_go_again(call, code)) {
		call_recall(call);
		httpc_kept_release(call);
		begin(call, true);
		return;
	}
	httpc_name_leave(call);
	httpc_answer_make(call, code, &a);

	/* Off the multi before the callback, which may start another call;
	 * out of reach of that one until the callback is over, because the
	 * answer borrows from it. */
	call_recall(call);
	httpc_kept_release(call);
	req.done(req.arg, &a);
	call_give_back(call);
}

void
httpc_call_free_idle(struct httpc_pool *p)
{
	struct httpc_call *call;

	while ((call = p->idle) != NULL) {
		p->idle = call->next;
		curl_easy_cleanup(call->easy);
		free(call->lines);
		free(call->url_split);
		curl_free(call->host);
		curl_free(call->port);
		free(call->resolve.data);
		free(call->kept);
		free(call);
	}
}
