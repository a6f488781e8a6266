#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "core/webhook.h"
#include "tests/store/fixture.h"

/*
 * RC_BUSY leaves open whether a write took place, and doing it again is
 * safe.  So a life of a store in which any one call fails, or succeeds and
 * its answer is lost, must end where an undisturbed one ends.
 */

#define TRIES 4
#define EVENTS 6

/* Again until it is not RC_BUSY. */
#define INSIST(rc, call)                                   \
	do {                                               \
		int tries_ = 0;                            \
		do                                         \
			rc = (call);                       \
		while (rc == RC_BUSY && ++tries_ < TRIES); \
	} while (0)

static void
feed(struct fix *f)
{
	struct store_receipt r;
	char id[16];
	enum rc rc;
	size_t i;

	for (i = 0; i < EVENTS; i++) {
		(void)snprintf(id, sizeof(id), "d-%zu", i % (EVENTS - 1));
		INSIST(rc, fix_accept(f, fix_event(f, id), &r));
		assert_int_equal(rc, RC_OK);
	}
}

static void
expand(struct fix *f)
{
	const struct store_owed owed[] = { { .target = "hook-1" },
		{ .target = "hook-2" } };
	struct store_expansion x[EVENTS];
	struct store_events un;
	enum rc rc;
	size_t i;

	INSIST(rc, store_unexpanded(f->s, EVENTS, &un, &f->e));
	assert_int_equal(rc, RC_OK);
	for (i = 0; i < un.n; i++)
		x[i] = (struct store_expansion){ .event = un.v[i]->id,
			.jobs = owed,
			.njobs = 2 };
	INSIST(rc, store_expand(f->s, x, un.n, f->wall_ms, &f->e));
	assert_int_equal(rc, RC_OK);
	store_events_free(&un);
}

/* Leases and settles until nothing is left, with what was leased and lost
 * coming back by its lapse. */
static void
drain(struct fix *f)
{
	struct store_lease_want want = { .worker = "w",
		.max = 4,
		.hold_ms = 1000 };
	struct store_leases l;
	struct store_stats st;
	int64_t next_ms;
	size_t n, i, rounds;
	enum rc rc;

	for (rounds = 0; rounds < 40; rounds++) {
		INSIST(rc, store_recover(f->s, f->wall_ms, &n, &f->e));
		assert_int_equal(rc, RC_OK);
		INSIST(rc,
		    store_lease_due(f->s, f->wall_ms, &want, &l, &next_ms,
			&f->e));
		assert_int_equal(rc, RC_OK);
		for (i = 0; i < l.n; i++) {
			INSIST(rc, fix_settle(f, &l.v[i], STORE_DONE, 0, NULL));
			assert_int_equal(rc, RC_OK);
		}
		store_leases_free(&l);
		INSIST(rc, store_stats(f->s, f->wall_ms, 1000, &st, &f->e));
		assert_int_equal(rc, RC_OK);
		if (st.events[EVENT_COMPLETED] == st.accepted)
			return;
		fix_pass(f, 1001);
	}
	fail_msg("work was left over");
}

static void
administer(struct fix *f)
{
	struct webhook *w = fix_webhook("hook-1");
	struct store_webhook_filter all = { .enabled = -1, .health = -1 };
	struct store_event_filter any = { .status = -1, .limit = 10 };
	struct store_webhooks l;
	struct store_events events;
	struct strlist blocked;
	struct webhook *got;
	char id[WEBHOOK_ID_MAX + 1];
	int64_t version = -1;
	bool changed;
	int64_t next;
	enum rc rc;

	INSIST(rc, store_webhook_put(f->s, w, &f->e));
	assert_true(rc == RC_OK || rc == RC_EXISTS);
	webhook_free(w);
	INSIST(rc, store_webhook_find(f->s, "hook-1", &got, &f->e));
	assert_int_equal(rc, RC_OK);
	webhook_free(got);
	INSIST(rc, store_blocked(f->s, &version, &blocked, &changed, &f->e));
	assert_int_equal(rc, RC_OK);
	strlist_fini(&blocked);
	INSIST(rc, store_webhook_resolve(f->s, "hook", id, &f->e));
	INSIST(rc, store_webhook_list(f->s, &all, &l, &f->e));
	assert_int_equal(rc, RC_OK);
	store_webhooks_free(&l);
	INSIST(rc, store_event_list(f->s, &any, &events, &next, &f->e));
	assert_int_equal(rc, RC_OK);
	store_events_free(&events);
	INSIST(rc, store_check(f->s, &f->e));
	assert_int_equal(rc, RC_OK);
}

static void
live_with(int n)
{
	struct store_stats st;
	struct fix f;
	char prefix[32];

	fix_init(&f);
	fix_close(&f);
	(void)snprintf(prefix, sizeof(prefix), "fault:%d:", n);
	fix_open_as(&f, prefix);
	administer(&f);
	feed(&f);
	expand(&f);
	drain(&f);
	fix_close(&f);
	fix_open(&f);
	fix_stats(&f, &st);
	assert_int_equal(st.accepted, EVENTS - 1);
	assert_int_equal(st.events[EVENT_COMPLETED], EVENTS - 1);
	assert_int_equal(st.jobs_owed, (EVENTS - 1) * 2);
	assert_int_equal(st.jobs[STORE_STATE_DONE], (EVENTS - 1) * 2);
	fix_assert_sound(&f);
	fix_fini(&f);
}

/* More than any of the lives has calls. */
#define CALLS 60

static void
test_any_call_of_the_store_may_fail(void **state)
{
	int n;

	(void)state;
	for (n = 1; n <= CALLS; n++)
		live_with(n);
}

static void
test_any_answer_of_the_store_may_be_lost(void **state)
{
	int n;

	(void)state;
	for (n = 1; n <= CALLS; n++)
		live_with(-n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_call_of_the_store_may_fail),
		cmocka_unit_test(test_any_answer_of_the_store_may_be_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
