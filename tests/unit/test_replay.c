#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/clock.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/webhook.h"
#include "intake/replay.h"
#include "store/store_admin.h"
#include "store/store_read.h"

#define NOW INT64_C(1795248550000)

/* A store of so many events, all completed but every tenth. */
static struct {
	int64_t events;
	size_t replayed; /* in all */
	size_t calls;
	size_t most; /* in one */
	size_t room; /* so many may wait; 0: all */
	int64_t last, last_seen;
	int64_t dead;
	size_t fail_at; /* the call that fails; 0: none */
} kept;

static int64_t boot_ms;

static struct event *
event_at(int64_t id)
{
	struct event *ev = event_new();

	ev->id = id;
	ev->source = xstrdup(id % 10 == 1 ? EVENT_SOURCE_TEST : "github");
	ev->type = xstrdup(id % 2 == 0 ? "issues" : "push");
	ev->action = xstrdup("");
	ev->status = id % 10 == 0 ? EVENT_RETRY
	    : id % 10 == 3        ? EVENT_FAILED
				  : EVENT_COMPLETED;
	ev->completed_ms = ev->status == EVENT_RETRY ? 0 : NOW;
	ev->replay_suspect = id % 10 == 2;
	return ev;
}

enum rc
store_event_list(struct store *s, const struct store_event_filter *f,
    struct store_events *out, int64_t *next_before, struct err *e)
{
	int64_t id = f->before_id + 1;

	(void)s;
	(void)e;
	assert_true(f->oldest_first);
	out->v = xcalloc(f->limit, sizeof(struct event *));
	out->n = 0;
	for (; id <= kept.events && out->n < f->limit; id++)
		out->v[out->n++] = event_at(id);
	out->seen = id - 1;
	*next_before = id <= kept.events ? id - 1 : 0;
	return RC_OK;
}

void
store_events_free(struct store_events *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		event_free(l->v[i]);
	free(l->v);
}

enum rc
store_event_replay_all(struct store *s, const struct store_replay *r,
    int64_t now_ms, size_t *replayed, struct err *e)
{
	size_t i;

	(void)s;
	assert_int_equal(now_ms, NOW);
	kept.calls++;
	if (kept.calls == kept.fail_at)
		return err_set(e, RC_BUSY, "told to");
	*replayed = kept.room > 0 && kept.room < r->n ? kept.room : r->n;
	for (i = 0; i < *replayed; i++) {
		/* Oldest first, over all calls. */
		assert_in_range(r->events[i], kept.last + 1, kept.events);
		kept.last = r->events[i];
		/* Of what is open the store decides. */
		kept.replayed += kept.last % 10 != 0;
	}
	kept.last_seen = r->last_seen;
	kept.most = r->n > kept.most ? r->n : kept.most;
	return RC_OK;
}

enum rc
store_event_replay(struct store *s, int64_t id, const char *webhook_id,
    int64_t now_ms, struct err *e)
{
	(void)s;
	(void)webhook_id;
	(void)now_ms;
	return id == 1 ? RC_OK : err_set(e, RC_NOTFOUND, "no such event");
}

enum rc
store_payload(struct store *s, int64_t event, char **body, size_t *bodysz,
    struct err *e)
{
	(void)s;
	(void)e;
	*body = xstrdup(event % 4 == 0 ? "{\"n\":0}" : "{\"n\":1}");
	*bodysz = strlen(*body);
	return RC_OK;
}

/* Every tenth is open there, and one of ten never went there. */
enum rc
store_event_owes(struct store *s, const char *webhook_id, const int64_t *events,
    size_t n, enum store_owes *out, struct err *e)
{
	size_t i;

	(void)s;
	(void)e;
	assert_non_null(webhook_id);
	for (i = 0; i < n; i++)
		out[i] = events[i] % 10 == 0 ? STORE_OWES_STILL
		    : events[i] % 10 == 8    ? STORE_OWES_NOTHING
					     : STORE_OWES_NO_MORE;
	return RC_OK;
}

enum rc
store_webhook_find(struct store *s, const char *id, struct webhook **out,
    struct err *e)
{
	(void)s;
	if (strcmp(id, "nobody") == 0)
		return err_set(e, RC_NOTFOUND, "no such webhook");
	*out = webhook_new();
	(*out)->id = xstrdup(id);
	(*out)->enabled = strcmp(id, "disabled") != 0;
	strlist_put(&(*out)->events, "issues");
	if (strcmp(id, "picky") == 0)
		(*out)->filter = xstrdup("{\"/n\":0}");
	return RC_OK;
}

enum rc
store_dead_count(struct store *s, const struct store_dead *d, int64_t *n,
    struct err *e)
{
	(void)s;
	(void)e;
	assert_int_equal(d->until_ms, NOW);
	*n = kept.dead;
	return RC_OK;
}

enum rc
store_dead_retry(struct store *s, const struct store_dead *d, size_t max,
    int64_t now_ms, size_t *n, struct err *e)
{
	(void)s;
	(void)d;
	(void)now_ms;
	(void)e;
	*n = kept.dead < (int64_t)max ? (size_t)kept.dead : max;
	kept.dead -= (int64_t)*n;
	return RC_OK;
}

static int64_t
fixed_wall_ms(void *arg)
{
	(void)arg;
	return NOW;
}

static int64_t
passing_boot_ms(void *arg)
{
	(void)arg;
	return boot_ms++;
}

static const struct clock ticking = { fixed_wall_ms, passing_boot_ms, NULL,
	"b" };
static const struct intake in = { .clock = &ticking };

static int
set_up(void **state)
{
	(void)state;
	memset(&kept, 0, sizeof(kept));
	boot_ms = 0;
	return 0;
}

static struct replay_want
want_all(void)
{
	struct replay_want w;

	memset(&w, 0, sizeof(w));
	w.status = -1;
	w.since_ms = 1;
	return w;
}

static void
test_a_call_ends_in_time_and_the_next_goes_on(void **state)
{
	struct replay_want w = want_all();
	struct replay_done done;
	int64_t n = 0;
	size_t calls = 0;
	struct err e;

	(void)state;
	kept.events = 1000;
	do {
		assert_int_equal(replay_some(&in, &w, 0, &done, &e), RC_OK);
		n += done.n;
		w.after_id = done.next_after;
		calls++;
		/* Only at the end it is known what comes later. */
		assert_int_equal(kept.last_seen,
		    w.after_id == 0 ? 1000 : INT64_MAX);
	} while (w.after_id != 0);
	/* A page a call. */
	assert_int_equal(calls, 5);
	assert_true(kept.most <= 200);
	/* Three of ten are open, suspect or a test. */
	assert_int_equal(n, 700);
	assert_int_equal(kept.replayed, 700);
}

/* Reading what a filter looks into takes longer than a list does. */
static void
test_a_filter_on_a_list_ends_in_time(void **state)
{
	struct replay_want w = want_all();
	struct replay_done done;
	int64_t n = 0;
	size_t calls = 0;
	struct err e;

	(void)state;
	kept.events = 100;
	memcpy(w.webhook_id, "picky", sizeof("picky"));
	do {
		/* The clock goes on by one whenever somebody looks. */
		assert_int_equal(replay_some(&in, &w, boot_ms + 3, &done, &e),
		    RC_OK);
		assert_in_range(done.n, 0, 4);
		n += done.n;
		w.after_id = done.next_after;
		calls++;
	} while (w.after_id != 0 && calls < 100);
	assert_int_equal(n, 15);
	assert_in_range(calls, 6, 50);
	/* Each was judged once, and went out once. */
	assert_int_equal(kept.replayed, 15);
}

static void
test_a_dry_run_changes_nothing(void **state)
{
	struct replay_want w = want_all();
	struct replay_done done;
	struct err e;

	(void)state;
	kept.events = 1000;
	w.dry_run = true;
	assert_int_equal(replay_some(&in, &w, INT64_MAX, &done, &e), RC_OK);
	assert_int_equal(done.n, 700);
	assert_int_equal(done.next_after, 0);
	assert_int_equal(kept.calls, 0);
}

static void
test_one_webhook_gets_what_it_wants(void **state)
{
	struct replay_want w = want_all();
	struct replay_done done;
	struct err e;

	(void)state;
	kept.events = 100;
	memcpy(w.webhook_id, "good", sizeof("good"));
	assert_int_equal(replay_some(&in, &w, INT64_MAX, &done, &e), RC_OK);
	assert_int_equal(done.n, 30);
	assert_int_equal(done.left[REPLAY_OPEN], 10);
	assert_int_equal(done.left[REPLAY_SUSPECT], 10);
	assert_int_equal(done.left[REPLAY_TEST], 10);
	assert_int_equal(done.left[REPLAY_UNWANTED], 40);
	kept.last = 0;
	w.missed = true;
	assert_int_equal(replay_some(&in, &w, INT64_MAX, &done, &e), RC_OK);
	assert_int_equal(done.n, 10);
	assert_int_equal(done.left[REPLAY_DELIVERED], 20);
	w.missed = false;
	kept.last = 0;
	memcpy(w.webhook_id, "picky", sizeof("picky"));
	assert_int_equal(replay_some(&in, &w, INT64_MAX, &done, &e), RC_OK);
	assert_int_equal(done.n, 15);
	assert_int_equal(done.left[REPLAY_FILTER], 20);
	memcpy(w.webhook_id, "nobody", sizeof("nobody"));
	assert_int_equal(replay_some(&in, &w, INT64_MAX, &done, &e),
	    RC_NOTFOUND);
	memcpy(w.webhook_id, "disabled", sizeof("disabled"));
	assert_int_equal(replay_some(&in, &w, INT64_MAX, &done, &e), RC_EXISTS);
	assert_int_equal(replay_event(&in, 1, NULL, &e), RC_OK);
	assert_int_equal(replay_event(&in, 1, "good", &e), RC_OK);
	assert_int_equal(replay_event(&in, 1, "disabled", &e), RC_EXISTS);
	assert_int_equal(replay_event(&in, 2, "good", &e), RC_NOTFOUND);
}

static void
test_a_replay_happens_whole_or_not_at_all(void **state)
{
	struct replay_want w = want_all();
	struct replay_done done;
	struct err e;

	(void)state;
	kept.events = 1000;
	kept.fail_at = 1;
	assert_int_equal(replay_some(&in, &w, INT64_MAX, &done, &e), RC_BUSY);
	assert_int_equal(done.n, 0);
	assert_int_equal(kept.replayed, 0);
	assert_int_equal(replay_some(&in, &w, INT64_MAX, &done, &e), RC_OK);
	assert_int_equal(done.n, 700);
	assert_int_equal(done.next_after, 0);
	assert_int_equal(kept.replayed, 700);
}

static void
test_a_replay_stopped_by_max_waiting_is_continued(void **state)
{
	struct replay_want w = want_all();
	struct replay_done done;
	struct err e;

	(void)state;
	kept.events = 1000;
	kept.room = 100;
	assert_int_equal(replay_some(&in, &w, INT64_MAX, &done, &e), RC_OK);
	assert_int_equal(done.n, 100);
	assert_int_equal(done.next_after, kept.last);
	kept.room = 0;
	w.after_id = done.next_after;
	assert_int_equal(replay_some(&in, &w, INT64_MAX, &done, &e), RC_OK);
	assert_int_equal(done.next_after, 0);
	assert_int_equal(kept.replayed, 700);
}

static void
test_recovery_continues_until_no_dead_delivery_is_left(void **state)
{
	struct recover_want w = { .webhook_id = "good", .dry_run = true };
	int64_t n, all = 0;
	bool more;
	struct err e;

	(void)state;
	kept.dead = 450;
	assert_int_equal(recover_some(&in, &w, 0, &n, &more, &e), RC_OK);
	assert_int_equal(n, 450);
	w.dry_run = false;
	do {
		assert_int_equal(recover_some(&in, &w, 0, &n, &more, &e),
		    RC_OK);
		all += n;
	} while (more);
	assert_int_equal(all, 450);
	assert_int_equal(kept.dead, 0);
}

static void
test_requested_members_are_read(void **state)
{
	static const char good[] =
	    "{\"since\":\"2026-11-21T08:00:00Z\",\"until\":"
	    "\"2026-11-21T09:00:00Z\",\"webhook_id\":\"w-1\",\"status\":"
	    "\"failed\",\"type\":\"issues\",\"source\":\"github\","
	    "\"repository\":\"octo/a\",\"cursor\":\"17\",\"dry_run\":true}";
	struct intake_problems p;
	struct replay_want w;
	struct err e;

	(void)state;
	assert_int_equal(replay_want_read(good, strlen(good), &w, &p, &e),
	    RC_OK);
	assert_int_equal(w.since_ms, INT64_C(1795248000000));
	assert_int_equal(w.until_ms - w.since_ms, 3600000);
	assert_string_equal(w.webhook_id, "w-1");
	assert_int_equal(w.status, EVENT_FAILED);
	assert_string_equal(w.type, "issues");
	assert_string_equal(w.source, "github");
	assert_string_equal(w.repository, "octo/a");
	assert_int_equal(w.after_id, 17);
	assert_true(w.dry_run);
}

static void
test_what_is_wrong_is_named(void **state)
{
#define SINCE "\"since\":\"2026-11-21T08:00:00Z\""
	static const struct {
		const char *json, *field; /* NULL: not an object at all */
	} cases[] = {
		{ "", NULL },
		{ "[]", NULL },
		{ "{\"since\":1}", "since" },
		{ "{}", "since" },
		{ "{\"since\":null}", "since" },
		{ "{\"since\":\"yesterday\"}", "since" },
		{ "{" SINCE ",\"until\":\"2026-11-21T08:00:00Z\"}", "until" },
		{ "{" SINCE ",\"until\":7}", "until" },
		{ "{" SINCE ",\"status\":\"pending\"}", "status" },
		{ "{" SINCE ",\"status\":\"lost\"}", "status" },
		{ "{" SINCE ",\"webhook_id\":\"a/b\"}", "webhook_id" },
		{ "{" SINCE ",\"webhook_id\":[]}", "webhook_id" },
		{ "{" SINCE ",\"type\":\"\"}", "type" },
		{ "{" SINCE ",\"cursor\":\"0\"}", "cursor" },
		{ "{" SINCE ",\"cursor\":\"x\"}", "cursor" },
		{ "{" SINCE ",\"dry_run\":\"yes\"}", "dry_run" },
		{ "{" SINCE ",\"everything\":true}", "everything" },
	};
	struct intake_problems p;
	struct recover_want rw;
	struct replay_want w;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		assert_int_equal(replay_want_read(cases[i].json,
				     strlen(cases[i].json), &w, &p, &e),
		    RC_INVALID);
		assert_int_equal(p.n, cases[i].field != NULL);
		if (cases[i].field != NULL)
			assert_string_equal(p.v[0].field, cases[i].field);
	}
	assert_int_equal(recover_want_read("{" SINCE ",\"type\":\"a\"}",
			     strlen("{" SINCE ",\"type\":\"a\"}"), &rw, &p, &e),
	    RC_INVALID);
	assert_string_equal(p.v[0].field, "type");
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
		CASE(test_a_call_ends_in_time_and_the_next_goes_on),
		CASE(test_a_filter_on_a_list_ends_in_time),
		CASE(test_a_dry_run_changes_nothing),
		CASE(test_one_webhook_gets_what_it_wants),
		CASE(test_a_replay_happens_whole_or_not_at_all),
		CASE(test_a_replay_stopped_by_max_waiting_is_continued),
		CASE(test_recovery_continues_until_no_dead_delivery_is_left),
		CASE(test_requested_members_are_read),
		CASE(test_what_is_wrong_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
