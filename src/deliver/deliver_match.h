/*
 * deliver_match - which webhooks want an event, and in which order
 *
 * A registration decides by its state, patterns, team and filter, and has an
 * order key.  One function judges them and gives the reason, for the drain
 * and for commands that explain a delivery.  The body of an event is read at
 * most once, when the first filter or order key needs it, and is scanned once
 * for all of them.  One thread.
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

/* The caller owns the registrations and keeps them until the free. */
struct deliver_match *deliver_match_new(struct store *s,
    const struct store_webhooks *webhooks);
void deliver_match_free(struct deliver_match *m);

/* Between begin and end, all judgements are about ev, which the caller
 * keeps. */
void deliver_match_begin(struct deliver_match *m, const struct event *ev);
void deliver_match_end(struct deliver_match *m);

/* A longer value is replaced by its SHA-256, "sha256:..." in hex. */
#define DELIVER_ORDER_KEY_MAX 200

struct deliver_verdict {
	bool wants;
	enum match_verdict match; /* without the filter */
	bool filtered;            /* a filter was evaluated, see why */
	bool is_broken;           /* the filter cannot be read */
	struct filter_why why;
	const char *order_key; /* points into text; NULL: unordered */
	char text[DELIVER_ORDER_KEY_MAX + 1];
};

/* The reason why the webhook does not get the event; v->wants is false. */
enum event_passed deliver_match_passed(const struct deliver_verdict *v);

/*
 * Judges webhook i.  A filter that cannot be read never holds; registration
 * refuses such filters.  A purged body counts as one that is not JSON.
 * RC_BUSY, RC_SYSTEM	the body could not be read.
 */
enum rc deliver_match_judge(struct deliver_match *m, size_t i,
    struct deliver_verdict *out, struct err *e);

#endif
