#include "config.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

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
		{ event_delivery_id_is_valid, "a\"", false },
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
test_fields_are_lifted_out_of_the_body(void **state)
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
		{ "{\"action\":\"two words\"}", "", "unknown" },
		{ "{\"\\u0061ction\":\"o\\u0070en\"}", "open", "unknown" },
		{ "{\"repository\":{\"full_name\":\"o\\/r\"}}", "", "o/r" },
		{ "{\"x\":{\"action\":\"no\"}}", "", "unknown" },
		{ "{\"repository\":\"o/r\"}", NULL, NULL },
		{ "{\"repository\":1}", NULL, NULL },
		{ "{\"repository\":null}", NULL, NULL },
		{ "{\"repository\":[]}", NULL, NULL },
		{ "{\"repository\":{\"full_name\":\"a\"}}", NULL, NULL },
		{ "{\"repository\":{\"full_name\":\"a/b/c\"}}", NULL, NULL },
		{ "{\"repository\":{\"full_name\":\"../..\"}}", NULL, NULL },
		{ "{\"repository\":{\"full_name\":\"a/\\n\"}}", NULL, NULL },
		{ "{\"repository\":{\"full_name\":\"a/\\\"\"}}", NULL, NULL },
		{ "{\"repository\":{\"full_name\":\"unknown\"}}", NULL, NULL },
		{ "{\"repository\":{\"full_name\":7}}", NULL, NULL },
		{ "", NULL, NULL },
		{ "null", NULL, NULL },
		{ "[]", NULL, NULL },
		{ "\"x\"", NULL, NULL },
		{ "true", NULL, NULL },
		{ "{} {}", NULL, NULL },
		{ "{\"action\":\"a\",\"action\":\"b\"}", NULL, NULL },
		{ "{\"action\\u0000x\":1}", NULL, NULL },
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
		ev->body = xstrdup(rows[i].body);
		ev->bodysz = strlen(rows[i].body);
		rc = event_read_json(ev, &e);
		if (rc != (rows[i].action == NULL ? RC_INVALID : RC_OK))
			fail_msg("%s: %s", rows[i].body, err_name(rc));
		if (rows[i].action != NULL) {
			assert_string_equal(ev->action, rows[i].action);
			assert_string_equal(ev->repository, rows[i].repository);
		} else {
			assert_null(ev->action);
			assert_null(ev->repository);
		}
		event_free(ev);
	}
}

static void
test_type_is_the_bodys_only_where_there_is_none(void **state)
{
	static const char body[] = "{\"type\":\"user.created\"}";
	static const char bad[] = "{\"type\":\"a b\"}";
	struct event *ev = event_new();
	struct err e;

	(void)state;
	assert_int_equal(event_read_json_text(ev, bad, sizeof(bad) - 1, &e),
	    RC_INVALID);
	assert_int_equal(event_read_json_text(ev, body, sizeof(body) - 1, &e),
	    RC_OK);
	assert_string_equal(ev->type, "user.created");
	assert_int_equal(event_read_json_text(ev, bad, sizeof(bad) - 1, &e),
	    RC_OK);
	assert_string_equal(ev->type, "user.created");
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
	assert_int_equal(event_read_json_text(ev, body, n, &e), RC_INVALID);
	event_free(ev);
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
		cmocka_unit_test(test_fields_are_lifted_out_of_the_body),
		cmocka_unit_test(
		    test_type_is_the_bodys_only_where_there_is_none),
		cmocka_unit_test(
		    test_a_repository_name_of_any_length_is_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
