#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strlist.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/webhook.h"
#include "tests/store/fixture.h"

/*
 * What bounds the deliveries to one target: the rate, the requests open, the
 * breaker, and that each gets its turn.
 */

#define DAY_MS INT64_C(86400000)
#define FOUND_SIZE 4096

static const struct store_flow flow = { .rate = 0,
	.max_in_flight = 0,
	.failures = 3,
	.open_ms = 60000 };

static int
setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));

	fix_init(f);
	store_flow(f->s, &flow);
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

/* n deliveries to one target. */
static void
owe(struct fix *f, const char *target, size_t n)
{
	static unsigned int number;
	char id[32];

	for (; n > 0; n--) {
		(void)snprintf(id, sizeof(id), "d-%u", ++number);
		(void)fix_job(f, id, target);
	}
}

static size_t
lease_as(struct fix *f, const char *worker, size_t max, struct store_leases *l,
    int64_t *next_ms)
{
	const struct store_lease_want want = { .worker = worker,
		.max = max,
		.hold_ms = 60000 };

	assert_int_equal(
	    store_lease_due(f->s, f->wall_ms, &want, l, next_ms, &f->e), RC_OK);
	return l->n;
}

/* Appends what doctor finds. */
static void
take_finding(void *arg, const char *check, const char *finding)
{
	char *found = arg;
	size_t n = strlen(found);

	if (finding != NULL)
		(void)snprintf(found + n, FOUND_SIZE - n, "%s: %s\n", check,
		    finding);
}

static void
examine(struct fix *f, char found[FOUND_SIZE])
{
	found[0] = '\0';
	assert_int_equal(store_doctor(f->s, take_finding, found, &f->e), RC_OK);
}

static size_t
lease(struct fix *f, size_t max, struct store_leases *l)
{
	int64_t next_ms;

	return lease_as(f, "w", max, l, &next_ms);
}

static void
settle(struct fix *f, const struct store_lease *l, enum store_verdict verdict,
    int code, bool no_destination)
{
	struct store_result r = { .job = l->job,
		.token = l->token,
		.verdict = verdict,
		.probe = l->probe,
		.again_ms = f->wall_ms + 1000,
		.attempt = { .started_ms = f->wall_ms,
		    .took_ms = 5,
		    .class = verdict == STORE_DONE ? STORE_CLASS_NONE
						   : STORE_CLASS_RECEIVER,
		    .code = code,
		    .text = "",
		    .request = { .no_destination = no_destination } } };

	assert_int_equal(store_settle(f->s, &r, 1, "w", f->wall_ms, &f->e),
	    RC_OK);
	assert_false(r.fenced);
}

static void
settle_all(struct fix *f, struct store_leases *l, enum store_verdict verdict)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		settle(f, &l->v[i], verdict, verdict == STORE_DONE ? 200 : 500,
		    verdict != STORE_DONE);
	store_leases_free(l);
}

/* The webhook's breaker by name, and its health. */
static const char *
breaker(struct fix *f, const char *id, enum webhook_health *health)
{
	struct webhook *w;
	const char *name;

	assert_int_equal(store_webhook_find(f->s, id, &w, &f->e), RC_OK);
	name = breaker_state_name(w->breaker);
	assert_int_equal(w->breaker_until_ms != 0,
	    w->breaker != BREAKER_CLOSED);
	if (health != NULL)
		*health = w->health;
	webhook_free(w);
	return name;
}

static void
break_it(struct fix *f, const char *id)
{
	struct store_leases l;

	owe(f, id, 3);
	assert_int_equal(lease(f, 3, &l), 3);
	settle_all(f, &l, STORE_AGAIN);
	assert_string_equal(breaker(f, id, NULL), "open");
}

static void
test_failures_in_a_row_open_the_breaker(void **state)
{
	struct fix *f = *state;
	enum webhook_health health;
	struct store_leases l;
	int64_t next_ms;

	fix_register(f, "hook-1");
	assert_string_equal(breaker(f, "hook-1", NULL), "closed");
	break_it(f, "hook-1");
	assert_string_equal(breaker(f, "hook-1", &health), "open");
	assert_int_equal(health, WEBHOOK_UNAVAILABLE);

	/* Nothing goes out, and no attempt is used up. */
	owe(f, "hook-1", 4);
	assert_int_equal(lease_as(f, "w", 10, &l, &next_ms), 0);
	assert_int_equal(next_ms, f->wall_ms + 60000);
	fix_pass(f, 59999);
	assert_int_equal(lease(f, 10, &l), 0);

	/* Then one job, whoever asks. */
	fix_pass(f, 1);
	assert_int_equal(lease_as(f, "other", 10, &l, &next_ms), 1);
	assert_true(l.v[0].probe);
	assert_string_equal(breaker(f, "hook-1", &health), "half_open");
	assert_int_equal(health, WEBHOOK_UNAVAILABLE);
	settle_all(f, &l, STORE_AGAIN);
	assert_string_equal(breaker(f, "hook-1", NULL), "open");
	assert_int_equal(lease(f, 10, &l), 0);

	fix_pass(f, 60000);
	assert_int_equal(lease(f, 10, &l), 1);
	settle_all(f, &l, STORE_DONE);
	assert_string_equal(breaker(f, "hook-1", &health), "closed");
	assert_int_equal(health, WEBHOOK_HEALTHY);
	assert_int_equal(lease(f, 10, &l), 6);
	assert_false(l.v[0].probe);
	store_leases_free(&l);
	fix_assert_sound(f);
}

static void
test_an_answer_ends_a_row_of_failures(void **state)
{
	struct fix *f = *state;
	enum webhook_health health;
	struct store_leases l;

	fix_register(f, "hook-1");
	owe(f, "hook-1", 5);
	assert_int_equal(lease(f, 5, &l), 5);
	settle(f, &l.v[0], STORE_AGAIN, 500, true);
	settle(f, &l.v[1], STORE_AGAIN, 0, true);
	/* Refused, but somebody is there. */
	settle(f, &l.v[2], STORE_AGAIN, 404, false);
	settle(f, &l.v[3], STORE_AGAIN, 503, true);
	settle(f, &l.v[4], STORE_AGAIN, 503, true);
	store_leases_free(&l);
	assert_string_equal(breaker(f, "hook-1", &health), "closed");
	assert_int_equal(health, WEBHOOK_DEGRADED);
	fix_assert_sound(f);
}

static void
test_a_breaker_outlives_the_store_s_closing(void **state)
{
	struct fix *f = *state;
	struct store_leases l;

	fix_register(f, "hook-1");
	break_it(f, "hook-1");
	fix_close(f);
	fix_open(f);
	store_flow(f->s, &flow);
	assert_string_equal(breaker(f, "hook-1", NULL), "open");
	fix_pass(f, 2000);
	assert_int_equal(lease(f, 10, &l), 0);
}

static void
test_a_lost_probe_is_followed_by_another(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	size_t n;

	fix_register(f, "hook-1");
	break_it(f, "hook-1");
	fix_pass(f, 60000);
	assert_int_equal(lease(f, 10, &l), 1);
	settle(f, &l.v[0], STORE_RELEASE, 0, false);
	store_leases_free(&l);
	assert_string_equal(breaker(f, "hook-1", NULL), "open");
	assert_int_equal(lease(f, 10, &l), 1);
	assert_true(l.v[0].probe);
	store_leases_free(&l);

	/* Its worker died. */
	fix_pass(f, 60000);
	assert_int_equal(lease(f, 10, &l), 0);
	assert_int_equal(store_recover(f->s, f->wall_ms, &n, &f->e), RC_OK);
	assert_int_equal(n, 1);
	assert_int_equal(lease(f, 10, &l), 1);
	assert_true(l.v[0].probe);
	settle_all(f, &l, STORE_DONE);
	assert_string_equal(breaker(f, "hook-1", NULL), "closed");
	fix_assert_sound(f);
}

static enum rc
enable(void *arg, struct webhook *w, struct err *e)
{
	(void)arg;
	(void)e;
	w->enabled = true;
	w->breaker = BREAKER_CLOSED;
	return RC_OK;
}

static enum rc
describe(void *arg, struct webhook *w, struct err *e)
{
	(void)arg;
	(void)e;
	w->rate_limit = 1000;
	return RC_OK;
}

static void
test_a_person_closes_the_breaker(void **state)
{
	struct fix *f = *state;
	enum webhook_health health;
	struct store_leases l;

	fix_register(f, "hook-1");
	break_it(f, "hook-1");
	assert_int_equal(
	    store_webhook_change(f->s, "hook-1", describe, NULL, NULL, &f->e),
	    RC_OK);
	assert_string_equal(breaker(f, "hook-1", NULL), "open");
	assert_int_equal(
	    store_webhook_change(f->s, "hook-1", enable, NULL, NULL, &f->e),
	    RC_OK);
	assert_string_equal(breaker(f, "hook-1", &health), "closed");
	assert_int_equal(health, WEBHOOK_DEGRADED);
	fix_pass(f, 1000);
	assert_int_equal(lease(f, 10, &l), 1);
	store_leases_free(&l);
	fix_assert_sound(f);
}

static void
test_every_process_sees_the_open_breakers(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	struct strlist ids;
	int64_t version = -1;
	bool changed;

	fix_register(f, "hook-1");
	fix_register(f, "hook-2");
	assert_int_equal(store_blocked(f->s, &version, &ids, &changed, &f->e),
	    RC_OK);
	assert_true(changed);
	assert_int_equal(ids.n, 0);
	assert_int_equal(store_blocked(f->s, &version, &ids, &changed, &f->e),
	    RC_OK);
	assert_false(changed);
	break_it(f, "hook-2");
	break_it(f, "hook-1");
	assert_int_equal(store_blocked(f->s, &version, &ids, &changed, &f->e),
	    RC_OK);
	assert_true(changed);
	assert_int_equal(ids.n, 2);
	assert_string_equal(ids.v[0], "hook-1");
	assert_string_equal(ids.v[1], "hook-2");
	strlist_fini(&ids);

	fix_pass(f, 60000);
	assert_int_equal(lease(f, 1, &l), 1);
	settle_all(f, &l, STORE_DONE);
	assert_int_equal(store_blocked(f->s, &version, &ids, &changed, &f->e),
	    RC_OK);
	assert_true(changed);
	assert_int_equal(ids.n, 1);
	strlist_fini(&ids);
}

static void
test_a_target_is_leased_from_at_its_rate(void **state)
{
	const struct store_flow limited = { .rate = 10000, .failures = 3 };
	struct fix *f = *state;
	struct store_leases l;
	int64_t next_ms;
	size_t i, n;

	store_flow(f->s, &limited);
	owe(f, "hook-1", 60);
	n = lease(f, 100, &l);
	assert_int_equal(n, 10); /* one second's worth */
	settle_all(f, &l, STORE_DONE);
	assert_int_equal(lease_as(f, "w", 100, &l, &next_ms), 0);
	assert_int_equal(next_ms, f->wall_ms + 100);
	for (i = 0; i < 30; i++) {
		fix_pass(f, 100);
		n += lease(f, 100, &l);
		settle_all(f, &l, STORE_DONE);
	}
	assert_int_equal(n, 40);
	fix_assert_sound(f);
}

static void
test_an_unstarted_request_uses_no_rate_token(void **state)
{
	const struct store_flow limited = { .rate = 2000 };
	struct fix *f = *state;
	struct store_leases l;

	store_flow(f->s, &limited);
	owe(f, "hook-1", 5);
	assert_int_equal(lease(f, 9, &l), 2);
	settle_all(f, &l, STORE_RELEASE);
	assert_int_equal(lease(f, 9, &l), 2);
	settle(f, &l.v[0], STORE_RELEASE, 0, false);
	settle(f, &l.v[1], STORE_DONE, 200, false);
	store_leases_free(&l);
	assert_int_equal(lease(f, 9, &l), 1);
	store_leases_free(&l);
	assert_int_equal(lease(f, 9, &l), 0);
	fix_assert_sound(f);
}

static void
test_a_registration_s_own_rate_holds(void **state)
{
	const struct store_flow limited = { .rate = 2000 };
	struct fix *f = *state;
	struct webhook *w = fix_webhook("hook-1");
	struct store_leases l;

	store_flow(f->s, &limited);
	w->rate_limit = 0;
	assert_int_equal(store_webhook_put(f->s, w, &f->e), RC_OK);
	webhook_free(w);
	owe(f, "hook-1", 20);
	assert_int_equal(lease(f, 15, &l), 15);
	store_leases_free(&l);
	assert_int_equal(
	    store_webhook_change(f->s, "hook-1", describe, NULL, NULL, &f->e),
	    RC_OK);
	assert_int_equal(lease(f, 15, &l), 1);
	store_leases_free(&l);
	fix_assert_sound(f);
}

static void
test_a_clock_set_back_blocks_nobody_for_long(void **state)
{
	const struct store_flow limited = { .rate = 10000,
		.failures = 3,
		.open_ms = 60000 };
	struct fix *f = *state;
	struct store_leases l;

	store_flow(f->s, &limited);
	owe(f, "hook-1", 30);
	f->wall_ms -= 7200000; /* the events are older than the clock says */
	owe(f, "hook-2", 30);
	f->wall_ms += 7200000;
	assert_int_equal(lease(f, 100, &l), 20);
	settle_all(f, &l, STORE_DONE);
	assert_int_equal(lease(f, 100, &l), 0);
	f->wall_ms -= 3600000;
	assert_int_equal(lease(f, 100, &l), 0);
	fix_pass(f, 1000);
	/* Events that are younger than the clock says are due all the same. */
	assert_int_equal(lease(f, 100, &l), 20);
	store_leases_free(&l);
}

/* A retry that was planned an age ahead of the corrected clock. */
static void
fail_ahead(struct fix *f, const char *target, size_t n, int code)
{
	struct store_leases l;
	size_t i;

	owe(f, target, n);
	f->wall_ms += 5 * DAY_MS;
	assert_int_equal(lease(f, n, &l), n);
	for (i = 0; i < n; i++)
		settle(f, &l.v[i], STORE_AGAIN, code, false);
	store_leases_free(&l);
	f->wall_ms -= 5 * DAY_MS;
}

/* Leases until they bring n; a step of the search for waits is one. */
static void
lease_soon(struct fix *f, size_t n, int64_t within_ms)
{
	int64_t until_ms = f->wall_ms + within_ms, next_ms;
	struct store_leases l;
	size_t got = 0;

	while (got < n && f->wall_ms < until_ms) {
		got += lease_as(f, "w", n, &l, &next_ms);
		settle_all(f, &l, STORE_DONE);
		fix_pass(f, 100);
	}
	assert_int_equal(got, n);
}

static void
test_a_retry_planned_by_a_clock_that_was_ahead_is_planned_anew(void **state)
{
	static const int64_t waits[] = { 1000, 3600000 };
	const struct store_flow known = { .retry_schedule = waits,
		.nretries = 2 };
	struct fix *f = *state;

	store_flow(f->s, &known);
	fail_ahead(f, "hook-1", 3, 500);
	/* In the process that saw the clock set back... */
	lease_soon(f, 3, 2000);
	/* ...and in one that starts later. */
	fail_ahead(f, "hook-1", 3, 429);
	fix_close(f);
	fix_open(f);
	store_flow(f->s, &known);
	lease_soon(f, 3, 2000);
	/* Until then the attempts are in the future. */
	fix_pass(f, 5 * DAY_MS);
	fix_assert_sound(f);
}

static void
test_more_waits_than_one_lease_looks_at_are_planned_anew(void **state)
{
	static const int64_t waits[] = { 1000 };
	const struct store_flow known = { .retry_schedule = waits,
		.nretries = 1 };
	struct fix *f = *state;
	char id[32];
	int i;

	store_flow(f->s, &known);
	fail_ahead(f, "hook-1", 700, 500);
	for (i = 0; i < 200; i++) {
		(void)snprintf(id, sizeof(id), "many-%d", i);
		fail_ahead(f, id, 1, 500);
	}
	lease_soon(f, 900, 20000);
	fix_pass(f, 5 * DAY_MS);
	fix_assert_sound(f);
}

static void
test_a_wait_that_its_schedule_or_a_person_explains_stays(void **state)
{
	static const int64_t waits[] = { 1000 };
	const struct store_flow known = { .retry_schedule = waits,
		.nretries = 1 };
	static const char *const targets[] = { "hook-2", NULL };
	struct fix *f = *state;
	struct store_result r = { .verdict = STORE_AGAIN,
		.attempt = { .class = STORE_CLASS_RECEIVER,
		    .code = 503,
		    .text = "" } };
	struct store_receipt receipt;
	struct store_leases l;
	struct event *ev;
	int64_t next_ms, scheduled_ms = f->wall_ms + 9 * DAY_MS;

	store_flow(f->s, &known);
	/* Retry-After of 23 hours. */
	owe(f, "hook-1", 1);
	assert_int_equal(lease(f, 1, &l), 1);
	r.job = l.v[0].job;
	r.token = l.v[0].token;
	r.again_ms = f->wall_ms + 23 * 3600000;
	assert_int_equal(store_settle(f->s, &r, 1, "w", f->wall_ms, &f->e),
	    RC_OK);
	store_leases_free(&l);
	ev = fix_event(f, "scheduled");
	ev->scheduled_ms = scheduled_ms;
	assert_int_equal(fix_accept(f, ev, &receipt), RC_OK);
	fix_expand(f, receipt.id, targets);

	f->wall_ms -= 3600000;
	assert_int_equal(lease_as(f, "w", 9, &l, &next_ms), 0);
	assert_int_equal(lease_as(f, "w", 9, &l, &next_ms), 0);
	assert_int_equal(next_ms, r.again_ms);
	f->wall_ms = scheduled_ms - 1000;
	assert_int_equal(lease(f, 9, &l), 1);
	settle_all(f, &l, STORE_DONE);
	fix_pass(f, 1000);
	assert_int_equal(lease(f, 9, &l), 1);
	store_leases_free(&l);
}

static void
test_an_event_from_the_future_is_due_when_it_is_expanded(void **state)
{
	static const char *const targets[] = { "hook-1", NULL };
	struct fix *f = *state;
	struct store_leases l;
	int64_t id;

	f->wall_ms += 5 * DAY_MS;
	id = fix_put(f, "future");
	f->wall_ms -= 5 * DAY_MS;
	fix_expand(f, id, targets);
	assert_int_equal(lease(f, 1, &l), 1);
	store_leases_free(&l);
}

static void
test_doctor_counts_waits_that_nothing_explains(void **state)
{
	static const int64_t waits[] = { 1000 };
	const struct store_flow known = { .retry_schedule = waits,
		.nretries = 1 };
	struct fix *f = *state;
	char found[FOUND_SIZE];

	store_flow(f->s, &known);
	fail_ahead(f, "hook-1", 2, 500);
	examine(f, found);
	assert_non_null(strstr(found, "waits: 2 deliveries wait"));
	assert_non_null(strstr(found, "clock: "));
	lease_soon(f, 2, 2000);
	examine(f, found);
	assert_null(strstr(found, "waits: "));
}

static void
seen(struct fix *f, const char *id, int64_t started_ms)
{
	struct store_worker w = { .id = (char *)(uintptr_t)id,
		.kinds = (char *)(uintptr_t) "all",
		.started_ms = started_ms,
		.last_seen_ms = f->wall_ms };

	assert_int_equal(store_worker_seen(f->s, &w, &f->e), RC_OK);
}

static void
test_drains_share_max_in_flight(void **state)
{
	const struct store_flow shared = { .max_in_flight = 4 };
	struct fix *f = *state;
	struct store_leases a, b, c;
	int64_t next_ms;

	store_flow(f->s, &shared);
	owe(f, "hook-1", 30);
	seen(f, "a", f->wall_ms);
	/* Alone it may lease in advance. */
	assert_int_equal(lease_as(f, "a", 10, &a, &next_ms), 4);
	assert_int_equal(a.drains, 1);
	assert_int_equal(lease_as(f, "a", 10, &b, &next_ms), 4);
	settle_all(f, &b, STORE_DONE);

	seen(f, "b", f->wall_ms);
	assert_int_equal(lease_as(f, "b", 10, &b, &next_ms), 0);
	assert_int_equal(b.drains, 2);
	/* It asks again soon, and a limited one costs nothing meanwhile. */
	assert_true(next_ms > f->wall_ms && next_ms <= f->wall_ms + 100);
	settle(f, &a.v[0], STORE_DONE, 200, false);
	assert_int_equal(lease_as(f, "b", 10, &b, &next_ms), 1);
	fix_pass(f, 100);
	assert_int_equal(lease_as(f, "a", 10, &c, &next_ms), 0);
	assert_int_equal(c.drains, 2);
	settle_all(f, &b, STORE_DONE);

	/* Nobody has seen b for long. */
	fix_pass(f, STORE_DRAIN_SEEN_MS + 1);
	seen(f, "a", FIX_NOW);
	assert_int_equal(lease_as(f, "a", 10, &c, &next_ms), 4);
	assert_int_equal(c.drains, 1);
	store_leases_free(&c);

	/* Another of the same name writes over the later one's word. */
	seen(f, "a", FIX_NOW + 5);
	assert_int_equal(lease_as(f, "a", 10, &c, &next_ms), 4);
	store_leases_free(&c);
	seen(f, "a", FIX_NOW);
	assert_int_equal(lease_as(f, "a", 10, &c, &next_ms), 0);
	assert_int_equal(c.drains, 2);
	store_leases_free(&a);
	fix_assert_sound(f);
}

static size_t
lease_split(struct fix *f, const char *worker, size_t split, bool *is_split)
{
	const struct store_lease_want want = { .worker = worker,
		.max = 20,
		.hold_ms = 60000,
		.split = split };
	struct store_leases l;
	int64_t next_ms;
	size_t n;

	/* One that was told to rest is asked for again later. */
	fix_pass(f, 100);
	assert_int_equal(
	    store_lease_due(f->s, f->wall_ms, &want, &l, &next_ms, &f->e),
	    RC_OK);
	n = l.n;
	if (is_split != NULL)
		*is_split = l.is_split;
	store_leases_free(&l);
	return n;
}

static void
test_drains_that_share_a_target_may_prefetch(void **state)
{
	const struct store_flow divided = { .max_in_flight = 8 };
	struct fix *f = *state;
	bool is_split;

	store_flow(f->s, &divided);
	owe(f, "hook-1", 90);
	seen(f, "a", FIX_NOW);
	seen(f, "b", FIX_NOW);
	assert_int_equal(lease_split(f, "a", 0, &is_split), 4);
	assert_false(is_split);
	assert_int_equal(lease_split(f, "b", 2, NULL), 4);
	/* All that may be open is on lease; one has not divided. */
	assert_int_equal(lease_split(f, "b", 2, &is_split), 0);
	assert_false(is_split);
	assert_int_equal(lease_split(f, "a", 2, &is_split), 8);
	assert_true(is_split);
	assert_int_equal(lease_split(f, "b", 2, &is_split), 8);
	assert_true(is_split);

	/* Another comes: two have to hear of it. */
	seen(f, "c", FIX_NOW);
	assert_int_equal(lease_split(f, "c", 0, NULL), 0);
	assert_int_equal(lease_split(f, "a", 2, NULL), 0);
	assert_int_equal(lease_split(f, "b", 2, NULL), 0);
	/* A third of eight is too little to divide. */
	assert_int_equal(lease_split(f, "a", 3, NULL), 0);
	assert_int_equal(lease_split(f, "b", 3, NULL), 0);
	assert_int_equal(lease_split(f, "c", 3, &is_split), 0);
	assert_true(is_split);

	/* One that begins anew has divided nothing. */
	fix_pass(f, STORE_DRAIN_SEEN_MS + 1);
	seen(f, "a", FIX_NOW);
	seen(f, "b", FIX_NOW + 1);
	assert_int_equal(lease_split(f, "a", 2, &is_split), 0);
	assert_false(is_split);
	assert_int_equal(lease_split(f, "b", 2, &is_split), 8);
	assert_true(is_split);
	/* Nor can two of one name be told apart: there are three now. */
	seen(f, "b", FIX_NOW);
	assert_int_equal(lease_split(f, "b", 3, &is_split), 0);
	assert_false(is_split);
	assert_int_equal(lease_split(f, "a", 3, &is_split), 0);
	assert_false(is_split);
	fix_assert_sound(f);
}

/* One job of another kind, by a lease or an exchange that wants deliveries
 * too, but none now; *drains: as it saw. */
static void
lease_act(struct fix *f, const char *worker, size_t split, bool exchanges,
    size_t *drains)
{
	const struct store_owed owed = { .kind = STORE_ACT, .target = "act" };
	const struct store_lease_want wants[] = {
		{ .worker = worker,
		    .kinds = 1U << STORE_ACT,
		    .max = 1,
		    .hold_ms = 60000 },
		{ .worker = worker,
		    .kinds = 1U << STORE_DELIVER,
		    .split = split },
	};
	struct store_exchange x = { .wants = wants,
		.nwants = 2,
		.now_ms = f->wall_ms };
	struct store_expansion acts = { .jobs = &owed, .njobs = 1 };
	struct store_leases l;
	int64_t next_ms;

	acts.event = fix_put(f, exchanges ? "act-2" : "act-1");
	assert_int_equal(store_expand(f->s, &acts, 1, f->wall_ms, &f->e),
	    RC_OK);
	if (exchanges) {
		assert_int_equal(store_exchange(f->s, &x, &f->e), RC_OK);
		l = x.leases;
	} else {
		assert_int_equal(store_lease_due(f->s, f->wall_ms, &wants[0],
				     &l, &next_ms, &f->e),
		    RC_OK);
	}
	assert_int_equal(l.n, 1);
	assert_int_equal(l.v[0].kind, STORE_ACT);
	*drains = l.drains;
	store_leases_free(&l);
}

static void
test_a_lease_of_another_kind_leaves_the_division_as_it_is(void **state)
{
	const struct store_flow divided = { .max_in_flight = 8 };
	struct fix *f = *state;
	bool is_split;
	size_t drains;

	store_flow(f->s, &divided);
	owe(f, "hook-1", 90);
	seen(f, "a", FIX_NOW);
	seen(f, "b", FIX_NOW);
	(void)lease_split(f, "a", 2, NULL);
	(void)lease_split(f, "b", 2, &is_split);
	assert_true(is_split);
	lease_act(f, "a", 2, false, &drains);
	assert_int_equal(drains, 0);
	(void)lease_split(f, "b", 2, &is_split);
	assert_true(is_split);
	lease_act(f, "a", 2, true, &drains);
	assert_int_equal(drains, 2);
	(void)lease_split(f, "b", 2, &is_split);
	assert_true(is_split);
	fix_assert_sound(f);
}

static void
test_a_drain_that_divides_leaves_the_others_their_share(void **state)
{
	const struct store_flow divided = { .max_in_flight = 8 };
	struct fix *f = *state;

	store_flow(f->s, &divided);
	seen(f, "a", FIX_NOW);
	seen(f, "b", FIX_NOW);
	owe(f, "hook-1", 2);
	assert_int_equal(lease_split(f, "a", 2, NULL), 2);
	owe(f, "hook-1", 2);
	assert_int_equal(lease_split(f, "b", 2, NULL), 2);
	owe(f, "hook-1", 8);
	assert_int_equal(lease_split(f, "a", 2, NULL), 4);
	assert_int_equal(lease_split(f, "b", 2, NULL), 4);
	fix_assert_sound(f);
}

static void
test_a_backlog_for_one_webhook_starves_no_other(void **state)
{
	const struct store_flow bounds = { .max_in_flight = 4 };
	struct fix *f = *state;
	struct store_leases l;
	size_t i, turns, late = 0;
	char id[16];

	store_flow(f->s, &bounds);
	for (i = 0; i < 8; i++) {
		(void)snprintf(id, sizeof(id), "old-%zu", i);
		owe(f, id, 40);
	}
	fix_pass(f, 1000);
	owe(f, "late", 1);
	/* A lease takes from two of them; within one round it is its turn. */
	for (turns = 0; turns < 6 && late == 0; turns++) {
		assert_int_equal(lease(f, 8, &l) > 0, 1);
		for (i = 0; i < l.n; i++)
			late += strcmp(l.v[i].target, "late") == 0;
		settle_all(f, &l, STORE_DONE);
		fix_pass(f, 10);
	}
	assert_int_equal(late, 1);
	fix_assert_sound(f);
}

static void
test_fresh_work_overtakes_a_backlog_of_repeats(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	size_t i, fresh = 0;

	owe(f, "hook-1", 40);
	assert_int_equal(lease(f, 40, &l), 40);
	for (i = 0; i < l.n; i++)
		settle(f, &l.v[i], STORE_AGAIN, 404, false);
	store_leases_free(&l);
	fix_pass(f, 5000);
	owe(f, "hook-1", 4);
	assert_int_equal(lease(f, 8, &l), 8);
	for (i = 0; i < l.n; i++)
		fresh += l.v[i].attempt == 1;
	assert_int_equal(fresh, 4);
	store_leases_free(&l);
	fix_assert_sound(f);
}

static void
test_a_lease_can_be_limited_to_some_targets(void **state)
{
	static const char *const some[] = { "hook-2", "hook-4" };
	struct fix *f = *state;
	struct store_lease_want want = { .worker = "w",
		.max = 10,
		.hold_ms = 1000,
		.skip = some,
		.nskip = 2,
		.only = true };
	struct store_leases l;
	int64_t next_ms;

	owe(f, "hook-1", 2);
	owe(f, "hook-2", 2);
	assert_int_equal(
	    store_lease_due(f->s, f->wall_ms, &want, &l, &next_ms, &f->e),
	    RC_OK);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.v[1].target, "hook-2");
	store_leases_free(&l);
	want.nskip = 0;
	assert_int_equal(
	    store_lease_due(f->s, f->wall_ms, &want, &l, &next_ms, &f->e),
	    RC_OK);
	assert_int_equal(l.n, 0);
	assert_int_equal(next_ms, INT64_MAX);
}

#define MANY 100 /* targets, of more than one transaction gathers */

static void
test_an_event_ends_once_however_many_targets_are_leased_from(void **state)
{
	struct fix *f = *state;
	struct store_result v[MANY];
	struct store_leases l;
	struct store_stats st;
	char id[16];
	size_t i;

	for (i = 0; i < MANY; i++) {
		(void)snprintf(id, sizeof(id), "hook-%zu", i);
		owe(f, id, 1);
	}
	assert_int_equal(lease(f, MANY, &l), MANY);
	fix_stats(f, &st);
	assert_int_equal(st.processed, 0);
	assert_int_equal(st.events[EVENT_PROCESSING], MANY);

	memset(v, 0, sizeof(v));
	for (i = 0; i < MANY; i++) {
		v[i].job = l.v[i].job;
		v[i].token = l.v[i].token;
		v[i].verdict = STORE_AGAIN;
		v[i].again_ms = f->wall_ms + 1000;
		v[i].attempt.text = v[i].attempt.request.address = "";
	}
	store_leases_free(&l);
	assert_int_equal(store_settle(f->s, v, MANY, "w", f->wall_ms, &f->e),
	    RC_OK);
	fix_stats(f, &st);
	assert_int_equal(st.processed, 0);
	assert_int_equal(st.events[EVENT_RETRY], MANY);
	fix_assert_sound(f);
}

/* More than changes of one transaction are kept before rows are written. */
static void
test_an_event_ends_once_however_many_are_leased(void **state)
{
	struct fix *f = *state;
	struct store_leases l;
	struct store_stats st;

	owe(f, "hook-1", 3 * MANY);
	assert_int_equal(lease(f, 3 * MANY, &l), 3 * MANY);
	store_leases_free(&l);
	fix_stats(f, &st);
	assert_int_equal(st.processed, 0);
	assert_int_equal(st.events[EVENT_PROCESSING], 3 * MANY);
	fix_assert_sound(f);
}

#define CASE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_failures_in_a_row_open_the_breaker),
		CASE(test_an_answer_ends_a_row_of_failures),
		CASE(test_a_breaker_outlives_the_store_s_closing),
		CASE(test_a_lost_probe_is_followed_by_another),
		CASE(test_a_person_closes_the_breaker),
		CASE(test_every_process_sees_the_open_breakers),
		CASE(test_a_target_is_leased_from_at_its_rate),
		CASE(test_an_unstarted_request_uses_no_rate_token),
		CASE(test_a_registration_s_own_rate_holds),
		CASE(test_a_clock_set_back_blocks_nobody_for_long),
		CASE(
		    test_a_retry_planned_by_a_clock_that_was_ahead_is_planned_anew),
		CASE(test_more_waits_than_one_lease_looks_at_are_planned_anew),
		CASE(test_a_wait_that_its_schedule_or_a_person_explains_stays),
		CASE(test_an_event_from_the_future_is_due_when_it_is_expanded),
		CASE(test_doctor_counts_waits_that_nothing_explains),
		CASE(test_drains_share_max_in_flight),
		CASE(test_drains_that_share_a_target_may_prefetch),
		CASE(test_a_lease_of_another_kind_leaves_the_division_as_it_is),
		CASE(test_a_drain_that_divides_leaves_the_others_their_share),
		CASE(test_a_backlog_for_one_webhook_starves_no_other),
		CASE(test_fresh_work_overtakes_a_backlog_of_repeats),
		CASE(test_a_lease_can_be_limited_to_some_targets),
		CASE(
		    test_an_event_ends_once_however_many_targets_are_leased_from),
		CASE(test_an_event_ends_once_however_many_are_leased),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
