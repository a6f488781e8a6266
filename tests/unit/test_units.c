#include "config.h"

#include "unit.h"

#include "base/units.h"

/* B69 is among them. */
static const struct {
	const char *text;
	int64_t value; /* -1: refused */
} durations[] = {
	{ "0", 0 },
	{ "5", 5000 },
	{ "0.5", 500 },
	{ "1.125", 1125 },
	{ "250ms", 250 },
	{ "5s", 5000 },
	{ "2m", 120000 },
	{ "1h", 3600000 },
	{ "30d", 2592000000 },
	{ "9223372036854775807ms", INT64_MAX },
	{ "9223372036854775808ms", -1 },
	{ "9223372036854775.807", INT64_MAX },
	{ "9223372036854775.808", -1 },
	{ "9223372036854775807d", -1 },
	{ "", -1 },
	{ "-1", -1 },
	{ "+1", -1 },
	{ " 5", -1 },
	{ "5 ", -1 },
	{ "5 m", -1 },
	{ "1e3", -1 },
	{ ".5", -1 },
	{ "5.", -1 },
	{ "0.0005", -1 },
	{ "1.5h", -1 },
	{ "5M", -1 },
	{ "5min", -1 },
	{ "m", -1 },
	{ "0x10", -1 },
}, sizes[] = {
	{ "0", 0 },
	{ "512", 512 },
	{ "64k", 65536 },
	{ "64K", 65536 },
	{ "26m", 27262976 },
	{ "2g", 2147483648 },
	{ "2147483648", 2147483648 },
	{ "9223372036854775807", INT64_MAX },
	{ "9223372036854775808", -1 },
	{ "9007199254740992k", -1 },
	{ "", -1 },
	{ "-1", -1 },
	{ "64 k", -1 },
	{ "64kb", -1 },
	{ "1.5m", -1 },
	{ "1e3", -1 },
};

static const struct {
	const char *text;
	bool is_taken;
	int64_t value;
} ints[] = {
	{ "0", true, 0 },
	{ "-0", true, 0 },
	{ "42", true, 42 },
	{ "-42", true, -42 },
	{ "9223372036854775807", true, INT64_MAX },
	{ "-9223372036854775808", true, INT64_MIN },
	{ "9223372036854775808", false, 0 },
	{ "-9223372036854775809", false, 0 },
	{ "99999999999999999999", false, 0 },
	{ "", false, 0 },
	{ "-", false, 0 },
	{ "+5", false, 0 },
	{ "5 ", false, 0 },
	{ "0x5", false, 0 },
	{ "5,5", false, 0 },
};

static void
durations_are_read_as_written(void **state)
{
	int64_t ms;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(durations); i++) {
		ms = -1;
		if (units_duration_parse(durations[i].text, &ms) !=
			(durations[i].value >= 0) ||
		    ms != durations[i].value)
			fail_msg("%s", durations[i].text);
	}
}

static void
sizes_are_read_as_written(void **state)
{
	int64_t bytes;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(sizes); i++) {
		bytes = -1;
		if (units_size_parse(sizes[i].text, &bytes) !=
			(sizes[i].value >= 0) ||
		    bytes != sizes[i].value)
			fail_msg("%s", sizes[i].text);
	}
}

static void
integers_are_digits_in_range(void **state)
{
	int64_t value;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(ints); i++) {
		value = 0;
		if (units_int_parse(ints[i].text, &value) != ints[i].is_taken ||
		    value != ints[i].value)
			fail_msg("%s", ints[i].text);
	}
}

static void
the_largest_unit_that_divides_is_written(void **state)
{
	char text[UNITS_TEXT_SIZE];

	(void)state;
	units_duration_format(0, text);
	assert_string_equal(text, "0s");
	units_duration_format(250, text);
	assert_string_equal(text, "250ms");
	units_duration_format(90000, text);
	assert_string_equal(text, "90s");
	units_duration_format(86400000, text);
	assert_string_equal(text, "1d");
	units_size_format(0, text);
	assert_string_equal(text, "0");
	units_size_format(27262976, text);
	assert_string_equal(text, "26m");
	units_size_format(1500, text);
	assert_string_equal(text, "1500");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_read_as_written),
		cmocka_unit_test(sizes_are_read_as_written),
		cmocka_unit_test(integers_are_digits_in_range),
		cmocka_unit_test(the_largest_unit_that_divides_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
