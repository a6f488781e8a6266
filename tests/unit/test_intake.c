#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/http.h"
#include "core/sig.h"
#include "core/source.h"
#include "core/webhook.h"
#include "intake/intake.h"
#include "store/store.h"
#include "store/store_admin.h"

#define NOW INT64_C(1795248550000)
#define SECRET "a secret of some length"
#define PARAMS_MAX 16

/* A store of one event, that answers as it is told. */
static struct {
	struct event *ev;
	size_t puts;
	int64_t wait_ms;
	enum rc rc;
	bool duplicate;
} kept;

/* A post that is not waited for: the store calls when the test lets it. */
static struct {
	bool is_used, is_told;
	struct store_pending p;
	struct store_waiter waiter;
	struct store_receipt receipt;
	enum rc rc;
	struct err e;
} way;

enum rc
store_accept(struct store *s, struct event *ev, int64_t wait_ms,
    struct store_receipt *out, struct err *e)
{
	(void)s;
	event_free(kept.ev);
	kept.ev = ev;
	kept.puts++;
	kept.wait_ms = wait_ms;
	if (kept.rc != RC_OK)
		return err_set(e, kept.rc, "told to");
	memset(out, 0, sizeof(*out));
	out->id = 7;
	out->duplicate = kept.duplicate;
	return RC_OK;
}

enum rc
store_webhook_find(struct store *s, const char *id, struct webhook **out,
    struct err *e)
{
	(void)s;
	(void)id;
	(void)e;
	*out = webhook_new();
	return RC_OK;
}

enum rc
store_webhook_resolve(struct store *s, const char *text,
    char id[WEBHOOK_ID_MAX + 1], struct err *e)
{
	(void)s;
	if (strcmp(text, "known") != 0)
		return err_set(e, RC_NOTFOUND, "no such webhook");
	memcpy(id, "known", sizeof("known"));
	return RC_OK;
}

static int64_t
fixed_wall_ms(void *arg)
{
	(void)arg;
	return NOW;
}

static int64_t
fixed_boot_ms(void *arg)
{
	(void)arg;
	return 1000;
}

static const struct clock fixed = { fixed_wall_ms, fixed_boot_ms, NULL, "b" };

static struct sources sources;
static const struct intake in = { .sources = &sources,
	.clock = &fixed,
	.wait_ms = 4000 };

static void
source_add(const char *name, const char *provider)
{
	struct source *src = &sources.v[sources.n++];

	src->name = xstrdup(name);
	src->scheme = sig_scheme_find(provider);
	src->secrets = xcalloc(1, sizeof(*src->secrets));
	src->nsecrets = 1;
	secret_put_str(&src->secrets[0], SECRET);
	src->priority = 3;
	src->replay_window_ms = 99;
}

static int
set_up(void **state)
{
	(void)state;
	memset(&kept, 0, sizeof(kept));
	memset(&way, 0, sizeof(way));
	sources.v = xcalloc(3, sizeof(*sources.v));
	source_add("github", "github");
	strlist_put(&sources.v[0].events, "issues");
	strlist_put(&sources.v[0].events, "push");
	strlist_put(&sources.v[0].teams, "red");
	source_add("std", "standard");
	source_add("shop", "hmac");
	sources.v[2].hmac.header = xstrdup("X-Shop-Sig");
	sources.v[2].facts.id_header = xstrdup("X-Shop-Id");
	sources.v[2].hmac.prefix = xstrdup("");
	sources.v[2].hmac.template = xstrdup("{body}");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	event_free(kept.ev);
	sources_fini(&sources);
	return 0;
}

enum rc
store_accept_begin(struct store *s, struct event *ev, int64_t wait_ms,
    const struct store_waiter *waiter, struct store_pending *out, struct err *e)
{
	out->op = NULL;
	way.rc = store_accept(s, ev, wait_ms, &way.receipt, &way.e);
	if (way.rc == RC_BUSY) {
		*e = way.e;
		return way.rc;
	}
	way.waiter = *waiter;
	out->op = &way;
	return RC_OK;
}

enum rc
store_accept_end(struct store *s, struct store_pending *p,
    struct store_receipt *out, struct err *e)
{
	(void)s;
	assert_ptr_equal(p->op, &way);
	p->op = NULL;
	*out = way.receipt;
	*e = way.e;
	return way.rc;
}

bool
store_accept_leave(struct store *s, struct store_pending *p)
{
	(void)s;
	if (way.is_told)
		return false;
	p->op = NULL;
	return true;
}

static void
tell(void *arg)
{
	*(bool *)arg = true;
}

/* A request as its sender would sign it, and one more parameter. */
struct post {
	const char *path;
	const char *type, *id;
	const char *content_type;
	const char *extra;
	const char *body;
};

static enum rc
post(const struct post *p, struct intake_outcome *out, struct err *e)
{
	static char names[PARAMS_MAX][256];
	const char *params[PARAMS_MAX + 1];
	const struct source *src = source_find_path(&sources, p->path);
	struct http_req req = { .method = "POST",
		.path = p->path,
		.query = "",
		.params = params,
		.body = p->body,
		.bodysz = strlen(p->body) };
	char *line, *save, *colon, *c;
	struct buf lines;
	size_t n = 0;

	buf_init(&lines, 4096);
	sig_sample(src == NULL ? &sources.v[0] : src, p->type, p->id, p->body,
	    strlen(p->body), NOW, &lines);
	for (line = strtok_r(lines.data, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save), n++) {
		colon = strchr(line, ':');
		*colon = '\0';
		for (c = line; *c != '\0'; c++)
			*c = *c == '-' ? '_'
				       : (char)(*c & ~(*c >= 'a' ? 32 : 0));
		snprintf(names[n], sizeof(names[n]), "HTTP_%s=%s", line,
		    colon + 2);
		params[n] = names[n];
	}
	buf_fini(&lines);
	if (p->content_type != NULL)
		params[n++] = p->content_type;
	if (p->extra != NULL)
		params[n++] = p->extra;
	params[n] = NULL;
	if (way.is_used)
		return intake_accept_begin(&in, &req,
		    &(struct store_waiter){ tell, &way.is_told }, &way.p, out,
		    e);
	return intake_accept(&in, &req, out, e);
}

#define JSON "CONTENT_TYPE=application/json"
#define FORM "CONTENT_TYPE=application/x-www-form-urlencoded"
#define BODY "{\"action\":\"opened\",\"repository\":{\"full_name\":\"o/r\"}}"

static void
test_a_good_post_is_stored_as_it_came(void **state)
{
	const struct post p = { "/hooks/github", "issues", "test-123", JSON,
		NULL, BODY };
	struct intake_outcome out;
	struct err e;

	(void)state;
	assert_int_equal(post(&p, &out, &e), RC_OK);
	assert_int_equal(out.result, INTAKE_QUEUED);
	assert_int_equal(out.receipt.id, 7);
	assert_string_equal(out.source, "github");
	assert_string_equal(out.delivery_id, "test-123");
	assert_string_equal(out.event_type, "issues");
	assert_string_equal(out.repository, "o/r");
	assert_string_equal(kept.ev->source, "github");
	assert_string_equal(kept.ev->provider, "github");
	assert_string_equal(kept.ev->action, "opened");
	assert_string_equal(kept.ev->content_type, "application/json");
	assert_int_equal(kept.ev->priority, 3);
	assert_int_equal(kept.ev->replay_window_ms, 99);
	assert_int_equal(kept.ev->received_ms, NOW);
	assert_string_equal(kept.ev->teams.v[0], "red");
	assert_memory_equal(kept.ev->body, BODY, sizeof(BODY));
	assert_int_equal(kept.wait_ms, 4000);
}

static void
test_a_repeat_is_a_duplicate(void **state)
{
	const struct post p = { "/hooks/github", "issues", "d", JSON, NULL,
		BODY };
	struct intake_outcome out;
	struct err e;

	(void)state;
	kept.duplicate = true;
	assert_int_equal(post(&p, &out, &e), RC_OK);
	assert_int_equal(out.result, INTAKE_DUPLICATE);
}

static void
test_store_codes_are_passed_on(void **state)
{
	const struct post p = { "/hooks/github", "issues", "d", JSON, NULL,
		BODY };
	struct intake_outcome out;
	struct err e;

	(void)state;
	kept.rc = RC_BUSY;
	assert_int_equal(post(&p, &out, &e), RC_BUSY);
	kept.rc = RC_SYSTEM;
	assert_int_equal(post(&p, &out, &e), RC_SYSTEM);
	assert_string_equal(out.delivery_id, "d");
}

static void
test_a_store_refusal_is_an_internal_error(void **state)
{
	const struct post p = { "/hooks/github", "issues", "d", JSON, NULL,
		BODY };
	struct intake_outcome out;
	struct err e;

	(void)state;
	kept.rc = RC_INVALID;
	assert_int_equal(post(&p, &out, &e), RC_SYSTEM);
	assert_int_equal(e.rc, RC_SYSTEM);
}

static void
test_an_unknown_source_is_answered_like_a_known_one(void **state)
{
	static const char *const extra[] = {
		"HTTP_X_SHOP_SIG=a, b",
		"HTTP_X_SHOP_ID=a,b",
		"HTTP_X_SHOP_SIG=\001",
	};
	const char *params[] = { NULL, NULL };
	struct http_req req = { .method = "POST",
		.query = "",
		.params = params,
		.body = "" };
	struct intake_outcome out;
	struct err known, unknown;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(extra); i++) {
		params[0] = extra[i];
		req.path = "/hooks/shop";
		assert_int_equal(intake_accept(&in, &req, &out, &known),
		    RC_DENIED);
		req.path = "/hooks/shopx";
		assert_int_equal(intake_accept(&in, &req, &out, &unknown),
		    RC_DENIED);
	}
}

static void
test_bad_posts_are_refused_and_not_stored(void **state)
{
	static const struct {
		struct post p;
		enum rc want;
		int status;
	} rows[] = {
		{ { "/hooks/none", "issues", "d", JSON, NULL, BODY }, RC_DENIED,
		    0 },
		{ { "/hooks/github", "issues", "d", NULL, NULL, BODY },
		    RC_INVALID, 415 },
		{ { "/hooks/github", "issues", "d", "CONTENT_TYPE=text/plain",
		      NULL, BODY },
		    RC_INVALID, 415 },
		{ { "/hooks/github", "issues", "d", JSON,
		      "HTTP_CONTENT_ENCODING=gzip", BODY },
		    RC_INVALID, 415 },
		{ { "/hooks/github", "issues", "d", JSON,
		      "HTTP_X_HUB_SIGNATURE_256=sha256=00", BODY },
		    RC_INVALID, 0 },
		{ { "/hooks/github", "issues", "d", JSON,
		      "HTTP_X_GITHUB_EVENT=push", BODY },
		    RC_INVALID, 0 },
		{ { "/hooks/github", "issues", "d", JSON,
		      "HTTP_WEBHOOK_ID=a, b", BODY },
		    RC_INVALID, 0 },
		{ { "/hooks/github", "issues", "d", JSON, NULL, "" },
		    RC_INVALID, 0 },
		{ { "/hooks/github", "issues", "d", JSON, NULL, "{\"a\":1" },
		    RC_INVALID, 0 },
		{ { "/hooks/github", "issues", "d", FORM, NULL,
		      "payload=%7B%7D&payload=%7B%7D" },
		    RC_INVALID, 0 },
		{ { "/hooks/github", "issues", "d", FORM, NULL, "payload=%zz" },
		    RC_INVALID, 0 },
	};
	struct intake_outcome out;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		e.text[0] = '\0';
		if (post(&rows[i].p, &out, &e) != rows[i].want ||
		    out.status != rows[i].status || kept.puts != 0)
			fail_msg("row %zu: %s", i, e.text);
		assert_true(e.text[0] != '\0');
	}
}

static void
test_every_signed_post_is_stored(void **state)
{
	static const struct {
		struct post p;
		const char *type, *repository;
	} rows[] = {
		{ { "/hooks/github", "issues", "", JSON, NULL, BODY }, "issues",
		    "o/r" },
		{ { "/hooks/github", "issues", "d", JSON, NULL,
		      "{\"repository\":null}" },
		    "issues", "unknown" },
		{ { "/hooks/github", "issues", "d", JSON, NULL, "[]" },
		    "issues", "unknown" },
		{ { "/hooks/github", "issues", "a b", JSON ";charset=utf-7",
		      "HTTP_CONTENT_ENCODING=Identity", "1e400" },
		    "issues", "unknown" },
		{ { "/hooks/std", "", "a.b/=", "CONTENT_TYPE=text/json", NULL,
		      "{\"type\":\"orders/create\"}" },
		    "orders.create", "unknown" },
		{ { "/hooks/std", "", "d", JSON, NULL,
		      "{\"type\":\"a\",\"type\":\"b\",\"x\":\"\\ud83d\"}" },
		    "std", "unknown" },
		{ { "/hooks/shop", "", "d", FORM, NULL,
		      "payload=%7B%22repository%22%3A%7B%22full_name%22%3A%22"
		      "o%2Fr%22%7D%7D" },
		    "shop", "o/r" },
	};
	struct intake_outcome out;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		if (post(&rows[i].p, &out, &e) != RC_OK)
			fail_msg("row %zu: %s", i, e.text);
		assert_int_equal(out.result, INTAKE_QUEUED);
		assert_string_equal(kept.ev->type, rows[i].type);
		assert_string_equal(kept.ev->repository, rows[i].repository);
		assert_string_equal(kept.ev->body, rows[i].p.body);
		assert_true(event_delivery_id_is_valid(kept.ev->delivery_id));
	}
}

static void
test_listed_content_types_are_taken(void **state)
{
	static const char xml[] = "<order id=\"\xe9\"/>";
	const struct post other = { "/hooks/shop", "", "d",
		"CONTENT_TYPE=Application/XML; charset=x", NULL, xml };
	const struct post json = { "/hooks/shop", "", "e",
		"CONTENT_TYPE=text/plain", NULL, BODY };
	const struct post form = { "/hooks/shop", "", "f", FORM, NULL,
		"command=%2Fdeploy&text=" };
	struct intake_outcome out;
	struct err e;

	(void)state;
	assert_int_equal(post(&other, &out, &e), RC_INVALID);
	assert_int_equal(out.status, 415);
	strlist_put(&sources.v[2].content_types, "application/xml");
	strlist_put(&sources.v[2].content_types, "text/plain");
	assert_int_equal(post(&other, &out, &e), RC_OK);
	assert_string_equal(kept.ev->body, xml);
	assert_string_equal(kept.ev->content_type, "application/xml");
	assert_string_equal(kept.ev->repository, "unknown");
	assert_string_equal(kept.ev->action, "");
	assert_int_equal(post(&json, &out, &e), RC_OK);
	assert_string_equal(kept.ev->repository, "o/r");

	assert_int_equal(post(&form, &out, &e), RC_INVALID);
	assert_int_equal(out.status, 0);
	strlist_put(&sources.v[2].content_types,
	    "application/x-www-form-urlencoded");
	assert_int_equal(post(&form, &out, &e), RC_OK);
	assert_string_equal(kept.ev->body, form.body);
}

static void
test_a_form_is_stored_as_it_was_signed(void **state)
{
	const struct post p = { "/hooks/github", "push", "d", FORM, NULL,
		"payload=%7B%22repository%22%3A%7B%22full_name%22%3A%22o%2Fr"
		"%22%7D%7D" };
	struct intake_outcome out;
	struct err e;

	(void)state;
	assert_int_equal(post(&p, &out, &e), RC_OK);
	assert_string_equal(out.repository, "o/r");
	assert_string_equal(kept.ev->body, p.body);
	assert_string_equal(kept.ev->content_type,
	    "application/x-www-form-urlencoded");
	assert_string_equal(kept.ev->json,
	    "{\"repository\":{\"full_name\":\"o/r\"}}");
}

static void
test_unrequested_members_are_ignored(void **state)
{
	static const struct {
		struct post p;
		const char *reason;
	} rows[] = {
		{ { "/hooks/github", "ping", "d", JSON, NULL, "{}" }, "ping" },
		{ { "/hooks/github", "star", "d", JSON, NULL, "{}" },
		    "filter" },
	};
	struct intake_outcome out;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		assert_int_equal(post(&rows[i].p, &out, &e), RC_OK);
		assert_int_equal(out.result, INTAKE_IGNORED);
		assert_string_equal(out.reason, rows[i].reason);
		assert_int_equal(kept.puts, 0);
	}
}

/* Anybody may write the number to a post that is on its way. */
static void
test_hops_that_nobody_signed_count_for_nothing(void **state)
{
	static const char *const values[] = { "HTTP_X_HLS_HOPS=1",
		"HTTP_X_HLS_HOPS=2", "HTTP_X_HLS_HOPS=1, 1" };
	struct intake_outcome out;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(values); i++) {
		const struct post p = { "/hooks/github", "issues", "d", JSON,
			values[i], "{}" };

		assert_int_equal(post(&p, &out, &e), RC_OK);
		assert_int_equal(out.result, INTAKE_QUEUED);
		assert_int_equal(kept.ev->hops, 0);
	}
}

static void
test_standard_type_is_the_bodys_or_the_sources_name(void **state)
{
	const struct post named = { "/hooks/std", "", "d", JSON, NULL,
		"{\"type\":\"user.created\"}" };
	const struct post bare = { "/api/webhooks/std", "", "d", JSON, NULL,
		"{}" };
	struct intake_outcome out;
	struct err e;

	(void)state;
	assert_int_equal(post(&named, &out, &e), RC_OK);
	assert_string_equal(out.event_type, "user.created");
	assert_int_equal(post(&bare, &out, &e), RC_OK);
	assert_string_equal(out.event_type, "std");
	assert_string_equal(out.repository, "unknown");
}

static void
test_direct_events_need_no_signature(void **state)
{
	struct intake_direct d = { .source = "cli",
		.provider = "hls",
		.type = "issues",
		.priority = 5,
		.content_type = "application/json",
		.body = BODY,
		.bodysz = sizeof(BODY) - 1 };
	struct intake_outcome out;
	struct err e;

	(void)state;
	assert_int_equal(intake_direct(&in, &d, &out, &e), RC_OK);
	assert_string_equal(kept.ev->action, "opened");
	assert_string_equal(kept.ev->repository, "o/r");
	assert_int_equal(strlen(out.delivery_id), 64);

	d.filter = &sources.v[0];
	d.type = "star";
	assert_int_equal(intake_direct(&in, &d, &out, &e), RC_OK);
	assert_int_equal(out.result, INTAKE_IGNORED);
	d.filter = NULL;
	d.repository = "p/q";
	assert_int_equal(intake_direct(&in, &d, &out, &e), RC_OK);
	assert_string_equal(kept.ev->repository, "p/q");

	d.body = "not json";
	d.bodysz = 8;
	assert_int_equal(intake_direct(&in, &d, &out, &e), RC_INVALID);
	d.content_type = "text/plain";
	assert_int_equal(intake_direct(&in, &d, &out, &e), RC_OK);
	d.priority = 10;
	assert_int_equal(intake_direct(&in, &d, &out, &e), RC_INVALID);
}

static enum rc
publish(const char *json, struct intake_outcome *out,
    struct intake_problems *problems)
{
	struct err e;

	return intake_publish(&in, json, strlen(json), NULL, out, problems, &e);
}

static void
test_published_data_is_kept_to_the_byte(void **state)
{
	static const struct {
		const char *json, *body;
	} rows[] = {
		{ "{\"event\":\"a.b\",\"data\": { \"x\" : 1.0, \"x2\":[] } }",
		    "{ \"x\" : 1.0, \"x2\":[] }" },
		{ "{\"data\":\"s\\u0041\",\"event\":\"a\"}", "\"s\\u0041\"" },
		{ "{\"data\":null,\"event\":\"a\"}", "null" },
		{ "{\"data\":-1.50e3,\"event\":\"a\"}", "-1.50e3" },
		{ "{\"data\":{\"repository\":\"odd\"},\"event\":\"a\"}",
		    "{\"repository\":\"odd\"}" },
		{ "{\"data\":{\"a\":1e400,\"a\":\"\\ud83d\"},\"event\":\"a\"}",
		    "{\"a\":1e400,\"a\":\"\\ud83d\"}" },
	};
	struct intake_problems problems;
	struct intake_outcome out;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		assert_int_equal(publish(rows[i].json, &out, &problems), RC_OK);
		assert_string_equal(kept.ev->body, rows[i].body);
		assert_string_equal(kept.ev->source, "api");
		assert_int_equal(strlen(out.delivery_id), 36);
	}
}

static void
test_published_fields_are_taken(void **state)
{
	struct intake_problems problems;
	struct intake_outcome out;

	(void)state;
	assert_int_equal(
	    publish("{\"event\":\"game_started\",\"data\":{},\"team\":[\"sf\","
		    "\"dal\"],\"delivery_id\":\"d-9\",\"repository\":\"o/r\","
		    "\"priority\":0,\"scheduled_at\":\"2026-11-21T09:00:00Z\","
		    "\"webhook_id\":\"known\"}",
		&out, &problems),
	    RC_OK);
	assert_string_equal(kept.ev->type, "game_started");
	assert_int_equal(kept.ev->teams.n, 2);
	assert_string_equal(kept.ev->teams.v[1], "dal");
	assert_string_equal(kept.ev->delivery_id, "d-9");
	assert_string_equal(kept.ev->repository, "o/r");
	assert_int_equal(kept.ev->priority, 0);
	assert_int_equal(kept.ev->scheduled_ms, INT64_C(1795251600000));
	assert_string_equal(kept.ev->webhook_id, "known");

	assert_int_equal(publish("{\"event\":\"a\",\"data\":{},\"team\":\"x\"}",
			     &out, &problems),
	    RC_OK);
	assert_int_equal(kept.ev->teams.n, 1);
	assert_int_equal(kept.ev->priority, EVENT_PRIORITY_DEFAULT);
}

static void
test_each_wrong_field_is_named(void **state)
{
	/* fields by spaces; "" where the text is no JSON object at all. */
	static const struct {
		const char *json, *fields;
	} rows[] = {
		{ "", "" },
		{ "[]", "" },
		{ "{\"event\":\"a\",\"data\":{},\"event\":\"b\"}", "" },
		{ "{}", "data event" },
		{ "{\"event\":\"a b\",\"data\":1,\"priority\":10}",
		    "event priority" },
		{ "{\"event\":\"a\",\"data\":1,\"colour\":1}", "colour" },
		{ "{\"event\":1,\"data\":1}", "event" },
		{ "{\"event\":\"hls.delivery.dead\",\"data\":1}", "event" },
		{ "{\"event\":\"a\",\"data\":1,\"team\":7}", "team" },
		{ "{\"event\":\"a\",\"data\":1,\"team\":[\"\"]}", "team" },
		{ "{\"event\":\"a\",\"data\":1,\"delivery_id\":\"\"}",
		    "delivery_id" },
		{ "{\"event\":\"a\",\"data\":1,\"repository\":\"x\"}",
		    "repository" },
		{ "{\"event\":\"a\",\"data\":1,\"scheduled_at\":\"soon\"}",
		    "scheduled_at" },
		{ "{\"event\":\"a\",\"data\":1,"
		  "\"scheduled_at\":\"2030-01-01T00:00:00Z\"}",
		    "scheduled_at" },
		{ "{\"event\":\"a\",\"data\":1,\"webhook_id\":\"gone\"}",
		    "webhook_id" },
	};
	struct intake_problems problems;
	struct intake_outcome out;
	struct buf fields;
	size_t i, k;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		assert_int_equal(publish(rows[i].json, &out, &problems),
		    RC_INVALID);
		buf_init(&fields, 512);
		for (k = 0; k < problems.n; k++)
			buf_addf(&fields, "%s%s", k > 0 ? " " : "",
			    problems.v[k].field);
		assert_string_equal(buf_str(&fields), rows[i].fields);
		buf_fini(&fields);
		assert_int_equal(kept.puts, 0);
	}
}

#define row(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static void
test_a_post_on_its_way_is_answered_once_it_is_stored(void **state)
{
	const struct post p = { "/hooks/github", "issues", "d", JSON, NULL,
		BODY };
	struct intake_outcome out;
	enum rc rc;
	struct err e;

	(void)state;
	way.is_used = true;
	assert_int_equal(post(&p, &out, &e), RC_OK);
	assert_non_null(way.p.op);
	assert_string_equal(out.delivery_id, "d");
	way.waiter.done(way.waiter.arg);
	/* Too late to leave. */
	assert_false(intake_accept_leave(&in, &way.p, &out, &rc, &e));
	assert_int_equal(intake_accept_end(&in, &way.p, &out, &e), RC_OK);
	assert_int_equal(out.result, INTAKE_QUEUED);
	assert_int_equal(out.receipt.id, 7);
}

static void
test_a_post_on_its_way_is_left_when_its_time_is_up(void **state)
{
	const struct post p = { "/hooks/github", "issues", "d", JSON, NULL,
		BODY };
	struct intake_outcome out;
	enum rc rc;
	struct err e;

	(void)state;
	way.is_used = true;
	assert_int_equal(post(&p, &out, &e), RC_OK);
	assert_true(intake_accept_leave(&in, &way.p, &out, &rc, &e));
	assert_int_equal(rc, RC_BUSY);
	assert_null(way.p.op);
}

static void
test_what_is_not_stored_is_answered_at_once(void **state)
{
	const struct post ping = { "/hooks/github", "ping", "d", JSON, NULL,
		BODY };
	const struct post issue = { "/hooks/github", "issues", "d", JSON, NULL,
		BODY };
	struct intake_outcome out;
	struct err e;

	(void)state;
	way.is_used = true;
	assert_int_equal(post(&ping, &out, &e), RC_OK);
	assert_null(way.p.op);
	assert_int_equal(out.result, INTAKE_IGNORED);
	kept.rc = RC_BUSY;
	assert_int_equal(post(&issue, &out, &e), RC_BUSY);
	assert_null(way.p.op);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		row(test_a_good_post_is_stored_as_it_came),
		row(test_a_repeat_is_a_duplicate),
		row(test_store_codes_are_passed_on),
		row(test_a_store_refusal_is_an_internal_error),
		row(test_an_unknown_source_is_answered_like_a_known_one),
		row(test_bad_posts_are_refused_and_not_stored),
		row(test_every_signed_post_is_stored),
		row(test_listed_content_types_are_taken),
		row(test_a_form_is_stored_as_it_was_signed),
		row(test_unrequested_members_are_ignored),
		row(test_hops_that_nobody_signed_count_for_nothing),
		row(test_standard_type_is_the_bodys_or_the_sources_name),
		row(test_direct_events_need_no_signature),
		row(test_published_data_is_kept_to_the_byte),
		row(test_published_fields_are_taken),
		row(test_each_wrong_field_is_named),
		row(test_a_post_on_its_way_is_answered_once_it_is_stored),
		row(test_a_post_on_its_way_is_left_when_its_time_is_up),
		row(test_what_is_not_stored_is_answered_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
