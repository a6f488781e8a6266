#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/jsscan.h"

static enum rc
scan(const char *text, size_t n)
{
	enum jsscan_type root;
	struct err e;

	return jsscan(text, n, &root, NULL, 0, &e);
}

static enum rc
scan_any(const char *text, size_t n)
{
	enum jsscan_type root;
	struct err e;

	return jsscan_any(text, n, JSSCAN_ANY_DEPTH_MAX, &root, NULL, 0, &e);
}

/* Entries of reference/reliability.md, section 5. */
static const struct {
	const char *entry;
	const char *text;
	bool is_good;
	bool is_signed_good; /* where a sender signed it */
} rows[] = {
	{ "plain", "{\"a\":[1,-2.5,\"x\",true,false,null,{}]}", true, true },
	{ "plain, spaced", " \t\r\n{ \"a\" : [ ] , \"b\" : { } } \n", true,
	    true },
	{ "B32", "{\"action\":\"a\",\"action\":\"b\"}", false, true },
	{ "B32 nested", "[{\"x\":{\"a\":1,\"b\":2,\"a\":3}}]", false, true },
	{ "B32 not in one object", "{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}",
	    true, true },
	{ "B32 after an inner object", "{\"a\":{\"b\":1},\"b\":1,\"a\":1}",
	    false, true },
	{ "B32 empty key", "{\"\":1,\"\":2}", false, true },
	{ "B33", "{\"action\\u0000x\":1}", false, true },
	{ "B33 in a value", "{\"action\":\"a\\u0000x\"}", true, true },
	{ "B34 trailing comma", "{\"a\":1,}", false, false },
	{ "B34 trailing comma in array", "[1,]", false, false },
	{ "B34 leading comma", "[,1]", false, false },
	{ "B34 comment", "{/**/\"a\":1}", false, false },
	{ "B34 line comment", "{\"a\":1}//x", false, false },
	{ "B34 single quotes", "{'a':1}", false, false },
	{ "B34 unquoted key", "{a:1}", false, false },
	{ "B34 NaN", "[NaN]", false, false },
	{ "B34 Infinity", "[Infinity]", false, false },
	{ "B34 -Infinity", "[-Infinity]", false, false },
	{ "B34 True", "[True]", false, false },
	{ "B34 nul", "[nul]", false, false },
	{ "B34 nullx", "[nullx]", false, false },
	{ "B34 no comma", "[1 2]", false, false },
	{ "B34 no colon", "{\"a\" 1}", false, false },
	{ "B34 wrong end", "[1}", false, false },
	{ "B34 key alone", "{\"a\"}", false, false },
	{ "B35 01", "[01]", false, false },
	{ "B35 +1", "[+1]", false, false },
	{ "B35 .5", "[.5]", false, false },
	{ "B35 1.", "[1.]", false, false },
	{ "B35 1.e5", "[1.e5]", false, false },
	{ "B35 1e", "[1e]", false, false },
	{ "B35 1e+", "[1e+]", false, false },
	{ "B35 1e400", "[1e400]", false, true },
	{ "B35 -1e400", "[-1e400]", false, true },
	{ "B35 0x10", "[0x10]", false, false },
	{ "B35 -", "[-]", false, false },
	{ "B35 --1", "[--1]", false, false },
	{ "B35 -01", "[-01]", false, false },
	{ "B35 largest", "[1.7976931348623157e308]", true, true },
	{ "B35 rounds down", "[1.7976931348623158e+308]", true, true },
	{ "B35 rounds up", "[1.7976931348623159e308]", false, true },
	{ "B35 shifted", "[0.00017976931348623157E312]", true, true },
	{ "B35 shifted over", "[0.00018E312]", false, true },
	{ "B35 zero", "[0e999999999999999999999]", true, true },
	{ "B35 tiny", "[1e-999999999999999999999]", true, true },
	{ "B36", "[1000000000000000000000000000000]", false, true },
	{ "B37 -10^30", "[-1000000000000000000000000000000]", false, true },
	{ "B37 -0", "[-0]", true, true },
	{ "B37 2^63", "[9223372036854775808]", true, true },
	{ "B37 -2^63", "[-9223372036854775808]", true, true },
	{ "B37 -2^63-1", "[-9223372036854775809]", false, true },
	{ "B37 2^64-1", "[18446744073709551615]", true, true },
	{ "B37 2^64", "[18446744073709551616]", false, true },
	{ "B40 FF FE", "[\"\xff\xfe\"]", false, false },
	{ "B40 overlong", "[\"\xc0\xaf\"]", false, false },
	{ "B40 overlong 3", "[\"\xe0\x80\xaf\"]", false, false },
	{ "B40 lone high surrogate", "[\"\\ud800\"]", false, true },
	{ "B40 high and other", "[\"\\ud800\\u0041\"]", false, true },
	{ "B40 two high", "[\"\\ud800\\ud800\"]", false, true },
	{ "B40 lone low surrogate", "[\"\\udc00\"]", false, true },
	{ "B40 pair", "[\"\\ud83d\\ude00\"]", true, true },
	{ "B40 CESU-8", "[\"\xed\xa0\xbd\xed\xb8\x80\"]", false, false },
	{ "B40 four bytes", "[\"\xf0\x9f\x98\x80\"]", true, true },
	{ "B40 over U+10FFFF", "[\"\xf4\x90\x80\x80\"]", false, false },
	{ "B40 cut", "[\"\xe2\x82\"]", false, false },
	{ "B40 in a key", "{\"\xff\":1}", false, false },
	{ "B41 mark", "\xef\xbb\xbf{}", false, true },
	{ "B42 newline", "[\"a\nb\"]", false, false },
	{ "B42 tab", "[\"a\tb\"]", false, false },
	{ "B42 0x01", "[\"a\x01\"]", false, false },
	{ "B42 0x1f far in", "[\"aaaaaaaaaaaaaaaaaaaaaaa\x1f\"]", false,
	    false },
	{ "B42 0x7f", "[\"a\x7f\"]", true, true },
	{ "B42 escaped", "[\"\\b\\f\\n\\r\\t\\\"\\\\\\/\\u00e9\"]", true,
	    true },
	{ "B42 wrong escape", "[\"\\x41\"]", false, false },
	{ "B42 short escape", "[\"\\u12\"]", false, false },
	{ "B42 hex", "[\"\\u12G4\"]", false, false },
	{ "B43 two", "{}{}", false, false },
	{ "B43 rubbish", "{}x", false, false },
	{ "B43 spaces", "   ", false, false },
	{ "B43 nothing", "", false, false },
	{ "B43 form feed", "{}\f", false, false },
	{ "B52 escaped twice", "{\"a\\/b\":1,\"a/b\":2}", false, true },
	{ "B52 unicode twice", "{\"\\u0061\":1,\"a\":2}", false, true },
	{ "B52 unicode twice, turned", "{\"a\":1,\"\\u0061\":2}", false, true },
	{ "B52 both escaped", "{\"\\u0061\":1,\"\\u0061\":2}", false, true },
	{ "B52 pair twice", "{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}",
	    false, true },
	{ "B52 case differs", "{\"\\u0061\":1,\"A\":2}", true, true },
};

static void
texts_are_judged_as_listed(void **state)
{
	size_t i;
	enum rc rc;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		rc = scan(rows[i].text, strlen(rows[i].text));
		if (rc != (rows[i].is_good ? RC_OK : RC_INVALID))
			fail_msg("%s", rows[i].entry);
		rc = scan_any(rows[i].text, strlen(rows[i].text));
		if (rc != (rows[i].is_signed_good ? RC_OK : RC_INVALID))
			fail_msg("signed: %s", rows[i].entry);
	}
}

/* B31, from a buffer that ends where the text does, so that a sanitizer sees
 * a read beyond it. */
static void
a_text_cut_anywhere_is_refused(void **state)
{
	static const char text[] = "{\"a\":[1.5e3,\"\\u00e9\\ud83d\\ude00"
				   "\xe2\x82\xac plain text here\",true,null,"
				   "{\"b\":-12}]}";
	size_t i;
	char *copy;

	(void)state;
	assert_int_equal(scan(text, strlen(text)), RC_OK);
	for (i = 0; i < strlen(text); i++) {
		copy = malloc(i + 1);
		assert_non_null(copy);
		memcpy(copy, text, i);
		copy = realloc(copy, i > 0 ? i : 1);
		assert_int_equal(scan(copy, i), RC_INVALID);
		assert_int_equal(scan_any(copy, i), RC_INVALID);
		free(copy);
	}
}

/* B41. */
static void
utf16_is_refused(void **state)
{
	(void)state;
	assert_int_equal(scan("{\0\"\0a\0", 6), RC_INVALID);
	assert_int_equal(scan("\xff\xfe{\0}\0", 6), RC_INVALID);
	assert_int_equal(scan("[\"a\0b\"]", 7), RC_INVALID);
	assert_int_equal(scan("{}\0", 3), RC_INVALID);
	assert_int_equal(scan_any("{\0\"\0a\0", 6), RC_INVALID);
	assert_int_equal(scan_any("\xff\xfe{\0}\0", 6), RC_INVALID);
	assert_int_equal(scan_any("{}\0", 3), RC_INVALID);
}

/* B38. */
static void
levels_end_at_32(void **state)
{
	static char text[40001];

	(void)state;
	memset(text, '[', 32);
	memset(text + 32, ']', 32);
	assert_int_equal(scan(text, 64), RC_OK);
	memset(text, '[', 33);
	memset(text + 33, ']', 33);
	assert_int_equal(scan(text, 66), RC_INVALID);
	memset(text, '[', 20000);
	memset(text + 20000, ']', 20000);
	assert_int_equal(scan(text, 40000), RC_INVALID);
	memset(text, '[', 40000);
	assert_int_equal(scan(text, 40000), RC_INVALID);
}

static size_t
put(char *at, const char *text)
{
	size_t n = strlen(text);

	memcpy(at, text, n);
	return n;
}

/* Of objects and lists by turns, levels deep, with a member behind each. */
static size_t
nest(char *text, size_t levels)
{
	size_t i, n = 0;

	for (i = 0; i < levels; i++)
		n += put(text + n, i % 2 == 0 ? "{\"a\":" : "[");
	text[n++] = '0';
	while (i-- > 0)
		n += put(text + n, i % 2 == 0 ? ",\"b\":1}" : ",1]");
	return n;
}

static void
signed_levels_end_at_512(void **state)
{
	static char text[12000];
	size_t n;

	(void)state;
	n = nest(text, 512);
	assert_int_equal(scan_any(text, n), RC_OK);
	assert_int_equal(scan(text, n), RC_INVALID);
	text[n - 1] = ']';
	assert_int_equal(scan_any(text, n), RC_INVALID);
	n = nest(text, 513);
	assert_int_equal(scan_any(text, n), RC_INVALID);
	memset(text, '[', sizeof(text));
	assert_int_equal(scan_any(text, sizeof(text)), RC_INVALID);
}

static void
assert_is_quick(const struct buf *b, enum rc expected)
{
	int64_t start_us = clock_tick_us();

	assert_false(buf_is_over(b));
	assert_int_equal(scan(b->data, b->len), expected);
	/* The promise is a second; sanitizers take their share. */
	assert_true(clock_tick_us() - start_us < 5000000);
	start_us = clock_tick_us();
	assert_int_equal(scan_any(b->data, b->len), RC_OK);
	assert_true(clock_tick_us() - start_us < 5000000);
}

/* B39 and B44. */
static void
large_texts_take_linear_time(void **state)
{
	struct buf b;
	int i, j;

	(void)state;
	buf_init(&b, 64 << 20);
	buf_add_str(&b, "{");
	for (i = 0; i < 1000000; i++)
		buf_addf(&b, "\"k%d\":%d,", i, i);
	buf_add_str(&b, "\"last\":0}");
	assert_is_quick(&b, RC_OK);

	b.len -= 9;
	buf_add_str(&b, "\"k0\":0}");
	assert_is_quick(&b, RC_INVALID);

	buf_clear(&b);
	buf_add_str(&b, "[\"");
	for (i = 0; i < 10000000 / 8; i++)
		buf_add_str(&b, "text, a ");
	buf_add_str(&b, "\"]");
	assert_is_quick(&b, RC_OK);

	buf_clear(&b);
	buf_add_str(&b, "[[]");
	for (i = 0; i < 1000000; i++)
		buf_add_str(&b, ",[]");
	buf_add_str(&b, "]");
	assert_is_quick(&b, RC_OK);

	/* Names that collide under the usual unkeyed hashes: all words of
	 * 14 pairs "Aa" and "BB" are one to h * 31 + c. */
	buf_clear(&b);
	buf_add_str(&b, "{\"\":0");
	for (i = 0; i < 16384; i++) {
		buf_add_str(&b, ",\"");
		for (j = 0; j < 14; j++)
			buf_add_str(&b, i >> j & 1 ? "Aa" : "BB");
		buf_add_str(&b, "\":0");
	}
	buf_add_str(&b, "}");
	assert_is_quick(&b, RC_OK);

	/* Each level fills and empties the table anew. */
	buf_clear(&b);
	buf_add_str(&b, "[");
	for (i = 0; i < 20000; i++) {
		buf_add_str(&b, i > 0 ? ",{" : "{");
		for (j = 0; j < 40; j++)
			buf_addf(&b, "%s\"k%d\":{\"k%d\":0}", j > 0 ? "," : "",
			    j, j);
		buf_add_str(&b, "}");
	}
	buf_add_str(&b, "]");
	assert_is_quick(&b, RC_OK);

	buf_clear(&b);
	for (i = 0; i < 5000000; i++)
		buf_add_str(&b, "1");
	buf_add_str(&b, "e308");
	assert_is_quick(&b, RC_INVALID);
	buf_fini(&b);
}

/* A key set that grows while outer objects are open loses nothing. */
static void
outer_keys_outlive_growing(void **state)
{
	struct buf b;
	size_t good;
	int i;

	(void)state;
	buf_init(&b, 1 << 20);
	buf_add_str(&b, "{\"first\":1,\"in\":{\"first\":2");
	for (i = 0; i < 2000; i++)
		buf_addf(&b, ",\"k%d\":{\"k%d\":0}", i, i);
	buf_add_str(&b, "}");
	good = b.len;
	for (i = 0; i < 500; i++)
		buf_addf(&b, ",\"k%d\":0", i);
	buf_add_str(&b, "}");
	assert_int_equal(scan(b.data, b.len), RC_OK);
	b.len = good;
	buf_add_str(&b, ",\"first\":3}");
	assert_int_equal(scan(b.data, b.len), RC_INVALID);
	buf_fini(&b);
}

static void
assert_want(const struct jsscan_want *w, enum jsscan_type type,
    const char *text)
{
	assert_int_equal(w->type, type);
	if (text != NULL) {
		assert_int_equal(w->n, strlen(text));
		assert_memory_equal(w->text, text, w->n);
	}
}

/* B52 too: an escaped key means the same. */
static void
requested_members_are_found(void **state)
{
	static const char text[] =
	    "{\"x\":{\"action\":1,\"full_name\":2},\"\\u0061ction\":\"op\\u0065n\","
	    " \"repository\" : {\"owner\":{\"full_name\":\"no\"},"
	    "\"full\\u005fname\" : \"a/b\" , \"id\":-7},\"n\":null,\"s\":[1, 2]}";
	struct jsscan_want w[] = {
		{ "action", NULL, 0, NULL, 0, false },
		{ "repository", "full_name", 0, NULL, 0, false },
		{ "repository", "id", 0, NULL, 0, false },
		{ "repository", NULL, 0, NULL, 0, false },
		{ "n", NULL, 0, NULL, 0, false },
		{ "s", NULL, 0, NULL, 0, false },
		{ "n", "x", 0, NULL, 0, false },
		{ "full_name", NULL, 0, NULL, 0, false },
	};
	enum jsscan_type root;
	struct err e;
	char out[8];

	(void)state;
	assert_int_equal(jsscan(text, strlen(text), &root, w, NELEM(w), &e),
	    RC_OK);
	assert_int_equal(root, JSSCAN_OBJECT);
	assert_want(&w[0], JSSCAN_STRING, "op\\u0065n");
	assert_want(&w[1], JSSCAN_STRING, "a/b");
	assert_want(&w[2], JSSCAN_NUMBER, "-7");
	assert_want(&w[3], JSSCAN_OBJECT, NULL);
	assert_want(&w[4], JSSCAN_NULL, "null");
	assert_want(&w[5], JSSCAN_ARRAY, "[1, 2]");
	assert_want(&w[6], JSSCAN_ABSENT, NULL);
	assert_want(&w[7], JSSCAN_ABSENT, NULL);
	assert_true(jsscan_decode(w[0].text, w[0].n, out, 4));
	assert_string_equal(out, "open");
	assert_false(jsscan_decode(w[0].text, w[0].n, out, 3));
}

/* B43 and B45: the caller sees what stands there. */
static void
only_objects_have_members_to_read(void **state)
{
	static const struct {
		const char *text;
		enum jsscan_type root;
	} roots[] = {
		{ "null", JSSCAN_NULL },
		{ "[]", JSSCAN_ARRAY },
		{ "\"x\"", JSSCAN_STRING },
		{ "true", JSSCAN_BOOL },
		{ "12", JSSCAN_NUMBER },
		{ "[{\"a\":{\"b\":1}}]", JSSCAN_ARRAY },
	};
	struct jsscan_want w[] = {
		{ "a", NULL, 0, NULL, 0, false },
		{ "a", "b", 0, NULL, 0, false },
	};
	enum jsscan_type root;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(roots); i++) {
		assert_int_equal(jsscan(roots[i].text, strlen(roots[i].text),
				     &root, w, NELEM(w), &e),
		    RC_OK);
		assert_int_equal(root, roots[i].root);
		assert_int_equal(w[0].type, JSSCAN_ABSENT);
		assert_int_equal(w[1].type, JSSCAN_ABSENT);
	}
	assert_int_equal(jsscan("{\"a\":1,}", 8, &root, w, NELEM(w), &e),
	    RC_INVALID);
	assert_int_equal(w[0].type, JSSCAN_ABSENT);
	assert_string_equal(e.text, "not JSON: no key at byte 7");
}

static void
a_doubled_member_has_no_value(void **state)
{
	static const struct {
		const char *text;
		bool has_action, has_repository, has_name;
	} cases[] = {
		{ "{\"action\":\"a\",\"repository\":{\"full_name\":\"a/b\"}}",
		    true, true, true },
		{ "{\"action\":\"a\",\"\\u0061ction\":\"b\",\"repository\":"
		  "{\"full_name\":\"a/b\"}}",
		    false, true, true },
		{ "{\"repository\":{\"full_name\":\"a/b\",\"full_name\":1}}",
		    false, true, false },
		{ "{\"repository\":{\"full_name\":\"a/b\"},"
		  "\"repository\":null}",
		    false, false, false },
		{ "{\"repository\":1,\"repository\":{\"full_name\":\"a/b\"}}",
		    false, false, false },
		/* Of another object's keys none is a second one. */
		{ "{\"x\":{\"action\":1,\"action\":2},\"action\":\"a\","
		  "\"repository\":{\"full_name\":\"a/b\",\"o\":"
		  "{\"full_name\":1}}}",
		    true, true, true },
		{ "[{\"action\":1,\"repository\":{\"full_name\":1}}]", false,
		    false, false },
	};
	struct jsscan_want w[] = {
		{ "action", NULL, 0, NULL, 0, false },
		{ "repository", NULL, 0, NULL, 0, false },
		{ "repository", "full_name", 0, NULL, 0, false },
	};
	enum jsscan_type root;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		assert_int_equal(
		    jsscan_any(cases[i].text, strlen(cases[i].text),
			JSSCAN_ANY_DEPTH_MAX, &root, w, NELEM(w), &e),
		    RC_OK);
		if ((w[0].type != JSSCAN_ABSENT) != cases[i].has_action ||
		    (w[1].type != JSSCAN_ABSENT) != cases[i].has_repository ||
		    (w[2].type != JSSCAN_ABSENT) != cases[i].has_name)
			fail_msg("%s", cases[i].text);
	}
}

static void
half_a_surrogate_pair_is_written_as_u_fffd(void **state)
{
	static const char *const cases[][2] = {
		{ "[\"x \\ud83d\"]", "[\"x \\ufffd\"]" },
		{ "[\"\\uDC00y\"]", "[\"\\ufffdy\"]" },
		{ "[\"\\ud83d\\ud83d\\ude00\"]",
		    "[\"\\ufffd\\ud83d\\ude00\"]" },
		{ "[\"\\ud83d\\u0041\\\\ud83d\"]",
		    "[\"\\ufffd\\u0041\\\\ud83d\"]" },
		{ "{\"\\ud800\":\"\\\"\\ude00\"}",
		    "{\"\\ufffd\":\"\\\"\\ufffd\"}" },
		{ "[\"\\ud83d\\ude00 whole\"]", NULL },
	};
	char text[64];
	size_t i, n, count;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		n = strlen(cases[i][0]);
		memcpy(text, cases[i][0], n + 1);
		assert_int_equal(scan_any(text, n), RC_OK);
		assert_int_equal(jsscan_is_exact(JSSCAN_STRING, text, n),
		    cases[i][1] == NULL);
		count = jsscan_repair(text, n);
		assert_int_equal(count > 0, cases[i][1] != NULL);
		assert_string_equal(text, cases[i][count > 0 ? 1 : 0]);
		assert_int_equal(scan(text, n), RC_OK);
	}
}

static void
a_text_for_people_is_cut_between_characters(void **state)
{
	char out[16];

	(void)state;
	assert_int_equal(jsscan_decode_cut("a\\ud83d\\u0000b", 14, out, 15), 8);
	assert_string_equal(out,
	    "a\xef\xbf\xbd\xef\xbf\xbd"
	    "b");
	assert_int_equal(jsscan_decode_cut("ab\xe2\x82\xac", 5, out, 4), 2);
	assert_string_equal(out, "ab");
	assert_int_equal(jsscan_decode_cut("a\\u20acb", 8, out, 3), 1);
	assert_false(jsscan_decode("\\ud83d", 6, out, 15));
}

static void
numbers_are_compared_by_value(void **state)
{
	(void)state;
	assert_true(jsscan_is_exact(JSSCAN_NUMBER, "-1.5e3", 6));
	assert_true(jsscan_is_exact(JSSCAN_NUMBER, "18446744073709551615", 20));
	assert_false(
	    jsscan_is_exact(JSSCAN_NUMBER, "18446744073709551616", 20));
	assert_false(jsscan_is_exact(JSSCAN_NUMBER, "1e400", 5));
	assert_true(jsscan_is_exact(JSSCAN_OBJECT, "{\"a\":1e400}", 11));
}

static void
escapes_are_decoded(void **state)
{
	static const char text[] = "\\b\\f\\n\\r\\t\\\"\\\\\\/"
				   "\\u00e9\\u20ac\\ud83d\\ude00";
	char out[64];

	(void)state;
	assert_true(
	    jsscan_decode(text, sizeof(text) - 1, out, sizeof(out) - 1));
	assert_string_equal(out,
	    "\b\f\n\r\t\"\\/\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	assert_false(jsscan_decode("a\\u0000", 7, out, 63));
	assert_true(jsscan_decode("", 0, out, 0));
	assert_string_equal(out, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_judged_as_listed),
		cmocka_unit_test(a_text_cut_anywhere_is_refused),
		cmocka_unit_test(utf16_is_refused),
		cmocka_unit_test(levels_end_at_32),
		cmocka_unit_test(signed_levels_end_at_512),
		cmocka_unit_test(large_texts_take_linear_time),
		cmocka_unit_test(outer_keys_outlive_growing),
		cmocka_unit_test(requested_members_are_found),
		cmocka_unit_test(only_objects_have_members_to_read),
		cmocka_unit_test(a_doubled_member_has_no_value),
		cmocka_unit_test(half_a_surrogate_pair_is_written_as_u_fffd),
		cmocka_unit_test(a_text_for_people_is_cut_between_characters),
		cmocka_unit_test(numbers_are_compared_by_value),
		cmocka_unit_test(escapes_are_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
