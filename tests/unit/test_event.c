#include "config.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "core/event.h"

static void
test_identity_grammars(void **state)
{
	static const struct {
		bool (*is_valid)(const char *);
		const char *text;
		bool want;
	} rows[] = {
		{ event_delivery_id_is_valid, "test-123", true },
		{ event_delivery_id_is_valid, "a:b._-9", true },
		{ event_delivery_id_is_valid, "", false },
		{ event_delivery_id_is_valid, "a b", false },
		{ event_delivery_id_is_valid, "a\n", false },
		{ event_delivery_id_is_valid, "a\"=+/,~", true },
		{ event_delivery_id_is_valid, "a\x7f", false },
		{ event_delivery_id_is_valid, "\xf0\x9f\x98\x80", false },
		{ event_type_is_valid, "pull_request.opened", true },
		{ event_type_is_valid, "../../x", false },
		{ event_type_is_valid, "a:b", false },
		{ event_type_is_valid, "", false },
		{ event_repository_is_valid, "unknown", true },
		{ event_repository_is_valid, "octo-org/a.b_c", true },
		{ event_repository_is_valid, "a", false },
		{ event_repository_is_valid, "a/", false },
		{ event_repository_is_valid, "/a", false },
		{ event_repository_is_valid, "a/b/c", false },
		{ event_repository_is_valid, "../..", false },
		{ event_repository_is_valid, "a/.", false },
		{ event_repository_is_valid, "a/b\n", false },
		{ event_repository_is_valid, "a/\"", false },
	};
	char text[EVENT_DELIVERY_ID_MAX + 2];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		if (rows[i].is_valid(rows[i].text) != rows[i].want)
			fail_msg("row %zu: %s", i, rows[i].text);
	memset(text, 'a', sizeof(text));
	text[EVENT_DELIVERY_ID_MAX + 1] = '\0';
	assert_false(event_delivery_id_is_valid(text));
	text[EVENT_DELIVERY_ID_MAX] = '\0';
	assert_true(event_delivery_id_is_valid(text));
	assert_false(event_type_is_valid(text));
}

static void
test_statuses_go_both_ways(void **state)
{
	enum event_status s, back;

	(void)state;
	for (s = EVENT_PENDING; s < EVENT_STATUSES; s++) {
		assert_true(event_status_parse(event_status_name(s), &back));
		assert_int_equal(s, back);
	}
	assert_false(event_status_parse("done", &back));
}

static void
test_facts_that_cannot_be_read_are_none(void **state)
{
	/* action and repository as wanted; NULL: refused. */
	static const struct {
		const char *body, *action, *repository;
	} rows[] = {
		{ "{\"action\":\"opened\",\"repository\":"
		  "{\"full_name\":\"o/r\"}}",
		    "opened", "o/r" },
		{ "{}", "", "unknown" },
		{ " {\"repository\":{\"id\":1}} ", "", "unknown" },
		{ "{\"action\":null}", "", "unknown" },
		{ "{\"action\":1}", "", "unknown" },
		{ "{\"action\":{\"a\":[]}}", "", "unknown" },
		{ "{\"action\":\"two words\"}", "", "unknown" },
		{ "{\"action\":\"x \\ud83d\"}", "", "unknown" },
		{ "{\"\\u0061ction\":\"o\\u0070en\"}", "open", "unknown" },
		{ "{\"repository\":{\"full_name\":\"o\\/r\"}}", "", "o/r" },
		{ "{\"x\":{\"action\":\"no\"}}", "", "unknown" },
		{ "{\"repository\":\"o/r\",\"action\":\"a\"}", "a", "unknown" },
		{ "{\"repository\":1}", "", "unknown" },
		{ "{\"repository\":null}", "", "unknown" },
		{ "{\"repository\":[]}", "", "unknown" },
		{ "{\"repository\":{\"full_name\":\"a\"}}", "", "unknown" },
		{ "{\"repository\":{\"full_name\":\"a/b/c\"}}", "", "unknown" },
		{ "{\"repository\":{\"full_name\":\"../..\"}}", "", "unknown" },
		{ "{\"repository\":{\"full_name\":\"a/\\n\"}}", "", "unknown" },
		{ "{\"repository\":{\"full_name\":\"a/\\\"\"}}", "",
		    "unknown" },
		{ "{\"repository\":{\"full_name\":\"unknown\"}}", "",
		    "unknown" },
		{ "{\"repository\":{\"full_name\":null}}", "", "unknown" },
		{ "{\"repository\":{\"full_name\":7}}", "", "unknown" },
		{ "null", "", "unknown" },
		{ "[{\"action\":\"a\"}]", "", "unknown" },
		{ "\"x\"", "", "unknown" },
		{ "true", "", "unknown" },
		{ "-1e400", "", "unknown" },
		{ "\xef\xbb\xbf{\"action\":\"a\"}", "a", "unknown" },
		{ "{\"action\":\"a\",\"action\":\"b\"}", "", "unknown" },
		{ "{\"action\\u0000x\":1}", "", "unknown" },
		{ "", NULL, NULL },
		{ "{} {}", NULL, NULL },
		{ "{\"a\":NaN}", NULL, NULL },
		{ "{\"a\":\"\xff\"}", NULL, NULL },
	};
	struct event *ev;
	struct err e;
	size_t i;
	enum rc rc;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		ev = event_new();
		rc =
		    event_read_json(ev, rows[i].body, strlen(rows[i].body), &e);
		if (rc != (rows[i].action == NULL ? RC_INVALID : RC_OK))
			fail_msg("%s: %s", rows[i].body, err_name(rc));
		if (rows[i].action == NULL) {
			assert_null(ev->action);
			assert_null(ev->repository);
		} else if (strcmp(ev->action, rows[i].action) != 0 ||
		    strcmp(ev->repository, rows[i].repository) != 0) {
			fail_msg("%s", rows[i].body);
		}
		event_free(ev);
	}
}

static void
test_type_is_the_bodys_only_where_there_is_none(void **state)
{
	static const char body[] = "{\"type\":\"orders/create now\"}";
	static const char other[] = "{\"type\":\"other\"}";
	static const char none[] = "{\"type\":[\"a\"]}";
	struct event *ev = event_new();
	struct err e;

	(void)state;
	assert_int_equal(event_read_json(ev, none, sizeof(none) - 1, &e),
	    RC_OK);
	assert_null(ev->type);
	assert_int_equal(event_read_json(ev, body, sizeof(body) - 1, &e),
	    RC_OK);
	assert_string_equal(ev->type, "orders.create_now");
	assert_int_equal(event_read_json(ev, other, sizeof(other) - 1, &e),
	    RC_OK);
	assert_string_equal(ev->type, "orders.create_now");
	event_free(ev);
}

static void
test_a_repository_name_of_any_length_is_judged(void **state)
{
	char body[10400];
	struct event *ev = event_new();
	struct err e;
	size_t n;

	(void)state;
	n = (size_t)snprintf(body, sizeof(body),
	    "{\"repository\":{\"full_name\":\"a/%010000d\"}}", 0);
	assert_int_equal(event_read_json(ev, body, n, &e), RC_OK);
	assert_string_equal(ev->repository, "unknown");
	event_free(ev);
}

static void
test_types_are_respelt_by_one_rule(void **state)
{
	static const char *const rows[][2] = {
		{ "issues", "issues" },
		{ "orders/create", "orders.create" },
		{ "repo:push", "repo.push" },
		{ "Push Hook", "Push_Hook" },
		{ "../../x", "......x" },
		{ "caf\xc3\xa9!", "caf__" },
		{ "a\xff\xfe", "a__" },
		{ "", "" },
	};
	char text[EVENT_TYPE_MAX + 50], out[EVENT_TYPE_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		assert_int_equal(event_type_respell(rows[i][0], out),
		    rows[i][0][0] != '\0');
		assert_string_equal(out, rows[i][1]);
	}
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_true(event_type_respell(text, out));
	assert_int_equal(strlen(out), EVENT_TYPE_MAX);
	assert_true(event_type_is_valid(out));
}

static void
test_odd_delivery_ids_become_their_digest(void **state)
{
	struct event *ev = event_new();
	char text[300];

	(void)state;
	event_put_delivery_id(ev, NULL);
	event_put_delivery_id(ev, "");
	assert_null(ev->delivery_id);
	event_put_delivery_id(ev, "4m8R+/=~!\"{}");
	assert_string_equal(ev->delivery_id, "4m8R+/=~!\"{}");
	assert_null(ev->sent_id);

	event_put_delivery_id(ev, "a b\xc3\xa9");
	assert_string_equal(ev->delivery_id,
	    "1ab8fc484d0212a9f29fc1334521deebe333bee6a002784790055ebc73da7159");
	assert_string_equal(ev->sent_id, "a b\xc3\xa9");

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	event_put_delivery_id(ev, text);
	assert_int_equal(strlen(ev->delivery_id), 64);
	assert_string_equal(ev->sent_id, text);
	text[EVENT_DELIVERY_ID_MAX] = '\0';
	event_put_delivery_id(ev, text);
	assert_string_equal(ev->delivery_id, text);
	assert_null(ev->sent_id);
	event_free(ev);
}

static void
test_the_id_that_was_sent_is_kept_as_utf8_up_to_1_kib(void **state)
{
	static const char more[] = "\xe2\x80\xa6";
	struct event *ev = event_new();
	char text[2 * EVENT_SENT_ID_MAX];
	size_t n;

	(void)state;
	event_put_delivery_id(ev, "a\xff b\xc3");
	assert_string_equal(ev->sent_id, "a\xef\xbf\xbd b\xef\xbf\xbd");
	memset(text, 'x', sizeof(text));
	for (n = EVENT_SENT_ID_MAX - 8; n < EVENT_SENT_ID_MAX + 8; n++) {
		text[n] = '\0';
		event_put_delivery_id(ev, text);
		if (n <= EVENT_SENT_ID_MAX) {
			assert_string_equal(ev->sent_id, text);
		} else {
			assert_int_equal(strlen(ev->sent_id),
			    EVENT_SENT_ID_MAX);
			assert_string_equal(ev->sent_id + EVENT_SENT_ID_MAX - 3,
			    more);
		}
		text[n] = 'x';
	}
	/* No character is cut, wherever it stands. */
	for (n = EVENT_SENT_ID_MAX - 8; n < EVENT_SENT_ID_MAX + 8; n++) {
		memset(text, 'x', sizeof(text));
		memcpy(text + n, "\xf0\x9f\x98\x80\xff", 6);
		event_put_delivery_id(ev, text);
		assert_true(strlen(ev->sent_id) <= EVENT_SENT_ID_MAX);
		assert_true(utf8_is_valid(ev->sent_id, strlen(ev->sent_id)));
	}
	event_free(ev);
}

static void
test_readers_see_the_json_of_a_body(void **state)
{
	static const char form[] = "application/x-www-form-urlencoded";
	/* What our own readers see, and what stricter ones get. */
	static const struct {
		const char *type, *body, *json;
		enum event_json_is is;
		const char *kept;
	} rows[] = {
		{ "application/json", "{\"a\":1}", "{\"a\":1}", EVENT_JSON_BODY,
		    NULL },
		{ "application/json", "\xef\xbb\xbf{}", "{}", EVENT_JSON_MADE,
		    "{}" },
		{ "application/json", "\xef\xbb\xbf\xef\xbb\xbf{}", NULL,
		    EVENT_JSON_NONE, NULL },
		{ "application/json", "[\"\\ud83d\"]", "[\"\\ud83d\"]",
		    EVENT_JSON_MADE, "[\"\\ufffd\"]" },
		{ form, "payload=%7B%22a%22%3A+1%7D", "{\"a\": 1}",
		    EVENT_JSON_MADE, "{\"a\": 1}" },
		{ form, "payload=%ef%bb%bf[%22\\ud83d%22]", "[\"\\ud83d\"]",
		    EVENT_JSON_MADE, "[\"\\ufffd\"]" },
		{ form, "payload=%7B%7D&b=1", NULL, EVENT_JSON_NONE, NULL },
		{ form, "payload=hello", "hello", EVENT_JSON_NONE, NULL },
		{ "text/plain", "hello", "hello", EVENT_JSON_NONE, NULL },
		{ "text/plain", "", "", EVENT_JSON_NONE, NULL },
		{ "", "{}", "{}", EVENT_JSON_BODY, NULL },
	};
	struct buf made;
	struct event_json j;
	struct event *ev;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		ev = event_new();
		ev->content_type = xstrdup(rows[i].type);
		ev->body = xstrdup(rows[i].body);
		ev->bodysz = strlen(ev->body);
		event_json_init(&j, ev->content_type, ev->body, ev->bodysz);
		if (rows[i].json == NULL) {
			assert_null(j.text);
		} else {
			assert_int_equal(j.n, strlen(rows[i].json));
			assert_memory_equal(j.text, rows[i].json, j.n);
		}
		event_take_json(ev, &j, rows[i].is != EVENT_JSON_NONE);
		assert_null(j.room);
		assert_int_equal(event_json_make(ev->content_type, ev->body,
				     ev->bodysz, &made),
		    rows[i].is);
		/* Only what a form holds is made before it is stored. */
		assert_int_equal(ev->has_odd_json,
		    rows[i].is == EVENT_JSON_MADE && rows[i].type != form);
		if (rows[i].is == EVENT_JSON_BODY) {
			assert_null(ev->json);
		} else if (rows[i].is == EVENT_JSON_NONE) {
			assert_string_equal(ev->json, "");
			assert_int_equal(ev->jsonsz, 0);
		} else {
			if (rows[i].type == form) {
				assert_string_equal(ev->json, rows[i].kept);
				assert_int_equal(ev->jsonsz,
				    strlen(rows[i].kept));
			} else {
				assert_null(ev->json);
			}
			assert_string_equal(buf_str(&made), rows[i].kept);
			buf_fini(&made);
		}
		event_free(ev);
	}
}

static void
test_the_names_of_hls_are_its_own(void **state)
{
	static const struct {
		const char *source, *type, *want;
	} rows[] = {
		{ "github", "hls.webhook.disabled", "x-hls.webhook.disabled" },
		{ "github", "hls", "x-hls" },
		{ "api", "HLS.x", "x-HLS.x" },
		{ "cli", "hls.", "x-hls." },
		{ "github", "hlsx", "hlsx" },
		{ "github", "x.hls.y", "x.hls.y" },
		{ "hls", "hls.webhook.disabled", "hls.webhook.disabled" },
		{ "hls.test", "hls.test", "hls.test" },
	};
	struct event *ev;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		ev = event_new();
		ev->source = xstrdup(rows[i].source);
		ev->type = xstrdup(rows[i].type);
		event_reserve_type(ev);
		assert_string_equal(ev->type, rows[i].want);
		event_free(ev);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_names_of_hls_are_its_own),
		cmocka_unit_test(test_identity_grammars),
		cmocka_unit_test(test_statuses_go_both_ways),
		cmocka_unit_test(test_facts_that_cannot_be_read_are_none),
		cmocka_unit_test(
		    test_type_is_the_bodys_only_where_there_is_none),
		cmocka_unit_test(
		    test_a_repository_name_of_any_length_is_judged),
		cmocka_unit_test(test_types_are_respelt_by_one_rule),
		cmocka_unit_test(test_odd_delivery_ids_become_their_digest),
		cmocka_unit_test(
		    test_the_id_that_was_sent_is_kept_as_utf8_up_to_1_kib),
		cmocka_unit_test(test_readers_see_the_json_of_a_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
