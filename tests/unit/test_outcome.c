#include "config.h"

#include "unit.h"

#include "core/outcome.h"

static void
test_delivered_iff_2xx(void **state)
{
	int status;

	(void)state;
	for (status = 100; status < 600; status++) {
		struct outcome o = outcome_of(OUTCOME_ANSWERED, status);

		assert_int_equal(o.verdict == OUTCOME_DELIVERED,
		    status / 100 == 2);
		assert_int_equal(o.code, status);
		assert_int_equal(o.text[0] == '\0', status / 100 == 2);
		assert_int_equal(o.class,
		    status / 100 == 2 ? OUTCOME_CLASS_NONE
				      : OUTCOME_CLASS_RECEIVER);
	}
}

static void
test_every_end_has_class_and_text(void **state)
{
	enum outcome_end end;

	(void)state;
	for (end = OUTCOME_DENIED; end < OUTCOME_ENDS; end++) {
		struct outcome o = outcome_of(end, 200);

		assert_int_equal(o.verdict, OUTCOME_AGAIN);
		assert_int_not_equal(o.class, OUTCOME_CLASS_NONE);
		assert_int_equal(o.code, 0);
		assert_true(o.text[0] != '\0');
	}
}

/* One letter names what failed: destination, delivery (.), registration (r),
 * or none of them, which is our own fault (u).  F32, B97. */
static void
test_the_failed_step_is_named(void **state)
{
	static const struct {
		enum outcome_end end;
		int status;
		char kind;
	} rows[] = {
		{ OUTCOME_ANSWERED, 301, '.' },
		{ OUTCOME_ANSWERED, 400, '.' },
		{ OUTCOME_ANSWERED, 401, '.' },
		{ OUTCOME_ANSWERED, 403, '.' },
		{ OUTCOME_ANSWERED, 404, '.' },
		{ OUTCOME_ANSWERED, 410, 'r' },
		{ OUTCOME_ANSWERED, 413, '.' },
		{ OUTCOME_ANSWERED, 429, '.' },
		{ OUTCOME_ANSWERED, 451, '.' },
		{ OUTCOME_ANSWERED, 500, 'd' },
		{ OUTCOME_ANSWERED, 503, 'd' },
		{ OUTCOME_ANSWERED, 99, '.' },
		{ OUTCOME_ANSWERED, 999, '.' },
		{ OUTCOME_DENIED, 0, 'u' },
		{ OUTCOME_UNRESOLVED, 0, 'd' },
		{ OUTCOME_REFUSED, 0, 'd' },
		{ OUTCOME_CONNECT_TIMEOUT, 0, 'd' },
		{ OUTCOME_TIMEOUT, 0, 'd' },
		{ OUTCOME_TLS, 0, 'd' },
		{ OUTCOME_RESET, 0, 'd' },
		{ OUTCOME_MALFORMED, 0, '.' },
		{ OUTCOME_OURS, 0, 'u' },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct outcome o = outcome_of(rows[i].end, rows[i].status);

		if (outcome_is_destination(&o) != (rows[i].kind == 'd') ||
		    (o.verdict == OUTCOME_GONE) != (rows[i].kind == 'r') ||
		    (o.class == OUTCOME_CLASS_US) != (rows[i].kind == 'u'))
			fail_msg("end %d, status %d", rows[i].end,
			    rows[i].status);
	}
}

/* Nothing that is told of an attempt says which of the two a name is. */
static void
test_an_unknown_name_ends_as_a_denied_one(void **state)
{
	struct outcome o = outcome_of(OUTCOME_UNRESOLVED, 0);

	(void)state;
	assert_int_equal(o.class, OUTCOME_CLASS_NETWORK);
	assert_string_equal(o.text,
	    "the name does not resolve, or its address is not allowed");
}

static void
test_retry_after_is_obeyed_on_429_and_503(void **state)
{
	(void)state;
	assert_true(outcome_of(OUTCOME_ANSWERED, 429).obeys_retry_after);
	assert_true(outcome_of(OUTCOME_ANSWERED, 503).obeys_retry_after);
	assert_false(outcome_of(OUTCOME_ANSWERED, 500).obeys_retry_after);
	assert_false(outcome_of(OUTCOME_ANSWERED, 200).obeys_retry_after);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delivered_iff_2xx),
		cmocka_unit_test(test_every_end_has_class_and_text),
		cmocka_unit_test(test_the_failed_step_is_named),
		cmocka_unit_test(test_an_unknown_name_ends_as_a_denied_one),
		cmocka_unit_test(test_retry_after_is_obeyed_on_429_and_503),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
