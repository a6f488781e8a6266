#include "config.h"

#include "unit.h"

#include "core/event.h"
#include "core/lane.h"

static void
test_a_lane_follows_from_the_job(void **state)
{
	static const struct {
		struct job j;
		int lane;
	} cases[] = {
		{ { .priority = 0 }, 0 },
		{ { .priority = 0, .attempt = 1 }, 1 },
		{ { .priority = 0, .again = true }, 1 },
		{ { .priority = 5 }, 10 },
		{ { .priority = 5, .attempt = 3 }, 11 },
		{ { .priority = 5, .attempt = 3, .again = true }, 11 },
		{ { .priority = 9 }, 18 },
		{ { .priority = 9, .attempt = 1 }, 19 },
		{ { .priority = 0, .suspect = true }, LANE_SUSPECT },
		{ { .priority = 9, .attempt = 1, .suspect = true },
		    LANE_SUSPECT },
		/* Deaths that a result has forgiven. */
		{ { .priority = 2, .deaths = 1 }, 4 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++)
		assert_int_equal(lane_of(&cases[i].j), cases[i].lane);
}

static void
test_the_suspects_come_behind_every_priority(void **state)
{
	const struct job last = { .priority = EVENT_PRIORITY_MAX,
		.attempt = 1 };

	(void)state;
	assert_int_equal(lane_of(&last) + 1, LANE_SUSPECT);
	assert_int_equal(LANE_SUSPECT + 1, LANES);
}

static void
test_a_priority_has_two_lanes(void **state)
{
	struct job j = { 0 };
	int fresh, repeat;

	(void)state;
	for (; j.priority <= EVENT_PRIORITY_MAX; j.priority++) {
		j.attempt = 0;
		fresh = lane_of(&j);
		j.attempt = 1;
		repeat = lane_of(&j);
		assert_false(lane_is_of_repeats(fresh));
		assert_true(lane_is_of_repeats(repeat));
		assert_int_equal(lane_last_of_priority(fresh), repeat);
		assert_int_equal(lane_last_of_priority(repeat), repeat);
	}
}

static void
test_fresh_jobs_get_half_of_the_places(void **state)
{
	static const size_t cases[][2] = { { 0, 0 }, { 1, 1 }, { 2, 1 },
		{ 3, 2 }, { 64, 32 } };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++)
		assert_int_equal(lane_fresh_places(cases[i][0]), cases[i][1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_lane_follows_from_the_job),
		cmocka_unit_test(test_the_suspects_come_behind_every_priority),
		cmocka_unit_test(test_a_priority_has_two_lanes),
		cmocka_unit_test(test_fresh_jobs_get_half_of_the_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
