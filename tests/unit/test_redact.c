#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "core/redact.h"
#include "core/webhook.h"

static struct webhook *
webhook_of(void)
{
	struct webhook *w = webhook_new();

	w->url = xstrdup("https://example.com/x?token=query-secret&a=1");
	secret_put_str(&w->secret, "whsec_ab/c+\"defgh");
	secret_put_str(&w->olds[0].secret, "a later old one");
	secret_put_str(&w->olds[1].secret, "the old secret");
	secret_put_str(&w->olds[2].secret, "whsec_AAECAwQFBgcICQoLDA0ODw==");
	w->nolds = 3;
	webhook_header_put(w, "Authorization", "Bearer opensesame", 17);
	webhook_header_put(w, "X-Basic", "basic dXNlcjpwYXNzd29yZA==", 26);
	webhook_header_put(w, "X-Short", "abc", 3);
	webhook_header_put(w, "Cookie", "session=0123456789abc; theme=dark",
	    33);
	webhook_header_put(w, "X-Token", "Token token=\"tokenlong12\", a=1",
	    31);

	return w;
}

static void
assert_kept(const char *answer, const char *want)
{
	struct webhook *w = webhook_of();
	struct buf out;

	buf_init(&out, 1024);
	redact_answer(w, NULL, answer, strlen(answer), &out);
	assert_string_equal(buf_str(&out), want);
	buf_fini(&out);
	webhook_free(w);
}

static void
test_secrets_are_cut(void **state)
{
	static const struct {
		const char *answer, *want;
	} cases[] = {
		{ "", "" },
		{ "ok", "ok" },
		{ "abc: all is well", "abc: all is well" },
		{ "whsec_ab/c+\"defgh", "***" },
		{ "key=ab/c+\"defgh;", "key=***;" },
		{ "{\"s\":\"whsec_ab\\/c+\\\"defgh\"}", "{\"s\":\"***\"}" },
		{ "s=whsec_ab%2Fc%2b%22defgh&t", "s=***&t" },
		{ "\"whsec_ab/c\\u002B\\u0022defgh\"", "\"***\"" },
		{ "was the old secret", "was ***" },
		{ "Authorization: Bearer opensesame\r\n",
		    "Authorization: ***\r\n" },
		{ "you said opensesame", "you said ***" },
		{ "GET /x?token=query-secret&a=1", "GET /x?token=***&a=1" },
		{ "you are user:password", "you are ***" },
		{ "wrong password password!", "wrong *** ***!" },
		{ "dXNlcjpwYXNzd29yZA==", "***" },
		{ "the old secreT", "the old secreT" },
		{ "session is 0123456789abc, theme is dark",
		    "session is ***, theme is dark" },
		{ "bad token tokenlong12", "bad token ***" },
		{ "<b>whsec_ab&#x2F;c&#43;&quot;defgh</b>", "<b>***</b>" },
		{ "ab&#47;c+&#x22;defgh", "***" },
		{ "the+old+secret", "***" },
		{ "&", "&" },
		{ "ab&#", "ab&#" },
		{ "ab&#x", "ab&#x" },
		{ "ab&#47", "ab&#47" },
		{ "ab&#4x;c+", "ab&#4x;c+" },
		{ "ab&;c+", "ab&;c+" },
		/* "the old secret" in base64, alone and behind others; the
		 * bits that share a letter with others may stay. */
		{ "dGhlIG9sZCBzZWNyZXQ=", "***" },
		{ "got dGhlIG9sZCBzZWNyZXQ.", "got ***." },
		{ "eHRoZSBvbGQgc2VjcmV0eQ==", "eH***eQ==" },
		{ "eHh0aGUgb2xkIHNlY3JldHk=", "eHh***k=" },
		{ "dGhlIG9sZCBzZWNyZXQ%3D&a", "***&a" },
		{ "dGhlIG9sZCBzZWNyZXr=", "dGhlIG9sZCBzZWNyZXr=" },
		{ "dGhlIG9sZCBz", "***" },
		{ "dGhl", "dGhl" },
		{ "746865206f6C6420736563726574", "***" },
		{ "<746865206f6c6420736563726574>", "<***>" },
		{ "746865206f6c64207365637265", "***" },
		{ "746865206f6c6420736563726575",
		    "746865206f6c6420736563726575" },
		/* The key of a secret whsec_, in hexadecimal digits. */
		{ "000102030405060708090a0b0c0d0e0f", "***" },
		{ "6f70656e736573616d65", "***" },
		/* The kept bytes end within it. */
		{ "you sent the old sec", "you sent ***" },
		{ "%", "%" },
		{ "\\", "\\" },
		{ "\\u00", "\\u00" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++)
		assert_kept(cases[i].answer, cases[i].want);
}

/* The webhook has changed while the request was under way. */
static void
test_secrets_of_the_request_are_cut(void **state)
{
	static const char *const headers[] = { "X-Key: the earlier key",
		"Authorization: Basic dXNlcjplYXJsaWVyMQ==" };
	const struct redact_sent sent = {
		"https://old.example/?t=earlier-query", headers, 2
	};
	const char *answer = "the earlier key, earlier1, earlier-query, ok";
	struct webhook *w = webhook_of();
	struct buf out;

	(void)state;
	buf_init(&out, 1024);
	redact_answer(w, &sent, answer, strlen(answer), &out);
	assert_string_equal(buf_str(&out), "***, ***, ***, ok");
	buf_fini(&out);
	webhook_free(w);
}

static void
test_every_byte_is_stored(void **state)
{
	struct webhook *w = webhook_of();
	struct buf out;

	(void)state;
	buf_init(&out, 1024);
	redact_answer(w, NULL, "\0\xff\x01", 3, &out);
	assert_int_equal(out.len, 3);
	assert_memory_equal(out.data, "\0\xff\x01", 3);
	buf_fini(&out);
	webhook_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secrets_are_cut),
		cmocka_unit_test(test_secrets_of_the_request_are_cut),
		cmocka_unit_test(test_every_byte_is_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
