#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "core/webhook.h"
#include "store/store_test.h"
#include "tests/store/fixture.h"
#include "tests/store/raw.h"

/*
 * What a person has done again, by the hundred; written against the public
 * headers alone.
 */

static const char *const one_target[] = { "hook-1", NULL };

/* An event whose only job has ended so. */
static int64_t
ended(struct fix *f, const char *delivery_id, const char *target,
    enum store_verdict verdict)
{
	struct store_leases l;
	int64_t id = fix_job(f, delivery_id, target);

	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 1);
	assert_int_equal(fix_settle(f, &l.v[0], verdict, 0, NULL), RC_OK);
	store_leases_free(&l);
	return id;
}

static struct event *
same_body(const struct fix *f, const char *delivery_id)
{
	struct event *ev = fix_event(f, delivery_id);

	free(ev->body);
	ev->body = xstrdup("{}");
	ev->bodysz = 2;
	ev->replay_window_ms = 7 * 86400 * INT64_C(1000);
	return ev;
}

static size_t
unexpanded(struct fix *f)
{
	struct store_events l;
	size_t n;

	assert_int_equal(store_unexpanded(f->s, 100, &l, &f->e), RC_OK);
	n = l.n;
	store_events_free(&l);
	return n;
}

static void
test_only_what_has_ended_is_replayed_in_bulk(void **state)
{
	struct fix *f = *state;
	struct store_receipt suspect;
	int64_t ids[6];
	const struct store_replay all = { ids, NELEM(ids), NULL, INT64_MAX };
	size_t n = 0;

	ids[0] = ended(f, "done", "hook-1", STORE_DONE);
	ids[1] = ended(f, "dead", "hook-1", STORE_DEAD);
	assert_int_equal(fix_accept(f, same_body(f, "first"), NULL), RC_OK);
	assert_int_equal(fix_accept(f, same_body(f, "again"), &suspect), RC_OK);
	assert_true(suspect.replay_suspect);
	ids[2] = suspect.id;
	ids[3] = fix_job(f, "waiting", "hook-1");
	ids[4] = fix_put(f, "unexpanded");
	ids[5] = 999;
	assert_int_equal(unexpanded(f), 2);

	assert_int_equal(
	    store_event_replay_all(f->s, &all, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(n, NELEM(ids));
	assert_int_equal(unexpanded(f), 4);
	assert_int_equal(fix_status(f, ids[0]), EVENT_PENDING);
	assert_int_equal(fix_status(f, ids[1]), EVENT_PENDING);

	/* Begun anew after an answer that was lost, it adds nothing. */
	assert_int_equal(
	    store_event_replay_all(f->s, &all, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(unexpanded(f), 4);
	fix_assert_sound(f);
}

static void
test_more_than_a_page_is_replayed_to_one_webhook(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	struct event *ev;
	int64_t ids[300];
	const struct store_replay all = { ids, NELEM(ids), "hook-2",
		INT64_MAX };
	char name[16];
	size_t i, n = 0;

	for (i = 0; i < NELEM(ids); i++) {
		(void)snprintf(name, sizeof(name), "d-%zu", i);
		ids[i] = ended(f, name, "hook-1", STORE_DONE);
	}
	assert_int_equal(
	    store_event_replay_all(f->s, &all, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(n, NELEM(ids));
	assert_int_equal(store_event_find(f->s, ids[0], &ev, &f->e), RC_OK);
	assert_string_equal(ev->webhook_id, "hook-2");
	event_free(ev);
	fix_expand(f, ids[0], (const char *const[]){ "hook-2", NULL });
	/* Only the round was for one: the event itself is for all. */
	assert_int_equal(store_event_find(f->s, ids[0], &ev, &f->e), RC_OK);
	assert_null(ev->webhook_id);
	event_free(ev);
	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.v[0].round, 1);
	assert_string_equal(l.v[0].target, "hook-2");
	store_leases_free(&l);
	fix_assert_sound(f);
}

static void
test_a_replay_to_one_is_not_lost_behind_one_to_another(void **state)
{
	struct fix *f = *state;
	int64_t id = ended(f, "d-1", "hook-1", STORE_DONE), now_ms = f->wall_ms;
	struct store_leases l;

	assert_int_equal(store_event_replay(f->s, id, "hook-1", now_ms, &f->e),
	    RC_OK);
	assert_int_equal(store_event_replay(f->s, id, "hook-1", now_ms, &f->e),
	    RC_OK);
	assert_int_equal(store_event_replay(f->s, id, "hook-2", now_ms, &f->e),
	    RC_BUSY);
	assert_int_equal(store_event_replay(f->s, id, NULL, now_ms, &f->e),
	    RC_BUSY);
	fix_expand(f, id, one_target);
	assert_int_equal(store_event_replay(f->s, id, "hook-2", now_ms, &f->e),
	    RC_OK);
	fix_expand(f, id, (const char *const[]){ "hook-2", NULL });
	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 2);
	store_leases_free(&l);
	fix_assert_sound(f);
}

static void
test_new_jobs_run_before_repeats(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	int64_t replayed = ended(f, "replayed", "hook-1", STORE_DONE);
	int64_t retried = ended(f, "retried", "hook-1", STORE_DEAD), fresh;
	size_t n;

	assert_int_equal(
	    store_event_replay(f->s, replayed, NULL, f->wall_ms, &f->e), RC_OK);
	fix_expand(f, replayed, one_target);
	assert_int_equal(
	    store_event_retry(f->s, retried, f->wall_ms, &n, &f->e), RC_OK);
	fix_pass(f, 1000);
	fresh = fix_job(f, "fresh", "hook-1");
	fix_lease(f, 1, &l);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.v[0].event->id, fresh);
	store_leases_free(&l);
	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 2);
	store_leases_free(&l);
	fix_assert_sound(f);
}

static void
test_a_webhook_recovers_what_died_in_a_time(void **state)
{
	struct fix *f = *state;
	struct store_dead d = { .webhook_id = "hook-1" };
	int64_t early, late[3], other, dead = 0;
	size_t n = 0;

	fix_register(f, "hook-1");
	assert_int_equal(store_dead_count(f->s, &d, &dead, &f->e), RC_OK);
	assert_int_equal(dead, 0);
	early = ended(f, "early", "hook-1", STORE_DEAD);
	fix_pass(f, 60000);
	d.since_ms = f->wall_ms;
	late[0] = ended(f, "late-0", "hook-1", STORE_DEAD);
	late[1] = ended(f, "late-1", "hook-1", STORE_DEAD);
	(void)ended(f, "good", "hook-1", STORE_DONE);
	other = ended(f, "other", "hook-2", STORE_DEAD);
	fix_pass(f, 60000);
	d.until_ms = f->wall_ms;
	late[2] = ended(f, "too late", "hook-1", STORE_DEAD);

	assert_int_equal(store_dead_count(f->s, &d, &dead, &f->e), RC_OK);
	assert_int_equal(dead, 2);
	assert_int_equal(store_dead_retry(f->s, &d, 1, f->wall_ms, &n, &f->e),
	    RC_OK);
	assert_int_equal(n, 1);
	assert_int_equal(fix_status(f, late[0]), EVENT_PENDING);
	assert_int_equal(store_dead_retry(f->s, &d, 10, f->wall_ms, &n, &f->e),
	    RC_OK);
	assert_int_equal(n, 1);
	assert_int_equal(store_dead_retry(f->s, &d, 10, f->wall_ms, &n, &f->e),
	    RC_OK);
	assert_int_equal(n, 0);
	assert_int_equal(fix_status(f, late[1]), EVENT_PENDING);
	assert_int_equal(fix_status(f, early), EVENT_FAILED);
	assert_int_equal(fix_status(f, late[2]), EVENT_FAILED);
	assert_int_equal(fix_status(f, other), EVENT_FAILED);

	d.webhook_id = "nobody";
	assert_int_equal(store_dead_count(f->s, &d, &dead, &f->e), RC_NOTFOUND);
	assert_int_equal(store_dead_retry(f->s, &d, 10, f->wall_ms, &n, &f->e),
	    RC_NOTFOUND);
	fix_assert_sound(f);
}

static void
test_replays_leave_half_of_max_waiting_to_posts(void **state)
{
	struct store_dead d = { .webhook_id = "hook-1", .until_ms = INT64_MAX };
	struct fix *f = *state;
	int64_t ids[2];
	const struct store_replay both = { ids, 2, NULL, INT64_MAX };
	size_t n = 0;

	fix_register(f, "hook-1");
	ids[0] = ended(f, "d-1", "hook-1", STORE_DONE);
	ids[1] = ended(f, "d-2", "hook-1", STORE_DEAD);
	(void)fix_job(f, "waits", "hook-1");
	f->opt.max_waiting = 2;
	fix_close(f);
	fix_open(f);
	assert_int_equal(
	    store_event_replay_all(f->s, &both, f->wall_ms, &n, &f->e),
	    RC_BUSY);
	assert_int_equal(store_dead_retry(f->s, &d, 10, f->wall_ms, &n, &f->e),
	    RC_BUSY);
	assert_int_equal(fix_accept(f, fix_event(f, "d-3"), NULL), RC_OK);
	f->opt.max_waiting = 5;
	fix_close(f);
	fix_open(f);
	assert_int_equal(store_dead_retry(f->s, &d, 10, f->wall_ms, &n, &f->e),
	    RC_OK);
	assert_int_equal(n, 1);
	fix_assert_sound(f);
}

static enum rc
disable(void *arg, struct webhook *w, struct err *e)
{
	(void)arg;
	(void)e;
	w->enabled = false;
	return RC_OK;
}

/* Of n events that wait for their deliveries, event i came at i ms, and the
 * first ones are replayed.  *disabled_ms: of a webhook that is disabled now. */
static int64_t
steps_to_disable(struct fix *f, size_t n, size_t replayed, int64_t *disabled_ms)
{
	struct webhook *w;
	int64_t steps;
	char *sql;

	fix_close(f);
	sql = xasprintf(
	    "DELETE FROM event; UPDATE webhook SET enabled = 1; "
	    "WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 "
	    "FROM i LIMIT %zu) INSERT INTO event (id, received_ms, source, "
	    "provider, delivery_id, type, action, repository, content_type, "
	    "priority, body_size, body_sha256, status, expanded, round) "
	    "SELECT x, x, 's', 'github', 'd' || x, 't', '', 'unknown', "
	    "'text/plain', 5, 2, zeroblob(32), 0, 0, x <= %zu FROM i",
	    n, replayed);
	raw_sql(f->path, sql);
	free(sql);
	fix_open(f);
	(void)store_test_steps(f->s);
	assert_int_equal(
	    store_webhook_change(f->s, "hook-1", disable, NULL, &w, &f->e),
	    RC_OK);
	steps = store_test_steps(f->s);
	*disabled_ms = w->disabled_ms;
	webhook_free(w);
	return steps;
}

static void
test_disabling_a_webhook_looks_at_a_bounded_number_of_events(void **state)
{
	struct fix *f = *state;
	int64_t few, since_ms;

	fix_register(f, "hook-1");
	(void)steps_to_disable(f, 5, 0, &since_ms);
	assert_int_equal(since_ms, 1);
	(void)steps_to_disable(f, 5, 2, &since_ms);
	assert_int_equal(since_ms, 3);
	few = steps_to_disable(f, 2000, 0, &since_ms);
	assert_int_equal(since_ms, 1);
	assert_true(steps_to_disable(f, 20000, 0, &since_ms) <= few * 3 / 2);
	/* Too many replays to look behind them. */
	assert_true(
	    steps_to_disable(f, 20000, 19990, &since_ms) <= few * 3 / 2);
	assert_int_equal(since_ms, 1001);
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_only_what_has_ended_is_replayed_in_bulk),
		CASE(test_more_than_a_page_is_replayed_to_one_webhook),
		CASE(test_a_replay_to_one_is_not_lost_behind_one_to_another),
		CASE(
		    test_disabling_a_webhook_looks_at_a_bounded_number_of_events),
		CASE(test_new_jobs_run_before_repeats),
		CASE(test_a_webhook_recovers_what_died_in_a_time),
		CASE(test_replays_leave_half_of_max_waiting_to_posts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
