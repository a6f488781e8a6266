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
 * What every engine keeps: written against the public headers alone.
 */

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
	fix_fini(*state);
	free(*state);
	return 0;
}

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
test_known_bytes_under_a_new_id_owe_nothing(void **state)
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
	assert_memory_equal(at.v[1].a.answer, "well", 4);
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
test_a_full_target_is_skipped(void **state)
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
test_a_job_that_kills_its_workers_is_set_aside(void **state)
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

static void
test_registrations_are_kept(void **state)
{
	struct fix *f = *state;
	struct webhook *w = fix_webhook("hook-1"), *got;
	static int64_t schedule[] = { 5000, 10000 };
	int64_t before, after;

	assert_int_equal(store_webhooks_version(f->s, &before, &f->e), RC_OK);
	strlist_put(&w->events, "issues.*");
	w->team = xstrdup("Core");
	w->headers = xcalloc(2, sizeof(*w->headers));
	w->headers[0].name = xstrdup("X-One");
	secret_put_str(&w->headers[0].value, "first value");
	w->headers[1].name = xstrdup("X-Two");
	secret_put_str(&w->headers[1].value, "");
	w->nheaders = 2;
	w->retry_schedule = xcalloc(2, sizeof(int64_t));
	memcpy(w->retry_schedule, schedule, sizeof(schedule));
	w->nretries = 2;
	assert_int_equal(store_webhook_put(f->s, w, &f->e), RC_OK);
	assert_int_equal(store_webhook_put(f->s, w, &f->e), RC_EXISTS);
	webhook_free(w);
	assert_int_equal(store_webhooks_version(f->s, &after, &f->e), RC_OK);
	assert_true(after != before);

	fix_close(f);
	fix_open(f);
	assert_int_equal(store_webhook_find(f->s, "hook-1", &got, &f->e),
	    RC_OK);
	assert_true(secret_is_equal(&got->secret, "a secret of some length",
	    strlen("a secret of some length")));
	assert_false(secret_is_set(&got->old_secret));
	assert_true(strlist_has(&got->events, "issues.*"));
	assert_string_equal(got->team, "Core");
	assert_int_equal(got->nheaders, 2);
	assert_string_equal(got->headers[0].name, "X-One");
	assert_string_equal(got->headers[0].value.bytes, "first value");
	assert_string_equal(got->headers[1].name, "X-Two");
	assert_int_equal(got->nretries, 2);
	assert_int_equal(got->retry_schedule[1], 10000);
	assert_int_equal(got->rate_limit, -1);
	assert_null(got->description);
	assert_true(got->enabled);
	webhook_free(got);
	assert_int_equal(store_webhook_find(f->s, "hook-2", &got, &f->e),
	    RC_NOTFOUND);
}

static void
test_registrations_are_listed_by_filter(void **state)
{
	struct fix *f = *state;
	struct store_webhook_filter all = { .enabled = -1, .health = -1 };
	struct store_webhook_filter want;
	struct store_webhooks l;
	struct webhook *w;
	char id[16];
	size_t i;

	for (i = 0; i < 5; i++) {
		(void)snprintf(id, sizeof(id), "hook-%zu", i);
		w = fix_webhook(id);
		if (i == 3)
			w->team = xstrdup("Core");
		if (i == 4)
			w->enabled = false;
		strlist_put(&w->events, i == 2 ? "push" : "issues.opened");
		assert_int_equal(store_webhook_put(f->s, w, &f->e), RC_OK);
		webhook_free(w);
	}
	assert_int_equal(store_webhook_list(f->s, &all, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 5);
	assert_false(l.more);
	store_webhooks_free(&l);
	want = all;
	want.limit = 2;
	want.after = "hook-1";
	assert_int_equal(store_webhook_list(f->s, &want, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 2);
	assert_true(l.more);
	assert_string_equal(l.v[0]->id, "hook-2");
	store_webhooks_free(&l);
	want = all;
	want.team = "cORE";
	assert_int_equal(store_webhook_list(f->s, &want, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 1);
	store_webhooks_free(&l);
	want = all;
	want.enabled = 0;
	assert_int_equal(store_webhook_list(f->s, &want, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.v[0]->health, WEBHOOK_UNAVAILABLE);
	store_webhooks_free(&l);
	want = all;
	want.event = "issues.opened";
	assert_int_equal(store_webhook_list(f->s, &want, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 4);
	store_webhooks_free(&l);
}

static enum rc
disable(void *arg, struct webhook *w, struct err *e)
{
	(void)e;
	w->enabled = *(bool *)arg;
	return RC_OK;
}

static enum rc
refuse(void *arg, struct webhook *w, struct err *e)
{
	(void)arg;
	w->enabled = false;
	return err_set(e, RC_INVALID, "no");
}

static void
test_disabling_parks_and_enabling_releases(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	struct webhook *w;
	bool on = false;

	fix_register(f, "hook-1");
	(void)fix_job(f, "d-1", "hook-1");
	assert_int_equal(
	    store_webhook_change(f->s, "hook-1", refuse, NULL, &w, &f->e),
	    RC_INVALID);
	assert_int_equal(
	    store_webhook_change(f->s, "hook-1", disable, &on, &w, &f->e),
	    RC_OK);
	assert_false(w->enabled);
	webhook_free(w);
	fix_pass(f, 1000);
	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 0);
	on = true;
	assert_int_equal(
	    store_webhook_change(f->s, "hook-1", disable, &on, NULL, &f->e),
	    RC_OK);
	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.v[0].attempt, 1);
	store_leases_free(&l);
	assert_int_equal(
	    store_webhook_change(f->s, "nobody", disable, &on, NULL, &f->e),
	    RC_NOTFOUND);
	fix_assert_sound(f);
}

static void
test_deleting_cancels_what_waits(void **state)
{
	struct fix *f = *state;
	struct store_job_filter by_target = { .target = "hook-1",
		.state = STORE_CANCELLED,
		.limit = 700 };
	struct store_jobs jobs;
	int64_t next, id = 0;
	char name[16];
	size_t n, i;

	fix_register(f, "hook-1");
	for (i = 0; i < 620; i++) {
		(void)snprintf(name, sizeof(name), "d-%zu", i);
		id = fix_job(f, name, "hook-1");
	}
	assert_int_equal(
	    store_webhook_delete(f->s, "hook-1", f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(n, 620);
	assert_int_equal(
	    store_webhook_delete(f->s, "hook-1", f->wall_ms, &n, &f->e),
	    RC_NOTFOUND);
	assert_int_equal(fix_status(f, id), EVENT_COMPLETED);
	assert_int_equal(store_job_list(f->s, &by_target, &jobs, &next, &f->e),
	    RC_OK);
	assert_int_equal(jobs.n, 620);
	assert_int_equal(next, 0);
	store_jobs_free(&jobs);
	fix_assert_sound(f);
}

static void
test_totals_and_health_move_with_the_result(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	struct store_attempts at;
	struct webhook *w;
	int64_t next;

	fix_register(f, "hook-1");
	(void)fix_job(f, "d-1", "hook-1");
	fix_lease(f, 1, &l);
	assert_int_equal(fix_settle(f, &l.v[0], STORE_AGAIN, f->wall_ms, NULL),
	    RC_OK);
	store_leases_free(&l);
	assert_int_equal(store_webhook_find(f->s, "hook-1", &w, &f->e), RC_OK);
	assert_int_equal(w->total_calls, 1);
	assert_int_equal(w->failed_calls, 1);
	assert_int_equal(w->consecutive_failures, 1);
	assert_int_equal(w->last_failure_ms, FIX_NOW);
	assert_int_equal(w->health, WEBHOOK_DEGRADED);
	webhook_free(w);
	fix_pass(f, 7);
	fix_lease(f, 1, &l);
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DONE, 0, NULL), RC_OK);
	store_leases_free(&l);
	assert_int_equal(store_webhook_find(f->s, "hook-1", &w, &f->e), RC_OK);
	assert_int_equal(w->total_calls, 2);
	assert_int_equal(w->failed_calls, 1);
	assert_int_equal(w->consecutive_failures, 0);
	assert_int_equal(w->last_success_ms, FIX_NOW + 7);
	assert_int_equal(w->response_sum_ms, 24);
	assert_int_equal(w->response_min_ms, 12);
	assert_int_equal(w->health, WEBHOOK_HEALTHY);
	webhook_free(w);
	assert_int_equal(
	    store_webhook_attempts(f->s, "hook-1", 0, 1, &at, &next, &f->e),
	    RC_OK);
	assert_int_equal(at.n, 1);
	assert_int_equal(at.v[0].a.code, 200);
	assert_true(next > 0);
	store_attempts_free(&at);
	assert_int_equal(
	    store_webhook_attempts(f->s, "hook-1", next, 5, &at, &next, &f->e),
	    RC_OK);
	assert_int_equal(at.n, 1);
	assert_int_equal(at.v[0].a.code, 500);
	assert_int_equal(next, 0);
	store_attempts_free(&at);
	fix_assert_sound(f);
}

static void
test_gone_disables_the_webhook(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	struct store_result r;
	struct webhook *w;
	int64_t before, after;

	fix_register(f, "hook-1");
	(void)fix_job(f, "d-1", "hook-1");
	(void)fix_job(f, "d-2", "hook-1");
	assert_int_equal(store_webhooks_version(f->s, &before, &f->e), RC_OK);
	fix_lease(f, 1, &l);
	memset(&r, 0, sizeof(r));
	r.job = l.v[0].job;
	r.token = l.v[0].token;
	r.verdict = STORE_DEAD;
	r.attempt.class = STORE_CLASS_RECEIVER;
	r.attempt.code = 410;
	r.attempt.text = "gone";
	r.attempt.address = "";
	r.attempt.gone = true;
	assert_int_equal(store_settle(f->s, &r, 1, "w", f->wall_ms, &f->e),
	    RC_OK);
	store_leases_free(&l);
	assert_int_equal(store_webhook_find(f->s, "hook-1", &w, &f->e), RC_OK);
	assert_false(w->enabled);
	assert_int_equal(w->health, WEBHOOK_UNAVAILABLE);
	webhook_free(w);
	assert_int_equal(store_webhooks_version(f->s, &after, &f->e), RC_OK);
	assert_true(after != before);
	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 0);
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
test_lists_page_from_the_newest(void **state)
{
	struct fix *f = *state;
	struct store_event_filter want = { .status = -1, .limit = 3 };
	struct store_events l;
	struct store_receipt r;
	struct event *ev;
	int64_t next;
	char id[16];
	size_t i;

	for (i = 0; i < 7; i++) {
		(void)snprintf(id, sizeof(id), "d-%zu", i);
		ev = fix_event(f, id);
		if (i == 2) {
			free(ev->type);
			ev->type = xstrdup("push");
		}
		assert_int_equal(fix_accept(f, ev, &r), RC_OK);
		fix_pass(f, 1000);
	}
	assert_int_equal(store_event_list(f->s, &want, &l, &next, &f->e),
	    RC_OK);
	assert_int_equal(l.n, 3);
	assert_int_equal(l.v[0]->id, 7);
	assert_int_equal(next, 5);
	store_events_free(&l);
	want.before_id = 2;
	assert_int_equal(store_event_list(f->s, &want, &l, &next, &f->e),
	    RC_OK);
	assert_int_equal(l.n, 1);
	assert_int_equal(next, 0);
	store_events_free(&l);
	want.before_id = 0;
	want.type = "push";
	assert_int_equal(store_event_list(f->s, &want, &l, &next, &f->e),
	    RC_OK);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.v[0]->id, 3);
	store_events_free(&l);
	want.type = NULL;
	want.status = EVENT_FAILED;
	assert_int_equal(store_event_list(f->s, &want, &l, &next, &f->e),
	    RC_OK);
	assert_int_equal(l.n, 0);
	store_events_free(&l);
	want.status = EVENT_PENDING;
	want.since_ms = FIX_NOW + 2000;
	want.until_ms = FIX_NOW + 4000;
	assert_int_equal(store_event_list(f->s, &want, &l, &next, &f->e),
	    RC_OK);
	assert_int_equal(l.n, 2);
	assert_int_equal(l.v[0]->id, 4);
	store_events_free(&l);
}

static int
sum_counts(void *arg, const char *key, int64_t n)
{
	(void)key;
	*(int64_t *)arg += n;
	return 0;
}

static void
test_sums_are_kept(void **state)
{
	struct fix *f = *state;
	struct store_stats st;
	struct store_day day[3];
	int64_t n = 0;
	size_t days;

	(void)fix_put(f, "d-1");
	(void)fix_job(f, "d-2", "hook-1");
	fix_pass(f, 86400000);
	(void)fix_put(f, "d-3");
	assert_int_equal(store_counts(f->s, "type", sum_counts, &n, &f->e),
	    RC_OK);
	assert_int_equal(n, 3);
	n = 0;
	assert_int_equal(store_counts(f->s, "repo", sum_counts, &n, &f->e),
	    RC_OK);
	assert_int_equal(n, 3);
	fix_stats(f, &st);
	assert_int_equal(st.overdue, 2);
	assert_int_equal(st.events[EVENT_PENDING], 3);
	assert_int_equal(st.created_ms, FIX_NOW);
	assert_int_equal(store_days(f->s, 3, day, &days, &f->e), RC_OK);
	assert_int_equal(days, 2);
	assert_string_equal(day[0].date, "2026-11-22");
	assert_int_equal(day[0].total, 1);
	assert_int_equal(day[1].total, 2);
	fix_assert_sound(f);
}

static void
test_tokens_are_kept(void **state)
{
	struct fix *f = *state;
	struct store_token t, *got;
	struct store_tokens l;
	char name[] = "ci", role[] = "operator";

	memset(&t, 0, sizeof(t));
	t.name = name;
	t.role = role;
	t.created_ms = f->wall_ms;
	t.hash[0] = 1;
	assert_int_equal(store_token_put(f->s, &t, &f->e), RC_OK);
	t.hash[0] = 2;
	assert_int_equal(store_token_put(f->s, &t, &f->e), RC_EXISTS);
	assert_int_equal(store_token_find(f->s, t.hash, &got, &f->e),
	    RC_NOTFOUND);
	t.hash[0] = 1;
	assert_int_equal(store_token_find(f->s, t.hash, &got, &f->e), RC_OK);
	assert_string_equal(got->role, "operator");
	assert_false(got->revoked);
	store_token_free(got);
	assert_int_equal(store_token_used(f->s, t.hash, 7, &f->e), RC_OK);
	assert_int_equal(store_token_revoke(f->s, "ci", &f->e), RC_OK);
	assert_int_equal(store_token_revoke(f->s, "ci", &f->e), RC_NOTFOUND);
	t.hash[0] = 2;
	assert_int_equal(store_token_put(f->s, &t, &f->e), RC_OK);
	assert_int_equal(store_token_list(f->s, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 2);
	store_tokens_free(&l);
}

static void
test_workers_are_seen(void **state)
{
	struct fix *f = *state;
	struct store_workers l;
	char id[] = "host:1", kinds[] = "all";
	struct store_worker w = { id, kinds, 1, 2, 3, 4, 5 };

	assert_int_equal(store_worker_seen(f->s, &w, &f->e), RC_OK);
	w.last_seen_ms = 9;
	assert_int_equal(store_worker_seen(f->s, &w, &f->e), RC_OK);
	assert_int_equal(store_worker_list(f->s, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.v[0].last_seen_ms, 9);
	assert_string_equal(l.v[0].id, "host:1");
	store_workers_free(&l);
}

static void
test_too_much_waiting_refuses_more(void **state)
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

static int
no_row(void *arg, bool header, size_t n, const char *const *cols)
{
	(void)cols;
	*(size_t *)arg += header ? 100 : n;
	return 0;
}

static void
test_sql_only_reads(void **state)
{
	static const char *const refused[] = { "DELETE FROM event",
		"SELECT 1; SELECT 2", "", "nonsense",
		"DELETE FROM webhook_events", "CREATE TABLE x (y)" };
	struct fix *f = *state;
	size_t i, seen = 0;

	(void)fix_put(f, "d-1");
	(void)fix_put(f, "d-2");
	assert_int_equal(store_sql(f->s,
			     "SELECT id, delivery_id FROM webhook_events", 10,
			     5000, no_row, &seen, &f->e),
	    RC_OK);
	assert_int_equal(seen, 104);
	seen = 0;
	assert_int_equal(store_sql(f->s, "SELECT id FROM webhook_events;", 1,
			     5000, no_row, &seen, &f->e),
	    RC_OK);
	assert_int_equal(seen, 101);
	for (i = 0; i < NELEM(refused); i++)
		assert_int_equal(
		    store_sql(f->s, refused[i], 10, 5000, no_row, &seen, &f->e),
		    RC_INVALID);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_an_event_is_kept),
		CASE(test_a_repeat_is_stored_once),
		CASE(test_known_bytes_under_a_new_id_owe_nothing),
		CASE(test_expansion_twice_changes_nothing),
		CASE(test_an_event_that_owes_nothing_is_completed),
		CASE(test_a_delivery_is_leased_once_and_done),
		CASE(test_a_retry_waits_for_its_time),
		CASE(test_a_repeat_of_a_failed_event_tries_again),
		CASE(test_priority_goes_before_age),
		CASE(test_fresh_work_passes_a_backlog_of_repeats),
		CASE(test_a_full_target_is_skipped),
		CASE(test_a_release_uses_no_attempt),
		CASE(test_a_lapsed_lease_moves_on_and_is_fenced),
		CASE(test_a_job_that_kills_its_workers_is_set_aside),
		CASE(test_a_renewed_lease_holds),
		CASE(test_a_lease_of_another_boot_has_lapsed),
		CASE(test_registrations_are_kept),
		CASE(test_registrations_are_listed_by_filter),
		CASE(test_disabling_parks_and_enabling_releases),
		CASE(test_deleting_cancels_what_waits),
		CASE(test_totals_and_health_move_with_the_result),
		CASE(test_gone_disables_the_webhook),
		CASE(test_jobs_are_cancelled_and_retried),
		CASE(test_a_replay_is_a_new_round),
		CASE(test_lists_page_from_the_newest),
		CASE(test_sums_are_kept),
		CASE(test_tokens_are_kept),
		CASE(test_workers_are_seen),
		CASE(test_too_much_waiting_refuses_more),
		CASE(test_sql_only_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
