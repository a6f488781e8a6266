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
 * What every engine keeps of events and jobs; written against the public
 * headers alone.
 */

static const char *const one_target[] = { "hook-1", NULL };
static const char *const two_targets[] = { "hook-1", "hook-2", NULL };

static void
test_an_event_is_kept(void **state)
{
	struct fix *f = *state;
	struct store_receipt r;
	struct event *ev;
	char *body;
	size_t n;
	int64_t id;

	ev = fix_event(f, "d-1");
	strlist_put(&ev->teams, "core");
	ev->webhook_id = xstrdup("only-this");
	assert_int_equal(fix_accept(f, ev, &r), RC_OK);
	assert_int_equal(r.id, 1);
	assert_false(r.duplicate || r.retried || r.replay_suspect);
	assert_int_equal(store_event_resolve(f->s, r.public_id, &id, &f->e),
	    RC_OK);
	assert_int_equal(id, 1);
	assert_int_equal(store_event_resolve(f->s, "1", &id, &f->e), RC_OK);
	assert_int_equal(store_event_resolve(f->s, "2", &id, &f->e),
	    RC_NOTFOUND);
	assert_int_equal(store_event_resolve(f->s, "1 OR 1=1", &id, &f->e),
	    RC_NOTFOUND);

	fix_close(f);
	fix_open(f);
	assert_int_equal(store_event_find(f->s, 1, &ev, &f->e), RC_OK);
	assert_string_equal(ev->delivery_id, "d-1");
	assert_string_equal(ev->type, "issues");
	assert_string_equal(ev->action, "opened");
	assert_string_equal(ev->webhook_id, "only-this");
	assert_true(strlist_has(&ev->teams, "core"));
	assert_int_equal(ev->status, EVENT_PENDING);
	assert_int_equal(ev->received_ms, FIX_NOW);
	assert_string_equal(ev->public_id, r.public_id);
	event_free(ev);
	assert_int_equal(store_payload(f->s, 1, &body, &n, &f->e), RC_OK);
	assert_int_equal(n, strlen("{\"id\":\"d-1\"}"));
	assert_memory_equal(body, "{\"id\":\"d-1\"}", n);
	free(body);
	assert_int_equal(store_payload(f->s, 2, &body, &n, &f->e), RC_NOTFOUND);
	fix_assert_sound(f);
}

static void
test_a_repeat_is_stored_once(void **state)
{
	struct fix *f = *state;
	struct store_receipt first, r;
	struct store_stats st;
	struct event *ev;

	assert_int_equal(fix_accept(f, fix_event(f, "d-1"), &first), RC_OK);
	fix_pass(f, 1000);
	assert_int_equal(fix_accept(f, fix_event(f, "d-1"), &r), RC_OK);
	assert_true(r.duplicate);
	assert_false(r.other_body);
	assert_int_equal(r.id, first.id);
	assert_string_equal(r.public_id, first.public_id);

	ev = fix_event(f, "d-1");
	ev->body[2] = 'X';
	assert_int_equal(fix_accept(f, ev, &r), RC_OK);
	assert_true(r.duplicate && r.other_body);

	ev = fix_event(f, "d-1");
	free(ev->source);
	ev->source = xstrdup("another");
	assert_int_equal(fix_accept(f, ev, &r), RC_OK);
	assert_false(r.duplicate);
	fix_stats(f, &st);
	assert_int_equal(st.accepted, 2);
	assert_int_equal(st.duplicates, 2);
	fix_assert_sound(f);
}

static struct event *
body_under(const struct fix *f, const char *delivery_id, const char *body)
{
	struct event *ev = fix_event(f, delivery_id);

	free(ev->body);
	ev->body = xstrdup(body);
	ev->bodysz = strlen(body);
	ev->replay_window_ms = 7 * 86400 * INT64_C(1000);
	return ev;
}

static void
test_a_known_body_under_a_new_id_owes_no_job(void **state)
{
	struct fix *f = *state;
	struct store_receipt r;
	struct store_events un;

	assert_int_equal(fix_accept(f, body_under(f, "d-1", "{}"), &r), RC_OK);
	assert_false(r.replay_suspect);
	assert_int_equal(fix_accept(f, body_under(f, "d-2", "{}"), &r), RC_OK);
	assert_true(r.replay_suspect);
	assert_false(r.duplicate);
	assert_int_equal(fix_status(f, r.id), EVENT_COMPLETED);
	assert_int_equal(store_unexpanded(f->s, 10, &un, &f->e), RC_OK);
	assert_int_equal(un.n, 1);
	store_events_free(&un);

	/* A person may have it worked after all. */
	assert_int_equal(
	    store_event_replay(f->s, r.id, NULL, f->wall_ms, &f->e), RC_OK);
	assert_int_equal(fix_status(f, r.id), EVENT_PENDING);
	assert_int_equal(store_unexpanded(f->s, 10, &un, &f->e), RC_OK);
	assert_int_equal(un.n, 2);
	assert_false(un.v[1]->replay_suspect);
	store_events_free(&un);

	fix_pass(f, 8 * 86400 * INT64_C(1000));
	assert_int_equal(fix_accept(f, body_under(f, "d-3", "{}"), &r), RC_OK);
	assert_false(r.replay_suspect);
	fix_assert_sound(f);
}

static void
test_expansion_twice_changes_nothing(void **state)
{
	struct fix *f = *state;
	struct store_stats st;
	int64_t id = fix_put(f, "d-1");

	fix_expand(f, id, two_targets);
	fix_expand(f, id, two_targets);
	fix_stats(f, &st);
	assert_int_equal(st.jobs_owed, 2);
	assert_int_equal(st.jobs[STORE_WAITING], 2);
	assert_int_equal(fix_status(f, id), EVENT_PENDING);
	fix_assert_sound(f);
}

static void
test_an_event_is_expanded_with_its_last_part(void **state)
{
	struct fix *f = *state;
	const struct store_owed owed[] = { { .target = "hook-1" },
		{ .target = "hook-2" }, { .target = "hook-3" } };
	struct store_expansion x = { .jobs = owed, .njobs = 2, .more = true };
	struct store_events un;
	struct store_leases l;
	struct store_stats st;
	size_t i;

	x.event = fix_put(f, "d-1");
	assert_int_equal(store_expand(f->s, &x, 1, f->wall_ms, &f->e), RC_OK);
	fix_lease(f, 9, &l);
	assert_int_equal(l.n, 2);
	for (i = 0; i < l.n; i++)
		assert_int_equal(fix_settle(f, &l.v[i], STORE_DONE, 0, NULL),
		    RC_OK);
	store_leases_free(&l);
	/* More is to come, so it is not over; a crash begins again. */
	assert_int_equal(fix_status(f, x.event), EVENT_PROCESSING);
	assert_int_equal(store_unexpanded(f->s, 9, &un, &f->e), RC_OK);
	assert_int_equal(un.n, 1);
	store_events_free(&un);
	fix_assert_sound(f);
	assert_int_equal(store_expand(f->s, &x, 1, f->wall_ms, &f->e), RC_OK);
	x.jobs = owed + 2;
	x.njobs = 1;
	x.more = false;
	assert_int_equal(store_expand(f->s, &x, 1, f->wall_ms, &f->e), RC_OK);
	fix_stats(f, &st);
	assert_int_equal(st.jobs_owed, 3);
	fix_lease(f, 9, &l);
	assert_int_equal(l.n, 1);
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DONE, 0, NULL), RC_OK);
	store_leases_free(&l);
	assert_int_equal(fix_status(f, x.event), EVENT_COMPLETED);
	fix_assert_sound(f);
}

static void
test_an_event_that_owes_nothing_is_completed(void **state)
{
	static const char *const none[] = { NULL };
	struct fix *f = *state;
	int64_t id = fix_put(f, "d-1");

	fix_expand(f, id, none);
	assert_int_equal(fix_status(f, id), EVENT_COMPLETED);
	fix_assert_sound(f);
}

static void
test_a_delivery_is_leased_once_and_done(void **state)
{
	struct fix *f = *state;
	struct store_leases a, b;
	struct store_stats st;
	struct event *ev;
	bool fenced;
	int64_t id = fix_job(f, "d-1", "hook-1");

	fix_lease(f, 10, &a);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.v[0].attempt, 1);
	assert_int_equal(a.v[0].round, 0);
	assert_int_equal(a.v[0].kind, STORE_DELIVER);
	assert_string_equal(a.v[0].target, "hook-1");
	assert_string_equal(a.v[0].event->delivery_id, "d-1");
	assert_int_equal(fix_status(f, id), EVENT_PROCESSING);
	fix_lease(f, 10, &b);
	assert_int_equal(b.n, 0);

	fix_pass(f, 40);
	assert_int_equal(fix_settle(f, &a.v[0], STORE_DONE, 0, &fenced), RC_OK);
	assert_false(fenced);
	assert_int_equal(store_event_find(f->s, id, &ev, &f->e), RC_OK);
	assert_int_equal(ev->status, EVENT_COMPLETED);
	assert_int_equal(ev->started_ms, FIX_NOW);
	assert_int_equal(ev->completed_ms, FIX_NOW + 40);
	assert_int_equal(ev->jobs_total, 1);
	event_free(ev);
	fix_stats(f, &st);
	assert_int_equal(st.processed, 1);
	assert_int_equal(st.processing_ms, 40);

	/* A second word on it is fenced, and on record. */
	assert_int_equal(fix_settle(f, &a.v[0], STORE_DEAD, 0, &fenced), RC_OK);
	assert_true(fenced);
	assert_int_equal(fix_status(f, id), EVENT_COMPLETED);
	store_leases_free(&a);
	fix_assert_sound(f);
}

static void
test_a_retry_waits_for_its_time(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	struct store_lease_want want = { .worker = "w",
		.max = 5,
		.hold_ms = 1000 };
	struct store_attempts at;
	struct event *ev;
	struct store_stats st;
	int64_t next_ms, id = fix_job(f, "d-1", "hook-1");
	int64_t job;

	fix_lease(f, 10, &l);
	job = l.v[0].job;
	assert_int_equal(
	    fix_settle(f, &l.v[0], STORE_AGAIN, f->wall_ms + 5000, NULL),
	    RC_OK);
	store_leases_free(&l);
	assert_int_equal(fix_status(f, id), EVENT_RETRY);
	fix_stats(f, &st);
	assert_int_equal(st.retrying, 1);

	assert_int_equal(
	    store_lease_due(f->s, f->wall_ms, &want, &l, &next_ms, &f->e),
	    RC_OK);
	assert_int_equal(l.n, 0);
	assert_int_equal(next_ms, FIX_NOW + 5000);
	fix_pass(f, 5000);
	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.v[0].attempt, 2);
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DEAD, 0, NULL), RC_OK);
	store_leases_free(&l);
	assert_int_equal(store_event_find(f->s, id, &ev, &f->e), RC_OK);
	assert_int_equal(ev->status, EVENT_FAILED);
	assert_int_equal(ev->retry_count, 1);
	assert_string_equal(ev->error_message, "it answered 500");
	event_free(ev);
	assert_int_equal(store_attempt_list(f->s, job, &at, &f->e), RC_OK);
	assert_int_equal(at.n, 2);
	assert_int_equal(at.v[0].number, 1);
	assert_int_equal(at.v[1].number, 2);
	assert_int_equal(at.v[1].a.code, 500);
	assert_memory_equal(at.v[1].a.request.answer, "well", 4);
	store_attempts_free(&at);
	fix_assert_sound(f);
}

static void
test_a_repeat_of_a_failed_event_tries_again(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	struct store_receipt r;
	int64_t id = fix_job(f, "d-1", "hook-1");
	size_t n;

	assert_int_equal(store_event_retry(f->s, id, f->wall_ms, &n, &f->e),
	    RC_EXISTS);
	assert_int_equal(store_event_retry(f->s, 99, f->wall_ms, &n, &f->e),
	    RC_NOTFOUND);
	fix_lease(f, 10, &l);
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DEAD, 0, NULL), RC_OK);
	store_leases_free(&l);
	assert_int_equal(fix_status(f, id), EVENT_FAILED);
	assert_int_equal(fix_accept(f, fix_event(f, "d-1"), &r), RC_OK);
	assert_true(r.duplicate && r.retried);
	assert_int_equal(fix_status(f, id), EVENT_PENDING);
	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.v[0].attempt, 1);
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DEAD, 0, NULL), RC_OK);
	store_leases_free(&l);
	assert_int_equal(store_event_retry(f->s, id, f->wall_ms, &n, &f->e),
	    RC_OK);
	assert_int_equal(n, 1);
	fix_assert_sound(f);
}

static void
test_priority_goes_before_age(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	struct event *ev;
	const char *const names[] = { "a", "b", "c" };
	const int priorities[] = { 7, 7, 1 };
	struct store_receipt r;
	size_t i;

	for (i = 0; i < 3; i++) {
		ev = fix_event(f, names[i]);
		ev->priority = priorities[i];
		assert_int_equal(fix_accept(f, ev, &r), RC_OK);
		fix_expand(f, r.id, one_target);
		fix_pass(f, 10);
	}
	fix_lease(f, 2, &l);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.v[0].event->delivery_id, "c");
	assert_string_equal(l.v[1].event->delivery_id, "a");
	store_leases_free(&l);
	fix_lease(f, 2, &l);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.v[0].event->delivery_id, "b");
	store_leases_free(&l);
	fix_assert_sound(f);
}

static void
test_fresh_work_passes_a_backlog_of_repeats(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	char id[16];
	size_t i, fresh = 0;

	for (i = 0; i < 20; i++) {
		(void)snprintf(id, sizeof(id), "old-%zu", i);
		(void)fix_job(f, id, "hook-1");
	}
	fix_lease(f, 64, &l);
	assert_int_equal(l.n, 20);
	for (i = 0; i < l.n; i++)
		assert_int_equal(fix_settle(f, &l.v[i], STORE_AGAIN,
				     f->wall_ms + 1000, NULL),
		    RC_OK);
	store_leases_free(&l);
	fix_pass(f, 2000);
	(void)fix_job(f, "new-1", "hook-1");
	(void)fix_job(f, "new-2", "hook-1");
	fix_lease(f, 6, &l);
	assert_int_equal(l.n, 6);
	for (i = 0; i < l.n; i++)
		fresh += l.v[i].attempt == 1;
	assert_int_equal(fresh, 2);
	store_leases_free(&l);
	fix_assert_sound(f);
}

static void
test_a_target_at_its_limit_is_skipped(void **state)
{
	static const char *const skip[] = { "hook-1", "hook-3" };
	struct store_lease_want want = { .worker = "w",
		.max = 10,
		.max_per_target = 1,
		.hold_ms = 1000,
		.skip = skip,
		.nskip = 2 };
	struct fix *f = *state;
	struct store_leases l;
	int64_t next_ms;

	fix_expand(f, fix_put(f, "d-1"), two_targets);
	fix_expand(f, fix_put(f, "d-2"), two_targets);
	assert_int_equal(
	    store_lease_due(f->s, f->wall_ms, &want, &l, &next_ms, &f->e),
	    RC_OK);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.v[0].target, "hook-2");
	store_leases_free(&l);
	want.kinds = 1U << STORE_EXEC;
	assert_int_equal(
	    store_lease_due(f->s, f->wall_ms, &want, &l, &next_ms, &f->e),
	    RC_OK);
	assert_int_equal(l.n, 0);
	assert_true(next_ms == INT64_MAX);
	fix_assert_sound(f);
}

static void
test_a_job_may_be_of_any_kind(void **state)
{
	static const char *const names[] = { "deliver", "exec", "analyze",
		"draft", "act", "publish", "alert" };
	struct store_owed owed[NELEM(names)];
	struct store_expansion x = { .jobs = owed, .njobs = NELEM(names) };
	struct store_lease_want want = { .worker = "w",
		.max = 9,
		.hold_ms = 1000 };
	struct fix *f = *state;
	struct store_leases l;
	int64_t next_ms;
	size_t k;

	memset(owed, 0, sizeof(owed));
	for (k = 0; k < NELEM(names); k++) {
		assert_true(store_kind_parse(names[k], &owed[k].kind));
		owed[k].target = "hook-1";
	}
	x.event = fix_put(f, "d-1");
	assert_int_equal(store_expand(f->s, &x, 1, f->wall_ms, &f->e), RC_OK);
	for (k = 0; k < NELEM(names); k++) {
		want.kinds = 1U << owed[k].kind;
		assert_int_equal(store_lease_due(f->s, f->wall_ms, &want, &l,
				     &next_ms, &f->e),
		    RC_OK);
		assert_int_equal(l.n, 1);
		assert_string_equal(store_kind_name(l.v[0].kind), names[k]);
		assert_int_equal(fix_settle(f, &l.v[0], STORE_DONE, 0, NULL),
		    RC_OK);
		store_leases_free(&l);
	}
	assert_int_equal(fix_status(f, x.event), EVENT_COMPLETED);
	fix_assert_sound(f);
}

static void
test_a_release_uses_no_attempt(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	struct store_attempts at;
	int64_t job;

	(void)fix_job(f, "d-1", "hook-1");
	fix_lease(f, 1, &l);
	job = l.v[0].job;
	assert_int_equal(fix_settle(f, &l.v[0], STORE_RELEASE, 0, NULL), RC_OK);
	store_leases_free(&l);
	assert_int_equal(store_attempt_list(f->s, job, &at, &f->e), RC_OK);
	assert_int_equal(at.n, 0);
	store_attempts_free(&at);
	fix_lease(f, 1, &l);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.v[0].attempt, 1);
	store_leases_free(&l);
	fix_assert_sound(f);
}

static void
test_an_exchange_settles_and_leases_at_once(void **state)
{
	struct fix *f = *state;
	struct store_lease_want want = { .worker = "w",
		.max = 2,
		.max_per_target = 2,
		.hold_ms = 60000 };
	struct store_result v[2];
	struct store_exchange x = { .results = v,
		.nresults = 2,
		.wants = &want,
		.nwants = 1 };
	struct store_leases l;
	size_t i;

	(void)fix_job(f, "d-1", "hook-1");
	(void)fix_job(f, "d-2", "hook-1");
	(void)fix_job(f, "d-3", "hook-1");
	fix_lease(f, 2, &l);
	memset(v, 0, sizeof(v));
	for (i = 0; i < 2; i++) {
		v[i].job = l.v[i].job;
		v[i].token = l.v[i].token;
		v[i].attempt.text = v[i].attempt.request.address = "";
	}
	/* One is done; one comes back due, and is there to be taken. */
	v[1].verdict = STORE_AGAIN;
	v[1].again_ms = f->wall_ms;
	x.now_ms = f->wall_ms;
	assert_int_equal(store_exchange(f->s, &x, &f->e), RC_OK);
	assert_false(v[0].fenced);
	assert_int_equal(x.leases.n, 2);
	assert_int_equal(x.leases.v[0].attempt + x.leases.v[1].attempt, 3);
	store_leases_free(&x.leases);

	/* Settled twice is fenced, and nothing is left to take. */
	assert_int_equal(store_exchange(f->s, &x, &f->e), RC_OK);
	assert_true(v[0].fenced);
	assert_int_equal(x.leases.n, 0);
	assert_true(x.next_due_ms == INT64_MAX);
	store_leases_free(&l);
	fix_assert_sound(f);
}

static void
test_an_exchange_leases_the_jobs_it_expands(void **state)
{
	struct fix *f = *state;
	const struct store_owed owed = { .target = "hook-1" };
	struct store_lease_want want = { .worker = "w", .hold_ms = 60000 };
	struct store_expansion v = { .jobs = &owed, .njobs = 1 };
	struct store_exchange x = { .expansions = &v,
		.nexpansions = 1,
		.wants = &want,
		.nwants = 1,
		.now_ms = f->wall_ms };

	v.event = fix_put(f, "d-1");
	want.max = 2;
	assert_int_equal(store_exchange(f->s, &x, &f->e), RC_OK);
	assert_int_equal(x.leases.n, 1);
	assert_true(x.leases.v[0].event->id == v.event);
	assert_int_equal(fix_status(f, v.event), EVENT_PROCESSING);
	store_leases_free(&x.leases);
	fix_assert_sound(f);

	/* Nothing is wanted, and nothing is looked for. */
	v.event = fix_put(f, "d-2");
	want.max = 0;
	assert_int_equal(store_exchange(f->s, &x, &f->e), RC_OK);
	assert_int_equal(x.leases.n, 0);
	assert_true(x.next_due_ms == INT64_MAX);
	assert_int_equal(fix_status(f, v.event), EVENT_PENDING);
	fix_assert_sound(f);
}

static void
test_an_exchange_leases_each_kind_up_to_its_own_maximum(void **state)
{
	struct fix *f = *state;
	const struct store_owed owed[] = {
		{ .kind = STORE_DELIVER, .target = "hook-1" },
		{ .kind = STORE_DELIVER, .target = "hook-2" },
		{ .kind = STORE_ACT, .target = "one" },
		{ .kind = STORE_ACT, .target = "two" },
		{ .kind = STORE_ACT, .target = "three" },
		{ .kind = STORE_PUBLISH, .target = "page" },
	};
	const struct store_lease_want wants[] = {
		{ .worker = "w",
		    .kinds = 1u << STORE_DELIVER,
		    .max = 1,
		    .hold_ms = 60000 },
		{ .worker = "w",
		    .kinds = 1u << STORE_ACT,
		    .max = 2,
		    .hold_ms = 60000 },
	};
	struct store_expansion v = { .jobs = owed, .njobs = 6 };
	struct store_exchange x = { .expansions = &v,
		.nexpansions = 1,
		.wants = wants,
		.nwants = 2,
		.now_ms = f->wall_ms };
	size_t got[STORE_KINDS] = { 0 }, i;

	v.event = fix_put(f, "d-1");
	assert_int_equal(store_exchange(f->s, &x, &f->e), RC_OK);
	for (i = 0; i < x.leases.n; i++)
		got[x.leases.v[i].kind]++;
	assert_int_equal(x.leases.n, 3);
	assert_int_equal(got[STORE_DELIVER], 1);
	assert_int_equal(got[STORE_ACT], 2);
	assert_true(x.next_due_ms == INT64_MAX);
	store_leases_free(&x.leases);
	fix_assert_sound(f);
}

static void
test_jobs_are_cancelled_and_retried(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	struct store_jobs jobs;
	struct store_job_filter of_event = { .state = -1, .limit = 10 };
	int64_t next, id = fix_put(f, "d-1"), job;
	size_t n;
	bool fenced;

	fix_expand(f, id, two_targets);
	of_event.event = id;
	assert_int_equal(store_job_list(f->s, &of_event, &jobs, &next, &f->e),
	    RC_OK);
	assert_int_equal(jobs.n, 2);
	assert_true(jobs.v[0].id > jobs.v[1].id);
	assert_int_equal(
	    store_job_resolve(f->s, jobs.v[0].public_id, &job, &f->e), RC_OK);
	assert_int_equal(job, jobs.v[0].id);
	store_jobs_free(&jobs);
	assert_int_equal(store_job_cancel(f->s, job, f->wall_ms, &f->e), RC_OK);
	assert_int_equal(store_job_cancel(f->s, job, f->wall_ms, &f->e),
	    RC_EXISTS);
	assert_int_equal(store_job_retry(f->s, job, f->wall_ms, &f->e),
	    RC_EXISTS);
	assert_int_equal(store_job_retry(f->s, 999, f->wall_ms, &f->e),
	    RC_NOTFOUND);
	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 1);
	assert_int_equal(store_event_cancel(f->s, id, f->wall_ms, &n, &f->e),
	    RC_OK);
	assert_int_equal(n, 1);
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DONE, 0, &fenced), RC_OK);
	assert_true(fenced);
	store_leases_free(&l);
	assert_int_equal(fix_status(f, id), EVENT_COMPLETED);

	(void)fix_job(f, "d-2", "hook-1");
	fix_lease(f, 10, &l);
	job = l.v[0].job;
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DEAD, 0, NULL), RC_OK);
	store_leases_free(&l);
	assert_int_equal(store_job_retry(f->s, job, f->wall_ms, &f->e), RC_OK);
	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 1);
	store_leases_free(&l);
	fix_assert_sound(f);
}

static void
test_many_jobs_are_retried_and_cancelled(void **state)
{
	struct fix *f = *state;
	struct store_owed owed[1201];
	struct store_expansion x = { .jobs = owed, .njobs = NELEM(owed) };
	struct store_result r[200];
	char names[NELEM(owed)][16];
	struct store_leases l;
	struct store_stats st;
	size_t i, n;

	for (i = 0; i < NELEM(owed); i++) {
		(void)snprintf(names[i], sizeof(names[i]), "hook-%zu", i);
		owed[i] = (struct store_owed){ .target = names[i] };
	}
	x.event = fix_put(f, "d-1");
	assert_int_equal(store_expand(f->s, &x, 1, f->wall_ms, &f->e), RC_OK);
	for (n = 0; n < NELEM(owed);) {
		fix_lease(f, 200, &l);
		assert_true(l.n > 0);
		for (i = 0; i < l.n; i++)
			r[i] = (struct store_result){ .job = l.v[i].job,
				.token = l.v[i].token,
				.verdict = STORE_DEAD };
		assert_int_equal(
		    store_settle(f->s, r, l.n, "w", f->wall_ms, &f->e), RC_OK);
		n += l.n;
		store_leases_free(&l);
	}
	assert_int_equal(fix_status(f, x.event), EVENT_FAILED);
	assert_int_equal(
	    store_event_retry(f->s, x.event, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(n, NELEM(owed));
	assert_int_equal(
	    store_event_cancel(f->s, x.event, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(n, NELEM(owed));
	fix_stats(f, &st);
	assert_int_equal(st.jobs[STORE_CANCELLED], NELEM(owed));
	assert_int_equal(fix_status(f, x.event), EVENT_COMPLETED);
	fix_assert_sound(f);
}

static void
test_a_replay_is_a_new_round(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	struct store_events un;
	int64_t id = fix_job(f, "d-1", "hook-1");

	fix_lease(f, 10, &l);
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DEAD, 0, NULL), RC_OK);
	store_leases_free(&l);
	assert_int_equal(
	    store_event_replay(f->s, id, "hook-1", f->wall_ms, &f->e), RC_OK);
	assert_int_equal(store_unexpanded(f->s, 10, &un, &f->e), RC_OK);
	assert_int_equal(un.n, 1);
	assert_string_equal(un.v[0]->webhook_id, "hook-1");
	store_events_free(&un);
	fix_expand(f, id, one_target);
	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.v[0].round, 1);
	assert_int_equal(l.v[0].attempt, 1);
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DONE, 0, NULL), RC_OK);
	store_leases_free(&l);
	/* The dead letter of the first round has been acted on. */
	assert_int_equal(fix_status(f, id), EVENT_COMPLETED);
	assert_int_equal(store_event_replay(f->s, 99, NULL, f->wall_ms, &f->e),
	    RC_NOTFOUND);
	fix_assert_sound(f);
}

static void
test_max_waiting_refuses_further_posts(void **state)
{
	struct fix *f = *state;

	f->opt.max_waiting = 2;
	fix_close(f);
	fix_open(f);
	(void)fix_put(f, "d-1");
	(void)fix_job(f, "d-2", "hook-1");
	assert_int_equal(fix_accept(f, fix_event(f, "d-3"), NULL), RC_BUSY);
	f->opt.max_waiting = 0;
	f->opt.min_free = INT64_MAX;
	fix_close(f);
	fix_open(f);
	assert_int_equal(fix_accept(f, fix_event(f, "d-3"), NULL), RC_BUSY);
	assert_int_equal(store_check(f->s, &f->e), RC_BUSY);
	f->opt.min_free = 0;
	fix_close(f);
	fix_open(f);
	assert_int_equal(store_check(f->s, &f->e), RC_OK);
	assert_int_equal(fix_accept(f, fix_event(f, "d-3"), NULL), RC_OK);
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_an_event_is_kept),
		CASE(test_a_repeat_is_stored_once),
		CASE(test_a_known_body_under_a_new_id_owes_no_job),
		CASE(test_expansion_twice_changes_nothing),
		CASE(test_an_event_is_expanded_with_its_last_part),
		CASE(test_an_event_that_owes_nothing_is_completed),
		CASE(test_a_delivery_is_leased_once_and_done),
		CASE(test_a_retry_waits_for_its_time),
		CASE(test_a_repeat_of_a_failed_event_tries_again),
		CASE(test_priority_goes_before_age),
		CASE(test_fresh_work_passes_a_backlog_of_repeats),
		CASE(test_a_target_at_its_limit_is_skipped),
		CASE(test_a_job_may_be_of_any_kind),
		CASE(test_a_release_uses_no_attempt),
		CASE(test_an_exchange_settles_and_leases_at_once),
		CASE(test_an_exchange_leases_the_jobs_it_expands),
		CASE(test_an_exchange_leases_each_kind_up_to_its_own_maximum),
		CASE(test_jobs_are_cancelled_and_retried),
		CASE(test_many_jobs_are_retried_and_cancelled),
		CASE(test_a_replay_is_a_new_round),
		CASE(test_max_waiting_refuses_further_posts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
