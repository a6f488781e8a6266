#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/breaker.h"
#include "core/event.h"
#include "core/notice.h"
#include "core/outcome.h"
#include "core/webhook.h"
#include "store/store_read.h"
#include "tests/store/fixture.h"
#include "tests/store/raw.h"

/*
 * A database that somebody crafted: a number that stands for a name may be any
 * number there, and must not be used as an index of a table of names.
 */

static const char *const numbers[] = { "-1", "77", "4096",
	"-9223372036854775807", "9223372036854775807" };

static void
craft(struct fix *f, const char *table, const char *column, const char *number)
{
	char *sql = xasprintf("PRAGMA ignore_check_constraints = 1; "
			      "UPDATE %s SET %s = %s",
	    table, column, number);

	fix_close(f);
	raw_sql(f->path, sql);
	fix_open(f);
	free(sql);
}

/* The length is read, so that a wild pointer shows. */
static void
assert_name(const char *text)
{
	assert_non_null(text);
	assert_true(strlen(text) < 64);
}

static void
read_webhook(struct fix *f)
{
	const struct store_webhook_filter all = { .enabled = -1, .health = -1 };
	struct store_webhooks l;
	struct store_leases leases;
	struct webhook *w;
	size_t i;

	assert_int_equal(store_webhook_list(f->s, &all, &l, &f->e), RC_OK);
	assert_int_equal(l.n, 1);
	for (i = 0; i < l.n; i++) {
		w = l.v[i];
		assert_name(webhook_body_name(w->body));
		assert_name(webhook_health_name(w->health));
		assert_name(webhook_why_name(w->disabled_why));
		assert_name(webhook_on_dead_name(w->on_dead));
		assert_name(breaker_state_name(w->breaker));
		(void)webhook_freshness_name(w, f->wall_ms);
	}
	store_webhooks_free(&l);
	fix_lease(f, 10, &leases);
	store_leases_free(&leases);
}

static void
test_a_webhook_of_any_numbers_is_read(void **state)
{
	static const char *const places[][2] = { { "webhook", "body" },
		{ "webhook", "health" }, { "webhook", "disabled_why" },
		{ "webhook", "on_dead" }, { "webhook", "created_ms" },
		{ "webhook", "last_success_ms" }, { "target", "breaker" },
		{ "target", "kind" }, { "job", "state" } };
	struct fix *f = *state;
	size_t i, j;

	for (i = 0; i < NELEM(places); i++) {
		for (j = 0; j < NELEM(numbers); j++) {
			fix_register(f, "hook-1");
			(void)fix_job(f, "d-1", "hook-1");
			craft(f, places[i][0], places[i][1], numbers[j]);
			read_webhook(f);
			fix_fini(f);
			fix_init(f);
		}
	}
}

static void
read_notices(struct fix *f)
{
	struct store_notices l;
	struct event *ev;
	size_t i;

	assert_int_equal(store_notices(f->s, 10, &l, &f->e), RC_OK);
	assert_true(l.n > 0);
	for (i = 0; i < l.n; i++) {
		assert_name(notice_type(l.v[i].name));
		ev = notice_event(&l.v[i]);
		assert_name(ev->type);
		event_free(ev);
	}
	store_notices_free(&l);
}

static void
test_a_notice_with_any_numbers_is_reported(void **state)
{
	static const char *const columns[] = { "name", "at_ms", "turn" };
	struct fix *f = *state;
	struct store_leases l;
	size_t i, j;

	for (i = 0; i < NELEM(columns); i++) {
		for (j = 0; j < NELEM(numbers); j++) {
			fix_register(f, "hook-1");
			(void)fix_job(f, "d-1", "hook-1");
			fix_lease(f, 1, &l);
			assert_int_equal(
			    fix_settle(f, &l.v[0], STORE_DEAD, 0, NULL), RC_OK);
			store_leases_free(&l);
			craft(f, "notice", columns[i], numbers[j]);
			read_notices(f);
			fix_fini(f);
			fix_init(f);
		}
	}
}

static int
count_them(void *arg, const char *key, int64_t n)
{
	int64_t *seen = arg;

	seen[0]++;
	if (strcmp(key, "often") == 0)
		seen[1] = n;
	return 0;
}

/* Senders may make ever new types. */
static void
test_counts_name_the_largest_of_very_many(void **state)
{
	struct fix *f = *state;
	int64_t seen[2] = { 0, 0 };

	fix_close(f);
	raw_sql(f->path,
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < 5000) INSERT INTO counter (family, key, n) SELECT "
	    "'type', printf('new-%d', i), 1 FROM n UNION ALL SELECT 'type', "
	    "'often', 7");
	fix_open(f);
	assert_int_equal(store_counts(f->s, "type", count_them, seen, &f->e),
	    RC_OK);
	assert_int_equal(seen[0], STORE_COUNTS_MAX);
	assert_int_equal(seen[1], 7);
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_a_webhook_of_any_numbers_is_read),
		CASE(test_a_notice_with_any_numbers_is_reported),
		CASE(test_counts_name_the_largest_of_very_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
