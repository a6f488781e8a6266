/*
 * deliver_req - building and signing one request
 *
 * The header lines and the body of one attempt to deliver one event to one
 * webhook.  webhook-id is the event's id, the same on every attempt; timestamp
 * and signatures belong to this attempt.  Pure.
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
	size_t custom, ncustom; /* where those of the webhook are in headers */
	const void *body;       /* the event's bytes, or those in made */
	size_t bodysz;

	struct buf text; /* may hold secrets */
	size_t at[DELIVER_REQ_HEADERS_MAX];
	struct buf made; /* the envelope, or the JSON of a form */
};

/* The body that a webhook gets: the bytes as they were received, the envelope,
 * or the decoded JSON of a form. */
enum deliver_form {
	DELIVER_RAW,
	DELIVER_ENVELOPE,
	DELIVER_JSON
};
enum deliver_form deliver_req_form(const struct webhook *w,
    const struct event *ev);
/* Writes the body of this form, which is the same for every webhook.  False,
 * with out unchanged, when the received bytes are sent as they are. */
bool deliver_req_make(const struct event *ev, enum deliver_form form,
    const void *body, size_t n, struct buf *out);

/* Borrows body, which is deliver_req_make()'s where that returned true (is_made),
 * until deliver_req_fini(), which wipes the secrets in r. */
void deliver_req_init(struct deliver_req *r, const struct webhook *w,
    const struct event *ev, const void *body, size_t bodysz, bool is_made,
    int64_t now_ms);

/* Adds the header that marks a replay: a person had the event sent again. */
void deliver_req_put_replay(struct deliver_req *r);
void deliver_req_fini(struct deliver_req *r);

#endif
