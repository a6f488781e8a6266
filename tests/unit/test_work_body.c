#include "config.h"

#include "unit.h"

#include "base/buf.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "store/store_work.h"
#include "work/work_body.h"

/* A store of bodies that all have one size. */
static size_t payloads, payload_size;
static bool is_broken;

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

/* Those that end in 7 are purged. */
enum rc
store_payloads(struct store *s, struct store_body *v, size_t n, struct err *e)
{
	size_t i;

	(void)s;
	if (is_broken)
		return err_set(e, RC_SYSTEM, "broken");
	for (i = 0; i < n; i++) {
		if (v[i].event % 10 == 7)
			continue;
		payloads++;
		v[i].n = payload_size;
		v[i].bytes = xcalloc(1, payload_size + 1);
	}
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
	assert_int_equal(work_body_hold(b, 1, 600, NULL, &one, &e), RC_OK);
	assert_int_equal(work_body_hold(b, 1, 600, NULL, &two, &e), RC_OK);
	assert_ptr_equal(one, two);
	assert_int_equal(one->n, 600);
	assert_int_equal(payloads, 1);
	assert_int_equal(work_body_hold(b, 2, 600, NULL, &three, &e), RC_BUSY);
	assert_null(three);
	work_body_release(b, one);
	work_body_release(b, two);

	/* Alone, a body may be larger than the budget. */
	payload_size = 5000;
	assert_int_equal(work_body_hold(b, 2, 5000, NULL, &three, &e), RC_OK);
	/* The first is still kept, but does not fit beside it. */
	assert_int_equal(work_body_hold(b, 1, 0, NULL, &one, &e), RC_BUSY);
	work_body_release(b, three);
	assert_int_equal(work_body_hold(b, 1, 0, NULL, &one, &e), RC_OK);
	assert_int_equal(payloads, 2);
	work_body_release(b, one);
	assert_int_equal(work_body_hold(b, 0, 0, NULL, &one, &e), RC_NOTFOUND);
	work_bodies_free(b);
}

/* Leases of these events, whose bodies have this size. */
static void
read_ahead(struct work_bodies *b, const int64_t *ids, size_t n, size_t size)
{
	struct store_lease v[300] = { 0 };
	struct event ev[300] = { 0 };
	struct store_leases l = { .v = v, .n = n };
	size_t i;

	payload_size = size;
	payloads = 0;
	for (i = 0; i < n; i++) {
		ev[i].id = ids[i];
		ev[i].bodysz = size;
		v[i].event = &ev[i];
	}
	work_body_read_ahead(b, &l);
}

static void
hold_and_release(struct work_bodies *b, int64_t event)
{
	const struct work_body *body;
	struct err e;

	assert_int_equal(work_body_hold(b, event, 0, NULL, &body, &e), RC_OK);
	assert_int_equal(body->event, event);
	work_body_release(b, body);
}

static void
a_body_that_was_read_ahead_is_not_read_again(void **state)
{
	static const int64_t ids[] = { 1, 2, 2, 7, 3, 1 };
	struct work_bodies *b = work_bodies_new(NULL, 1 << 20);

	(void)state;
	read_ahead(b, ids, 6, 600);
	assert_int_equal(payloads, 3);
	read_ahead(b, ids, 6, 600);
	assert_int_equal(payloads, 0);
	hold_and_release(b, 1);
	hold_and_release(b, 2);
	hold_and_release(b, 3);
	assert_int_equal(payloads, 0);
	work_bodies_free(b);
}

static void
what_cannot_be_read_ahead_is_read_when_it_is_needed(void **state)
{
	static const int64_t ids[] = { 1 };
	struct work_bodies *b = work_bodies_new(NULL, 1 << 20);

	(void)state;
	is_broken = true;
	read_ahead(b, ids, 1, 600);
	is_broken = false;
	hold_and_release(b, 1);
	assert_int_equal(payloads, 1);
	work_bodies_free(b);
}

static void
large_bodies_and_too_many_are_not_read_ahead(void **state)
{
	struct work_bodies *b = work_bodies_new(NULL, 1 << 20);
	int64_t ids[300];
	size_t i;

	(void)state;
	for (i = 0; i < 300; i++)
		ids[i] = 10 * (int64_t)i + 1;
	read_ahead(b, ids, 300, 65537);
	assert_int_equal(payloads, 0);
	read_ahead(b, ids, 300, 65536);
	assert_int_equal(payloads, 32);
	/* The oldest go, so that what nobody comes for does not pile up. */
	for (i = 0; i < 4; i++)
		read_ahead(b, ids, 300, 65536);
	assert_int_equal(payloads, 32);
	hold_and_release(b, 1);
	assert_int_equal(payloads, 33);
	work_bodies_free(b);
}

static bool
make_other(void *arg, int form, const void *body, size_t n, struct buf *out)
{
	(void)arg;
	(void)form;
	buf_init(out, n + 1);
	buf_add(out, body, n);
	buf_add_str(out, "!");
	return true;
}

static void
another_form_is_made_of_the_body_that_is_here(void **state)
{
	static const int64_t ids[] = { 1 };
	const struct work_form f = { .form = 1, .make = make_other };
	struct work_bodies *b = work_bodies_new(NULL, 1 << 20);
	const struct work_body *body;
	struct err e;

	(void)state;
	read_ahead(b, ids, 1, 600);
	assert_int_equal(work_body_hold(b, 1, 600, &f, &body, &e), RC_OK);
	assert_int_equal(body->n, 601);
	assert_int_equal(payloads, 1);
	work_body_release(b, body);
	hold_and_release(b, 1);
	assert_int_equal(payloads, 1);
	work_bodies_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_body_is_read_once_for_all_and_the_budget_holds),
		cmocka_unit_test(a_body_that_was_read_ahead_is_not_read_again),
		cmocka_unit_test(
		    what_cannot_be_read_ahead_is_read_when_it_is_needed),
		cmocka_unit_test(large_bodies_and_too_many_are_not_read_ahead),
		cmocka_unit_test(another_form_is_made_of_the_body_that_is_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
