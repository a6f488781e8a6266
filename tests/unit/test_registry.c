#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/js.h"
#include "base/strlist.h"
#include "base/xalloc.h"
#include "core/urlpolicy.h"
#include "core/webhook.h"
#include "core/whsec.h"
#include "registry/registry.h"
#include "store/store_admin.h"

#define NOW INT64_C(1795248550000)
#define DAY INT64_C(86400000)

/* A store of at most one webhook, called "a" where it was there before. */
static struct {
	struct webhook *w;
	size_t puts, imported;
	bool replaced;
} kept;

static void
copy_secret(struct secret *to, const struct secret *from)
{
	if (secret_is_set(from))
		secret_put(to, from->bytes, from->size);
}

/* What a test looks at, and no more. */
static struct webhook *
copy(const struct webhook *w)
{
	struct webhook *c = webhook_new();
	size_t i;

	c->id = xstrdup(w->id);
	c->url = xstrdup(w->url);
	strlist_put_all(&c->events, &w->events);
	strlist_put_all(&c->signatures, &w->signatures);
	secret_put(&c->secret, w->secret.bytes, w->secret.size);
	if (secret_is_set(&w->sign_key))
		secret_put(&c->sign_key, w->sign_key.bytes, w->sign_key.size);
	for (i = 0; i < w->nolds; i++) {
		c->olds[i].until_ms = w->olds[i].until_ms;
		copy_secret(&c->olds[i].secret, &w->olds[i].secret);
		copy_secret(&c->olds[i].sign_key, &w->olds[i].sign_key);
	}
	c->nolds = w->nolds;
	c->team = w->team == NULL ? NULL : xstrdup(w->team);
	for (i = 0; i < w->nheaders; i++)
		webhook_header_put(c, w->headers[i].name,
		    w->headers[i].value.bytes, w->headers[i].value.size);
	c->enabled = w->enabled;
	c->disabled_ms = w->disabled_ms;
	c->breaker = w->breaker;
	c->body = w->body;
	c->rate_limit = w->rate_limit;
	c->timeout_ms = w->timeout_ms;
	c->nretries = w->nretries;
	if (w->retry_schedule != NULL) {
		c->retry_schedule = xcalloc(w->nretries + 1, sizeof(int64_t));
		for (i = 0; i < w->nretries; i++)
			c->retry_schedule[i] = w->retry_schedule[i];
	}
	c->created_ms = w->created_ms;
	c->updated_ms = w->updated_ms;
	c->total_calls = w->total_calls;
	c->last_success_ms = w->last_success_ms;
	return c;
}

enum rc
store_webhook_put(struct store *s, const struct webhook *w, struct err *e)
{
	(void)s;
	(void)e;
	webhook_free(kept.w);
	kept.w = copy(w);
	kept.puts++;
	return RC_OK;
}

enum rc
store_webhook_put_all(struct store *s, const struct webhook *const *v, size_t n,
    bool replace, struct err *e)
{
	enum rc rc = RC_OK;

	kept.imported = n;
	kept.replaced = replace;
	if (n > 0)
		rc = store_webhook_put(s, v[0], e);
	return rc;
}

enum rc
store_webhook_change(struct store *s, const char *id,
    enum rc (*change)(void *arg, struct webhook *w, struct err *e), void *arg,
    struct webhook **out, struct err *e)
{
	struct webhook *w;
	enum rc rc;

	(void)s;
	if (kept.w == NULL || strcmp(id, kept.w->id) != 0)
		return err_set(e, RC_NOTFOUND, "no such webhook");
	w = copy(kept.w);
	rc = change(arg, w, e);
	if (rc != RC_OK) {
		webhook_free(w);
		return rc;
	}
	webhook_free(kept.w);
	kept.w = w;
	*out = copy(w);
	return RC_OK;
}

enum rc
store_webhook_find(struct store *s, const char *id, struct webhook **out,
    struct err *e)
{
	(void)s;
	if (kept.w == NULL || strcmp(id, kept.w->id) != 0)
		return err_set(e, RC_NOTFOUND, "no such webhook");
	*out = copy(kept.w);
	return RC_OK;
}

static int64_t
fixed_ms(void *arg)
{
	(void)arg;
	return NOW;
}

static const struct clock fixed = { fixed_ms, fixed_ms, NULL, "b" };
static struct urlpolicy policy;
static struct registry registry = { .policy = &policy, .clock = &fixed };

static int
set_up(void **state)
{
	(void)state;
	memset(&kept, 0, sizeof(kept));
	registry.is_admin = false;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	webhook_free(kept.w);
	urlpolicy_fini(&policy);
	return 0;
}

static struct webhook *
create(const char *json)
{
	struct registry_problems p;
	struct webhook *w;
	struct err e;
	bool made;

	if (registry_create(&registry, json, strlen(json), &w, &made, &p, &e) !=
	    RC_OK)
		fail_msg("%s: %s", json, e.text);
	assert_int_equal(made, strstr(json, "secret") == NULL);
	return w;
}

#define HOOK "\"url\":\"https://h.example.com/x\",\"events\":[\"issues\"]"

static void
test_a_registration_gets_default_values(void **state)
{
	uint8_t key[WHSEC_KEY_MAX];
	struct webhook *w = create("{" HOOK "}");
	size_t n;

	(void)state;
	assert_int_equal(strlen(w->id), 36);
	assert_string_equal(w->url, "https://h.example.com/x");
	assert_string_equal(w->events.v[0], "issues");
	assert_true(whsec_has_prefix(&w->secret));
	assert_true(whsec_parse(&w->secret, key, &n));
	assert_int_equal(n, 32);
	assert_true(w->enabled);
	assert_null(w->team);
	assert_null(w->retry_schedule);
	assert_int_equal(w->timeout_ms, -1);
	assert_int_equal(w->created_ms, NOW);
	assert_int_equal(kept.puts, 1);
	webhook_free(w);
}

static void
test_all_members_are_taken(void **state)
{
	struct webhook *w =
	    create("{" HOOK ",\"secret\":\"sixteen letters!\",\"team\":\"sf\","
		   "\"sport\":\"nfl\",\"description\":\"d\","
		   "\"headers\":{\"X-Key\":\"v\"},"
		   "\"signatures\":[\"standard\",\"homeiq\",\"standard\"],"
		   "\"body\":\"envelope\",\"rate_limit\":0,\"max_in_flight\":2,"
		   "\"timeout\":2.5,\"retry_schedule\":[\"100ms\",\"7d\",3],"
		   "\"order_by\":\"/issue/id\","
		   "\"filter\":{ \"/a\" : {\"gt\": 1.50} }}");

	(void)state;
	assert_true(secret_is_equal(&w->secret, "sixteen letters!", 16));
	assert_string_equal(w->team, "sf");
	assert_string_equal(w->description, "d");
	assert_string_equal(w->headers[0].name, "X-Key");
	assert_int_equal(w->signatures.n, 2);
	assert_int_equal(w->body, WEBHOOK_ENVELOPE);
	assert_int_equal(w->rate_limit, 0);
	assert_int_equal(w->max_in_flight, 2);
	assert_int_equal(w->timeout_ms, 2500);
	assert_int_equal(w->nretries, 3);
	assert_int_equal(w->retry_schedule[0], 100);
	assert_int_equal(w->retry_schedule[1], 7 * DAY);
	assert_int_equal(w->retry_schedule[2], 3000);
	assert_string_equal(w->order_by, "/issue/id");
	assert_string_equal(w->filter, "{\"/a\":{\"gt\":1.50}}");
	webhook_free(w);
}

static void
join(const struct registry_problems *p, struct buf *out)
{
	size_t i;

	buf_init(out, 1024);
	for (i = 0; i < p->n; i++)
		buf_addf(out, "%s%s", i > 0 ? " " : "", p->v[i].field);
}

static void
test_each_wrong_field_is_named(void **state)
{
	/* "" where the text is no JSON object at all. */
	static const struct {
		const char *json, *fields;
	} rows[] = {
		{ "", "" },
		{ "[]", "" },
		{ "{\"url\":", "" },
		{ "{}", "url events" },
		{ "{\"url\":7,\"events\":\"issues\"}", "url events" },
		{ "{\"url\":\"https://127.0.0.1/\",\"events\":[]}", "url" },
		{ "{\"url\":\"http://h.example.com/\",\"events\":[]}", "url" },
		{ "{\"url\":\"ftp://h.example.com/\",\"events\":[]}", "url" },
		{ "{\"url\":\"https://h.example.com/\",\"events\":[\"a b\"]}",
		    "events" },
		{ "{" HOOK ",\"colour\":1,\"secret\":\"short\"}",
		    "colour secret" },
		{ "{" HOOK ",\"secret\":\"fifteen letters\"}", "secret" },
		{ "{" HOOK ",\"secret\":\"whsec_MTIzNDU2NzgxMjM=\"}",
		    "secret" },
		{ "{" HOOK ",\"secret\":\" whsec_MTIzNDU2NzgxMjM0NTY3ODkw\"}",
		    "secret" },
		{ "{" HOOK ",\"secret\":\"whpk_MTIzNDU2NzgxMjM0NTY3ODkw\"}",
		    "secret" },
		{ "{" HOOK ",\"secret\":\"whsk_MTIzNDU2NzgxMjM0NTY3ODkw\"}",
		    "secret" },
		{ "{" HOOK ",\"secret\":\"v1,whsec_MTIzNDU2NzgxMjM0NTY3ODkw\"}",
		    "secret" },
		{ "{" HOOK ",\"secret\":\"It's a Secret to Everybody\"}",
		    "secret" },
		{ "{" HOOK ",\"secret\":\"whsec_but not base64 at all\"}",
		    "secret" },
		{ "{" HOOK ",\"secret\":\"with a newline at the end\\n\"}",
		    "secret" },
		{ "{" HOOK ",\"team\":\"\"}", "team" },
		{ "{" HOOK ",\"team\":[\"a\"]}", "team" },
		{ "{" HOOK ",\"headers\":{\"Host\":\"x\"}}", "headers" },
		{ "{" HOOK ",\"headers\":{\"X-A\":\"x\\r\\nX-B: y\"}}",
		    "headers" },
		{ "{" HOOK ",\"headers\":{\"webhook-id\":\"x\"}}", "headers" },
		{ "{" HOOK ",\"headers\":{\"X-A\":\"1\",\"x-a\":\"2\"}}",
		    "headers" },
		{ "{" HOOK ",\"headers\":{\"Authorization\":\"x\"}}",
		    "headers" },
		{ "{" HOOK ",\"headers\":[]}", "headers" },
		{ "{" HOOK ",\"signatures\":[\"sha1\"]}", "signatures" },
		{ "{" HOOK ",\"cloudevents\":1}", "cloudevents" },
		{ "{" HOOK ",\"body\":\"xml\"}", "body" },
		{ "{" HOOK ",\"rate_limit\":-1}", "rate_limit" },
		{ "{" HOOK ",\"rate_limit\":100001}", "rate_limit" },
		{ "{" HOOK ",\"rate_limit\":\"5\"}", "rate_limit" },
		{ "{" HOOK ",\"max_in_flight\":0}", "max_in_flight" },
		{ "{" HOOK ",\"max_in_flight\":1025}", "max_in_flight" },
		{ "{" HOOK ",\"timeout\":\"6m\"}", "timeout" },
		{ "{" HOOK ",\"timeout\":true}", "timeout" },
		{ "{" HOOK ",\"retry_schedule\":[\"99ms\"]}",
		    "retry_schedule" },
		{ "{" HOOK ",\"retry_schedule\":[\"8d\"]}", "retry_schedule" },
		{ "{" HOOK ",\"retry_schedule\":\"5s\"}", "retry_schedule" },
		{ "{" HOOK ",\"order_by\":\"team\"}", "order_by" },
		{ "{" HOOK ",\"order_by\":\"\"}", "order_by" },
		{ "{" HOOK ",\"order_by\":\"/a~\"}", "order_by" },
		{ "{" HOOK ",\"filter\":[]}", "filter" },
		{ "{" HOOK ",\"filter\":{\"a\":1}}", "filter.a" },
		{ "{" HOOK
		  ",\"filter\":{\"or\":[{\"/issue/state\":{\"equal\":1}}]"
		  "}}",
		    "filter.or.0./issue/state.equal" },
		{ "{" HOOK ",\"total_calls\":1}", "total_calls" },
		{ "{" HOOK ",\"id\":\"mine\"}", "id" },
	};
	struct registry_problems p;
	struct webhook *w;
	struct buf fields;
	struct err e;
	size_t i;
	bool made;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		if (registry_create(&registry, rows[i].json,
			strlen(rows[i].json), &w, &made, &p, &e) != RC_INVALID)
			fail_msg("%s", rows[i].json);
		join(&p, &fields);
		if (strcmp(buf_str(&fields), rows[i].fields) != 0)
			fail_msg("%s: %s", rows[i].json, buf_str(&fields));
		buf_fini(&fields);
		assert_null(w);
		assert_int_equal(kept.puts, 0);
	}
}

static void
test_a_schedule_has_fifty_waits_at_most(void **state)
{
	struct registry_problems p;
	struct webhook *w;
	struct buf json;
	struct err e;
	size_t n, i;
	bool made;

	(void)state;
	for (n = 50; n <= 51; n++) {
		buf_init(&json, 4096);
		buf_add_str(&json, "{" HOOK ",\"retry_schedule\":[\"1s\"");
		for (i = 1; i < n; i++)
			buf_add_str(&json, ",\"1s\"");
		buf_add_str(&json, "]}");
		assert_int_equal(registry_create(&registry, buf_str(&json),
				     json.len, &w, &made, &p, &e),
		    n == 50 ? RC_OK : RC_INVALID);
		webhook_free(w);
		buf_fini(&json);
	}
}

static void
test_an_admin_may_set_authorization(void **state)
{
	(void)state;
	registry.is_admin = true;
	webhook_free(
	    create("{" HOOK ",\"headers\":{\"Authorization\":\"Bearer x\"}}"));
}

static void
test_plain_http_is_taken_where_networks_are_allowed(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(urlpolicy_allow(&policy, "192.168.0.0/16", &e), RC_OK);
	webhook_free(create("{\"url\":\"http://homeassistant.local:8123/api\","
			    "\"events\":[]}"));
}

static enum rc
change(const char *json, struct registry_problems *p)
{
	struct webhook *w;
	const struct registry_text text = { json, strlen(json) };
	struct err e;
	bool made;
	enum rc rc;

	rc = registry_change(&registry, kept.w->id, &text, &w, &made, p, &e);
	webhook_free(w);
	return rc;
}

static void
test_a_change_keeps_the_other_settings(void **state)
{
	struct registry_problems p;

	(void)state;
	webhook_free(create("{" HOOK ",\"secret\":\"sixteen letters!\","
			    "\"team\":\"sf\",\"timeout\":\"3s\"}"));
	assert_int_equal(change("{\"events\":[],\"timeout\":null}", &p), RC_OK);
	assert_int_equal(kept.w->events.n, 0);
	assert_int_equal(kept.w->timeout_ms, -1);
	assert_string_equal(kept.w->team, "sf");
	assert_int_equal(kept.w->nolds, 0);
	assert_int_equal(change("{\"team\":null}", &p), RC_OK);
	assert_null(kept.w->team);

	assert_int_equal(change("{\"team\":\"a\",\"url\":\"x\"}", &p),
	    RC_INVALID);
	assert_string_equal(p.v[0].field, "url");
	assert_null(kept.w->team);
	assert_int_equal(change("{\"colour\":1}", &p), RC_INVALID);
	assert_int_equal(change("[]", &p), RC_INVALID);
	assert_int_equal(p.n, 0);
}

/* Whoever may not set it may not have it sent to a place of their own. */
static void
test_authorization_stays_with_the_admins_url(void **state)
{
	struct registry_problems p;

	(void)state;
	registry.is_admin = true;
	webhook_free(
	    create("{" HOOK ",\"headers\":{\"authorization\":\"Bearer x\"}}"));
	registry.is_admin = false;
	assert_int_equal(change("{\"url\":\"https://mine.example.com/\"}", &p),
	    RC_INVALID);
	assert_string_equal(p.v[0].field, "url");
	assert_string_equal(kept.w->url, "https://h.example.com/x");
	assert_int_equal(change("{\"url\":\"https://h.example.com/x\","
				"\"events\":[\"push\"]}",
			     &p),
	    RC_OK);
	assert_int_equal(kept.w->nheaders, 1);
	registry.is_admin = true;
	assert_int_equal(change("{\"url\":\"https://i.example.com/x\"}", &p),
	    RC_OK);
	registry.is_admin = false;
	assert_int_equal(change("{\"url\":\"https://mine.example.com/\","
				"\"headers\":{}}",
			     &p),
	    RC_OK);
	assert_int_equal(kept.w->nheaders, 0);
}

static void
test_enabling_by_a_change_closes_the_breaker(void **state)
{
	struct registry_problems p;

	(void)state;
	webhook_free(create("{" HOOK "}"));
	kept.w->breaker = BREAKER_OPEN;
	assert_int_equal(change("{\"enabled\":true}", &p), RC_OK);
	assert_int_equal(kept.w->breaker, BREAKER_OPEN);
	kept.w->enabled = false;
	assert_int_equal(change("{\"enabled\":true}", &p), RC_OK);
	assert_int_equal(kept.w->breaker, BREAKER_CLOSED);
}

static void
test_rotation_keeps_the_old_secret_for_a_day(void **state)
{
	struct registry_problems p;
	struct webhook *w;
	struct err e;

	(void)state;
	webhook_free(create("{" HOOK ",\"secret\":\"sixteen letters!\"}"));
	assert_int_equal(registry_rotate(&registry, kept.w->id, false, &w, &e),
	    RC_OK);
	assert_true(whsec_has_prefix(&w->secret));
	assert_int_equal(w->nolds, 1);
	assert_string_equal(w->olds[0].secret.bytes, "sixteen letters!");
	assert_int_equal(w->olds[0].until_ms, NOW + DAY);
	webhook_free(w);
	assert_int_equal(change("{\"secret\":\"another one of them\"}", &p),
	    RC_OK);
	assert_int_equal(kept.w->nolds, 2);
	assert_true(whsec_has_prefix(&kept.w->olds[0].secret));
	assert_string_equal(kept.w->olds[1].secret.bytes, "sixteen letters!");
	/* Each has its own end, and goes with the next change after it. */
	kept.w->olds[1].until_ms = NOW;
	assert_int_equal(change("{\"secret\":\"one more of those\"}", &p),
	    RC_OK);
	assert_int_equal(kept.w->nolds, 2);
	assert_string_equal(kept.w->olds[0].secret.bytes,
	    "another one of them");
	assert_int_equal(registry_rotate(&registry, kept.w->id, true, &w, &e),
	    RC_OK);
	assert_int_equal(w->nolds, 0);
	webhook_free(w);
	assert_int_equal(registry_rotate(&registry, "none", false, &w, &e),
	    RC_NOTFOUND);
	assert_null(w);
}

/* The oldest makes place. */
static void
test_at_most_eight_old_secrets_sign(void **state)
{
	struct webhook *w;
	struct err e;
	int i;

	(void)state;
	webhook_free(create("{" HOOK ",\"secret\":\"sixteen letters!\"}"));
	for (i = 0; i < WEBHOOK_OLDS_MAX; i++) {
		assert_int_equal(
		    registry_rotate(&registry, kept.w->id, false, &w, &e),
		    RC_OK);
		webhook_free(w);
	}
	assert_int_equal(kept.w->nolds, WEBHOOK_OLDS_MAX);
	assert_string_equal(kept.w->olds[7].secret.bytes, "sixteen letters!");
	assert_int_equal(registry_rotate(&registry, kept.w->id, false, &w, &e),
	    RC_OK);
	webhook_free(w);
	assert_int_equal(kept.w->nolds, WEBHOOK_OLDS_MAX);
	assert_true(whsec_has_prefix(&kept.w->olds[7].secret));
}

/* Made when the form is first asked for, and anew with each rotation. */
static void
test_a_key_pair_comes_with_its_form(void **state)
{
	struct registry_problems p;
	struct webhook *w;
	char first[128];
	struct err e;

	(void)state;
	webhook_free(create("{" HOOK "}"));
	assert_false(secret_is_set(&kept.w->sign_key));
	assert_int_equal(change("{\"signatures\":[\"standard\","
				"\"standard-ed25519\",\"svix\"]}",
			     &p),
	    RC_OK);
	assert_int_equal(kept.w->sign_key.size, 5 + 88);
	memcpy(first, kept.w->sign_key.bytes, kept.w->sign_key.size + 1);
	assert_int_equal(change("{\"signatures\":[\"standard-ed25519\"]}", &p),
	    RC_OK);
	assert_string_equal(kept.w->sign_key.bytes, first);
	assert_int_equal(registry_rotate(&registry, kept.w->id, false, &w, &e),
	    RC_OK);
	assert_string_equal(w->olds[0].sign_key.bytes, first);
	assert_string_not_equal(w->sign_key.bytes, first);
	webhook_free(w);

	/* While its day lasts it stays, and it has no second one. */
	assert_int_equal(change("{\"secret\":\"another one of them\"}", &p),
	    RC_OK);
	assert_false(secret_is_set(&kept.w->olds[0].sign_key));
	assert_string_equal(kept.w->olds[1].sign_key.bytes, first);
	kept.w->olds[1].until_ms = NOW;
	assert_int_equal(change("{\"secret\":\"and yet another one\"}", &p),
	    RC_OK);
	assert_int_equal(kept.w->nolds, 2);
	assert_false(secret_is_set(&kept.w->olds[1].sign_key));
	assert_true(secret_is_set(&kept.w->sign_key));
}

static void
test_a_webhook_is_enabled_and_disabled(void **state)
{
	struct webhook *w;
	int64_t since_ms;
	struct err e;

	(void)state;
	webhook_free(create("{" HOOK "}"));
	assert_int_equal(
	    registry_enable(&registry, kept.w->id, false, &since_ms, &w, &e),
	    RC_OK);
	assert_false(w->enabled);
	assert_int_equal(since_ms, 0);
	webhook_free(w);
	kept.w->disabled_ms = NOW - 5;
	assert_int_equal(
	    registry_enable(&registry, kept.w->id, true, &since_ms, &w, &e),
	    RC_OK);
	assert_true(w->enabled);
	assert_int_equal(since_ms, NOW - 5);
	webhook_free(w);
}

static const char two[] =
    "{\"a\":{\"url\":\"https://h.example.com/x\",\"events\":[\"game_started\"],"
    "\"secret\":\"sixteen letters!\",\"team\":\"sf\","
    "\"created_at\":\"2026-11-20T08:09:10.123456\",\"total_calls\":5,"
    "\"failed_calls\":1,\"last_success\":\"2026-11-21T08:09:10Z\","
    "\"last_failure\":null,\"enabled\":true},"
    "\"b\":{\"url\":\"https://h.example.com/y\",\"events\":[],"
    "\"secret\":\"sixteen letters!\"}}";

static enum rc
import(const char *json, bool dry_run, bool replace,
    struct registry_imported *out)
{
	const struct registry_import_options opt = { dry_run, replace };
	struct err e;

	return registry_import(&registry, json, strlen(json), &opt, out, &e);
}

static void
test_import_keeps_ids_times_and_counters(void **state)
{
	struct registry_imported out;

	(void)state;
	assert_int_equal(import(two, true, false, &out), RC_OK);
	assert_int_equal(kept.puts, 0);
	assert_int_equal(out.count, 2);
	strlist_fini(&out.disabled);

	assert_int_equal(import(two, false, false, &out), RC_OK);
	assert_int_equal(kept.imported, 2);
	assert_string_equal(kept.w->id, "a");
	assert_int_equal(kept.w->created_ms, NOW - DAY + 123);
	assert_int_equal(kept.w->last_success_ms, NOW);
	assert_int_equal(kept.w->total_calls, 5);
	assert_int_equal(out.disabled.n, 1);
	assert_string_equal(out.disabled.v[0], "b");
	strlist_fini(&out.disabled);

	assert_int_equal(import(two, false, false, &out), RC_INVALID);
	assert_string_equal(out.problems.v[0].field, "a");
	strlist_fini(&out.disabled);
	assert_int_equal(import(two, false, true, &out), RC_OK);
	assert_true(kept.replaced);
	strlist_fini(&out.disabled);
}

static void
test_import_is_all_or_nothing(void **state)
{
	static const struct {
		const char *json, *fields;
	} rows[] = {
		{ "[]", "" },
		{ "{\"a\":", "" },
		{ "{\"a\":1}", "a" },
		{ "{\"a b\":{}}", "a b" },
		{ "{\"a\":{\"url\":\"https://h.example.com/\"}}", "a" },
		{ "{\"a\":{\"url\":\"https://10.0.0.1/\",\"events\":[],"
		  "\"secret\":\"short\",\"created_at\":\"soon\",\"x\":1}}",
		    "a.url a.secret a.created_at a.x" },
	};
	struct registry_imported out;
	struct buf fields;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		assert_int_equal(import(rows[i].json, false, false, &out),
		    RC_INVALID);
		join(&out.problems, &fields);
		assert_string_equal(buf_str(&fields), rows[i].fields);
		buf_fini(&fields);
		strlist_fini(&out.disabled);
		assert_int_equal(kept.puts, 0);
	}
}

static void
test_secrets_are_shown_only_when_asked(void **state)
{
	struct webhook *w = create("{" HOOK ",\"secret\":\"sixteen letters!\","
				   "\"headers\":{\"X-Key\":\"hidden value\"}}");
	struct js_doc doc;
	struct buf out;
	struct err e;

	(void)state;
	buf_init(&out, 65536);
	registry_format(&registry, w, false, NULL, &out);
	assert_int_equal(js_parse(&doc, buf_str(&out), out.len, &e), RC_OK);
	js_doc_fini(&doc);
	assert_null(strstr(buf_str(&out), "sixteen"));
	assert_null(strstr(buf_str(&out), "hidden"));
	assert_non_null(strstr(buf_str(&out), "\"secret\":\"***\""));
	assert_non_null(strstr(buf_str(&out), "\"health_status\":\"unknown\""));
	buf_clear(&out);
	registry_format(&registry, w, true, NULL, &out);
	assert_non_null(strstr(buf_str(&out), "\"sixteen letters!\""));
	buf_fini(&out);
	webhook_free(w);
}

#define row(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		row(test_a_registration_gets_default_values),
		row(test_all_members_are_taken),
		row(test_each_wrong_field_is_named),
		row(test_a_schedule_has_fifty_waits_at_most),
		row(test_an_admin_may_set_authorization),
		row(test_plain_http_is_taken_where_networks_are_allowed),
		row(test_a_change_keeps_the_other_settings),
		row(test_authorization_stays_with_the_admins_url),
		row(test_enabling_by_a_change_closes_the_breaker),
		row(test_rotation_keeps_the_old_secret_for_a_day),
		row(test_at_most_eight_old_secrets_sign),
		row(test_a_key_pair_comes_with_its_form),
		row(test_a_webhook_is_enabled_and_disabled),
		row(test_import_keeps_ids_times_and_counters),
		row(test_import_is_all_or_nothing),
		row(test_secrets_are_shown_only_when_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
