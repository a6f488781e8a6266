#include "config.h"

#include "unit.h"

#include "core/breaker.h"

#define NOW INT64_C(1795248550000)

static const struct breaker_rule rule = { 3, 60000 };

/* Applies attempts, a letter each: f failed, a answered, n says nothing;
 * in capitals the probe, l for a probe that was lost. */
static void
apply(struct breaker *b, const char *signs, int64_t now_ms)
{
	struct breaker_news news = { 0 };

	for (; *signs != '\0'; signs++) {
		if (*signs == 'l')
			news.probe_lost = true;
		else if (*signs == 'f' || *signs == 'F')
			breaker_note(&news, BREAKER_FAILED, *signs == 'F');
		else if (*signs == 'a' || *signs == 'A')
			breaker_note(&news, BREAKER_ANSWERED, *signs == 'A');
		else
			breaker_note(&news, BREAKER_NOTHING, *signs == 'N');
	}
	breaker_apply(b, &rule, &news, now_ms);
}

static void
test_consecutive_failures_open_the_breaker(void **state)
{
	struct breaker b = { 0 };

	(void)state;
	apply(&b, "ff", NOW);
	assert_int_equal(b.state, BREAKER_CLOSED);
	apply(&b, "aff", NOW);
	assert_int_equal(b.state, BREAKER_CLOSED);
	apply(&b, "n", NOW);
	assert_int_equal(b.failures, 2);
	apply(&b, "f", NOW);
	assert_int_equal(b.state, BREAKER_OPEN);
	assert_int_equal(b.until_ms, NOW + 60000);
	assert_int_equal(b.opens, 1);
	/* Those that were under way. */
	apply(&b, "fff", NOW + 5000);
	assert_int_equal(b.until_ms, NOW + 60000);
	assert_int_equal(b.opens, 1);
}

static void
test_any_answer_closes_the_breaker(void **state)
{
	struct breaker b = { 0 };

	(void)state;
	apply(&b, "fff", NOW);
	apply(&b, "a", NOW);
	assert_int_equal(b.state, BREAKER_CLOSED);
	assert_int_equal(b.failures, 0);
	assert_int_equal(b.until_ms, 0);
	assert_int_equal(b.opens, 1);
}

static void
test_the_probe_decides(void **state)
{
	static const struct {
		const char *signs;
		enum breaker_state is;
		int64_t until_ms, opens;
	} cases[] = {
		{ "A", BREAKER_CLOSED, 0, 1 },
		{ "F", BREAKER_OPEN, NOW + 60000, 2 },
		{ "N", BREAKER_OPEN, NOW + 60000, 2 },
		{ "l", BREAKER_OPEN, NOW, 1 },
		{ "f", BREAKER_HALF_OPEN, NOW + BREAKER_PROBE_MS, 1 },
		{ "n", BREAKER_HALF_OPEN, NOW + BREAKER_PROBE_MS, 1 },
		{ "Fa", BREAKER_CLOSED, 0, 1 },
		{ "aF", BREAKER_CLOSED, 0, 1 },
	};
	struct breaker b;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		b = (struct breaker){ .state = BREAKER_OPEN,
			.failures = 3,
			.opens = 1 };
		breaker_probe(&b, NOW);
		assert_int_equal(b.state, BREAKER_HALF_OPEN);
		apply(&b, cases[i].signs, NOW);
		assert_int_equal(b.state, cases[i].is);
		assert_int_equal(b.until_ms, cases[i].until_ms);
		assert_int_equal(b.opens, cases[i].opens);
	}
}

static void
test_zero_failures_allowed_never_opens_the_breaker(void **state)
{
	const struct breaker_rule never = { 0, 60000 };
	struct breaker_news news = { .failures = 100 };
	struct breaker b = { 0 };

	(void)state;
	breaker_apply(&b, &never, &news, NOW);
	assert_int_equal(b.state, BREAKER_CLOSED);
}

static void
test_an_attempt_shows_whether_the_receiver_works(void **state)
{
	(void)state;
	assert_int_equal(breaker_sign_of(true, false), BREAKER_FAILED);
	/* 500 and above. */
	assert_int_equal(breaker_sign_of(true, true), BREAKER_FAILED);
	assert_int_equal(breaker_sign_of(false, true), BREAKER_ANSWERED);
	assert_int_equal(breaker_sign_of(false, false), BREAKER_NOTHING);
}

static void
test_every_state_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(breaker_state_name(BREAKER_CLOSED), "closed");
	assert_string_equal(breaker_state_name(BREAKER_OPEN), "open");
	assert_string_equal(breaker_state_name(BREAKER_HALF_OPEN), "half_open");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_consecutive_failures_open_the_breaker),
		cmocka_unit_test(test_any_answer_closes_the_breaker),
		cmocka_unit_test(test_the_probe_decides),
		cmocka_unit_test(
		    test_zero_failures_allowed_never_opens_the_breaker),
		cmocka_unit_test(
		    test_an_attempt_shows_whether_the_receiver_works),
		cmocka_unit_test(test_every_state_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
