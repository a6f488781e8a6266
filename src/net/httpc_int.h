/*
 * httpc_int - what the files of the HTTP client share
 *
 * httpc.c holds pools and what is polled, httpc_call.c one request and the
 * rules it goes out under, httpc_addr.c where it may go, httpc_kept.c whether
 * a connection is fit for one more request, httpc_answer.c what comes back.
 * A CURL * is known to these alone.
 */
#ifndef NET_HTTPC_INT_H
#define NET_HTTPC_INT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "net/httpc.h"

struct crypt_tls;

union httpc_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* A descriptor's place in the table that is polled, 0 for none, as the extra
 * ones stand first; and whose socket it is, with both of its ends. */
struct httpc_fd {
	size_t at;
	struct httpc_pool *pool;
	union httpc_addr remote;
	uint16_t local_port; /* 0: not known yet */
	bool used;           /* a request went out on it */
	bool spoiled;        /* and no other may */
};

struct httpc {
	struct httpc_options opt;
	char *user_agent;
	char *ca_file;
	struct httpc_pool *pools; /* all of them */
	size_t open;

	struct crypt_tls *tls; /* NULL: libcurl has another TLS library */
	int dead_fd;           /* takes the place of a socket that floods us */

	/* What to poll: entry i belongs to owner[i]. */
	struct pollfd *fds;
	struct httpc_pool **owner;
	size_t nfds, cap;
	struct httpc_fd *by_fd;
	size_t nby_fd;

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
	struct crypt_tls *tls; /* the client's, or own_tls; NULL as there */
	struct crypt_tls *own_tls;
	char *ca_file, *cert_file, *key_file;
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
	int64_t sent_us, answered_us; /* when; 0: not yet */
	char *kept;
	size_t keptsz, kept_cap;
	size_t header_bytes, body_bytes;
	int status;    /* of the block being read */
	bool complete; /* the final block is whole */
	bool begun;    /* connected, the request may have gone out */
	bool denied;   /* an address was refused */
	bool allowed;  /* and another one was not */
	bool too_long, cut;
	bool no_socket; /* we had none left to give */
	bool flooded;   /* with TLS messages that mean nothing */
	int fd;         /* of the connection, -1 while there is none */
	bool is_kept;   /* the connection served an earlier request */
	bool is_stale;  /* and is not fit for this one, which goes out anew */
	bool is_asked;  /* the peer wants to see a certificate of ours */
	bool is_early;  /* the peer wrote on it before there was a request */
	bool is_https;
	char retry_after[HTTPC_RETRY_AFTER_SIZE];
	char location[HTTPC_LOCATION_SIZE];
	char words[CURL_ERROR_SIZE]; /* libcurl's, of what went wrong */
};

/* A socket of this pool, from its opening to its closing. */
void httpc_fd_opened(struct httpc_pool *p, int fd, const struct sockaddr *to);
void httpc_fd_closed(struct httpc_pool *p, int fd);
/* The pool's socket with these two ends, or -1. */
int httpc_fd_find(const struct httpc_pool *p, const union httpc_addr *remote,
    uint16_t local_port);
/* To be called before libcurl may read from a socket of this pool.  A peer
 * that sends TLS messages without end finds its connections dead. */
void httpc_watch(struct httpc_pool *p);

/* Ends a call with libcurl's code for it: its callback is called. */
void httpc_call_finish(struct httpc_call *call, CURLcode code);
/* The handles of a pool that are not in use. */
void httpc_call_free_idle(struct httpc_pool *p);

/* The address is asked about before a socket is opened and before a request
 * goes out, on a connection used again too. */
void httpc_addr_guard(struct httpc_call *call);

/* Looks at the connection that a request is about to go out on, before its
 * first byte: false when it must not be used, and then call->is_stale. */
bool httpc_kept_look(struct httpc_call *call, const union httpc_addr *remote,
    uint16_t local_port);
/* An answer begins: false when it cannot be to this request, because the
 * peer had not received all of that on a kept connection. */
bool httpc_kept_may_answer(const struct httpc_call *call);
/* Is this status of no use on this connection, so that the request must go
 * out on another? */
bool httpc_kept_is_refusal(const struct httpc_call *call, int status);

/* Reads headers and body, up to the limits. */
void httpc_answer_listen(struct httpc_call *call);
/* Forgets what an earlier request of this handle was answered. */
void httpc_answer_reset(struct httpc_call *call);
/* All of the answer, which borrows from the call. */
void httpc_answer_make(const struct httpc_call *call, CURLcode code,
    struct httpc_answer *out);

#endif
