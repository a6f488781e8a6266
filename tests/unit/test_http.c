#include "config.h"

#include <string.h>

#include "unit.h"

#include "core/http.h"

static const char *const params[] = { "HTTP_X_GITHUB_EVENT=issues",
	"HTTP_X_HUB_SIGNATURE=sha1=00", "CONTENT_TYPE=application/json",
	"HTTP_X_TWICE=a", "HTTP_X_TWICE=b", "HTTP_X_EMPTY=", NULL };

static void
test_headers_are_found_by_their_own_spelling(void **state)
{
	struct http_req req = { .params = params };

	(void)state;
	assert_string_equal(http_header_find(&req, "X-GitHub-Event"), "issues");
	assert_string_equal(http_header_find(&req, "x-hub-signature"),
	    "sha1=00");
	assert_null(http_header_find(&req, "X-Hub-Signature-256"));
	assert_null(http_header_find(&req, "X-Hub"));
	assert_null(http_header_find(&req, "Content-Type"));
	assert_string_equal(http_header_find(&req, "X-Empty"), "");
	assert_string_equal(http_param_find(&req, "CONTENT_TYPE"),
	    "application/json");
	assert_null(http_param_find(&req, "CONTENT"));
}

static void
test_doubled_headers_are_counted(void **state)
{
	struct http_req req = { .params = params };

	(void)state;
	assert_int_equal(http_header_count(&req, "X-Twice"), 2);
	assert_int_equal(http_header_count(&req, "X-GitHub-Event"), 1);
	assert_int_equal(http_header_count(&req, "X-None"), 0);
}

static void
test_query_parameters_are_decoded(void **state)
{
	struct http_req req = { .query =
				    "a=1&bb=x%20y+z&c=%zz&d=&a=2&%65f=g&h" };
	char out[8];

	(void)state;
	assert_true(http_query_find(&req, "a", out, sizeof(out)));
	assert_string_equal(out, "1");
	assert_true(http_query_find(&req, "bb", out, sizeof(out)));
	assert_string_equal(out, "x y z");
	assert_true(http_query_find(&req, "d", out, sizeof(out)));
	assert_string_equal(out, "");
	assert_false(http_query_find(&req, "c", out, sizeof(out)));
	assert_false(http_query_find(&req, "b", out, sizeof(out)));
	assert_false(http_query_find(&req, "bb", out, 5));
	assert_true(http_query_find(&req, "bb", out, 6));
	assert_true(http_query_find(&req, "ef", out, sizeof(out)));
	assert_string_equal(out, "g");
	assert_true(http_query_has(&req, "h"));
	assert_false(http_query_has(&req, "g"));
}

static void
test_bad_escapes_and_nul_are_refused(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} rows[] = { { "%41", true }, { "%4", false }, { "%", false },
		{ "%g1", false }, { "%00", false }, { "a%00b", false },
		{ "%2f%2F", true } };
	char out[16];
	size_t i, size;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		if (http_decode(rows[i].text, strlen(rows[i].text), false, out,
			sizeof(out)) != rows[i].want)
			fail_msg("%s", rows[i].text);
	assert_true(
	    http_decode_bytes("a%00b", 5, false, out, sizeof(out), &size));
	assert_int_equal(size, 3);
}

static void
test_response_copies_header_values(void **state)
{
	struct http_resp resp;
	char value[] = "30";

	(void)state;
	http_resp_init(&resp);
	http_resp_header(&resp, "Retry-After", value);
	value[0] = '9';
	assert_string_equal(resp.headers[0].value, "30");
	http_resp_fini(&resp);
	assert_int_equal(resp.nheaders, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers_are_found_by_their_own_spelling),
		cmocka_unit_test(test_doubled_headers_are_counted),
		cmocka_unit_test(test_query_parameters_are_decoded),
		cmocka_unit_test(test_bad_escapes_and_nul_are_refused),
		cmocka_unit_test(test_response_copies_header_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
