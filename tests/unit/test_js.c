#include "config.h"

#include <math.h>
#include <string.h>

#include "unit.h"

#include "base/js.h"

static void
output_is_json(void **state)
{
	struct strlist l = { NULL, 0 };
	struct js_writer w;
	struct buf b;

	(void)state;
	strlist_put(&l, "x");
	strlist_put(&l, "y\n");
	buf_init(&b, 4096);
	js_writer_init(&w, &b);
	js_open_object(&w, NULL);
	js_str(&w, "s", "a\"\\\x01\x7f\xc3\xa9\xff");
	js_str(&w, "none", NULL);
	js_strn(&w, "nul", "a\0b", 3);
	js_int(&w, "i", INT64_MIN);
	js_real(&w, "r", 0.1);
	js_real(&w, "nan", NAN);
	js_bool(&w, "b", true);
	js_time(&w, "t", 1795248550123);
	js_time(&w, "t0", 0);
	js_duration(&w, "d", 90000);
	js_strlist(&w, "l", &l);
	js_raw(&w, "raw", "[1]", 3);
	js_open_array(&w, "a");
	js_open_object(&w, NULL);
	js_close_object(&w);
	js_int(&w, NULL, 1);
	js_close_array(&w);
	js_null(&w, "z");
	js_close_object(&w);
	assert_string_equal(buf_str(&b),
	    "{\"s\":\"a\\\"\\\\\\u0001\\u007f\xc3\xa9\xef\xbf\xbd\","
	    "\"none\":null,\"nul\":\"a\\u0000b\",\"i\":-9223372036854775808,"
	    "\"r\":0.1,\"nan\":null,\"b\":true,"
	    "\"t\":\"2026-11-21T08:09:10.123Z\",\"t0\":null,\"d\":\"90s\","
	    "\"l\":[\"x\",\"y\\n\"],\"raw\":[1],\"a\":[{},1],\"z\":null}");
	buf_fini(&b);
	strlist_fini(&l);
}

static void
each_type_of_value_is_checked(void **state)
{
	static const char text[] =
	    "{\"s\":\"a\\u0000b\",\"i\":-5,\"big\":9223372036854775807,"
	    "\"over\":9223372036854775808,\"r\":1.0,\"b\":false,\"n\":null,"
	    "\"l\":[\"x\",\"y\"],\"m\":[\"x\",1],\"z\":[\"\\u0000\"]}";
	struct strlist l = { NULL, 0 };
	struct js_doc doc;
	struct err e;
	const char *s = "untouched";
	int64_t i = 42;
	bool b = true;
	size_t n;

	(void)state;
	assert_int_equal(js_parse(&doc, text, strlen(text), &e), RC_OK);
	assert_true(js_get_str(js_find(doc.root, "s"), &s, &n));
	assert_int_equal(n, 3);
	assert_memory_equal(s, "a\0b", 3);
	assert_false(js_get_str(js_find(doc.root, "i"), &s, &n));
	assert_false(js_get_int(js_find(doc.root, "s"), &i));
	assert_false(js_get_int(js_find(doc.root, "r"), &i));
	assert_false(js_get_int(js_find(doc.root, "over"), &i));
	assert_true(i == 42);
	assert_true(js_get_int(js_find(doc.root, "i"), &i));
	assert_true(i == -5);
	assert_true(js_get_int(js_find(doc.root, "big"), &i));
	assert_true(i == INT64_MAX);
	assert_true(js_get_bool(js_find(doc.root, "b"), &b));
	assert_false(b);
	assert_false(js_get_bool(js_find(doc.root, "n"), &b));
	assert_true(js_is_null(js_find(doc.root, "n")));
	assert_true(js_is_null(js_find(doc.root, "absent")));
	assert_true(js_is_null(js_find(NULL, "absent")));
	assert_false(js_get_strlist(js_find(doc.root, "m"), &l));
	assert_false(js_get_strlist(js_find(doc.root, "z"), &l));
	assert_false(js_get_strlist(js_find(doc.root, "s"), &l));
	assert_int_equal(l.n, 0);
	assert_true(js_get_strlist(js_find(doc.root, "l"), &l));
	assert_int_equal(l.n, 2);
	assert_string_equal(l.v[1], "y");
	assert_null(js_array_at(js_find(doc.root, "l"), 2));
	assert_int_equal(js_array_size(doc.root), 0);
	strlist_fini(&l);
	js_doc_fini(&doc);
	assert_null(doc.root);
}

static bool
first_two(void *arg, const char *key, struct json_object *value)
{
	struct buf *b = arg;

	buf_add_str(b, key);
	js_write(value, b);
	return b->len < 8;
}

static void
members_come_in_order_until_stopped(void **state)
{
	static const char text[] = "{\"b\":1,\"a\":\"/\\u00e9\",\"c\":2}";
	struct js_doc doc;
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, 64);
	assert_int_equal(js_parse(&doc, text, strlen(text), &e), RC_OK);
	js_each(doc.root, first_two, &b);
	assert_string_equal(buf_str(&b), "b1a\"/\xc3\xa9\"");
	js_each(js_find(doc.root, "b"), first_two, &b);
	buf_fini(&b);
	js_doc_fini(&doc);
}

/* Whatever the scan takes, json-c has to take as well. */
static void
all_roots_are_parsed(void **state)
{
	static const char *const good[] = {
		"null", "true", "1", "-0", "1e5", "-1.5E+3", "\"x\"", "[]",
		" {} ", "18446744073709551615",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
	};
	static const char *const bad[] = { "", "{\"a\":1,\"a\":1}", "[1,]",
		"1 2", "[\"\\ud800\"]" };
	struct js_doc doc;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(good); i++) {
		if (js_parse(&doc, good[i], strlen(good[i]), &e) != RC_OK)
			fail_msg("%s: %s", good[i], e.text);
		js_doc_fini(&doc);
	}
	for (i = 0; i < NELEM(bad); i++) {
		assert_int_equal(js_parse(&doc, bad[i], strlen(bad[i]), &e),
		    RC_INVALID);
		assert_null(doc.root);
	}
}

static void
json_from_outside_controls_no_terminal(void **state)
{
	static const char *const rows[][2] = {
		{ "{\"a\": [1, \"\xc2\x9b\x7f\xc3\xa9\\u009b\"]}",
		    "{\"a\": [1, \"\\u009b\\u007f\xc3\xa9\\u009b\"]}" },
		{ "\"\xe2\x80\xae\"", "\"\\u202e\"" },
		{ "{\"a\":\x1b[2J}", "\"{\\\"a\\\":\\u001b[2J}\"" },
		{ "[\"\x9b\"]", "\"[\\\"\xef\xbf\xbd\\\"]\"" },
		{ "", "\"\"" },
		{ NULL, "null" },
	};
	struct js_writer w;
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 256);
	for (i = 0; i < NELEM(rows); i++) {
		buf_clear(&b);
		js_writer_init(&w, &b);
		js_json(&w, NULL, rows[i][0],
		    rows[i][0] == NULL ? 0 : strlen(rows[i][0]));
		assert_string_equal(buf_str(&b), rows[i][1]);
	}
	buf_fini(&b);
}

/* As much JSON as a tree of the limit needs, and one value more. */
static void
trees_of_too_many_values_are_refused(void **state)
{
	static const char *const values[] = { "1", "[]", "{\"a\":1}", "\"x\"" };
	struct js_doc doc;
	struct buf b;
	struct err e;
	size_t i, n, taken;

	(void)state;
	buf_init(&b, 4u << 20);
	for (i = 0; i < NELEM(values); i++) {
		taken = 0;
		for (n = 250; n <= 64000; n *= 2) {
			buf_clear(&b);
			buf_add_str(&b, "[");
			while (b.len < n * (strlen(values[i]) + 1)) {
				buf_add_str(&b, values[i]);
				buf_add_str(&b, ",");
			}
			buf_add_str(&b, "0]");
			if (js_parse(&doc, b.data, b.len, &e) == RC_OK)
				taken = n;
			else
				assert_string_equal(e.text,
				    "JSON of too many values");
			js_doc_fini(&doc);
		}
		assert_true(taken >= 500 && taken < 64000);
		assert_int_equal(js_parse_any(&doc, b.data, b.len, &e), RC_OK);
		js_doc_fini(&doc);
	}
	buf_fini(&b);
}

/* A string is one value, whatever stands in it. */
static void
characters_of_strings_are_no_values(void **state)
{
	struct js_doc doc;
	struct buf b;
	struct err e;
	size_t i;

	(void)state;
	buf_init(&b, 4u << 20);
	buf_add_str(&b, "[\"");
	for (i = 0; i < 300000; i++)
		buf_add_str(&b, "[{,\\\"");
	buf_add_str(&b, "\"]");
	assert_int_equal(js_parse(&doc, b.data, b.len, &e), RC_OK);
	js_doc_fini(&doc);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_is_json),
		cmocka_unit_test(each_type_of_value_is_checked),
		cmocka_unit_test(members_come_in_order_until_stopped),
		cmocka_unit_test(all_roots_are_parsed),
		cmocka_unit_test(json_from_outside_controls_no_terminal),
		cmocka_unit_test(trees_of_too_many_values_are_refused),
		cmocka_unit_test(characters_of_strings_are_no_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
