#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#include "front/resend.h"

static const struct resend_request one = { "ann", "{}", 2 };
static const struct resend_request of_other_user = { "bob", "{}", 2 };
static const struct resend_request other = { "ann", "[]", 2 };

static void
the_same_request_gets_its_id_once_and_for_its_time(void **state)
{
	struct resend *r = malloc(sizeof(*r));
	char id[ID_UUID_SIZE];

	(void)state;
	assert_non_null(r);
	resend_init(r);
	assert_false(resend_take(r, &one, 1000, id));
	resend_put(r, &one, "id-1", 1000);
	resend_put(r, &one, "id-2", 1000);
	assert_false(resend_take(r, &of_other_user, 1000, id));
	assert_false(resend_take(r, &other, 1000, id));
	assert_true(resend_take(r, &one, 2000, id));
	assert_string_equal(id, "id-1");
	assert_true(resend_take(r, &one, 1000 + RESEND_MS - 1, id));
	assert_string_equal(id, "id-2");
	assert_false(resend_take(r, &one, 2000, id));
	resend_put(r, &one, "id-3", 5000);
	assert_false(resend_take(r, &one, 5000 + RESEND_MS, id));
	resend_fini(r);
	free(r);
}

static void
the_oldest_kept_id_makes_room(void **state)
{
	struct resend *r = malloc(sizeof(*r));
	char id[ID_UUID_SIZE];
	size_t i;

	(void)state;
	assert_non_null(r);
	resend_init(r);
	resend_put(r, &one, "first", 1);
	for (i = 1; i < RESEND_KEPT; i++)
		resend_put(r, &other, "more", 1);
	assert_true(resend_take(r, &one, 2, id));
	resend_put(r, &one, "last", 1);
	resend_put(r, &other, "more", 1);
	assert_true(resend_take(r, &one, 2, id));
	assert_string_equal(id, "last");
	for (i = 0; i < RESEND_KEPT - 1; i++)
		assert_true(resend_take(r, &other, 2, id));
	assert_false(resend_take(r, &other, 2, id));
	resend_fini(r);
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_same_request_gets_its_id_once_and_for_its_time),
		cmocka_unit_test(the_oldest_kept_id_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
