/* A page of a list costs the same beside a hundred times as many rows that
 * its filter does not take. */
#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "store/store_admin.h"
#include "store/store_metrics.h"
#include "store/store_test.h"
#include "tests/store/fixture.h"
#include "tests/store/raw.h"

#define FEW 64 /* a span of ids, which may be looked through */
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
steps_of_events(struct fix *f, const struct events *x, bool up, int n,
    size_t *found)
{
	struct store_event_filter filter = x->filter;
	struct store_events l = { 0 };
	int64_t next, steps = 0;
	int i;

	seed(f,
	    xasprintf(seed_events, n, x->status, x->others, x->expanded,
		x->others_expanded));
	filter.limit = 2 * WANTED;
	filter.oldest_first = up;
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
	size_t i, k, found, found_of_many;
	int64_t few, many;
	bool up;

	for (k = 0; k < 2 * NELEM(events); k++) {
		i = k / 2;
		up = k % 2 == 1;
		few = steps_of_events(f, &events[i], up, FEW, &found);
		many = steps_of_events(f, &events[i], up, MANY, &found_of_many);
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

/* All deliveries are of one event, or all are on lease. */
static int64_t
steps_of_a_page(struct fix *f, const struct store_job_filter *filter, int n)
{
	struct store_jobs l = { 0 };
	int64_t next, steps = 0;
	int i;

	seed(f,
	    xasprintf(seed_jobs, n, (int)STORE_LEASED, (int)STORE_LEASED, 0));
	if (filter->event > 0) {
		fix_close(f);
		raw_sql(f->path, "UPDATE job SET event = 1, round = id");
		fix_open(f);
	}
	for (i = 0; i < 2; i++) {
		(void)store_test_steps(f->s);
		assert_int_equal(store_job_list(f->s, filter, &l, &next, &f->e),
		    RC_OK);
		steps = store_test_steps(f->s);
		assert_int_equal(l.n, filter->limit);
		assert_int_equal(l.v[0].id, n);
		assert_int_equal(next, n - (int)filter->limit + 1);
		store_jobs_free(&l);
	}
	return steps;
}

static void
test_a_page_of_deliveries_costs_the_same_of_many(void **state)
{
	static const struct store_job_filter pages[] = {
		{ .event = 1, .state = -1, .limit = WANTED },
		{ .event = 1, .state = STORE_LEASED, .limit = WANTED },
		{ .state = STORE_LEASED, .limit = WANTED },
		{ .state = STORE_LEASED, .target = "other", .limit = WANTED },
		{ .state = -1, .limit = WANTED },
	};
	struct fix *f = *state;
	int64_t few, many;
	size_t i;

	for (i = 0; i < NELEM(pages); i++) {
		few = steps_of_a_page(f, &pages[i], FEW);
		many = steps_of_a_page(f, &pages[i], MANY);
		if (many > 2 * few)
			fail_msg("page %zu: %lld steps, %lld", i,
			    (long long)few, (long long)many);
	}
}

/* The first ten deliveries are wanted. */
static const struct bulks {
	struct store_bulk bulk;
	int state, others;               /* of the deliveries */
	int event_status, others_status; /* of their events */
} bulks[] = {
	{ { .state = STORE_STATE_DEAD, .class = -1 }, 3, 2, 4, 3 },
	{ { .state = -1, .class = -1 }, 3, 2, 4, 3 },
	{ { .state = -1, .class = -1, .cancel = true }, 0, 2, 0, 3 },
	{ { .state = -1, .class = -1, .cancel = true }, 1, 2, 1, 3 },
	{ { .state = STORE_WAITING, .class = -1, .cancel = true }, 0, 4, 2, 3 },
	{ { .state = STORE_STATE_DEAD, .class = -1, .webhook_id = "rare" }, 3,
	    3, 4, 4 },
	{ { .state = STORE_STATE_DEAD, .class = -1, .type = "fork" }, 3, 3, 4,
	    4 },
	{ { .state = -1, .class = -1, .type = "fork", .cancel = true }, 0, 0, 0,
	    0 },
	{ { .state = -1,
	      .class = -1,
	      .cancel = true,
	      .until_ms = INT64_C(1795248000000) + 1001 },
	    0, 0, 0, 0 },
	{ { .state = STORE_STATE_DEAD, .class = -1, .of_disabled = false }, 3,
	    0, 4, 0 },
};

static int64_t
steps_of_bulk(struct fix *f, const struct bulks *x, int n)
{
	struct store_bulk b = x->bulk;
	struct store_bulk_place next;
	int64_t steps = 0;
	size_t found;
	int i;

	seed(f,
	    xasprintf(seed_events, n, x->event_status, x->others_status, 1, 1));
	fix_close(f);
	raw_text(f->path, xasprintf(seed_jobs, n, x->state, x->others, 0));
	fix_open(f);
	b.dry_run = true;
	for (i = 0; i < 2; i++) {
		(void)store_test_steps(f->s);
		assert_int_equal(store_job_bulk(f->s, &b, 2 * WANTED, FIX_NOW,
				     &found, &next, &f->e),
		    RC_OK);
		steps = store_test_steps(f->s);
		assert_int_equal(found, WANTED);
		assert_int_equal(next.event, 0);
	}
	return steps;
}

static void
test_a_bulk_retry_or_cancel_reads_no_others(void **state)
{
	struct fix *f = *state;
	int64_t few, many;
	size_t i;

	for (i = 0; i < NELEM(bulks); i++) {
		few = steps_of_bulk(f, &bulks[i], FEW);
		many = steps_of_bulk(f, &bulks[i], MANY);
		if (many > 2 * few)
			fail_msg("bulk %zu: %lld steps, %lld", i,
			    (long long)few, (long long)many);
	}
}

/* Whatever the size of its parts, and whether or not its time has late ones. */
static void
test_the_parts_of_a_bulk_are_the_whole_of_it(void **state)
{
	struct store_bulk b = { .state = -1,
		.class = -1,
		.cancel = true,
		.dry_run = true };
	struct store_bulk_place next;
	struct fix *f = *state;
	size_t found, max, sum;

	seed(f, xasprintf(seed_events, FEW, 0, 0, 1, 1));
	fix_close(f);
	raw_text(f->path, xasprintf(seed_jobs, FEW, 0, 0, 0));
	raw_sql(f->path,
	    "INSERT INTO job (id, event, round, target, state, priority, lane, "
	    "due_ms, created_ms, behind) SELECT id + 1000, event, 1, target, 0, "
	    "5, 10, 0, 0, 0 FROM job");
	raw_sql(f->path,
	    "UPDATE event SET received_ms = 1795248000000 WHERE id IN (40, 50)");
	fix_open(f);
	for (max = 1; max < 2 * FEW; max += max) {
		for (b.until_ms = 0, sum = 0;;) {
			memset(&b.after, 0, sizeof(b.after));
			do {
				assert_int_equal(store_job_bulk(f->s, &b, max,
						     FIX_NOW, &found, &next,
						     &f->e),
				    RC_OK);
				sum += found;
				assert_true(next.event == 0 || next.job > 0);
				b.after = next;
			} while (next.event != 0);
			if (b.until_ms != 0)
				break;
			b.until_ms = INT64_C(1795248000000) + 1001;
		}
		assert_int_equal(sum, 2 * FEW + 2 * 12);
	}
}

static int64_t
steps_of_figures(struct fix *f)
{
	struct store_metrics m;
	int64_t steps = 0;
	int i;

	for (i = 0; i < 2; i++) {
		(void)store_test_steps(f->s);
		assert_int_equal(store_figures(f->s, &m, &f->e), RC_OK);
		steps = store_test_steps(f->s);
		assert_int_equal(m.nwebhooks, 0);
		store_metrics_free(&m);
	}
	return steps;
}

static void
test_figures_of_sources_read_no_webhooks(void **state)
{
	struct fix *f = *state;
	int64_t few = steps_of_figures(f), many;

	fix_close(f);
	raw_text(f->path,
	    xasprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
		      "FROM n WHERE i < %d) INSERT INTO target (kind, name) "
		      "SELECT 0, 'w' || i FROM n",
		MANY));
	fix_open(f);
	many = steps_of_figures(f);
	if (many > 2 * few)
		fail_msg("%lld steps, %lld", (long long)few, (long long)many);
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
		CASE(test_a_page_of_deliveries_costs_the_same_of_many),
		CASE(test_a_bulk_retry_or_cancel_reads_no_others),
		CASE(test_the_parts_of_a_bulk_are_the_whole_of_it),
		CASE(test_figures_of_sources_read_no_webhooks),
		CASE(test_a_page_ends_where_conditions_never_meet),
		CASE(test_lists_find_the_events_of_every_process),
		CASE(test_a_list_finds_events_behind_a_failed_write),
		CASE(test_an_event_takes_few_pages_of_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
