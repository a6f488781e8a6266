#include "config.h"

#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/jsonptr.h"

/* RFC 6901, 5. */
static const char rfc_text[] =
    "{\"foo\": [\"bar\", \"baz\"], \"\": 0, \"a/b\": 1, \"c%d\": 2,"
    " \"e^f\": 3, \"g|h\": 4, \"i\\\\j\": 5, \"k\\\"l\": 6, \" \": 7,"
    " \"m~n\": 8}";

static const struct {
	const char *text, *pointer;
	enum jsscan_type type;
	const char *value; /* as it stands there */
} cases[] = {
	{ rfc_text, "", JSSCAN_OBJECT, rfc_text },
	{ rfc_text, "/foo", JSSCAN_ARRAY, "[\"bar\", \"baz\"]" },
	{ rfc_text, "/foo/0", JSSCAN_STRING, "bar" },
	{ rfc_text, "/", JSSCAN_NUMBER, "0" },
	{ rfc_text, "/a~1b", JSSCAN_NUMBER, "1" },
	{ rfc_text, "/c%d", JSSCAN_NUMBER, "2" },
	{ rfc_text, "/e^f", JSSCAN_NUMBER, "3" },
	{ rfc_text, "/g|h", JSSCAN_NUMBER, "4" },
	{ rfc_text, "/i\\j", JSSCAN_NUMBER, "5" },
	{ rfc_text, "/k\"l", JSSCAN_NUMBER, "6" },
	{ rfc_text, "/ ", JSSCAN_NUMBER, "7" },
	{ rfc_text, "/m~0n", JSSCAN_NUMBER, "8" },
	{ rfc_text, "/foo/2", JSSCAN_ABSENT, NULL },
	{ rfc_text, "/foo/-", JSSCAN_ABSENT, NULL },
	{ rfc_text, "/foo/00", JSSCAN_ABSENT, NULL },
	{ rfc_text, "/foo/01", JSSCAN_ABSENT, NULL },
	{ rfc_text, "/foo/1x", JSSCAN_ABSENT, NULL },
	{ rfc_text, "/foo/", JSSCAN_ABSENT, NULL },
	{ rfc_text, "/foo/1/", JSSCAN_ABSENT, NULL },
	{ rfc_text, "/FOO", JSSCAN_ABSENT, NULL },
	{ "{\"a\":{\"b\":{\"c\":[[true]]}}}", "/a/b/c/0/0", JSSCAN_BOOL,
	    "true" },
	{ "{\"~1\":null}", "/~01", JSSCAN_NULL, "null" },
	{ "{\"\\u0061\":-1.5e3}", "/a", JSSCAN_NUMBER, "-1.5e3" },
	{ "{\"a\":\"x\\\"y\"}", "/a", JSSCAN_STRING, "x\\\"y" },
	{ "{\"0\":\"key\"}", "/0", JSSCAN_STRING, "key" },
	{ "[10,11,12,13,14,15,16,17,18,19,20]", "/10", JSSCAN_NUMBER, "20" },
	{ " 7 ", "", JSSCAN_NUMBER, "7" },
	{ " 7 ", "/a", JSSCAN_ABSENT, NULL },
	{ "{}", "/a", JSSCAN_ABSENT, NULL },
	{ "{\"a\":[ ],\"b\":1}", "/b", JSSCAN_NUMBER, "1" },
	{ "[[],{},[{\"a\":\"]\"}],5]", "/3", JSSCAN_NUMBER, "5" },
	{ "[[],{},[{\"a\":\"]\"}],5]", "/2/0/a", JSSCAN_STRING, "]" },
	{ "{\"a\":{\"a\":{}},\"b\":{\"x\":[]}}", "/b/x", JSSCAN_ARRAY, "[]" },
	{ "\xef\xbb\xbf{\"a\":1}", "/a", JSSCAN_NUMBER, "1" },
};

static void
test_values_are_found(void **state)
{
	struct jsonptr_value v;
	struct jsonptr_set *s;
	char *text;
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		assert_true(jsonptr_is_valid(cases[i].pointer));
		s = jsonptr_set_new();
		assert_int_equal(jsonptr_add(s, cases[i].pointer), 0);
		/* Without a NUL behind, for the address sanitizer to see. */
		n = strlen(cases[i].text);
		text = xmalloc(n);
		memcpy(text, cases[i].text, n);
		assert_true(jsonptr_scan(s, text, n, &v));
		if (v.type != cases[i].type)
			fail_msg("%s in %s: type %d", cases[i].pointer,
			    cases[i].text, v.type);
		if (cases[i].value != NULL) {
			assert_int_equal(v.n, strlen(cases[i].value));
			assert_memory_equal(v.text, cases[i].value, v.n);
		}
		free(text);
		jsonptr_set_free(s);
	}
}

static void
test_many_are_found_at_once(void **state)
{
	static const char *const pointers[] = { "/a", "/a/b", "/a/b/1", "",
		"/c", "/a" };
	static const char text[] = "{\"c\":3,\"a\":{\"b\":[1,2]}}";
	struct jsonptr_set *s = jsonptr_set_new();
	struct jsonptr_value v[8];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(pointers); i++)
		assert_int_equal(jsonptr_add(s, pointers[i]), i % 5);
	assert_int_equal(jsonptr_count(s), 5);
	assert_true(jsonptr_scan(s, text, strlen(text), v));
	assert_int_equal(v[0].type, JSSCAN_OBJECT);
	assert_int_equal(v[1].type, JSSCAN_ARRAY);
	assert_memory_equal(v[2].text, "2", v[2].n);
	assert_int_equal(v[3].n, strlen(text));
	assert_memory_equal(v[4].text, "3", v[4].n);
	/* Nothing of the text before is left. */
	assert_true(jsonptr_scan(s, "{}", 2, v));
	for (i = 0; i < 5; i++)
		assert_int_equal(v[i].type,
		    i == 3 ? JSSCAN_OBJECT : JSSCAN_ABSENT);
	assert_false(jsonptr_scan(s, "{\"a\":", 5, v));
	assert_int_equal(v[0].type, JSSCAN_ABSENT);
	assert_false(jsonptr_scan(s, "", 0, v));
	jsonptr_set_free(s);
}

static void
test_unclear_values_are_none(void **state)
{
	static const struct {
		const char *text, *pointer;
		bool has;
	} rows[] = {
		{ "{\"a\":1,\"a\":2}", "/a", false },
		{ "{\"a\":1,\"\\u0061\":1}", "/a", false },
		{ "{\"a\":1,\"a\":2,\"a\":3}", "/a", false },
		{ "{\"a\":{\"b\":1},\"a\":{}}", "/a/b", false },
		{ "{\"a\":null,\"a\":{\"b\":[1]}}", "/a/b/0", false },
		{ "{\"a\":{\"b\":1,\"b\":1}}", "/a/b", false },
		{ "{\"a\":{\"b\":1,\"b\":1}}", "/a", true },
		{ "{\"x\":1,\"x\":2,\"a\":1}", "/a", true },
		{ "[{\"a\":1},{\"a\":2}]", "/1/a", true },
		{ "{\"a\":18446744073709551615}", "/a", true },
		{ "{\"a\":18446744073709551616}", "/a", false },
		{ "{\"a\":-9223372036854775809}", "/a", false },
		{ "{\"a\":[1e400]}", "/a/0", false },
		{ "{\"a\":[1e400]}", "/a", true },
		{ "{\"a\":\"x \\ud83d\"}", "/a", false },
		{ "{\"a\":\"\\ud83d\\ude00\"}", "/a", true },
		{ "{\"a\":\"\\\\ud83d\"}", "/a", true },
		{ "{\"\\ud83d\":1,\"a\":1}", "/a", true },
	};
	struct jsonptr_value v;
	struct jsonptr_set *s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		s = jsonptr_set_new();
		(void)jsonptr_add(s, rows[i].pointer);
		assert_true(
		    jsonptr_scan(s, rows[i].text, strlen(rows[i].text), &v));
		if ((v.type != JSSCAN_ABSENT) != rows[i].has)
			fail_msg("%s in %s", rows[i].pointer, rows[i].text);
		jsonptr_set_free(s);
	}
}

static void
test_values_are_found_as_deep_as_is_stored(void **state)
{
	static char text[5 * JSSCAN_ANY_DEPTH_MAX + 1];
	struct jsonptr_set *s = jsonptr_set_new();
	char pointer[JSONPTR_MAX + 1];
	struct jsonptr_value v[2];
	size_t i, n = 0;

	(void)state;
	for (i = 0; i < JSSCAN_ANY_DEPTH_MAX; i++)
		text[n++] = '[';
	text[n++] = '7';
	for (i = 0; i < JSSCAN_ANY_DEPTH_MAX; i++)
		text[n++] = ']';
	for (i = 0; i < JSONPTR_MAX / 2; i++)
		memcpy(pointer + 2 * i, "/0", 3);
	assert_true(jsonptr_is_valid(pointer));
	(void)jsonptr_add(s, pointer);
	(void)jsonptr_add(s, "/1");
	assert_true(jsonptr_scan(s, text, n, v));
	assert_int_equal(v[0].type, JSSCAN_ARRAY);
	assert_int_equal(v[0].n, n - JSONPTR_MAX);
	assert_int_equal(v[1].type, JSSCAN_ABSENT);
	jsonptr_set_free(s);

	/* A pointer of empty names goes deepest. */
	s = jsonptr_set_new();
	n = 0;
	for (i = 0; i < JSSCAN_ANY_DEPTH_MAX; i++, n += 4)
		memcpy(text + n, "{\"\":", 4);
	text[n++] = '7';
	for (i = 0; i < JSSCAN_ANY_DEPTH_MAX; i++)
		text[n++] = '}';
	memset(pointer, '/', JSONPTR_MAX);
	pointer[JSONPTR_MAX] = '\0';
	(void)jsonptr_add(s, pointer);
	assert_true(jsonptr_scan(s, text, n, v));
	assert_int_equal(v[0].type, JSSCAN_NUMBER);
	assert_memory_equal(v[0].text, "7", v[0].n);
	jsonptr_set_free(s);
}

static void
test_malformed_pointers_are_refused(void **state)
{
	static const char *const bad[] = { "a", "a/b", " /a", "/~", "/a~2",
		"/a~/b", "#/a" };
	char text[JSONPTR_MAX + 2];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++)
		assert_false(jsonptr_is_valid(bad[i]));
	memset(text, '/', sizeof(text));
	text[JSONPTR_MAX + 1] = '\0';
	assert_false(jsonptr_is_valid(text));
	text[JSONPTR_MAX] = '\0';
	assert_true(jsonptr_is_valid(text));
}

static void
test_no_pointer_and_no_value(void **state)
{
	struct jsonptr_set *s = jsonptr_set_new();

	(void)state;
	assert_int_equal(jsonptr_count(s), 0);
	assert_true(jsonptr_scan(s, "[1]", 3, NULL));
	jsonptr_set_free(s);
	jsonptr_set_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_are_found),
		cmocka_unit_test(test_many_are_found_at_once),
		cmocka_unit_test(test_unclear_values_are_none),
		cmocka_unit_test(test_values_are_found_as_deep_as_is_stored),
		cmocka_unit_test(test_malformed_pointers_are_refused),
		cmocka_unit_test(test_no_pointer_and_no_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
