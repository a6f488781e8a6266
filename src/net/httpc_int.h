/*
 * httpc_int - what the files of the HTTP client share
 *
 * Each file calls only those behind it:
 *
 * httpc.c	the client
 * httpc_pool.c	libcurl on the loop: its descriptors, its timer, its ends
 * httpc_call.c	one request, sent under the rules of httpc.h
 * httpc_name.c	looks its host up
 * httpc_addr.c	judges addresses
 * httpc_answer.c	reads the answer
 * httpc_kept.c	decides whether a kept connection may carry another request
 * httpc_socket.c	the sockets, as the loop watches them
 *
 * Only these files use CURL *.
 */
#ifndef NET_HTTPC_INT_H
#define NET_HTTPC_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "base/loop.h"
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

/* A socket of libcurl. */
struct httpc_socket {
	struct loop_watch watch;    /* its fd, while the socket is open */
	struct httpc_pool *watcher; /* whose libcurl waits for it */
	struct httpc_pool *pool; /* NULL: closed, or opened by libcurl itself */
	struct httpc_socket *next, **prev; /* in its pool */
	unsigned int wanted;           /* by libcurl; 0: no request uses it */
	const struct httpc_call *user; /* whose request it carries, or NULL */
	union httpc_addr remote;
	uint16_t local_port; /* 0: not known yet */
	size_t name;         /* the pool's count of names at its opening */
	int64_t opened_ms, used_ms;
	bool used;    /* it carried a request */
	bool spoiled; /* it may carry no further one */
};

struct httpc {
	struct loop *loop;
	struct httpc_options opt;
	char *user_agent;
	char *ca_file;
	size_t npools;
	size_t open;
	struct resolve *resolve;

	struct crypt_tls *tls; /* NULL: libcurl has another TLS library */
	int dead_fd;           /* replaces the socket of a flooding peer */

	struct httpc_socket **by_fd; /* NULL: none has had it */
	size_t nby_fd;
};

struct httpc_pool {
	struct httpc *c;
	struct httpc_policy policy;
	CURLM *multi;
	struct loop_timer timer; /* libcurl's */
	struct crypt_tls *tls;   /* the client's, or own_tls; NULL as there */
	struct crypt_tls *own_tls;
	char *ca_file, *cert_file, *key_file;
	struct httpc_socket *sockets; /* open ones */
	struct httpc_call *busy;
	struct httpc_call *idle; /* handles to be used again */

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
	struct loop_timer name_timer; /* until it waits no longer */
	/* The call waits no longer for its look-up: it may be sent, or must end
	 * with the code. */
	void (*named)(struct httpc_call *call, CURLcode code);
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
	bool no_socket;              /* we had none left to give */
	bool unwatched;              /* its socket could not be watched */
	bool flooded;                /* with TLS messages that mean nothing */
	struct httpc_socket *socket; /* NULL while there is none */
	bool is_kept;  /* the connection served an earlier request */
	bool is_stale; /* and is not fit for this one, which goes out anew */
	bool is_asked; /* the peer wants to see a certificate of ours */
	bool is_early; /* the peer wrote on it before there was a request */
	bool is_https;
	char retry_after[HTTPC_RETRY_AFTER_SIZE];
	char location[HTTPC_LOCATION_SIZE];
	char words[CURL_ERROR_SIZE]; /* libcurl's, of what went wrong */
};

/* A socket of this pool, from its opening to its closing. */
void httpc_socket_opened(struct httpc_pool *p, int fd,
    const struct sockaddr *to);
void httpc_socket_closed(struct httpc_pool *p, int fd);
/* All are closed. */
void httpc_socket_free_all(struct httpc *c);
/* The pool's socket with these two ends, or NULL. */
struct httpc_socket *httpc_socket_find(const struct httpc_pool *p,
    const union httpc_addr *remote, uint16_t local_port);
/* Watches for wanted, on behalf of a request; 0: the request is over.  ready
 * gets the socket, also when what is found is wanted no more.  False: it is
 * not watched. */
bool httpc_socket_want(struct httpc_pool *p, int fd, unsigned int wanted,
    void (*ready)(void *arg, unsigned int found));
/* Not to be watched until it is wanted again. */
void httpc_socket_rest(struct httpc_socket *s);
/* To be called before libcurl may read from a socket of this pool.  A peer
 * that sends TLS messages without end finds its connections dead. */
void httpc_socket_guard(struct httpc_pool *p);

/* Ends a call with libcurl's code for it: its callback is called. */
void httpc_call_finish(struct httpc_call *call, CURLcode code);
/* The handles of a pool that are not in use. */
void httpc_call_free_idle(struct httpc_pool *p);

/* The address is asked about before a socket is opened and before a request
 * goes out, on a connection used again too. */
void httpc_addr_guard(struct httpc_call *call);

/* Is the address allowed? */
bool httpc_addr_is_allowed(struct httpc_call *call, const struct sockaddr *sa);

/* Begins the look-up of the call's host if it needs one, and then call->named
 * is called from the loop; false when it does not, and may be sent. */
bool httpc_name_begin(struct httpc_call *call);
/* The call no longer waits for its look-up. */
void httpc_name_leave(struct httpc_call *call);

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
