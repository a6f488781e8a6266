/*
 * deliver_req - building and signing one request
 *
 * One webhook, one event, one attempt: the header lines and the body that
 * go out, as the contract of a delivery has them.  The id is the event's and
 * the same on every attempt; timestamp and signatures are of this attempt.
 * Pure.
 */
#ifndef DELIVER_DELIVER_REQ_H
#define DELIVER_DELIVER_REQ_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct event;
struct webhook;

#define DELIVER_REQ_HEADERS_MAX 96

struct deliver_req {
	const char *headers[DELIVER_REQ_HEADERS_MAX]; /* into text */
	size_t nheaders;
	const void *body; /* the event's, or what was made of it */
	size_t bodysz;

	struct buf text; /* may hold secrets */
	size_t at[DELIVER_REQ_HEADERS_MAX];
	struct buf made; /* the envelope, or the JSON of a form */
};

/* Borrows body until deliver_req_fini(), which wipes what was secret. */
void deliver_req_init(struct deliver_req *r, const struct webhook *w,
    const struct event *ev, const void *body, size_t bodysz, int64_t now_ms);
/* Says that the event went out before and is sent anew on a person's wish. */
void deliver_req_put_replay(struct deliver_req *r);
void deliver_req_fini(struct deliver_req *r);

#endif
