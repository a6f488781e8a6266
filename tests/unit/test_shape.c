/* What a body says of the type that its header names. */
#include "config.h"

#include <string.h>

#include "tests/unit/unit.h"

#include "base/xalloc.h"

#include "core/event.h"
#include "core/shape.h"

#define FRAME "\"repository\":{\"full_name\":\"o/r\"},\"sender\":{\"id\":1}"

static enum shape
judge(const char *type, const char *body)
{
	struct event *ev = event_new();
	enum shape shape;
	struct err e;

	ev->type = xstrdup(type);
	ev->type_is_unsigned = true;
	assert_int_equal(event_read_json(ev, body, strlen(body), &e), RC_OK);
	shape = ev->shape;
	event_free(ev);
	return shape;
}

static const struct {
	const char *type, *body;
	enum shape shape;
} rows[] = {
	/* A body under its own type. */
	{ "issues", "{\"action\":\"opened\",\"issue\":{}," FRAME "}",
	    SHAPE_FITS },
	{ "push", "{\"ref\":\"refs/heads/x\",\"commits\":[]}", SHAPE_FITS },
	{ "push", "{\"ref\":\"refs/heads/x\",\"after\":\"0\"}", SHAPE_FITS },
	{ "ping", "{\"zen\":\"Keep it simple.\",\"hook_id\":1}", SHAPE_FITS },
	{ "star", "{\"action\":\"deleted\",\"starred_at\":null," FRAME "}",
	    SHAPE_FITS },
	{ "repository_dispatch",
	    "{\"action\":\"x\",\"branch\":\"main\",\"client_payload\":null}",
	    SHAPE_FITS },
	{ "workflow_dispatch",
	    "{\"inputs\":null,\"ref\":\"main\",\"workflow\":\"x.yml\"}",
	    SHAPE_FITS },
	{ "deployment", "{\"deployment\":{},\"workflow_run\":{}}", SHAPE_FITS },
	{ "deployment_status",
	    "{\"deployment\":{},\"deployment_status\":{},\"check_run\":{},"
	    "\"workflow_run\":{}}",
	    SHAPE_FITS },
	{ "workflow_job", "{\"workflow_job\":{},\"deployment\":{}}",
	    SHAPE_FITS },
	/* Gitea writes null for what there is not. */
	{ "pull_request", "{\"pull_request\":{},\"review\":null}", SHAPE_FITS },
	/* Of another type. */
	{ "push", "{\"issue\":{}}", SHAPE_ODD },
	{ "issues", "{\"issue\":{},\"comment\":{}}", SHAPE_ODD },
	{ "issues", "{\"pull_request\":{}}", SHAPE_ODD },
	{ "pull_request", "{\"pull_request\":{},\"review\":{}}", SHAPE_ODD },
	{ "pull_request", "{\"pull_request\":{},\"comment\":{}}", SHAPE_ODD },
	{ "commit_comment", "{\"issue\":{},\"comment\":{}}", SHAPE_ODD },
	{ "workflow_run", "{\"deployment\":{},\"workflow_run\":{}}",
	    SHAPE_ODD },
	{ "deployment", "{\"deployment\":{},\"deployment_status\":{}}",
	    SHAPE_ODD },
	{ "workflow_dispatch", "{\"ref\":\"x\",\"commits\":[]}", SHAPE_ODD },
	{ "ping", "{\"issue\":{}," FRAME "}", SHAPE_ODD },
	{ "watch", "{\"action\":\"started\",\"issue\":{}}", SHAPE_ODD },
	{ "public", "{\"forkee\":{}}", SHAPE_ODD },
	{ "delete",
	    "{\"ref\":\"x\",\"ref_type\":\"tag\",\"master_branch\":\"m\"}",
	    SHAPE_ODD },
	/* Of no type with a member of its own, but GitHub's. */
	{ "issues", "{\"action\":\"started\"," FRAME "}", SHAPE_ODD },
	{ "watch", "{\"action\":\"started\"," FRAME "}", SHAPE_LOOSE },
	/* A member that stands twice is none. */
	{ "issues", "{\"issue\":{},\"issue\":{}," FRAME "}", SHAPE_ODD },
	/* Neither for nor against. */
	{ "issues", "{\"n\":1}", SHAPE_LOOSE },
	{ "issues", "[1]", SHAPE_LOOSE },
	{ "issues", "{\"repository\":{}}", SHAPE_LOOSE },
	/* Names with escapes are the same names. */
	{ "issues", "{\"\\u0069ssue\":{}}", SHAPE_FITS },
	{ "push", "{\"iss\\u0075e\":{}}", SHAPE_ODD },
	/* Types that the table has not. */
	{ "custom", "{\"n\":1}", SHAPE_UNKNOWN },
	{ "pull_request_approved", "{\"pull_request\":{}}", SHAPE_FOREIGN },
};

static void
test_a_body_must_have_the_members_of_its_event_type(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		if (judge(rows[i].type, rows[i].body) != rows[i].shape)
			fail_msg("%s %s: %d", rows[i].type, rows[i].body,
			    judge(rows[i].type, rows[i].body));
}

static void
test_a_type_that_is_signed_is_not_judged(void **state)
{
	static const char body[] = "{\"issue\":{}}";
	struct event *ev = event_new();
	struct err e;

	(void)state;
	ev->type = xstrdup("push");
	assert_int_equal(event_read_json(ev, body, strlen(body), &e), RC_OK);
	assert_int_equal(ev->shape, SHAPE_NONE);
	event_free(ev);
}

static void
test_action_and_repository_are_read_in_the_same_scan(void **state)
{
	static const char body[] = "{\"action\":\"opened\",\"issue\":{},\"x\":{"
				   "\"full_name\":\"a/b\"}," FRAME "}";
	struct event *ev = event_new();
	struct err e;

	(void)state;
	ev->type = xstrdup("issues");
	ev->type_is_unsigned = true;
	assert_int_equal(event_read_json(ev, body, strlen(body), &e), RC_OK);
	assert_string_equal(ev->action, "opened");
	assert_string_equal(ev->repository, "o/r");
	event_free(ev);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_body_must_have_the_members_of_its_event_type),
		cmocka_unit_test(test_a_type_that_is_signed_is_not_judged),
		cmocka_unit_test(
		    test_action_and_repository_are_read_in_the_same_scan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
