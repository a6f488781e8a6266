#include "config.h"

#include <stdio.h>
#include <string.h>

#include "front/page.h"
#include "front/query.h"
#include "tests/unit/unit.h"

static const struct {
	enum rc (*page)(struct page *pg, struct err *e);
	const char *query;
	const char *want; /* "name: message; " for each fault */
} cases[] = {
	{ page_events_list, "", "" },
	{ page_events_list, "&&", "" },
	{ page_events_list, "status=failed&limit=5&cursor=", "" },
	{ page_events_list, "status&type=", "" },
	{ page_events_list, "st%61tus=failed", "" },
	{ page_events_list, "state=failed", "state: unknown parameter; " },
	{ page_events_list, "Status=failed", "Status: unknown parameter; " },
	{ page_events_list, "a=1&limit=5&b&a=2",
	    "a: unknown parameter; b: unknown parameter; " },
	{ page_events_list, "limit=1&limit=1", "limit: given twice; " },
	{ page_events_list, "limit=1&x=2&lim%69t=1&limit=3",
	    "x: unknown parameter; limit: given twice; " },
	{ page_events_list, "=1", ": unknown parameter; " },
	{ page_events_list, "%zz=1", "%zz: unknown parameter; " },
	{ page_events_list, "status%00=1", "status%00: unknown parameter; " },
	{ page_webhooks_list_all, "team=a&health=healthy", "" },
	{ page_webhooks_show, "limit=1", "limit: unknown parameter; " },
	{ page_stats_show, "x=", "x: unknown parameter; " },
	{ page_health_ready, "intake", "" },
	{ page_health_ready, "intake=&drain", "drain: unknown parameter; " },
	{ page_hooks_post, "token=a&token=b&any", "" },
};

static void
each_fault_is_named_once(void **state)
{
	struct query_faults f;
	char got[1024];
	size_t i, k, n;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		query_judge(cases[i].page, cases[i].query, &f);
		got[0] = '\0';
		for (k = n = 0; k < f.n; k++)
			n += (size_t)snprintf(got + n, sizeof(got) - n,
			    "%s: %s; ", f.v[k].name, f.v[k].message);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].query, got);
	}
}

static void
names_that_are_long_or_many_are_cut(void **state)
{
	struct query_faults f;
	char text[4096];
	size_t i, n;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	query_judge(page_events_list, text, &f);
	assert_int_equal(f.n, 1);
	assert_int_equal(strlen(f.v[0].name), QUERY_NAME_MAX);
	for (i = n = 0; i < 100; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "&n%zu=1", i);
	query_judge(page_events_list, text, &f);
	assert_int_equal(f.n, QUERY_FAULTS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fault_is_named_once),
		cmocka_unit_test(names_that_are_long_or_many_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
