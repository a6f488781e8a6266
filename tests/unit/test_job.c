#include "config.h"

#include "unit.h"

#include "core/job.h"

#define NOW INT64_C(1795248000000)

/* As it is while its second attempt runs. */
static const struct job leased = { .state = JOB_LEASED,
	.priority = 5,
	.attempt = 2,
	.tries = 4,
	.deaths = 1,
	.suspect = true,
	.due_ms = NOW - 1000 };

static void
assert_job(const struct job *is, const struct job *want)
{
	assert_int_equal(is->state, want->state);
	assert_int_equal(is->priority, want->priority);
	assert_int_equal(is->attempt, want->attempt);
	assert_int_equal(is->tries, want->tries);
	assert_int_equal(is->deaths, want->deaths);
	assert_int_equal(is->suspect, want->suspect);
	assert_int_equal(is->again, want->again);
	assert_int_equal(is->ordered, want->ordered);
	assert_int_equal(is->behind, want->behind);
	assert_int_equal(is->due_ms, want->due_ms);
	assert_int_equal(is->ended_ms, want->ended_ms);
}

static void
test_a_verdict_decides_the_state(void **state)
{
	static const struct {
		enum job_verdict verdict;
		int64_t again_ms;
		struct job want;
	} cases[] = {
		{ JOB_VERDICT_DONE, 0,
		    { .state = JOB_DONE,
			.priority = 5,
			.attempt = 2,
			.tries = 5,
			.due_ms = NOW - 1000,
			.ended_ms = NOW } },
		{ JOB_VERDICT_DEAD, 0,
		    { .state = JOB_DEAD,
			.priority = 5,
			.attempt = 2,
			.tries = 5,
			.due_ms = NOW - 1000,
			.ended_ms = NOW } },
		{ JOB_VERDICT_CANCEL, 0,
		    { .state = JOB_CANCELLED,
			.priority = 5,
			.attempt = 2,
			.tries = 5,
			.due_ms = NOW - 1000,
			.ended_ms = NOW } },
		{ JOB_VERDICT_AGAIN, NOW + 60000,
		    { .state = JOB_WAITING,
			.priority = 5,
			.attempt = 2,
			.tries = 5,
			.due_ms = NOW + 60000 } },
		{ JOB_VERDICT_RELEASE, 0,
		    { .state = JOB_WAITING,
			.priority = 5,
			.attempt = 1,
			.tries = 4,
			.deaths = 1,
			.suspect = true,
			.due_ms = NOW - 1000 } },
		{ JOB_VERDICT_RELEASE, NOW + 50,
		    { .state = JOB_WAITING,
			.priority = 5,
			.attempt = 1,
			.tries = 4,
			.deaths = 1,
			.suspect = true,
			.due_ms = NOW + 50 } },
	};
	struct job j;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		j = leased;
		job_settle(&j, cases[i].verdict, cases[i].again_ms, NOW);
		assert_job(&j, &cases[i].want);
	}
}

static void
test_a_lease_uses_an_attempt(void **state)
{
	struct job j = { .state = JOB_WAITING, .attempt = 1, .tries = 3 };

	(void)state;
	job_lease(&j);
	assert_int_equal(j.state, JOB_LEASED);
	assert_int_equal(j.attempt, 2);
	assert_int_equal(j.tries, 3);
}

static void
test_no_attempt_is_given_back_twice(void **state)
{
	struct job j = { .state = JOB_LEASED };

	(void)state;
	job_settle(&j, JOB_VERDICT_RELEASE, 0, NOW);
	assert_int_equal(j.attempt, 0);
	j.state = JOB_LEASED;
	job_lapse(&j, false, NOW);
	assert_int_equal(j.attempt, 0);
}

static void
test_only_deaths_of_a_job_alone_count(void **state)
{
	static const struct {
		unsigned int deaths;
		bool alone;
		enum job_state state;
		unsigned int deaths_after, attempt_after;
	} cases[] = {
		{ 0, false, JOB_WAITING, 0, 1 },
		{ 0, true, JOB_WAITING, 1, 1 },
		{ 1, true, JOB_WAITING, 2, 1 },
		{ 2, false, JOB_WAITING, 2, 1 },
		{ 2, true, JOB_DEAD, 3, 2 },
		{ 7, false, JOB_DEAD, 7, 2 },
	};
	struct job j;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		j = leased;
		j.suspect = false;
		j.deaths = cases[i].deaths;
		job_lapse(&j, cases[i].alone, NOW);
		assert_int_equal(j.state, cases[i].state);
		assert_int_equal(j.deaths, cases[i].deaths_after);
		assert_int_equal(j.attempt, cases[i].attempt_after);
		assert_int_equal(j.tries, 4);
		assert_true(j.suspect);
		assert_int_equal(j.due_ms, NOW - 1000);
		assert_int_equal(j.ended_ms,
		    cases[i].state == JOB_DEAD ? NOW : 0);
	}
}

static void
test_a_retry_begins_a_new_round(void **state)
{
	const struct job want = { .state = JOB_WAITING,
		.priority = 5,
		.tries = 4,
		.again = true,
		.ordered = true,
		.due_ms = NOW };
	struct job j = leased;

	(void)state;
	j.state = JOB_DEAD;
	j.ordered = true;
	j.ended_ms = NOW - 500;
	job_requeue(&j, NOW);
	assert_job(&j, &want);
}

static void
test_a_delivered_job_that_was_overtaken_is_due_again(void **state)
{
	struct job j = leased;

	(void)state;
	job_settle(&j, JOB_VERDICT_DONE, 0, NOW);
	job_redeliver(&j, NOW);
	assert_int_equal(j.state, JOB_WAITING);
	assert_int_equal(j.attempt, 0);
	assert_int_equal(j.tries, 5);
	assert_true(j.again);
	assert_int_equal(j.due_ms, NOW);
	assert_int_equal(j.ended_ms, 0);
}

static void
test_a_hastened_job_keeps_its_attempts(void **state)
{
	struct job j = leased, want;

	(void)state;
	j.state = JOB_WAITING;
	want = j;
	want.again = true;
	want.due_ms = NOW;
	job_hasten(&j, NOW);
	assert_job(&j, &want);
}

static void
test_an_end_changes_nothing_but_the_state(void **state)
{
	struct job j = leased, want = leased;

	(void)state;
	want.state = JOB_CANCELLED;
	want.ended_ms = NOW;
	job_end(&j, JOB_CANCELLED, NOW);
	assert_job(&j, &want);
}

static void
test_what_may_be_done_depends_on_the_state(void **state)
{
	static const struct {
		enum job_state state;
		bool has_ended, may_cancel;
	} cases[] = {
		{ JOB_WAITING, false, true },
		{ JOB_LEASED, false, true },
		{ JOB_DONE, true, false },
		{ JOB_DEAD, true, true },
		{ JOB_CANCELLED, true, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		assert_int_equal(job_has_ended(cases[i].state),
		    cases[i].has_ended);
		assert_int_equal(job_may_cancel(cases[i].state),
		    cases[i].may_cancel);
	}
}

static void
test_a_first_round_is_due_by_age(void **state)
{
	static const struct {
		int64_t round, received_ms, scheduled_ms, due_ms;
	} cases[] = {
		{ 0, NOW - 5000, 0, NOW - 5000 },
		{ 0, NOW - 5000, NOW - 6000, NOW - 5000 },
		{ 0, NOW - 5000, NOW - 4000, NOW - 4000 },
		{ 0, NOW - 5000, NOW + 9000, NOW + 9000 },
		/* The clock that wrote it was ahead. */
		{ 0, NOW + 5000, 0, NOW },
		{ 1, NOW - 5000, 0, NOW },
		{ 1, NOW - 5000, NOW - 4000, NOW },
		{ 2, NOW - 5000, NOW + 9000, NOW + 9000 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++)
		assert_int_equal(job_first_due(cases[i].round,
				     cases[i].received_ms,
				     cases[i].scheduled_ms, NOW),
		    cases[i].due_ms);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_verdict_decides_the_state),
		cmocka_unit_test(test_a_lease_uses_an_attempt),
		cmocka_unit_test(test_no_attempt_is_given_back_twice),
		cmocka_unit_test(test_only_deaths_of_a_job_alone_count),
		cmocka_unit_test(test_a_retry_begins_a_new_round),
		cmocka_unit_test(
		    test_a_delivered_job_that_was_overtaken_is_due_again),
		cmocka_unit_test(test_a_hastened_job_keeps_its_attempts),
		cmocka_unit_test(test_an_end_changes_nothing_but_the_state),
		cmocka_unit_test(test_what_may_be_done_depends_on_the_state),
		cmocka_unit_test(test_a_first_round_is_due_by_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
