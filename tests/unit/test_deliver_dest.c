#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/xalloc.h"
#include "core/webhook.h"
#include "deliver/deliver_dest.h"
#include "net/httpc.h"
#include "store/store_admin.h"

static struct webhook *webhooks[4];
static struct store_webhooks list = { .v = webhooks, .n = 4 };
static struct httpc *http;
static struct deliver_dests *dests;

static enum rc
allow(void *arg, const struct sockaddr *sa, bool is_https, struct err *e)
{
	(void)arg;
	(void)sa;
	(void)is_https;

	return err_set(e, RC_DENIED, "no network here");
}

static int
setup(void **state)
{
	static const char *const ids[] = { "a", "b", "c", "d" };
	const struct httpc_options opt = { .allow = allow,
		.user_agent = "test" };
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(ids); i++) {
		webhooks[i] = webhook_new();
		webhooks[i]->id = xstrdup(ids[i]);
		webhooks[i]->url = xstrdup("http://localhost:9/");
		webhooks[i]->enabled = true;
		webhooks[i]->max_in_flight = -1;
	}
	list.n = NELEM(ids);
	if (httpc_new(&opt, &http, &e) != RC_OK)
		return -1;
	dests = deliver_dests_new(http);
	deliver_dests_refresh(dests, &list, 8);

	return 0;
}

static int
teardown(void **state)
{
	size_t i;

	(void)state;
	deliver_dests_free(dests);
	httpc_free(http);
	for (i = 0; i < NELEM(webhooks); i++)
		webhook_free(webhooks[i]);

	return 0;
}

/* What the pass-th lease leaves out, as one text. */
static const char *
skipped(unsigned int pass, size_t *per_target)
{
	static char text[64];
	const char *const *skip;
	size_t i, n;

	if (!deliver_dests_want(dests, pass, &skip, &n, per_target))
		return NULL;
	memset(text, 0, sizeof(text));
	for (i = 0; i < n; i++)
		text[i] = skip[i][0];

	return text;
}

static void
a_full_target_is_left_out_until_it_has_room(void **state)
{
	struct deliver_dest *c = deliver_dest_get(dests, "c");
	struct deliver_dest *a = deliver_dest_get(dests, "a");
	size_t per_target;

	(void)state;
	assert_ptr_equal(c, deliver_dest_get(dests, "c"));
	c->held = 7;
	assert_string_equal(skipped(0, &per_target), "");
	assert_int_equal(per_target, 8);
	c->held = a->held = 8;
	assert_string_equal(skipped(0, &per_target), "ac");
	assert_null(skipped(1, &per_target));
	a->held = c->held = 0;
}

static void
an_answer_in_no_time_earns_jobs_in_advance(void **state)
{
	struct deliver_dest *a = deliver_dest_get(dests, "a");
	size_t per_target;

	(void)state;
	deliver_dest_open(dests, a);
	deliver_dest_close(dests, a, 1000, 3);
	a->held = 15;
	assert_string_equal(skipped(0, &per_target), "");
	a->held = 16;
	assert_string_equal(skipped(0, &per_target), "a");
	deliver_dest_open(dests, a);
	deliver_dest_close(dests, a, 2000, 3000);
	a->held = 8;
	assert_string_equal(skipped(0, &per_target), "a");
	a->held = 0;
}

static void
no_more_requests_open_than_the_window(void **state)
{
	struct deliver_dest *b;
	int i;

	(void)state;
	webhooks[1]->max_in_flight = 2;
	deliver_dests_refresh(dests, &list, 8);
	b = deliver_dest_get(dests, "b");
	for (i = 0; i < 2; i++) {
		assert_true(deliver_dest_may_open(dests, b));
		deliver_dest_open(dests, b);
	}
	assert_false(deliver_dest_may_open(dests, b));
	deliver_dest_close(dests, b, 1, 1);
	assert_true(deliver_dest_may_open(dests, b));
	deliver_dest_close(dests, b, 1, 1);
}

static void
wide_windows_have_a_pass_of_their_own(void **state)
{
	size_t per_target;

	(void)state;
	webhooks[3]->max_in_flight = 64;
	deliver_dests_refresh(dests, &list, 8);
	assert_string_equal(skipped(0, &per_target), "");
	assert_int_equal(per_target, 8);
	assert_string_equal(skipped(1, &per_target), "abc");
	assert_int_equal(per_target, 64);
	assert_null(skipped(2, &per_target));
	deliver_dest_get(dests, "d")->held = 64;
	assert_string_equal(skipped(1, &per_target), "abcd");
	deliver_dest_get(dests, "d")->held = 0;
}

static void
a_registration_that_is_gone_or_disabled_is_known(void **state)
{
	size_t per_target;

	(void)state;
	webhooks[0]->enabled = false;
	deliver_dest_get(dests, "a");
	assert_string_equal(skipped(0, &per_target), "a");
	list.n = 3;
	deliver_dests_refresh(dests, &list, 8);
	assert_null(deliver_dest_get(dests, "d")->webhook);
	assert_non_null(deliver_dest_get(dests, "c")->webhook);
}

static void
what_is_not_used_is_forgotten(void **state)
{
	struct deliver_dest *a = deliver_dest_get(dests, "a");

	(void)state;
	deliver_dest_open(dests, a);
	deliver_dest_close(dests, a, 100000, 3);
	a->held = 1;
	deliver_dests_trim(dests, 200000);
	assert_ptr_equal(a, deliver_dest_get(dests, "a"));
	a->held = 0;
	deliver_dests_trim(dests, 210000);
	assert_int_equal(deliver_dest_get(dests, "a")->took_ms, 3);
	deliver_dests_trim(dests, 250000);
	assert_int_equal(deliver_dest_get(dests, "a")->took_ms, -1);
}

static void
connections_are_kept_to_so_many_only(void **state)
{
	struct deliver_dest *a = deliver_dest_get(dests, "a"), *d;
	char id[16];
	int i;

	(void)state;
	deliver_dest_open(dests, a);
	deliver_dest_close(dests, a, 1, 1);
	for (i = 0; i < 150; i++) {
		snprintf(id, sizeof(id), "other-%d", i);
		d = deliver_dest_get(dests, id);
		d->webhook = webhooks[1];
		deliver_dest_open(dests, d);
		if (i == 50)
			assert_non_null(a->pool);
		deliver_dest_close(dests, d, 1, 1);
	}
	assert_null(a->pool);
	assert_non_null(d->pool);
	deliver_dest_open(dests, a);
	assert_non_null(a->pool);
	deliver_dest_close(dests, a, 1, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_full_target_is_left_out_until_it_has_room),
		TEST(an_answer_in_no_time_earns_jobs_in_advance),
		TEST(no_more_requests_open_than_the_window),
		TEST(wide_windows_have_a_pass_of_their_own),
		TEST(a_registration_that_is_gone_or_disabled_is_known),
		TEST(what_is_not_used_is_forgotten),
		TEST(connections_are_kept_to_so_many_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
