#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "tests/unit/unit.h"

static int64_t test_now_ms;

static int64_t
get_now(void *arg)
{
	(void)arg;
	return test_now_ms;
}

static const struct clock test_clock = { get_now, get_now, NULL, "" };

static const enum loop_engine engines[] = { LOOP_BEST, LOOP_POLL };
#define ENGINES (sizeof(engines) / sizeof(engines[0]))

static struct loop *
make(const struct clock *clock, enum loop_engine engine)
{
	struct loop *l;
	struct err e;

	assert_int_equal(loop_new(clock, engine, &l, &e), RC_OK);
	return l;
}

/* A watched descriptor and what was heard of it. */
struct end {
	struct loop *loop;
	struct loop_watch watch, *other;
	unsigned int found;
	int calls;
};

static void
hear(void *arg, unsigned int found)
{
	struct end *end = arg;

	end->found = found;
	end->calls++;
	if (end->other != NULL)
		loop_unwatch(end->loop, end->other);
}

static void
watch(struct loop *l, struct end *end, int fd, unsigned int wanted)
{
	struct err e;

	end->loop = l;
	end->watch.fd = fd;
	end->watch.call = hear;
	end->watch.arg = end;
	assert_int_equal(loop_watch(l, &end->watch, wanted, &e), RC_OK);
}

static void
a_descriptor_is_called_when_it_can_be_read(void **state)
{
	struct loop *l;
	int fds[2];
	size_t i;

	(void)state;
	for (i = 0; i < ENGINES; i++) {
		struct end end = { 0 };

		l = make(clock_system(), engines[i]);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		watch(l, &end, fds[0], LOOP_READ);
		loop_turn(l, 0);
		assert_int_equal(end.calls, 0);
		assert_int_equal(write(fds[1], "x", 1), 1);
		loop_turn(l, -1);
		assert_int_equal(end.found, LOOP_READ);
		watch(l, &end, fds[0], LOOP_READ | LOOP_WRITE);
		loop_turn(l, -1);
		assert_int_equal(end.found, LOOP_READ | LOOP_WRITE);
		close(fds[1]);
		loop_turn(l, -1);
		assert_true(end.found & LOOP_GONE);
		loop_unwatch(l, &end.watch);
		loop_turn(l, 0);
		assert_int_equal(end.calls, 3);
		close(fds[0]);
		loop_free(l);
	}
}

static void
a_watch_that_another_ends_is_not_called(void **state)
{
	struct loop *l;
	int fds[2];
	size_t i;

	(void)state;
	for (i = 0; i < ENGINES; i++) {
		struct end a = { 0 }, b = { 0 };

		l = make(clock_system(), engines[i]);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		watch(l, &a, fds[0], LOOP_WRITE);
		watch(l, &b, fds[1], LOOP_WRITE);
		a.other = &b.watch;
		b.other = &a.watch;
		loop_turn(l, -1);
		loop_turn(l, 0);
		assert_int_equal(a.calls == 0 ? b.calls : a.calls, 2);
		assert_int_equal(a.calls == 0 ? a.calls : b.calls, 0);
		close(fds[0]);
		close(fds[1]);
		loop_free(l);
	}
}

static void
many_descriptors_all_have_a_turn(void **state)
{
	enum {
		PAIRS = 300
	};
	struct end *ends;
	struct loop *l;
	int fds[2], turns;
	size_t i, j, heard;

	(void)state;
	for (i = 0; i < ENGINES; i++) {
		ends = calloc(2 * PAIRS, sizeof(*ends));
		l = make(clock_system(), engines[i]);
		for (j = 0; j < PAIRS; j++) {
			assert_int_equal(
			    socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
			watch(l, &ends[2 * j], fds[0], LOOP_WRITE);
			watch(l, &ends[2 * j + 1], fds[1], LOOP_WRITE);
		}
		for (turns = 0; turns < 6; turns++)
			loop_turn(l, 0);
		for (j = heard = 0; j < 2 * PAIRS; j++) {
			heard += ends[j].calls > 0;
			loop_unwatch(l, &ends[j].watch);
			close(ends[j].watch.fd);
		}
		assert_int_equal(heard, 2 * PAIRS);
		loop_free(l);
		free(ends);
	}
}

/* A timer that notes in which order it ran. */
struct note {
	struct loop_timer timer;
	struct loop *loop;
	struct note *ends; /* another one, or NULL */
	int64_t again_ms;  /* 0: not again */
	int rank, ran;
};
static int next_rank;

static void
ring(void *arg)
{
	struct note *n = arg;

	n->ran++;
	n->rank = ++next_rank;
	if (n->ends != NULL)
		loop_timer_stop(n->loop, &n->ends->timer);
	if (n->again_ms != 0)
		loop_timer_set(n->loop, &n->timer, n->again_ms);
}

static void
timer(struct loop *l, struct note *n, int64_t at_ms)
{
	n->loop = l;
	n->timer.call = ring;
	n->timer.arg = n;
	loop_timer_set(l, &n->timer, at_ms);
}

static void
timers_run_in_the_order_of_their_times(void **state)
{
	enum {
		N = 50
	};
	struct note notes[N] = { 0 };
	struct loop *l = make(&test_clock, LOOP_BEST);
	int i;

	(void)state;
	next_rank = 0;
	test_now_ms = 0;
	/* 7 and N have no common divisor: each time is given once. */
	for (i = 0; i < N; i++)
		timer(l, &notes[i], 1000 + (i * 7) % N);
	test_now_ms = 999;
	loop_turn(l, 0);
	assert_int_equal(next_rank, 0);
	for (i = 0; i < N; i += 5)
		loop_timer_stop(l, &notes[i].timer);
	timer(l, &notes[1], 2000);
	test_now_ms = 1999;
	loop_turn(l, 0);
	assert_int_equal(next_rank, N - N / 5 - 1);
	for (i = 0; i < N; i++) {
		int j = (i + 3) % N;

		if (notes[i].ran && notes[j].ran)
			assert_int_equal(notes[i].rank < notes[j].rank,
			    (i * 7) % N < (j * 7) % N);
	}
	assert_int_equal(notes[0].ran + notes[1].ran, 0);
	test_now_ms = 2000;
	loop_turn(l, 0);
	assert_int_equal(notes[1].ran, 1);
	loop_free(l);
}

static void
a_timer_may_stop_others_and_start_itself(void **state)
{
	struct note a = { 0 }, b = { 0 }, c = { 0 };
	struct loop *l = make(&test_clock, LOOP_POLL);

	(void)state;
	test_now_ms = 100;
	a.ends = &b;
	timer(l, &a, 10);
	timer(l, &b, 20);
	c.again_ms = 50;
	timer(l, &c, 30);
	loop_turn(l, -1);
	loop_turn(l, 0);
	assert_int_equal(a.ran, 1);
	assert_int_equal(b.ran, 0);
	/* One that is always due does not keep the loop from its turn's end. */
	assert_true(c.ran >= 2);
	loop_free(l);
}

static void
the_wait_ends_with_the_next_timer(void **state)
{
	struct loop *l = make(clock_system(), LOOP_BEST);
	int64_t began_ms = clock_boot_ms(clock_system());
	struct note a = { 0 };

	(void)state;
	timer(l, &a, began_ms + 20);
	while (a.ran == 0)
		loop_turn(l, -1);
	assert_true(clock_boot_ms(clock_system()) >= began_ms + 20);
	assert_true(loop_now_ms(l) >= began_ms + 20);
	loop_free(l);
}

static void *
wake_it(void *arg)
{
	loop_wake(arg);
	return NULL;
}

static void
another_thread_ends_the_wait(void **state)
{
	struct loop *l;
	pthread_t thread;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * ENGINES; i++) {
		l = make(clock_system(), engines[i % ENGINES]);
		assert_int_equal(pthread_create(&thread, NULL, wake_it, l), 0);
		loop_turn(l, -1);
		pthread_join(thread, NULL);
		/* And once more, as often as it is asked. */
		loop_wake(l);
		loop_wake(l);
		loop_turn(l, -1);
		loop_free(l);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_descriptor_is_called_when_it_can_be_read),
		cmocka_unit_test(a_watch_that_another_ends_is_not_called),
		cmocka_unit_test(many_descriptors_all_have_a_turn),
		cmocka_unit_test(timers_run_in_the_order_of_their_times),
		cmocka_unit_test(a_timer_may_stop_others_and_start_itself),
		cmocka_unit_test(the_wait_ends_with_the_next_timer),
		cmocka_unit_test(another_thread_ends_the_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
