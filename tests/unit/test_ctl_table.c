#include "config.h"

#include <string.h>

#include "unit.h"

#include "base/buf.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_text.h"

static const struct {
	const char *text;
	const char *clean;
} texts[] = {
	{ "", "" },
	{ "plain text", "plain text" },
	{ "a\nb\tc\r", "a\\nb\\tc\\x0d" },
	{ "\x1b[31m\x07\x7f", "\\x1b[31m\\x07\\x7f" },
	{ "\xc2\x9b", "\\u{009b}" },
	{ "a\xe2\x80\xae"
	  "b",
	    "a\\u{202e}b" },
	{ "\xef\xbb\xbf", "\\u{feff}" },
	{ "\xff\xc0\xaf", "\\xff\\xc0\\xaf" },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
	{ "cut \xe4\xba", "cut \\xe4\\xba" },
	{ "äöü 公司 🎉", "äöü 公司 🎉" },
};

static void
control_sequences_are_escaped(void **state)
{
	struct buf out;
	size_t i;

	(void)state;
	buf_init(&out, 4096);
	for (i = 0; i < NELEM(texts); i++) {
		buf_clear(&out);
		ctl_text_clean(&out, texts[i].text, strlen(texts[i].text));
		assert_string_equal(buf_str(&out), texts[i].clean);
	}
	buf_clear(&out);
	ctl_text_clean(&out, "a\0b", 3);
	assert_string_equal(buf_str(&out), "a\\x00b");
	buf_fini(&out);
}

static const struct {
	const char *text;
	size_t width;
	const char *cut;
} cuts[] = {
	{ "abc", 3, "abc" },
	{ "abcd", 3, "ab…" },
	{ "abcd", 1, "…" },
	{ "abcd", 0, "" },
	{ "公司名", 6, "公司名" },
	{ "公司名", 5, "公司…" },
	{ "公司名", 4, "公…" },
	{ "公司名", 2, "…" },
	{ "e\xcc\x81"
	  "e\xcc\x81",
	    2,
	    "e\xcc\x81"
	    "e\xcc\x81" },
};

static void
text_is_cut_by_cells_not_by_bytes(void **state)
{
	struct buf out;
	size_t i;

	(void)state;
	buf_init(&out, 4096);
	for (i = 0; i < NELEM(cuts); i++) {
		buf_clear(&out);
		ctl_text_cut(&out, cuts[i].text, cuts[i].width);
		assert_string_equal(buf_str(&out), cuts[i].cut);
		assert_true(ctl_text_width(buf_str(&out)) <= cuts[i].width);
	}
	buf_fini(&out);
}

static const struct ctl_column columns[] = {
	{ .title = "ID", .right = true, .keep = true },
	{ .title = "URL" },
	{ .title = "TEAM" },
};

static void
put_rows(struct ctl_table *t)
{
	ctl_table_put(t, "7");
	ctl_table_put(t, "https://example.org/hook");
	ctl_table_put(t, NULL);
	ctl_table_putf(t, "%d", 4711);
	ctl_table_put(t, "公司");
	ctl_table_put(t, "a\nb");
}

static const struct {
	size_t width;
	const char *text;
} tables[] = {
	{ 0,
	    "  ID  URL                       TEAM\n"
	    "   7  https://example.org/hook  -\n"
	    "4711  公司                      a\\nb\n" },
	{ 80,
	    "  ID  URL                       TEAM\n"
	    "   7  https://example.org/hook  -\n"
	    "4711  公司                      a\\nb\n" },
	{ 20,
	    "  ID  URL       TEAM\n"
	    "   7  https:/…  -\n"
	    "4711  公司      a\\nb\n" },
	/* What would say nothing is left out. */
	{ 14,
	    "  ID  URL\n"
	    "   7  https:/…\n"
	    "4711  公司\n" },
	{ 5, "  ID\n   7\n4711\n" },
	{ 1, "…\n…\n…\n" },
};

static void
a_table_is_aligned_and_fits(void **state)
{
	struct ctl_table t;
	struct buf out;
	size_t i;

	(void)state;
	buf_init(&out, 4096);
	for (i = 0; i < NELEM(tables); i++) {
		buf_clear(&out);
		ctl_table_init(&t, columns, NELEM(columns));
		put_rows(&t);
		ctl_table_format(&t, tables[i].width, &out);
		ctl_table_fini(&t);
		assert_string_equal(buf_str(&out), tables[i].text);
	}
	buf_fini(&out);
}

static const struct ctl_column ranked[] = {
	{ .title = "NAME", .least = 10 },
	{ .title = "CALLS", .right = true, .whole = true, .rank = 2 },
	{ .title = "URL", .least = 20 },
	{ .title = "SEEN", .whole = true, .rank = 1 },
};

static const struct {
	size_t width;
	const char *text;
} ranked_tables[] = {
	{ 80,
	    "NAME                CALLS  URL                               SEEN\n"
	    "a rather long name      7  https://example.org/hooks/orders  "
	    "2026-11-21 08:09\n" },
	{ 59,
	    "NAME          CALLS  URL                   SEEN\n"
	    "a rather lo…      7  https://example.org…  2026-11-21 08:09\n" },
	/* The column of the highest rank goes first. */
	{ 55,
	    "NAME             URL                   SEEN\n"
	    "a rather long …  https://example.org…  2026-11-21 08:09\n" },
	{ 40,
	    "NAME                URL\n"
	    "a rather long name  https://example.org…\n" },
	/* Columns without a rank are cut below their minimum. */
	{ 20,
	    "NAME       URL\n"
	    "a rather…  https://…\n" },
};

static void
a_column_keeps_its_minimum_while_less_important_ones_are_there(void **state)
{
	struct ctl_table t;
	struct buf out;
	size_t i;

	(void)state;
	buf_init(&out, 4096);
	for (i = 0; i < NELEM(ranked_tables); i++) {
		buf_clear(&out);
		ctl_table_init(&t, ranked, NELEM(ranked));
		ctl_table_put(&t, "a rather long name");
		ctl_table_put(&t, "7");
		ctl_table_put(&t, "https://example.org/hooks/orders");
		ctl_table_put(&t, "2026-11-21 08:09");
		ctl_table_format(&t, ranked_tables[i].width, &out);
		ctl_table_fini(&t);
		assert_string_equal(buf_str(&out), ranked_tables[i].text);
	}
	buf_fini(&out);
}

static void
a_table_without_titles_has_no_head(void **state)
{
	static const struct ctl_column bare[] = { { .title = "" },
		{ .title = "", .right = true } };
	struct ctl_table t;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	ctl_table_init(&t, bare, NELEM(bare));
	ctl_table_put(&t, "all");
	ctl_table_put(&t, "10");
	ctl_table_put(&t, "some");
	ctl_table_put_time(&t, 0);
	ctl_table_format(&t, 0, &out);
	assert_string_equal(buf_str(&out), "all   10\nsome   -\n");
	ctl_table_fini(&t);
	buf_fini(&out);
}

static void
text_is_wrapped_at_words(void **state)
{
	static const struct {
		const char *text;
		size_t used, width;
		const char *want;
	} cases[] = {
		{ "", 0, 10, "" },
		{ "one two", 0, 10, "one two" },
		{ "one two three", 0, 10, "one two\n  three" },
		{ "one two", 5, 10, "one\n  two" },
		{ "one", 9, 10, "\n  one" },
		{ "abcdefghijklmno", 0, 10, "abcdefghij\n  klmno" },
		{ "a  b", 0, 10, "a b" },
		{ "公司公司公司", 0, 10, "公司公司公\n  司" },
	};
	struct buf out;
	size_t i;

	(void)state;
	buf_init(&out, 4096);
	for (i = 0; i < NELEM(cases); i++) {
		buf_clear(&out);
		ctl_text_wrap(&out, cases[i].text, cases[i].used, 2,
		    cases[i].width);
		assert_string_equal(buf_str(&out), cases[i].want);
	}
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_sequences_are_escaped),
		cmocka_unit_test(text_is_cut_by_cells_not_by_bytes),
		cmocka_unit_test(text_is_wrapped_at_words),
		cmocka_unit_test(a_table_is_aligned_and_fits),
		cmocka_unit_test(
		    a_column_keeps_its_minimum_while_less_important_ones_are_there),
		cmocka_unit_test(a_table_without_titles_has_no_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
