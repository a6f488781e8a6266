#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/xalloc.h"
#include "core/event.h"
#include "core/webhook.h"
#include "deliver/deliver_req.h"

#define BODY "{\"action\":\"opened\"}"
#define NOW 1795248550123 /* 2026-11-21T08:09:10.123Z */

static struct event *
event_of(const char *provider)
{
	struct event *ev = event_new();

	ev->id = 7;
	snprintf(ev->public_id, sizeof(ev->public_id),
	    "evt_01234567890123456789012345");
	ev->source = xstrdup("github");
	ev->provider = xstrdup(provider);
	ev->delivery_id = xstrdup("72d3162e-cc78-11e3-81ab-4c9367dc0958");
	ev->type = xstrdup("issues");
	ev->action = xstrdup("opened");
	ev->content_type = xstrdup("application/json");
	ev->received_ms = NOW - 60000;

	return ev;
}

static struct webhook *
webhook_of(void)
{
	struct webhook *w = webhook_new();

	w->id = xstrdup("wh-1");
	w->url = xstrdup("https://example.com/in");
	secret_put_str(&w->secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");

	return w;
}

/* The value of a header, or NULL; *n gets how often it is there. */
static const char *
find(const struct deliver_req *r, const char *name, size_t *n)
{
	const char *found = NULL;
	size_t i, len = strlen(name);

	*n = 0;
	for (i = 0; i < r->nheaders; i++) {
		if (strncmp(r->headers[i], name, len) != 0 ||
		    strncmp(r->headers[i] + len, ": ", 2) != 0)
			continue;
		found = r->headers[i] + len + 2;
		(*n)++;
	}

	return found;
}

static void
assert_header(const struct deliver_req *r, const char *name, const char *value)
{
	size_t n;
	const char *got = find(r, name, &n);

	if (n != (value != NULL) || (value != NULL && strcmp(got, value) != 0))
		fail_msg("%s: %zu times, %s", name, n,
		    got == NULL ? "(none)" : got);
}

/* As the drain has it: the body is made first, on another thread. */
static void
init_req(struct deliver_req *r, const struct webhook *w, const struct event *ev,
    const void *body, size_t bodysz, int64_t now_ms)
{
	struct buf made;

	if (!deliver_req_make(ev, deliver_req_form(w, ev), body, bodysz,
		&made)) {
		deliver_req_init(r, w, ev, body, bodysz, false, now_ms);
		return;
	}
	deliver_req_init(r, w, ev, made.data, made.len, true, now_ms);
	r->made = made;
}

static void
a_github_event_keeps_its_names_and_is_signed_three_ways(void **state)
{
	struct event *ev = event_of("github");
	struct webhook *w = webhook_of();
	struct deliver_req r;
	size_t n;

	(void)state;
	ev->hops = 1;
	init_req(&r, w, ev, BODY, strlen(BODY), NOW);
	assert_header(&r, "Content-Type", "application/json");
	assert_header(&r, "webhook-id", "evt_01234567890123456789012345");
	assert_header(&r, "webhook-timestamp", "1795248550");
	assert_header(&r, "X-Webhook-ID", "wh-1");
	assert_header(&r, "X-Webhook-Event", "issues");
	assert_header(&r, "X-Webhook-Timestamp", "2026-11-21T08:08:10.123Z");
	assert_header(&r, "X-GitHub-Event", "issues");
	assert_header(&r, "X-GitHub-Delivery",
	    "72d3162e-cc78-11e3-81ab-4c9367dc0958");
	assert_header(&r, "X-HLS-Hops", "2");
	/* Computed with Python's hmac module. */
	assert_header(&r, "webhook-signature",
	    "v1,LbO/09DvWJyuhSZ0+Cvzx25UMpVp1g29xzTnXOd/ylQ=");
	assert_header(&r, "X-Webhook-Signature",
	    "e07f5bad8c32d0f215d943e169130695e4947774"
	    "e461debbcd357ff16fc2ced1");
	assert_header(&r, "X-Hub-Signature-256",
	    "sha256=e07f5bad8c32d0f215d943e169130695e4947774"
	    "e461debbcd357ff16fc2ced1");
	assert_int_equal(r.bodysz, strlen(BODY));
	assert_memory_equal(r.body, BODY, r.bodysz);
	assert_null(find(&r, "User-Agent", &n));
	deliver_req_fini(&r);
	event_free(ev);
	webhook_free(w);
}

static void
a_replay_has_its_own_header(void **state)
{
	struct event *ev = event_of("github");
	struct webhook *w = webhook_of();
	struct deliver_req r;
	size_t n;

	(void)state;
	init_req(&r, w, ev, BODY, strlen(BODY), NOW);
	assert_null(find(&r, "webhook-replay", &n));
	deliver_req_put_replay(&r);
	assert_header(&r, "webhook-replay", "true");
	assert_header(&r, "webhook-id", "evt_01234567890123456789012345");
	deliver_req_fini(&r);
	event_free(ev);
	webhook_free(w);
}

static void
another_event_carries_nothing_of_github(void **state)
{
	struct event *ev = event_of("api");
	struct webhook *w = webhook_of();
	struct deliver_req r;
	size_t n;

	(void)state;
	init_req(&r, w, ev, BODY, strlen(BODY), NOW);
	assert_null(find(&r, "X-GitHub-Event", &n));
	assert_null(find(&r, "X-GitHub-Delivery", &n));
	assert_null(find(&r, "X-Hub-Signature-256", &n));
	assert_non_null(find(&r, "webhook-signature", &n));
	deliver_req_fini(&r);
	event_free(ev);
	webhook_free(w);
}

static void
during_a_rotation_both_secrets_sign(void **state)
{
	struct event *ev = event_of("api");
	struct webhook *w = webhook_of();
	struct deliver_req r;
	const char *value;
	size_t n;

	(void)state;
	secret_put_str(&w->olds[0].secret, "the secret from before this one");
	w->olds[0].until_ms = NOW + 1;
	w->nolds = 1;
	init_req(&r, w, ev, BODY, strlen(BODY), NOW);
	value = find(&r, "webhook-signature", &n);
	assert_non_null(strstr(value, " v1,"));
	deliver_req_fini(&r);

	init_req(&r, w, ev, BODY, strlen(BODY), NOW + 1);
	value = find(&r, "webhook-signature", &n);
	assert_null(strstr(value, " v1,"));
	deliver_req_fini(&r);
	event_free(ev);
	webhook_free(w);
}

static void
custom_headers_are_sent(void **state)
{
	struct event *ev = event_of("api");
	struct webhook *w = webhook_of();
	struct deliver_req r;
	size_t i, empty = 0;

	(void)state;
	w->headers = xcalloc(3, sizeof(*w->headers));
	w->nheaders = 3;
	w->headers[0].name = xstrdup("Authorization");
	secret_put_str(&w->headers[0].value, "Bearer x");
	w->headers[1].name = xstrdup("X-Empty");
	secret_put_str(&w->headers[1].value, "");
	/* Refused at registration; never another header here. */
	w->headers[2].name = xstrdup("X-Bad");
	secret_put_str(&w->headers[2].value, "a\r\nX-Evil: b");
	init_req(&r, w, ev, BODY, strlen(BODY), NOW);
	assert_header(&r, "Authorization", "Bearer x");
	assert_header(&r, "X-Bad", NULL);
	assert_header(&r, "X-Evil", NULL);
	for (i = 0; i < r.nheaders; i++)
		empty += strcmp(r.headers[i], "X-Empty;") == 0;
	assert_int_equal(empty, 1);
	deliver_req_fini(&r);
	event_free(ev);
	webhook_free(w);
}

static void
a_cloudevent_has_its_attributes_as_headers(void **state)
{
	struct event *ev = event_of("github");
	struct webhook *w = webhook_of();
	struct deliver_req r;
	size_t n;

	(void)state;
	init_req(&r, w, ev, BODY, strlen(BODY), NOW);
	assert_null(find(&r, "ce-id", &n));
	deliver_req_fini(&r);

	w->cloudevents = true;
	ev->repository = xstrdup("octo/hello");
	init_req(&r, w, ev, BODY, strlen(BODY), NOW);
	assert_header(&r, "ce-specversion", "1.0");
	assert_header(&r, "ce-id", "evt_01234567890123456789012345");
	assert_header(&r, "ce-source", "/sources/github");
	assert_header(&r, "ce-type", "issues.opened");
	assert_header(&r, "ce-time", "2026-11-21T08:08:10.123Z");
	assert_header(&r, "ce-subject", "octo/hello");
	assert_header(&r, "Content-Type", "application/json");
	assert_null(find(&r, "ce-datacontenttype", &n));
	assert_memory_equal(r.body, BODY, r.bodysz);
	deliver_req_fini(&r);

	/* Nothing that the header could be broken with goes in as it is. */
	free(ev->repository);
	ev->repository = xstrdup("caf\xc3\xa9 50%\"\r\n~");
	init_req(&r, w, ev, BODY, strlen(BODY), NOW);
	assert_header(&r, "ce-subject", "caf%C3%A9%2050%25%22%0D%0A~");
	deliver_req_fini(&r);
	free(ev->repository);
	ev->repository = xstrdup("unknown");
	init_req(&r, w, ev, BODY, strlen(BODY), NOW);
	assert_header(&r, "ce-subject", NULL);
	deliver_req_fini(&r);
	event_free(ev);
	webhook_free(w);
}

static void
hls_events_are_sent_in_an_envelope(void **state)
{
	static const char sent[] =
	    "{\"type\":\"issues\",\"timestamp\":\"2026-11-21T08:08:10.123Z\","
	    "\"data\":" BODY "}";
	struct event *ev = event_of("hls");
	struct webhook *w = webhook_of();
	struct deliver_req r;

	(void)state;
	init_req(&r, w, ev, BODY, strlen(BODY), NOW);
	assert_int_equal(r.bodysz, strlen(sent));
	assert_memory_equal(r.body, sent, r.bodysz);
	deliver_req_fini(&r);
	event_free(ev);
	webhook_free(w);
}

static const struct {
	const char *content_type, *body, *sent;
} envelopes[] = {
	{ "application/json", "{\"a\": 1}",
	    "{\"type\":\"issues\",\"timestamp\":\"2026-11-21T08:08:10.123Z\","
	    "\"data\":{\"a\": 1}}" },
	{ "application/x-www-form-urlencoded", "payload=%7B%22a%22:+1%7D",
	    "{\"type\":\"issues\",\"timestamp\":\"2026-11-21T08:08:10.123Z\","
	    "\"data\":{\"a\": 1}}" },
	{ "text/plain", "\"",
	    "{\"type\":\"issues\",\"timestamp\":\"2026-11-21T08:08:10.123Z\","
	    "\"data\":\"\\\"\"}" },
};

static void
an_envelope_is_json_around_the_event_s_bytes(void **state)
{
	struct webhook *w = webhook_of();
	struct deliver_req r;
	size_t i;

	(void)state;
	w->body = WEBHOOK_ENVELOPE;
	for (i = 0; i < NELEM(envelopes); i++) {
		struct event *ev = event_of("api");

		free(ev->content_type);
		ev->content_type = xstrdup(envelopes[i].content_type);
		init_req(&r, w, ev, envelopes[i].body,
		    strlen(envelopes[i].body), NOW);
		assert_header(&r, "Content-Type", "application/json");
		assert_int_equal(r.bodysz, strlen(envelopes[i].sent));
		assert_memory_equal(r.body, envelopes[i].sent, r.bodysz);
		deliver_req_fini(&r);
		event_free(ev);
	}
	webhook_free(w);
}

/* The signature is over the bytes that are sent, as a receiver checks it. */
static void
body_json_sends_the_json_of_a_form_and_signs_that(void **state)
{
	static const char form[] = "application/x-www-form-urlencoded";
	struct event *ev = event_of("github"), *json = event_of("github");
	struct webhook *w = webhook_of();
	struct deliver_req r, same;
	size_t n;

	(void)state;
	w->body = WEBHOOK_JSON;
	free(ev->content_type);
	ev->content_type = xstrdup(form);
	init_req(&r, w, ev, "payload=%7B%22a%22%3A+1%7D",
	    strlen("payload=%7B%22a%22%3A+1%7D"), NOW);
	assert_int_equal(r.bodysz, strlen("{\"a\": 1}"));
	assert_memory_equal(r.body, "{\"a\": 1}", r.bodysz);
	assert_header(&r, "Content-Type", "application/json");
	init_req(&same, w, json, r.body, r.bodysz, NOW);
	assert_ptr_equal(same.body, r.body);
	assert_header(&r, "X-Hub-Signature-256",
	    find(&same, "X-Hub-Signature-256", &n));
	assert_header(&r, "webhook-signature",
	    find(&same, "webhook-signature", &n));
	deliver_req_fini(&same);
	deliver_req_fini(&r);

	/* What is no form of one payload goes out as it came. */
	init_req(&r, w, ev, "a=b", 3, NOW);
	assert_memory_equal(r.body, "a=b", 3);
	assert_header(&r, "Content-Type", form);
	deliver_req_fini(&r);
	event_free(ev);
	event_free(json);
	webhook_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_github_event_keeps_its_names_and_is_signed_three_ways),
		cmocka_unit_test(a_replay_has_its_own_header),
		cmocka_unit_test(another_event_carries_nothing_of_github),
		cmocka_unit_test(during_a_rotation_both_secrets_sign),
		cmocka_unit_test(custom_headers_are_sent),
		cmocka_unit_test(a_cloudevent_has_its_attributes_as_headers),
		cmocka_unit_test(hls_events_are_sent_in_an_envelope),
		cmocka_unit_test(an_envelope_is_json_around_the_event_s_bytes),
		cmocka_unit_test(
		    body_json_sends_the_json_of_a_form_and_signs_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
