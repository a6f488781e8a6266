/*
 * fcgi_request - one FastCGI request, from its parameters to its answer
 *
 * The loop's thread gathers it.  Once it is whole, one thread, of a pool or the
 * loop's, reads it and answers through its http_conn; then it is the loop's
 * again, which writes the answer.
 */
#ifndef FRONT_FCGI_REQUEST_H
#define FRONT_FCGI_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "front/fcgi_params.h"
#include "front/http_conn.h"
#include "front/spool.h"

enum fcgi_request_state {
	FCGI_REQUEST_HEAD,  /* its parameters come */
	FCGI_REQUEST_INPUT, /* its body comes */
	FCGI_REQUEST_WHOLE  /* nothing more is needed */
};

struct fcgi_request {
	struct http_conn conn; /* first: a conn is cast back to this */
	uint16_t id;
	enum fcgi_request_state state;
	struct fcgi_params params;
	const char *const *list; /* the parameters, once all are here */
	struct spool body;
	size_t announced;   /* bytes of the body */
	size_t read;        /* of it by the pool */
	bool is_overlong;   /* more came than was announced */
	bool is_input_open; /* its end has not come */
	const char *broken; /* why no answer is owed; a literal, or NULL */

	/* The answer: heads of records are made as it is written. */
	struct buf head;
	char *text;
	size_t textsz;
};

struct fcgi_request *fcgi_request_new(uint16_t id,
    const struct spool_room *room);
void fcgi_request_free(struct fcgi_request *r); /* NULL is fine */

/*
 * The parameters are whole, and max_body is what a body may have.
 * RC_INVALID	they are cut off within a pair.
 */
enum rc fcgi_request_begin_input(struct fcgi_request *r, int64_t max_body,
    struct err *e);

/* RC_BUSY, RC_SYSTEM: it cannot be kept (spool.h). */
enum rc fcgi_request_add_input(struct fcgi_request *r, const void *p, size_t n,
    struct err *e);
void fcgi_request_end_input(struct fcgi_request *r);

/* The peer is gone or too slow: what is here is all there will be, and no
 * answer is owed.  why is a literal. */
void fcgi_request_break(struct fcgi_request *r, const char *why);

#endif
