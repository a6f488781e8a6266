/*
 * fcgi_conn - the FastCGI protocol of one connection
 *
 * The bytes of a peer become one request at a time.  Further requests that
 * begin before it has ended are refused with FCGI_CANT_MPX_CONN; questions
 * (FCGI_GET_VALUES) are answered; an abort ends the request (FastCGI
 * specification 1.0, sections 3.3, 4.1, 5.4 and 5.5).  It knows no socket.
 * One thread.
 */
#ifndef FRONT_FCGI_CONN_H
#define FRONT_FCGI_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "front/fcgi_record.h"
#include "front/fcgi_request.h"

#define FCGI_CONN_BEGIN_SIZE 8
#define FCGI_CONN_VALUES_MAX 1024 /* bytes of a question */
#define FCGI_CONN_OUT_MAX (256u << 10)

struct fcgi_conn_limits {
	int64_t max_body;
	unsigned int max_requests; /* told to those who ask */
	struct spool_room room;
};

struct fcgi_conn {
	struct fcgi_reader reader;
	uint8_t begin[FCGI_CONN_BEGIN_SIZE];
	struct buf values; /* of a question that comes */
	/* The request that comes or is worked, or NULL. */
	struct fcgi_request *request;
	bool is_taken;   /* nothing more is added to it */
	bool is_aborted; /* nobody waits for its answer any more */
	bool is_last;    /* the connection ends with the request */
	bool has_past;   /* a request has ended, or was refused */
	struct buf out;  /* records that wait to be written */
};

void fcgi_conn_init(struct fcgi_conn *c);
void fcgi_conn_fini(struct fcgi_conn *c); /* its request too */

/*
 * Takes what came.  c->request is whole afterwards, or not yet.
 *
 * RC_INVALID	the peer does not speak the protocol: close.
 * RC_DENIED	the request is refused; *status is 400 or 431.
 * RC_BUSY, RC_SYSTEM	the request cannot be kept; *status is 503.
 */
enum rc fcgi_conn_take(struct fcgi_conn *c, const struct fcgi_conn_limits *l,
    const uint8_t *p, size_t n, int *status, struct err *e);

/* The request has ended; the caller has it. */
void fcgi_conn_forget(struct fcgi_conn *c);

/* No request is here, and no part of a record. */
bool fcgi_conn_is_between(const struct fcgi_conn *c);

/* A request came whole and is nobody's yet. */
bool fcgi_conn_is_whole(const struct fcgi_conn *c);

#endif
