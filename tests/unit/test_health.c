#include "config.h"

#include "unit.h"

#include "core/backoff.h"
#include "core/health.h"

#define NOW INT64_C(1795248000000)
#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static struct health
well(void)
{
	return (struct health){ .enabled = true, .is = WEBHOOK_HEALTHY };
}

/* Calls, a letter each: s succeeded, f failed, t timed out; a minute apart, the
 * last one now, and each takes 10 ms more than the one before. */
static struct health_news
calls(const char *ends, int64_t disable_after_ms)
{
	int64_t n = 0, left = 0;
	struct health_news news = { 0 };
	struct health_call call;

	while (ends[left] != '\0')
		left++;
	for (; *ends != '\0'; ends++) {
		call = (struct health_call){ .failed = *ends != 's',
			.timed_out = *ends == 't',
			.took_ms = 10 * ++n,
			.disable_after_ms = disable_after_ms };
		health_note(&news, &call, NOW - --left * MINUTE);
	}
	return news;
}

static void
test_calls_are_summed_up(void **state)
{
	struct health_news n = calls("fstf", DAY);

	(void)state;
	assert_int_equal(n.calls, 4);
	assert_int_equal(n.failures, 3);
	assert_int_equal(n.timeouts, 1);
	assert_true(n.succeeded);
	assert_int_equal(n.consecutive, 2);
	assert_int_equal(n.failing_since_ms, NOW - MINUTE);
	assert_int_equal(n.success_ms, NOW - 2 * MINUTE);
	assert_int_equal(n.failure_ms, NOW);
	assert_int_equal(n.min_ms, 10);
	assert_int_equal(n.max_ms, 40);
	assert_int_equal(n.sum_ms, 100);
	n = calls("fs", DAY);
	assert_int_equal(n.consecutive, 0);
	assert_int_equal(n.failing_since_ms, 0);
}

static void
test_the_last_calls_decide_how_it_is(void **state)
{
	static const struct {
		const char *ends;
		bool enabled, damaged, is_blocked;
		enum webhook_health is;
	} cases[] = {
		{ "s", true, false, false, WEBHOOK_HEALTHY },
		{ "fs", true, false, false, WEBHOOK_HEALTHY },
		{ "f", true, false, false, WEBHOOK_DEGRADED },
		{ "sf", true, false, false, WEBHOOK_DEGRADED },
		{ "s", true, false, true, WEBHOOK_UNAVAILABLE },
		{ "f", true, false, true, WEBHOOK_UNAVAILABLE },
		{ "s", false, false, false, WEBHOOK_UNAVAILABLE },
		{ "f", false, false, false, WEBHOOK_UNAVAILABLE },
		{ "s", true, true, false, WEBHOOK_UNAVAILABLE },
		{ "f", true, true, false, WEBHOOK_UNAVAILABLE },
	};
	struct health_news n;
	struct health h;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		h = well();
		h.enabled = cases[i].enabled;
		h.damaged = cases[i].damaged;
		n = calls(cases[i].ends, 0);
		health_apply(&h, &n, cases[i].is_blocked, NOW);
		assert_int_equal(h.is, cases[i].is);
	}
}

static void
test_a_success_ends_the_failing(void **state)
{
	struct health h = well();
	struct health_news n = calls("ff", DAY);

	(void)state;
	health_apply(&h, &n, false, NOW);
	assert_int_equal(h.consecutive_failures, 2);
	assert_int_equal(h.failing_since_ms, NOW - MINUTE);
	assert_int_equal(h.last_failure_ms, NOW);
	assert_int_equal(h.last_success_ms, 0);
	h.disable_at_ms = NOW + HOUR;
	n = calls("f", DAY);
	health_apply(&h, &n, false, NOW);
	assert_int_equal(h.consecutive_failures, 3);
	assert_int_equal(h.failing_since_ms, NOW - MINUTE);
	assert_int_equal(h.disable_at_ms, NOW + HOUR);
	n = calls("fsf", DAY);
	health_apply(&h, &n, false, NOW);
	assert_int_equal(h.consecutive_failures, 1);
	assert_int_equal(h.failing_since_ms, NOW);
	assert_int_equal(h.disable_at_ms, 0);
	n = calls("s", DAY);
	health_apply(&h, &n, false, NOW);
	assert_int_equal(h.consecutive_failures, 0);
	assert_int_equal(h.failing_since_ms, 0);
	assert_int_equal(h.last_success_ms, NOW);
}

static void
test_response_times_begin_with_the_first_call(void **state)
{
	struct health h = well();
	struct health_news n = calls("sss", 0);

	(void)state;
	n.min_ms = 20;
	health_apply(&h, &n, false, NOW);
	assert_int_equal(h.response_min_ms, 20);
	assert_int_equal(h.response_max_ms, 30);
	n = calls("s", 0);
	health_apply(&h, &n, false, NOW);
	assert_int_equal(h.response_min_ms, 10);
	assert_int_equal(h.response_max_ms, 30);
}

static void
test_times_ahead_count_as_now(void **state)
{
	struct health h = well();
	struct health_news n = calls("f", DAY);

	(void)state;
	h.last_success_ms = h.last_failure_ms = NOW + DAY;
	h.failing_since_ms = NOW + DAY;
	health_apply(&h, &n, false, NOW);
	assert_int_equal(h.last_success_ms, NOW);
	assert_int_equal(h.last_failure_ms, NOW);
	assert_int_equal(h.failing_since_ms, NOW);
}

static void
test_it_is_warned_and_then_disabled(void **state)
{
	static const struct {
		int64_t after, since, at; /* before now; at: of the warning */
		enum health_step step;
		int64_t at_want;
	} cases[] = {
		/* Ten days are borne, and the last is that of the warning. */
		{ 10 * DAY, 9 * DAY - 1, 0, HEALTH_STAYS, 0 },
		{ 10 * DAY, 9 * DAY, 0, HEALTH_WARN, NOW + DAY },
		{ 10 * DAY, 9 * DAY + HOUR, 0, HEALTH_WARN, NOW + DAY },
		/* Tried so rarely that the time is over. */
		{ 10 * DAY, 20 * DAY, 0, HEALTH_WARN, NOW + DAY },
		/* Warned. */
		{ 10 * DAY, 10 * DAY, NOW + 1, HEALTH_STAYS, NOW + 1 },
		{ 10 * DAY, 10 * DAY, NOW, HEALTH_DISABLE, NOW },
		{ 10 * DAY, 30 * DAY, NOW - DAY, HEALTH_DISABLE, NOW - DAY },
		/* Less than two days: half of them. */
		{ 2 * HOUR, HOUR - 1, 0, HEALTH_STAYS, 0 },
		{ 2 * HOUR, HOUR, 0, HEALTH_WARN, NOW + HOUR },
		{ 2 * HOUR, 90 * MINUTE, 0, HEALTH_WARN, NOW + HOUR },
		/* The clock was ahead at the warning. */
		{ 2 * HOUR, 90 * MINUTE, NOW + HOUR + BACKOFF_SLACK_MS,
		    HEALTH_STAYS, NOW + HOUR + BACKOFF_SLACK_MS },
		{ 2 * HOUR, 90 * MINUTE, NOW + HOUR + BACKOFF_SLACK_MS + 1,
		    HEALTH_STAYS, NOW + HOUR },
		/* Never for failing. */
		{ 0, 90 * DAY, 0, HEALTH_STAYS, 0 },
		{ 0, 90 * DAY, NOW - DAY, HEALTH_STAYS, NOW - DAY },
	};
	struct health_news n;
	struct health h;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		h = well();
		h.failing_since_ms = NOW - cases[i].since;
		h.disable_at_ms = cases[i].at;
		n = calls("f", cases[i].after);
		health_apply(&h, &n, false, NOW);
		assert_int_equal(health_judge(&h, &n, NOW), cases[i].step);
		assert_int_equal(h.disable_at_ms, cases[i].at_want);
	}
}

static void
test_nothing_but_a_failure_of_an_enabled_one_disables(void **state)
{
	struct health_news n = calls("fs", DAY);
	struct health h = well();

	(void)state;
	h.disable_at_ms = NOW - 1;
	h.failing_since_ms = NOW - 2 * DAY;
	assert_int_equal(health_judge(&h, &n, NOW), HEALTH_STAYS);
	n = calls("f", DAY);
	assert_int_equal(health_judge(&h, &n, NOW), HEALTH_DISABLE);
	h.enabled = false;
	assert_int_equal(health_judge(&h, &n, NOW), HEALTH_STAYS);
}

static void
test_a_person_changes_what_is_known(void **state)
{
	static const struct {
		bool was_enabled, enabled, was_blocked;
		enum breaker_state breaker;
		enum webhook_health health;
		enum webhook_why why;
		int64_t disable_at_ms;
	} cases[] = {
		{ true, true, false, BREAKER_CLOSED, WEBHOOK_HEALTHY,
		    WEBHOOK_FAILING, NOW },
		{ true, true, true, BREAKER_OPEN, WEBHOOK_HEALTHY,
		    WEBHOOK_FAILING, NOW },
		{ true, true, true, BREAKER_CLOSED, WEBHOOK_DEGRADED,
		    WEBHOOK_FAILING, NOW },
		{ true, false, false, BREAKER_CLOSED, WEBHOOK_UNAVAILABLE,
		    WEBHOOK_BY_PERSON, NOW },
		{ false, false, false, BREAKER_CLOSED, WEBHOOK_UNAVAILABLE,
		    WEBHOOK_FAILING, NOW },
		{ false, false, true, BREAKER_CLOSED, WEBHOOK_UNAVAILABLE,
		    WEBHOOK_FAILING, NOW },
		{ false, true, false, BREAKER_CLOSED, WEBHOOK_UNKNOWN,
		    WEBHOOK_FAILING, 0 },
		{ false, true, true, BREAKER_CLOSED, WEBHOOK_UNKNOWN,
		    WEBHOOK_FAILING, 0 },
	};
	struct webhook *w;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		w = webhook_new();
		w->health = WEBHOOK_HEALTHY;
		w->disabled_why = WEBHOOK_FAILING;
		w->disable_at_ms = w->failing_since_ms = NOW;
		w->enabled = cases[i].enabled;
		w->breaker = cases[i].breaker;
		health_changed(w, cases[i].was_enabled, cases[i].was_blocked);
		assert_int_equal(w->health, cases[i].health);
		assert_int_equal(w->disabled_why, cases[i].why);
		assert_int_equal(w->disable_at_ms, cases[i].disable_at_ms);
		assert_int_equal(w->failing_since_ms, cases[i].disable_at_ms);
		webhook_free(w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls_are_summed_up),
		cmocka_unit_test(test_the_last_calls_decide_how_it_is),
		cmocka_unit_test(test_a_success_ends_the_failing),
		cmocka_unit_test(test_response_times_begin_with_the_first_call),
		cmocka_unit_test(test_times_ahead_count_as_now),
		cmocka_unit_test(test_it_is_warned_and_then_disabled),
		cmocka_unit_test(
		    test_nothing_but_a_failure_of_an_enabled_one_disables),
		cmocka_unit_test(test_a_person_changes_what_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
