/* A page of a list costs the same beside a hundred times as many rows that
 * its filter does not take. */
#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "store/store_test.h"
#include "tests/store/fixture.h"
#include "tests/store/raw.h"

#define FEW 64 /* a span of ids, which may be looked through */
#define FEW_WEBHOOKS 20
#define MANY 20000
#define WANTED 10
#define ROUND 40
#define FRAME (4096 + 24)

/* The first ten are wanted; the rest have another type, repository, source
 * and status. */
static const char seed_events[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i "
    "< %d) INSERT INTO event (id, received_ms, source, provider, delivery_id, "
    "type, action, repository, content_type, priority, body_size, "
    "body_sha256, status, expanded, replay_suspect, latest_ms) SELECT i, 1795248000000 + i * 100, iif(i <= 10, "
    "'rare', 'github'), 'github', i, iif(i <= 10, 'fork', 'push'), '', iif(i "
    "<= 10, 'a/rare', 'a/b'), 'application/json', 5, 2, zeroblob(32), iif(i "
    "<= 10, %d, %d), iif(i <= 10, %d, %d), i <= 10, 1795248000000 + i * 100 FROM n";

static const char seed_spans[] =
    "DELETE FROM event_span; INSERT INTO event_span SELECT 0, type, id / 64 "
    "FROM event UNION SELECT 1, repository, id / 64 FROM event UNION SELECT "
    "2, source, id / 64 FROM event";

static const char seed_jobs[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i "
    "< %d) INSERT INTO job (id, event, round, target, state, priority, lane, "
    "due_ms, created_ms, behind) SELECT i, i, 0, iif(i <= 10, 1, 2), iif(i "
    "<= 10, %d, %d), 5, 10, 0, 0, iif(i <= 10, %d, 0) FROM n";

static void
raw_text(const char *path, char *sql)
{
	raw_sql(path, sql);
	free(sql);
}

static void
seed(struct fix *f, char *sql)
{
	fix_close(f);
	raw_sql(f->path, "DELETE FROM event");
	raw_sql(f->path, "DELETE FROM job");
	raw_text(f->path, sql);
	raw_sql(f->path, seed_spans);
	raw_sql(f->path,
	    "INSERT INTO target (id, kind, name) VALUES (1, 0, 'rare'), (2, 0, "
	    "'other') ON CONFLICT DO NOTHING");
	fix_open(f);
}

static const struct events {
	struct store_event_filter filter;
	int status, others; /* of the wanted rows, and of the rest */
	bool expanded, others_expanded;
} events[] = {
	{ { .type = "fork", .status = -1 }, 3, 3, true, true },
	{ { .type = "fork", .status = -1 }, 0, 0, false, false },
	{ { .repository = "a/rare", .status = -1 }, 3, 3, true, true },
	{ { .repository = "a/rare", .status = -1 }, 0, 0, false, false },
	{ { .source = "rare", .status = -1 }, 3, 3, true, true },
	{ { .source = "rare", .status = -1 }, 0, 0, false, false },
	{ { .status = EVENT_PENDING }, 0, 3, true, true },
	{ { .status = EVENT_PENDING }, 0, 3, false, true },
	{ { .status = EVENT_PROCESSING }, 1, 3, true, true },
	{ { .status = EVENT_RETRY }, 2, 4, true, true },
	{ { .status = EVENT_COMPLETED }, 3, 0, true, false },
	{ { .status = EVENT_COMPLETED }, 3, 4, true, true },
	{ { .status = EVENT_FAILED }, 4, 3, true, true },
	{ { .type = "fork", .status = EVENT_COMPLETED }, 3, 3, true, true },
	{ { .type = "push", .status = EVENT_FAILED }, 4, 3, true, true },
	{ { .type = "fork", .source = "github", .status = -1 }, 3, 3, true,
	    true },
	{ { .type = "fork",
	      .repository = "a/rare",
	      .source = "rare",
	      .status = EVENT_COMPLETED },
	    3, 3, true, true },
	{ { .status = -1, .suspect = true }, 3, 3, true, true },
	{ { .source = "rare", .status = -1, .suspect = true }, 3, 3, true,
	    true },
	{ { .source = "github", .status = -1, .suspect = true }, 3, 3, true,
	    true },
	{ { .type = "fork", .status = -1, .since_ms = 1 }, 3, 3, true, true },
	{ { .type = "fork", .status = -1, .until_ms = INT64_MAX / 2 }, 3, 3,
	    true, true },
};

static int64_t
steps_of_events(struct fix *f, const struct events *x, int n, size_t *found)
{
	struct store_event_filter filter = x->filter;
	struct store_events l = { 0 };
	int64_t next, steps = 0;
	int i;

	seed(f,
	    xasprintf(seed_events, n, x->status, x->others, x->expanded,
		x->others_expanded));
	filter.limit = 2 * WANTED;
	for (i = 0; i < 2; i++) {
		(void)store_test_steps(f->s);
		assert_int_equal(
		    store_event_list(f->s, &filter, &l, &next, &f->e), RC_OK);
		assert_int_equal(next, 0);
		steps = store_test_steps(f->s);
		*found = l.n;
		store_events_free(&l);
	}
	return steps;
}

static void
test_a_list_of_events_reads_no_others(void **state)
{
	struct fix *f = *state;
	size_t i, found, found_of_many;
	int64_t few, many;

	for (i = 0; i < NELEM(events); i++) {
		few = steps_of_events(f, &events[i], FEW, &found);
		many = steps_of_events(f, &events[i], MANY, &found_of_many);
		if (many > 2 * few || found != found_of_many)
			fail_msg("filter %zu: %zu in %lld steps, %zu in %lld",
			    i, found, (long long)few, found_of_many,
			    (long long)many);
	}
}

/* The numbers of the first and of the last event of a window; the events of a
 * hundred milliseconds are between two of them.  From the end where negative. */
static const struct window {
	int since, until; /* 0: open */
	const char *type;
	int status;
	size_t found;
} windows[] = {
	{ 0, 10, NULL, -1, 10 },
	{ -9, 0, NULL, -1, 10 },
	{ 30, 39, NULL, -1, 10 },
	{ -39, -30, NULL, -1, 10 },
	{ 30, 39, "push", -1, 10 },
	{ 30, 39, "push", EVENT_COMPLETED, 10 },
	{ -9, 0, "push", -1, 10 },
	{ 0, 10, "fork", -1, 10 },
	{ -9, 0, "fork", -1, 0 },
	{ 30, 39, NULL, EVENT_FAILED, 0 },
};

static int64_t
time_of(int number, int n, int64_t more_ms)
{
	if (number == 0)
		return 0;
	return FIX_NOW + (int64_t)(number < 0 ? n + number : number) * 100 +
	    more_ms;
}

static void
test_a_list_of_a_time_looks_at_no_others(void **state)
{
	struct store_event_filter filter = { .limit = 2 * WANTED };
	const struct window *x;
	struct store_events l = { 0 };
	struct fix *f = *state;
	int64_t next, steps[NELEM(windows)][2];
	size_t i, k;
	int n;

	for (k = 0; k < 2 * 2 * NELEM(windows); k++) {
		x = &windows[i = k / 2 % NELEM(windows)];
		n = k < 2 * NELEM(windows) ? FEW : MANY;
		if (k % (2 * NELEM(windows)) == 0)
			seed(f, xasprintf(seed_events, n, 3, 3, true, true));
		filter.since_ms = time_of(x->since, n, -50);
		filter.until_ms = time_of(x->until, n, 50);
		filter.type = x->type;
		filter.status = x->status;
		(void)store_test_steps(f->s);
		assert_int_equal(
		    store_event_list(f->s, &filter, &l, &next, &f->e), RC_OK);
		steps[i][n == MANY] = store_test_steps(f->s);
		if (l.n != x->found || next != 0)
			fail_msg("window %zu of %d: %zu found", i, n, l.n);
		store_events_free(&l);
	}
	for (i = 0; i < NELEM(windows); i++)
		if (steps[i][1] > 2 * steps[i][0])
			fail_msg("window %zu: %lld steps, %lld", i,
			    (long long)steps[i][0], (long long)steps[i][1]);
}

/* The events of a window by the list, in pages; each comes once and in order. */
static void
assert_window(struct fix *f, struct store_event_filter filter,
    const int64_t *received_ms, size_t n)
{
	int64_t last = filter.oldest_first ? 0 : INT64_MAX, next, at;
	bool want, got[64] = { false };
	struct store_events l = { 0 };
	size_t i;

	do {
		assert_int_equal(
		    store_event_list(f->s, &filter, &l, &next, &f->e), RC_OK);
		for (i = 0; i < l.n; i++) {
			at = l.v[i]->id;
			assert_true(
			    filter.oldest_first ? at > last : at < last);
			got[at] = true;
			last = at;
		}
		filter.before_id = next;
		store_events_free(&l);
	} while (next != 0);
	for (i = 1; i <= n; i++) {
		want = (filter.since_ms == 0 ||
			   received_ms[i] >= filter.since_ms) &&
		    (filter.until_ms == 0 || received_ms[i] < filter.until_ms);
		if (got[i] != want)
			fail_msg("event %zu from %lld until %lld", i,
			    (long long)filter.since_ms,
			    (long long)filter.until_ms);
	}
}

/* Posts are in hand together, and the clock is set back and forth. */
static void
test_a_list_of_a_time_is_whole_whatever_the_clock_did(void **state)
{
	static const int64_t minutes[] = { 0, 1, 1, 2, 600, 3, 4, -300, 5, 600,
		601, 6, 6, 7 };
	struct store_event_filter filter = { .status = -1 };
	int64_t received_ms[64], start_ms = FIX_NOW;
	struct fix *f = *state;
	char id[16];
	size_t i, k, n = 56, a, b;

	for (i = 1; i <= n; i++) {
		f->wall_ms = start_ms + minutes[i % NELEM(minutes)] * 60000 +
		    (int64_t)(i * 37 % 11) * 13;
		received_ms[i] = f->wall_ms;
		(void)snprintf(id, sizeof(id), "d-%zu", i);
		assert_int_equal(fix_put(f, id), i);
	}
	for (k = 0; k < 4 * 15 * 15; k++) {
		a = k / 4 % 15;
		b = k / 60;
		filter.oldest_first = k % 2 == 1;
		filter.type =
		    k / 2 % 2 == 1 && !filter.oldest_first ? "issues" : NULL;
		filter.limit = 1 + k % 9;
		filter.since_ms = a == 14 ? 0 : received_ms[a + 20];
		filter.until_ms = b == 14 ? 0 : received_ms[b + 30] + 1;
		filter.before_id = 0;
		assert_window(f, filter, received_ms, n);
	}
}

static const struct jobs {
	struct store_job_filter filter;
	int state, others;
	bool behind;
} jobs[] = {
	{ { .target = "rare", .state = -1 }, 2, 2, false },
	{ { .state = STORE_WAITING }, 0, 2, false },
	{ { .state = STORE_LEASED }, 1, 2, false },
	{ { .state = STORE_STATE_DONE }, 2, 0, false },
	{ { .state = STORE_STATE_DEAD }, 3, 2, false },
	{ { .state = STORE_CANCELLED }, 4, 2, false },
	{ { .state = -1, .blocked = true }, 0, 0, true },
	{ { .state = STORE_WAITING, .blocked = true }, 0, 0, true },
	{ { .target = "rare", .state = STORE_STATE_DONE }, 2, 2, false },
	{ { .target = "other", .state = STORE_STATE_DEAD }, 3, 2, false },
	{ { .target = "other", .state = STORE_CANCELLED }, 4, 2, false },
	{ { .target = "rare", .state = -1, .blocked = true }, 0, 0, true },
	{ { .target = "nobody", .state = -1 }, 2, 2, false },
	{ { .event = 5, .state = -1 }, 2, 2, false },
};

static int64_t
steps_of_jobs(struct fix *f, const struct jobs *x, int n, size_t *found)
{
	struct store_job_filter filter = x->filter;
	struct store_jobs l = { 0 };
	int64_t next, steps = 0;
	int i;

	seed(f, xasprintf(seed_jobs, n, x->state, x->others, x->behind));
	filter.limit = 2 * WANTED;
	for (i = 0; i < 2; i++) {
		(void)store_test_steps(f->s);
		assert_int_equal(
		    store_job_list(f->s, &filter, &l, &next, &f->e), RC_OK);
		assert_int_equal(next, 0);
		steps = store_test_steps(f->s);
		*found = l.n;
		store_jobs_free(&l);
	}
	return steps;
}

static void
test_a_list_of_deliveries_reads_no_others(void **state)
{
	struct fix *f = *state;
	size_t i, found, found_of_many;
	int64_t few, many;

	for (i = 0; i < NELEM(jobs); i++) {
		few = steps_of_jobs(f, &jobs[i], FEW, &found);
		many = steps_of_jobs(f, &jobs[i], MANY, &found_of_many);
		if (many > 2 * few || found != found_of_many)
			fail_msg("filter %zu: %zu in %lld steps, %zu in %lld",
			    i, found, (long long)few, found_of_many,
			    (long long)many);
	}
}

/* Ten in all are wanted, with as many others between them; those have another
 * team, another event, health and state. */
static const char seed_webhooks[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i "
    "< %d), w(id, wanted) AS (SELECT printf('w%%05d', i), i %% %d = 1 FROM n) "
    "INSERT INTO webhook (id, url, events, signatures, body, rate_limit, "
    "max_in_flight, timeout_ms, created_ms, updated_ms, total_calls, "
    "failed_calls, last_success_ms, last_failure_ms, consecutive_failures, "
    "response_sum_ms, response_min_ms, response_max_ms, team, health, enabled) "
    "SELECT id, 'https://example.com/', iif(wanted, '[\"issues.opened\"]', "
    "'[\"push\"]'), '[]', 0, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "
    "iif(wanted, 'Red', 'blue'), iif(wanted, %d, %d), iif(wanted, %d, %d) "
    "FROM w";

static const struct webhooks {
	struct store_webhook_filter filter;
	int health, others; /* of the wanted ones, and of the rest */
	bool enabled, others_enabled;
	size_t found;
} webhooks[] = {
	{ { .team = "RED", .enabled = -1, .health = -1 }, 1, 1, true, true,
	    10 },
	{ { .team = "pink", .enabled = -1, .health = -1 }, 1, 1, true, true,
	    0 },
	{ { .event = "issues.opened", .enabled = -1, .health = -1 }, 1, 1, true,
	    true, 10 },
	{ { .event = "fork", .enabled = -1, .health = -1 }, 1, 1, true, true,
	    0 },
	{ { .event = "issues.opened",
	      .team = "red",
	      .enabled = 1,
	      .health = 1 },
	    1, 1, true, true, 10 },
	{ { .event = "issues.opened",
	      .team = "blue",
	      .enabled = -1,
	      .health = -1 },
	    1, 1, true, true, 0 },
	{ { .enabled = -1, .health = 0 }, 0, 1, true, true, 10 },
	{ { .enabled = -1, .health = 1 }, 1, 2, true, true, 10 },
	{ { .enabled = -1, .health = 2 }, 2, 3, true, false, 10 },
	{ { .enabled = 1, .health = -1 }, 2, 3, true, false, 10 },
	{ { .team = "red", .enabled = 0, .health = -1 }, 2, 3, true, false, 0 },
	{ { .team = "blue", .enabled = 1, .health = -1 }, 2, 3, true, false,
	    0 },
	{ { .event = "push", .enabled = -1, .health = 2 }, 2, 3, true, false,
	    0 },
	{ { .enabled = 1, .health = 3 }, 3, 3, true, false, 10 },
	{ { .enabled = 0, .health = 3 }, 3, 3, false, true, 10 },
	{ { .enabled = -1, .health = 3 }, 3, 0, false, true, 10 },
	{ { .enabled = 0, .health = -1 }, 3, 0, false, true, 10 },
};

static int64_t
steps_of_webhooks(struct fix *f, const struct webhooks *x, int n)
{
	struct store_webhook_filter filter = x->filter;
	struct store_webhooks l = { 0 };
	int64_t steps = 0;
	int i;

	fix_close(f);
	raw_sql(f->path, "DELETE FROM webhook");
	raw_sql(f->path, "DELETE FROM webhook_pattern");
	raw_text(f->path,
	    xasprintf(seed_webhooks, n, n / WANTED, x->health, x->others,
		x->enabled, x->others_enabled));
	raw_sql(f->path,
	    "INSERT INTO webhook_pattern SELECT json_extract(events, '$[0]'), "
	    "id FROM webhook");
	fix_open(f);
	filter.limit = 2 * WANTED;
	for (i = 0; i < 2; i++) {
		(void)store_test_steps(f->s);
		assert_int_equal(store_webhook_list(f->s, &filter, &l, &f->e),
		    RC_OK);
		steps = store_test_steps(f->s);
		if (l.n != x->found || l.next != NULL)
			fail_msg("%zu found", l.n);
		store_webhooks_free(&l);
	}
	return steps;
}

static void
test_a_list_of_webhooks_reads_no_others(void **state)
{
	struct fix *f = *state;
	int64_t few, many;
	size_t i;

	for (i = 0; i < NELEM(webhooks); i++) {
		few = steps_of_webhooks(f, &webhooks[i], FEW_WEBHOOKS);
		many = steps_of_webhooks(f, &webhooks[i], MANY);
		if (many > 2 * few)
			fail_msg("filter %zu: %lld steps, %lld", i,
			    (long long)few, (long long)many);
	}
}

/* The order of the ids, whatever the filter, and pages leave none out. */
static void
test_pages_of_webhooks_are_the_whole_list(void **state)
{
	struct store_webhook_filter filter = { .event = "push",
		.team = "blue",
		.enabled = -1,
		.health = -1,
		.limit = 7 };
	struct webhooks x = { filter, 1, 1, true, true, 2 * WANTED };
	struct store_webhooks l;
	struct fix *f = *state;
	char last[8] = "", *next = NULL;
	size_t i, n = 0;

	x.filter.team = x.filter.event = NULL;
	(void)steps_of_webhooks(f, &x, FEW_WEBHOOKS);
	do {
		filter.after = next;
		assert_int_equal(store_webhook_list(f->s, &filter, &l, &f->e),
		    RC_OK);
		for (i = 0; i < l.n; i++) {
			assert_true(strcmp(l.v[i]->id, last) > 0);
			memcpy(last, l.v[i]->id, 7);
		}
		n += l.n;
		free(next);
		next = l.next;
		l.next = NULL;
		store_webhooks_free(&l);
	} while (next != NULL);
	assert_int_equal(n, FEW_WEBHOOKS / 2);
}

static void
test_a_page_of_webhooks_ends_where_they_are_large(void **state)
{
	struct store_webhook_filter filter = { .enabled = -1,
		.health = -1,
		.limit = 200 };
	struct webhooks x = { filter, 1, 1, true, true, 2 * WANTED };
	struct store_webhooks l;
	struct fix *f = *state;
	size_t all, one;

	(void)steps_of_webhooks(f, &x, FEW_WEBHOOKS);
	assert_int_equal(store_webhook_list(f->s, &filter, &l, &f->e), RC_OK);
	all = l.n;
	one = webhook_size(l.v[0]);
	assert_true(one > sizeof(*l.v[0]) && l.size >= all * one / 2);
	store_webhooks_free(&l);
	filter.size_max = 3 * one + one / 2;
	assert_int_equal(store_webhook_list(f->s, &filter, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 3);
	assert_string_equal(l.next, l.v[2]->id);
	store_webhooks_free(&l);
	/* One at least, however large. */
	filter.size_max = 1;
	assert_int_equal(store_webhook_list(f->s, &filter, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 1);
	store_webhooks_free(&l);
}

/* Half of them are of the team, the other half want the event. */
static void
test_a_page_of_webhooks_ends_where_conditions_never_meet(void **state)
{
	struct store_webhook_filter filter = { .event = "push",
		.team = "red",
		.enabled = -1,
		.health = -1,
		.limit = WANTED };
	struct webhooks x = { filter, 1, 1, true, true, 10 };
	struct store_webhooks l;
	struct fix *f = *state;
	char *next = NULL;
	int pages = 0;
	size_t n = 0;

	x.filter.event = NULL;
	(void)steps_of_webhooks(f, &x, MANY);
	fix_close(f);
	raw_sql(f->path,
	    "UPDATE webhook SET team = iif(rowid % 2, 'red', 'blue')");
	raw_sql(f->path,
	    "UPDATE webhook_pattern SET pattern = 'fork' WHERE webhook IN "
	    "(SELECT id FROM webhook WHERE rowid % 2) AND webhook <> 'w15000'");
	raw_sql(f->path, "UPDATE webhook SET team = 'red' WHERE id = 'w15000'");
	fix_open(f);
	do {
		filter.after = next;
		assert_int_equal(store_webhook_list(f->s, &filter, &l, &f->e),
		    RC_OK);
		n += l.n;
		if (l.n > 0)
			assert_string_equal(l.v[0]->id, "w15000");
		free(next);
		next = l.next;
		l.next = NULL;
		store_webhooks_free(&l);
		pages++;
	} while (next != NULL && pages < 20);
	assert_int_equal(n, 1);
	assert_in_range(pages, 3, 10);
}

/* How many have this health by the list, each of which says so itself. */
static size_t
count_health(struct fix *f, int health)
{
	struct store_webhook_filter filter = { .enabled = -1,
		.health = health };
	struct store_webhooks l;
	size_t i, n;

	assert_int_equal(store_webhook_list(f->s, &filter, &l, &f->e), RC_OK);
	for (i = 0; i < l.n; i++)
		assert_int_equal(l.v[i]->health, health);
	n = l.n;
	store_webhooks_free(&l);
	return n;
}

static void
mark(struct fix *f)
{
	struct store_webhook_filter all = { .enabled = -1, .health = -1 };
	struct store_webhooks l;

	assert_int_equal(store_webhook_list(f->s, &all, &l, &f->e), RC_OK);
	assert_int_equal(store_webhook_mark(f->s, &l, &f->e), RC_OK);
	store_webhooks_free(&l);
}

static void
test_a_webhook_whose_secrets_do_not_open_is_listed_as_unavailable(void **state)
{
	struct fix *f = *state;

	fix_register(f, "hook-1");
	fix_register(f, "hook-2");
	fix_close(f);
	raw_sql(f->path, "CREATE TABLE kept AS SELECT id, secret FROM webhook");
	raw_sql(f->path,
	    "UPDATE webhook SET secret = x'00' WHERE id = 'hook-1'");
	fix_open(f);
	assert_int_equal(count_health(f, WEBHOOK_UNKNOWN), 1);
	mark(f);
	assert_int_equal(count_health(f, WEBHOOK_UNAVAILABLE), 1);
	assert_int_equal(count_health(f, WEBHOOK_UNKNOWN), 1);
	fix_close(f);
	raw_sql(f->path,
	    "UPDATE webhook SET secret = (SELECT k.secret FROM kept k WHERE "
	    "k.id = webhook.id)");
	fix_open(f);
	assert_int_equal(count_health(f, WEBHOOK_UNAVAILABLE), 0);
	mark(f);
	assert_int_equal(count_health(f, WEBHOOK_UNAVAILABLE), 0);
	assert_int_equal(count_health(f, WEBHOOK_UNKNOWN), 2);
}

/* Two conditions that take very many rows each and none together. */
static void
test_a_page_ends_where_conditions_never_meet(void **state)
{
	struct store_event_filter filter = { .type = "push",
		.source = "rare",
		.status = -1,
		.limit = WANTED };
	struct store_events l = { 0 };
	struct fix *f = *state;
	int64_t next;
	int pages = 0;

	seed(f, xasprintf(seed_events, 30000, 3, 3, true, true));
	fix_close(f);
	raw_sql(f->path,
	    "UPDATE event SET source = 'rare' WHERE id > 10 AND id % 2 = 0");
	raw_sql(f->path,
	    "UPDATE event SET type = 'fork' WHERE source = 'rare' "
	    "AND id <> 12");
	raw_sql(f->path, seed_spans);
	fix_open(f);
	do {
		assert_int_equal(
		    store_event_list(f->s, &filter, &l, &next, &f->e), RC_OK);
		if (next != 0)
			assert_int_equal(l.n, 0);
		else
			assert_int_equal(l.n, 1);
		store_events_free(&l);
		assert_true(filter.before_id == 0 || next < filter.before_id);
		filter.before_id = next;
		pages++;
	} while (next != 0);
	assert_in_range(pages, 2, 10);
}

static int64_t
put_of(struct fix *f, const char *type, const char *repository, int number)
{
	struct store_receipt r;
	struct event *ev;
	char id[32];

	(void)snprintf(id, sizeof(id), "%s-%d", type, number);
	ev = fix_event(f, id);
	free(ev->type);
	free(ev->repository);
	ev->type = xstrdup(type);
	ev->repository = xstrdup(repository);
	assert_int_equal(fix_accept(f, ev, &r), RC_OK);
	return r.id;
}

static size_t
count_of(struct fix *f, const char *type, const char *repository,
    const char *source)
{
	struct store_event_filter filter = { .type = type,
		.repository = repository,
		.source = source,
		.status = -1,
		.limit = 500 };
	struct store_events l = { 0 };
	int64_t next;
	size_t i, n;

	assert_int_equal(store_event_list(f->s, &filter, &l, &next, &f->e),
	    RC_OK);
	assert_int_equal(next, 0);
	for (i = 1; i < l.n; i++)
		assert_true(l.v[i]->id < l.v[i - 1]->id);
	n = l.n;
	store_events_free(&l);
	return n;
}

static void
test_lists_find_the_events_of_every_process(void **state)
{
	struct fix *f = *state, other = *f;
	int i;

	fix_open(&other);
	for (i = 0; i < 70; i++) {
		(void)put_of(f, i % 9 == 0 ? "fork" : "push", "a/b", i);
		(void)put_of(&other, "push", i % 7 == 0 ? "a/rare" : "a/b",
		    1000 + i);
		(void)put_of(&other, "watch", "c/d", i);
	}
	assert_int_equal(count_of(f, "fork", NULL, NULL), 8);
	assert_int_equal(count_of(f, "push", NULL, NULL), 132);
	assert_int_equal(count_of(f, "watch", NULL, NULL), 70);
	assert_int_equal(count_of(f, NULL, "a/rare", NULL), 10);
	assert_int_equal(count_of(f, NULL, "a/b", NULL), 130);
	assert_int_equal(count_of(f, NULL, NULL, "github"), 210);
	assert_int_equal(count_of(f, "push", "a/b", "github"), 122);
	assert_int_equal(count_of(f, "fork", "c/d", NULL), 0);
	fix_close(&other);
	fix_assert_sound(f);
}

static void
test_a_list_finds_events_behind_a_failed_write(void **state)
{
	struct fix *f = *state;
	struct event *ev;

	(void)put_of(f, "push", "a/b", 0);
	raw_sql(f->path,
	    "CREATE TRIGGER no BEFORE INSERT ON counter WHEN NEW.key = 'issues' "
	    "BEGIN SELECT RAISE(ABORT, 'no'); END");
	ev = fix_event(f, "first");
	assert_int_not_equal(fix_accept(f, ev, NULL), RC_OK);
	raw_sql(f->path, "DROP TRIGGER no");
	(void)fix_put(f, "first");
	assert_int_equal(count_of(f, "issues", NULL, NULL), 1);
	assert_int_equal(count_of(f, NULL, "octo/repo", NULL), 1);
	fix_assert_sound(f);
}

/* Each page is written to the log, synced, and written to the file later. */
static void
test_an_event_takes_few_pages_of_the_log(void **state)
{
	char *path = fix_beside(*state, "-wal");
	struct fix *f = *state;
	size_t before, after;
	int i;

	store_test_keep(1000); /* ids and bodies go to no tree */
	(void)put_of(f, "push", "a/b", 0);
	free(raw_read(path, &before));
	for (i = 1; i <= ROUND; i++)
		(void)put_of(f, "push", "a/b", i);
	free(raw_read(path, &after));
	store_test_keep(0);
	free(path);
	assert_in_range((after - before) / FRAME, ROUND, 6 * ROUND);
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_a_list_of_events_reads_no_others),
		CASE(test_a_list_of_a_time_looks_at_no_others),
		CASE(test_a_list_of_a_time_is_whole_whatever_the_clock_did),
		CASE(test_a_list_of_deliveries_reads_no_others),
		CASE(test_a_list_of_webhooks_reads_no_others),
		CASE(test_pages_of_webhooks_are_the_whole_list),
		CASE(test_a_page_of_webhooks_ends_where_they_are_large),
		CASE(test_a_page_of_webhooks_ends_where_conditions_never_meet),
		CASE(
		    test_a_webhook_whose_secrets_do_not_open_is_listed_as_unavailable),
		CASE(test_a_page_ends_where_conditions_never_meet),
		CASE(test_lists_find_the_events_of_every_process),
		CASE(test_a_list_finds_events_behind_a_failed_write),
		CASE(test_an_event_takes_few_pages_of_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
