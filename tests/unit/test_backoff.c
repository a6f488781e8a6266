#include "config.h"

#include "unit.h"

#include "core/backoff.h"

#define NOW INT64_C(1795248550000)
#define DAY BACKOFF_RETRY_AFTER_MAX_MS

static const int64_t schedule[] = { 5000, 10000, 3600000 };

static void
test_attempts_are_one_more_than_waits(void **state)
{
	int64_t again;

	(void)state;
	assert_true(backoff_next(schedule, 3, 1, NOW, 0, 0, &again));
	assert_int_equal(again, NOW + 5000);
	assert_true(backoff_next(schedule, 3, 3, NOW, 0, 0, &again));
	assert_int_equal(again, NOW + 3600000);
	assert_false(backoff_next(schedule, 3, 4, NOW, 0, 0, &again));
	assert_false(backoff_next(NULL, 0, 1, NOW, 0, 0, &again));
}

static void
test_jitter_adds_up_to_a_tenth(void **state)
{
	int64_t again, least, most;
	uint32_t random;

	(void)state;
	least = INT64_MAX;
	most = 0;
	for (random = 0; random < UINT32_MAX - 65536; random += 65536) {
		assert_true(
		    backoff_next(schedule, 3, 2, NOW, 0, random, &again));
		least = again < least ? again : least;
		most = again > most ? again : most;
	}
	assert_int_equal(least, NOW + 10000);
	assert_in_range(most, NOW + 10900, NOW + 11000);
}

static void
test_the_later_of_schedule_and_receiver_counts(void **state)
{
	int64_t again;

	(void)state;
	assert_true(backoff_next(schedule, 3, 1, NOW, NOW + 60000, 0, &again));
	assert_int_equal(again, NOW + 60000);
	assert_true(backoff_next(schedule, 3, 1, NOW, NOW + 1000, 0, &again));
	assert_int_equal(again, NOW + 5000);
}

/* B93. */
static void
test_retry_after_is_read_and_bounded(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} rows[] = {
		{ NULL, 0 },
		{ "", 0 },
		{ "0", 0 },
		{ "120", NOW + 120000 },
		{ "00120", NOW + 120000 },
		{ "86401", NOW + DAY },
		{ "1000000000", NOW + DAY },
		{ "99999999999999999999999", NOW + DAY },
		{ "-1", 0 },
		{ "1e9", 0 },
		{ "1.5", 0 },
		{ "garbage", 0 },
		{ "10, 20", 0 },
		{ "Sat, 21 Nov 2026 08:10:10 GMT", NOW + 60000 },
		{ "Saturday, 21-Nov-26 08:10:10 GMT", NOW + 60000 },
		{ "Sat Nov 21 08:10:10 2026", NOW + 60000 },
		{ "Sat, 21 Nov 2026 08:10:10 CET", 0 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", NOW + DAY },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		if (backoff_retry_after(rows[i].text, NOW) != rows[i].want)
			fail_msg("%s", rows[i].text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attempts_are_one_more_than_waits),
		cmocka_unit_test(test_jitter_adds_up_to_a_tenth),
		cmocka_unit_test(
		    test_the_later_of_schedule_and_receiver_counts),
		cmocka_unit_test(test_retry_after_is_read_and_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
