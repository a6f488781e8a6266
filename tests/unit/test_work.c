#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "store/store.h"
#include "store/store_work.h"
#include "tests/unit/fake_store.h"
#include "tests/unit/own_loop.h"
#include "work/work.h"

#define WANTS_MAX 12

/* A kind whose jobs end when the loop looks at the pipe, or in start(). */
static struct {
	bool in_start; /* end there */
	bool hang;     /* do not end at all */
	bool later;    /* one at a time */
	size_t running, most_running;
	size_t acts, most_acts; /* of the other kind, that run */
	size_t held, most_held;
	size_t acts_wait; /* for the ends of so many others */
	bool others_wait; /* for the end of an act, as long as this: */
	size_t wants;
	size_t others; /* that have ended */
	size_t cancelled;
	size_t dead; /* as it was told when they were settled */
	bool makes;  /* an act makes something, and owes a delivery */
	size_t made; /* that is not freed */
	int pipe[2];
	struct work_job *jobs[JOBS_MAX];
	struct work *work;
	int64_t stop_after; /* starts; 0: never */
	bool slow_suspects; /* they end when nothing else runs */
	int64_t starts;
	size_t wait_renewals;
} kind;

static enum rc
kind_refresh(void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	db.is_stale = false;

	return RC_OK;
}

static enum rc
kind_owes(void *arg, const struct event *ev, struct work_owed *o, struct err *e)
{
	(void)arg;
	(void)ev;
	(void)e;
	assert_false(db.is_stale);
	for (size_t i = 0; i < db.owed; i++)
		work_owe(o, "one of many", NULL);
	if (db.owed > 0)
		return RC_OK;
	work_owe(o, "one", NULL);
	work_owe(o, "two", NULL);

	return RC_OK;
}

static bool
kind_want(void *arg, const struct work_hand *hand,
    struct store_lease_want *want)
{
	(void)arg;
	(void)hand;
	want->max_per_target = 100;
	if (kind.others_wait && ++kind.wants == WANTS_MAX) {
		kind.others_wait = false;
		assert_int_equal(write(kind.pipe[1], "x", 1), 1);
	}

	return true;
}

static void
kind_hold(void *arg, struct work_job *job)
{
	(void)arg;
	(void)job;
	if (++kind.held > kind.most_held)
		kind.most_held = kind.held;
}

static void
kind_drop(void *arg, struct work_job *job)
{
	(void)arg;
	(void)job;
	kind.held--;
}

static void
kind_settled(void *arg, const struct work_job *job)
{
	(void)arg;
	assert_int_equal(job->result.job, job->lease.job);
	kind.dead += job->result.verdict == STORE_DEAD;
	if (job->state != NULL) {
		kind.made--;
		free(job->state);
	}
}

/* What the store would write: here the job's id, so that a test sees which
 * product came with which end. */
struct made {
	int64_t job;
	struct store_owed owes;
};

static void
make(struct work_job *job)
{
	struct made *m = xcalloc(1, sizeof(*m));

	m->job = job->lease.job;
	m->owes = (struct store_owed){ .kind = STORE_DELIVER, .target = "wh" };
	job->state = m;
	job->product = (const struct store_product *)m;
	job->owes = &m->owes;
	job->nowes = 1;
	kind.made++;
}

static void
see_product(const struct store_result *r)
{
	const struct made *m = (const struct made *)r->product;

	if (m != NULL)
		assert_int_equal(m->job, r->job);
}

static void
end_done(struct work_job *job)
{
	/* No request belongs to it, as to every job but a delivery. */
	static const struct store_attempt a = { .text = "" };

	if (kind.makes && job->lease.kind == STORE_ACT)
		make(job);
	work_end(job, STORE_DONE, 0, &a);
}

static enum work_start
kind_start(void *arg, struct work_job *job)
{
	(void)arg;
	if (kind.later && kind.running > 0)
		return WORK_LATER;
	db.rows[job->lease.job].starts++;
	kind.starts++;
	if (kind.in_start) {
		end_done(job);
		return WORK_STARTED;
	}
	kind.jobs[kind.running++] = job;
	kind.acts += job->lease.kind == STORE_ACT;
	if (kind.acts > kind.most_acts)
		kind.most_acts = kind.acts;
	if (kind.running - kind.acts > kind.most_running)
		kind.most_running = kind.running - kind.acts;
	assert_int_equal(write(kind.pipe[1], "x", 1), 1);

	return WORK_STARTED;
}

static void
kind_cancel(void *arg, struct work_job *job)
{
	size_t i = 0;

	(void)arg;
	while (kind.jobs[i] != job)
		i++;
	kind.jobs[i] = kind.jobs[--kind.running];
	kind.cancelled++;
}

static const struct work_kind fake_kind = {
	.kind = STORE_DELIVER,
	.refresh = kind_refresh,
	.owes = kind_owes,
	.want = kind_want,
	.hold = kind_hold,
	.drop = kind_drop,
	.settled = kind_settled,
	.start = kind_start,
	.cancel = kind_cancel,
};

/* Has no part in events. */
static enum rc
owes_nothing(void *arg, const struct event *ev, struct work_owed *o,
    struct err *e)
{
	(void)arg;
	(void)ev;
	(void)o;
	(void)e;

	return RC_OK;
}

static const struct work_kind other_kind = {
	.kind = STORE_ACT,
	.refresh = kind_refresh,
	.owes = owes_nothing,
	.want = kind_want,
	.hold = kind_hold,
	.drop = kind_drop,
	.settled = kind_settled,
	.start = kind_start,
	.cancel = kind_cancel,
};

static void
kind_ready(void *arg, unsigned int found)
{
	char text[JOBS_MAX];

	(void)arg;
	(void)found;
	if (kind.stop_after != 0 && kind.starts >= kind.stop_after)
		work_stop(kind.work);
	if (kind.hang || db.renewals < kind.wait_renewals)
		return;
	while (read(kind.pipe[0], text, sizeof(text)) > 0)
		continue;
	for (size_t i = kind.running; i-- > 0;) {
		struct work_job *job = kind.jobs[i];

		if (kind.slow_suspects && job->lease.alone && db.n > 1 &&
		    db.rows[0].state != ROW_ENDED)
			continue;
		if (job->lease.kind == STORE_ACT &&
		    kind.others < kind.acts_wait) {
			assert_int_equal(write(kind.pipe[1], "x", 1), 1);
			continue;
		}
		if (job->lease.kind != STORE_ACT && kind.others_wait)
			continue;
		kind.jobs[i] = kind.jobs[--kind.running];
		if (job->lease.kind == STORE_ACT)
			kind.others_wait = false;
		kind.acts -= job->lease.kind == STORE_ACT;
		kind.others += job->lease.kind != STORE_ACT;
		end_done(job);
	}
}

static void
prepare(size_t jobs, int64_t due_ms)
{
	memset(&db, 0, sizeof(db));
	memset(&kind, 0, sizeof(kind));
	while (db.n < jobs)
		fake_store_put(due_ms);
}

static struct work_options
options(void)
{
	return (struct work_options){ .loop = own_loop(),
		.clock = clock_system(),
		.worker = "w",
		.kinds_text = "all",
		.once = true,
		.concurrency = { [STORE_DELIVER] = 8, [STORE_ACT] = 2 },
		.batch = 4,
		.lease_ms = 60000,
		.poll_ms = 50,
		.body_budget = 1000,
		.grace_ms = 50 };
}

static enum rc
run(struct work_options opt)
{
	struct loop_watch ready = { .call = kind_ready };
	struct err e;
	enum rc rc;

	assert_int_equal(pipe2(kind.pipe, O_NONBLOCK | O_CLOEXEC), 0);
	ready.fd = kind.pipe[0];
	assert_int_equal(loop_watch(opt.loop, &ready, LOOP_READ, &e), RC_OK);
	kind.work = work_new(&opt);
	work_add(kind.work, &fake_kind, NULL);
	work_add(kind.work, &other_kind, NULL);
	rc = work_run(kind.work, &e);
	work_free(kind.work);
	loop_unwatch(opt.loop, &ready);
	close(kind.pipe[0]);
	close(kind.pipe[1]);
	assert_int_equal(kind.held, 0);

	return rc;
}

static void
assert_each(size_t leases, size_t starts, size_t settled,
    enum store_verdict verdict)
{
	for (size_t i = 0; i < db.n; i++) {
		assert_int_equal(db.rows[i].leases, leases);
		assert_int_equal(db.rows[i].starts, starts);
		assert_int_equal(db.rows[i].settled, settled);
		if (settled > 0)
			assert_int_equal(db.rows[i].verdict, verdict);
	}
}

static void
every_due_job_runs_once_within_the_limits(void **state)
{
	(void)state;
	prepare(200, 0);
	assert_int_equal(run(options()), RC_OK);
	assert_each(1, 1, 1, STORE_DONE);
	assert_true(kind.most_running <= 8);
	assert_true(kind.most_running >= 4);
	assert_true(kind.most_held <= 12);
	assert_int_equal(db.worker_done, 200);
	assert_false(db.worker_gone);
}

/* More acts than may be in hand stand before the deliveries, and end behind
 * them. */
static void
prepare_acts(size_t acts, size_t deliveries)
{
	prepare(acts + deliveries, 0);
	for (size_t i = 0; i < acts; i++)
		db.rows[i].kind = STORE_ACT;
	kind.acts_wait = deliveries;
}

static void
kinds_never_take_each_others_places(void **state)
{
	(void)state;
	prepare_acts(60, 100);
	assert_int_equal(run(options()), RC_OK);
	assert_each(1, 1, 1, STORE_DONE);
	assert_int_equal(kind.most_acts, 2);
	assert_true(kind.most_running >= 4 && kind.most_running <= 8);
	assert_true(kind.most_held <= 6 + 16);
}

static void
a_drain_of_one_kind_leaves_the_others_alone(void **state)
{
	struct work_options opt = options();

	(void)state;
	prepare_acts(5, 30);
	/* Of a kind that is not known here nothing is ever leased. */
	opt.kinds = 1u << STORE_EXEC;
	assert_int_equal(run(opt), RC_OK);
	assert_int_equal(db.kinds, 0);
	opt.kinds = 1u << STORE_DELIVER;
	assert_int_equal(run(opt), RC_OK);
	assert_int_equal(db.kinds, opt.kinds);
	for (size_t i = 0; i < db.n; i++)
		assert_int_equal(db.rows[i].state,
		    i < 5 ? ROW_WAITING : ROW_ENDED);
	db.kinds = 0;
	opt.kinds = 1u << STORE_ACT;
	assert_int_equal(run(opt), RC_OK);
	assert_int_equal(db.kinds, opt.kinds);
	assert_each(1, 1, 1, STORE_DONE);
}

static void
a_suspect_of_any_kind_runs_alone(void **state)
{
	(void)state;
	prepare_acts(60, 100);
	kind.acts_wait = 0;
	db.rows[30].suspect = db.rows[100].suspect = true;
	assert_int_equal(run(options()), RC_OK);
	assert_each(1, 1, 1, STORE_DONE);
	assert_int_equal(db.beside, 0);
}

static void
a_suspect_of_the_second_kind_waits_for_a_slow_job_once(void **state)
{
	int64_t now_ms = clock_wall_ms(clock_system());

	(void)state;
	prepare_acts(1, 2);
	kind.acts_wait = 0;
	kind.others_wait = true;
	db.rows[0].suspect = true;
	/* It comes due while one of the others runs, and the second of them
	 * before the wait is over. */
	db.rows[0].due_ms = now_ms + 100;
	db.rows[2].due_ms = now_ms + 500;
	assert_int_equal(run(options()), RC_OK);
	assert_each(1, 1, 1, STORE_DONE);
	assert_true(kind.wants < WANTS_MAX);
	assert_int_equal(db.company, 0);
}

static void
results_are_settled_in_groups(void **state)
{
	struct work_options opt = options();

	(void)state;
	prepare(400, 0);
	opt.concurrency[STORE_DELIVER] = opt.batch = 100;
	assert_int_equal(run(opt), RC_OK);
	assert_each(1, 1, 1, STORE_DONE);
	assert_true(db.largest_group <= 64);
	assert_true(db.settlements < 40);
}

static void
a_job_whose_product_is_refused_has_failed(void **state)
{
	(void)state;
	prepare(50, 0);
	db.rows[7].is_refused = db.rows[40].is_refused = true;
	/* What the store said is kept while it fails. */
	db.busy = 2;
	assert_int_equal(run(options()), RC_OK);
	assert_int_equal(db.worker_done, 48);
	assert_int_equal(db.worker_failed, 2);
	assert_int_equal(kind.dead, 2);
	for (size_t i = 0; i < db.n; i++) {
		assert_int_equal(db.rows[i].settled, 1);
		assert_int_equal(db.rows[i].refusals, db.rows[i].is_refused);
		assert_int_equal(db.rows[i].verdict,
		    db.rows[i].is_refused ? STORE_DEAD : STORE_DONE);
	}
}

static void
an_end_carries_what_the_job_made_and_what_that_owes(void **state)
{
	size_t products = 0;

	(void)state;
	prepare_acts(20, 5);
	kind.acts_wait = 0;
	kind.makes = true;
	db.see_product = see_product;
	db.rows[3].is_refused = true;
	db.busy = 2;
	assert_int_equal(run(options()), RC_OK);
	/* The one that was refused owes nothing. */
	assert_int_equal(db.n, 25 + 19);
	for (size_t i = 0; i < db.n; i++) {
		assert_int_equal(db.rows[i].settled, 1);
		products += db.rows[i].has_product;
	}
	assert_int_equal(products, 19);
	assert_int_equal(kind.made, 0);
	assert_int_equal(kind.dead, 1);
}

static void
a_job_may_end_where_it_starts(void **state)
{
	(void)state;
	prepare(50, 0);
	kind.in_start = true;
	assert_int_equal(run(options()), RC_OK);
	assert_each(1, 1, 1, STORE_DONE);
}

static void
a_job_that_may_not_start_yet_is_tried_later(void **state)
{
	(void)state;
	prepare(20, 0);
	kind.later = true;
	assert_int_equal(run(options()), RC_OK);
	assert_each(1, 1, 1, STORE_DONE);
	assert_int_equal(kind.most_running, 1);
}

static void
new_events_become_jobs(void **state)
{
	(void)state;
	prepare(0, 0);
	db.events = 200;
	assert_int_equal(run(options()), RC_OK);
	assert_int_equal(db.n, 400);
	assert_int_equal(db.expansions, 2);
	assert_each(1, 1, 1, STORE_DONE);
}

static void
expanded_settings_have_a_maximum_length(void **state)
{
	struct work_options opt = options();

	(void)state;
	opt.concurrency[STORE_DELIVER] = opt.batch = 100;
	kind.in_start = true;
	/* B87: one event for a great many; then many that make a great many. */
	prepare(0, 0);
	db.events = 1;
	db.owed = 10000;
	assert_int_equal(run(opt), RC_OK);
	assert_int_equal(db.n, 10000);
	assert_int_equal(db.expansions, 5);
	assert_int_equal(db.largest_expansion, 2000);
	assert_each(1, 1, 1, STORE_DONE);

	prepare(0, 0);
	db.events = 30;
	db.owed = 300;
	assert_int_equal(run(opt), RC_OK);
	assert_int_equal(db.n, 9000);
	assert_int_equal(db.largest_expansion, 300);
	assert_each(1, 1, 1, STORE_DONE);
}

static void
events_that_another_drain_expands_are_left_to_it(void **state)
{
	struct work_options opt = options();

	(void)state;
	opt.concurrency[STORE_DELIVER] = opt.batch = 100;
	prepare(3000, 0);
	kind.in_start = true;
	db.events = 500;
	db.stale = 3;
	assert_int_equal(run(opt), RC_OK);
	assert_int_equal(db.stale, 0);
	/* Twice in a row is no accident. */
	assert_true(db.stale_at[0] - db.stale_at[1] > 4);
	assert_int_equal(db.n, 4000);
	assert_each(1, 1, 1, STORE_DONE);
}

static void
once_waits_for_jobs_due_within_a_second(void **state)
{
	int64_t now = clock_wall_ms(clock_system());

	(void)state;
	prepare(1, now + 150);
	fake_store_put(now + 60000);
	assert_int_equal(run(options()), RC_OK);
	assert_int_equal(db.rows[0].settled, 1);
	assert_int_equal(db.rows[1].leases, 0);
}

static void
a_job_whose_lease_lapsed_is_not_started(void **state)
{
	(void)state;
	prepare(10, 0);
	db.leases_lapsed = true;
	assert_int_equal(run(options()), RC_OK);
	assert_each(1, 0, 0, STORE_DONE);
}

static void
a_running_job_keeps_its_lease(void **state)
{
	struct work_options opt = options();

	(void)state;
	prepare(3, 0);
	kind.wait_renewals = 3;
	opt.lease_ms = 60;
	assert_int_equal(run(opt), RC_OK);
	assert_each(1, 1, 1, STORE_DONE);
	assert_true(db.renewals >= 3);
}

static void
a_job_that_killed_its_worker_runs_alone(void **state)
{
	(void)state;
	prepare(100, 0);
	for (size_t i = 10; i < 100; i += 30)
		db.rows[i].suspect = true;
	assert_int_equal(run(options()), RC_OK);
	assert_each(1, 1, 1, STORE_DONE);
	assert_int_equal(db.beside, 0);
}

static void
a_slow_look_up_delays_others_for_a_moment_only(void **state)
{
	int64_t began = clock_boot_ms(clock_system()), took;

	(void)state;
	prepare(20, 0);
	db.rows[19].suspect = true;
	kind.slow_suspects = true;
	assert_int_equal(run(options()), RC_OK);
	took = clock_boot_ms(clock_system()) - began;
	assert_each(1, 1, 1, STORE_DONE);
	assert_true(took >= 1000 && took < 5000);
	/* From then on its worker's death says nothing of it. */
	assert_int_equal(db.marks_ended, 1);
}

static void
a_stop_finishes_running_jobs_and_returns_the_others(void **state)
{
	struct work_options opt = options();
	size_t i, done = 0, back = 0;

	(void)state;
	prepare(100, 0);
	kind.stop_after = 20;
	opt.once = false;
	assert_int_equal(run(opt), RC_OK);
	for (i = 0; i < db.n; i++) {
		assert_true(db.rows[i].state != ROW_LEASED);
		done += db.rows[i].state == ROW_ENDED;
		back += db.rows[i].starts == 0 && db.rows[i].leases > 0;
	}
	assert_int_equal(done, kind.starts);
	assert_true(db.worker_gone);
	assert_true(done < 100);
	assert_true(back <= 4);
	assert_int_equal(kind.cancelled, 0);
}

static void
jobs_that_outlast_the_grace_time_are_returned(void **state)
{
	struct work_options opt = options();

	(void)state;
	prepare(5, 0);
	kind.hang = true;
	kind.stop_after = 5;
	opt.once = false;
	assert_int_equal(run(opt), RC_OK);
	assert_int_equal(kind.cancelled, 5);
	assert_each(1, 1, 1, STORE_RELEASE);
}

static void
a_busy_store_is_retried_and_nothing_is_lost(void **state)
{
	(void)state;
	prepare(30, 0);
	db.events = 10;
	db.busy = 3;
	assert_int_equal(run(options()), RC_OK);
	assert_int_equal(db.n, 50);
	assert_each(1, 1, 1, STORE_DONE);
}

static void
a_dead_store_ends_the_run(void **state)
{
	(void)state;
	prepare(3, 0);
	db.dead = true;
	assert_int_equal(run(options()), RC_SYSTEM);
}

/* A line for each of a thousand attempts is no help here. */
static int
quiet(void **state)
{
	struct err e;

	(void)state;

	return log_open("stderr", LOG_LEVEL_ERROR, "test", clock_system(),
		   &e) == RC_OK
	    ? 0
	    : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_due_job_runs_once_within_the_limits),
		cmocka_unit_test(kinds_never_take_each_others_places),
		cmocka_unit_test(a_drain_of_one_kind_leaves_the_others_alone),
		cmocka_unit_test(a_suspect_of_any_kind_runs_alone),
		cmocka_unit_test(
		    a_suspect_of_the_second_kind_waits_for_a_slow_job_once),
		cmocka_unit_test(results_are_settled_in_groups),
		cmocka_unit_test(a_job_whose_product_is_refused_has_failed),
		cmocka_unit_test(
		    an_end_carries_what_the_job_made_and_what_that_owes),
		cmocka_unit_test(a_job_may_end_where_it_starts),
		cmocka_unit_test(a_job_that_may_not_start_yet_is_tried_later),
		cmocka_unit_test(new_events_become_jobs),
		cmocka_unit_test(expanded_settings_have_a_maximum_length),
		cmocka_unit_test(
		    events_that_another_drain_expands_are_left_to_it),
		cmocka_unit_test(once_waits_for_jobs_due_within_a_second),
		cmocka_unit_test(a_job_whose_lease_lapsed_is_not_started),
		cmocka_unit_test(a_running_job_keeps_its_lease),
		cmocka_unit_test(a_job_that_killed_its_worker_runs_alone),
		cmocka_unit_test(
		    a_slow_look_up_delays_others_for_a_moment_only),
		cmocka_unit_test(
		    a_stop_finishes_running_jobs_and_returns_the_others),
		cmocka_unit_test(jobs_that_outlast_the_grace_time_are_returned),
		cmocka_unit_test(a_busy_store_is_retried_and_nothing_is_lost),
		cmocka_unit_test(a_dead_store_ends_the_run),
	};

	return cmocka_run_group_tests(tests, quiet, NULL);
}
