#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/url.h"
#include "base/xalloc.h"
#include "net/httpc_int.h"

/*
 * libcurl never looks a name up: its look-ups cost a thread each.  So
 *
 * 1. a call whose host is a name goes to libcurl after its look-up, with the
 *    addresses (CURLOPT_RESOLVE), or when a kept connection is there;
 * 2. a pool has one look-up at a time, and what it finds is for all calls
 *    that wait for that host then;
 * 3. a call waits within its own time limits.  If the look-up had to wait for
 *    its turn and is not over in that time, this host lacked a place for it;
 * 4. addresses that are not allowed are left out.  If none is left, the call
 *    ends without a socket.
 */

#define ADDRESSES_MAX 64 /* of one family that libcurl is given */
#define DIRECT_MAX ((size_t)2 * ADDRESSES_MAX * (INET6_ADDRSTRLEN + 3) + 512)

static const char text_no_place[] =
    "too many names are being looked up on this host";

/* With libcurl's parser, which sees the same host when it connects. */
static void
split(struct httpc_call *call)
{
	const char *url = call->req.url;
	CURLU *u;
	size_t n;

	if (call->url_split != NULL && strcmp(call->url_split, url) == 0)
		return;
	free(call->url_split);
	curl_free(call->host);
	curl_free(call->port);
	call->host = call->port = NULL;
	call->url_split = xstrdup(url);

	u = curl_url();
	if (u == NULL)
		fatal("libcurl has no memory left");
	if (curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK) {
		curl_url_get(u, CURLUPART_HOST, &call->host, 0);
		curl_url_get(u, CURLUPART_PORT, &call->port,
		    CURLU_DEFAULT_PORT);
	}
	curl_url_cleanup(u);
	n = call->host == NULL ? 0 : strlen(call->host);
	if (n > 1 && call->host[n - 1] == '.')
		call->host[n - 1] = '\0';
}

/* Anything else is an address, or a URL that libcurl refuses. */
static bool
is_name(const struct httpc_call *call)
{
	struct in_addr in;

	return call->host != NULL && call->port != NULL &&
	    call->host[0] != '[' && inet_pton(AF_INET, call->host, &in) != 1;
}

static void on_time(void *arg);

/* The loop then comes to it, at once or when it has waited for so long. */
static void
set_state(struct httpc_call *call, enum httpc_name state, int64_t wait_ms)
{
	call->name = state;
	call->name_timer.call = on_time;
	call->name_timer.arg = call;
	loop_timer_in(call->pool->c->loop, &call->name_timer, wait_ms);
}

static void
set_none(struct httpc_call *call)
{
	call->name = HTTPC_NAME_NONE;
	loop_timer_stop(call->pool->c->loop, &call->name_timer);
}

static void
end_with(struct httpc_call *call, CURLcode code)
{
	call->name_code = code;
	set_state(call, HTTPC_NAME_ENDED, 0);
}

/* How long a call may wait from now on. */
static int64_t
left_ms(const struct httpc_call *call)
{
	const struct httpc_request *req = &call->req;
	int64_t connect_ms =
	    req->connect_timeout_ms > 0 ? req->connect_timeout_ms : 300000;
	int64_t end_us = call->begun_us + connect_ms * 1000, left;

	if (req->timeout_ms > 0 &&
	    call->started_us + req->timeout_ms * 1000 < end_us)
		end_us = call->started_us + req->timeout_ms * 1000;
	left = (end_us - clock_tick_us()) / 1000 + 1;

	return left > 0 ? left : 0;
}

/* Was libcurl told the addresses of this host last? */
static bool
is_noted(const struct httpc_call *call)
{
	const struct httpc_pool *p = call->pool;

	return p->name != NULL && strcmp(p->name, call->host) == 0 &&
	    strcmp(p->port, call->port) == 0;
}

static void
note(const struct httpc_call *call)
{
	struct httpc_pool *p = call->pool;

	if (is_noted(call))
		return;
	free(p->name);
	free(p->port);
	p->name = xstrdup(call->host);
	p->port = xstrdup(call->port);
	p->nnames++;
}

static void on_looked_up(void *arg, const struct resolve_answer *answer);

static void
look_up(struct httpc_call *call)
{
	struct httpc_pool *p = call->pool;
	const struct resolve_request req = { .host = call->host,
		.share = &p->share,
		.done = on_looked_up,
		.arg = p };

	free(p->look_host);
	p->look_host = xstrdup(call->host);
	p->look = resolve_start(p->c->resolve, &req);
}

bool
httpc_name_begin(struct httpc_call *call)
{
	const struct httpc_pool *p = call->pool;

	curl_easy_setopt(call->easy, CURLOPT_RESOLVE, NULL);
	split(call);
	call->by_name = is_name(call);
	if (!call->by_name)
		return false;
	if (!url_is_host(call->host)) {
		end_with(call, CURLE_COULDNT_RESOLVE_HOST);
		return true;
	}
	call->trusts_kept =
	    !call->fresh && is_noted(call) && httpc_kept_is_there(call);
	if (call->trusts_kept)
		return false;
	set_state(call, HTTPC_NAME_WAITS, left_ms(call));
	if (p->look == NULL)
		look_up(call);

	return true;
}

static bool
is_looked_up(const struct httpc_call *call)
{
	const struct httpc_pool *p = call->pool;

	return call->name == HTTPC_NAME_WAITS && p->look != NULL &&
	    strcmp(p->look_host, call->host) == 0;
}

static struct httpc_call *
waiting(const struct httpc_pool *p)
{
	struct httpc_call *call;

	for (call = p->busy; call != NULL; call = call->next)
		if (call->name == HTTPC_NAME_WAITS)
			return call;

	return NULL;
}

void
httpc_name_leave(struct httpc_call *call)
{
	struct httpc_pool *p = call->pool;
	bool was_looked_up = is_looked_up(call);
	struct httpc_call *other;

	set_none(call);
	if (!was_looked_up)
		return;
	for (other = p->busy; other != NULL; other = other->next)
		if (is_looked_up(other))
			return;
	resolve_cancel(p->look);
	p->look = NULL;
	other = waiting(p);
	if (other != NULL)
		look_up(other);
}

/* Is there a way to this address?  Nothing is sent. */
static bool
has_way(const struct sockaddr *sa)
{
	int fd = socket(sa->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 to;
	bool ok;

	if (fd < 0)
		return false;
	memcpy(&to, sa, sizeof(to));
	to.sin6_port = htons(9);
	ok = connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0;
	close(fd);

	return ok;
}

/* The allowed addresses of one family, in the order they came in. */
static size_t
pick(struct httpc_call *call, const struct resolve_answer *answer, int family,
    const struct sockaddr **out)
{
	size_t i, n = 0;

	for (i = 0; i < answer->naddresses && n < ADDRESSES_MAX; i++)
		if (answer->addresses[i]->sa_family == family &&
		    httpc_addr_is_allowed(call, answer->addresses[i]))
			out[n++] = answer->addresses[i];

	return n;
}

static void
add_address(struct buf *b, const struct sockaddr *sa)
{
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;
	char text[INET6_ADDRSTRLEN] = "";

	if (sa->sa_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		buf_addf(b, "%s,", text);
	} else {
		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		buf_addf(b, "[%s],", text);
	}
}

/* One of each family in turn, so that a family that is dead costs little. */
static bool
direct(struct httpc_call *call, const struct resolve_answer *answer)
{
	const struct sockaddr *a[ADDRESSES_MAX], *b[ADDRESSES_MAX];
	size_t na = pick(call, answer, AF_INET6, a);
	size_t nb = pick(call, answer, AF_INET, b);
	bool is_b_first = nb > 0 && na > 0 && !has_way(a[0]);
	struct buf text;
	size_t i;

	if (na + nb == 0)
		return false;
	buf_init(&text, DIRECT_MAX);
	buf_addf(&text, "%s:%s:", call->host, call->port);
	for (i = 0; i < na || i < nb; i++) {
		if (i < nb && is_b_first)
			add_address(&text, b[i]);
		if (i < na)
			add_address(&text, a[i]);
		if (i < nb && !is_b_first)
			add_address(&text, b[i]);
	}
	free(call->resolve.data);
	call->resolve.data = xstrdup(buf_str(&text));
	call->resolve.data[strlen(call->resolve.data) - 1] = '\0';
	call->resolve.next = NULL;
	buf_fini(&text);
	curl_easy_setopt(call->easy, CURLOPT_RESOLVE, &call->resolve);

	return true;
}

static void
take(struct httpc_call *call, const struct resolve_answer *answer)
{
	set_none(call);
	if (answer->end == RESOLVE_SHORT) {
		call->lacked = answer->lacked;
		end_with(call, CURLE_COULDNT_RESOLVE_HOST);
	} else if (answer->end == RESOLVE_UNKNOWN) {
		end_with(call, CURLE_COULDNT_RESOLVE_HOST);
	} else if (!direct(call, answer)) {
		end_with(call, CURLE_COULDNT_CONNECT);
	} else {
		call->denied = false;
		call->name_us = clock_tick_us() - call->begun_us;
		note(call);
		call->named(call, CURLE_OK);
	}
}

/* We are in the midst of the pool's list, so no call ends in here. */
static void
on_looked_up(void *arg, const struct resolve_answer *answer)
{
	struct httpc_pool *p = arg;
	struct httpc_call *call;

	for (call = p->busy; call != NULL; call = call->next)
		if (is_looked_up(call))
			take(call, answer);
	p->look = NULL;
	call = waiting(p);
	if (call != NULL)
		look_up(call);
}

/* The look-up gave nothing, or the call has waited for too long. */
static void
on_time(void *arg)
{
	struct httpc_call *call = arg;

	if (call->name == HTTPC_NAME_WAITS) {
		if (!is_looked_up(call) || resolve_has_waited(call->pool->look))
			call->lacked = text_no_place;
		call->name_code = CURLE_OPERATION_TIMEDOUT;
	}
	httpc_name_leave(call);
	call->named(call, call->name_code);
}
