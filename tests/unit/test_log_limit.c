#include "config.h"

#include <stdint.h>

#include "unit.h"

#include "front/log_limit.h"

static void
each_status_logs_one_line_a_second_and_a_count(void **state)
{
	struct log_limit l;
	uint64_t left_out;
	int i;

	(void)state;
	log_limit_init(&l);
	assert_true(log_limit_take(&l, 401, 5000, &left_out));
	assert_int_equal(left_out, 0);
	for (i = 0; i < 70; i++)
		assert_false(log_limit_take(&l, 401, 5999, &left_out));
	assert_true(log_limit_take(&l, 404, 5999, &left_out));
	assert_int_equal(left_out, 0);
	assert_true(log_limit_take(&l, 401, 6000, &left_out));
	assert_int_equal(left_out, 70);
	/* More statuses than places share the last one. */
	for (i = 1; i < 200; i++)
		(void)log_limit_take(&l, 500 + i, 6000, &left_out);
	assert_false(log_limit_take(&l, 9999, 6001, &left_out));
	log_limit_flush(&l, 8000);
	assert_true(log_limit_take(&l, 9999, 9500, &left_out));
	assert_int_equal(left_out, 0);
	log_limit_fini(&l);
}

/* The main thread flushes more often than a line is due. */
static void
a_steady_flood_shows_an_example_each_second(void **state)
{
	struct log_limit l;
	uint64_t left_out, total = 0;
	int64_t now_ms;
	int examples = 0;

	(void)state;
	log_limit_init(&l);
	for (now_ms = 10000; now_ms < 20000; now_ms += 10) {
		if (now_ms % 100 == 0)
			log_limit_flush(&l, now_ms);
		if (log_limit_take(&l, 401, now_ms, &left_out)) {
			examples++;
			total += left_out;
		}
	}
	assert_int_equal(examples, 10);
	assert_int_equal(total, 9 * 99);
	/* The rest is reported once the flood has ended. */
	log_limit_flush(&l, 20500);
	assert_true(log_limit_take(&l, 401, 20600, &left_out));
	assert_int_equal(left_out, 99);
	log_limit_fini(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    each_status_logs_one_line_a_second_and_a_count),
		cmocka_unit_test(a_steady_flood_shows_an_example_each_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
