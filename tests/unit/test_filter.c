#include "config.h"

#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/filter.h"
#include "core/jsonptr.h"

static const char body[] =
    "{\"action\":\"opened\",\"n\":5,\"big\":9007199254740993,\"half\":0.5,"
    "\"yes\":true,\"none\":null,\"list\":[1,{\"x\":\"y\"}],\"empty\":{},"
    "\"text\":\"caf\\u00e9 \\ud83d\\ude00 end\",\"ref\":\"refs/heads/main\","
    "\"a/b\":{\"c~d\":\"deep\"},\"nul\":\"a\\u0000b\","
    "\"huge\":18446744073709551615,\"low\":-9007199254740993,"
    "\"minus\":-0}";

static struct event *
event(void)
{
	struct event *ev = event_new();

	ev->type = xstrdup("issues");
	ev->action = xstrdup("opened");
	ev->repository = xstrdup("octo/hello");
	strlist_put(&ev->teams, "Core");
	strlist_put(&ev->teams, "ops");
	return ev;
}

/* 1, 0, or -1 when it is no filter. */
static int
judge(const char *text, const struct event *ev, const char *json,
    struct filter_why *why)
{
	struct jsonptr_set *paths = jsonptr_set_new();
	char path[FILTER_PATH_SIZE];
	struct jsonptr_value *values;
	struct filter *f;
	struct err e;
	int result = -1;
	bool is_json;

	if (filter_new(text, strlen(text), paths, &f, path, &e) == RC_OK) {
		values = xcalloc(jsonptr_count(paths) + 1, sizeof(*values));
		is_json = jsonptr_scan(paths, json, strlen(json), values);
		result = filter_holds(f, ev, is_json ? values : NULL, why);
		filter_free(f);
		free(values);
	}
	jsonptr_set_free(paths);
	return result;
}

static const struct {
	const char *filter;
	int holds;
} cases[] = {
	{ "{}", 1 },
	{ "{\"/action\":\"opened\"}", 1 },
	{ "{\"/action\":\"Opened\"}", 0 },
	{ "{\"/action\":\"open\"}", 0 },
	{ "{\"/action\":{\"equals\":\"opened\"}}", 1 },
	{ "{\"/n\":5}", 1 },
	{ "{\"/n\":5.0}", 1 },
	{ "{\"/n\":50e-1}", 1 },
	{ "{\"/n\":\"5\"}", 0 },
	{ "{\"/big\":9007199254740993}", 1 },
	{ "{\"/big\":9007199254740992}", 0 },
	{ "{\"/big\":{\"gt\":9007199254740992}}", 1 },
	{ "{\"/huge\":18446744073709551615}", 1 },
	{ "{\"/huge\":18446744073709551614}", 0 },
	{ "{\"/huge\":{\"gt\":18446744073709551614}}", 1 },
	{ "{\"/huge\":{\"gt\":99}}", 1 },
	{ "{\"/low\":-9007199254740992}", 0 },
	{ "{\"/low\":{\"lt\":-9007199254740992}}", 1 },
	{ "{\"/low\":{\"lt\":-99}}", 1 },
	{ "{\"/low\":{\"lt\":0}}", 1 },
	{ "{\"/minus\":0}", 1 },
	{ "{\"/minus\":{\"gt\":-1}}", 1 },
	{ "{\"/yes\":true}", 1 },
	{ "{\"/yes\":false}", 0 },
	{ "{\"/none\":null}", 1 },
	{ "{\"/gone\":null}", 0 },
	{ "{\"/action\":{\"in\":[\"closed\",\"opened\"]}}", 1 },
	{ "{\"/action\":{\"in\":[\"closed\",1,null]}}", 0 },
	{ "{\"/n\":{\"in\":[4,5]}}", 1 },
	{ "{\"/none\":{\"exists\":true}}", 1 },
	{ "{\"/none\":{\"exists\":false}}", 0 },
	{ "{\"/gone\":{\"exists\":false}}", 1 },
	{ "{\"/gone\":{\"exists\":true}}", 0 },
	{ "{\"/list\":{\"exists\":true}}", 1 },
	{ "{\"/empty\":{\"exists\":true}}", 1 },
	{ "{\"\":{\"exists\":true}}", 1 },
	{ "{\"/list/1/x\":\"y\"}", 1 },
	{ "{\"/list/01/x\":\"y\"}", 0 },
	{ "{\"/a~1b/c~0d\":\"deep\"}", 1 },
	{ "{\"/ref\":{\"prefix\":\"refs/heads/\"}}", 1 },
	{ "{\"/ref\":{\"prefix\":\"\"}}", 1 },
	{ "{\"/ref\":{\"prefix\":\"refs/heads/main\"}}", 1 },
	{ "{\"/ref\":{\"prefix\":\"refs/heads/main2\"}}", 0 },
	{ "{\"/ref\":{\"prefix\":\"heads\"}}", 0 },
	{ "{\"/text\":{\"prefix\":\"caf\xc3\xa9 \"}}", 1 },
	{ "{\"/text\":{\"prefix\":\"caf\\u00e9 \\ud83d\\ude00\"}}", 1 },
	{ "{\"/text\":\"caf\xc3\xa9 \xf0\x9f\x98\x80 end\"}", 1 },
	{ "{\"/text\":\"caf\xc3\xa9 \xf0\x9f\x98\x80 en\"}", 0 },
	{ "{\"/nul\":\"a\"}", 0 },
	{ "{\"/nul\":{\"prefix\":\"a\"}}", 1 },
	{ "{\"/n\":{\"prefix\":\"5\"}}", 0 },
	{ "{\"/n\":{\"lt\":6}}", 1 },
	{ "{\"/n\":{\"lt\":5}}", 0 },
	{ "{\"/n\":{\"lte\":5}}", 1 },
	{ "{\"/n\":{\"gt\":4.5}}", 1 },
	{ "{\"/n\":{\"gt\":5}}", 0 },
	{ "{\"/n\":{\"gte\":5,\"lt\":6}}", 1 },
	{ "{\"/n\":{\"gte\":5,\"lt\":5}}", 0 },
	{ "{\"/half\":{\"lt\":1,\"gt\":0}}", 1 },
	{ "{\"/action\":{\"lt\":6}}", 0 },
	{ "{\"/gone\":{\"lt\":6}}", 0 },
	{ "{\"/n\":5,\"/action\":\"opened\"}", 1 },
	{ "{\"/n\":5,\"/action\":\"closed\"}", 0 },
	{ "{\"and\":[{\"/n\":5},{\"/action\":\"opened\"}]}", 1 },
	{ "{\"and\":[{\"/n\":5},{\"/action\":\"closed\"}]}", 0 },
	{ "{\"or\":[{\"/n\":6},{\"/action\":\"opened\"}]}", 1 },
	{ "{\"or\":[{\"/n\":6},{\"/action\":\"closed\"}]}", 0 },
	{ "{\"or\":[{\"/n\":5,\"/yes\":false},{\"/n\":5,\"/yes\":true}]}", 1 },
	{ "{\"not\":{\"/n\":6}}", 1 },
	{ "{\"not\":{\"/n\":5}}", 0 },
	{ "{\"not\":{\"/n\":5,\"/yes\":false}}", 1 },
	{ "{\"not\":{\"not\":{\"/n\":5}}}", 1 },
	{ "{\"not\":{\"or\":[{\"/n\":6},{\"/n\":7}]},\"/yes\":true}", 1 },
	{ "{\"$type\":\"issues\"}", 1 },
	{ "{\"$type\":{\"in\":[\"push\",\"issues\"]}}", 1 },
	{ "{\"$action\":\"closed\"}", 0 },
	{ "{\"$repository\":{\"prefix\":\"octo/\"}}", 1 },
	{ "{\"$repository\":{\"prefix\":\"Octo/\"}}", 0 },
	{ "{\"$repository\":{\"lt\":5}}", 0 },
	{ "{\"$team\":\"core\"}", 1 },
	{ "{\"$team\":\"OPS\"}", 1 },
	{ "{\"$team\":\"sales\"}", 0 },
	{ "{\"$team\":{\"prefix\":\"CO\"}}", 1 },
	{ "{\"$team\":{\"exists\":true}}", 1 },
	{ "{\"$team\":{\"exists\":false}}", 0 },
	/* No filters. */
	{ "", -1 },
	{ "[]", -1 },
	{ "5", -1 },
	{ "{\"/a\":1", -1 },
	{ "{\"/a\":1,\"/a\":2}", -1 },
	{ "{\"a\":1}", -1 },
	{ "{\"/~2\":1}", -1 },
	{ "{\"$what\":\"x\"}", -1 },
	{ "{\"/a\":[1]}", -1 },
	{ "{\"/a\":{}}", -1 },
	{ "{\"/a\":{\"equalz\":1}}", -1 },
	{ "{\"/a\":{\"and\":1}}", -1 },
	{ "{\"/a\":{\"equals\":[1]}}", -1 },
	{ "{\"/a\":{\"equals\":{}}}", -1 },
	{ "{\"/a\":{\"in\":[]}}", -1 },
	{ "{\"/a\":{\"in\":\"x\"}}", -1 },
	{ "{\"/a\":{\"in\":[[1]]}}", -1 },
	{ "{\"/a\":{\"exists\":1}}", -1 },
	{ "{\"/a\":{\"prefix\":1}}", -1 },
	{ "{\"/a\":{\"lt\":\"1\"}}", -1 },
	{ "{\"/a\":\"a\\u0000\"}", -1 },
	{ "{\"and\":{\"/a\":1}}", -1 },
	{ "{\"and\":[]}", -1 },
	{ "{\"or\":[]}", -1 },
	{ "{\"or\":[{}]}", -1 },
	{ "{\"or\":[1]}", -1 },
	{ "{\"not\":[]}", -1 },
	{ "{\"not\":{}}", -1 },
};

static void
test_filters_hold_or_do_not(void **state)
{
	struct filter_why why;
	struct event *ev = event();
	size_t i;
	int got;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		got = judge(cases[i].filter, ev, body, &why);
		if (got != cases[i].holds)
			fail_msg("%s: %d, for %s is %s", cases[i].filter, got,
			    why.test, why.found);
	}
	event_free(ev);
}

static void
test_a_body_that_is_not_json_matches_no_filter(void **state)
{
	struct event *ev = event();
	struct filter_why why;

	(void)state;
	assert_int_equal(judge("{\"/a\":1}", ev, "a=1", NULL), 0);
	assert_int_equal(judge("{\"/a\":{\"exists\":false}}", ev, "a", &why),
	    0);
	assert_string_equal(why.test, "the body is JSON");
	assert_int_equal(judge("{\"not\":{\"/a\":1}}", ev, "", NULL), 0);
	assert_int_equal(judge("{\"$type\":\"issues\"}", ev, "a=1", NULL), 1);
	event_free(ev);
}

static void
test_absent_members_of_an_event_are_absent(void **state)
{
	struct event *ev = event_new();

	(void)state;
	ev->type = xstrdup("push");
	ev->action = xstrdup("");
	ev->repository = xstrdup("unknown");
	assert_int_equal(judge("{\"$action\":\"\"}", ev, "{}", NULL), 0);
	assert_int_equal(judge("{\"$repository\":\"unknown\"}", ev, "{}", NULL),
	    0);
	assert_int_equal(
	    judge("{\"$repository\":{\"exists\":false}}", ev, "{}", NULL), 1);
	assert_int_equal(
	    judge("{\"$team\":{\"exists\":false}}", ev, "{}", NULL), 1);
	event_free(ev);
}

static const struct {
	const char *filter, *test, *found;
} reasons[] = {
	{ "{\"/action\":\"closed\"}", "/action equals \"closed\"",
	    "\"opened\"" },
	{ "{\"/n\":{\"gt\":7}}", "/n gt 7", "5" },
	{ "{\"/yes\":true,\"/gone\":{\"in\":[1,2,3]}}", "/gone in 1 or 2 more",
	    "nothing" },
	{ "{\"not\":{\"/n\":{\"lt\":9}}}", "/n lt 9", "5" },
	{ "{\"or\":[{\"/n\":1},{\"/n\":2}]}", "/n equals 2", "5" },
	{ "{\"$team\":\"sales\"}", "$team equals \"sales\"",
	    "\"Core\" and 1 more" },
	{ "{\"$type\":{\"prefix\":\"p\"}}", "$type prefix \"p\"",
	    "\"issues\"" },
	{ "{\"\":{\"exists\":false}}", "the body exists false",
	    "{\"action\":\"opened\",\"n\":5,\"big\":9007199254740993,"
	    "\"half\":0.5,\"yes\":true,\"none\":null,\"list\":[1,..." },
};

static void
test_the_decisive_condition_is_reported(void **state)
{
	struct event *ev = event();
	struct filter_why why;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(reasons); i++) {
		assert_int_equal(judge(reasons[i].filter, ev, body, &why), 0);
		assert_string_equal(why.test, reasons[i].test);
		assert_string_equal(why.found, reasons[i].found);
	}
	event_free(ev);
}

static const struct {
	const char *filter, *path;
} places[] = {
	{ "{\"/issue/state\":{\"equalz\":1}}", "/issue/state.equalz" },
	{ "{\"or\":[{\"/a\":1},{\"/issue/state\":{\"equalz\":1}}]}",
	    "or.1./issue/state.equalz" },
	{ "{\"not\":{\"and\":[{\"/a\":1},5]}}", "not.and.1" },
	{ "{\"/a\":1,\"$kind\":1}", "$kind" },
	{ "{\"/a\":{\"lt\":true}}", "/a.lt" },
	{ "[]", "" },
};

static void
test_an_invalid_member_is_named_by_its_path(void **state)
{
	struct jsonptr_set *paths = jsonptr_set_new();
	char path[FILTER_PATH_SIZE];
	struct filter *f;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(places); i++) {
		assert_int_equal(filter_new(places[i].filter,
				     strlen(places[i].filter), paths, &f, path,
				     &e),
		    RC_INVALID);
		assert_null(f);
		assert_string_equal(path, places[i].path);
	}
	jsonptr_set_free(paths);
}

/* n times the text, between head and tail. */
static int
judge_many(const char *head, const char *text, size_t n, const char *tail)
{
	struct event *ev = event();
	struct buf b;
	int got;
	size_t i;

	buf_init(&b, 1 << 20);
	buf_add_str(&b, head);
	for (i = 0; i < n; i++)
		buf_addf(&b, "%s%s", i == 0 ? "" : ",", text);
	buf_add_str(&b, tail);
	got = judge(buf_str(&b), ev, body, NULL);
	buf_fini(&b);
	event_free(ev);
	return got;
}

static void
test_size_depth_and_number_are_bounded(void **state)
{
	struct event *ev = event();
	char name[FILTER_TEXT_MAX + 64];
	struct buf deep;
	size_t i, n;

	(void)state;
	assert_int_equal(
	    judge_many("{\"and\":[", "{\"/n\":5}", FILTER_NODES_MAX, "]}"), 1);
	assert_int_equal(
	    judge_many("{\"and\":[", "{\"/n\":5}", FILTER_NODES_MAX + 1, "]}"),
	    -1);
	for (n = FILTER_DEPTH_MAX - 1; n <= FILTER_DEPTH_MAX; n++) {
		buf_init(&deep, 256);
		for (i = 0; i < n; i++)
			buf_add_str(&deep, "{\"not\":");
		buf_add_str(&deep, "{\"/n\":5}");
		for (i = 0; i < n; i++)
			buf_add_str(&deep, "}");
		assert_int_equal(judge(buf_str(&deep), ev, body, NULL),
		    n < FILTER_DEPTH_MAX ? n % 2 == 0 : -1);
		buf_fini(&deep);
	}
	memset(name, ' ', sizeof(name));
	memcpy(name, "{\"/n\":5}", 8);
	name[FILTER_TEXT_MAX] = '\0';
	assert_int_equal(judge(name, ev, body, NULL), 1);
	name[FILTER_TEXT_MAX] = ' ';
	name[FILTER_TEXT_MAX + 1] = '\0';
	assert_int_equal(judge(name, ev, body, NULL), -1);
	event_free(ev);
}

/* A body of one long member, and how long its judging took. */
static int64_t
judge_long(const char *head, char filler, const char *tail, struct filter *f,
    struct jsonptr_set *paths, int64_t *scan_us)
{
	const size_t n = 8u << 20;
	struct event *ev = event();
	struct jsonptr_value *values;
	char *json = xmalloc(n);
	int64_t began_us;

	memset(json, filler, n);
	memcpy(json, head, strlen(head));
	memcpy(json + n - strlen(tail), tail, strlen(tail));
	values = xcalloc(jsonptr_count(paths) + 1, sizeof(*values));
	began_us = clock_tick_us();
	assert_true(jsonptr_scan(paths, json, n, values));
	*scan_us = clock_tick_us() - began_us;
	began_us = clock_tick_us();
	assert_false(filter_holds(f, ev, values, NULL));
	began_us = clock_tick_us() - began_us;
	free(values);
	free(json);
	event_free(ev);
	return began_us;
}

/* A thousand values to compare with cost no more than the body's one scan. */
static void
test_a_long_value_costs_no_more_than_a_short_one(void **state)
{
	static const char *const bodies[][3] = {
		{ "{\"a\":\"", "x", "\"}" },
		{ "{\"a\":\"\\n", "x", "\"}" },
		{ "{\"a\":0.", "5", "}" },
		{ "{\"a\":[", " ", "]}" },
	};
	struct jsonptr_set *paths = jsonptr_set_new();
	char path[FILTER_PATH_SIZE];
	int64_t scan_us, judge_us;
	struct filter *f;
	struct buf text;
	struct err e;
	size_t i;

	(void)state;
	buf_init(&text, FILTER_TEXT_MAX);
	buf_add_str(&text, "{\"/a\":{\"in\":[\"x\",0.5");
	for (i = 0; i < 500; i++)
		buf_add_str(&text, ",\"y\",1");
	buf_add_str(&text, "]}}");
	assert_int_equal(
	    filter_new(buf_str(&text), text.len, paths, &f, path, &e), RC_OK);
	for (i = 0; i < NELEM(bodies); i++) {
		judge_us = judge_long(bodies[i][0], bodies[i][1][0],
		    bodies[i][2], f, paths, &scan_us);
		if (judge_us > 2 * scan_us + 10000)
			fail_msg("%s: %lld us, the scan took %lld",
			    bodies[i][0], (long long)judge_us,
			    (long long)scan_us);
	}
	filter_free(f);
	jsonptr_set_free(paths);
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters_hold_or_do_not),
		cmocka_unit_test(
		    test_a_body_that_is_not_json_matches_no_filter),
		cmocka_unit_test(test_absent_members_of_an_event_are_absent),
		cmocka_unit_test(test_the_decisive_condition_is_reported),
		cmocka_unit_test(test_an_invalid_member_is_named_by_its_path),
		cmocka_unit_test(test_size_depth_and_number_are_bounded),
		cmocka_unit_test(
		    test_a_long_value_costs_no_more_than_a_short_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
