#include "config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include "base/clock.h"
#include "base/crypt_tls.h"
#include "base/xalloc.h"
#include "net/httpc_int.h"

#define EXTRA_MAX 4 /* places of the extra descriptors, first in the table */

static int64_t
now_ms(void)
{
	return clock_tick_us() / 1000;
}

static struct httpc_fd *
fd_of(struct httpc *c, int fd)
{
	size_t i = (size_t)fd, n = c->nby_fd;

	if (i >= n) {
		n = i + 64;
		c->by_fd = xreallocarray(c->by_fd, n, sizeof(*c->by_fd));
		memset(c->by_fd + c->nby_fd, 0,
		    (n - c->nby_fd) * sizeof(*c->by_fd));
		c->nby_fd = n;
	}

	return &c->by_fd[i];
}

void
httpc_fd_opened(struct httpc_pool *p, int fd, const struct sockaddr *to)
{
	struct httpc_fd *x = fd_of(p->c, fd);

	x->pool = p;
	x->local_port = 0;
	x->used = x->spoiled = false;
	x->name = p->nnames;
	x->opened_ms = x->used_ms = now_ms();
	memset(&x->remote, 0, sizeof(x->remote));
	if (to->sa_family == AF_INET)
		memcpy(&x->remote.in, to, sizeof(x->remote.in));
	else if (to->sa_family == AF_INET6)
		memcpy(&x->remote.in6, to, sizeof(x->remote.in6));
}

void
httpc_fd_closed(struct httpc_pool *p, int fd)
{
	fd_of(p->c, fd)->pool = NULL;
}

static bool
is_same_end(const union httpc_addr *a, const union httpc_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_port == b->in.sin_port &&
		    a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;

	return a->in6.sin6_port == b->in6.sin6_port &&
	    memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16) == 0;
}

static uint16_t
port_of(int fd)
{
	union httpc_addr a;
	socklen_t n = sizeof(a);

	if (getsockname(fd, &a.sa, &n) != 0)
		return 0;

	return ntohs(
	    a.sa.sa_family == AF_INET ? a.in.sin_port : a.in6.sin6_port);
}

int
httpc_fd_find(const struct httpc_pool *p, const union httpc_addr *remote,
    uint16_t local_port)
{
	struct httpc *c = p->c;
	size_t i;

	for (i = 0; i < c->nby_fd; i++) {
		struct httpc_fd *x = &c->by_fd[i];

		if (x->pool != p)
			continue;
		if (x->local_port == 0)
			x->local_port = port_of((int)i);
		if (x->local_port == local_port &&
		    is_same_end(&x->remote, remote))
			return (int)i;
	}

	return -1;
}

/* We are inside OpenSSL, which reads on for as long as there is something;
 * so there is nothing any more, for this endpoint alone. */
static void
on_flood(void *arg)
{
	struct httpc_pool *p = arg;
	struct httpc *c = p->c;
	struct httpc_call *call;
	size_t i;

	for (i = 0; i < c->nby_fd; i++)
		if (c->by_fd[i].pool == p)
			(void)dup3(c->dead_fd, (int)i, O_CLOEXEC);
	for (call = p->busy; call != NULL; call = call->next)
		call->flooded = true;
}

void
httpc_watch(struct httpc_pool *p)
{
	if (p->tls != NULL)
		crypt_tls_begin(p->tls, on_flood, p);
}

static void
fds_reserve(struct httpc *c, size_t n)
{
	if (n <= c->cap)
		return;
	while (c->cap < n)
		c->cap *= 2;
	c->fds = xreallocarray(c->fds, c->cap, sizeof(*c->fds));
	c->owner = xreallocarray(c->owner, c->cap, sizeof(struct httpc_pool *));
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
	struct httpc_pool *p = arg;
	struct httpc *c = p->c;
	size_t *at = &fd_of(c, fd)->at;

	(void)easy;
	(void)unused;
	if (what == CURL_POLL_REMOVE) {
		if (*at == 0)
			return 0;
		c->nfds--;
		c->fds[*at] = c->fds[c->nfds];
		c->owner[*at] = c->owner[c->nfds];
		c->by_fd[c->fds[*at].fd].at = *at;
		*at = 0;
		return 0;
	}
	if (*at == 0) {
		fds_reserve(c, c->nfds + 1);
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

/* Whom libcurl would trust, or the settings say; NULL where its TLS library
 * is not ours to reach into. */
static struct crypt_tls *
shared_tls(const char *ca_file)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	if (!crypt_tls_is_ours(v->ssl_version))
		return NULL;
	if (ca_file != NULL)
		return crypt_tls_new(ca_file, NULL);

	return crypt_tls_new(v->cainfo, v->capath);
}

enum rc
httpc_new(const struct httpc_options *opt, struct httpc **out, struct err *e)
{
	struct httpc *c;
	int dead_fd;

	*out = NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, RC_SYSTEM, "libcurl cannot be initialised");
	dead_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (dead_fd < 0) {
		curl_global_cleanup();
		return err_errno(e, RC_SYSTEM, errno, "no socket");
	}

	c = xcalloc(1, sizeof(*c));
	c->dead_fd = dead_fd;
	c->opt = *opt;
	c->user_agent = xstrdup(opt->user_agent);
	c->ca_file = opt->ca_file == NULL ? NULL : xstrdup(opt->ca_file);
	c->tls = shared_tls(c->ca_file);
	c->resolve = resolve_new();
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
	resolve_free(c->resolve);
	free(c->user_agent);
	free(c->ca_file);
	free(c->fds);
	free(c->owner);
	free(c->by_fd);
	crypt_tls_free(c->tls);
	close(c->dead_fd);
	free(c->hits);
	free(c);
	curl_global_cleanup();
}

static char *
copy(const char *text)
{
	return text == NULL ? NULL : xstrdup(text);
}

static void
set_tls(struct httpc_pool *p, const struct httpc_tls *tls)
{
	p->tls = p->c->tls;
	if (tls == NULL)
		return;
	p->ca_file = copy(tls->ca_file);
	p->cert_file = copy(tls->cert_file);
	p->key_file = copy(tls->key_file);
	if (p->tls != NULL && p->ca_file != NULL)
		p->tls = p->own_tls = crypt_tls_new(p->ca_file, NULL);
}

struct httpc_pool *
httpc_pool_new(struct httpc *c, const struct httpc_tls *tls)
{
	struct httpc_pool *p = xcalloc(1, sizeof(*p));

	p->c = c;
	set_tls(p, tls);
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
	if (p == NULL)
		return;
	while (p->busy != NULL)
		httpc_cancel(p->busy);
	httpc_call_free_idle(p);
	httpc_watch(p);
	curl_multi_cleanup(p->multi);
	if (p->tls != NULL)
		crypt_tls_begin(p->tls, NULL, NULL);
	crypt_tls_free(p->own_tls);
	free(p->look_host);
	free(p->name);
	free(p->port);
	free(p->ca_file);
	free(p->cert_file);
	free(p->key_file);
	*p->prev = p->next;
	if (p->next != NULL)
		p->next->prev = p->prev;
	free(p);
}

size_t
httpc_open_calls(const struct httpc *c)
{
	return c->open;
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
		httpc_call_finish(call, msg->data.result);
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
		at = fd_of(c, c->hits[i].fd)->at;
		if (at == 0)
			continue;
		p = c->owner[at];
		p->touched = true;
		httpc_watch(p);
		curl_multi_socket_action(p->multi, c->hits[i].fd,
		    c->hits[i].mask, &running);
	}
	now = now_ms();
	for (p = c->pools; p != NULL; p = p->next) {
		if (p->timer_ms < 0 || p->timer_ms > now)
			continue;
		p->timer_ms = -1;
		p->touched = true;
		httpc_watch(p);
		curl_multi_socket_action(p->multi, CURL_SOCKET_TIMEOUT, 0,
		    &running);
	}
}

void
httpc_poll(struct httpc *c, int64_t timeout_ms, const int *extra, size_t n,
    bool *ready)
{
	struct httpc_pool *p;
	size_t i, nfds, nhits = 0;
	int found;

	assert(n <= EXTRA_MAX);
	for (i = 0; i < EXTRA_MAX; i++) {
		c->fds[i].fd = i < n ? extra[i] : -1;
		c->fds[i].events = POLLIN;
		c->fds[i].revents = 0;
	}
	timeout_ms = next_timer(c, timeout_ms);
	timeout_ms = resolve_timer(c->resolve, timeout_ms);
	timeout_ms = httpc_name_timer(c, timeout_ms);
	if (timeout_ms > 3600000)
		timeout_ms = 3600000;
	/* Those of the look-ups stand behind, for this turn. */
	fds_reserve(c, c->nfds + resolve_fds_max(c->resolve));
	nfds = c->nfds + resolve_fds(c->resolve, c->fds + c->nfds);
	found = poll(c->fds, (nfds_t)nfds, (int)timeout_ms);
	for (i = 0; i < n; i++)
		ready[i] = found > 0 && c->fds[i].revents != 0;
	if (found > 0)
		nhits = collect(c);
	resolve_act(c->resolve, c->fds + c->nfds);
	act(c, nhits);
	for (p = c->pools; p != NULL; p = p->next) {
		if (!p->touched)
			continue;
		p->touched = false;
		reap(p);
	}
	httpc_name_reap(c);
}
