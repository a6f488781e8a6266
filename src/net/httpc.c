#include "config.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "net/httpc.h"

/* Our words for what libcurl says; its own texts vary and mislead ("out of
 * memory" for a long header line).  What is not listed is local. */
static const struct {
	CURLcode code;
	enum httpc_end end;
	const char *text;
} ends[] = {
	{ CURLE_OK, HTTPC_COMPLETE, "" },
	{ CURLE_OPERATION_TIMEDOUT, HTTPC_TIMEOUT, "no answer in time" },
	{ CURLE_COULDNT_CONNECT, HTTPC_REFUSED, "connection refused" },
	{ CURLE_COULDNT_RESOLVE_HOST, HTTPC_DNS, "the name does not resolve" },
	{ CURLE_PEER_FAILED_VERIFICATION, HTTPC_TLS,
	    "the certificate is not trusted or is for another name" },
	{ CURLE_SSL_CONNECT_ERROR, HTTPC_TLS, "no TLS connection" },
	{ CURLE_SSL_CIPHER, HTTPC_TLS, "no TLS connection" },
	{ CURLE_SSL_ISSUER_ERROR, HTTPC_TLS, "the certificate is not trusted" },
	{ CURLE_SEND_ERROR, HTTPC_BROKEN, "connection broken while sending" },
	{ CURLE_RECV_ERROR, HTTPC_BROKEN, "connection broken while reading" },
	{ CURLE_GOT_NOTHING, HTTPC_BROKEN,
	    "connection closed without an answer" },
	{ CURLE_PARTIAL_FILE, HTTPC_BROKEN, "the answer ended early" },
	{ CURLE_UNSUPPORTED_PROTOCOL, HTTPC_PROTOCOL,
	    "the answer is not HTTP" },
	{ CURLE_WEIRD_SERVER_REPLY, HTTPC_PROTOCOL, "the answer is not HTTP" },
	{ CURLE_HTTP2, HTTPC_PROTOCOL, "the answer is not HTTP/1.1" },
	{ CURLE_BAD_CONTENT_ENCODING, HTTPC_PROTOCOL, "the answer is garbled" },
	{ CURLE_OUT_OF_MEMORY, HTTPC_PROTOCOL, "the headers are too long" },
	{ CURLE_URL_MALFORMAT, HTTPC_LOCAL, "the URL is malformed" },
};

static const char text_late[] = "no connection in time";
static const char text_denied[] = "the address is not allowed";
static const char text_headers[] = "the headers are too long";
static const char text_cut[] = "the body is longer than we read";

struct httpc {
	struct httpc_options opt;
	char *user_agent;
	char *ca_file;
	struct httpc_pool *pools; /* all of them */
	size_t open;

	/* What to poll: entry i belongs to owner[i]; where[fd] is its place,
	 * 0 for none, as the extra descriptors stand first. */
	struct pollfd *fds;
	struct httpc_pool **owner;
	size_t nfds, cap;
	size_t *where;
	size_t nwhere;

	struct {
		int fd;
		int mask;
	} * hits; /* scratch of one turn */
	size_t hits_cap;
};

struct httpc_pool {
	struct httpc *c;
	struct httpc_pool *next, **prev;
	CURLM *multi;
	int64_t timer_ms; /* monotonic; -1: none */
	struct httpc_call *busy;
	struct httpc_call *idle; /* handles to be used again */
	bool touched;
};

struct httpc_call {
	struct httpc_pool *pool;
	struct httpc_call *next, **prev; /* in busy; next alone in idle */
	CURL *easy;
	struct httpc_request req;
	struct curl_slist *lines;
	size_t nlines;
	int64_t started_us;
	char *kept;
	size_t keptsz, kept_cap;
	size_t header_bytes, body_bytes;
	int status;    /* of the block being read */
	bool complete; /* the final block is whole */
	bool begun;    /* connected, the request may have gone out */
	bool denied, too_long, cut;
	bool is_https;
	char retry_after[HTTPC_RETRY_AFTER_SIZE];
};

static int64_t
now_ms(void)
{
	return clock_tick_us() / 1000;
}

const char *
httpc_end_name(enum httpc_end end)
{
	static const char *const names[HTTPC_ENDS] = { "complete", "cut",
		"denied", "timeout", "not in time", "refused", "dns", "tls",
		"broken", "protocol", "local" };

	assert((size_t)end < HTTPC_ENDS);
	return names[end];
}

static bool
is_allowed(struct httpc_call *call, const struct sockaddr *sa)
{
	const struct httpc_options *opt = &call->pool->c->opt;
	struct err e;

	/* A name that mixes allowed addresses with forbidden ones is a probe:
	 * from the first that is refused on none is tried.  libcurl shows
	 * them one by one, so one before it may have been connected to. */
	if (!call->denied &&
	    opt->allow(opt->arg, sa, call->is_https, &e) != RC_OK)
		call->denied = true;

	return !call->denied;
}

static curl_socket_t
on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	(void)purpose;
	if (!is_allowed(arg, &a->addr))
		return CURL_SOCKET_BAD;

	return socket(a->family, a->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    a->protocol);
}

/* Runs for connections used again, too, which opened no socket. */
static int
on_before_request(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} a;

	(void)local_ip;
	(void)local_port;
	memset(&a, 0, sizeof(a));
	if (inet_pton(AF_INET, ip, &a.in.sin_addr) == 1) {
		a.in.sin_family = AF_INET;
		a.in.sin_port = htons((uint16_t)port);
	} else if (inet_pton(AF_INET6, ip, &a.in6.sin6_addr) == 1) {
		a.in6.sin6_family = AF_INET6;
		a.in6.sin6_port = htons((uint16_t)port);
	} else {
		((struct httpc_call *)arg)->denied = true;
	}

	if (!is_allowed(arg, &a.sa))
		return CURL_PREREQFUNC_ABORT;
	((struct httpc_call *)arg)->begun = true;

	return CURL_PREREQFUNC_OK;
}

static void
read_status_line(struct httpc_call *call, const char *p, size_t n)
{
	const char *sp = memchr(p, ' ', n);

	call->status = 0;
	if (sp == NULL || p + n - sp < 4)
		return;
	for (sp++; sp < p + n && *sp >= '0' && *sp <= '9'; sp++) {
		call->status = call->status * 10 + (*sp - '0');
		if (call->status > 999)
			return;
	}
}

static void
read_retry_after(struct httpc_call *call, const char *p, size_t n)
{
	static const char name[] = "retry-after:";
	const size_t skip = sizeof(name) - 1;

	if (n < skip || strncasecmp(p, name, skip) != 0)
		return;
	p += skip;
	n -= skip;
	while (n > 0 && (*p == ' ' || *p == '\t')) {
		p++;
		n--;
	}
	while (n > 0 && (unsigned char)p[n - 1] <= ' ')
		n--;
	/* A longer one is no date and no number that anybody means. */
	if (n >= sizeof(call->retry_after))
		n = 0;
	memcpy(call->retry_after, p, n);
	call->retry_after[n] = '\0';
}

static size_t
on_header(char *p, size_t size, size_t nmemb, void *arg)
{
	struct httpc_call *call = arg;
	size_t n = size * nmemb;

	call->header_bytes += n;
	if (call->header_bytes > HTTPC_HEADERS_MAX) {
		call->too_long = true;
		return 0;
	}
	if (call->complete) /* trailers */
		return n;

	if (n >= 5 && memcmp(p, "HTTP/", 5) == 0)
		read_status_line(call, p, n);
	else if (n > 0 && (p[0] == '\r' || p[0] == '\n'))
		call->complete = call->status >= 200;
	else
		read_retry_after(call, p, n);

	return n;
}

static size_t
on_body(char *p, size_t size, size_t nmemb, void *arg)
{
	struct httpc_call *call = arg;
	size_t n = size * nmemb, room = call->req.keep - call->keptsz;

	if (room > n)
		room = n;
	if (room > 0) {
		memcpy(call->kept + call->keptsz, p, room);
		call->keptsz += room;
	}
	call->body_bytes += n;
	if (call->body_bytes > call->req.body_max) {
		call->cut = true;
		return 0;
	}

	return n;
}

/* The place of fd in the table that is polled; 0 when it has none. */
static size_t *
where_of(struct httpc *c, int fd)
{
	size_t i = (size_t)fd, n = c->nwhere;

	if (i >= n) {
		n = i + 64;
		c->where = xreallocarray(c->where, n, sizeof(*c->where));
		memset(c->where + c->nwhere, 0,
		    (n - c->nwhere) * sizeof(*c->where));
		c->nwhere = n;
	}

	return &c->where[i];
}

#define EXTRA_MAX 4 /* places of the extra descriptors, first in the table */

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
	struct httpc_pool *p = arg;
	struct httpc *c = p->c;
	size_t *at = where_of(c, fd);

	(void)easy;
	(void)unused;
	if (what == CURL_POLL_REMOVE) {
		if (*at == 0)
			return 0;
		c->nfds--;
		c->fds[*at] = c->fds[c->nfds];
		c->owner[*at] = c->owner[c->nfds];
		c->where[c->fds[*at].fd] = *at;
		*at = 0;
		return 0;
	}
	if (*at == 0) {
		if (c->nfds == c->cap) {
			c->cap *= 2;
			c->fds = xreallocarray(c->fds, c->cap, sizeof(*c->fds));
			c->owner = xreallocarray(c->owner, c->cap,
			    sizeof(struct httpc_pool *));
		}
		*at = c->nfds++;
		c->fds[*at].fd = fd;
	}
	c->owner[*at] = p;
	c->fds[*at].revents = 0;
	c->fds[*at].events = (short)((what & CURL_POLL_IN ? POLLIN : 0) |
	    (what & CURL_POLL_OUT ? POLLOUT : 0));

	return 0;
}

static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct httpc_pool *p = arg;

	(void)multi;
	p->timer_ms = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;

	return 0;
}

enum rc
httpc_new(const struct httpc_options *opt, struct httpc **out, struct err *e)
{
	struct httpc *c;

	*out = NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, RC_SYSTEM, "libcurl does not start");

	c = xcalloc(1, sizeof(*c));
	c->opt = *opt;
	c->user_agent = xstrdup(opt->user_agent);
	c->ca_file = opt->ca_file == NULL ? NULL : xstrdup(opt->ca_file);
	c->cap = 64;
	c->nfds = EXTRA_MAX;
	c->fds = xcalloc(c->cap, sizeof(*c->fds));
	c->owner = xcalloc(c->cap, sizeof(struct httpc_pool *));
	*out = c;

	return RC_OK;
}

void
httpc_free(struct httpc *c)
{
	if (c == NULL)
		return;
	assert(c->pools == NULL);
	free(c->user_agent);
	free(c->ca_file);
	free(c->fds);
	free(c->owner);
	free(c->where);
	free(c->hits);
	free(c);
	curl_global_cleanup();
}

struct httpc_pool *
httpc_pool_new(struct httpc *c)
{
	struct httpc_pool *p = xcalloc(1, sizeof(*p));

	p->c = c;
	p->timer_ms = -1;
	p->multi = curl_multi_init();
	if (p->multi == NULL)
		fatal("libcurl has no memory or no descriptor left");
	curl_multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
	curl_multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(p->multi, CURLMOPT_TIMERDATA, p);
	curl_multi_setopt(p->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	curl_multi_setopt(p->multi, CURLMOPT_MAXCONNECTS,
	    (long)c->opt.idle_connections);

	p->next = c->pools;
	p->prev = &c->pools;
	if (p->next != NULL)
		p->next->prev = &p->next;
	c->pools = p;

	return p;
}

void
httpc_pool_free(struct httpc_pool *p)
{
	struct httpc_call *call;

	if (p == NULL)
		return;
	while (p->busy != NULL)
		httpc_cancel(p->busy);
	while ((call = p->idle) != NULL) {
		p->idle = call->next;
		curl_easy_cleanup(call->easy);
		free(call->lines);
		free(call->kept);
		free(call);
	}
	curl_multi_cleanup(p->multi);
	*p->prev = p->next;
	if (p->next != NULL)
		p->next->prev = p->prev;
	free(p);
}

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
		fatal("libcurl does not take option %d", (int)option);
}

/* What holds for every request that ever goes out on this handle. */
static void
set_rules(struct httpc_call *call)
{
	const struct httpc *c = call->pool->c;
	CURL *easy = call->easy;

	opt_long(easy, CURLOPT_NOSIGNAL, 1);
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
	opt_long(easy, CURLOPT_SSL_VERIFYPEER, 1);
	opt_long(easy, CURLOPT_SSL_VERIFYHOST, 2);
	opt_long(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	if (c->ca_file != NULL) {
		opt_text(easy, CURLOPT_CAINFO, c->ca_file);
		opt_text(easy, CURLOPT_CAPATH, NULL);
	}
	opt_text(easy, CURLOPT_USERAGENT, c->user_agent);
	/* A name that moves is followed within minutes. */
	opt_long(easy, CURLOPT_MAXLIFETIME_CONN, 300);
	opt_long(easy, CURLOPT_BUFFERSIZE, 4096);

	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_before_request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
}

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

static void
call_give_back(struct httpc_call *call)
{
	struct httpc_pool *p = call->pool;

	curl_multi_remove_handle(p->multi, call->easy);
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

struct httpc_call *
httpc_start(struct httpc_pool *p, const struct httpc_request *req)
{
	struct httpc_call *call = call_take(p);
	CURL *easy = call->easy;

	call->req = *req;
	call->started_us = clock_tick_us();
	call->keptsz = call->header_bytes = call->body_bytes = 0;
	call->status = 0;
	call->complete = call->begun = call->denied = call->too_long =
	    call->cut = false;
	call->retry_after[0] = '\0';
	call->is_https = strncmp(req->url, "https:", 6) == 0;
	if (req->keep > call->kept_cap) {
		free(call->kept);
		call->kept = xmalloc(req->keep);
		call->kept_cap = req->keep;
	}

	opt_text(easy, CURLOPT_URL, req->url);
	set_headers(call, req);
	set_body(easy, req);
	opt_long(easy, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)req->connect_timeout_ms);
	opt_long(easy, CURLOPT_TIMEOUT_MS, (long)req->timeout_ms);
	opt_long(easy, CURLOPT_LOW_SPEED_LIMIT, req->idle_ms > 0);
	opt_long(easy, CURLOPT_LOW_SPEED_TIME,
	    (long)((req->idle_ms + 999) / 1000));

	/* The timer that libcurl sets here starts the transfer. */
	if (curl_multi_add_handle(p->multi, easy) != CURLM_OK)
		fatal("libcurl does not take a transfer");

	return call;
}

void
httpc_cancel(struct httpc_call *call)
{
	call_give_back(call);
}

size_t
httpc_open_calls(const struct httpc *c)
{
	return c->open;
}

/* The order of the questions is the rule: what we forbade comes first, then
 * a whole header block makes an answer whatever broke behind it. */
static void
judge(const struct httpc_call *call, CURLcode code, struct httpc_answer *a)
{
	size_t i;

	a->end = HTTPC_LOCAL;
	a->text = "the request could not be made";
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (ends[i].code == code) {
			a->end = ends[i].end;
			a->text = ends[i].text;
		}
	}
	if (call->denied) {
		a->end = HTTPC_DENIED;
		a->text = text_denied;
	} else if (call->complete) {
		a->status = call->status;
		a->end = code == CURLE_OK ? HTTPC_COMPLETE : HTTPC_CUT;
		if (call->cut)
			a->text = text_cut;
		else if (call->too_long)
			a->text = text_headers;
		else if (a->end == HTTPC_CUT && a->text[0] == '\0')
			a->text = "the answer ended early";
	} else if (call->too_long) {
		a->end = HTTPC_PROTOCOL;
		a->text = text_headers;
	} else if (a->end == HTTPC_TIMEOUT && !call->begun) {
		a->end = HTTPC_NOT_IN_TIME;
		a->text = text_late;
	} else if (code == CURLE_OK) {
		a->end = HTTPC_BROKEN;
		a->text = "the headers ended early";
	}
}

static void
finish(struct httpc_call *call, CURLcode code)
{
	struct httpc_answer a = { 0 };
	struct httpc_request req = call->req;
	char *ip = NULL;

	judge(call, code, &a);
	a.took_ms = (clock_tick_us() - call->started_us) / 1000;
	if (curl_easy_getinfo(call->easy, CURLINFO_PRIMARY_IP, &ip) ==
		CURLE_OK &&
	    ip != NULL && !call->denied)
		snprintf(a.address, sizeof(a.address), "%s", ip);
	memcpy(a.retry_after, call->retry_after, sizeof(a.retry_after));
	a.body = call->kept;
	a.bodysz = call->keptsz;

	/* Off the multi before the callback, which may start another call;
	 * out of reach of that one until the callback is over, because the
	 * answer borrows from it. */
	curl_multi_remove_handle(call->pool->multi, call->easy);
	req.done(req.arg, &a);
	call_give_back(call);
}

static void
reap(struct httpc_pool *p)
{
	struct httpc_call *call;
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(p->multi, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &call);
		finish(call, msg->data.result);
	}
}

static int64_t
next_timer(const struct httpc *c, int64_t timeout_ms)
{
	const struct httpc_pool *p;
	int64_t left, now = now_ms();

	for (p = c->pools; p != NULL; p = p->next) {
		if (p->timer_ms < 0)
			continue;
		left = p->timer_ms > now ? p->timer_ms - now : 0;
		if (timeout_ms < 0 || left < timeout_ms)
			timeout_ms = left;
	}

	return timeout_ms;
}

/* Copies what is ready: acting on one socket moves the others about. */
static size_t
collect(struct httpc *c)
{
	size_t i, n = 0;
	short r;

	if (c->hits_cap < c->nfds) {
		c->hits_cap = c->cap;
		c->hits = xreallocarray(c->hits, c->hits_cap, sizeof(*c->hits));
	}
	for (i = EXTRA_MAX; i < c->nfds; i++) {
		r = c->fds[i].revents;
		if (r == 0)
			continue;
		c->hits[n].fd = c->fds[i].fd;
		c->hits[n].mask =
		    (r & (POLLIN | POLLHUP) ? CURL_CSELECT_IN : 0) |
		    (r & POLLOUT ? CURL_CSELECT_OUT : 0) |
		    (r & (POLLERR | POLLNVAL) ? CURL_CSELECT_ERR : 0);
		n++;
	}

	return n;
}

static void
act(struct httpc *c, size_t nhits)
{
	struct httpc_pool *p;
	int64_t now;
	size_t i, at;
	int running;

	for (i = 0; i < nhits; i++) {
		at = *where_of(c, c->hits[i].fd);
		if (at == 0)
			continue;
		p = c->owner[at];
		p->touched = true;
		curl_multi_socket_action(p->multi, c->hits[i].fd,
		    c->hits[i].mask, &running);
	}
	now = now_ms();
	for (p = c->pools; p != NULL; p = p->next) {
		if (p->timer_ms < 0 || p->timer_ms > now)
			continue;
		p->timer_ms = -1;
		p->touched = true;
		curl_multi_socket_action(p->multi, CURL_SOCKET_TIMEOUT, 0,
		    &running);
	}
}

void
httpc_poll(struct httpc *c, int64_t timeout_ms, const int *extra, size_t n,
    bool *ready)
{
	struct httpc_pool *p;
	size_t i, nhits = 0;
	int found;

	assert(n <= EXTRA_MAX);
	for (i = 0; i < EXTRA_MAX; i++) {
		c->fds[i].fd = i < n ? extra[i] : -1;
		c->fds[i].events = POLLIN;
		c->fds[i].revents = 0;
	}
	timeout_ms = next_timer(c, timeout_ms);
	if (timeout_ms > 3600000)
		timeout_ms = 3600000;
	found = poll(c->fds, (nfds_t)c->nfds, (int)timeout_ms);
	for (i = 0; i < n; i++)
		ready[i] = found > 0 && c->fds[i].revents != 0;
	if (found > 0)
		nhits = collect(c);
	act(c, nhits);
	for (p = c->pools; p != NULL; p = p->next) {
		if (!p->touched)
			continue;
		p->touched = false;
		reap(p);
	}
}
