#include "config.h"

#include "unit.h"

#include "core/round.h"

static void
test_a_replay_begins_a_round_unless_one_is_to_come(void **state)
{
	static const struct {
		struct round_event ev;
		const char *to;
		enum round_step one, many;
	} cases[] = {
		/* All its jobs have ended. */
		{ { true, true, ROUND_FREE, NULL, NULL }, NULL, ROUND_BEGINS,
		    ROUND_BEGINS },
		{ { true, true, ROUND_FREE, NULL, NULL }, "a", ROUND_BEGINS,
		    ROUND_BEGINS },
		{ { true, true, ROUND_FREE, NULL, "b" }, "a", ROUND_BEGINS,
		    ROUND_BEGINS },
		{ { true, true, ROUND_RELEASED, NULL, NULL }, NULL,
		    ROUND_BEGINS, ROUND_BEGINS },
		/* Not yet. */
		{ { true, false, ROUND_FREE, NULL, NULL }, NULL, ROUND_BEGINS,
		    ROUND_IS_DONE },
		/* It is held back. */
		{ { true, true, ROUND_HELD, NULL, NULL }, NULL, ROUND_BEGINS,
		    ROUND_IS_DONE },
		{ { false, true, ROUND_HELD, NULL, "b" }, "a", ROUND_WAITS,
		    ROUND_IS_DONE },
		/* A round for all is to come, and goes to each of them. */
		{ { false, false, ROUND_FREE, NULL, NULL }, NULL, ROUND_IS_DONE,
		    ROUND_IS_DONE },
		{ { false, true, ROUND_FREE, NULL, NULL }, NULL, ROUND_IS_DONE,
		    ROUND_IS_DONE },
		{ { false, true, ROUND_FREE, NULL, NULL }, "a", ROUND_WAITS,
		    ROUND_IS_DONE },
		/* A round for one alone is. */
		{ { false, true, ROUND_FREE, NULL, "a" }, "a", ROUND_IS_DONE,
		    ROUND_IS_DONE },
		{ { false, true, ROUND_FREE, NULL, "b" }, "a", ROUND_WAITS,
		    ROUND_WAITS },
		{ { false, true, ROUND_FREE, NULL, "b" }, NULL, ROUND_WAITS,
		    ROUND_IS_DONE },
		/* The event itself is for one alone. */
		{ { false, true, ROUND_FREE, "a", NULL }, NULL, ROUND_IS_DONE,
		    ROUND_IS_DONE },
		{ { false, true, ROUND_FREE, "a", NULL }, "a", ROUND_IS_DONE,
		    ROUND_IS_DONE },
		{ { false, true, ROUND_FREE, "a", NULL }, "b", ROUND_WAITS,
		    ROUND_WAITS },
		{ { false, true, ROUND_FREE, "a", "b" }, NULL, ROUND_WAITS,
		    ROUND_IS_DONE },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		assert_int_equal(round_replay(&cases[i].ev, cases[i].to),
		    cases[i].one);
		assert_int_equal(
		    round_replay_of_many(&cases[i].ev, cases[i].to),
		    cases[i].many);
	}
}

static void
test_only_a_held_event_is_released(void **state)
{
	static const struct {
		bool expanded;
		enum round_hold hold;
		enum round_step step;
	} cases[] = {
		{ true, ROUND_FREE, ROUND_IS_DONE },
		{ true, ROUND_HELD, ROUND_BEGINS },
		{ true, ROUND_RELEASED, ROUND_IS_DONE },
		{ false, ROUND_FREE, ROUND_IS_DONE },
		{ false, ROUND_HELD, ROUND_WAITS },
		{ false, ROUND_RELEASED, ROUND_IS_DONE },
	};
	struct round_event ev = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		ev.expanded = cases[i].expanded;
		ev.hold = cases[i].hold;
		assert_int_equal(round_release(&ev, NULL), cases[i].step);
	}
}

static void
test_a_round_for_all_ends_the_hold(void **state)
{
	(void)state;
	assert_int_equal(round_hold_after(ROUND_FREE, NULL), ROUND_FREE);
	assert_int_equal(round_hold_after(ROUND_HELD, NULL), ROUND_RELEASED);
	assert_int_equal(round_hold_after(ROUND_RELEASED, NULL),
	    ROUND_RELEASED);
	assert_int_equal(round_hold_after(ROUND_FREE, "a"), ROUND_FREE);
	assert_int_equal(round_hold_after(ROUND_HELD, "a"), ROUND_HELD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_replay_begins_a_round_unless_one_is_to_come),
		cmocka_unit_test(test_only_a_held_event_is_released),
		cmocka_unit_test(test_a_round_for_all_ends_the_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
