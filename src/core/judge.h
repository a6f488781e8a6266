/*
 * judge - which webhooks want an event, and in which order
 *
 * A registration decides by its state, patterns, team and filter, and has an
 * order key.  One function judges them and gives the reason, for the drain
 * and for pages and commands that explain a delivery.  The caller reads the
 * body of an event: at most once, when the first filter or order key needs
 * it; the body is scanned once for all of them.  One thread.
 */
#ifndef CORE_JUDGE_H
#define CORE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "core/event.h"
#include "core/filter.h"
#include "core/match.h"

struct judge;
struct webhook;

/* Reads the bytes of an event, for the judge to free().
 * RC_NOTFOUND	they are purged. */
struct judge_bodies {
	enum rc (*read)(void *arg, const struct event *ev, char **body,
	    size_t *n, struct err *e);
	void *arg;
};

/* The caller owns the n registrations and keeps them until the free. */
struct judge *judge_new(struct webhook *const *v, size_t n,
    const struct judge_bodies *bodies);
void judge_free(struct judge *m);

/* Between begin and end, all judgements are about ev, which the caller
 * keeps. */
void judge_begin(struct judge *m, const struct event *ev);
void judge_end(struct judge *m);

/* A longer value is replaced by its SHA-256, "sha256:..." in hex. */
#define JUDGE_ORDER_KEY_MAX 200

struct judge_verdict {
	bool wants;
	enum match_verdict match; /* without the filter */
	bool filtered;            /* a filter was evaluated, see why */
	bool is_broken;           /* the filter cannot be read */
	struct filter_why why;
	const char *order_key; /* points into text; NULL: unordered */
	char text[JUDGE_ORDER_KEY_MAX + 1];
};

/* The reason why the webhook does not get the event; v->wants is false. */
enum event_passed judge_passed(const struct judge_verdict *v);

/*
 * Judges webhook i.  A filter that cannot be read never holds; registration
 * refuses such filters.  A purged body counts as one that is not JSON.
 * Other codes are those of reading the body.
 */
enum rc judge_webhook(struct judge *m, size_t i, struct judge_verdict *out,
    struct err *e);

#endif
