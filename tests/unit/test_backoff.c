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
test_jitter_adds_at_most_a_tenth(void **state)
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

static void
test_a_wait_is_explained_by_its_own_step_of_the_schedule(void **state)
{
	struct backoff_plan p = { .schedule = schedule, .n = 3 };

	(void)state;
	/* Not tried yet: due at once, or when a person said. */
	assert_true(backoff_explains(&p, NOW, NOW));
	assert_true(backoff_explains(&p, NOW - DAY, NOW));
	assert_false(backoff_explains(&p, NOW + 60000, NOW));
	p.not_before_ms = NOW + 60000;
	assert_true(backoff_explains(&p, NOW + 60000, NOW));
	p.not_before_ms = 0;

	p.failed = 1;
	assert_true(backoff_explains(&p, NOW + 5500, NOW));
	assert_false(backoff_explains(&p, NOW + 3600000, NOW));
	p.failed = 3;
	assert_true(backoff_explains(&p, NOW + 3960000, NOW));
	assert_false(backoff_explains(&p, NOW + 4000000, NOW));
	p.failed = 9;
	assert_false(backoff_explains(&p, NOW + 4000000, NOW));
	p.n = 0;
	assert_false(backoff_explains(&p, NOW + 60000, NOW));
}

static void
test_a_receiver_explains_a_day_and_an_unknown_schedule_a_week(void **state)
{
	struct backoff_plan p = { .schedule = schedule,
		.n = 3,
		.failed = 1,
		.obeys_retry_after = true };

	(void)state;
	assert_true(backoff_explains(&p, NOW + DAY, NOW));
	assert_false(backoff_explains(&p, NOW + DAY + 60000, NOW));
	p.obeys_retry_after = false;
	p.schedule = NULL;
	assert_true(backoff_explains(&p, NOW + 7 * DAY, NOW));
	assert_false(backoff_explains(&p, NOW + 8 * DAY, NOW));
}

static void
test_a_replanned_wait_is_explained(void **state)
{
	struct backoff_plan p = { .schedule = schedule, .n = 3 };
	int64_t due;

	(void)state;
	for (p.failed = 0; p.failed < 6; p.failed++) {
		due = backoff_anew(&p, NOW, UINT32_MAX);
		assert_true(due >= NOW);
		assert_true(backoff_explains(&p, due, NOW));
	}
	p.failed = 1;
	assert_int_equal(backoff_anew(&p, NOW, 0), NOW + 5000);
	p.not_before_ms = NOW + DAY;
	assert_int_equal(backoff_anew(&p, NOW, 0), NOW + DAY);
}

static void
test_a_stamp_from_the_future_is_within_no_window(void **state)
{
	(void)state;
	assert_true(backoff_is_within(NOW - 1000, 60000, NOW));
	assert_true(backoff_is_within(NOW + 1000, 60000, NOW));
	assert_false(backoff_is_within(NOW - 60000, 60000, NOW));
	assert_false(backoff_is_within(NOW + 30000, 60000, NOW));
	assert_false(backoff_is_within(NOW + 5 * DAY, DAY, NOW));
	assert_false(backoff_is_within(NOW, 0, NOW));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attempts_are_one_more_than_waits),
		cmocka_unit_test(test_jitter_adds_at_most_a_tenth),
		cmocka_unit_test(
		    test_the_later_of_schedule_and_receiver_counts),
		cmocka_unit_test(test_retry_after_is_read_and_bounded),
		cmocka_unit_test(
		    test_a_wait_is_explained_by_its_own_step_of_the_schedule),
		cmocka_unit_test(
		    test_a_receiver_explains_a_day_and_an_unknown_schedule_a_week),
		cmocka_unit_test(test_a_replanned_wait_is_explained),
		cmocka_unit_test(
		    test_a_stamp_from_the_future_is_within_no_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
