#include "config.h"

#include "unit.h"

#include "core/event_state.h"

#define NOW INT64_C(1795248000000)

static void
test_the_status_follows_from_the_jobs(void **state)
{
	static const struct {
		bool expanded, touched;
		int64_t fresh, repeats, leased, dead;
		enum event_status status;
	} cases[] = {
		/* Its jobs are not made yet. */
		{ false, false, 0, 0, 0, 0, EVENT_PENDING },
		{ false, false, 3, 0, 0, 0, EVENT_PENDING },
		{ false, true, 0, 0, 0, 0, EVENT_PROCESSING },
		{ false, true, 2, 1, 0, 0, EVENT_PROCESSING },
		{ false, false, 0, 0, 1, 0, EVENT_PROCESSING },
		{ false, false, 0, 1, 0, 0, EVENT_PENDING },
		/* A person replays a failed one: the round is to come. */
		{ false, false, 0, 0, 0, 1, EVENT_PENDING },
		{ false, true, 0, 0, 0, 1, EVENT_PROCESSING },
		{ false, true, 0, 0, 1, 1, EVENT_PROCESSING },
		/* They are made. */
		{ true, false, 0, 0, 0, 0, EVENT_COMPLETED },
		{ true, true, 0, 0, 0, 0, EVENT_COMPLETED },
		{ true, false, 3, 0, 0, 0, EVENT_PENDING },
		{ true, true, 3, 0, 0, 0, EVENT_PROCESSING },
		{ true, true, 3, 2, 0, 0, EVENT_PROCESSING },
		{ true, false, 0, 0, 1, 0, EVENT_PROCESSING },
		{ true, true, 0, 2, 1, 0, EVENT_PROCESSING },
		{ true, true, 0, 2, 0, 0, EVENT_RETRY },
		{ true, false, 0, 2, 0, 0, EVENT_RETRY },
		/* A dead one shows at once. */
		{ true, true, 0, 0, 0, 1, EVENT_FAILED },
		{ true, false, 2, 0, 0, 1, EVENT_FAILED },
		{ true, true, 0, 2, 0, 1, EVENT_FAILED },
		{ true, true, 0, 0, 2, 1, EVENT_FAILED },
	};
	static const struct event_change nothing;
	struct event_state s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		s = (struct event_state){ .expanded = cases[i].expanded,
			.touched = cases[i].touched,
			.fresh = cases[i].fresh,
			.repeats = cases[i].repeats,
			.leased = cases[i].leased,
			.dead = cases[i].dead };
		event_state_apply(&s, &nothing, NOW);
		assert_int_equal(s.status, cases[i].status);
		assert_int_equal(s.completed_ms,
		    event_state_has_ended(&s) ? NOW : 0);
	}
}

static void
test_a_job_counts_where_it_stands(void **state)
{
	static const struct {
		enum job_state state;
		unsigned int attempt;
		int fresh, repeats, leased, dead;
	} cases[] = {
		{ JOB_WAITING, 0, 1, 0, 0, 0 },
		{ JOB_WAITING, 1, 0, 1, 0, 0 },
		{ JOB_LEASED, 1, 0, 0, 1, 0 },
		{ JOB_LEASED, 4, 0, 0, 1, 0 },
		{ JOB_DONE, 1, 0, 0, 0, 0 },
		{ JOB_DEAD, 12, 0, 0, 0, 1 },
		{ JOB_CANCELLED, 0, 0, 0, 0, 0 },
	};
	struct event_change c;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		c = (struct event_change){ 0 };
		event_change_count(&c, cases[i].state, cases[i].attempt, 1);
		assert_int_equal(c.fresh, cases[i].fresh);
		assert_int_equal(c.repeats, cases[i].repeats);
		assert_int_equal(c.leased, cases[i].leased);
		assert_int_equal(c.dead, cases[i].dead);
		event_change_count(&c, cases[i].state, cases[i].attempt, -1);
		assert_int_equal(
		    c.fresh | c.repeats | c.leased | c.dead | c.total, 0);
	}
}

static void
test_the_highest_repeat_stays(void **state)
{
	struct event_state s = { .expanded = true, .retry_count = 3 };
	struct event_change c = { 0 };

	(void)state;
	event_change_attempt(&c, 1);
	assert_int_equal(c.repeat, 0);
	event_change_attempt(&c, 3);
	event_change_attempt(&c, 2);
	assert_int_equal(c.repeat, 2);
	event_state_apply(&s, &c, NOW);
	assert_int_equal(s.retry_count, 3);
	event_change_attempt(&c, 6);
	event_state_apply(&s, &c, NOW);
	assert_int_equal(s.retry_count, 5);
}

static void
test_counts_are_never_negative(void **state)
{
	const struct event_change c = { .fresh = -1,
		.repeats = -2,
		.leased = -3,
		.dead = -4 };
	struct event_state s = { .expanded = true };

	(void)state;
	event_state_apply(&s, &c, NOW);
	assert_int_equal(s.fresh, 0);
	assert_int_equal(s.repeats, 0);
	assert_int_equal(s.leased, 0);
	assert_int_equal(s.dead, 0);
	assert_int_equal(s.status, EVENT_COMPLETED);
}

static void
test_a_retry_after_the_end_is_as_if_never_leased(void **state)
{
	const struct event_change requeue = { .dead = -1,
		.fresh = 1,
		.reopened = true };
	struct event_state s = { .status = EVENT_FAILED,
		.expanded = true,
		.touched = true,
		.dead = 1,
		.started_ms = NOW - 500,
		.completed_ms = NOW - 100 };

	(void)state;
	event_state_apply(&s, &requeue, NOW);
	assert_int_equal(s.status, EVENT_PENDING);
	assert_int_equal(s.completed_ms, 0);
	assert_int_equal(s.started_ms, NOW - 500);
	/* While others of it still run it stays in work. */
	s = (struct event_state){ .status = EVENT_FAILED,
		.expanded = true,
		.touched = true,
		.repeats = 1,
		.dead = 1,
		.started_ms = NOW - 500 };
	event_state_apply(&s, &requeue, NOW);
	assert_int_equal(s.status, EVENT_PROCESSING);
}

/* The life of an event with two jobs, of which one needs a second attempt. */
static void
test_the_sums_follow_a_life(void **state)
{
	static const struct {
		struct event_change c;
		int64_t now_ms;
		enum event_status status;
		struct event_effect want;
	} steps[] = {
		{ { .total = 2, .fresh = 2, .expanded = true }, NOW,
		    EVENT_PENDING, { .unexpanded = -1 } },
		{ { .fresh = -2, .leased = 2, .touched = true }, NOW + 10,
		    EVENT_PROCESSING, { .is_moved = true } },
		{ { .leased = -2, .repeats = 1 }, NOW + 30, EVENT_RETRY,
		    { .is_moved = true } },
		{ { .repeats = -1, .leased = 1, .touched = true }, NOW + 90,
		    EVENT_PROCESSING, { .is_moved = true } },
		{ { .leased = -1, .repeat = 1 }, NOW + 110, EVENT_COMPLETED,
		    { .is_moved = true,
			.processed = 1,
			.processed_ms = 100,
			.succeeded = 1,
			.processing_ms = 100 } },
		/* A person replays it, and its job dies beside another. */
		{ { .reopened = true, .total = 2, .fresh = 2 }, NOW + 200,
		    EVENT_PENDING,
		    { .is_moved = true,
			.succeeded = -1,
			.processing_ms = -100 } },
		{ { .fresh = -1, .dead = 1, .touched = true }, NOW + 210,
		    EVENT_FAILED,
		    { .is_moved = true, .failed_open = 1, .failed = 1 } },
		{ { .fresh = -1 }, NOW + 310, EVENT_FAILED,
		    { .failed_open = -1,
			.processed = 1,
			.processed_ms = 300,
			.processing_ms = 300 } },
	};
	struct event_state was, is = { .status = EVENT_PENDING };
	struct event_effect e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(steps); i++) {
		was = is;
		event_state_apply(&is, &steps[i].c, steps[i].now_ms);
		assert_int_equal(is.status, steps[i].status);
		e = event_state_effect(&was, &is);
		assert_int_equal(e.is_moved, steps[i].want.is_moved);
		assert_int_equal(e.unexpanded, steps[i].want.unexpanded);
		assert_int_equal(e.failed_open, steps[i].want.failed_open);
		assert_int_equal(e.processed, steps[i].want.processed);
		assert_int_equal(e.processed_ms, steps[i].want.processed_ms);
		assert_int_equal(e.succeeded, steps[i].want.succeeded);
		assert_int_equal(e.failed, steps[i].want.failed);
		assert_int_equal(e.processing_ms, steps[i].want.processing_ms);
	}
	assert_int_equal(is.total, 4);
	assert_int_equal(is.retry_count, 1);
	assert_int_equal(is.started_ms, NOW + 10);
	assert_int_equal(is.completed_ms, NOW + 310);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_status_follows_from_the_jobs),
		cmocka_unit_test(test_a_job_counts_where_it_stands),
		cmocka_unit_test(test_the_highest_repeat_stays),
		cmocka_unit_test(test_counts_are_never_negative),
		cmocka_unit_test(
		    test_a_retry_after_the_end_is_as_if_never_leased),
		cmocka_unit_test(test_the_sums_follow_a_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
