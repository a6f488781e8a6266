#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "net/httpc_int.h"

bool
httpc_addr_is_allowed(struct httpc_call *call, const struct sockaddr *sa)
{
	const struct httpc_policy *policy = &call->pool->policy;
	struct err e;

	if (policy->allow(policy->arg, sa, call->is_https, &e) == RC_OK)
		return true;
	call->denied = true;

	return false;
}

static curl_socket_t
on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct httpc_call *call = arg;
	int fd;

	(void)purpose;
	/* libcurl then goes on to the name's next address. */
	if (!httpc_addr_is_allowed(call, &a->addr))
		return CURL_SOCKET_BAD;
	call->allowed = true;

	fd = socket(a->family, a->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    a->protocol);
	/* A host without IPv6 is not short of anything. */
	if (fd < 0 && errno != EAFNOSUPPORT)
		call->no_socket = true;
	if (fd >= 0)
		httpc_socket_opened(call->pool, fd, &a->addr);

	return fd;
}

static int
on_close_socket(void *arg, curl_socket_t fd)
{
	httpc_socket_closed(arg, fd);

	return close(fd);
}

/* Runs for connections used again, too, which opened no socket. */
static int
on_before_request(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	struct httpc_call *call = arg;
	union httpc_addr a;

	(void)local_ip;
	memset(&a, 0, sizeof(a));
	if (inet_pton(AF_INET, ip, &a.in.sin_addr) == 1) {
		a.in.sin_family = AF_INET;
		a.in.sin_port = htons((uint16_t)port);
	} else if (inet_pton(AF_INET6, ip, &a.in6.sin6_addr) == 1) {
		a.in6.sin6_family = AF_INET6;
		a.in6.sin6_port = htons((uint16_t)port);
	} else {
		return CURL_PREREQFUNC_ABORT;
	}

	if (!httpc_addr_is_allowed(call, &a.sa)) {
		call->allowed = false;
		return CURL_PREREQFUNC_ABORT;
	}
	if (!httpc_kept_look(call, &a, (uint16_t)local_port))
		return CURL_PREREQFUNC_ABORT;
	call->begun = true;
	call->sent_us = clock_tick_us();
	/* Read when libcurl connects again.  Left alone it tries the kept
	 * connections one by one, and a receiver may get six requests. */
	curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, 1L);

	return CURL_PREREQFUNC_OK;
}

void
httpc_addr_guard(struct httpc_call *call)
{
	CURL *easy = call->easy;

	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
	/* Connections outlive their first call, but not their pool. */
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, call->pool);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_before_request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
}
