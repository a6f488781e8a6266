#include "config.h"

#include <errno.h>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>

#include "base/clock.h"
#include "base/crypt_tls.h"
#include "net/httpc_int.h"

/*
 * On a connection that stays open, what arrives while no request is out
 * belongs to none (RFC 9112, 9.2): a second answer to an earlier one, the 408
 * of a balancer that tires of waiting.  Read as the answer to the next
 * request it would end a delivery that nobody took.  So
 *
 * 1. before a request goes out its connection is looked at, and a kept one
 *    on which anything can be read, be it the end, is closed and not used;
 * 2. an answer on a kept connection that began before the peer had received
 *    the whole request is none;
 * 3. nor is a 408 there, whenever it comes.
 *
 * The request then goes out on a new connection, once.  On that one only what
 * is there before the request begins is known to be no answer to it.
 */

/* OpenSSL's object of this connection, if it is TLS and ours to look into. */
static const void *
tls_of(const struct httpc_call *call)
{
	struct curl_tlssessioninfo *info = NULL;

	if (!call->is_https || call->pool->tls == NULL ||
	    curl_easy_getinfo(call->easy, CURLINFO_TLS_SSL_PTR, &info) !=
		CURLE_OK ||
	    info == NULL)
		return NULL;

	return info->internals;
}

/* Whether a read would give anything: bytes, the end or an error. */
static bool
is_readable(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
	    (errno != EAGAIN && errno != EWOULDBLOCK);
}

static bool
has_bytes(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* TLS 1.3 sends its tickets behind the handshake, where they look like data,
 * and its client speaks first anyway; before, all that follows is data. */
static bool
is_early(const struct httpc_call *call, int fd)
{
	const void *tls = tls_of(call);

	if (call->is_https && (tls == NULL || crypt_tls_has_tickets(tls)))
		return false;

	return has_bytes(fd);
}

/* libcurl counts these in whole seconds. */
static bool
is_young(const struct httpc_socket *s)
{
	int64_t now_ms = clock_tick_us() / 1000;

	return now_ms - s->opened_ms < (HTTPC_KEPT_LIFE_S - 2) * 1000 &&
	    now_ms - s->used_ms < (HTTPC_KEPT_IDLE_S - 2) * 1000;
}

bool
httpc_kept_is_there(const struct httpc_call *call)
{
	const struct httpc_pool *p = call->pool;
	const struct httpc_call *other;
	const struct httpc_socket *s;
	size_t taken = 0;

	for (other = p->busy; other != NULL; other = other->next)
		taken += other != call && other->trusts_kept &&
		    other->socket == NULL;
	for (s = p->sockets; s != NULL; s = s->next) {
		if (!s->used || s->spoiled || s->name != p->nnames ||
		    !is_young(s) || s->user != NULL || is_readable(s->watch.fd))
			continue;
		if (taken == 0)
			return true;
		taken--;
	}

	return false;
}

void
httpc_kept_release(struct httpc_call *call)
{
	struct httpc_socket *s = call->socket;

	/* Closed meanwhile, it may have become another one's. */
	if (s != NULL && s->user == call) {
		s->used_ms = clock_tick_us() / 1000;
		s->user = NULL;
	}
	call->socket = NULL;
	call->trusts_kept = false;
}

bool
httpc_kept_look(struct httpc_call *call, const union httpc_addr *remote,
    uint16_t local_port)
{
	struct httpc_socket *s =
	    httpc_socket_find(call->pool, remote, local_port);
	const void *tls;
	long connects = 0;

	call->socket = s;
	if (s == NULL) {
		/* Not to be looked at, so never to be used twice. */
		curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &connects);
		call->is_kept = call->is_stale = connects == 0;
		return !call->is_stale;
	}

	tls = tls_of(call);
	call->is_asked = tls != NULL && crypt_tls_is_asked(tls);
	s->user = call;
	call->is_kept = s->used;
	s->used = true;
	if (!call->is_kept) {
		s->spoiled = call->is_early = is_early(call, s->watch.fd);
		return true;
	}
	call->is_stale = s->spoiled || is_readable(s->watch.fd) ||
	    (tls != NULL && crypt_tls_has_input(tls));

	return !call->is_stale;
}

/* The segment that brings an answer also acknowledges the request, so with
 * bytes that are not acknowledged the answer is older than the request. */
bool
httpc_kept_may_answer(const struct httpc_call *call)
{
	curl_off_t sent = 0;
	int queued = 0;

	if (!call->is_kept)
		return true;
	curl_easy_getinfo(call->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	if ((size_t)sent < call->req.bodysz)
		return false;

	return call->socket == NULL ||
	    ioctl(call->socket->watch.fd, SIOCOUTQ, &queued) != 0 ||
	    queued == 0;
}

bool
httpc_kept_is_refusal(const struct httpc_call *call, int status)
{
	return call->is_kept && status == 408;
}
