#include "config.h"

#include <string.h>

#include "unit.h"

#include "base/buf.h"
#include "core/media.h"

static void
test_content_types_are_parsed(void **state)
{
	static const struct {
		const char *text;
		enum media_kind kind;
	} rows[] = {
		{ "application/json", MEDIA_JSON },
		{ "Application/JSON ; Charset=UTF-8", MEDIA_JSON },
		{ "application/json;charset=\"utf-8\"", MEDIA_JSON },
		{ "application/json; v=1; charset=utf-7", MEDIA_JSON },
		{ "application/json; charset=iso-8859-1", MEDIA_JSON },
		{ "application/json; charset=", MEDIA_JSON },
		{ "application/json;", MEDIA_JSON },
		{ "application/cloudevents+json", MEDIA_JSON },
		{ "application/x-www-form-urlencoded", MEDIA_FORM },
		{ "text/plain", MEDIA_OTHER },
		{ "application/jsonx", MEDIA_OTHER },
		{ "application/json, text/plain", MEDIA_JSON },
		{ "text/plain, application/json", MEDIA_OTHER },
		{ "application/json,application/json", MEDIA_JSON },
		{ "application/json charset=utf-8", MEDIA_JSON },
		{ "text/json; charset='utf-8'", MEDIA_JSON },
		{ "application/json; charset=us-ascii", MEDIA_JSON },
		{ "text/x+json", MEDIA_JSON },
		{ "x+json", MEDIA_OTHER },
		{ "application/+jsonx", MEDIA_OTHER },
		{ "application/\x1b[31m+json", MEDIA_OTHER },
		{ "application/\x7f+json", MEDIA_OTHER },
		{ "application/\xc2\x9b+json", MEDIA_OTHER },
		{ "application/a/b+json", MEDIA_OTHER },
		{ "application/vnd.a-b_c!#$&^+json", MEDIA_JSON },
		{ "", MEDIA_OTHER },
		{ NULL, MEDIA_OTHER },
	};
	struct media m;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		media_parse(rows[i].text, &m);
		if (m.kind != rows[i].kind)
			fail_msg("%s", rows[i].text);
	}
	media_parse("Application/JSON; charset=utf-8", &m);
	assert_string_equal(m.type, "application/json");
	media_parse("text/\x1b[31mplain", &m);
	assert_string_equal(m.type, "");
	media_parse("plain", &m);
	assert_string_equal(m.type, "");
}

static void
test_a_form_is_one_payload_and_nothing_else(void **state)
{
	static const struct {
		const char *body, *want; /* NULL: refused */
	} rows[] = {
		{ "payload=%7B%22a%22%3A+1%7D", "{\"a\": 1}" },
		{ "a=1&payload=x&b=2", NULL },
		{ "payload=x&", NULL },
		{ "payload=a=b", "a=b" },
		{ "{\"a\":\"&payload=%7B%7D&\"}", NULL },
		{ "{\"payload=\":1}", NULL },
		{ "payload=", "" },
		{ "p%61yload=x", "x" },
		{ "payload=x&payload=y", NULL },
		{ "payload=x&p%61yload=y", NULL },
		{ "", NULL },
		{ "payload", NULL },
		{ "a=1", NULL },
		{ "payload=%", NULL },
		{ "payload=%4", NULL },
		{ "payload=%4g", NULL },
		{ "payload=x&other=%zz", NULL },
		{ "payloads=x", NULL },
	};
	struct buf out;
	struct err e;
	size_t i;
	enum rc rc;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		buf_init(&out, strlen(rows[i].body));
		rc = media_form_payload(rows[i].body, strlen(rows[i].body),
		    &out, &e);
		if (rc != (rows[i].want == NULL ? RC_INVALID : RC_OK))
			fail_msg("%s", rows[i].body);
		if (rc == RC_OK)
			assert_string_equal(buf_str(&out), rows[i].want);
		buf_fini(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_content_types_are_parsed),
		cmocka_unit_test(test_a_form_is_one_payload_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
