#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/event.h"
#include "core/notice.h"
#include "tests/store/fixture.h"

/*
 * Jobs with an order key; written against the public headers alone.
 */

/* An event whose one job is in order of key, NULL: in none. */
static int64_t
put(struct fix *f, const char *delivery_id, const char *key, int priority)
{
	struct store_owed owed = { .target = "hook-1", .order_key = key };
	struct store_expansion x = { .jobs = &owed, .njobs = 1 };
	struct event *ev = fix_event(f, delivery_id);
	struct store_receipt r;

	ev->priority = priority;
	assert_int_equal(fix_accept(f, ev, &r), RC_OK);
	x.event = r.id;
	assert_int_equal(store_expand(f->s, &x, 1, f->wall_ms, &f->e), RC_OK);
	return r.id;
}

static int64_t
job_of(struct fix *f, int64_t event, int64_t *blocked_by)
{
	struct store_job_filter of_event = { .event = event,
		.state = -1,
		.limit = 1 };
	struct store_jobs jobs;
	int64_t id, next;

	assert_int_equal(store_job_list(f->s, &of_event, &jobs, &next, &f->e),
	    RC_OK);
	assert_int_equal(jobs.n, 1);
	id = jobs.v[0].id;
	if (blocked_by != NULL)
		*blocked_by = jobs.v[0].blocked_by;
	store_jobs_free(&jobs);
	return id;
}

/* Leases what there is, which is one job, and it is the event's. */
static void
lease_one(struct fix *f, int64_t event, struct store_leases *l)
{
	fix_lease(f, 9, l);
	assert_int_equal(l->n, 1);
	assert_int_equal(l->v[0].event->id, event);
}

static void
assert_nothing_due(struct fix *f)
{
	struct store_leases l;

	fix_lease(f, 9, &l);
	assert_int_equal(l.n, 0);
	store_leases_free(&l);
}

static void
end_one(struct fix *f, int64_t event, enum store_verdict verdict)
{
	struct store_leases l;

	int64_t again_ms = verdict == STORE_RELEASE ? 0 : f->wall_ms + 1000;

	lease_one(f, event, &l);
	assert_int_equal(fix_settle(f, &l.v[0], verdict, again_ms, NULL),
	    RC_OK);
	store_leases_free(&l);
}

static void
test_one_delivery_of_a_key_runs_at_a_time(void **state)
{
	struct fix *f = *state;
	struct store_leases l, other;
	int64_t a1, a2, a3, b1, free1, blocked_by;

	a1 = put(f, "a-1", "a", 9);
	a2 = put(f, "a-2", "a", 0);
	b1 = put(f, "b-1", "b", 5);
	a3 = put(f, "a-3", "a", 5);
	free1 = put(f, "d-1", NULL, 5);
	fix_assert_sound(f);
	/* In order of priority; of a only the first, whatever its priority. */
	fix_lease(f, 9, &l);
	assert_int_equal(l.n, 3);
	assert_int_equal(l.v[0].event->id, b1);
	assert_int_equal(l.v[1].event->id, free1);
	assert_int_equal(l.v[2].event->id, a1);
	assert_nothing_due(f);
	(void)job_of(f, a3, &blocked_by);
	assert_int_equal(blocked_by, job_of(f, a1, NULL));
	fix_assert_sound(f);

	assert_int_equal(fix_settle(f, &l.v[2], STORE_DONE, 0, NULL), RC_OK);
	lease_one(f, a2, &other);
	(void)job_of(f, a3, &blocked_by);
	assert_int_equal(blocked_by, job_of(f, a2, NULL));
	assert_int_equal(fix_settle(f, &other.v[0], STORE_DONE, 0, NULL),
	    RC_OK);
	store_leases_free(&other);
	store_leases_free(&l);
	end_one(f, a3, STORE_DONE);
	fix_assert_sound(f);
}

static void
test_the_exchange_that_settles_leases_the_next_of_the_key(void **state)
{
	struct fix *f = *state;
	struct store_lease_want want = { .worker = "w",
		.max = 9,
		.max_per_target = 9,
		.hold_ms = 60000 };
	struct store_result r = { .verdict = STORE_DONE };
	struct store_exchange x = { .results = &r,
		.nresults = 1,
		.wants = &want,
		.nwants = 1,
		.now_ms = f->wall_ms };
	struct store_leases l;
	int64_t a1, a2;

	a1 = put(f, "a-1", "a", 5);
	a2 = put(f, "a-2", "a", 5);
	lease_one(f, a1, &l);
	r.job = l.v[0].job;
	r.token = l.v[0].token;
	assert_int_equal(store_exchange(f->s, &x, &f->e), RC_OK);
	assert_int_equal(x.leases.n, 1);
	assert_int_equal(x.leases.v[0].event->id, a2);
	store_leases_free(&x.leases);
	store_leases_free(&l);
	fix_assert_sound(f);
}

static void
test_a_failing_delivery_holds_back_its_own_key_only(void **state)
{
	struct fix *f = *state;
	int64_t a1, a2, b1;

	a1 = put(f, "a-1", "a", 5);
	a2 = put(f, "a-2", "a", 5);
	end_one(f, a1, STORE_AGAIN);
	assert_nothing_due(f);
	b1 = put(f, "b-1", "b", 5);
	end_one(f, b1, STORE_DONE);
	assert_nothing_due(f);
	fix_pass(f, 1000);
	end_one(f, a1, STORE_RELEASE);
	end_one(f, a1, STORE_DONE);
	end_one(f, a2, STORE_DONE);
	fix_assert_sound(f);
}

static void
test_a_dead_head_is_retried_or_skipped(void **state)
{
	struct fix *f = *state;
	struct store_job_filter blocked = { .state = -1,
		.blocked = true,
		.limit = 9 };
	struct store_jobs jobs;
	int64_t a1, a2, a3, next;

	a1 = put(f, "a-1", "a", 5);
	a2 = put(f, "a-2", "a", 5);
	a3 = put(f, "a-3", "a", 5);
	end_one(f, a1, STORE_DEAD);
	assert_nothing_due(f);
	/* Visible, newest first. */
	assert_int_equal(store_job_list(f->s, &blocked, &jobs, &next, &f->e),
	    RC_OK);
	assert_int_equal(jobs.n, 2);
	assert_int_equal(jobs.v[0].event, a3);
	assert_int_equal(jobs.v[0].blocked_by, job_of(f, a1, NULL));
	store_jobs_free(&jobs);
	fix_assert_sound(f);

	/* Retried it has its old place. */
	assert_int_equal(
	    store_job_retry(f->s, job_of(f, a1, NULL), f->wall_ms, &f->e),
	    RC_OK);
	end_one(f, a1, STORE_DEAD);
	assert_nothing_due(f);
	/* Cancelled it is skipped. */
	assert_int_equal(
	    store_job_cancel(f->s, job_of(f, a1, NULL), f->wall_ms, &f->e),
	    RC_OK);
	assert_int_equal(
	    store_job_cancel(f->s, job_of(f, a1, NULL), f->wall_ms, &f->e),
	    RC_EXISTS);
	assert_int_equal(fix_status(f, a1), EVENT_COMPLETED);
	end_one(f, a2, STORE_DONE);
	end_one(f, a3, STORE_DONE);
	fix_assert_sound(f);
}

static void
test_a_delivery_in_the_middle_of_a_key_is_cancelled(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	int64_t a1, a2, a3;
	size_t n;

	a1 = put(f, "a-1", "a", 5);
	a2 = put(f, "a-2", "a", 5);
	a3 = put(f, "a-3", "a", 5);
	assert_int_equal(store_event_cancel(f->s, a2, f->wall_ms, &n, &f->e),
	    RC_OK);
	assert_int_equal(n, 1);
	lease_one(f, a1, &l);
	assert_nothing_due(f);
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DONE, 0, NULL), RC_OK);
	store_leases_free(&l);
	end_one(f, a3, STORE_DONE);
	fix_assert_sound(f);
}

static void
test_a_lapsed_lease_keeps_its_place(void **state)
{
	struct fix *f = *state;
	struct store_leases l, again;
	int64_t a1, a2;
	size_t n;
	bool fenced;

	a1 = put(f, "a-1", "a", 5);
	a2 = put(f, "a-2", "a", 5);
	lease_one(f, a1, &l);
	fix_pass(f, 60001);
	assert_int_equal(store_recover(f->s, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(n, 1);
	lease_one(f, a1, &again);
	/* Whoever slept over the lease lets nobody go. */
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DONE, 0, &fenced), RC_OK);
	assert_true(fenced);
	assert_nothing_due(f);
	assert_int_equal(fix_settle(f, &again.v[0], STORE_DONE, 0, NULL),
	    RC_OK);
	store_leases_free(&again);
	store_leases_free(&l);
	end_one(f, a2, STORE_DONE);
	fix_assert_sound(f);
}

static void
test_a_replay_keeps_the_events_place_in_its_key(void **state)
{
	struct fix *f = *state;
	struct store_owed owed = { .target = "hook-1", .order_key = "a" };
	struct store_expansion x = { .jobs = &owed, .njobs = 1 };
	int64_t a1, a2;

	a1 = put(f, "a-1", "a", 5);
	a2 = put(f, "a-2", "a", 5);
	end_one(f, a1, STORE_DEAD);
	/* The dead job gives way to its successor. */
	assert_int_equal(store_event_replay(f->s, a1, NULL, f->wall_ms, &f->e),
	    RC_OK);
	x.event = a1;
	assert_int_equal(store_expand(f->s, &x, 1, f->wall_ms, &f->e), RC_OK);
	end_one(f, a1, STORE_DONE);
	end_one(f, a2, STORE_DONE);
	fix_assert_sound(f);
}

static void
begin_again(struct fix *f, int64_t event, const char *key)
{
	struct store_owed owed = { .target = "hook-1", .order_key = key };
	struct store_expansion x = { .event = event,
		.jobs = &owed,
		.njobs = 1 };

	assert_int_equal(
	    store_event_replay(f->s, event, NULL, f->wall_ms, &f->e), RC_OK);
	assert_int_equal(store_expand(f->s, &x, 1, f->wall_ms, &f->e), RC_OK);
}

static void
test_an_overtaken_delivery_is_sent_once_more(void **state)
{
	static const enum store_verdict verdicts[] = { STORE_DONE, STORE_AGAIN,
		STORE_RELEASE };
	struct fix *f = *state;
	struct store_leases l;
	int64_t a1, a2, a3;
	size_t i;

	for (i = 0; i < NELEM(verdicts); i++) {
		a1 = put(f, (const char *[]){ "1", "2", "3" }[i], "a", 5);
		a2 = put(f, (const char *[]){ "4", "5", "6" }[i], "a", 5);
		a3 = put(f, (const char *[]){ "7", "8", "9" }[i], "a", 5);
		end_one(f, a1, STORE_DONE);
		/* On its way while an earlier one is asked for again. */
		lease_one(f, a2, &l);
		begin_again(f, a1, "a");
		fix_assert_sound(f);
		assert_nothing_due(f);
		assert_int_equal(
		    fix_settle(f, &l.v[0], verdicts[i], f->wall_ms, NULL),
		    RC_OK);
		store_leases_free(&l);
		fix_assert_sound(f);
		end_one(f, a1, STORE_DONE);
		end_one(f, a2, STORE_DONE);
		end_one(f, a3, STORE_DONE);
		assert_nothing_due(f);
		fix_assert_sound(f);
	}
}

static void
test_an_overtaken_delivery_may_die_or_lapse(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	int64_t a1, a2;
	size_t n;

	a1 = put(f, "1", "a", 5);
	a2 = put(f, "2", "a", 5);
	end_one(f, a1, STORE_DONE);
	lease_one(f, a2, &l);
	begin_again(f, a1, "a");
	store_leases_free(&l);
	fix_pass(f, 60001);
	assert_int_equal(store_recover(f->s, f->wall_ms, &n, &f->e), RC_OK);
	fix_assert_sound(f);
	end_one(f, a1, STORE_DONE);
	lease_one(f, a2, &l);
	begin_again(f, a1, "a");
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DEAD, 0, NULL), RC_OK);
	store_leases_free(&l);
	fix_assert_sound(f);
	end_one(f, a1, STORE_DONE);
	assert_nothing_due(f);
	fix_assert_sound(f);
}

static void
test_a_cancelled_replay_leaves_the_one_on_its_way(void **state)
{
	struct fix *f = *state;
	struct store_job_filter waiting = { .state = STORE_WAITING,
		.limit = 9 };
	struct store_jobs jobs;
	struct store_leases l;
	int64_t a1, a2, next;

	a1 = put(f, "1", "a", 5);
	a2 = put(f, "2", "a", 5);
	end_one(f, a1, STORE_DONE);
	lease_one(f, a2, &l);
	begin_again(f, a1, "a");
	assert_int_equal(store_job_list(f->s, &waiting, &jobs, &next, &f->e),
	    RC_OK);
	assert_int_equal(jobs.n, 1);
	assert_int_equal(
	    store_job_cancel(f->s, jobs.v[0].id, f->wall_ms, &f->e), RC_OK);
	store_jobs_free(&jobs);
	fix_assert_sound(f);
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DONE, 0, NULL), RC_OK);
	store_leases_free(&l);
	assert_nothing_due(f);
	fix_assert_sound(f);
}

static void
test_a_second_expansion_keeps_the_order(void **state)
{
	struct fix *f = *state;
	struct store_owed owed = { .target = "hook-1", .order_key = "a" };
	struct store_expansion x = { .jobs = &owed, .njobs = 1, .more = true };
	int64_t a1;
	int i;

	a1 = x.event = fix_put(f, "a-1");
	for (i = 0; i < 2; i++)
		assert_int_equal(store_expand(f->s, &x, 1, f->wall_ms, &f->e),
		    RC_OK);
	x.more = false;
	assert_int_equal(store_expand(f->s, &x, 1, f->wall_ms, &f->e), RC_OK);
	fix_assert_sound(f);
	end_one(f, a1, STORE_DONE);
	assert_nothing_due(f);
	fix_assert_sound(f);
}

static void
test_deliveries_behind_another_are_not_overdue(void **state)
{
	struct fix *f = *state;
	struct store_stats st;
	struct store_leases l;
	int64_t a1, a2;

	a1 = put(f, "a-1", "a", 5);
	a2 = put(f, "a-2", "a", 5);
	lease_one(f, a1, &l);
	fix_pass(f, 301000);
	fix_stats(f, &st);
	assert_int_equal(st.overdue, 0);
	assert_int_equal(st.jobs[STORE_WAITING], 1);
	assert_int_equal(fix_status(f, a2), EVENT_PENDING);
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DONE, 0, NULL), RC_OK);
	store_leases_free(&l);
	fix_stats(f, &st);
	assert_int_equal(st.overdue, 1);
	fix_assert_sound(f);
}

static void
test_deleting_cancels_deliveries_behind_the_head_too(void **state)
{
	struct fix *f = *state;
	struct store_stats st;
	char name[16];
	size_t n;
	int i;

	fix_register(f, "hook-1");
	for (i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "a-%d", i);
		(void)put(f, name, i % 2 == 0 ? "a" : "b", i % 10);
	}
	assert_int_equal(
	    store_webhook_delete(f->s, "hook-1", f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(n, 20);
	fix_stats(f, &st);
	assert_int_equal(st.jobs[STORE_CANCELLED], 20);
	fix_assert_sound(f);
}

static void
test_a_reenabled_webhook_continues_in_order(void **state)
{
	struct fix *f = *state;
	struct webhook *w;
	int64_t a1, a2, a3;

	a1 = put(f, "a-1", "a", 5);
	a2 = put(f, "a-2", "a", 5);
	w = fix_webhook("hook-1");
	w->enabled = false;
	assert_int_equal(store_webhook_put(f->s, w, &f->e), RC_OK);
	assert_nothing_due(f);
	a3 = put(f, "a-3", "a", 0);
	w->enabled = true;
	{
		const struct webhook *const v[] = { w };

		assert_int_equal(store_webhook_put_all(f->s, v, 1, true, &f->e),
		    RC_OK);
	}
	webhook_free(w);
	end_one(f, a1, STORE_DONE);
	end_one(f, a2, STORE_DONE);
	end_one(f, a3, STORE_DONE);
	fix_assert_sound(f);
}

#define HELD 2000

static void
set_on_dead(struct fix *f, enum webhook_on_dead on_dead)
{
	struct webhook *w = fix_webhook("hook-1");
	const struct webhook *const v[] = { w };

	w->on_dead = on_dead;
	assert_int_equal(store_webhook_put_all(f->s, v, 1, true, &f->e), RC_OK);
	webhook_free(w);
}

/* A dead head with thousands behind it; the first of those. */
static int64_t
hold_thousands(struct fix *f)
{
	char name[16];
	int64_t first = 0, id;
	int i;

	id = put(f, "head", "a", 5);
	end_one(f, id, STORE_DEAD);
	for (i = 0; i < HELD; i++) {
		(void)snprintf(name, sizeof(name), "a-%d", i);
		id = put(f, name, "a", 5);
		if (i == 0)
			first = id;
	}
	return first;
}

static void
assert_held(struct fix *f, int64_t keys, int64_t deliveries)
{
	struct store_held h;
	struct store_stats st;

	fix_stats(f, &st);
	assert_int_equal(st.in_order.keys, keys);
	assert_int_equal(st.in_order.deliveries, deliveries);
	assert_int_equal(store_held(f->s, "hook-1", &h, &f->e), RC_OK);
	assert_int_equal(h.keys, keys);
	assert_int_equal(h.deliveries, deliveries);
	assert_true((h.oldest_ms != 0) == (deliveries > 0));
	assert_int_equal(store_held(f->s, "hook-2", &h, &f->e), RC_OK);
	assert_int_equal(h.deliveries, 0);
}

/* A page of a list counts so much of a webhook, and says so. */
static void
assert_held_page(struct fix *f, int64_t keys, int64_t deliveries, bool is_cut)
{
	static const char *const ids[] = { "hook-2", "hook-1", "nobody" };
	struct store_held h[3], one;

	assert_int_equal(store_held(f->s, "hook-1", &one, &f->e), RC_OK);
	assert_int_equal(store_held_page(f->s, ids, 3, h, &f->e), RC_OK);
	assert_int_equal(h[0].deliveries + h[2].deliveries, 0);
	assert_int_equal(h[1].keys, keys);
	assert_int_equal(h[1].deliveries, deliveries);
	assert_int_equal(h[1].is_cut, is_cut);
	if (!is_cut)
		assert_int_equal(h[1].oldest_ms, one.oldest_ms);
	assert_true((h[1].oldest_ms != 0) == (deliveries > 0));
}

/* How many notices say that a key is blocked; all are taken away. */
static size_t
blocked_notices(struct fix *f)
{
	struct store_notices l;
	struct store_telling t = { 0 };
	size_t i, n = 0;

	assert_int_equal(store_notices(f->s, 10000, &l, &f->e), RC_OK);
	for (i = 0; i < l.n; i++) {
		if (l.v[i].name == NOTICE_BLOCKED) {
			assert_non_null(
			    strstr(l.v[i].data, "\"order_key\":\"a\""));
			n++;
		}
		t.notice = l.v[i].id;
		t.event = NULL;
		assert_int_equal(store_tell(f->s, &t, 1, &f->e), RC_OK);
	}
	store_notices_free(&l);
	return n;
}

static void
test_a_dead_head_holds_thousands_until_its_webhook_skips(void **state)
{
	struct fix *f = *state;
	int64_t first;

	set_on_dead(f, WEBHOOK_HOLD);
	first = hold_thousands(f);
	assert_nothing_due(f);
	assert_held(f, 1, HELD);
	assert_held_page(f, 1, 2000, true);
	assert_int_equal(blocked_notices(f), 1);
	fix_assert_sound(f);
	set_on_dead(f, WEBHOOK_SKIP);
	assert_held(f, 0, 0);
	end_one(f, first, STORE_DONE);
	/* Whatever dies from now on holds up nobody. */
	end_one(f, first + 1, STORE_DEAD);
	end_one(f, first + 2, STORE_DONE);
	assert_held(f, 0, 0);
	assert_held_page(f, 0, 0, false);
	assert_int_equal(blocked_notices(f), 0);
	fix_assert_sound(f);
	/* What was passed by stays so. */
	set_on_dead(f, WEBHOOK_HOLD);
	end_one(f, first + 3, STORE_DEAD);
	assert_nothing_due(f);
	assert_held(f, 1, HELD - 4);
	assert_int_equal(blocked_notices(f), 1);
	fix_assert_sound(f);
}

static void
test_dead_heads_of_many_keys_are_skipped_in_parts(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	char name[16], key[16];
	size_t n, leased;
	int i;

	set_on_dead(f, WEBHOOK_HOLD);
	for (i = 0; i < 600; i++) {
		(void)snprintf(name, sizeof(name), "h-%d", i);
		(void)snprintf(key, sizeof(key), "k%d", i);
		end_one(f, put(f, name, key, 5), STORE_DEAD);
		(void)snprintf(name, sizeof(name), "n-%d", i);
		(void)put(f, name, key, 5);
	}
	assert_nothing_due(f);
	assert_held(f, 600, 600);
	assert_held_page(f, 200, 200, true);
	set_on_dead(f, WEBHOOK_SKIP);
	assert_held(f, 0, 0);
	n = 0;
	do {
		fix_lease(f, 100, &l);
		n += leased = l.n;
		store_leases_free(&l);
	} while (leased > 0);
	assert_int_equal(n, 600);
	fix_assert_sound(f);
}

static void
test_a_blocked_key_is_reported_once_for_each_death(void **state)
{
	struct fix *f = *state;
	int64_t a1, a2;

	set_on_dead(f, WEBHOOK_HOLD);
	a1 = put(f, "a-1", "a", 5);
	end_one(f, a1, STORE_DEAD);
	assert_int_equal(blocked_notices(f), 0);
	a2 = put(f, "a-2", "a", 5);
	assert_int_equal(blocked_notices(f), 1);
	(void)put(f, "a-3", "a", 5);
	assert_int_equal(blocked_notices(f), 0);
	/* A person tries again, in vain. */
	assert_int_equal(
	    store_job_retry(f->s, job_of(f, a1, NULL), f->wall_ms, &f->e),
	    RC_OK);
	end_one(f, a1, STORE_DEAD);
	assert_int_equal(blocked_notices(f), 1);
	/* Those behind it are cancelled: it is said no more. */
	assert_int_equal(
	    store_job_cancel(f->s, job_of(f, a2, NULL), f->wall_ms, &f->e),
	    RC_OK);
	assert_int_equal(blocked_notices(f), 0);
	fix_assert_sound(f);
}

/* By no more than what was delivered before the request does the key step
 * back. */
static void
test_a_skipped_one_that_is_retried_goes_before_what_still_waits(void **state)
{
	struct fix *f = *state;
	const struct store_dead dead = { "hook-1", 0, INT64_MAX };
	struct store_leases l;
	int64_t a1, a2, a3;
	size_t n;

	set_on_dead(f, WEBHOOK_SKIP);
	a1 = put(f, "a-1", "a", 5);
	a2 = put(f, "a-2", "a", 5);
	a3 = put(f, "a-3", "a", 5);
	end_one(f, a1, STORE_DEAD);
	lease_one(f, a2, &l);
	assert_int_equal(
	    store_dead_retry(f->s, &dead, 9, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(n, 1);
	/* One is under way: it is waited for, and sent once more. */
	assert_nothing_due(f);
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DONE, 0, NULL), RC_OK);
	store_leases_free(&l);
	end_one(f, a1, STORE_DONE);
	end_one(f, a2, STORE_DONE);
	end_one(f, a3, STORE_DONE);
	fix_assert_sound(f);
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_one_delivery_of_a_key_runs_at_a_time),
		CASE(test_the_exchange_that_settles_leases_the_next_of_the_key),
		CASE(test_a_failing_delivery_holds_back_its_own_key_only),
		CASE(test_a_dead_head_is_retried_or_skipped),
		CASE(
		    test_a_skipped_one_that_is_retried_goes_before_what_still_waits),
		CASE(test_a_delivery_in_the_middle_of_a_key_is_cancelled),
		CASE(test_a_lapsed_lease_keeps_its_place),
		CASE(test_a_replay_keeps_the_events_place_in_its_key),
		CASE(test_an_overtaken_delivery_is_sent_once_more),
		CASE(test_an_overtaken_delivery_may_die_or_lapse),
		CASE(test_a_cancelled_replay_leaves_the_one_on_its_way),
		CASE(test_a_second_expansion_keeps_the_order),
		CASE(test_deliveries_behind_another_are_not_overdue),
		CASE(test_deleting_cancels_deliveries_behind_the_head_too),
		CASE(test_a_reenabled_webhook_continues_in_order),
		CASE(test_a_dead_head_holds_thousands_until_its_webhook_skips),
		CASE(test_dead_heads_of_many_keys_are_skipped_in_parts),
		CASE(test_a_blocked_key_is_reported_once_for_each_death),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
