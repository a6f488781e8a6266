#include "config.h"

#include <string.h>

#include "unit.h"

#include "base/clock.h"

static const struct {
	const char *text;
	int64_t ms; /* -1: refused */
} times[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "2026-11-21T08:09:10.123Z", 1795248550123 },
	{ "2026-11-21t08:09:10.123456z", 1795248550123 },
	{ "2026-11-21 08:09:10.1Z", 1795248550100 },
	{ "2026-11-21T10:09:10+02:00", 1795248550000 },
	{ "2026-11-21T00:39:10-07:30", 1795248550000 },
	{ "2024-02-29T00:00:00Z", 1709164800000 },
	{ "2000-02-29T00:00:00Z", 951782400000 },
	{ "2016-12-31T23:59:60Z", 1483228800000 },
	{ "9999-12-31T23:59:59.999Z", 253402300799999 },
	{ "1795248550", 1795248550000 },
	{ "0", 0 },
	{ "253402300799", 253402300799000 },
	{ "253402300800", -1 },
	{ "99999999999999999999", -1 },
	{ "", -1 },
	{ "-1", -1 },
	{ "1e9", -1 },
	{ "0x10", -1 },
	{ " 1795248550", -1 },
	{ "2026-11-21", -1 },
	{ "2026-11-21T08:09:10", -1 },
	{ "2026-11-21T08:09:10.Z", -1 },
	{ "2026-11-21T08:09Z", -1 },
	{ "2026-11-21T24:00:00Z", -1 },
	{ "2026-11-31T00:00:00Z", -1 },
	{ "2023-02-29T00:00:00Z", -1 },
	{ "2026-13-01T00:00:00Z", -1 },
	{ "1969-12-31T23:59:59Z", -1 },
	{ "1970-01-01T00:00:00+01:00", -1 },
	{ "2026-11-21T08:09:10Zx", -1 },
	{ "2026-11-21T08:09:10+0200", -1 },
};

static void
times_are_read_as_rfc_3339_or_seconds(void **state)
{
	int64_t ms;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(times); i++) {
		ms = -1;
		if (clock_parse(times[i].text, &ms) != (times[i].ms >= 0) ||
		    ms != times[i].ms)
			fail_msg("%s: %lld", times[i].text, (long long)ms);
	}
}

static void
every_day_survives_writing_and_reading(void **state)
{
	char text[CLOCK_TEXT_SIZE];
	int64_t ms, back;

	(void)state;
	for (ms = 7; ms < 253402300800000; ms += 86400000 * 11 + 12345678) {
		clock_format(ms, text);
		assert_true(clock_parse(text, &back));
		assert_true(back == ms);
	}
	clock_format(1795248550123, text);
	assert_string_equal(text, "2026-11-21T08:09:10.123Z");
	clock_format(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59.000Z");
	clock_format(INT64_MIN, text);
	assert_string_equal(text, "1970-01-01T00:00:00.000Z");
}

static int64_t
stopped(void *arg)
{
	return *(int64_t *)arg;
}

static void
time_is_what_the_clock_says(void **state)
{
	int64_t now = 42;
	struct clock c = { stopped, stopped, &now, "boot" };

	(void)state;
	assert_true(clock_wall_ms(&c) == 42);
	assert_true(clock_boot_ms(&c) == 42);
}

static void
the_machine_has_a_boot(void **state)
{
	const struct clock *c = clock_system();

	(void)state;
	assert_true(strlen(c->boot_id) >= 8);
	assert_null(strchr(c->boot_id, '\n'));
	assert_true(clock_wall_ms(c) > 1700000000000);
	assert_true(clock_boot_ms(c) >= 0);
	assert_true(clock_tick_us() > 0);
}

static void
readers_agree_on_the_time_of_boot(void **state)
{
	int64_t first = clock_booted_us(), us;
	int i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		us = clock_booted_us();
		if (us < first - 200 || us > first + 200)
			fail_msg("%lld, %lld", (long long)first, (long long)us);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read_as_rfc_3339_or_seconds),
		cmocka_unit_test(every_day_survives_writing_and_reading),
		cmocka_unit_test(time_is_what_the_clock_says),
		cmocka_unit_test(the_machine_has_a_boot),
		cmocka_unit_test(readers_agree_on_the_time_of_boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
