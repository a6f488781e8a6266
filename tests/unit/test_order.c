#include "config.h"

#include "unit.h"

#include <stdlib.h>

#include "core/order.h"

/* Jobs as letters: w waits, b waits behind, l leased, o leased and behind, x
 * dead, p dead and passed by, d done, c cancelled. */
static struct job
job(char letter)
{
	switch (letter) {
	case 'w':
		return (struct job){ .state = JOB_WAITING, .ordered = true };
	case 'b':
		return (struct job){ .state = JOB_WAITING,
			.ordered = true,
			.behind = true };
	case 'l':
		return (struct job){ .state = JOB_LEASED, .ordered = true };
	case 'o':
		return (struct job){ .state = JOB_LEASED,
			.ordered = true,
			.behind = true };
	case 'x':
		return (struct job){ .state = JOB_DEAD, .ordered = true };
	case 'p':
		return (struct job){ .state = JOB_DEAD,
			.ordered = true,
			.behind = true };
	case 'd':
		return (struct job){ .state = JOB_DONE, .ordered = true };
	case 'c':
		return (struct job){ .state = JOB_CANCELLED, .ordered = true };
	default:
		abort();
	}
}

static struct order_place
place(int64_t id, int64_t event, char letter)
{
	const struct job j = job(letter);

	return (struct order_place){ .id = id,
		.event = event,
		.state = j.state,
		.behind = j.behind };
}

static void
test_what_is_open_or_holds_others_has_a_place(void **state)
{
	static const char in[] = "wblox", out[] = "pdc";
	struct job j;
	const char *p;

	(void)state;
	for (p = in; *p != '\0'; p++) {
		j = job(*p);
		assert_true(order_has_place(j.state, j.behind));
	}
	for (p = out; *p != '\0'; p++) {
		j = job(*p);
		assert_false(order_has_place(j.state, j.behind));
	}
}

static void
test_a_line_goes_by_event_and_then_by_id(void **state)
{
	const struct order_place p = place(7, 3, 'w');

	(void)state;
	assert_true(order_is_before(&p, 4, 1));
	assert_false(order_is_before(&p, 2, 9));
	assert_true(order_is_before(&p, 3, 8));
	assert_false(order_is_before(&p, 3, 7));
	assert_false(order_is_before(&p, 3, 6));
	assert_true(order_is_before(&p, 3, INT64_MAX));
	assert_false(order_is_before(&p, 2, INT64_MAX));
}

static void
test_a_change_of_state_moves_a_job(void **state)
{
	static const struct {
		char was, is;
		enum order_move move;
		bool frees, may_be_blocked;
	} cases[] = {
		/* Leased, and its end. */
		{ 'w', 'l', ORDER_STAYS, false, false },
		{ 'l', 'd', ORDER_STAYS, true, false },
		{ 'l', 'c', ORDER_STAYS, true, false },
		{ 'l', 'x', ORDER_DIES, false, true },
		{ 'l', 'p', ORDER_DIES, true, false },
		{ 'l', 'w', ORDER_STAYS, false, false },
		{ 'l', 'l', ORDER_STAYS, false, false },
		/* An earlier one came meanwhile, and waits for any end. */
		{ 'o', 'd', ORDER_STAYS, true, false },
		{ 'o', 'b', ORDER_STAYS, true, false },
		{ 'o', 'x', ORDER_DIES, true, true },
		{ 'o', 'c', ORDER_STAYS, true, false },
		/* Without a lease. */
		{ 'w', 'c', ORDER_STAYS, true, false },
		{ 'b', 'c', ORDER_STAYS, true, false },
		{ 'w', 'x', ORDER_DIES, false, true },
		{ 'w', 'w', ORDER_STAYS, false, false },
		/* A person acts on one that has ended. */
		{ 'x', 'c', ORDER_STAYS, true, false },
		{ 'p', 'c', ORDER_STAYS, true, false },
		{ 'x', 'w', ORDER_ENTERS, false, false },
		{ 'x', 'b', ORDER_ENTERS, false, true },
		{ 'p', 'b', ORDER_ENTERS, false, true },
		{ 'd', 'w', ORDER_ENTERS, false, false },
		{ 'd', 'b', ORDER_ENTERS, false, true },
		{ 'd', 'd', ORDER_STAYS, false, false },
	};
	struct job was, is;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		was = job(cases[i].was);
		is = job(cases[i].is);
		assert_int_equal(order_move_of(&was, &is), cases[i].move);
		assert_int_equal(order_frees(&was, &is), cases[i].frees);
		assert_int_equal(order_may_be_blocked(&was, &is),
		    cases[i].may_be_blocked);
		/* Without a key nobody waits for it. */
		was.ordered = is.ordered = false;
		assert_int_equal(order_move_of(&was, &is), ORDER_STAYS);
		assert_false(order_frees(&was, &is));
		assert_false(order_may_be_blocked(&was, &is));
	}
}

static void
test_an_earlier_job_waits_for_the_leased_one_alone(void **state)
{
	static const struct {
		char first;
		int64_t leased; /* of the line */
		bool asks;
		struct order_entry want;
	} cases[] = {
		/* The first was free, and waits from now on. */
		{ 'w', 0, false, { false, 7 } },
		{ 'l', 0, false, { true, 7 } },
		{ 'o', 0, false, { true, 7 } },
		{ 'b', 0, true, { false, 0 } },
		{ 'b', 9, true, { true, 9 } },
		{ 'x', 0, true, { false, 0 } },
		{ 'x', 9, true, { true, 9 } },
	};
	struct order_entry entry;
	struct order_place first;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		first = place(7, 3, cases[i].first);
		assert_int_equal(order_asks_leased(&first), cases[i].asks);
		entry = order_overtake(&first, cases[i].leased);
		assert_int_equal(entry.is_behind, cases[i].want.is_behind);
		assert_int_equal(entry.steps_back, cases[i].want.steps_back);
	}
}

static void
test_a_job_enters_by_its_event(void **state)
{
	static const struct {
		int64_t event, id;
		bool is_first, is_behind;
	} cases[] = {
		{ 2, 9, true, false },
		{ 3, 6, true, false },
		{ 3, 8, false, true },
		{ 4, 1, false, true },
		/* It is the first itself, a dead one that kept its place. */
		{ 3, 7, false, false },
	};
	const struct order_place first = place(7, 3, 'x');
	bool is_behind;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		is_behind = true;
		assert_int_equal(order_enters_first(&first, cases[i].event,
				     cases[i].id, &is_behind),
		    cases[i].is_first);
		assert_int_equal(is_behind, cases[i].is_behind);
	}
}

static void
test_an_end_lets_the_first_go(void **state)
{
	static const struct {
		char was, first;
		enum order_step step;
	} cases[] = {
		/* One at a time: the lease that ended was it. */
		{ 'l', 'b', ORDER_GOES },
		{ 'o', 'b', ORDER_GOES },
		/* Another may be leased. */
		{ 'w', 'b', ORDER_ASK_LEASED },
		{ 'b', 'b', ORDER_ASK_LEASED },
		{ 'x', 'b', ORDER_ASK_LEASED },
		/* The first goes already, or is under way. */
		{ 'l', 'w', ORDER_NO_STEP },
		{ 'b', 'w', ORDER_NO_STEP },
		{ 'b', 'l', ORDER_NO_STEP },
		{ 'b', 'o', ORDER_NO_STEP },
		/* A dead one: the others begin to wait for it, but those
		 * that had waited for it all along. */
		{ 'l', 'x', ORDER_IS_BLOCKED },
		{ 'o', 'x', ORDER_IS_BLOCKED },
		{ 'w', 'x', ORDER_IS_BLOCKED },
		{ 'x', 'x', ORDER_IS_BLOCKED },
		{ 'b', 'x', ORDER_NO_STEP },
	};
	struct order_place first;
	struct job was;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		was = job(cases[i].was);
		first = place(7, 3, cases[i].first);
		assert_int_equal(order_release(&was, &first), cases[i].step);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_open_or_holds_others_has_a_place),
		cmocka_unit_test(test_a_line_goes_by_event_and_then_by_id),
		cmocka_unit_test(test_a_change_of_state_moves_a_job),
		cmocka_unit_test(
		    test_an_earlier_job_waits_for_the_leased_one_alone),
		cmocka_unit_test(test_a_job_enters_by_its_event),
		cmocka_unit_test(test_an_end_lets_the_first_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
