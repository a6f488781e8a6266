#include "config.h"

#include <string.h>

#include "unit.h"

#include "base/secret.h"

static void
a_secret_is_kept_whole(void **state)
{
	struct secret s = { NULL, 0 };

	(void)state;
	assert_false(secret_is_set(&s));
	assert_true(secret_is_equal(&s, "", 0));
	secret_put(&s, "a\0b", 3);
	assert_true(secret_is_set(&s));
	assert_true(secret_is_equal(&s, "a\0b", 3));
	assert_false(secret_is_equal(&s, "a\0c", 3));
	assert_false(secret_is_equal(&s, "a", 1));
	assert_int_equal(s.bytes[3], '\0');
	secret_fini(&s);
	assert_null(s.bytes);
	secret_fini(&s);
}

/* The new bytes may be part of the old ones. */
static void
a_secret_is_replaced_by_its_own_part(void **state)
{
	struct secret s = { NULL, 0 };

	(void)state;
	secret_put_str(&s, "whsec_abc");
	secret_put_str(&s, s.bytes + 6);
	assert_true(secret_is_equal(&s, "abc", 3));
	secret_put_str(&s, "");
	assert_false(secret_is_set(&s));
	secret_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_kept_whole),
		cmocka_unit_test(a_secret_is_replaced_by_its_own_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
