#include "config.h"

#include <stdlib.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "unit.h"

#include "base/loop.h"
#include "net/resolve.h"
#include "tests/unit/own_loop.h"

static void
silent_owners_leave_places_for_others(void **state)
{
	(void)state;
	assert_true(resolve_may_ask(0, 0, false));
	assert_true(resolve_may_ask(0, 0, true));
	assert_true(
	    resolve_may_ask(RESOLVE_SILENT - 1, RESOLVE_SILENT - 1, true));
	assert_false(resolve_may_ask(RESOLVE_SILENT, RESOLVE_SILENT, true));
	assert_true(resolve_may_ask(RESOLVE_SILENT, RESOLVE_SILENT, false));
	assert_true(resolve_may_ask(RESOLVE_ALL - 1, 0, true));
	assert_false(resolve_may_ask(RESOLVE_ALL, 0, true));
	assert_false(resolve_may_ask(RESOLVE_ALL, RESOLVE_SILENT, false));
	assert_true(RESOLVE_SILENT < RESOLVE_ALL);
}

static int told;

static void
on_done(void *arg, const struct resolve_answer *answer)
{
	const struct sockaddr_in *in;

	assert_ptr_equal(arg, &told);
	told++;
	assert_int_equal(answer->end, RESOLVE_FOUND);
	assert_true(answer->naddresses > 0);
	in = (const void *)answer->addresses[0];
	if (in->sin_family == AF_INET)
		assert_int_equal(ntohl(in->sin_addr.s_addr) >> 24, 127);
}

/* It is in /etc/hosts, so that nobody is asked. */
static struct resolve_look *
start(struct resolve *r, struct resolve_share *share)
{
	const struct resolve_request req = { .host = "localhost",
		.share = share,
		.done = on_done,
		.arg = &told };

	return resolve_start(r, &req);
}

static void
results_come_inside_the_loop_and_never_after_a_cancel(void **state)
{
	struct resolve *r = resolve_new(own_loop());
	struct resolve_share share = { .is_silent = false };
	struct resolve_look *look;

	(void)state;
	told = 0;
	look = start(r, &share);
	assert_true(resolve_is_asked(look));
	assert_int_equal(told, 0);
	while (told == 0)
		loop_turn(own_loop(), 60000);
	assert_int_equal(told, 1);

	resolve_cancel(start(r, &share));
	loop_turn(own_loop(), 5);
	loop_turn(own_loop(), 5);
	assert_int_equal(told, 1);
	resolve_free(r);
}

static void
a_look_up_over_the_limit_waits(void **state)
{
	struct resolve *r = resolve_new(own_loop());
	struct resolve_share share = { .is_silent = false };
	struct resolve_look *looks[RESOLVE_ALL + 1];
	size_t i;

	(void)state;
	told = 0;
	for (i = 0; i <= RESOLVE_ALL; i++)
		looks[i] = start(r, &share);
	assert_true(resolve_is_asked(looks[RESOLVE_ALL - 1]));
	assert_false(resolve_is_asked(looks[RESOLVE_ALL]));
	assert_true(resolve_has_waited(looks[RESOLVE_ALL]));
	assert_false(resolve_has_waited(looks[RESOLVE_ALL - 1]));
	resolve_cancel(looks[0]);
	while (told < RESOLVE_ALL - 1)
		loop_turn(own_loop(), 60000);
	assert_int_equal(told, RESOLVE_ALL - 1);
	while (told < RESOLVE_ALL)
		loop_turn(own_loop(), 60000);
	resolve_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silent_owners_leave_places_for_others),
		cmocka_unit_test(
		    results_come_inside_the_loop_and_never_after_a_cancel),
		cmocka_unit_test(a_look_up_over_the_limit_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
