/*
 * notice - what hls reports of webhooks and sources, as events of its own
 *
 * A webhook fails and will be disabled, was disabled, a delivery to it is
 * dead, or a dead delivery holds up the later ones of its order key.  The
 * store writes such a notice in the transaction in which its cause happens.
 * A source has events that are held back, or refuses posts whose signature
 * matches: the store counts them, and there is one notice an hour and source
 * at most.  A drain makes an event of each notice, which webhooks can ask for
 * by name.  Pure.
 */
#ifndef CORE_NOTICE_H
#define CORE_NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "core/outcome.h"
#include "core/webhook.h"

struct event;

#define NOTICE_SOURCE "hls" /* of its events, and their provider */

enum notice_what {
	NOTICE_FAILING,  /* "hls.webhook.failing" */
	NOTICE_DISABLED, /* "hls.webhook.disabled" */
	NOTICE_DEAD,     /* "hls.delivery.dead" */
	NOTICE_BLOCKED,  /* "hls.key.blocked" */
	NOTICE_SUSPECT,  /* "hls.event.suspect", of a source */
	NOTICE_REFUSING  /* "hls.source.refusing", of a source */
};
#define NOTICE_WHATS 6
#define NOTICE_APART_MS (INT64_C(3600) * 1000) /* two of one source */

/* How often something happened for one reason since the last notice. */
#define NOTICE_REASONS_MAX 16
struct notice_reason {
	char name[32];
	int64_t n;
	char *labels; /* of the figure that counts it */
	int64_t upto; /* what that has come to */
};

/* As it was when it happened; what does not belong to its kind is 0, "" or
 * NULL. */
struct notice {
	int64_t id;
	enum notice_what what;
	int64_t at_ms;
	char *webhook;
	char *url;  /* NULL: the webhook is not there any more */
	char *team; /* NULL: none */
	enum webhook_why why;
	int64_t failing_since_ms, disable_at_ms;
	int64_t failures;               /* in a row; of a dead one attempts */
	char delivery[ID_PUBLIC_SIZE];  /* the dead job */
	char event[ID_PUBLIC_SIZE];     /* and its event */
	char *event_type, *delivery_id; /* of that */
	char *order_key;                /* of the dead job, or NULL */
	enum outcome_class last_class;  /* the last failure */
	int last_code;
	char *last_text;

	/* Of a source; its id is 0. */
	char *source;
	int64_t reported_ms; /* time of the previous report; 0: none */
	int64_t last_ms;     /* when it happened last */
	struct notice_reason reasons[NOTICE_REASONS_MAX];
	size_t nreasons;
};
bool notice_is_of_source(const struct notice *n);
int64_t notice_count(const struct notice *n); /* over all reasons */
void notice_fini(struct notice *n);

const char *notice_type(enum notice_what what);

/* The event that tells of it: one delivery id for one notice, the team of
 * the webhook, and the data as JSON for a body.  Of the URL scheme, host and
 * port alone.  The caller's. */
struct event *notice_event(const struct notice *n);

#endif
