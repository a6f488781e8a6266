#include "config.h"

#include <pthread.h>

#include "front/budget.h"
#include "tests/unit/unit.h"

static void
taken_bytes_are_missing_until_they_are_returned(void **state)
{
	struct budget b;
	struct err e;

	(void)state;
	budget_init(&b, 100);
	assert_int_equal(budget_take(&b, 60, 0, &e), RC_OK);
	assert_int_equal(budget_take(&b, 41, 1, &e), RC_BUSY);
	assert_int_equal(budget_take(&b, 40, 0, &e), RC_OK);
	assert_int_equal(budget_take(&b, 0, 0, &e), RC_OK);
	assert_int_equal(budget_take(&b, 101, 1000, &e), RC_TOOBIG);
	budget_give(&b, 60);
	assert_int_equal(budget_take(&b, 60, 0, &e), RC_OK);
	budget_give(&b, 100);
	budget_fini(&b);
}

static void *
take_all(void *arg)
{
	struct budget *b = arg;
	struct err e;

	return budget_take(b, 100, 60000, &e) == RC_OK ? b : NULL;
}

static void
a_waiter_is_woken(void **state)
{
	struct budget b;
	pthread_t thread;
	struct err e;
	void *got;

	(void)state;
	budget_init(&b, 100);
	assert_int_equal(budget_take(&b, 1, 0, &e), RC_OK);
	assert_int_equal(pthread_create(&thread, NULL, take_all, &b), 0);
	budget_give(&b, 1);
	assert_int_equal(pthread_join(thread, &got), 0);
	assert_ptr_equal(got, &b);
	budget_give(&b, 100);
	budget_fini(&b);
}

static void
a_new_budget_keeps_the_bytes_taken(void **state)
{
	struct budget b;
	struct err e;

	(void)state;
	budget_init(&b, 100);
	assert_int_equal(budget_take(&b, 80, 0, &e), RC_OK);
	budget_change(&b, 50);
	assert_int_equal(budget_size(&b), 50);
	assert_int_equal(budget_take(&b, 51, 1000, &e), RC_TOOBIG);
	assert_int_equal(budget_take(&b, 10, 1, &e), RC_BUSY);
	budget_change(&b, 200);
	assert_int_equal(budget_take(&b, 120, 0, &e), RC_OK);
	budget_give(&b, 200);
	budget_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    taken_bytes_are_missing_until_they_are_returned),
		cmocka_unit_test(a_waiter_is_woken),
		cmocka_unit_test(a_new_budget_keeps_the_bytes_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
