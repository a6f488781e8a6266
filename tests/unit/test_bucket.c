#include "config.h"

#include "unit.h"

#include "core/bucket.h"

#define NOW (INT64_C(1795248550000) * 1000)
#define SECOND INT64_C(1000000)

static void
test_a_bucket_begins_with_one_second_s_worth(void **state)
{
	(void)state;
	assert_int_equal(bucket_tokens(10, 0, NOW), 10);
	assert_int_equal(bucket_tokens(1, 0, NOW), 1);
	assert_int_equal(bucket_tokens(BUCKET_RATE_MAX, 0, NOW),
	    BUCKET_RATE_MAX);
}

static void
test_what_is_taken_comes_back_at_the_rate(void **state)
{
	int64_t full = bucket_take(10, 0, NOW, 10);

	(void)state;
	assert_int_equal(bucket_tokens(10, full, NOW), 0);
	assert_int_equal(bucket_tokens(10, full, NOW + SECOND / 10 - 1), 0);
	assert_int_equal(bucket_tokens(10, full, NOW + SECOND / 10), 1);
	assert_int_equal(bucket_tokens(10, full, NOW + SECOND / 2), 5);
	assert_int_equal(bucket_tokens(10, full, NOW + 9 * SECOND), 10);
	full = bucket_take(10, full, NOW, -3);
	assert_int_equal(bucket_tokens(10, full, NOW), 3);
}

static void
test_no_rate_is_exceeded_over_time(void **state)
{
	static const int64_t rates[] = { 1, 3, 7, 10, 99, 1000, 70001,
		BUCKET_RATE_MAX };
	int64_t full, sent, now, n;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rates); i++) {
		full = sent = 0;
		for (now = NOW; now < NOW + 20 * SECOND; now += 7919) {
			n = bucket_tokens(rates[i], full, now);
			assert_true(n >= 0 && n <= rates[i]);
			full = bucket_take(rates[i], full, now, n);
			sent += n;
		}
		assert_true(sent <= 21 * rates[i]);
		assert_true(sent >= 18 * rates[i]);
	}
}

static void
test_an_empty_one_is_looked_at_when_it_is_worth_it(void **state)
{
	int64_t full;

	(void)state;
	full = bucket_take(2, 0, NOW, 2);
	assert_int_equal(bucket_again_us(2, full, NOW), NOW + SECOND / 2);
	full = bucket_take(1000, 0, NOW, 1000);
	assert_int_equal(bucket_again_us(1000, full, NOW), NOW + SECOND / 10);
	assert_int_equal(bucket_tokens(1000, full, NOW + SECOND / 10), 100);
	assert_int_equal(bucket_again_us(5, 0, NOW), NOW);
}

static void
test_a_clock_set_back_holds_up_for_a_second_at_most(void **state)
{
	int64_t full = bucket_take(10, 0, NOW, 10), then = NOW - 3600 * SECOND;

	(void)state;
	assert_int_equal(bucket_tokens(10, full, then), 0);
	assert_int_equal(bucket_again_us(10, full, then), then + SECOND / 10);
	full = bucket_take(10, full, then, 0);
	assert_int_equal(bucket_tokens(10, full, then + SECOND), 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_bucket_begins_with_one_second_s_worth),
		cmocka_unit_test(test_what_is_taken_comes_back_at_the_rate),
		cmocka_unit_test(test_no_rate_is_exceeded_over_time),
		cmocka_unit_test(
		    test_an_empty_one_is_looked_at_when_it_is_worth_it),
		cmocka_unit_test(
		    test_a_clock_set_back_holds_up_for_a_second_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
