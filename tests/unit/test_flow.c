#include "config.h"

#include "unit.h"

#include "core/bucket.h"
#include "core/flow.h"

#define NOW INT64_C(1795248000000)
#define SEEN INT64_C(15000)

static const struct flow_limits none;
static const struct flow_limits all = { .rate = 10000,
	.max_in_flight = 8,
	.breaker = { 3, 60000 } };
static const struct flow_drains alone = { .n = 1 };

/* A delivery's target that takes the limits of all. */
static struct flow
delivery(int64_t waiting, int64_t leased)
{
	return (struct flow){ .is_delivery = true,
		.waiting = waiting,
		.leased = leased,
		.rate = -1,
		.max_in_flight = -1 };
}

static void
test_room_is_the_least_of_the_limits(void **state)
{
	static const struct {
		int64_t rate, max_in_flight; /* of the target */
		enum breaker_state breaker;
		bool is_delivery;
		size_t room, want;
	} cases[] = {
		{ -1, -1, BREAKER_CLOSED, true, 64, 8 },
		{ -1, -1, BREAKER_CLOSED, true, 3, 3 },
		{ -1, -1, BREAKER_CLOSED, true, 0, 0 },
		{ 5000, -1, BREAKER_CLOSED, true, 64, 5 },
		{ 500, -1, BREAKER_CLOSED, true, 64, 1 },
		{ 0, -1, BREAKER_CLOSED, true, 64, 8 },
		{ -1, 0, BREAKER_CLOSED, true, 64, 10 },
		{ 0, 0, BREAKER_CLOSED, true, 64, 64 },
		{ -1, 2, BREAKER_CLOSED, true, 64, 2 },
		{ -1, -1, BREAKER_OPEN, true, 64, 1 },
		{ -1, -1, BREAKER_HALF_OPEN, true, 64, 1 },
		{ -1, -1, BREAKER_OPEN, true, 0, 0 },
		/* A handler's jobs have no limits but the breaker, which
		 * stays closed for them. */
		{ -1, -1, BREAKER_CLOSED, false, 64, 64 },
		{ 1000, 1, BREAKER_CLOSED, false, 64, 64 },
	};
	struct flow f;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		f = delivery(100, 0);
		f.is_delivery = cases[i].is_delivery;
		f.rate = cases[i].rate;
		f.max_in_flight = cases[i].max_in_flight;
		f.breaker.state = cases[i].breaker;
		assert_int_equal(
		    flow_room(&f, &all, &alone, cases[i].room, NOW),
		    cases[i].want);
	}
	f = delivery(100, 0);
	assert_int_equal(flow_room(&f, &none, &alone, 64, NOW), 64);
}

static void
test_drains_share_the_open_requests(void **state)
{
	static const struct {
		int64_t max_in_flight, waiting, leased;
		size_t drains;
		bool is_split;
		size_t want;
	} cases[] = {
		/* Alone: in advance. */
		{ 8, 100, 8, 1, false, 8 },
		/* Others have not divided it: a part, of what is left. */
		{ 8, 100, 0, 2, false, 4 },
		{ 8, 100, 6, 2, false, 2 },
		{ 8, 100, 8, 2, false, 0 },
		{ 8, 100, 9, 2, false, 0 },
		{ 8, 100, 0, 3, false, 3 },
		/* They have: in advance, and of few that wait a part. */
		{ 8, 100, 8, 2, true, 8 },
		{ 8, 10, 8, 2, true, 5 },
		{ 8, 2, 8, 2, true, 4 },
		/* A share would be below four. */
		{ 8, 100, 8, 3, true, 0 },
		{ 8, 100, 4, 3, true, 3 },
		/* Nothing to divide. */
		{ 0, 100, 8, 2, false, 64 },
	};
	struct flow_drains d;
	struct flow f;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		f = delivery(cases[i].waiting, cases[i].leased);
		f.rate = 0;
		f.max_in_flight = cases[i].max_in_flight;
		d = (struct flow_drains){ .n = cases[i].drains,
			.is_split = cases[i].is_split };
		assert_int_equal(flow_room(&f, &all, &d, 64, NOW),
		    cases[i].want);
	}
	assert_int_equal(flow_share(8, 1), 8);
	assert_int_equal(flow_share(8, 2), 4);
	assert_int_equal(flow_share(9, 2), 4);
	assert_int_equal(flow_share(8, 3), 0);
}

static void
test_living_drains_count(void **state)
{
	static const struct {
		int64_t own_split;
		struct flow_worker v[2];
		size_t n, want;
		bool is_split;
	} cases[] = {
		{ 1, { { 0 } }, 0, 1, false },
		/* Its own row. */
		{ 1, { { true, NOW, 0, 1 } }, 1, 1, false },
		{ 2, { { true, NOW, 0, 2 }, { false, NOW, 0, 2 } }, 2, 2,
		    true },
		{ 1, { { true, NOW, 0, 1 }, { false, NOW, 0, 2 } }, 2, 2,
		    false },
		{ 2, { { true, NOW, 0, 2 }, { false, NOW, 0, 1 } }, 2, 2,
		    false },
		{ 2, { { false, NOW, 0, 3 }, { false, NOW, 0, 3 } }, 2, 3,
		    false },
		{ 3, { { false, NOW, 0, 3 }, { false, NOW, 0, 4 } }, 2, 3,
		    true },
		/* Seen just so, and no more. */
		{ 2, { { false, NOW - SEEN, 0, 2 } }, 1, 2, true },
		{ 2, { { false, NOW - SEEN - 1, 0, 2 } }, 1, 1, false },
		{ 2, { { false, NOW + SEEN, 0, 2 } }, 1, 2, true },
		{ 2, { { false, NOW + SEEN + 1, 0, 2 } }, 1, 1, false },
		/* Two drains of one name: its split is that of either. */
		{ 2, { { true, NOW, NOW - SEEN, 2 } }, 1, 2, false },
		{ 2, { { true, NOW, NOW - SEEN - 1, 2 } }, 1, 1, false },
		{ 3, { { false, NOW, NOW, 3 } }, 1, 3, false },
	};
	struct flow_drains d;
	size_t i, j;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		flow_drains_init(&d, cases[i].own_split);
		for (j = 0; j < cases[i].n; j++)
			flow_drains_add(&d, &cases[i].v[j], SEEN, NOW);
		assert_int_equal(d.n, cases[i].want);
		assert_int_equal(d.is_split, cases[i].is_split);
	}
}

static void
test_a_lease_takes_tokens_and_its_turn(void **state)
{
	struct flow f = delivery(100, 0);
	struct flow_change ch = { .was_asked = true, .taken = 4 };

	(void)state;
	/* All that was due: it keeps its place. */
	flow_apply(&f, &all, &ch, NOW);
	assert_int_equal(f.limited_until_ms, 0);
	assert_int_equal(bucket_tokens(all.rate, f.bucket_us, NOW * 1000), 6);
	/* It has more: the others come first. */
	ch.has_more = true;
	flow_apply(&f, &all, &ch, NOW);
	assert_int_equal(f.limited_until_ms, NOW);
	assert_int_equal(f.limit_hits, 0);
	/* The bucket is empty now. */
	ch.taken = 2;
	flow_apply(&f, &all, &ch, NOW);
	assert_int_equal(f.limited_until_ms, NOW + 100);
	assert_int_equal(f.limit_hits, 1);
	/* A job that was not begun gives its token back. */
	ch = (struct flow_change){ .has_ended = true, .unused = 1 };
	flow_apply(&f, &all, &ch, NOW + 10);
	assert_int_equal(f.limited_until_ms, NOW + 10);
	assert_int_equal(flow_room(&f, &all, &alone, 64, NOW + 10), 1);
}

static void
test_a_target_whose_jobs_are_all_leased_rests(void **state)
{
	const struct flow_change ch = { .was_asked = true, .has_more = true };
	struct flow f = delivery(100, 8);

	(void)state;
	flow_apply(&f, &all, &ch, NOW);
	assert_int_equal(f.limited_until_ms, NOW + 50);
}

static void
test_a_lease_of_a_target_that_fails_is_its_probe(void **state)
{
	const struct flow_change lease = { .was_asked = true, .taken = 1 };
	struct flow_change ch = { .has_ended = true, .news.failures = 3 };
	struct flow f = delivery(100, 3);

	(void)state;
	flow_apply(&f, &all, &ch, NOW);
	assert_int_equal(f.breaker.state, BREAKER_OPEN);
	assert_true(flow_is_probe(&f));
	assert_int_equal(flow_ready_ms(&f), NOW + 60000);
	flow_apply(&f, &all, &lease, NOW + 60000);
	assert_int_equal(f.breaker.state, BREAKER_HALF_OPEN);
	assert_int_equal(flow_ready_ms(&f), NOW + 60000 + BREAKER_PROBE_MS);
	ch.news = (struct breaker_news){ .answered = true };
	flow_apply(&f, &all, &ch, NOW + 60100);
	assert_false(flow_is_probe(&f));
	/* Nothing opens the breaker of a handler. */
	f.is_delivery = false;
	ch.news = (struct breaker_news){ .failures = 9 };
	flow_apply(&f, &all, &ch, NOW);
	assert_false(flow_is_probe(&f));
}

static void
test_a_target_is_ready_when_nothing_holds_it_up(void **state)
{
	static const int64_t times[] = { 0, NOW, NOW + 1, FLOW_NEVER };
	struct flow f = { 0 };
	int64_t *const ends[] = { &f.next_due_ms, &f.blocked_until_ms,
		&f.limited_until_ms, &f.breaker.until_ms, &f.held_until_ms };
	int64_t latest;
	size_t i, j, n;

	(void)state;
	/* All combinations, as numbers with NELEM(times) as their base. */
	for (i = 0; i < 4 * 4 * 4 * 4 * 4; i++) {
		latest = 0;
		for (j = 0, n = i; j < NELEM(ends); j++, n /= NELEM(times)) {
			*ends[j] = times[n % NELEM(times)];
			if (*ends[j] > latest)
				latest = *ends[j];
		}
		assert_int_equal(flow_ready_ms(&f), latest);
	}
}

static void
test_the_first_due_time_is_never_too_late(void **state)
{
	static const struct {
		int64_t waiting, next_due_ms;
		struct flow_jobs jobs;
		int64_t want;
	} cases[] = {
		{ 0, FLOW_NEVER, { 1, 0, NOW, false }, NOW },
		{ 1, NOW, { 1, 0, NOW + 5, false }, NOW },
		{ 1, NOW, { 1, 0, NOW - 5, false }, NOW - 5 },
		/* A lease has looked. */
		{ 2, NOW, { -1, 1, NOW + 5, true }, NOW + 5 },
		{ 2, NOW, { -1, 1, FLOW_NEVER, false }, NOW },
		{ 1, NOW, { -1, 1, NOW + 5, false }, FLOW_NEVER },
	};
	struct flow f;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		f = (struct flow){ .waiting = cases[i].waiting,
			.next_due_ms = cases[i].next_due_ms };
		assert_true(flow_count(&f, &cases[i].jobs));
		flow_due(&f, &cases[i].jobs);
		assert_int_equal(f.next_due_ms, cases[i].want);
	}
}

static void
test_a_wrong_count_is_noticed(void **state)
{
	const struct flow_jobs jobs = { -2, -2, FLOW_NEVER, false };
	struct flow f = { .waiting = 1, .leased = 1 };

	(void)state;
	assert_false(flow_count(&f, &jobs));
	assert_int_equal(f.leased, 0);
}

static void
test_a_target_follows_its_registration(void **state)
{
	struct flow_wish w = { .enabled = false,
		.rate = 5,
		.max_in_flight = 2 };
	struct flow f = delivery(1, 0);

	(void)state;
	f.breaker.state = BREAKER_OPEN;
	f.breaker.until_ms = f.limited_until_ms = NOW;
	flow_follow(&f, &w);
	assert_int_equal(f.blocked_until_ms, FLOW_NEVER);
	assert_int_equal(f.rate, 5);
	assert_int_equal(f.max_in_flight, 2);
	assert_int_equal(f.limited_until_ms, 0);
	assert_true(flow_is_probe(&f));
	w.enabled = w.closes_breaker = true;
	flow_follow(&f, &w);
	assert_int_equal(f.blocked_until_ms, 0);
	assert_int_equal(f.breaker.until_ms, 0);
	assert_false(flow_is_probe(&f));
}

static void
test_waits_of_a_clock_that_was_ahead_are_shortened(void **state)
{
	const int64_t most = NOW + BREAKER_PROBE_MS;
	const struct {
		int64_t rate, limited_ms, breaker_ms, bucket_us;
		bool is_late;
		int64_t limited_want, breaker_want, bucket_want;
	} cases[] = {
		{ -1, NOW + 1000, most, (NOW + 1000) * 1000, false, NOW + 1000,
		    most, (NOW + 1000) * 1000 },
		{ -1, NOW + 1001, 0, 0, true, NOW + 1000, 0, 0 },
		{ -1, 0, most + 1, 0, true, 0, most, 0 },
		{ -1, 0, 0, (NOW + 1000) * 1000 + 1, true, 0, 0,
		    (NOW + 1000) * 1000 },
		{ 0, NOW + 1001, 0, 0, true, NOW + 1000, 0, 0 },
		/* A token in 20 seconds. */
		{ 50, NOW + 20000, 0, 0, false, NOW + 20000, 0, 0 },
		{ 50, NOW + 20001, 0, 0, true, NOW + 20000, 0, 0 },
	};
	struct flow f;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		f = delivery(1, 0);
		f.rate = cases[i].rate;
		f.limited_until_ms = cases[i].limited_ms;
		f.breaker.until_ms = cases[i].breaker_ms;
		f.bucket_us = cases[i].bucket_us;
		assert_int_equal(flow_repair(&f, &all, NOW), cases[i].is_late);
		assert_int_equal(f.limited_until_ms, cases[i].limited_want);
		assert_int_equal(f.breaker.until_ms, cases[i].breaker_want);
		assert_int_equal(f.bucket_us, cases[i].bucket_want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room_is_the_least_of_the_limits),
		cmocka_unit_test(test_drains_share_the_open_requests),
		cmocka_unit_test(test_living_drains_count),
		cmocka_unit_test(test_a_lease_takes_tokens_and_its_turn),
		cmocka_unit_test(test_a_target_whose_jobs_are_all_leased_rests),
		cmocka_unit_test(
		    test_a_lease_of_a_target_that_fails_is_its_probe),
		cmocka_unit_test(
		    test_a_target_is_ready_when_nothing_holds_it_up),
		cmocka_unit_test(test_the_first_due_time_is_never_too_late),
		cmocka_unit_test(test_a_wrong_count_is_noticed),
		cmocka_unit_test(test_a_target_follows_its_registration),
		cmocka_unit_test(
		    test_waits_of_a_clock_that_was_ahead_are_shortened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
