#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/js.h"
#include "base/xalloc.h"
#include "core/notice_data.h"
#include "core/urlmask.h"

#define DATA_MAX 65536 /* a URL and a few words */

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

static void
write_webhook(struct js_writer *w, enum notice_name name,
    const struct notice_webhook *n)
{
	bool is_delivery = notice_subject(name) == NOTICE_OF_DELIVERY;

	js_str(w, "webhook_id", n->webhook);
	write_url(w, n->url);
	if (name == NOTICE_DISABLED)
		js_str(w, "reason", webhook_why_name(n->why));
	write_time(w, "failing_since", n->failing_since_ms);
	if (name == NOTICE_FAILING)
		write_time(w, "disable_at", n->disable_at_ms);
	write_text(w, "event_id", n->event);
	write_text(w, "event_type", n->event_type);
	write_text(w, "delivery_id", n->delivery_id);
	write_text(w, "delivery", n->delivery);
	if (name == NOTICE_BLOCKED)
		write_text(w, "order_key", n->order_key);
	js_int(w, is_delivery ? "attempts" : "consecutive_failures",
	    n->failures);
	js_str(w, "last_class", outcome_class_name(n->last_class));
	js_int(w, "last_code", n->last_code);
	js_str(w, "last_text", n->last_text);
}

static void
write_source(struct js_writer *w, enum notice_name name,
    const struct notice_source *n)
{
	int64_t all = 0;
	size_t i;

	for (i = 0; i < n->nreasons; i++)
		all += n->reasons[i].n;
	js_str(w, "source", n->source);
	js_int(w, "count", all);
	js_open_object(w, "reasons");
	for (i = 0; i < n->nreasons; i++)
		js_int(w, n->reasons[i].name, n->reasons[i].n);
	js_close_object(w);
	if (name == NOTICE_REFUSING)
		js_bool(w, "signed", true);
	write_time(w, "since", n->reported_ms);
	write_time(w, "last_at", n->last_ms);
}

static void
begin(struct js_writer *w, struct buf *data)
{
	buf_init(data, DATA_MAX);
	js_writer_init(w, data);
	js_open_object(w, NULL);
}

static void
end(struct js_writer *w, struct buf *data, enum notice_name name,
    const char *about, int64_t at_ms, struct notice *out)
{
	size_t n;

	js_close_object(w);
	memset(out, 0, sizeof(*out));
	out->name = name;
	out->at_ms = out->turn = at_ms;
	out->about = xstrdup(about);
	out->data = buf_take(data, &n);
}

void
notice_of_webhook(enum notice_name name, const struct notice_webhook *w,
    int64_t at_ms, struct notice *out)
{
	bool is_delivery = notice_subject(name) == NOTICE_OF_DELIVERY;
	struct js_writer writer;
	struct buf data;

	begin(&writer, &data);
	write_webhook(&writer, name, w);
	end(&writer, &data, name, is_delivery ? w->delivery : w->webhook, at_ms,
	    out);
	/* A job that dies again after a person's retry has been tried more
	 * often. */
	if (is_delivery)
		out->turn = w->failures;
	if (w->team != NULL)
		out->team = xstrdup(w->team);
}

void
notice_of_source(enum notice_name name, const struct notice_source *s,
    int64_t at_ms, struct notice *out)
{
	struct js_writer writer;
	struct buf data;

	begin(&writer, &data);
	write_source(&writer, name, s);
	end(&writer, &data, name, s->source, at_ms, out);
}
