/*
 * httpc_int - what the files of the HTTP client share
 *
 * httpc.c holds pools and polls, httpc_call.c sends one request under the
 * rules of httpc.h, httpc_name.c looks its host up, httpc_addr.c judges
 * addresses, httpc_kept.c decides whether a kept connection may carry another
 * request, httpc_answer.c reads the answer.  Only these files use CURL *.
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
#include "net/resolve.h"

struct crypt_tls;

/* Maximum age and idle time of a kept connection, in seconds. */
#define HTTPC_KEPT_LIFE_S 300
#define HTTPC_KEPT_IDLE_S 118

union httpc_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* A socket: its index in the table that is polled (0: none, as the extra
 * descriptors stand first), its pool, and both of its ends. */
struct httpc_fd {
	size_t at;
	struct httpc_pool *pool;
	union httpc_addr remote;
	uint16_t local_port; /* 0: not known yet */
	size_t name;         /* the pool's count of names at its opening */
	int64_t opened_ms, used_ms;
	bool used;    /* it carried a request */
	bool spoiled; /* it may carry no further one */
};

struct httpc {
	struct httpc_options opt;
	char *user_agent;
	char *ca_file;
	struct httpc_pool *pools; /* all of them */
	size_t open;
	struct resolve *resolve;
	size_t nnamed; /* calls that are not HTTPC_NAME_NONE */

	struct crypt_tls *tls; /* NULL: libcurl has another TLS library */
	int dead_fd;           /* replaces the socket of a flooding peer */

	/* The descriptors to poll: entry i belongs to owner[i]. */
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

	/* One look-up at a time, for all calls of the same host. */
	struct resolve_look *look;
	struct resolve_share share;
	char *look_host;
	/* The host and port that libcurl was last told the addresses of, and
	 * how many it was told. */
	char *name, *port;
	size_t nnames;
};

/* How far the look-up of a call's host is. */
enum httpc_name {
	HTTPC_NAME_NONE,  /* not needed, or done */
	HTTPC_NAME_WAITS, /* for the look-up */
	HTTPC_NAME_ENDED  /* the call must end with name_code */
};

struct httpc_call {
	struct httpc_pool *pool;
	struct httpc_call *next, **prev; /* in busy; next alone in idle */
	CURL *easy;
	struct httpc_request req;
	struct curl_slist *lines;
	size_t nlines;
	int64_t started_us;
	int64_t begun_us; /* this try of it */
	char *url_split;  /* the URL that host and port are of */
	char *host, *port;
	struct curl_slist resolve; /* of CURLOPT_RESOLVE */
	bool by_name;              /* host is a name, not an address */
	enum httpc_name name;
	CURLcode name_code;
	int64_t name_us;    /* that the look-up took, -1: there was none */
	const char *lacked; /* by this host, in words */
	bool fresh;         /* on a new connection */
	bool is_sent;       /* libcurl has it */
	bool trusts_kept;   /* sent without a look-up */
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

/* Hands a call to libcurl, whose timer starts the transfer. */
void httpc_call_send(struct httpc_call *call);
/* Ends a call with libcurl's code for it: its callback is called. */
void httpc_call_finish(struct httpc_call *call, CURLcode code);
/* The handles of a pool that are not in use. */
void httpc_call_free_idle(struct httpc_pool *p);

/* The address is asked about before a socket is opened and before a request
 * goes out, on a connection used again too. */
void httpc_addr_guard(struct httpc_call *call);

/* Is the address allowed? */
bool httpc_addr_is_allowed(struct httpc_call *call, const struct sockaddr *sa);

/* Begins the look-up of the call's host if it needs one; false when it does
 * not, and may be sent. */
bool httpc_name_begin(struct httpc_call *call);
/* The call no longer waits for its look-up. */
void httpc_name_leave(struct httpc_call *call);
/* timeout_ms (-1: for ever), or less if a call waits no longer than that. */
int64_t httpc_name_timer(const struct httpc *c, int64_t timeout_ms);
/* Ends the calls whose look-up failed or was too slow. */
void httpc_name_reap(struct httpc *c);

/* Will libcurl find a kept connection for this call? */
bool httpc_kept_is_there(const struct httpc_call *call);
/* Looks at the connection that a request is about to go out on, before its
 * first byte: false when it must not be used, and then call->is_stale. */
bool httpc_kept_look(struct httpc_call *call, const union httpc_addr *remote,
    uint16_t local_port);
/* The call is over: its connection may be idle now. */
void httpc_kept_release(struct httpc_call *call);
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
