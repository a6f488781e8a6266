/*
 * notice_data - the data of hls's own events about webhooks and sources
 *
 * Each function makes a whole notice of facts, which it copies.  Pure.
 */
#ifndef CORE_NOTICE_DATA_H
#define CORE_NOTICE_DATA_H

#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "core/notice.h"
#include "core/outcome.h"
#include "core/webhook.h"

/* Facts that do not belong to the name are 0, "" or NULL. */
struct notice_webhook {
	const char *webhook;
	const char *url;  /* NULL: the webhook is not there any more */
	const char *team; /* NULL: none */
	enum webhook_why why;
	int64_t failing_since_ms, disable_at_ms;
	int64_t failures;              /* in a row; of a dead one attempts */
	char delivery[ID_PUBLIC_SIZE]; /* the dead job */
	char event[ID_PUBLIC_SIZE];    /* and its event */
	const char *event_type, *delivery_id; /* of the event */
	const char *order_key;                /* of the dead job */
	enum outcome_class last_class;        /* the last failure */
	int last_code;
	const char *last_text;
};
/* About a webhook, or a delivery to it.  Of the URL scheme, host and port
 * alone. */
void notice_of_webhook(enum notice_name name, const struct notice_webhook *w,
    int64_t at_ms, struct notice *out);

/* How often something happened for one reason since the last notice. */
#define NOTICE_REASONS_MAX 16
struct notice_reason {
	char name[32];
	int64_t n;
};

struct notice_source {
	const char *source;
	int64_t reported_ms; /* time of the previous notice; 0: none */
	int64_t last_ms;     /* when it happened last */
	struct notice_reason reasons[NOTICE_REASONS_MAX];
	size_t nreasons;
};
void notice_of_source(enum notice_name name, const struct notice_source *s,
    int64_t at_ms, struct notice *out);

#endif
