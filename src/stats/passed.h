/*
 * passed - which webhooks an event passes by, as they are registered now
 *
 * When the jobs of an event are made, the webhooks that get none are counted
 * by reason, and the counts stay with the event (show.h).  The reason of a
 * single webhook is not stored: it is judged again when somebody asks, so a
 * webhook that was registered, changed or enabled since may get the event
 * now.  A page judges a bounded number of webhooks.  Any thread.
 */
#ifndef STATS_PASSED_H
#define STATS_PASSED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "core/judge.h"
#include "core/webhook.h"

struct event;
struct js_writer;
struct store;

struct passed_want {
	struct store *store;
	const struct event *ev;
	struct judge_bodies bodies;
	size_t limit;                   /* so many webhooks are judged */
	char after[WEBHOOK_ID_MAX + 1]; /* the cursor; "": from the first */
};

/*
 * Calls f for each webhook of the page that never had a delivery of the
 * event and is not about to get one.  w->after is the cursor of the next page
 * then, "" at the end.  A suspect owes nobody and a test is for one webhook
 * alone: for both f is not called.
 */
enum rc passed_page(struct passed_want *w,
    void (*f)(void *arg, const struct webhook *hook,
	const struct judge_verdict *v),
    void *arg, struct err *e);

/* One webhook as an object; with_found: with the value in the body that
 * decided, which only those may see who may read payloads. */
void passed_format(struct js_writer *w, const struct webhook *hook,
    const struct judge_verdict *v, bool with_found);

#endif
