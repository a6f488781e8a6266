/* A page of a list of webhooks costs the same beside a hundred times as many
 * that its filter does not take. */
#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "store/store_admin.h"
#include "store/store_test.h"
#include "tests/store/fixture.h"
#include "tests/store/raw.h"

#define FEW_WEBHOOKS 20
#define MANY 20000
#define WANTED 10

static void
raw_text(const char *path, char *sql)
{
	raw_sql(path, sql);
	free(sql);
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

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_a_list_of_webhooks_reads_no_others),
		CASE(test_pages_of_webhooks_are_the_whole_list),
		CASE(test_a_page_of_webhooks_ends_where_they_are_large),
		CASE(test_a_page_of_webhooks_ends_where_conditions_never_meet),
		CASE(
		    test_a_webhook_whose_secrets_do_not_open_is_listed_as_unavailable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
