#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#include "front/signin.h"

static void
wrong_tokens_are_counted_by_address_and_in_all(void **state)
{
	struct signin *s = malloc(sizeof(*s));
	char address[32];
	unsigned int i, wait = 0;

	(void)state;
	assert_non_null(s);
	signin_init(s);
	for (i = 0; i < SIGNIN_PER_ADDRESS; i++)
		assert_int_equal(signin_failed(s, "192.0.2.1", 1000), 0);
	assert_int_equal(signin_failed(s, "192.0.2.1", 1000), 60);
	assert_int_equal(signin_failed(s, "192.0.2.1", 60001), 1);
	assert_int_equal(signin_failed(s, "192.0.2.2", 1000), 0);
	assert_int_equal(signin_failed(s, NULL, 1000), 0);
	assert_int_equal(signin_failed(s, "192.0.2.1", 61000), 0);

	/* A site has a /64 of IPv6 addresses. */
	for (i = 0; i < SIGNIN_PER_ADDRESS; i++) {
		(void)snprintf(address, sizeof(address), "2001:db8:0:1::%x",
		    i + 1);
		assert_int_equal(signin_failed(s, address, 200000), 0);
	}
	assert_int_not_equal(signin_failed(s, "2001:db8:0:1::ffff", 200000), 0);
	assert_int_equal(signin_failed(s, "2001:db8:0:2::1", 200000), 0);

	for (i = 0; i < SIGNIN_IN_ALL; i++) {
		(void)snprintf(address, sizeof(address), "10.0.%u.%u", i / 250,
		    i % 250);
		wait = signin_failed(s, address, 400000);
	}
	assert_int_equal(wait, 0);
	assert_int_equal(signin_failed(s, "203.0.113.9", 400000), 60);
	signin_fini(s);
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    wrong_tokens_are_counted_by_address_and_in_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
