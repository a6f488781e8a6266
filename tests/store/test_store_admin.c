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

/*
 * What every engine keeps of registrations, tokens and sums, and how its
 * lists page; written against the public headers alone.
 */

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
	w->cloudevents = true;
	secret_put_str(&w->sign_key, "whsk_new");
	for (w->nolds = 0; w->nolds < WEBHOOK_OLDS_MAX; w->nolds++) {
		w->olds[w->nolds].until_ms = 100 - (int64_t)w->nolds;
		secret_put_str(&w->olds[w->nolds].sign_key, "whsk_old");
	}
	secret_put_str(&w->olds[1].secret, "the old secret");
	w->name = xstrdup("the shop");
	w->body = WEBHOOK_JSON;
	w->on_dead = WEBHOOK_SKIP;
	w->tls.ca_file = xstrdup("/etc/ca.pem");
	w->tls.cert_file = xstrdup("/etc/cert.pem");
	w->tls.key_file = xstrdup("/etc/key.pem");
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
	assert_int_equal(got->nolds, WEBHOOK_OLDS_MAX);
	assert_false(secret_is_set(&got->olds[0].secret));
	assert_string_equal(got->olds[1].secret.bytes, "the old secret");
	assert_string_equal(got->olds[7].sign_key.bytes, "whsk_old");
	assert_int_equal(got->olds[7].until_ms, 93);
	assert_true(strlist_has(&got->events, "issues.*"));
	assert_string_equal(got->team, "Core");
	assert_int_equal(got->nheaders, 2);
	assert_string_equal(got->headers[0].name, "X-One");
	assert_string_equal(got->headers[0].value.bytes, "first value");
	assert_string_equal(got->headers[1].name, "X-Two");
	assert_int_equal(got->nretries, 2);
	assert_int_equal(got->retry_schedule[1], 10000);
	assert_true(got->cloudevents);
	assert_string_equal(got->sign_key.bytes, "whsk_new");
	assert_int_equal(got->rate_limit, -1);
	assert_null(got->description);
	assert_string_equal(got->name, "the shop");
	assert_int_equal(got->body, WEBHOOK_JSON);
	assert_int_equal(got->on_dead, WEBHOOK_SKIP);
	assert_string_equal(got->tls.ca_file, "/etc/ca.pem");
	assert_string_equal(got->tls.cert_file, "/etc/cert.pem");
	assert_string_equal(got->tls.key_file, "/etc/key.pem");
	assert_true(got->enabled);
	webhook_free(got);
	assert_int_equal(store_webhook_find(f->s, "hook-2", &got, &f->e),
	    RC_NOTFOUND);
}

static enum rc
put_named(struct fix *f, const char *id, const char *name)
{
	struct webhook *w = fix_webhook(id);
	enum rc rc;

	w->name = name == NULL ? NULL : xstrdup(name);
	rc = store_webhook_put(f->s, w, &f->e);
	webhook_free(w);
	return rc;
}

static enum rc
rename_to(void *arg, struct webhook *w, struct err *e)
{
	(void)e;
	free(w->name);
	w->name = xstrdup(arg);
	return RC_OK;
}

static void
test_a_name_is_one_webhook_s_alone(void **state)
{
	static const char *const taken[] = { "Shop", "hook-2", "HOOK-2" };
	struct fix *f = *state;
	struct webhook *got;
	size_t i;

	assert_int_equal(put_named(f, "hook-1", "shop"), RC_OK);
	assert_int_equal(put_named(f, "hook-2", NULL), RC_OK);
	assert_int_equal(put_named(f, "hook-3", NULL), RC_OK);
	assert_int_equal(put_named(f, "hook-4", "SHOP"), RC_EXISTS);
	assert_int_equal(put_named(f, "hook-4", "hook-2"), RC_EXISTS);
	assert_int_equal(put_named(f, "shop", NULL), RC_EXISTS);
	for (i = 0; i < 2; i++)
		assert_int_equal(store_webhook_change(f->s, "hook-3", rename_to,
				     (void *)(uintptr_t)taken[i], NULL, &f->e),
		    RC_EXISTS);
	assert_int_equal(store_webhook_change(f->s, "hook-1", rename_to,
			     (void *)(uintptr_t) "Shop", &got, &f->e),
	    RC_OK);
	assert_string_equal(got->name, "Shop");
	webhook_free(got);
	assert_int_equal(
	    store_webhook_delete(f->s, "hook-1", FIX_NOW, NULL, &f->e), RC_OK);
	assert_int_equal(put_named(f, "hook-4", "shop"), RC_OK);
}

static const struct {
	const char *text, *id; /* NULL: rc says why */
	enum rc rc;
} refs[] = {
	{ "abcd1", "abcd1", RC_OK },
	{ "abcd12", "abcd123", RC_OK },
	{ "abce", "abce", RC_OK }, /* its id, beside a longer one */
	{ "abcd", NULL, RC_EXISTS },
	{ "abc", NULL, RC_NOTFOUND },
	{ "abcf", "zzzz", RC_OK }, /* a name, beside an id that begins so */
	{ "ABCF", "zzzz", RC_OK },
	{ "ABCD12", NULL, RC_NOTFOUND },
	{ "zz", NULL, RC_NOTFOUND },
	{ "the shop", "hook-9", RC_OK },
	{ "the sh", NULL, RC_NOTFOUND },
	{ "%", NULL, RC_NOTFOUND },
	{ "____", NULL, RC_NOTFOUND },
};

static void
test_a_webhook_is_found_by_name_or_the_start_of_its_id(void **state)
{
	static const char *const ids[] = { "abcd1", "abcd123", "abce", "abce2",
		"abcf-1" };
	char id[WEBHOOK_ID_MAX + 1];
	struct fix *f = *state;
	size_t i;

	for (i = 0; i < NELEM(ids); i++)
		assert_int_equal(put_named(f, ids[i], NULL), RC_OK);
	assert_int_equal(put_named(f, "zzzz", "abcf"), RC_OK);
	assert_int_equal(put_named(f, "hook-9", "the Shop"), RC_OK);
	for (i = 0; i < NELEM(refs); i++) {
		enum rc rc =
		    store_webhook_resolve(f->s, refs[i].text, id, &f->e);

		if (rc != refs[i].rc ||
		    (rc == RC_OK && strcmp(id, refs[i].id) != 0))
			fail_msg("%s: %d %s", refs[i].text, (int)rc, id);
	}
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
	assert_null(l.next);
	store_webhooks_free(&l);
	want = all;
	want.limit = 2;
	want.after = "hook-1";
	assert_int_equal(store_webhook_list(f->s, &want, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.next, "hook-3");
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
test_deleting_cancels_waiting_deliveries(void **state)
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
	assert_int_equal(at.v[0].a.request.times.name_us, 100);
	assert_int_equal(at.v[0].a.request.times.connect_us, 200);
	assert_int_equal(at.v[0].a.request.times.tls_us, 0);
	assert_int_equal(at.v[0].a.request.times.first_byte_us, 12000);
	assert_false(at.v[0].fenced);
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
	r.attempt.request.address = "";
	r.attempt.request.gone = true;
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
	char id[] = "host:1", other[] = "host:2", kinds[] = "all";
	struct store_worker w = { id, kinds, 1, 2, 3, 4, 5, 6, false };

	assert_int_equal(store_worker_seen(f->s, &w, &f->e), RC_OK);
	w.last_seen_ms = 9;
	assert_int_equal(store_worker_seen(f->s, &w, &f->e), RC_OK);
	assert_int_equal(store_worker_list(f->s, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.v[0].last_seen_ms, 9);
	assert_int_equal(l.v[0].ended_ms, 6);
	assert_string_equal(l.v[0].id, "host:1");
	store_workers_free(&l);

	/* One that is named by its process is seldom seen again. */
	w.id = other;
	w.last_seen_ms += 86400000;
	assert_int_equal(store_worker_seen(f->s, &w, &f->e), RC_OK);
	assert_int_equal(store_worker_list(f->s, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 2);
	store_workers_free(&l);
	w.last_seen_ms++;
	assert_int_equal(store_worker_seen(f->s, &w, &f->e), RC_OK);
	assert_int_equal(store_worker_list(f->s, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.v[0].id, "host:2");
	store_workers_free(&l);

	/* One that ends is gone, but not whoever has its name by now. */
	w.gone = true;
	w.started_ms++;
	assert_int_equal(store_worker_seen(f->s, &w, &f->e), RC_OK);
	assert_int_equal(store_worker_list(f->s, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 1);
	store_workers_free(&l);
	w.started_ms--;
	assert_int_equal(store_worker_seen(f->s, &w, &f->e), RC_OK);
	assert_int_equal(store_worker_list(f->s, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 0);
	store_workers_free(&l);
}

static int
no_row(void *arg, bool header, size_t n, const struct store_cell *cells)
{
	(void)cells;
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

/* Counts what is not NULL. */
static int
seen_values(void *arg, bool header, size_t n, const struct store_cell *cells)
{
	size_t i;

	for (i = 0; i < n && !header; i++)
		*(size_t *)arg += cells[i].text != NULL;
	return 0;
}

static void
test_sql_shows_no_secret(void **state)
{
	static const char *const none[] = {
		"SELECT secret, sign_key, headers FROM webhook",
		"SELECT secret, sign_key FROM old_secret",
		"SELECT w.SECRET FROM main.webhook AS w",
		("SELECT x FROM (SELECT hex(headers) AS x FROM webhook) "
		 "WHERE x <> ''"),
		"SELECT hash FROM token",
	};
	struct store_token t = { .role = (char *)"admin",
		.name = (char *)"ann",
		.created_ms = 1 };
	struct fix *f = *state;
	struct webhook *w = fix_webhook("w-1");
	size_t i, seen = 0;

	secret_put_str(&w->sign_key, "whsk_new");
	secret_put_str(&w->olds[0].secret, "the old secret");
	secret_put_str(&w->olds[0].sign_key, "whsk_old");
	w->nolds = 1;
	assert_int_equal(store_webhook_put(f->s, w, &f->e), RC_OK);
	webhook_free(w);
	memset(t.hash, 7, sizeof(t.hash));
	assert_int_equal(store_token_put(f->s, &t, &f->e), RC_OK);
	for (i = 0; i < NELEM(none); i++) {
		assert_int_equal(store_sql(f->s, none[i], 10, 5000, seen_values,
				     &seen, &f->e),
		    RC_OK);
		assert_int_equal(seen, 0);
	}
	assert_int_equal(store_sql(f->s,
			     "SELECT w.id, token.name FROM webhook w, "
			     "token",
			     10, 5000, seen_values, &seen, &f->e),
	    RC_OK);
	assert_int_equal(seen, 2);
}

static void
register_many(struct fix *f, size_t from, size_t to, const char *team)
{
	struct webhook *w;
	char id[32];
	size_t i;

	for (i = from; i < to; i++) {
		(void)snprintf(id, sizeof(id), "hook-%05zu", i);
		w = fix_webhook(id);
		w->team = xstrdup(team);
		assert_int_equal(store_webhook_put(f->s, w, &f->e), RC_OK);
		webhook_free(w);
	}
}

static int64_t
steps_of(struct fix *f, const struct store_webhook_filter *filter, size_t want)
{
	struct store_webhooks l = { 0 };

	(void)store_test_steps(f->s);
	assert_int_equal(store_webhook_list(f->s, filter, &l, &f->e), RC_OK);
	assert_int_equal(l.n, want);
	store_webhooks_free(&l);
	return store_test_steps(f->s);
}

/* By team, whatever its case, and by whether they are enabled: a page costs
 * the same beside a hundred times as many others. */
static void
test_a_list_of_webhooks_reads_no_others(void **state)
{
	const struct store_webhook_filter of_team = { .team = "RED",
		.enabled = -1,
		.health = -1,
		.limit = 20 };
	const struct store_webhook_filter disabled = { .enabled = 0,
		.health = -1,
		.limit = 20 };
	struct fix *f = *state;
	int64_t team, enabled;

	register_many(f, 0, 10, "Red");
	register_many(f, 10, 20, "blue");
	team = steps_of(f, &of_team, 10);
	enabled = steps_of(f, &disabled, 0);
	register_many(f, 20, 1000, "blue");
	assert_true(steps_of(f, &of_team, 10) <= team * 3 / 2);
	assert_true(steps_of(f, &disabled, 0) <= enabled * 3 / 2);
}

static size_t
olds_of(struct fix *f, const char *id)
{
	struct webhook *w;
	size_t n;

	assert_int_equal(store_webhook_find(f->s, id, &w, &f->e), RC_OK);
	n = w->nolds;
	webhook_free(w);
	return n;
}

/* By whichever drain leases, though nobody changes the webhook. */
static void
test_old_secrets_past_their_end_are_deleted(void **state)
{
	struct fix *f = *state;
	struct webhook *w = fix_webhook("hook-1");
	struct store_leases l;
	int64_t before, after;
	int i;

	for (i = 0; i < 3; i++) {
		w->olds[i].until_ms = f->wall_ms + 60000 * (1 - i);
		secret_put_str(&w->olds[i].secret, "an old secret");
	}
	w->nolds = 3;
	assert_int_equal(store_webhook_put(f->s, w, &f->e), RC_OK);
	webhook_free(w);
	assert_int_equal(store_webhooks_version(f->s, &before, &f->e), RC_OK);
	fix_lease(f, 10, &l);
	store_leases_free(&l);
	/* One has just ended, and the clock may be a little ahead. */
	assert_int_equal(olds_of(f, "hook-1"), 2);
	assert_int_equal(store_webhooks_version(f->s, &after, &f->e), RC_OK);
	assert_true(after != before);
	fix_pass(f, 600000);
	fix_lease(f, 10, &l);
	store_leases_free(&l);
	assert_int_equal(olds_of(f, "hook-1"), 0);
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_registrations_are_kept),
		CASE(test_a_name_is_one_webhook_s_alone),
		CASE(test_a_webhook_is_found_by_name_or_the_start_of_its_id),
		CASE(test_registrations_are_listed_by_filter),
		CASE(test_a_list_of_webhooks_reads_no_others),
		CASE(test_old_secrets_past_their_end_are_deleted),
		CASE(test_disabling_parks_and_enabling_releases),
		CASE(test_deleting_cancels_waiting_deliveries),
		CASE(test_totals_and_health_move_with_the_result),
		CASE(test_gone_disables_the_webhook),
		CASE(test_lists_page_from_the_newest),
		CASE(test_sums_are_kept),
		CASE(test_tokens_are_kept),
		CASE(test_workers_are_seen),
		CASE(test_sql_only_reads),
		CASE(test_sql_shows_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
