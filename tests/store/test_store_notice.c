#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "core/notice.h"
#include "core/webhook.h"
#include "store/store_int.h"
#include "store/store_sqlite_int.h"
#include "tests/store/fixture.h"

/*
 * A webhook that only fails is told of, then disabled; what is said of it is
 * put down with its cause and becomes an event once.
 */

#define HOUR (INT64_C(3600) * 1000)
#define DAY (24 * HOUR)
#define HOOK "hook-1"
#define AFTER_A_JUMP 6 /* of the clock: the number of a post */

static int
setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));

	fix_init(f);
	fix_register(f, HOOK);
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

/* One attempt at a new delivery: status 200 is done, 410 gone and dead, any
 * other waits far ahead. */
static void
attempt(struct fix *f, int status, int64_t disable_after_ms)
{
	static int n;
	struct store_leases l;
	struct store_result r;
	char id[24];

	(void)snprintf(id, sizeof(id), "n-%d", ++n);
	(void)fix_job(f, id, HOOK);
	fix_lease(f, 1, &l);
	assert_int_equal(l.n, 1);
	memset(&r, 0, sizeof(r));
	r.job = l.v[0].job;
	r.token = l.v[0].token;
	r.verdict = status == 200 ? STORE_DONE
	    : status == 410       ? STORE_DEAD
				  : STORE_AGAIN;
	r.again_ms = f->wall_ms + 7 * DAY;
	r.attempt.started_ms = f->wall_ms;
	r.attempt.class =
	    status == 200 ? STORE_CLASS_NONE : STORE_CLASS_RECEIVER;
	r.attempt.code = status;
	r.attempt.text = status == 200 ? "" : "as it was told";
	r.attempt.request.address = "";
	r.attempt.request.gone = status == 410;
	r.attempt.request.disable_after_ms = disable_after_ms;
	assert_int_equal(store_settle(f->s, &r, 1, "w", f->wall_ms, &f->e),
	    RC_OK);
	store_leases_free(&l);
}

static struct webhook *
look(struct fix *f)
{
	struct webhook *w;

	assert_int_equal(store_webhook_find(f->s, HOOK, &w, &f->e), RC_OK);
	return w;
}

static void
assert_fares(struct fix *f, bool enabled, int64_t failing_since_ms,
    int64_t disable_at_ms)
{
	struct webhook *w = look(f);

	assert_int_equal(w->enabled, enabled);
	assert_int_equal(w->failing_since_ms, failing_since_ms);
	assert_int_equal(w->disable_at_ms, disable_at_ms);
	webhook_free(w);
}

static void
assert_data(const struct notice *n, const char *member)
{
	if (strstr(n->data, member) == NULL)
		fail_msg("%s is not in %s", member, n->data);
}

static void
assert_text(const struct notice *n, const char *key, const char *text)
{
	char member[128];

	(void)snprintf(member, sizeof(member), "\"%s\":\"%s\"", key, text);
	assert_data(n, member);
}

static void
assert_number(const struct notice *n, const char *key, int64_t number)
{
	char member[64];

	(void)snprintf(member, sizeof(member), "\"%s\":%lld", key,
	    (long long)number);
	assert_data(n, member);
}

static void
assert_time(const struct notice *n, const char *key, int64_t ms)
{
	char time[CLOCK_TEXT_SIZE];

	clock_format(ms, time);
	assert_text(n, key, time);
}

/* All that there is to say, which is then dropped. */
static size_t
told(struct fix *f, struct notice *last)
{
	struct store_telling t = { 0 };
	struct store_notices l;
	size_t i, n;

	assert_int_equal(store_notices(f->s, 100, &l, &f->e), RC_OK);
	n = l.n;
	for (i = 0; i < n; i++) {
		t.notice = l.v[i].id;
		assert_int_equal(store_tell(f->s, &t, 1, &f->e), RC_OK);
	}
	memset(last, 0, sizeof(*last));
	if (n > 0) {
		*last = l.v[n - 1];
		memset(&l.v[n - 1], 0, sizeof(l.v[n - 1]));
	}
	store_notices_free(&l);
	return n;
}

static void
test_constant_failure_warns_and_then_disables(void **state)
{
	struct fix *f = *state;
	int64_t since = f->wall_ms;
	struct store_leases l;
	struct notice n;
	struct webhook *w;

	attempt(f, 500, 5 * DAY);
	assert_fares(f, true, since, 0);
	fix_pass(f, 4 * DAY - 1);
	attempt(f, 503, 5 * DAY);
	assert_int_equal(told(f, &n), 0);
	fix_pass(f, 1);
	attempt(f, 502, 5 * DAY);
	assert_fares(f, true, since, since + 5 * DAY);
	assert_int_equal(told(f, &n), 1);
	assert_int_equal(n.name, NOTICE_FAILING);
	assert_string_equal(n.about, HOOK);
	assert_text(&n, "webhook_id", HOOK);
	assert_data(&n, "\"url\":\"https://");
	assert_int_equal(n.at_ms, f->wall_ms);
	assert_time(&n, "failing_since", since);
	assert_time(&n, "disable_at", since + 5 * DAY);
	assert_number(&n, "consecutive_failures", 3);
	assert_text(&n, "last_class", "receiver");
	assert_number(&n, "last_code", 502);
	assert_text(&n, "last_text", "as it was told");
	notice_fini(&n);

	fix_pass(f, DAY - 1);
	attempt(f, 500, 5 * DAY);
	assert_int_equal(told(f, &n), 0);
	(void)fix_job(f, "parked", HOOK);
	fix_pass(f, 1);
	assert_fares(f, true, since, since + 5 * DAY);
	fix_close(f);
	fix_open(f);
	attempt(f, 500, 5 * DAY);
	w = look(f);
	assert_false(w->enabled);
	assert_int_equal(w->health, WEBHOOK_UNAVAILABLE);
	assert_int_equal(w->disabled_why, WEBHOOK_FAILING);
	webhook_free(w);
	assert_int_equal(told(f, &n), 1);
	assert_int_equal(n.name, NOTICE_DISABLED);
	assert_text(&n, "reason", "failing");
	assert_time(&n, "failing_since", since);
	notice_fini(&n);
	/* What waits is parked. */
	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 0);
	fix_assert_sound(f);
}

static void
test_a_success_resets_the_count_of_failures(void **state)
{
	struct fix *f = *state;
	struct notice n;
	int64_t since;

	attempt(f, 500, 5 * DAY);
	fix_pass(f, 4 * DAY);
	attempt(f, 500, 5 * DAY);
	assert_int_equal(told(f, &n), 1);
	notice_fini(&n);
	attempt(f, 200, 5 * DAY);
	assert_fares(f, true, 0, 0);
	fix_pass(f, 2 * DAY);
	since = f->wall_ms;
	attempt(f, 500, 5 * DAY);
	assert_fares(f, true, since, 0);
	assert_int_equal(told(f, &n), 0);
}

/* Between two rare attempts nobody can be told in time: first told, then. */
static void
test_no_webhook_is_disabled_without_a_warning(void **state)
{
	struct fix *f = *state;
	struct notice n;
	int64_t since = f->wall_ms;

	attempt(f, 500, 5 * DAY);
	fix_pass(f, 30 * DAY);
	attempt(f, 500, 5 * DAY);
	assert_fares(f, true, since, f->wall_ms + DAY);
	assert_int_equal(told(f, &n), 1);
	assert_time(&n, "disable_at", f->wall_ms + DAY);
	notice_fini(&n);
	fix_pass(f, DAY);
	attempt(f, 500, 5 * DAY);
	assert_int_equal(told(f, &n), 1);
	assert_int_equal(n.name, NOTICE_DISABLED);
	notice_fini(&n);
}

static void
test_a_short_disable_after_warns_at_its_half(void **state)
{
	struct fix *f = *state;
	struct notice n;
	int64_t since = f->wall_ms;

	attempt(f, 500, 8 * HOUR);
	fix_pass(f, 4 * HOUR);
	attempt(f, 500, 8 * HOUR);
	assert_fares(f, true, since, since + 8 * HOUR);
	assert_int_equal(told(f, &n), 1);
	notice_fini(&n);
	fix_pass(f, 4 * HOUR);
	attempt(f, 500, 8 * HOUR);
	assert_fares(f, false, since, since + 8 * HOUR);
}

static void
test_without_a_time_failure_disables_nobody(void **state)
{
	struct fix *f = *state;
	struct notice n;
	int64_t since = f->wall_ms;

	attempt(f, 500, 0);
	fix_pass(f, 300 * DAY);
	attempt(f, 500, 0);
	assert_fares(f, true, since, 0);
	assert_int_equal(told(f, &n), 0);
}

static enum rc
enable(void *arg, struct webhook *w, struct err *e)
{
	(void)arg;
	(void)e;
	w->enabled = true;
	return RC_OK;
}

static enum rc
disable(void *arg, struct webhook *w, struct err *e)
{
	(void)arg;
	(void)e;
	w->enabled = false;
	return RC_OK;
}

static void
test_a_410_is_reported_and_a_person_enables_again(void **state)
{
	struct fix *f = *state;
	struct store_notices l;
	struct webhook *w;
	struct notice n;

	attempt(f, 410, 5 * DAY);
	assert_int_equal(store_notices(f->s, 100, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 2);
	assert_int_equal(l.v[0].name, NOTICE_DEAD);
	assert_int_equal(l.v[1].name, NOTICE_DISABLED);
	assert_text(&l.v[1], "reason", "gone");
	assert_number(&l.v[1], "last_code", 410);
	store_notices_free(&l);
	assert_int_equal(store_notices(f->s, 1, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 1);
	store_notices_free(&l);
	assert_int_equal(told(f, &n), 2);
	notice_fini(&n);

	assert_int_equal(
	    store_webhook_change(f->s, HOOK, enable, NULL, &w, &f->e), RC_OK);
	assert_int_equal(w->health, WEBHOOK_UNKNOWN);
	webhook_free(w);
	assert_fares(f, true, 0, 0);
	attempt(f, 200, 5 * DAY);
	/* Of a person's own doing there is nothing to say. */
	assert_int_equal(
	    store_webhook_change(f->s, HOOK, disable, NULL, &w, &f->e), RC_OK);
	assert_int_equal(w->disabled_why, WEBHOOK_BY_PERSON);
	webhook_free(w);
	assert_int_equal(told(f, &n), 0);
}

static void
test_gone_parks_nothing_of_one_that_was_deleted(void **state)
{
	struct fix *f = *state;
	struct store_result r = { .verdict = STORE_DEAD,
		.attempt = { .class = STORE_CLASS_RECEIVER,
		    .code = 410,
		    .text = "",
		    .request = { .gone = true } } };
	struct store_leases l, left;
	struct notice n;

	(void)fix_job(f, "gone-1", HOOK);
	(void)fix_job(f, "gone-2", HOOK);
	fix_lease(f, 2, &l);
	assert_int_equal(l.n, 2);
	assert_int_equal(
	    store_webhook_delete(f->s, HOOK, f->wall_ms, NULL, &f->e), RC_OK);
	r.job = l.v[0].job;
	r.token = l.v[0].token;
	assert_int_equal(store_settle(f->s, &r, 1, "w", f->wall_ms, &f->e),
	    RC_OK);
	assert_int_equal(fix_settle(f, &l.v[1], STORE_AGAIN, f->wall_ms, NULL),
	    RC_OK);
	store_leases_free(&l);

	/* A drain finds nobody for it, and cancels it. */
	fix_lease(f, 2, &left);
	assert_int_equal(left.n, 1);
	assert_int_equal(fix_settle(f, &left.v[0], STORE_CANCEL, 0, NULL),
	    RC_OK);
	store_leases_free(&left);
	assert_int_equal(told(f, &n), 1);
	assert_int_equal(n.name, NOTICE_DEAD);
	notice_fini(&n);
	fix_assert_sound(f);
}

/* Leases the one due job and gives it up. */
static void
give_up(struct fix *f, int64_t *job)
{
	struct store_leases l;

	fix_lease(f, 10, &l);
	assert_int_equal(l.n, 1);
	*job = l.v[0].job;
	assert_int_equal(fix_settle(f, &l.v[0], STORE_DEAD, 0, NULL), RC_OK);
	store_leases_free(&l);
}

static void
test_a_dead_delivery_is_reported_with_its_event(void **state)
{
	struct fix *f = *state;
	struct store_job *j;
	struct event *ev;
	struct notice n;
	int64_t event = fix_job(f, "d-1", HOOK), job;

	give_up(f, &job);
	assert_int_equal(told(f, &n), 1);
	assert_int_equal(n.name, NOTICE_DEAD);
	assert_text(&n, "webhook_id", HOOK);
	assert_number(&n, "attempts", 1);
	assert_text(&n, "event_type", "issues");
	assert_text(&n, "delivery_id", "d-1");
	assert_number(&n, "last_code", 500);
	assert_int_equal(store_event_find(f->s, event, &ev, &f->e), RC_OK);
	assert_text(&n, "event_id", ev->public_id);
	event_free(ev);
	assert_int_equal(store_job_find(f->s, job, &j, &f->e), RC_OK);
	assert_text(&n, "delivery", j->public_id);
	assert_string_equal(n.about, j->public_id);
	store_job_free(j);
	notice_fini(&n);
	/* A person tries again, in vain. */
	assert_int_equal(store_job_retry(f->s, job, f->wall_ms, &f->e), RC_OK);
	give_up(f, &job);
	assert_int_equal(told(f, &n), 1);
	assert_number(&n, "attempts", 2);
	assert_int_equal(n.turn, 2);
	notice_fini(&n);
}

static void
test_a_notice_becomes_one_event(void **state)
{
	static const char *const targets[] = { HOOK, NULL };
	struct fix *f = *state;
	struct store_event_filter all = { .status = -1, .limit = 10 };
	struct store_telling t = { 0 };
	struct store_notices l;
	struct store_events events;
	int64_t next, job;

	(void)fix_job(f, "d-1", HOOK);
	give_up(f, &job);
	assert_int_equal(store_notices(f->s, 10, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 1);
	t.notice = l.v[0].id;
	t.event = notice_event(&l.v[0]);
	store_notices_free(&l);
	assert_int_equal(store_tell(f->s, &t, 1, &f->e), RC_OK);
	assert_false(t.late);
	assert_int_equal(store_tell(f->s, &t, 1, &f->e), RC_OK);
	assert_true(t.late);
	event_free(t.event);
	assert_int_equal(store_notices(f->s, 10, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 0);

	assert_int_equal(store_event_list(f->s, &all, &events, &next, &f->e),
	    RC_OK);
	assert_int_equal(events.n, 2);
	assert_string_equal(events.v[0]->type, "hls.delivery.dead");
	assert_string_equal(events.v[0]->source, "hls");
	fix_expand(f, events.v[0]->id, targets);
	store_events_free(&events);
	/* That this one dies too is not told again. */
	give_up(f, &job);
	assert_int_equal(store_notices(f->s, 10, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 0);
	fix_assert_sound(f);
}

/* Whichever call fails, or has its answer lost, and is done again: one event
 * more, and no notice left. */
static void
tell_with_fault(struct fix *f, int n)
{
	struct store_telling t = { 0 };
	struct store_notices l;
	char prefix[32];
	enum rc rc;

	(void)snprintf(prefix, sizeof(prefix), "fault:%d:", n);
	fix_close(f);
	fix_open_as(f, prefix);
	rc = store_notices(f->s, 10, &l, &f->e);
	if (rc == RC_BUSY)
		rc = store_notices(f->s, 10, &l, &f->e);
	assert_int_equal(rc, RC_OK);
	assert_int_equal(l.n, 1);
	t.notice = l.v[0].id;
	t.event = notice_event(&l.v[0]);
	rc = store_tell(f->s, &t, 1, &f->e);
	if (rc == RC_BUSY)
		rc = store_tell(f->s, &t, 1, &f->e);
	assert_int_equal(rc, RC_OK);
	event_free(t.event);
	store_notices_free(&l);
	fix_close(f);
	fix_open(f);
}

static void
test_a_failing_call_reports_its_exact_error(void **state)
{
	static const int faults[] = { 1, 2, 3, -1, -2, -3 };
	struct fix *f = *state;
	struct store_notices l;
	struct store_stats st;
	char id[16];
	int64_t job;
	size_t i;

	for (i = 0; i < NELEM(faults); i++) {
		(void)snprintf(id, sizeof(id), "d-%zu", i);
		(void)fix_job(f, id, HOOK);
		give_up(f, &job);
		tell_with_fault(f, faults[i]);
		fix_stats(f, &st);
		assert_int_equal(st.accepted, 2 * (i + 1));
		assert_int_equal(store_notices(f->s, 10, &l, &f->e), RC_OK);
		assert_int_equal(l.n, 0);
	}
	fix_assert_sound(f);
}

static void
suspects(struct fix *f, int first, int n)
{
	struct store_receipt r;
	struct event *ev;
	char id[16];
	int i;

	for (i = first; i < first + n; i++) {
		(void)snprintf(id, sizeof(id), "s-%d", i);
		ev = fix_event(f, id);
		free(ev->body);
		ev->body = xstrdup("[1]");
		ev->bodysz = 3;
		ev->replay_window_ms = 7 * DAY;
		assert_int_equal(fix_accept(f, ev, &r), RC_OK);
		if (i != AFTER_A_JUMP) /* the window may be over */
			assert_int_equal(r.replay_suspect, i > 0);
	}
}

static void
test_a_source_is_reported_once_an_hour_with_new_counts(void **state)
{
	struct fix *f = *state;
	struct notice n;

	suspects(f, 0, 1);
	assert_int_equal(told(f, &n), 0);
	suspects(f, 1, 3);
	assert_int_equal(told(f, &n), 1);
	assert_int_equal(n.name, NOTICE_SUSPECT);
	assert_string_equal(n.about, "github");
	assert_number(&n, "count", 3);
	assert_data(&n, "\"reasons\":{\"body\":3}");
	assert_null(strstr(n.data, "\"since\""));
	notice_fini(&n);
	suspects(f, 4, 2);
	f->wall_ms += HOUR - 1;
	assert_int_equal(told(f, &n), 0);
	f->wall_ms++;
	assert_int_equal(told(f, &n), 1);
	assert_number(&n, "count", 2);
	assert_time(&n, "since", f->wall_ms - HOUR);
	notice_fini(&n);
	f->wall_ms += DAY;
	assert_int_equal(told(f, &n), 0);
	/* A clock that was ahead holds nothing up. */
	f->wall_ms -= 30 * DAY;
	suspects(f, AFTER_A_JUMP, 2);
	assert_int_equal(told(f, &n), 1);
	assert_true(strstr(n.data, "\"count\":1") != NULL ||
	    strstr(n.data, "\"count\":2") != NULL);
	notice_fini(&n);
}

static void
test_two_drains_report_a_source_once(void **state)
{
	struct fix *f = *state;
	struct store_telling t = { 0 };
	struct store_notices a, b;

	suspects(f, 0, 2);
	assert_int_equal(store_notices(f->s, 100, &a, &f->e), RC_OK);
	assert_int_equal(store_notices(f->s, 100, &b, &f->e), RC_OK);
	assert_int_equal(a.n, 1);
	assert_int_equal(b.n, 1);
	assert_int_equal(a.v[0].id, b.v[0].id);
	t.notice = a.v[0].id;
	assert_int_equal(store_tell(f->s, &t, 1, &f->e), RC_OK);
	assert_false(t.late);
	assert_int_equal(store_tell(f->s, &t, 1, &f->e), RC_OK);
	assert_true(t.late);
	store_notices_free(&a);
	store_notices_free(&b);
	fix_assert_sound(f);
}

/* An operation of no kind that the store knows. */
static enum rc
run_say(struct lite_tx *tx, void *arg, struct err *e)
{
	const struct notice n = { .name = NOTICE_REFUSING,
		.at_ms = clock_wall_ms(tx->lite->clock),
		.about = (char *)(uintptr_t) "gitea",
		.turn = 7,
		.team = (char *)(uintptr_t) "core",
		.data = (char *)(uintptr_t) "{\"source\":\"gitea\"}" };
	enum rc rc = lite_notice_put(tx, &n, e);

	return rc == RC_OK && *(bool *)arg
	    ? err_set(e, RC_INVALID, "the operation is refused")
	    : rc;
}

static void
test_any_operation_reports_in_its_own_transaction(void **state)
{
	struct fix *f = *state;
	bool is_refused = true;
	struct store_notices l;
	struct event *ev;

	assert_int_equal(
	    lite_commit_now(f->s->impl, run_say, &is_refused, &f->e),
	    RC_INVALID);
	assert_int_equal(store_notices(f->s, 10, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 0);
	is_refused = false;
	assert_int_equal(
	    lite_commit_now(f->s->impl, run_say, &is_refused, &f->e), RC_OK);
	assert_int_equal(store_notices(f->s, 10, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 1);
	ev = notice_event(&l.v[0]);
	assert_string_equal(ev->type, "hls.source.refusing");
	assert_string_equal(ev->delivery_id, "refusing:gitea:7");
	assert_string_equal(ev->teams.v[0], "core");
	assert_string_equal(ev->body, "{\"source\":\"gitea\"}");
	event_free(ev);
	store_notices_free(&l);
	fix_assert_sound(f);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_constant_failure_warns_and_then_disables),
		CASE(test_a_success_resets_the_count_of_failures),
		CASE(test_no_webhook_is_disabled_without_a_warning),
		CASE(test_a_short_disable_after_warns_at_its_half),
		CASE(test_without_a_time_failure_disables_nobody),
		CASE(test_a_410_is_reported_and_a_person_enables_again),
		CASE(test_gone_parks_nothing_of_one_that_was_deleted),
		CASE(test_a_dead_delivery_is_reported_with_its_event),
		CASE(test_a_notice_becomes_one_event),
		CASE(test_a_failing_call_reports_its_exact_error),
		CASE(test_a_source_is_reported_once_an_hour_with_new_counts),
		CASE(test_two_drains_report_a_source_once),
		CASE(test_any_operation_reports_in_its_own_transaction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
