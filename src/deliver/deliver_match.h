/*
 * deliver_match - which webhooks want an event, and in which order
 *
 * All of a registration that decides about an event: enabled, patterns,
 * team, filter, and the order key.  There is one judgement, which also tells
 * its reason, for the drain and for whoever asks why.  The body of an event
 * is read at most once, when the first filter or order key looks into it,
 * and gone through once for all of them.  One thread.
 */
#ifndef DELIVER_DELIVER_MATCH_H
#define DELIVER_DELIVER_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "core/event.h"
#include "core/filter.h"
#include "core/match.h"

struct deliver_match;
struct store;
struct store_webhooks;
struct webhook;

/* The registrations stay the caller's and live longer. */
struct deliver_match *deliver_match_new(struct store *s,
    const struct store_webhooks *webhooks);
void deliver_match_free(struct deliver_match *m);

/* From begin to end the judgements are of this event, which outlives them. */
void deliver_match_begin(struct deliver_match *m, const struct event *ev);
void deliver_match_end(struct deliver_match *m);

/* A longer value is its SHA-256 instead, "sha256:..." in hex. */
#define DELIVER_ORDER_KEY_MAX 200

struct deliver_verdict {
	bool wants;
	enum match_verdict match; /* without the filter */
	/* There is a filter and it was asked; why then tells what was
	 * decisive. */
	bool filtered;
	bool is_broken; /* the filter cannot be read */
	struct filter_why why;
	const char *order_key; /* NULL: in no order; in text */
	char text[DELIVER_ORDER_KEY_MAX + 1];
};

/* Why the event passes the webhook by, of a verdict that does not want it. */
enum event_passed deliver_match_passed(const struct deliver_verdict *v);

/*
 * Judges webhook i.  A filter that cannot be read, which no registration
 * has, holds for nothing.  Bytes that are purged are a body that is not
 * JSON.
 * RC_BUSY, RC_SYSTEM	the body could not be read.
 */
enum rc deliver_match_judge(struct deliver_match *m, size_t i,
    struct deliver_verdict *out, struct err *e);

#endif
