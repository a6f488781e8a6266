#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/semwait.h"
#include "tests/unit/unit.h"

static bool (*const ways[])(sem_t *s, const struct timespec *until) = {
	semwait,
	semwait_by_wall,
};

static void
a_post_is_taken_even_when_it_is_late(void **state)
{
	struct timespec gone = clock_tick_in(-1000 * 1000);
	sem_t s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(ways); i++) {
		assert_int_equal(sem_init(&s, 0, 1), 0);
		assert_true(ways[i](&s, &gone));
		assert_false(ways[i](&s, &gone));
		(void)sem_destroy(&s);
	}
}

static void
a_waiter_without_a_post_times_out(void **state)
{
	const int64_t us = 250 * 1000;
	struct timespec until;
	int64_t began_us, took_us;
	sem_t s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(ways); i++) {
		assert_int_equal(sem_init(&s, 0, 0), 0);
		began_us = clock_tick_us();
		until = clock_tick_in(us);
		assert_false(ways[i](&s, &until));
		took_us = clock_tick_us() - began_us;
		assert_true(took_us >= us && took_us < 20 * us);
		(void)sem_destroy(&s);
	}
}

struct poster {
	sem_t s;
	pthread_t waiter;
	atomic_bool is_waiting;
};

static void
ignore(int number)
{
	(void)number;
}

/* A signal before the post: neither it nor the time is what ends the wait. */
static void *
post(void *arg)
{
	struct poster *p = arg;

	while (!atomic_load(&p->is_waiting))
		continue;
	(void)pthread_kill(p->waiter, SIGUSR1);
	(void)sem_post(&p->s);
	return NULL;
}

static void
a_post_ends_the_wait_and_a_signal_does_not(void **state)
{
	struct sigaction sa = { .sa_handler = ignore };
	struct timespec until;
	struct poster p = { .waiter = pthread_self() };
	pthread_t t;
	int64_t began_us;
	size_t i;

	(void)state;
	(void)sigemptyset(&sa.sa_mask);
	assert_int_equal(sigaction(SIGUSR1, &sa, NULL), 0);
	for (i = 0; i < NELEM(ways); i++) {
		assert_int_equal(sem_init(&p.s, 0, 0), 0);
		atomic_store(&p.is_waiting, false);
		assert_int_equal(pthread_create(&t, NULL, post, &p), 0);
		began_us = clock_tick_us();
		until = clock_tick_in(60 * INT64_C(1000000));
		atomic_store(&p.is_waiting, true);
		assert_true(ways[i](&p.s, &until));
		assert_true(clock_tick_us() - began_us < 30 * INT64_C(1000000));
		(void)pthread_join(t, NULL);
		(void)sem_destroy(&p.s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_post_is_taken_even_when_it_is_late),
		cmocka_unit_test(a_waiter_without_a_post_times_out),
		cmocka_unit_test(a_post_ends_the_wait_and_a_signal_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
