/*
 * notice - what hls has to say of a webhook, as an event of its own
 *
 * A webhook fails and will be disabled, was disabled, a delivery to it is
 * dead, or a dead delivery holds up the later ones of its order key.  The store puts it down in the transaction in which it happens; a
 * drain makes an event of it, which other webhooks can ask for by name.
 * Pure.
 */
#ifndef CORE_NOTICE_H
#define CORE_NOTICE_H

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
	NOTICE_BLOCKED   /* "hls.key.blocked" */
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
};
void notice_fini(struct notice *n);

const char *notice_type(enum notice_what what);

/* The event that tells of it: one delivery id for one notice, the team of
 * the webhook, and the data as JSON for a body.  Of the URL scheme, host and
 * port alone.  The caller's. */
struct event *notice_event(const struct notice *n);

#endif
