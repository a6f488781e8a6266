#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/js.h"
#include "core/cloudevents.h"
#include "core/event.h"
#include "core/hops.h"
#include "core/notice.h"
#include "core/signout.h"
#include "core/webhook.h"
#include "deliver/deliver_req.h"

/* All header lines: a registration's own are limited when it is taken in. */
#define TEXT_MAX (1u << 20)

/* One line.  The text moves while it grows, so the place is noted. */
static void
add(struct deliver_req *r, const char *name, const char *value, size_t n)
{
	size_t i;

	if (r->nheaders == DELIVER_REQ_HEADERS_MAX)
		return;
	/* Judged when it was taken in, but a line break here would be a
	 * header of somebody else's making. */
	for (i = 0; i < n; i++)
		if ((unsigned char)value[i] < ' ' && value[i] != '\t')
			return;

	r->at[r->nheaders++] = r->text.len;
	buf_add_str(&r->text, name);
	/* libcurl reads "Name:" as a header to be left out. */
	buf_add_str(&r->text, n == 0 ? ";" : ": ");
	buf_add(&r->text, value, n);
	buf_add(&r->text, "", 1);
}

static void
add_str(struct deliver_req *r, const char *name, const char *value)
{
	add(r, name, value, strlen(value));
}

static void
add_int(struct deliver_req *r, const char *name, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)value);
	add_str(r, name, text);
}

/* The data of an envelope, which is a document of our own: the event's JSON,
 * or one string of a body that is not JSON. */
static void
add_data(struct buf *b, const struct event *ev, const void *body, size_t n)
{
	struct buf json;

	switch (event_json_make(ev->content_type, body, n, &json)) {
	case EVENT_JSON_NONE:
		js_quote(b, body, n);
		break;
	case EVENT_JSON_BODY:
		buf_add(b, body, n);
		break;
	case EVENT_JSON_MADE:
		buf_add(b, json.data, json.len);
		buf_fini(&json);
		break;
	}
}

/* {"type","timestamp","data"} */
static void
make_envelope(const struct event *ev, const void *body, size_t n, struct buf *b)
{
	char time[CLOCK_TEXT_SIZE];

	clock_format(ev->received_ms, time);
	buf_init(b, 6 * n + 1024);
	buf_add_str(b, "{\"type\":");
	js_quote(b, ev->type, strlen(ev->type));
	buf_add_str(b, ",\"timestamp\":\"");
	buf_add_str(b, time);
	buf_add_str(b, "\",\"data\":");
	add_data(b, ev, body, n);
	buf_add_str(b, "}");
}

enum deliver_form
deliver_req_form(const struct webhook *w, const struct event *ev)
{
	/* What hls has to say of itself is stored as its data. */
	if (w->body == WEBHOOK_ENVELOPE ||
	    strcmp(ev->provider, NOTICE_SOURCE) == 0)
		return DELIVER_ENVELOPE;

	return w->body == WEBHOOK_JSON ? DELIVER_JSON : DELIVER_RAW;
}

bool
deliver_req_make(const struct event *ev, enum deliver_form form,
    const void *body, size_t n, struct buf *out)
{
	if (form == DELIVER_JSON)
		return event_json_make(ev->content_type, body, n, out) ==
		    EVENT_JSON_MADE;
	if (form != DELIVER_ENVELOPE)
		return false;
	make_envelope(ev, body, n, out);
	return true;
}

/* The digest that intake stored for the bytes as they came. */
static const uint8_t *
known_digest(const struct webhook *w, const struct event *ev)
{
	static const uint8_t unknown[sizeof(ev->body_sha256)];

	if (deliver_req_form(w, ev) != DELIVER_RAW ||
	    memcmp(ev->body_sha256, unknown, sizeof(unknown)) == 0)
		return NULL;
	return ev->body_sha256;
}

/* What the receiver verifies, and GitHub's names for it where the event came
 * from there, so that a receiver written for GitHub works unchanged. */
static void
add_signatures(struct deliver_req *r, const struct webhook *w,
    const struct event *ev, int64_t now_ms)
{
	bool from_github = strcmp(ev->provider, "github") == 0;
	struct signout_input in = { .now = { &w->secret, &w->sign_key },
		.id = ev->public_id,
		.timestamp = now_ms / 1000,
		.body = r->body,
		.bodysz = r->bodysz,
		.body_sha256 = known_digest(w, ev),
		.forms = signout_forms(&w->signatures, from_github) };
	char hops[HOPS_LIST_SIZE];
	struct signout out;
	size_t i;

	static_assert(SIGNOUT_OLDS_MAX >= WEBHOOK_OLDS_MAX, "each old one");
	for (i = 0; i < w->nolds; i++)
		if (now_ms < w->olds[i].until_ms)
			in.olds[in.nolds++] =
			    (struct signout_keys){ &w->olds[i].secret,
				    &w->olds[i].sign_key };
	signout_sign(&in, &out);
	for (i = 0; i < out.n; i++)
		add_str(r, out.v[i].name, out.v[i].value);
	add_int(r, HOPS_HEADER, (int64_t)ev->hops + 1);
	hops_sign(&in, ev->hops + 1, hops);
	if (hops[0] != '\0')
		add_str(r, HOPS_SIGNATURE, hops);
	if (from_github) {
		add_str(r, "X-GitHub-Event", ev->type);
		add_str(r, "X-GitHub-Delivery", ev->delivery_id);
	}
}

/* Once the text moves no more. */
static void
point(struct deliver_req *r)
{
	size_t i;

	for (i = 0; i < r->nheaders; i++)
		r->headers[i] = r->text.data + r->at[i];
}

static void
add_cloudevents(struct deliver_req *r, const struct event *ev)
{
	struct buf value;
	int i;

	buf_init(&value, 4096);
	for (i = 0; i < CLOUDEVENTS_HEADERS; i++) {
		buf_clear(&value);
		cloudevents_value((enum cloudevents_header)i, ev, &value);
		if (value.len > 0)
			add(r, cloudevents_name((enum cloudevents_header)i),
			    value.data, value.len);
	}
	buf_fini(&value);
}

void
deliver_req_init(struct deliver_req *r, const struct webhook *w,
    const struct event *ev, const void *body, size_t bodysz, bool is_made,
    int64_t now_ms)
{
	const char *type = is_made ? "application/json" : ev->content_type;
	char time[CLOCK_TEXT_SIZE];
	size_t i;

	r->nheaders = 0;
	r->body = body;
	r->bodysz = bodysz;
	buf_init(&r->text, TEXT_MAX);
	buf_init(&r->made, 0);

	add_str(r, "Content-Type",
	    type == NULL || type[0] == '\0' ? "application/json" : type);
	add_str(r, "webhook-id", ev->public_id);
	add_int(r, "webhook-timestamp", now_ms / 1000);
	add_str(r, "X-Webhook-ID", w->id);
	add_str(r, "X-Webhook-Event", ev->type);
	clock_format(ev->received_ms, time);
	add_str(r, "X-Webhook-Timestamp", time);
	add_signatures(r, w, ev, now_ms);
	if (w->cloudevents)
		add_cloudevents(r, ev);
	r->custom = r->nheaders;
	for (i = 0; i < w->nheaders; i++)
		add(r, w->headers[i].name, w->headers[i].value.bytes,
		    w->headers[i].value.size);
	r->ncustom = r->nheaders - r->custom;

	point(r);
}

void
deliver_req_put_replay(struct deliver_req *r)
{
	add_str(r, "webhook-replay", "true");
	point(r);
}

void
deliver_req_fini(struct deliver_req *r)
{
	if (r->text.data != NULL)
		crypt_wipe(r->text.data, r->text.len);
	buf_fini(&r->text);
	buf_fini(&r->made);
}
