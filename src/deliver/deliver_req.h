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

#include <stdbool.h>
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

/* What a webhook gets of an event: the bytes as they were received, the
 * envelope, or the JSON of a form. */
enum deliver_form {
	DELIVER_RAW,
	DELIVER_ENVELOPE,
	DELIVER_JSON
};
enum deliver_form deliver_req_form(const struct webhook *w,
    const struct event *ev);
/* The body in a form; the same for every webhook.  False, and out untouched,
 * when the bytes go out as they were received. */
bool deliver_req_make(const struct event *ev, enum deliver_form form,
    const void *body, size_t n, struct buf *out);

/* As deliver_req_init() below, with a body that deliver_req_make() has made,
 * or, where is_made is false, had not to. */
void deliver_req_init_made(struct deliver_req *r, const struct webhook *w,
    const struct event *ev, const void *body, size_t bodysz, bool is_made,
    int64_t now_ms);

/* Borrows body until deliver_req_fini(), which wipes what was secret. */
void deliver_req_init(struct deliver_req *r, const struct webhook *w,
    const struct event *ev, const void *body, size_t bodysz, int64_t now_ms);
/* Says that the event went out before and is sent anew on a person's wish. */
void deliver_req_put_replay(struct deliver_req *r);
void deliver_req_fini(struct deliver_req *r);

#endif
