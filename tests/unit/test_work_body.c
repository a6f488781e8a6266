#include "config.h"

#include "unit.h"

#include "base/xalloc.h"
#include "store/store_work.h"
#include "work/work_body.h"

/* A store of bodies that all have one size. */
static size_t payloads, payload_size;

enum rc
store_payload(struct store *s, int64_t event, char **body, size_t *bodysz,
    struct err *e)
{
	(void)s;
	if (event == 0)
		return err_set(e, RC_NOTFOUND, "purged");
	payloads++;
	*bodysz = payload_size;
	*body = xcalloc(1, payload_size + 1);

	return RC_OK;
}

static void
a_body_is_read_once_for_all_and_the_budget_holds(void **state)
{
	struct work_bodies *b = work_bodies_new(NULL, 1000);
	const struct work_body *one, *two, *three;
	struct err e;

	(void)state;
	payload_size = 600;
	assert_int_equal(work_body_hold(b, 1, 600, &one, &e), RC_OK);
	assert_int_equal(work_body_hold(b, 1, 600, &two, &e), RC_OK);
	assert_ptr_equal(one, two);
	assert_int_equal(one->n, 600);
	assert_int_equal(payloads, 1);
	assert_int_equal(work_body_hold(b, 2, 600, &three, &e), RC_BUSY);
	assert_null(three);
	work_body_release(b, one);
	work_body_release(b, two);

	/* Alone, a body may be larger than the budget. */
	payload_size = 5000;
	assert_int_equal(work_body_hold(b, 2, 5000, &three, &e), RC_OK);
	/* The first is still kept, but does not fit beside it. */
	assert_int_equal(work_body_hold(b, 1, 0, &one, &e), RC_BUSY);
	work_body_release(b, three);
	assert_int_equal(work_body_hold(b, 1, 0, &one, &e), RC_OK);
	assert_int_equal(payloads, 2);
	work_body_release(b, one);
	assert_int_equal(work_body_hold(b, 0, 0, &one, &e), RC_NOTFOUND);
	work_bodies_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_body_is_read_once_for_all_and_the_budget_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
