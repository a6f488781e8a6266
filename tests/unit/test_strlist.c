#include "config.h"

#include "unit.h"

#include "base/strlist.h"

static void
strings_are_copied_in_order(void **state)
{
	struct strlist a = { NULL, 0 }, b = { NULL, 0 };
	char text[] = "one";

	(void)state;
	strlist_put(&a, text);
	text[0] = 'x';
	strlist_put(&a, "Two");
	strlist_put_all(&b, &a);
	strlist_fini(&a);
	assert_int_equal(a.n, 0);
	assert_int_equal(b.n, 2);
	assert_string_equal(b.v[0], "one");
	assert_string_equal(b.v[1], "Two");
	assert_true(strlist_has(&b, "Two"));
	assert_false(strlist_has(&b, "two"));
	assert_true(strlist_has_nocase(&b, "tWO"));
	assert_false(strlist_has_nocase(&b, "tW"));
	strlist_fini(&b);
	assert_false(strlist_has(&b, ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_copied_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
