/* Secrets that stand in documents are known, however they are spelt. */
#include "config.h"

#include <string.h>

#include "tests/unit/unit.h"

#include "core/pubsecret.h"

static void
test_published_secrets_are_known_in_every_spelling(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} rows[] = {
		{ "existing-system-integration", true },
		{ "Existing System Integration", true },
		{ "It's a Secret to Everybody", true },
		{ "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true },
		{ "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true },
		{ "v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true },
		{ "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", true },
		{ "whsec_plJ3nmyCDGBKInavdOK15jsl", true },
		{ "8f742231b10e8888abcd99yyyzzz85a5", true },
		{ "your-webhook-secret", true },
		{ "your_github_webhook_secret_here", true },
		{ "YOUR_SUPER_SECRET_KEY", true },
		{ "<your webhook secret>", true },
		{ "change-me-in-production", true },
		{ "replace-with-32-random-bytes", true },
		{ "replace_with_a_strong_secret", true },
		{ "It\xe2\x80\x99s a Secret to Everybody", true },
		{ "Its a secret to everybody!", true },
		{ "SXQncyBhIFNlY3JldCB0byBFdmVyeWJvZHk=", true },
		{ "whsec_SXQncyBhIFNlY3JldCB0byBFdmVyeWJvZHk", true },
		{ "4974277320612053656372657420746F20457665727962"
		  "6f6479",
		    true },
		{ "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw==", true },
		{ "whsec_eW91ci13ZWJob29rLXNlY3JldA==", true },
		{ "'''", false },
		{ "your-own-elephant-secret", false },
		{ "it is a secret to everybody here", false },
		{ "a secret of another kind of sender", false },
		{ "the secret of this one webhook", false },
		{ "9f86d081884c7d659a2feaa0c55ad015", false },
		{ "", false },
	};
	struct secret s = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		secret_put_str(&s, rows[i].text);
		if (pubsecret_has(&s) != rows[i].want)
			fail_msg("%s", rows[i].text);
		secret_fini(&s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_published_secrets_are_known_in_every_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
