#include "config.h"

#include <string.h>

#include "unit.h"

#include "base/utf8.h"

static size_t
encode(unsigned int code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

static void
every_code_point_is_judged(void **state)
{
	char text[4];
	unsigned int code;
	size_t n, i;
	bool is_good;

	(void)state;
	for (code = 0; code < 0x140000; code++) {
		n = encode(code, text);
		is_good = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
		assert_int_equal(utf8_size(text, n), is_good ? n : 0);
		for (i = 0; i < n; i++)
			assert_int_equal(utf8_size(text, i), 0);
	}
}

/* Each pair of bytes is a text of valid characters or it is not. */
static void
every_pair_of_bytes_is_judged(void **state)
{
	unsigned int a, b;
	char text[2];
	bool is_good;

	(void)state;
	for (a = 0; a < 256; a++)
		for (b = 0; b < 256; b++) {
			text[0] = (char)a;
			text[1] = (char)b;
			is_good = (a < 0x80 && b < 0x80) ||
			    (a >= 0xc2 && a < 0xe0 && b >= 0x80 && b < 0xc0);
			assert_int_equal(utf8_is_valid(text, 2), is_good);
		}
}

static void
characters_are_quoted_for_json(void **state)
{
	static const struct {
		const char *text;
		const char *quoted;
		size_t used;
	} rows[] = {
		{ "a", "a", 1 },
		{ "\"", "\\\"", 1 },
		{ "\\", "\\\\", 1 },
		{ "\n", "\\n", 1 },
		{ "\x1b", "\\u001b", 1 },
		{ "\x7f", "\\u007f", 1 },
		{ "\xc2\x80", "\\u0080", 2 },
		{ "\xc2\x9f", "\\u009f", 2 },
		{ "\xc2\xa0", "\xc2\xa0", 2 },
		{ "\xe2\x80\xa8", "\\u2028", 3 },
		{ "\xe2\x80\xa9", "\\u2029", 3 },
		{ "\xd8\x9c", "\\u061c", 2 },
		{ "\xe2\x80\x8d", "\xe2\x80\x8d", 3 },
		{ "\xe2\x80\x8e", "\\u200e", 3 },
		{ "\xe2\x80\xaa", "\\u202a", 3 },
		{ "\xe2\x80\xae", "\\u202e", 3 },
		{ "\xe2\x80\xaf", "\xe2\x80\xaf", 3 },
		{ "\xe2\x81\xa6", "\\u2066", 3 },
		{ "\xe2\x81\xa9", "\\u2069", 3 },
		{ "\xef\xbb\xbf", "\\ufeff", 3 },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", 4 },
		{ "\xff", "\xef\xbf\xbd", 1 },
		{ "\xc0\xaf", "\xef\xbf\xbd", 1 },
	};
	char out[UTF8_QUOTED_MAX];
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		assert_int_equal(
		    utf8_quote(rows[i].text, strlen(rows[i].text), out, &n),
		    rows[i].used);
		assert_int_equal(n, strlen(rows[i].quoted));
		assert_memory_equal(out, rows[i].quoted, n);
	}
	assert_int_equal(utf8_quote("", 1, out, &n), 1);
	assert_int_equal(n, 6);
	assert_memory_equal(out, "\\u0000", 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_point_is_judged),
		cmocka_unit_test(every_pair_of_bytes_is_judged),
		cmocka_unit_test(characters_are_quoted_for_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
