#include "config.h"

#include <string.h>

#include "unit.h"

#include "core/webhook.h"

static void
test_ids_have_one_grammar(void **state)
{
	char text[WEBHOOK_ID_MAX + 2];

	(void)state;
	assert_true(
	    webhook_id_is_valid("0b0e7b1c-2f7e-4d7c-9f3e-1b1e5c0a9d11"));
	assert_true(webhook_id_is_valid("a_B-9"));
	assert_false(webhook_id_is_valid(""));
	assert_false(webhook_id_is_valid("a.b"));
	assert_false(webhook_id_is_valid("a/b"));
	memset(text, 'a', sizeof(text));
	text[WEBHOOK_ID_MAX] = '\0';
	assert_true(webhook_id_is_valid(text));
	text[WEBHOOK_ID_MAX] = 'a';
	text[WEBHOOK_ID_MAX + 1] = '\0';
	assert_false(webhook_id_is_valid(text));
}

static void
test_patterns_are_words_with_a_star_at_the_end(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} rows[] = { { "*", true }, { "issues", true }, { "issues.*", true },
		{ "issues.opened", true }, { "", false }, { ".*", false },
		{ "**", false }, { "*.opened", false }, { "iss*", false },
		{ "issues opened", false }, { "a.*.*", false } };
	char text[WEBHOOK_PATTERN_MAX + 2];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		if (webhook_pattern_is_valid(rows[i].text) != rows[i].want)
			fail_msg("%s", rows[i].text);
	memset(text, 'a', sizeof(text));
	text[WEBHOOK_PATTERN_MAX + 1] = '\0';
	assert_false(webhook_pattern_is_valid(text));
	text[WEBHOOK_PATTERN_MAX] = '\0';
	assert_true(webhook_pattern_is_valid(text));
}

static void
test_headers_that_could_harm_are_refused(void **state)
{
	static const struct {
		const char *name, *value;
		bool want;
	} rows[] = {
		{ "X-Api-Key", "abc 123", true },
		{ "Authorization", "Bearer x", true },
		{ "X Api", "v", false },
		{ "X-Api:", "v", false },
		{ "X-Api\r", "v", false },
		{ "", "v", false },
		{ "Host", "v", false },
		{ "content-LENGTH", "0", false },
		{ "Transfer-Encoding", "chunked", false },
		{ "webhook-id", "v", false },
		{ "Webhook-Anything", "v", false },
		{ "X-GitHub-Event", "v", false },
		{ "X-Hub-Signature-256", "v", false },
		{ "X-HLS-Hops", "0", false },
		{ "svix-signature", "v", false },
		{ "ce-id", "v", false },
		{ "Ce-Anything", "v", false },
		{ "webhook_signature", "v", false },
		{ "X_GitHub-Event", "v", false },
		{ "X.Hub.Signature", "v", false },
		{ "ce_id", "v", false },
		{ "Content_Type", "text/plain", false },
		{ "USER_AGENT", "v", false },
		{ "X_Api_Key", "v", true },
		{ "Host_Name", "v", true },
		{ "X-Api", "a\r\nb: c", false },
		{ "X-Api", "a\tb", false },
		{ "X-Api", "\xc3\xa9", false },
	};
	static char huge[WEBHOOK_HEADER_VALUE_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		if (webhook_header_is_valid(rows[i].name, rows[i].value,
			strlen(rows[i].value)) != rows[i].want)
			fail_msg("%s: %s", rows[i].name, rows[i].value);
	memset(huge, 'a', sizeof(huge));
	assert_true(webhook_header_is_valid("X-A", huge, sizeof(huge) - 1));
	assert_false(webhook_header_is_valid("X-A", huge, sizeof(huge)));
	assert_false(webhook_header_is_valid("X-A", "a\0b", 3));
}

static void
test_health_names_go_both_ways(void **state)
{
	enum webhook_health h, back;

	(void)state;
	for (h = WEBHOOK_UNKNOWN; h <= WEBHOOK_UNAVAILABLE; h++) {
		assert_true(
		    webhook_health_parse(webhook_health_name(h), &back));
		assert_int_equal(h, back);
	}
	assert_false(webhook_health_parse("well", &back));
}

static void
test_success_is_a_rate_and_how_long_ago(void **state)
{
	static const struct {
		int64_t total, failed;
		double want;
	} rates[] = { { 0, 0, -1 }, { 1, INT64_MAX, -1 }, { 1, 0, 100 },
		{ 1, 1, 0 }, { 1000, 7, 99.3 }, { 3, 1, 66.7 }, { 16, 15, 6.3 },
		{ INT64_C(1) << 60, INT64_C(1) << 59, 50 } };
	static const struct {
		int64_t ago_s;
		const char *want;
	} ages[] = { { -1, "healthy_recent" }, { 899, "healthy_recent" },
		{ 900, "healthy_hour" }, { 3599, "healthy_hour" },
		{ 3600, "healthy_day" }, { 86399, "healthy_day" },
		{ 86400, "no_recent_success" } };
	const int64_t now_ms = INT64_C(1795248000500);
	struct webhook *w = webhook_new();
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rates); i++) {
		w->total_calls = rates[i].total;
		w->failed_calls = rates[i].failed;
		if (webhook_success_percent(w) != rates[i].want)
			fail_msg("%g", webhook_success_percent(w));
	}
	assert_string_equal(webhook_freshness_name(w, now_ms),
	    "no_recent_success");
	for (i = 0; i < NELEM(ages); i++) {
		w->last_success_ms = now_ms - ages[i].ago_s * 1000;
		assert_string_equal(webhook_freshness_name(w, now_ms),
		    ages[i].want);
	}
	webhook_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids_have_one_grammar),
		cmocka_unit_test(
		    test_patterns_are_words_with_a_star_at_the_end),
		cmocka_unit_test(test_headers_that_could_harm_are_refused),
		cmocka_unit_test(test_health_names_go_both_ways),
		cmocka_unit_test(test_success_is_a_rate_and_how_long_ago),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
