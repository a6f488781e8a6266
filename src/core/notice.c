#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "core/notice.h"

static const struct {
	const char *type;
	enum notice_subject subject;
	const char *says;
} names[NOTICE_NAMES] = {
	[NOTICE_FAILING] = { "hls.webhook.failing", NOTICE_OF_WEBHOOK,
	    "a webhook keeps failing and will be disabled" },
	[NOTICE_DISABLED] = { "hls.webhook.disabled", NOTICE_OF_WEBHOOK,
	    "a webhook is disabled" },
	/* Its last attempt has a line. */
	[NOTICE_DEAD] = { "hls.delivery.dead", NOTICE_OF_DELIVERY, NULL },
	[NOTICE_BLOCKED] = { "hls.key.blocked", NOTICE_OF_DELIVERY,
	    "a dead delivery blocks the later ones of its order key" },
	[NOTICE_SUSPECT] = { "hls.event.suspect", NOTICE_OF_SOURCE,
	    "events are held back as suspects; hlsctl event list --suspect "
	    "shows them" },
	[NOTICE_REFUSING] = { "hls.source.refusing", NOTICE_OF_SOURCE,
	    "posts are refused though their signature matches; hlsctl source "
	    "show counts them" },
};

void
notice_fini(struct notice *n)
{
	free(n->about);
	free(n->team);
	free(n->data);
	memset(n, 0, sizeof(*n));
}

const char *
notice_type(enum notice_name name)
{
	return names[name].type;
}

enum notice_subject
notice_subject(enum notice_name name)
{
	return names[name].subject;
}

const char *
notice_says(enum notice_name name)
{
	return names[name].says;
}

struct event *
notice_event(const struct notice *n)
{
	const char *type = names[n->name].type;
	struct event *ev = event_new();

	ev->source = xstrdup(NOTICE_SOURCE);
	ev->provider = xstrdup(NOTICE_SOURCE);
	ev->delivery_id = xasprintf("%s:%s:%" PRId64, strrchr(type, '.') + 1,
	    n->about, n->turn);
	ev->type = xstrdup(type);
	ev->action = xstrdup("");
	ev->repository = xstrdup("unknown");
	ev->content_type = xstrdup("application/json");
	ev->received_ms = n->at_ms;
	if (n->team != NULL)
		strlist_put(&ev->teams, n->team);
	ev->body = xstrdup(n->data);
	ev->bodysz = strlen(n->data);

	return ev;
}
