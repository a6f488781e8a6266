#include "config.h"

#include "tests/unit/unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "store/store_test.h"
#include "tests/store/fixture.h"

/*
 * Many callers at once, and the order of what happens on the way to an
 * answer.
 */

#define THREADS 32
#define EACH 20

static int
setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));

	fix_init(f);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	store_test_at(NULL);
	fix_fini(*state);
	free(*state);
	return 0;
}

struct caller {
	struct fix *f;
	struct event *ev; /* to accept; NULL: EACH of its own */
	int number;
	int64_t wait_ms;
	enum rc rc;
	struct store_receipt receipt;
	atomic_bool done;
	pthread_t thread;
};

static void *
call(void *arg)
{
	struct caller *c = arg;
	struct err e;
	char id[32];
	int i;

	if (c->ev != NULL) {
		c->rc =
		    store_accept(c->f->s, c->ev, c->wait_ms, &c->receipt, &e);
	} else {
		for (i = 0; i < EACH && c->rc == RC_OK; i++) {
			(void)snprintf(id, sizeof(id), "t-%d-%d", c->number, i);
			c->rc = store_accept(c->f->s, fix_event(c->f, id),
			    c->wait_ms, &c->receipt, &e);
		}
	}
	atomic_store(&c->done, true);
	return NULL;
}

static void
start(struct caller *c, struct fix *f, struct event *ev, int number)
{
	memset(c, 0, sizeof(*c));
	c->f = f;
	c->ev = ev;
	c->number = number;
	c->wait_ms = 20000;
	assert_int_equal(pthread_create(&c->thread, NULL, call, c), 0);
}

static void
join(struct caller *c)
{
	assert_int_equal(pthread_join(c->thread, NULL), 0);
}

static void
test_all_events_of_all_threads_are_stored(void **state)
{
	struct fix *f = *state;
	struct caller c[THREADS];
	struct store_stats st;
	int i;

	for (i = 0; i < THREADS; i++)
		start(&c[i], f, NULL, i);
	for (i = 0; i < THREADS; i++) {
		join(&c[i]);
		assert_int_equal(c[i].rc, RC_OK);
	}
	fix_close(f);
	fix_open(f);
	fix_stats(f, &st);
	assert_int_equal(st.accepted, THREADS * EACH);
	fix_assert_sound(f);
}

static void
test_fifty_simultaneous_repeats_are_stored_once(void **state)
{
	struct fix *f = *state;
	struct caller c[50];
	struct store_stats st;
	size_t i, first = 0;

	for (i = 0; i < NELEM(c); i++)
		start(&c[i], f, fix_event(f, "the-same"), 0);
	for (i = 0; i < NELEM(c); i++) {
		join(&c[i]);
		assert_int_equal(c[i].rc, RC_OK);
		assert_int_equal(c[i].receipt.id, c[0].receipt.id);
		first += !c[i].receipt.duplicate;
	}
	assert_int_equal(first, 1);
	fix_stats(f, &st);
	assert_int_equal(st.accepted, 1);
	fix_assert_sound(f);
}

/* The committer stops at stop_at until it is let go. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static int stop_at = -1;
static bool stopped, let_go;

static void
stop_here(enum store_test_place place)
{
	(void)pthread_mutex_lock(&lock);
	if ((int)place == stop_at) {
		stopped = true;
		(void)pthread_cond_broadcast(&moved);
		while (!let_go)
			(void)pthread_cond_wait(&moved, &lock);
		stop_at = -1;
	}
	(void)pthread_mutex_unlock(&lock);
}

static void
stop_committer(enum store_test_place place)
{
	stop_at = (int)place;
	stopped = let_go = false;
	store_test_at(stop_here);
}

static void
await_stopped(void)
{
	(void)pthread_mutex_lock(&lock);
	while (!stopped)
		(void)pthread_cond_wait(&moved, &lock);
	(void)pthread_mutex_unlock(&lock);
}

static void
release_committer(void)
{
	(void)pthread_mutex_lock(&lock);
	let_go = true;
	(void)pthread_cond_broadcast(&moved);
	(void)pthread_mutex_unlock(&lock);
}

static bool
is_stored(struct fix *f, int64_t id)
{
	struct event *ev = NULL;
	enum rc rc = store_event_find(f->s, id, &ev, &f->e);

	event_free(ev);
	return rc == RC_OK;
}

static void
test_no_caller_returns_before_the_commit_is_on_disk(void **state)
{
	struct fix *f = *state;
	struct caller c;

	stop_committer(STORE_TEST_BEFORE_COMMIT);
	start(&c, f, fix_event(f, "d-1"), 0);
	await_stopped();
	assert_false(is_stored(f, 1));
	assert_false(atomic_load(&c.done));
	release_committer();
	join(&c);
	assert_int_equal(c.rc, RC_OK);

	stop_committer(STORE_TEST_AFTER_COMMIT);
	start(&c, f, fix_event(f, "d-2"), 0);
	await_stopped();
	assert_true(is_stored(f, 2));
	assert_false(atomic_load(&c.done));
	release_committer();
	join(&c);
	assert_int_equal(c.rc, RC_OK);
}

static void
test_a_caller_that_timed_out_may_call_again(void **state)
{
	struct fix *f = *state;
	struct store_receipt r;
	struct caller c;
	struct err e;

	stop_committer(STORE_TEST_BEFORE_COMMIT);
	start(&c, f, fix_event(f, "d-1"), 0);
	await_stopped();
	assert_int_equal(store_accept(f->s, fix_event(f, "d-2"), 20, &r, &e),
	    RC_BUSY);
	release_committer();
	join(&c);
	assert_int_equal(store_accept(f->s, fix_event(f, "d-2"), 5000, &r, &e),
	    RC_OK);
	assert_true(r.duplicate);
	fix_assert_sound(f);
}

static void
test_a_stuck_writer_queue_refuses_further_writes(void **state)
{
	struct fix *f = *state;
	const struct timespec pause = { 0, 20 * 1000 * 1000 };
	struct store_receipt r;
	struct caller c;
	struct err e;
	int64_t begun, took;
	char id[32];
	int i;

	stop_committer(STORE_TEST_BEFORE_COMMIT);
	start(&c, f, fix_event(f, "d-1"), 0);
	await_stopped();
	/* Answered at once, not at the end of what it would have waited. */
	for (i = 0; i < 500; i++) {
		(void)snprintf(id, sizeof(id), "q-%d", i);
		begun = clock_tick_us();
		assert_int_equal(
		    store_accept(f->s, fix_event(f, id), 100, &r, &e), RC_BUSY);
		took = clock_tick_us() - begun;
		if (took < 50 * 1000)
			break;
		(void)nanosleep(&pause, NULL);
	}
	assert_true(i < 500);
	release_committer();
	join(&c);
	fix_assert_sound(f);
}

static void
test_one_bad_row_never_fails_its_group(void **state)
{
	struct fix *f = *state;
	struct caller c[12];
	struct store_stats st;
	const struct timespec pause = { 0, 100 * 1000 * 1000 };
	struct event *ev;
	char id[32];
	size_t i;

	stop_committer(STORE_TEST_BEFORE_COMMIT);
	for (i = 0; i < NELEM(c); i++) {
		(void)snprintf(id, sizeof(id), "g-%zu", i);
		ev = fix_event(f, id);
		/* No priority that the table has. */
		if (i == 5)
			ev->priority = 12;
		start(&c[i], f, ev, 0);
		if (i == 0)
			await_stopped();
	}
	/* Time for the others to queue; if they do not the test only proves
	 * less. */
	(void)nanosleep(&pause, NULL);
	release_committer();
	for (i = 0; i < NELEM(c); i++) {
		join(&c[i]);
		assert_int_equal(c[i].rc, i == 5 ? RC_INVALID : RC_OK);
	}
	fix_stats(f, &st);
	assert_int_equal(st.accepted, NELEM(c) - 1);
	fix_assert_sound(f);
}

struct taker {
	struct fix *f;
	struct store *s;
	uint8_t *taken; /* by job */
	atomic_int *twice;
	int worker;
	enum rc rc;
	pthread_t thread;
};

static void *
take(void *arg)
{
	struct taker *t = arg;
	char name[16];
	struct store_lease_want want = { .worker = name,
		.max = 3,
		.hold_ms = 60000 };
	struct store_leases l;
	struct err e;
	int64_t next_ms;
	size_t i;

	(void)snprintf(name, sizeof(name), "w-%d", t->worker);
	for (;;) {
		t->rc = store_lease_due(t->s, t->f->wall_ms, &want, &l,
		    &next_ms, &e);
		if (t->rc != RC_OK || l.n == 0)
			return NULL;
		for (i = 0; i < l.n; i++)
			if (__atomic_fetch_add(&t->taken[l.v[i].job], 1,
				__ATOMIC_SEQ_CST) != 0)
				atomic_fetch_add(t->twice, 1);
		store_leases_free(&l);
	}
}

static void
test_no_job_is_leased_twice(void **state)
{
	struct fix *f = *state;
	struct taker t[4];
	uint8_t taken[301] = { 0 };
	atomic_int twice = 0;
	char id[16];
	size_t i, n = 0;

	for (i = 0; i < 300; i++) {
		(void)snprintf(id, sizeof(id), "d-%zu", i);
		(void)fix_job(f, id, i % 3 == 0 ? "hook-1" : "hook-2");
	}
	/* Stores of their own, as other processes have. */
	for (i = 0; i < NELEM(t); i++) {
		memset(&t[i], 0, sizeof(t[i]));
		t[i].f = f;
		t[i].taken = taken;
		t[i].twice = &twice;
		t[i].worker = (int)i;
		assert_int_equal(store_open(&f->opt, &t[i].s, &f->e), RC_OK);
	}
	for (i = 0; i < NELEM(t); i++)
		assert_int_equal(
		    pthread_create(&t[i].thread, NULL, take, &t[i]), 0);
	for (i = 0; i < NELEM(t); i++) {
		(void)pthread_join(t[i].thread, NULL);
		assert_int_equal(t[i].rc, RC_OK);
		store_close(t[i].s);
	}
	assert_int_equal(atomic_load(&twice), 0);
	for (i = 1; i <= 300; i++)
		n += taken[i];
	assert_int_equal(n, 300);
	fix_assert_sound(f);
}

static void
test_a_fork_may_not_use_the_store(void **state)
{
	const struct rlimit none = { 0, 0 };
	struct fix *f = *state;
	int status;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)signal(SIGABRT, SIG_DFL);
		(void)setrlimit(RLIMIT_CORE, &none);
		(void)fclose(stderr);
		(void)store_check(f->s, &f->e);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_int_equal(store_check(f->s, &f->e), RC_OK);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_all_events_of_all_threads_are_stored),
		CASE(test_fifty_simultaneous_repeats_are_stored_once),
		CASE(test_no_caller_returns_before_the_commit_is_on_disk),
		CASE(test_a_caller_that_timed_out_may_call_again),
		CASE(test_a_stuck_writer_queue_refuses_further_writes),
		CASE(test_one_bad_row_never_fails_its_group),
		CASE(test_no_job_is_leased_twice),
		CASE(test_a_fork_may_not_use_the_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
