#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/event.h"
#include "tests/store/fixture.h"

/*
 * What becomes of jobs whose worker is gone; written against the public
 * headers alone.
 */

static void
test_a_job_that_killed_its_worker_waits_until_it_can_run_alone(void **state)
{
	struct fix *f = *state;
	struct store_lease_want want = { .worker = "w",
		.max = 9,
		.max_per_target = 9,
		.hold_ms = 60000,
		.in_company = true };
	struct store_leases l;
	int64_t next_ms;
	size_t n;

	(void)fix_job(f, "d-1", "hook-1");
	fix_lease(f, 9, &l);
	assert_int_equal(l.n, 1);
	assert_false(l.v[0].alone);
	store_leases_free(&l);
	fix_pass(f, 60001);
	assert_int_equal(store_recover(f->s, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(
	    store_lease_due(f->s, f->wall_ms, &want, &l, &next_ms, &f->e),
	    RC_OK);
	assert_int_equal(l.n, 0);
	assert_true(l.held_back);
	store_leases_free(&l);
	fix_lease(f, 9, &l);
	assert_int_equal(l.n, 1);
	assert_true(l.v[0].alone);
	assert_false(l.held_back);
	store_leases_free(&l);
	fix_assert_sound(f);
}

static void
test_only_deaths_alone_are_counted(void **state)
{
	struct fix *f = *state;
	struct store_lease_want want = { .worker = "w",
		.max = 9,
		.max_per_target = 9,
		.hold_ms = 60000 };
	struct store_leases l, more;
	struct store_job *j;
	int64_t next_ms, job = 0;
	char name[16];
	size_t n, i;

	(void)fix_job(f, "d-1", "hook-1");
	/* The first lapse makes it a suspect, each later one has company. */
	for (i = 0; i < 6; i++) {
		want.in_company = false;
		want.alone = NULL;
		assert_int_equal(store_lease_due(f->s, f->wall_ms, &want, &l,
				     &next_ms, &f->e),
		    RC_OK);
		assert_int_equal(l.n, 1);
		job = l.v[0].job;
		(void)snprintf(name, sizeof(name), "with-%zu", i);
		(void)fix_job(f, name, "hook-2");
		want.in_company = true;
		want.alone = &l.v[0];
		assert_int_equal(store_lease_due(f->s, f->wall_ms, &want, &more,
				     &next_ms, &f->e),
		    RC_OK);
		assert_int_equal(more.n, 1);
		assert_int_equal(fix_settle(f, &more.v[0], STORE_DONE, 0, NULL),
		    RC_OK);
		store_leases_free(&more);
		store_leases_free(&l);
		f->boot_ms += 60001;
		assert_int_equal(store_recover(f->s, f->wall_ms, &n, &f->e),
		    RC_OK);
		assert_int_equal(n, 1);
	}
	assert_int_equal(store_job_find(f->s, job, &j, &f->e), RC_OK);
	assert_int_equal(j->state, STORE_WAITING);
	assert_int_equal(j->deaths, 0);
	store_job_free(j);
	fix_assert_sound(f);
}

static void
test_a_lapsed_lease_moves_on_and_is_fenced(void **state)
{
	struct fix *f = *state;
	struct store_leases a, b;
	size_t n;
	bool fenced;

	(void)fix_job(f, "d-1", "hook-1");
	(void)fix_job(f, "d-2", "hook-1");
	fix_lease(f, 10, &a);
	assert_int_equal(a.n, 2);
	/* The wall clock does not end leases. */
	f->wall_ms += 86400000;
	assert_int_equal(store_recover(f->s, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(n, 0);
	f->boot_ms += 60001;
	assert_int_equal(store_recover(f->s, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(n, 2);
	/* They lapsed in company, so each comes alone now. */
	fix_lease(f, 10, &b);
	assert_int_equal(b.n, 1);
	assert_int_equal(fix_settle(f, &a.v[0], STORE_DONE, 0, &fenced), RC_OK);
	assert_true(fenced);
	assert_int_equal(fix_settle(f, &b.v[0], STORE_DONE, 0, &fenced), RC_OK);
	assert_false(fenced);
	store_leases_free(&b);
	fix_lease(f, 10, &b);
	assert_int_equal(b.n, 1);
	store_leases_free(&a);
	store_leases_free(&b);
	fix_assert_sound(f);
}

static void
test_a_job_that_kills_its_workers_is_dead(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	struct store_job *j;
	int64_t id = fix_job(f, "bad", "hook-1"), job = 0;
	size_t n, deaths = 0, i;

	(void)fix_job(f, "good", "hook-1");
	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 2);
	store_leases_free(&l);
	/* Whoever holds the bad one dies; the good one ends well. */
	for (i = 0; i < 8 && deaths < 3; i++) {
		f->boot_ms += 60001;
		assert_int_equal(store_recover(f->s, f->wall_ms, &n, &f->e),
		    RC_OK);
		fix_lease(f, 10, &l);
		if (l.n == 0)
			continue;
		assert_int_equal(l.n, 1);
		if (strcmp(l.v[0].event->delivery_id, "bad") == 0) {
			job = l.v[0].job;
			deaths++;
		} else {
			assert_int_equal(
			    fix_settle(f, &l.v[0], STORE_DONE, 0, NULL), RC_OK);
		}
		store_leases_free(&l);
	}
	assert_int_equal(deaths, 3);
	f->boot_ms += 60001;
	assert_int_equal(store_recover(f->s, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(store_job_find(f->s, job, &j, &f->e), RC_OK);
	assert_int_equal(j->state, STORE_STATE_DEAD);
	assert_int_equal(j->last_class, STORE_CLASS_US);
	assert_int_equal(j->deaths, 3);
	store_job_free(j);
	assert_int_equal(fix_status(f, id), EVENT_FAILED);
	fix_assert_sound(f);
}

#define IN_HAND 128 /* of one drain, as it is shipped */

static void
test_suspects_of_a_full_target_hold_back_no_others(void **state)
{
	static const char *const full[] = { "hook-1" };
	struct fix *f = *state;
	const struct store_lease_want want = { .worker = "w",
		.max = 9,
		.hold_ms = 60000,
		.skip = full,
		.nskip = 1 };
	struct store_leases l;
	int64_t next_ms;
	char name[16];
	size_t i, n;

	for (i = 1; i < IN_HAND; i++) {
		(void)snprintf(name, sizeof(name), "d-%zu", i);
		(void)fix_job(f, name, "hook-1");
	}
	(void)fix_job(f, "other", "hook-2");
	fix_lease(f, IN_HAND, &l);
	assert_int_equal(l.n, IN_HAND);
	store_leases_free(&l);
	fix_pass(f, 60001);
	assert_int_equal(store_recover(f->s, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(n, IN_HAND);
	assert_int_equal(
	    store_lease_due(f->s, f->wall_ms, &want, &l, &next_ms, &f->e),
	    RC_OK);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.v[0].target, "hook-2");
	store_leases_free(&l);
	fix_assert_sound(f);
}

static void
test_a_renewed_lease_holds(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	const struct store_lease *v[1];
	bool ok[1];
	size_t n;

	(void)fix_job(f, "d-1", "hook-1");
	fix_lease(f, 10, &l);
	v[0] = &l.v[0];
	f->boot_ms += 50000;
	assert_int_equal(store_renew(f->s, v, 1, 60000, ok, &f->e), RC_OK);
	assert_true(ok[0]);
	f->boot_ms += 50000;
	assert_int_equal(store_recover(f->s, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(n, 0);
	f->boot_ms += 10001;
	assert_int_equal(store_recover(f->s, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(n, 1);
	assert_int_equal(store_renew(f->s, v, 1, 60000, ok, &f->e), RC_OK);
	assert_false(ok[0]);
	store_leases_free(&l);
	fix_assert_sound(f);
}

static void
test_a_lease_of_another_boot_has_lapsed(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	size_t n;

	(void)fix_job(f, "d-1", "hook-1");
	fix_lease(f, 10, &l);
	store_leases_free(&l);
	fix_close(f);
	(void)snprintf(f->clock.boot_id, sizeof(f->clock.boot_id), "boot-2");
	f->boot_ms = 5;
	fix_open(f);
	assert_int_equal(store_recover(f->s, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(n, 1);
	fix_assert_sound(f);
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
	const struct CMUnitTest tests[] = {
		CASE(
		    test_a_job_that_killed_its_worker_waits_until_it_can_run_alone),
		CASE(test_only_deaths_alone_are_counted),
		CASE(test_a_lapsed_lease_moves_on_and_is_fenced),
		CASE(test_a_job_that_kills_its_workers_is_dead),
		CASE(test_suspects_of_a_full_target_hold_back_no_others),
		CASE(test_a_renewed_lease_holds),
		CASE(test_a_lease_of_another_boot_has_lapsed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
