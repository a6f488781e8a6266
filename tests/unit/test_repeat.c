#include "config.h"

#include "unit.h"

#include <string.h>

#include "core/backoff.h"
#include "core/event.h"
#include "core/repeat.h"

#define NOW INT64_C(1795248000000)
#define WINDOW INT64_C(600000)

static void
test_a_known_id_is_a_repeat_or_has_another_key(void **state)
{
	static const struct {
		bool is_of_hook;
		struct repeat_first first;
		enum repeat_key key;
		bool is_odd;
	} cases[] = {
		/* The id is signed, the type is not. */
		{ false, { true, false, true, false }, REPEAT_KEY_ID, false },
		{ false, { true, false, false, false }, REPEAT_KEY_TYPE, true },
		{ false, { false, false, true, false }, REPEAT_KEY_ID, false },
		{ false, { false, false, false, false }, REPEAT_KEY_ID, false },
		{ false, { false, false, true, true }, REPEAT_KEY_ID, false },
		/* Hooks may share ids. */
		{ true, { true, true, true, false }, REPEAT_KEY_ID, false },
		{ true, { true, false, true, false }, REPEAT_KEY_ID, false },
		{ true, { true, true, false, false }, REPEAT_KEY_TYPE, false },
		{ true, { false, true, true, false }, REPEAT_KEY_ID, false },
		{ true, { false, true, false, false }, REPEAT_KEY_ID, false },
		{ true, { false, false, true, false }, REPEAT_KEY_HOOK, false },
		{ true, { false, true, true, true }, REPEAT_KEY_HOOK, false },
		{ true, { true, true, true, true }, REPEAT_KEY_ID, false },
	};
	struct event *ev = event_new();
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		ev->is_of_hook = cases[i].is_of_hook;
		assert_int_equal(repeat_key(ev), REPEAT_KEY_ID);
		assert_int_equal(repeat_key_beside(ev, &cases[i].first),
		    cases[i].key);
		assert_int_equal(repeat_is_odd(ev, cases[i].key),
		    cases[i].is_odd);
	}
	event_free(ev);
}

static void
test_only_what_nobody_signs_is_compared(void **state)
{
	struct event *ev = event_new();

	(void)state;
	assert_false(repeat_asks(ev));
	ev->type_is_header = true;
	assert_true(repeat_asks(ev));
	ev->type_is_header = false;
	ev->is_of_hook = true;
	assert_true(repeat_asks(ev));
	event_free(ev);
}

static void
test_a_body_that_contradicts_its_type_is_odd(void **state)
{
	struct event *ev = event_new();

	(void)state;
	ev->shape = SHAPE_ODD;
	assert_int_equal(repeat_key(ev), REPEAT_KEY_ID);
	assert_false(repeat_is_odd(ev, REPEAT_KEY_ID));
	ev->is_watched = true;
	assert_int_equal(repeat_key(ev), REPEAT_KEY_TYPE);
	assert_true(repeat_is_odd(ev, REPEAT_KEY_TYPE));
	ev->is_of_hook = true;
	assert_true(repeat_is_odd(ev, REPEAT_KEY_TYPE));
	event_free(ev);
}

static void
test_a_derived_id_is_believed_for_a_time(void **state)
{
	static const struct {
		bool is_derived;
		int64_t seen_ms;
		bool is_believed;
	} cases[] = {
		{ false, 0, true },
		{ false, NOW + WINDOW, true },
		{ true, NOW, true },
		{ true, NOW - WINDOW + 1, true },
		{ true, NOW - WINDOW, false },
		/* Seen by a clock that was ahead. */
		{ true, NOW + BACKOFF_SLACK_MS, true },
		{ true, NOW + BACKOFF_SLACK_MS + 1, false },
	};
	struct event *ev = event_new();
	size_t i;

	(void)state;
	ev->received_ms = NOW;
	ev->dedupe_ms = WINDOW;
	for (i = 0; i < NELEM(cases); i++) {
		ev->id_is_derived = cases[i].is_derived;
		assert_int_equal(repeat_is_believed(ev, cases[i].seen_ms),
		    cases[i].is_believed);
	}
	event_free(ev);
}

static void
test_bodies_are_watched_for_what_they_prove(void **state)
{
	static const struct {
		bool is_watched;
		int64_t window_ms;
		enum shape shape;
		bool want;
	} cases[] = {
		{ false, 0, SHAPE_NONE, false },
		{ true, 0, SHAPE_NONE, true },
		{ false, WINDOW, SHAPE_FITS, true },
		{ true, 0, SHAPE_LOOSE, true },
		{ true, 0, SHAPE_ODD, false },
		{ true, WINDOW, SHAPE_ODD, false },
		{ true, 0, SHAPE_FOREIGN, false },
		{ true, WINDOW, SHAPE_FOREIGN, true },
		{ true, 0, SHAPE_UNKNOWN, true },
	};
	struct event *ev = event_new();
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		ev->is_watched = cases[i].is_watched;
		ev->replay_window_ms = cases[i].window_ms;
		ev->shape = cases[i].shape;
		assert_int_equal(repeat_is_watched(ev), cases[i].want);
	}
	event_free(ev);
}

static void
test_a_body_is_near_within_the_window(void **state)
{
	struct event *ev = event_new();

	(void)state;
	ev->received_ms = NOW;
	ev->replay_window_ms = WINDOW;
	assert_true(repeat_is_near(ev, NOW - WINDOW + 1));
	assert_false(repeat_is_near(ev, NOW - WINDOW));
	assert_false(repeat_is_near(ev, NOW + BACKOFF_SLACK_MS + 1));
	event_free(ev);
}

static void
test_the_first_event_of_its_real_type_is_no_repeat(void **state)
{
	static const uint8_t same[32] = { 1 }, other[32] = { 2 };
	static const struct {
		enum shape shape;
		const uint8_t *sha256;
		const char *type;
		bool was_held, want;
	} cases[] = {
		{ SHAPE_LOOSE, same, "issues", false, true },
		{ SHAPE_LOOSE, other, "issues", false, false },
		{ SHAPE_LOOSE, NULL, "issues", false, false },
		/* The earlier one had a type that nobody knows. */
		{ SHAPE_FITS, same, "no_such_type", false, false },
		{ SHAPE_LOOSE, same, "no_such_type", false, true },
		{ SHAPE_FITS, same, "no_such_type", true, true },
		{ SHAPE_FITS, same, "issues", false, true },
		{ SHAPE_FITS, same, NULL, false, true },
	};
	struct event *ev = event_new();
	struct repeat_body last;
	size_t i;

	(void)state;
	memcpy(ev->body_sha256, same, sizeof(same));
	for (i = 0; i < NELEM(cases); i++) {
		ev->shape = cases[i].shape;
		last = (struct repeat_body){ cases[i].sha256, cases[i].type,
			cases[i].was_held };
		assert_int_equal(repeat_has_body(ev, &last), cases[i].want);
	}
	event_free(ev);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_known_id_is_a_repeat_or_has_another_key),
		cmocka_unit_test(test_only_what_nobody_signs_is_compared),
		cmocka_unit_test(test_a_body_that_contradicts_its_type_is_odd),
		cmocka_unit_test(test_a_derived_id_is_believed_for_a_time),
		cmocka_unit_test(test_bodies_are_watched_for_what_they_prove),
		cmocka_unit_test(test_a_body_is_near_within_the_window),
		cmocka_unit_test(
		    test_the_first_event_of_its_real_type_is_no_repeat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
