#include "config.h"

#include <stdio.h>
#include <string.h>

#include "front/page.h"
#include "front/router.h"
#include "tests/unit/unit.h"

static const struct {
	const char *method, *path;
	enum rc (*page)(struct page *pg, struct err *e);
	const char *arg;
	const char *allow;
} cases[] = {
	{ "POST", "/hooks/github", page_hooks_post, "github", "POST" },
	{ "POST", "/api/webhooks/github", page_hooks_post, "github", "POST" },
	{ "GET", "/hooks/github", NULL, "", "POST" },
	{ "FOO", "/hooks/github", NULL, "", "POST" },
	{ "POST", "/hooks", NULL, "", "" },
	{ "POST", "/hooks/", NULL, "", "" },
	{ "POST", "/hooks/a/b", NULL, "", "" },
	{ "POST", "/api/v1/webhooks/register", page_webhooks_register, "",
	    "POST" },
	{ "POST", "/api/v1/webhooks", page_webhooks_register, "",
	    "POST, GET, HEAD" },
	{ "GET", "/api/v1/webhooks", page_webhooks_list, "",
	    "POST, GET, HEAD" },
	{ "GET", "/api/v1/webhooks/list", page_webhooks_list_all, "",
	    "GET, HEAD" },
	{ "DELETE", "/api/v1/webhooks/list", NULL, "", "GET, HEAD" },
	{ "GET", "/api/v1/webhooks/lists", page_webhooks_show, "lists",
	    "GET, HEAD, PATCH, DELETE" },
	{ "HEAD", "/api/v1/webhooks/a", page_webhooks_show, "a",
	    "GET, HEAD, PATCH, DELETE" },
	{ "PATCH", "/api/v1/webhooks/a", page_webhooks_change, "a",
	    "GET, HEAD, PATCH, DELETE" },
	{ "DELETE", "/api/v1/webhooks/a", page_webhooks_delete, "a",
	    "GET, HEAD, PATCH, DELETE" },
	{ "PUT", "/api/v1/webhooks/a", NULL, "", "GET, HEAD, PATCH, DELETE" },
	{ "POST", "/api/v1/webhooks/a/enable", page_webhooks_enable, "a",
	    "POST" },
	{ "POST", "/api/v1/webhooks/a/disable", page_webhooks_disable, "a",
	    "POST" },
	{ "POST", "/api/v1/webhooks/a/rotate-secret", page_webhooks_rotate, "a",
	    "POST" },
	{ "GET", "/api/v1/webhooks/a/attempts", page_webhooks_attempts, "a",
	    "GET, HEAD" },
	{ "POST", "/api/v1/events", page_events_publish, "",
	    "POST, GET, HEAD" },
	{ "GET", "/api/v1/events/7", page_events_show, "7", "GET, HEAD" },
	{ "GET", "/api/v1/events/7/payload", page_events_payload, "7",
	    "GET, HEAD" },
	{ "POST", "/api/v1/events/7/replay", page_replay_event, "7", "POST" },
	{ "GET", "/queue/stats", page_queue_stats, "", "GET, HEAD" },
	{ "GET", "/api/queue/stats", page_queue_stats, "", "GET, HEAD" },
	{ "POST", "/queue/retry/7", page_queue_retry, "7", "POST" },
	{ "POST", "/api/queue/retry/7", page_queue_retry, "7", "POST" },
	{ "GET", "/stats", page_stats_show, "", "GET, HEAD" },
	{ "GET", "/api/stats", page_stats_show, "", "GET, HEAD" },
	{ "GET", "/api/api/stats", NULL, "", "" },
	{ "GET", "/apistats", NULL, "", "" },
	{ "GET", "/api/health", page_health_alive, "", "GET, HEAD" },
	{ "GET", "/api/ready", page_health_ready, "", "GET, HEAD" },
	{ "GET", "/api/v1/sources", page_sources_list, "", "GET, HEAD" },
	{ "GET", "/api/v1/sources/shop", page_sources_show, "shop",
	    "GET, HEAD" },
	{ "GET", "/api/auth/me", page_me_show, "", "GET, HEAD" },
	{ "get", "/stats", NULL, "", "GET, HEAD" },
	{ "GET", "/", NULL, "", "" },
	{ "GET", "", NULL, "", "" },
	{ "GET", "/stats/x", NULL, "", "" },
};

static void
each_path_has_its_page(void **state)
{
	struct router_match m;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		router_find(cases[i].method, cases[i].path, &m);
		if ((m.route == NULL ? NULL : m.route->page) != cases[i].page ||
		    strcmp(m.arg, cases[i].arg) != 0 ||
		    strcmp(m.allow, cases[i].allow) != 0)
			fail_msg("%s %s: arg %s, allow %s", cases[i].method,
			    cases[i].path, m.arg, m.allow);
	}
}

static void
a_long_path_segment_is_no_route_argument(void **state)
{
	struct router_match m;
	char path[ROUTER_ARG_SIZE + 16];

	(void)state;
	memset(path, 'x', sizeof(path));
	memcpy(path, "/hooks/", 7);
	path[7 + ROUTER_ARG_SIZE - 1] = '\0';
	router_find("POST", path, &m);
	assert_non_null(m.route);
	path[7 + ROUTER_ARG_SIZE - 1] = 'x';
	path[7 + ROUTER_ARG_SIZE] = '\0';
	router_find("POST", path, &m);
	assert_null(m.route);
}

static void
a_viewer_may_change_nothing(void **state)
{
	static const char *const changing[][2] = {
		{ "POST", "/api/v1/webhooks" },
		{ "PATCH", "/api/v1/webhooks/a" },
		{ "DELETE", "/api/v1/webhooks/a" },
		{ "POST", "/api/v1/events" },
		{ "POST", "/api/v1/events/7/replay" },
		{ "POST", "/queue/retry/7" },
	};
	struct router_match m;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(changing); i++) {
		router_find(changing[i][0], changing[i][1], &m);
		assert_non_null(m.route);
		assert_int_equal(m.route->open, ROUTER_RIGHT);
		assert_int_not_equal(m.route->right, TOKEN_READ);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_path_has_its_page),
		cmocka_unit_test(a_long_path_segment_is_no_route_argument),
		cmocka_unit_test(a_viewer_may_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
