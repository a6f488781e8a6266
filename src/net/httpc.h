/*
 * httpc - an asynchronous HTTP client on a loop
 *
 * Requests go out through pools.  A pool holds the connections of one
 * endpoint and shares them with no other, so an address that is allowed for
 * one registration is never reached on behalf of another.  Each pool has rules
 * of its own for addresses.  The final address is judged by them before a
 * socket is opened and again before each request goes out on it.  An address
 * that is refused is never connected to; the name's other addresses are tried.
 *
 * No request can change these rules: http and https only, HTTP/1.1, no
 * redirects, no proxy, no netrc, cookies, HSTS or alternative services whatever
 * the environment says, TLS 1.2 or later with peer and host verified, no
 * content decoding, no wait for 100-continue, headers and body of the answer
 * cut at a limit.
 *
 * A receiver may close an idle connection at any time.  A request on a kept
 * connection that breaks before the first line of the answer is therefore sent
 * once more, on a new connection.  A request on a new connection is never sent
 * again, and a caller may ask for a new connection.
 *
 * Belongs to the loop's thread.  Callbacks run inside loop_turn() only, and may
 * start and cancel calls, but free neither the client nor a pool.
 */
#ifndef NET_HTTPC_H
#define NET_HTTPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct sockaddr;
struct httpc;
struct httpc_pool;
struct httpc_call;

#define HTTPC_ADDRESS_SIZE 64
#define HTTPC_RETRY_AFTER_SIZE 64
#define HTTPC_LOCATION_SIZE 512
#define HTTPC_HEADERS_MAX (64u << 10) /* of an answer, 1xx included */

struct httpc_options {
	struct loop *loop; /* lives longer than the client */
	const char *user_agent;
	const char *ca_file;     /* NULL: the system's */
	size_t idle_connections; /* kept open in one pool */
};

/* How a call ended, from the caller's side. */
enum httpc_end {
	HTTPC_COMPLETE,    /* a whole answer */
	HTTPC_CUT,         /* whole status and headers, a part of the body */
	HTTPC_DENIED,      /* the address is not allowed; nothing was sent */
	HTTPC_TIMEOUT,     /* connected, then too slow */
	HTTPC_NOT_IN_TIME, /* no connection in time */
	HTTPC_REFUSED,     /* the connection was refused */
	HTTPC_DNS,         /* the name does not resolve */
	HTTPC_TLS,         /* no trust; nothing was sent */
	HTTPC_BROKEN,   /* the connection broke before the headers were whole */
	HTTPC_PROTOCOL, /* the answer is not HTTP/1.x as we accept it */
	HTTPC_LOCAL,    /* our fault: the request cannot be sent */
	HTTPC_SHORT     /* our fault: this host lacks a resource */
};
#define HTTPC_ENDS 12

/* The duration of each phase of a call; -1 for a phase that was not reached or
 * not needed: a kept connection has none of the first three, and plain http
 * has no TLS. */
struct httpc_times {
	int64_t name_us;
	int64_t connect_us;
	int64_t tls_us;
	int64_t first_byte_us; /* from the request to the answer's first line */
	int64_t total_us;      /* never -1 */
};

/* Lives for the duration of the callback. */
struct httpc_answer {
	enum httpc_end end;
	bool by_name;     /* the URL has a host name, not an address */
	int status;       /* 0 unless the headers were whole */
	const char *text; /* our words, "" when all is well */
	int64_t took_ms;
	struct httpc_times times;
	char address[HTTPC_ADDRESS_SIZE];         /* connected to, or "" */
	char retry_after[HTTPC_RETRY_AFTER_SIZE]; /* as sent, or "" */
	char location[HTTPC_LOCATION_SIZE];       /* as sent, or "" */
	const void *body;                         /* the first keep bytes */
	size_t bodysz;
};

/* All pointers are borrowed until the callback or the cancellation. */
struct httpc_request {
	const char *url;
	const char *method;         /* "POST", "GET" ... */
	const char *const *headers; /* "Name: value" */
	size_t nheaders;
	const void *body; /* NULL: none */
	size_t bodysz;
	int64_t connect_timeout_ms;
	int64_t timeout_ms; /* of the whole call */
	int64_t idle_ms;    /* without a byte either way; 0: no limit */
	size_t keep;        /* bytes of the answer's body that are kept */
	size_t body_max;    /* bytes of the answer's body that are read */
	bool once; /* use a new connection, so that it is never sent again */
	void (*done)(void *arg, const struct httpc_answer *answer);
	void *arg;
};

/* RC_SYSTEM: libcurl did not start. */
enum rc httpc_new(const struct httpc_options *opt, struct httpc **out,
    struct err *e);
/* Free all pools first. */
void httpc_free(struct httpc *c);

/* The rules for the addresses of one endpoint: may this one be connected to?
 * Anything but RC_OK refuses. */
struct httpc_policy {
	enum rc (*allow)(void *arg, const struct sockaddr *sa, bool is_https,
	    struct err *e);
	void *arg; /* lives longer than the pool */
};

/* TLS settings of one endpoint; each may be NULL. */
struct httpc_tls {
	const char *ca_file;   /* replaces the client's ca_file */
	const char *cert_file; /* the client certificate */
	const char *key_file;  /* NULL: the key is in cert_file */
};

/* Policy and tls are copied; tls may be NULL.  Its files are read when a
 * connection is made; an unreadable file ends the call with HTTPC_SHORT. */
struct httpc_pool *httpc_pool_new(struct httpc *c,
    const struct httpc_policy *policy, const struct httpc_tls *tls);
/* Cancels the open calls and closes all connections. */
void httpc_pool_free(struct httpc_pool *p);

/* Never fails at once: the callback reports every error. */
struct httpc_call *httpc_start(struct httpc_pool *p,
    const struct httpc_request *req);
/* Ends a call without its callback. */
void httpc_cancel(struct httpc_call *call);

/* Open calls of all pools. */
size_t httpc_open_calls(const struct httpc *c);

#endif
