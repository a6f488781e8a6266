#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/strlist.h"
#include "base/xalloc.h"
#include "core/webhook.h"
#include "deliver/deliver_dest.h"
#include "net/httpc.h"
#include "store/store_admin.h"
#include "store/store_work.h"
#include "tests/unit/own_loop.h"
#include "work/work.h"

static struct webhook *webhooks[4];
static struct store_webhooks list = { .v = webhooks, .n = 4 };
static struct httpc *http;
static struct deliver_dests *dests;
static struct work_hand hand;

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
	const struct httpc_options opt = { .loop = own_loop(),
		.user_agent = "test" };
	const struct httpc_policy policy = { allow, NULL };
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
	hand = (struct work_hand){ .now_ms = 1000,
		.concurrency = 64,
		.batch = 64,
		.most = 128,
		.drains = 1,
		.split = 1 };
	dests = deliver_dests_new(http, &policy);
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

/* What a lease leaves out, or takes alone with a "+" before it. */
static const char *
skipped(void)
{
	static char text[64];
	struct store_lease_want want = { 0 };
	size_t i;

	if (!deliver_dests_want(dests, &hand, &want))
		return NULL;
	memset(text, 0, sizeof(text));
	if (want.only)
		text[0] = '+';
	for (i = 0; i < want.nskip; i++)
		text[i + want.only] = want.skip[i][0];

	return text;
}

/* One request, begun at 1000. */
static void
request(const char *id, int64_t took_ms, enum deliver_dest_end end)
{
	struct deliver_dest *d = deliver_dest_get(dests, id);

	deliver_dest_open(dests, d, 1000);
	deliver_dest_close(dests, d, 1000 + took_ms, took_ms, end);
}

static void
a_target_at_its_limit_is_skipped_until_a_request_ends(void **state)
{
	struct deliver_dest *c = deliver_dest_get(dests, "c");
	struct deliver_dest *a = deliver_dest_get(dests, "a");

	(void)state;
	assert_ptr_equal(c, deliver_dest_get(dests, "c"));
	c->held = 3;
	assert_string_equal(skipped(), "");
	c->held = a->held = 4;
	assert_string_equal(skipped(), "ac");
	a->held = c->held = 0;
}

static void
a_fast_receiver_gets_prefetched_jobs(void **state)
{
	struct deliver_dest *a = deliver_dest_get(dests, "a");

	(void)state;
	request("a", 3, DELIVER_DEST_DONE);
	a->held = 9;
	assert_string_equal(skipped(), "");
	a->held = 10; /* twice its window, which is five now */
	assert_string_equal(skipped(), "a");
	request("a", 900, DELIVER_DEST_REFUSED);
	a->held = 5;
	assert_string_equal(skipped(), "a");
	a->held = 0;
}

static void
with_other_drains_it_takes_its_share(void **state)
{
	struct deliver_dest *a = deliver_dest_get(dests, "a");
	int i;

	(void)state;
	for (i = 0; i < 8; i++)
		request("a", 3, DELIVER_DEST_DONE);
	hand.drains = 3;
	a->held = 1;
	assert_string_equal(skipped(), "");
	a->held = 2; /* of three, which are a third of eight */
	assert_string_equal(skipped(), "a");
	a->held = 0;
}

static void
the_window_opens_with_success_and_closes_with_failure(void **state)
{
	struct deliver_dest *b = deliver_dest_get(dests, "b");
	int i;

	(void)state;
	assert_int_equal(b->window, 4);
	for (i = 0; i < 10; i++)
		request("b", 3, DELIVER_DEST_DONE);
	assert_int_equal(b->window, 8);
	request("b", 3, DELIVER_DEST_REFUSED);
	assert_int_equal(b->window, 8);
	request("b", 3, DELIVER_DEST_FAILED);
	assert_int_equal(b->window, 4);
	for (i = 0; i < 5; i++)
		request("b", 3, DELIVER_DEST_FAILED);
	assert_int_equal(b->window, 1);
	deliver_dest_open(dests, b, 1);
	assert_false(deliver_dest_may_open(dests, b));
	deliver_dest_close(dests, b, 1, 1, DELIVER_DEST_DONE);
	assert_int_equal(b->window, 2);
}

static void
open_requests_never_exceed_the_limit(void **state)
{
	struct deliver_dest *b;
	int i;

	(void)state;
	webhooks[1]->max_in_flight = 2;
	deliver_dests_refresh(dests, &list, 8);
	b = deliver_dest_get(dests, "b");
	assert_string_equal(skipped(), "");
	for (i = 0; i < 2; i++) {
		assert_true(deliver_dest_may_open(dests, b));
		deliver_dest_open(dests, b, 1);
	}
	assert_false(deliver_dest_may_open(dests, b));
	deliver_dest_close(dests, b, 1, 1, DELIVER_DEST_DONE);
	assert_true(deliver_dest_may_open(dests, b));
	deliver_dest_close(dests, b, 1, 1, DELIVER_DEST_DONE);
}

static size_t
split(void)
{
	struct store_lease_want want = { 0 };

	(void)deliver_dests_want(dests, &hand, &want);
	return want.split;
}

/* A lease took place that saw so many and was told so. */
static void
leased(size_t drains, size_t told)
{
	hand.drains = drains;
	hand.split = told;
	hand.leases++;
}

static size_t
opens(struct deliver_dest *d)
{
	size_t n = d->open;

	while (deliver_dest_may_open(dests, d))
		deliver_dest_open(dests, d, 1);
	return d->open - n;
}

static void
close_some(struct deliver_dest *d, size_t n)
{
	while (n-- > 0)
		deliver_dest_close(dests, d, 1, 1, DELIVER_DEST_DONE);
}

static void
drains_divide_max_in_flight(void **state)
{
	struct deliver_dest *b = deliver_dest_get(dests, "b");
	int i;

	(void)state;
	for (i = 0; i < 8; i++)
		request("b", 3, DELIVER_DEST_DONE);
	assert_int_equal(split(), 1);
	assert_int_equal(opens(b), 8);
	/* Another one has come: kept at once, said when it is so. */
	leased(2, 1);
	assert_int_equal(split(), 1);
	close_some(b, 4);
	assert_int_equal(opens(b), 0);
	assert_int_equal(split(), 2);
	assert_int_equal(opens(b), 0);
	close_some(b, 1);
	assert_int_equal(opens(b), 1);

	/* It has gone: first the store hears of it. */
	leased(1, 2);
	assert_int_equal(split(), 1);
	assert_int_equal(opens(b), 0);
	/* That lease failed, and perhaps it did not. */
	assert_int_equal(split(), 1);
	assert_int_equal(opens(b), 0);
	leased(1, 1);
	assert_int_equal(split(), 1);
	assert_int_equal(opens(b), 4);
	close_some(b, 8);
}

static void
a_small_share_of_the_limit_is_kept(void **state)
{
	struct deliver_dest *b = deliver_dest_get(dests, "b");
	int i;

	(void)state;
	for (i = 0; i < 8; i++)
		request("b", 3, DELIVER_DEST_DONE);
	leased(3, 2);
	assert_int_equal(split(), 3);
	assert_int_equal(opens(b), 2);
	/* One goes: under full load the others agree on halves. */
	leased(2, 3);
	assert_int_equal(split(), 2);
	assert_int_equal(opens(b), 0);
	leased(2, 2);
	assert_int_equal(split(), 2);
	assert_int_equal(opens(b), 2);
	leased(20, 2);
	(void)split();
	close_some(b, 4);
	assert_int_equal(opens(b), 1);
	close_some(b, 1);
}

static void
a_lost_answers_possible_content_is_kept(void **state)
{
	struct deliver_dest *b = deliver_dest_get(dests, "b");
	int i;

	(void)state;
	webhooks[1]->max_in_flight = 12;
	for (i = 0; i < 12; i++)
		request("b", 3, DELIVER_DEST_DONE);
	leased(3, 2);
	assert_int_equal(split(), 3);
	/* It may have got there; so may the next one. */
	hand.drains = 2;
	assert_int_equal(split(), 2);
	assert_int_equal(opens(b), 4);
	assert_int_equal(split(), 2);
	assert_int_equal(opens(b), 0);
	leased(2, 2);
	assert_int_equal(split(), 2);
	assert_int_equal(opens(b), 2);
	close_some(b, 6);
}

static void
doubtful_receivers_use_at_most_half_of_the_requests(void **state)
{
	struct deliver_dest *a = deliver_dest_get(dests, "a");
	struct deliver_dest *b = deliver_dest_get(dests, "b");
	struct deliver_dest *c = deliver_dest_get(dests, "c");
	int i;

	(void)state;
	hand.concurrency = 10;
	hand.now_ms = 1000;
	request("a", 3, DELIVER_DEST_DONE);
	assert_string_equal(skipped(), "");
	for (i = 0; i < 4; i++)
		deliver_dest_open(dests, b, 1000);
	deliver_dest_open(dests, c, 1000);
	assert_false(deliver_dest_may_open(dests, c));
	assert_true(deliver_dest_may_open(dests, a));
	/* One that is waited for is doubtful too, until it answers. */
	for (i = 0; i < 2; i++)
		deliver_dest_open(dests, a, 1000);
	deliver_dest_close(dests, c, 1000, 5, DELIVER_DEST_DONE);
	assert_true(deliver_dest_may_open(dests, c));
	hand.now_ms = 2000;
	assert_string_equal(skipped(), "");
	assert_false(deliver_dest_may_open(dests, a));
	assert_true(deliver_dest_may_open(dests, c));
	for (i = 0; i < 2; i++)
		deliver_dest_close(dests, a, 2100, 5, DELIVER_DEST_DONE);
	assert_true(deliver_dest_may_open(dests, a));
	for (i = 0; i < 4; i++)
		deliver_dest_close(dests, b, 2000, 5, DELIVER_DEST_DONE);
}

static void
a_drain_full_of_doubtful_jobs_leases_only_for_others(void **state)
{
	struct deliver_dest *b = deliver_dest_get(dests, "b");

	(void)state;
	hand.concurrency = 10;
	hand.batch = 20;
	hand.most = 30;
	b->held = 20;
	assert_null(skipped());
	request("a", 3, DELIVER_DEST_DONE);
	assert_string_equal(skipped(), "+a");
	b->held = 19;
	assert_string_equal(skipped(), "b");
	b->held = 0;
}

static void
blocked_webhooks_are_known(void **state)
{
	struct deliver_dest *a = deliver_dest_get(dests, "a");
	struct strlist ids = { 0 };

	(void)state;
	strlist_put(&ids, "a");
	strlist_put(&ids, "c");
	deliver_dests_block(dests, &ids);
	assert_true(a->is_blocked);
	assert_false(deliver_dest_get(dests, "b")->is_blocked);
	assert_true(deliver_dest_get(dests, "c")->is_blocked);
	deliver_dests_block(dests, &ids);
	assert_false(a->is_blocked);
}

static void
deleted_and_disabled_webhooks_are_recognised(void **state)
{
	(void)state;
	webhooks[0]->enabled = false;
	deliver_dest_get(dests, "a");
	assert_string_equal(skipped(), "a");
	list.n = 3;
	deliver_dests_refresh(dests, &list, 8);
	assert_null(deliver_dest_get(dests, "d")->webhook);
	assert_non_null(deliver_dest_get(dests, "c")->webhook);
}

static void
unused_destinations_are_forgotten(void **state)
{
	struct deliver_dest *a = deliver_dest_get(dests, "a");

	(void)state;
	deliver_dest_open(dests, a, 1);
	deliver_dest_close(dests, a, 100000, 3, DELIVER_DEST_DONE);
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
kept_connections_are_limited(void **state)
{
	struct deliver_dest *a = deliver_dest_get(dests, "a"), *d;
	char id[16];
	int i;

	(void)state;
	deliver_dest_open(dests, a, 1);
	deliver_dest_close(dests, a, 1, 1, DELIVER_DEST_DONE);
	for (i = 0; i < 150; i++) {
		snprintf(id, sizeof(id), "other-%d", i);
		d = deliver_dest_get(dests, id);
		d->webhook = webhooks[1];
		deliver_dest_open(dests, d, 1);
		if (i == 50)
			assert_non_null(a->pool);
		deliver_dest_close(dests, d, 1, 1, DELIVER_DEST_DONE);
	}
	assert_null(a->pool);
	assert_non_null(d->pool);
	deliver_dest_open(dests, a, 1);
	assert_non_null(a->pool);
	deliver_dest_close(dests, a, 1, 1, DELIVER_DEST_DONE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_target_at_its_limit_is_skipped_until_a_request_ends),
		TEST(a_fast_receiver_gets_prefetched_jobs),
		TEST(with_other_drains_it_takes_its_share),
		TEST(the_window_opens_with_success_and_closes_with_failure),
		TEST(open_requests_never_exceed_the_limit),
		TEST(drains_divide_max_in_flight),
		TEST(a_small_share_of_the_limit_is_kept),
		TEST(a_lost_answers_possible_content_is_kept),
		TEST(doubtful_receivers_use_at_most_half_of_the_requests),
		TEST(a_drain_full_of_doubtful_jobs_leases_only_for_others),
		TEST(blocked_webhooks_are_known),
		TEST(deleted_and_disabled_webhooks_are_recognised),
		TEST(unused_destinations_are_forgotten),
		TEST(kept_connections_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
