#include "config.h"

#include <stdlib.h>

#include "base/crypt_tls.h"
#include "base/xalloc.h"
#include "net/httpc_int.h"

/* The ends of transfers that libcurl has come to.  Callbacks start and cancel
 * other calls, which libcurl allows where it is not itself at work. */
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

static void
act(struct httpc_pool *p, curl_socket_t fd, int found)
{
	int running;

	httpc_socket_guard(p);
	curl_multi_socket_action(p->multi, fd, found, &running);
	reap(p);
}

/* A connection that is gone is read from, and libcurl finds out why. */
static void
on_ready(void *arg, unsigned int found)
{
	struct httpc_socket *s = arg;
	unsigned int wanted = s->wanted;

	if (wanted == 0) {
		httpc_socket_rest(s);
		return;
	}
	if (found & LOOP_GONE)
		found |= LOOP_READ | (wanted & LOOP_WRITE);
	act(s->watcher, s->watch.fd,
	    (found & LOOP_READ ? CURL_CSELECT_IN : 0) |
		(found & LOOP_WRITE ? CURL_CSELECT_OUT : 0));
}

static void
on_time(void *arg)
{
	act(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* An error returned to libcurl would end the whole pool; so the one call ends
 * by its time limit, and as a fault of this host. */
static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
	struct httpc_pool *p = arg;
	struct httpc_call *call;
	unsigned int wanted = 0;

	(void)unused;
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		wanted |= LOOP_READ;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		wanted |= LOOP_WRITE;
	if (httpc_socket_want(p, fd, wanted, on_ready))
		return 0;
	if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call) == CURLE_OK &&
	    call != NULL)
		call->unwatched = true;

	return 0;
}

static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct httpc_pool *p = arg;

	(void)multi;
	if (timeout_ms < 0)
		loop_timer_stop(p->c->loop, &p->timer);
	else
		loop_timer_in(p->c->loop, &p->timer, timeout_ms);

	return 0;
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

static void
set_multi(struct httpc_pool *p)
{
	p->multi = curl_multi_init();
	if (p->multi == NULL)
		fatal("libcurl has no memory or no descriptor left");
	curl_multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
	curl_multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(p->multi, CURLMOPT_TIMERDATA, p);
	curl_multi_setopt(p->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	curl_multi_setopt(p->multi, CURLMOPT_MAXCONNECTS,
	    (long)p->c->opt.idle_connections);
}

struct httpc_pool *
httpc_pool_new(struct httpc *c, const struct httpc_policy *policy,
    const struct httpc_tls *tls)
{
	struct httpc_pool *p = xcalloc(1, sizeof(*p));

	p->c = c;
	p->policy = *policy;
	p->timer.call = on_time;
	p->timer.arg = p;
	set_tls(p, tls);
	set_multi(p);
	c->npools++;

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
	httpc_socket_guard(p);
	curl_multi_cleanup(p->multi);
	loop_timer_stop(p->c->loop, &p->timer);
	if (p->tls != NULL)
		crypt_tls_begin(p->tls, NULL, NULL);
	crypt_tls_free(p->own_tls);
	free(p->look_host);
	free(p->name);
	free(p->port);
	free(p->ca_file);
	free(p->cert_file);
	free(p->key_file);
	p->c->npools--;
	free(p);
}
