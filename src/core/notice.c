#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/js.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/notice.h"
#include "core/urlmask.h"

#define BODY_MAX 65536 /* a URL and a few words */

static const char *const types[NOTICE_WHATS] = {
	[NOTICE_FAILING] = "hls.webhook.failing",
	[NOTICE_DISABLED] = "hls.webhook.disabled",
	[NOTICE_DEAD] = "hls.delivery.dead",
	[NOTICE_BLOCKED] = "hls.key.blocked",
	[NOTICE_SUSPECT] = "hls.event.suspect",
	[NOTICE_REFUSING] = "hls.source.refusing",
};

bool
notice_is_of_source(const struct notice *n)
{
	return n->what == NOTICE_SUSPECT || n->what == NOTICE_REFUSING;
}

int64_t
notice_count(const struct notice *n)
{
	int64_t all = 0;
	size_t i;

	for (i = 0; i < n->nreasons; i++)
		all += n->reasons[i].n;
	return all;
}

void
notice_fini(struct notice *n)
{
	size_t i;

	for (i = 0; i < n->nreasons; i++)
		free(n->reasons[i].labels);
	free(n->source);
	free(n->webhook);
	free(n->url);
	free(n->team);
	free(n->event_type);
	free(n->delivery_id);
	free(n->order_key);
	free(n->last_text);
	memset(n, 0, sizeof(*n));
}

const char *
notice_type(enum notice_what what)
{
	return types[what];
}

/* A receiver's own key stands in path or query as often as not. */
static void
write_url(struct js_writer *w, const char *url)
{
	struct buf origin;

	if (url == NULL)
		return;
	buf_init(&origin, strlen(url));
	urlmask_origin(url, &origin);
	js_strn(w, "url", origin.data, origin.len);
	buf_fini(&origin);
}

static void
write_text(struct js_writer *w, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0')
		js_str(w, key, text);
}

static void
write_time(struct js_writer *w, const char *key, int64_t ms)
{
	if (ms > 0)
		js_time(w, key, ms);
}

static bool
is_of_delivery(const struct notice *n)
{
	return n->what == NOTICE_DEAD || n->what == NOTICE_BLOCKED;
}

static void
write_source(struct js_writer *w, const struct notice *n)
{
	size_t i;

	js_str(w, "source", n->source);
	js_int(w, "count", notice_count(n));
	js_open_object(w, "reasons");
	for (i = 0; i < n->nreasons; i++)
		js_int(w, n->reasons[i].name, n->reasons[i].n);
	js_close_object(w);
	if (n->what == NOTICE_REFUSING)
		js_bool(w, "signed", true);
	write_time(w, "since", n->reported_ms);
	write_time(w, "last_at", n->last_ms);
}

static void
write_data(struct js_writer *w, const struct notice *n)
{
	if (notice_is_of_source(n)) {
		write_source(w, n);
		return;
	}
	js_str(w, "webhook_id", n->webhook);
	write_url(w, n->url);
	if (n->what == NOTICE_DISABLED)
		js_str(w, "reason", webhook_why_name(n->why));
	write_time(w, "failing_since", n->failing_since_ms);
	if (n->what == NOTICE_FAILING)
		write_time(w, "disable_at", n->disable_at_ms);
	write_text(w, "event_id", n->event);
	write_text(w, "event_type", n->event_type);
	write_text(w, "delivery_id", n->delivery_id);
	write_text(w, "delivery", n->delivery);
	if (n->what == NOTICE_BLOCKED)
		write_text(w, "order_key", n->order_key);
	js_int(w, is_of_delivery(n) ? "attempts" : "consecutive_failures",
	    n->failures);
	js_str(w, "last_class", outcome_class_name(n->last_class));
	js_int(w, "last_code", n->last_code);
	js_str(w, "last_text", n->last_text);
}

static char *
delivery_id_of(const struct notice *n)
{
	if (notice_is_of_source(n))
		return xasprintf("%s:%s:%" PRId64,
		    n->what == NOTICE_SUSPECT ? "suspect" : "refusing",
		    n->source, n->at_ms);

	/* What dies again after a person's retry has been tried more often. */
	if (is_of_delivery(n))
		return xasprintf("%s:%s:%" PRId64,
		    n->what == NOTICE_DEAD ? "dead" : "blocked", n->delivery,
		    n->failures);

	return xasprintf("%s:%s:%" PRId64,
	    n->what == NOTICE_FAILING ? "failing" : "disabled", n->webhook,
	    n->at_ms);
}

struct event *
notice_event(const struct notice *n)
{
	struct event *ev = event_new();
	struct js_writer w;
	struct buf body;

	ev->source = xstrdup(NOTICE_SOURCE);
	ev->provider = xstrdup(NOTICE_SOURCE);
	ev->delivery_id = delivery_id_of(n);
	ev->type = xstrdup(types[n->what]);
	ev->action = xstrdup("");
	ev->repository = xstrdup("unknown");
	ev->content_type = xstrdup("application/json");
	ev->received_ms = n->at_ms;
	if (n->team != NULL)
		strlist_put(&ev->teams, n->team);

	buf_init(&body, BODY_MAX);
	js_writer_init(&w, &body);
	js_open_object(&w, NULL);
	write_data(&w, n);
	js_close_object(&w);
	ev->body = buf_take(&body, &ev->bodysz);

	return ev;
}
