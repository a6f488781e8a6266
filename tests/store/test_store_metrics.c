#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/meter.h"
#include "base/strlist.h"
#include "core/webhook.h"
#include "store/store_metrics.h"
#include "store/store_read.h"
#include "tests/store/fixture.h"

/*
 * Figures for monitoring: what an attempt counts as, what a process gathers,
 * who has a label, and that nothing decreases; written against the public
 * headers alone.
 */

#define MANY (STORE_LABELS_MAX + 5)

static void
read_metrics(struct fix *f, struct store_metrics *m)
{
	assert_int_equal(store_metrics(f->s, f->wall_ms, m, &f->e), RC_OK);
}

/* Its own figures, or the others' for one that has none. */
static const struct store_webhook_figures *
find(const struct store_metrics *m, const char *id)
{
	size_t i;

	for (i = 0; i < m->nwebhooks; i++)
		if (strcmp(m->webhooks[i].id, id) == 0)
			return &m->webhooks[i];
	return &m->others;
}

static int64_t
figure(const struct store_metrics *m, const char *name, const char *labels,
    int64_t bound)
{
	int64_t n = 0;
	size_t i;

	for (i = 0; i < m->nfigures; i++)
		if (strcmp(m->figures[i].name, name) == 0 &&
		    strcmp(m->figures[i].labels, labels) == 0 &&
		    m->figures[i].bound == bound)
			n += m->figures[i].n;
	return n;
}

static int64_t
attempts(const struct store_webhook_figures *w)
{
	return w->delivered + w->failed + w->timeouts;
}

/* How one attempt ended, as a receiver would have it. */
struct ending {
	enum store_verdict verdict;
	int code;
	int64_t took_ms;
	bool timed_out;
};

static void
attempt(struct fix *f, const char *delivery_id, const char *target,
    const struct ending *how)
{
	struct store_leases l;
	struct store_result r = { .verdict = how->verdict,
		.again_ms = f->wall_ms + 1000,
		.attempt = { .started_ms = f->wall_ms,
		    .took_ms = how->took_ms,
		    .class = how->verdict == STORE_DONE ? STORE_CLASS_NONE
							: STORE_CLASS_RECEIVER,
		    .code = how->code,
		    .text = "",
		    .request = { .timed_out = how->timed_out } } };

	(void)fix_job(f, delivery_id, target);
	fix_lease(f, 1, &l);
	assert_int_equal(l.n, 1);
	r.job = l.v[0].job;
	r.token = l.v[0].token;
	assert_int_equal(store_settle(f->s, &r, 1, "w", f->wall_ms, &f->e),
	    RC_OK);
	assert_false(r.fenced);
	store_leases_free(&l);
}

static void
test_every_attempt_is_one_of_three(void **state)
{
	struct fix *f = *state;
	static const struct ending ends[] = {
		{ STORE_DONE, 200, 4, false },
		{ STORE_DONE, 204, 10, false },
		{ STORE_DONE, 200, 11, false },
		/* Its head was complete; what followed was not waited for. */
		{ STORE_DONE, 200, 3000, true },
		{ STORE_DEAD, 500, 700, false },
		{ STORE_DEAD, 0, 2, false },
		{ STORE_AGAIN, 0, 15000, true },
	};
	const struct store_webhook_figures *w;
	const int64_t buckets[STORE_ANSWER_BOUNDS] = { 2, 1, 0, 0, 1, 0, 1, 0 };
	struct store_metrics m;
	struct store_stats st;
	char id[16];
	size_t i;

	fix_register(f, "hook-1");
	for (i = 0; i < NELEM(ends); i++) {
		(void)snprintf(id, sizeof(id), "d-%zu", i);
		attempt(f, id, "hook-1", &ends[i]);
	}
	read_metrics(f, &m);
	assert_int_equal(m.nwebhooks, 1);
	w = find(&m, "hook-1");
	assert_int_equal(w->delivered, 4);
	assert_int_equal(w->failed, 2);
	assert_int_equal(w->timeouts, 1);
	assert_memory_equal(w->answers, buckets, sizeof(buckets));
	assert_int_equal(w->answers_ms, 4 + 10 + 11 + 3000 + 700);
	assert_int_equal(attempts(&m.others), 0);
	assert_int_equal(m.deliveries_waiting, 1);
	store_metrics_free(&m);
	fix_stats(f, &st);
	assert_int_equal(st.leases, 7);
	assert_int_equal(st.retries, 1);
	assert_int_equal(st.dead_letters, 2);
	assert_int_equal(st.lapses + st.fenced, 0);
	fix_assert_sound(f);
}

static void
test_an_answer_belongs_to_one_bucket(void **state)
{
	static const int64_t rows[][2] = { { 0, 0 }, { 10, 0 }, { 11, 1 },
		{ 50, 1 }, { 100, 2 }, { 500, 3 }, { 1000, 4 }, { 2000, 5 },
		{ 5000, 6 }, { 5001, 7 }, { INT64_MAX, 7 } };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		assert_int_equal(store_answer_bucket(rows[i][0]), rows[i][1]);
}

static void
test_a_lease_that_lapses_is_counted_and_a_late_result(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	struct store_metrics m;
	struct store_stats st;
	bool fenced;
	size_t n;

	fix_register(f, "hook-1");
	(void)fix_job(f, "d-1", "hook-1");
	fix_lease(f, 1, &l);
	fix_pass(f, 60001);
	assert_int_equal(store_recover(f->s, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DONE, 0, &fenced), RC_OK);
	assert_true(fenced);
	store_leases_free(&l);
	fix_stats(f, &st);
	assert_int_equal(st.leases, 1);
	assert_int_equal(st.lapses, 1);
	assert_int_equal(st.fenced, 1);
	/* Whoever has the lease counts the attempt, and he alone. */
	read_metrics(f, &m);
	assert_int_equal(attempts(find(&m, "hook-1")), 0);
	store_metrics_free(&m);
}

static void
test_the_oldest_due_and_unblocked_job_is_leased(void **state)
{
	struct fix *f = *state;
	struct store_metrics m;

	read_metrics(f, &m);
	assert_true(m.oldest_due_ms == INT64_MAX);
	assert_int_equal(m.deliveries_waiting, 0);
	assert_true(m.database_bytes > 0);
	store_metrics_free(&m);
	fix_register(f, "hook-1");
	(void)fix_job(f, "d-1", "hook-1");
	fix_pass(f, 90000);
	(void)fix_job(f, "d-2", "hook-1");
	read_metrics(f, &m);
	assert_int_equal(f->wall_ms - m.oldest_due_ms, 90000);
	assert_int_equal(m.deliveries_waiting, 2);
	store_metrics_free(&m);
}

static void
test_the_series_of_a_deleted_webhook_ends_and_goes_on(void **state)
{
	struct fix *f = *state;
	const struct ending good = { STORE_DONE, 200, 1, false };
	struct store_metrics m;

	fix_register(f, "hook-1");
	attempt(f, "d-1", "hook-1", &good);
	assert_int_equal(
	    store_webhook_delete(f->s, "hook-1", f->wall_ms, NULL, &f->e),
	    RC_OK);
	/* Its series ends; the row stays, so that nothing decreases if the
	 * webhook comes back. */
	read_metrics(f, &m);
	assert_int_equal(m.nwebhooks, 0);
	store_metrics_free(&m);
	fix_register(f, "hook-1");
	attempt(f, "d-2", "hook-1", &good);
	read_metrics(f, &m);
	assert_int_equal(find(&m, "hook-1")->delivered, 2);
	store_metrics_free(&m);
}

/* Until the engine has written it down by itself. */
static int64_t
wait_for_figure(struct fix *f, const char *name, const char *labels, int64_t n)
{
	const struct timespec pause = { 0, 10 * 1000 * 1000 };
	struct store_metrics m;
	int64_t seen = 0;
	int i;

	for (i = 0; i < 1000 && seen != n; i++) {
		(void)nanosleep(&pause, NULL);
		read_metrics(f, &m);
		seen = figure(&m, name, labels, METER_PLAIN);
		store_metrics_free(&m);
	}
	return seen;
}

static void
test_gathered_figures_are_written_without_other_writes(void **state)
{
	struct fix *f = *state;
	struct meter *meter = store_meter(f->s);

	meter_add(meter_find(meter, "a_total", "x=\"1\"", METER_PLAIN), 2);
	assert_int_equal(wait_for_figure(f, "a_total", "x=\"1\"", 2), 2);
	meter_add(meter_find(meter, "a_total", "x=\"1\"", METER_PLAIN), 3);
	assert_int_equal(wait_for_figure(f, "a_total", "x=\"1\"", 5), 5);
}

static void
test_gathered_figures_are_written_at_close(void **state)
{
	struct fix *f = *state;
	struct store_metrics m;
	int i;

	for (i = 0; i < 2; i++) {
		meter_add(
		    meter_find(store_meter(f->s), "a_total", "", METER_PLAIN),
		    1);
		(void)fix_put(f, i == 0 ? "d-1" : "d-2");
		fix_close(f);
		fix_open(f);
	}
	read_metrics(f, &m);
	assert_int_equal(figure(&m, "a_total", "", METER_PLAIN), 2);
	/* The engine tells of its own writes too. */
	assert_true(figure(&m, "hls_store_group_size", "", METER_SUM) >= 2);
	assert_true(
	    figure(&m, "hls_store_commit_duration_seconds", "", METER_SUM) > 0);
	store_metrics_free(&m);
}

static void
test_without_a_listener_no_notice_is_kept(void **state)
{
	struct fix *f = *state;
	struct store_metrics m;

	(void)fix_put(f, "d-1");
	fix_close(f);
	fix_open(f);
	read_metrics(f, &m);
	assert_int_equal(m.nfigures, 0);
	store_metrics_free(&m);
}

static void
test_a_worker_is_forgotten_a_day_after_its_last_job(void **state)
{
	struct fix *f = *state;
	struct store_worker w = { .id = (char *)(uintptr_t) "w",
		.kinds = (char *)(uintptr_t) "all" };
	const char *labels = "worker_id=\"gone\"";
	struct meter *meter = store_meter(f->s);

	meter_add(meter_find(meter, STORE_WORKER_JOBS, labels, METER_PLAIN), 7);
	meter_add(meter_find(meter, "b_total", labels, METER_PLAIN), 7);
	assert_int_equal(wait_for_figure(f, STORE_WORKER_JOBS, labels, 7), 7);
	fix_pass(f, INT64_C(86399) * 1000);
	w.last_seen_ms = f->wall_ms;
	assert_int_equal(store_worker_seen(f->s, &w, &f->e), RC_OK);
	assert_int_equal(wait_for_figure(f, STORE_WORKER_JOBS, labels, 7), 7);
	fix_pass(f, 2000);
	w.last_seen_ms = f->wall_ms;
	assert_int_equal(store_worker_seen(f->s, &w, &f->e), RC_OK);
	assert_int_equal(wait_for_figure(f, STORE_WORKER_JOBS, labels, 0), 0);
	assert_int_equal(wait_for_figure(f, "b_total", labels, 7), 7);
}

/* One that ends jobs in all four ways, says so, and is not seen again. */
static void
work_as(struct fix *f, int n)
{
	static const char *const statuses[] = { "done", "retry", "dead",
		"cancelled" };
	struct store_worker w = { .kinds = (char *)(uintptr_t) "all" };
	char id[16], labels[80];
	size_t i;

	fix_close(f);
	fix_open(f);
	fix_pass(f, 1000);
	(void)snprintf(id, sizeof(id), "w-%03d", n);
	for (i = 0; i < NELEM(statuses); i++) {
		(void)snprintf(labels, sizeof(labels),
		    "worker_id=\"%s\",kind=\"deliver\",status=\"%s\"", id,
		    statuses[i]);
		meter_add(meter_find(store_meter(f->s), STORE_WORKER_JOBS,
			      labels, METER_PLAIN),
		    1);
	}
	w.id = id;
	w.last_seen_ms = f->wall_ms;
	assert_int_equal(store_worker_seen(f->s, &w, &f->e), RC_OK);
}

static bool
is_kept(const struct store_metrics *m, int n)
{
	char labels[80];

	(void)snprintf(labels, sizeof(labels),
	    "worker_id=\"w-%03d\",kind=\"deliver\",status=\"done\"", n);
	return figure(m, STORE_WORKER_JOBS, labels, METER_PLAIN) == 1;
}

/* B116: whoever starts a drain names it, and each name is a series. */
static void
test_a_flood_of_workers_leaves_the_last_hundred_or_so(void **state)
{
	struct fix *f = *state;
	struct store_metrics m;
	size_t rows = 0, i;
	int n;

	meter_add(meter_find(store_meter(f->s), "b_total", "", METER_PLAIN), 7);
	for (n = 0; n < 250; n++)
		work_as(f, n);
	fix_close(f);
	fix_open(f);
	read_metrics(f, &m);
	for (i = 0; i < m.nfigures; i++)
		if (strcmp(m.figures[i].name, STORE_WORKER_JOBS) == 0)
			rows++;
	assert_in_range(rows, 4 * 100, 4 * 110);
	for (n = 0; n < 140; n++)
		assert_false(is_kept(&m, n));
	for (n = 150; n < 250; n++)
		assert_true(is_kept(&m, n));
	assert_int_equal(figure(&m, "b_total", "", METER_PLAIN), 7);
	store_metrics_free(&m);
}

static void
register_many(struct fix *f)
{
	struct webhook *v[MANY];
	char id[16];
	size_t i;

	for (i = 0; i < MANY; i++) {
		(void)snprintf(id, sizeof(id), "hook-%03zu", i);
		v[i] = fix_webhook(id);
	}
	assert_int_equal(store_webhook_put_all(f->s,
			     (const struct webhook *const *)v, MANY, false,
			     &f->e),
	    RC_OK);
	for (i = 0; i < MANY; i++)
		webhook_free(v[i]);
}

static void
test_two_hundred_webhooks_have_labels_and_the_others_share_one_row(void **state)
{
	struct fix *f = *state;
	const struct ending good = { STORE_DONE, 200, 1, false };
	struct store_metrics m;

	register_many(f);
	attempt(f, "d-1", "hook-000", &good);
	attempt(f, "d-2", "hook-201", &good);
	attempt(f, "d-3", "hook-202", &good);
	read_metrics(f, &m);
	assert_int_equal(m.nwebhooks, STORE_LABELS_MAX);
	assert_int_equal(find(&m, "hook-000")->delivered, 1);
	assert_int_equal(m.others.delivered, 2);
	assert_int_equal(m.others.answers[0], 2);
	store_metrics_free(&m);
}

static void
test_later_webhooks_stay_among_the_others_however_busy(void **state)
{
	struct fix *f = *state;
	const struct ending good = { STORE_DONE, 200, 1, false };
	struct store_metrics m;
	char id[16];
	int i;

	register_many(f);
	for (i = 0; i < 10; i++) {
		(void)snprintf(id, sizeof(id), "d-%d", i);
		attempt(f, id, "hook-204", &good);
	}
	fix_close(f);
	fix_open(f);
	read_metrics(f, &m);
	assert_int_equal(m.nwebhooks, STORE_LABELS_MAX);
	assert_null(find(&m, "hook-204")->id);
	assert_int_equal(m.others.delivered, 10);
	store_metrics_free(&m);
	fix_assert_sound(f);
}

static void delete (struct fix *f, const char *id)
{
	assert_int_equal(
	    store_webhook_delete(f->s, id, f->wall_ms, NULL, &f->e), RC_OK);
}

/* Whatever comes back, the others' row does not decrease. */
static void
test_the_label_of_a_deleted_webhook_goes_to_the_next_one(void **state)
{
	struct fix *f = *state;
	const struct ending good = { STORE_DONE, 200, 1, false };
	struct store_metrics m;

	register_many(f);
	attempt(f, "d-1", "hook-000", &good);
	attempt(f, "d-2", "hook-001", &good);
	attempt(f, "d-3", "hook-204", &good);
	delete (f, "hook-000");
	delete (f, "hook-001");
	read_metrics(f, &m);
	assert_int_equal(m.nwebhooks, STORE_LABELS_MAX - 2);
	store_metrics_free(&m);

	/* One comes back to its series, before the label is taken. */
	fix_register(f, "hook-000");
	fix_register(f, "hook-new");
	read_metrics(f, &m);
	assert_int_equal(m.nwebhooks, STORE_LABELS_MAX);
	assert_int_equal(find(&m, "hook-000")->delivered, 1);
	assert_non_null(find(&m, "hook-new")->id);
	assert_int_equal(m.others.delivered, 1);
	store_metrics_free(&m);

	/* The other one comes too late. */
	fix_register(f, "hook-001");
	attempt(f, "d-4", "hook-001", &good);
	read_metrics(f, &m);
	assert_int_equal(m.nwebhooks, STORE_LABELS_MAX);
	assert_null(find(&m, "hook-001")->id);
	assert_int_equal(m.others.delivered, 2);
	store_metrics_free(&m);
	fix_assert_sound(f);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)

static void
test_a_worker_whose_program_ended_is_not_up(void **state)
{
	char id[] = "host:1";
	struct store_worker w = { .id = id, .last_seen_ms = 100 };
	struct strlist none = { 0 }, it = { 0 };

	(void)state;
	strlist_put(&it, id);
	/* The time of the report decides where nothing else is known. */
	assert_int_equal(store_worker_state(&w, NULL, 10, 110),
	    STORE_WORKER_UP);
	assert_int_equal(store_worker_state(&w, NULL, 10, 111),
	    STORE_WORKER_MISSING);
	assert_int_equal(store_worker_state(&w, &it, 10, 110), STORE_WORKER_UP);
	assert_int_equal(store_worker_state(&w, &it, 10, 111),
	    STORE_WORKER_MISSING);
	assert_int_equal(store_worker_state(&w, &none, 10, 100),
	    STORE_WORKER_MISSING);
	assert_false(store_worker_counts(&w, &none, 10, 100));

	w.ended_ms = 100;
	assert_int_equal(store_worker_state(&w, &none, 10, 111),
	    STORE_WORKER_ENDED);
	assert_true(store_worker_counts(&w, &none, 10, 110));
	assert_false(store_worker_counts(&w, &none, 10, 111));
	/* Another of the same id was started. */
	assert_int_equal(store_worker_state(&w, &it, 10, 110), STORE_WORKER_UP);
	strlist_fini(&it);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_worker_whose_program_ended_is_not_up),
		TEST(test_every_attempt_is_one_of_three),
		TEST(test_an_answer_belongs_to_one_bucket),
		TEST(test_a_lease_that_lapses_is_counted_and_a_late_result),
		TEST(test_the_oldest_due_and_unblocked_job_is_leased),
		TEST(test_the_series_of_a_deleted_webhook_ends_and_goes_on),
		TEST(test_gathered_figures_are_written_without_other_writes),
		TEST(test_gathered_figures_are_written_at_close),
		TEST(test_without_a_listener_no_notice_is_kept),
		TEST(test_a_worker_is_forgotten_a_day_after_its_last_job),
		TEST(test_a_flood_of_workers_leaves_the_last_hundred_or_so),
		TEST(
		    test_two_hundred_webhooks_have_labels_and_the_others_share_one_row),
		TEST(test_later_webhooks_stay_among_the_others_however_busy),
		TEST(test_the_label_of_a_deleted_webhook_goes_to_the_next_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
