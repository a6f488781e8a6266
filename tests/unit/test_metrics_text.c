#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/buf.h"
#include "stats/metrics_text.h"

static void
a_number_is_written_as_it_is(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{ 0, "x 0\n" },
		{ 1, "x 0.001\n" },
		{ 10, "x 0.01\n" },
		{ 999, "x 0.999\n" },
		{ 1000, "x 1\n" },
		{ 61020, "x 61.02\n" },
		{ INT64_MAX, "x 9223372036854775.807\n" },
	};
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 4096);
	for (i = 0; i < NELEM(rows); i++) {
		buf_clear(&b);
		metrics_text_ms(&b, "x", "", rows[i].ms);
		assert_string_equal(buf_str(&b), rows[i].text);
	}
	buf_clear(&b);
	metrics_text_int(&b, "x", "a=\"b\"", 7);
	assert_string_equal(buf_str(&b), "x{a=\"b\"} 7\n");
	buf_fini(&b);
}

static void
buckets_hold_what_is_below_them(void **state)
{
	static const int64_t bounds[] = { 500, 2500000, INT64_MAX };
	static const int64_t counts[] = { 2, 0, 1 };
	struct metrics_text_histogram h = { "x", "", bounds, counts,
		NELEM(bounds), 12000001, 1000000 };
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	metrics_text_histogram(&b, &h);
	assert_string_equal(buf_str(&b),
	    "x_bucket{le=\"0.0005\"} 2\n"
	    "x_bucket{le=\"2.5\"} 2\n"
	    "x_bucket{le=\"+Inf\"} 3\n"
	    "x_sum 12.000001\n"
	    "x_count 3\n");
	h.labels = "a=\"b\"";
	h.n = 1;
	buf_clear(&b);
	metrics_text_histogram(&b, &h);
	assert_string_equal(buf_str(&b),
	    "x_bucket{a=\"b\",le=\"0.0005\"} 2\n"
	    "x_sum{a=\"b\"} 12.000001\n"
	    "x_count{a=\"b\"} 2\n");
	buf_fini(&b);
}

static void
a_metric_family_begins_with_help_and_type(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	metrics_text_head(&b, "x_total", "counter", "How many x.");
	assert_string_equal(buf_str(&b),
	    "# HELP x_total How many x.\n# TYPE x_total counter\n");
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_written_as_it_is),
		cmocka_unit_test(buckets_hold_what_is_below_them),
		cmocka_unit_test(a_metric_family_begins_with_help_and_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
