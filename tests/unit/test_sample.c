#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "base/jsscan.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/sample.h"

#define NOW INT64_C(1795248550000)

static void
test_samples_are_events(void **state)
{
	static const struct {
		const char *full, *type, *action;
		bool is_github;
	} cases[] = {
		{ "issues", "issues", "opened", true },
		{ "issues.closed", "issues", "closed", true },
		{ "issue_comment", "issue_comment", "created", true },
		{ "pull_request", "pull_request", "opened", true },
		{ "pull_request.synchronize", "pull_request", "synchronize",
		    true },
		{ "pull_request_review", "pull_request_review", "submitted",
		    true },
		{ "push", "push", "", true },
		{ "release.published", "release", "published", true },
		{ "star", "star", "created", true },
		{ "workflow_run", "workflow_run", "completed", true },
		{ "push.x", "push.x", "", false },
		{ "issuesx", "issuesx", "", false },
		{ "order.paid", "order.paid", "", false },
	};
	struct sample sample;
	struct event *ev;
	struct buf body;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		buf_init(&body, 65536);
		assert_true(sample_make(cases[i].full, NOW, &sample, &body));
		assert_string_equal(sample.type, cases[i].type);
		assert_int_equal(sample.is_github, cases[i].is_github);
		ev = event_new();
		ev->type = xstrdup(sample.type);
		assert_int_equal(
		    event_read_json(ev, buf_str(&body), body.len, &e), RC_OK);
		assert_string_equal(ev->action, cases[i].action);
		assert_string_equal(ev->repository,
		    cases[i].is_github ? "octo/sample" : "unknown");
		event_free(ev);
		buf_fini(&body);
	}
}

static void
test_an_invalid_event_name_has_no_sample(void **state)
{
	static const char *const wrong[] = { "", "a b", "issues.\"", "*",
		"issues.*", "a\n" };
	char full[SAMPLE_TYPE_MAX + 2];
	struct sample sample;
	struct buf body;
	size_t i;

	(void)state;
	buf_init(&body, 65536);
	for (i = 0; i < NELEM(wrong); i++)
		assert_false(sample_make(wrong[i], NOW, &sample, &body));
	memset(full, 'x', sizeof(full));
	full[SAMPLE_TYPE_MAX + 1] = '\0';
	assert_false(sample_make(full, NOW, &sample, &body));
	full[EVENT_TYPE_MAX + 1] = '\0';
	assert_false(sample_make(full, NOW, &sample, &body));
	memcpy(full, "issues.", 7);
	full[7 + EVENT_ACTION_MAX + 1] = '\0';
	memset(full + 7, 'x', EVENT_ACTION_MAX + 1);
	assert_false(sample_make(full, NOW, &sample, &body));
	assert_int_equal(body.len, 0);
	buf_fini(&body);
}

static void
test_a_type_is_chosen_by_the_first_pattern(void **state)
{
	static const struct {
		const char *pattern, *want;
	} cases[] = {
		{ NULL, "hls.test" },
		{ "*", "hls.test" },
		{ "issues", "issues" },
		{ "issues.closed", "issues.closed" },
		{ "pull_request.*", "pull_request" },
		{ "order.*", "order" },
	};
	struct strlist l;
	char out[SAMPLE_TYPE_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		memset(&l, 0, sizeof(l));
		if (cases[i].pattern != NULL)
			strlist_put(&l, cases[i].pattern);
		assert_string_equal(sample_type_for(&l, out, sizeof(out)),
		    cases[i].want);
		strlist_fini(&l);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples_are_events),
		cmocka_unit_test(test_an_invalid_event_name_has_no_sample),
		cmocka_unit_test(test_a_type_is_chosen_by_the_first_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
