#include "config.h"

#include "unit.h"

#include "core/bucket.h"

#define NOW (INT64_C(1795248550000) * 1000)
#define SECOND INT64_C(1000000)

static void
test_a_bucket_starts_with_one_second_of_tokens(void **state)
{
	(void)state;
	assert_int_equal(bucket_tokens(10000, 0, NOW), 10);
	assert_int_equal(bucket_tokens(1000, 0, NOW), 1);
	assert_int_equal(bucket_tokens(BUCKET_RATE_MAX, 0, NOW),
	    BUCKET_PER_SECOND_MAX);
	assert_int_equal(bucket_tokens(500, 0, NOW), 1);
	assert_int_equal(bucket_tokens(2500, 0, NOW), 2);
}

static void
test_taken_tokens_return_at_the_rate(void **state)
{
	int64_t full = bucket_take(10000, 0, NOW, 10);

	(void)state;
	assert_int_equal(bucket_tokens(10000, full, NOW), 0);
	assert_int_equal(bucket_tokens(10000, full, NOW + SECOND / 10 - 1), 0);
	assert_int_equal(bucket_tokens(10000, full, NOW + SECOND / 10), 1);
	assert_int_equal(bucket_tokens(10000, full, NOW + SECOND / 2), 5);
	assert_int_equal(bucket_tokens(10000, full, NOW + 9 * SECOND), 10);
	full = bucket_take(10000, full, NOW, -3);
	assert_int_equal(bucket_tokens(10000, full, NOW), 3);
}

static void
test_no_rate_is_exceeded_over_time(void **state)
{
	static const int64_t rates[] = { 1000, 3000, 7000, 10000, 99000,
		1000000, 70001000, BUCKET_RATE_MAX };
	int64_t full, sent, now, n;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rates); i++) {
		full = sent = 0;
		for (now = NOW; now < NOW + 20 * SECOND; now += 7919) {
			n = bucket_tokens(rates[i], full, now);
			assert_true(n >= 0 && n <= rates[i] / 1000);
			full = bucket_take(rates[i], full, now, n);
			sent += n;
		}
		assert_true(sent <= 21 * rates[i] / 1000);
		assert_true(sent >= 18 * rates[i] / 1000);
	}
}

/* One request in 2, 4 and 1000 seconds, and 2.5 in one. */
static void
test_a_rate_may_have_a_fraction(void **state)
{
	static const struct {
		int64_t rate, sent; /* within 2000 seconds */
	} rows[] = { { 500, 1000 }, { 250, 500 }, { 1, 2 }, { 2500, 5001 } };
	int64_t full, sent, now, n;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		full = sent = 0;
		for (now = NOW; now < NOW + 2000 * SECOND;
		     now += SECOND / 100) {
			n = bucket_tokens(rows[i].rate, full, now);
			full = bucket_take(rows[i].rate, full, now, n);
			sent += n;
		}
		assert_int_equal(sent, rows[i].sent);
	}
	full = bucket_take(500, 0, NOW, 1);
	assert_int_equal(bucket_tokens(500, full, NOW + 2 * SECOND - 1), 0);
	assert_int_equal(bucket_again_us(500, full, NOW), NOW + 2 * SECOND);
}

static void
test_an_empty_lane_is_read_only_when_needed(void **state)
{
	int64_t full;

	(void)state;
	full = bucket_take(2000, 0, NOW, 2);
	assert_int_equal(bucket_again_us(2000, full, NOW), NOW + SECOND / 2);
	full = bucket_take(1000000, 0, NOW, 1000);
	assert_int_equal(bucket_again_us(1000000, full, NOW),
	    NOW + SECOND / 10);
	assert_int_equal(bucket_tokens(1000000, full, NOW + SECOND / 10), 100);
	assert_int_equal(bucket_again_us(5000, 0, NOW), NOW);
}

static void
test_a_clock_set_back_delays_by_a_second_at_most(void **state)
{
	int64_t full = bucket_take(10000, 0, NOW, 10),
		then = NOW - 3600 * SECOND;

	(void)state;
	assert_int_equal(bucket_tokens(10000, full, then), 0);
	assert_int_equal(bucket_again_us(10000, full, then),
	    then + SECOND / 10);
	full = bucket_take(10000, full, then, 0);
	assert_int_equal(bucket_tokens(10000, full, then + SECOND), 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_bucket_starts_with_one_second_of_tokens),
		cmocka_unit_test(test_taken_tokens_return_at_the_rate),
		cmocka_unit_test(test_no_rate_is_exceeded_over_time),
		cmocka_unit_test(test_a_rate_may_have_a_fraction),
		cmocka_unit_test(test_an_empty_lane_is_read_only_when_needed),
		cmocka_unit_test(
		    test_a_clock_set_back_delays_by_a_second_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
