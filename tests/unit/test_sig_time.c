#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/xalloc.h"
#include "core/http.h"
#include "core/sig.h"
#include "core/source.h"

#define STD_SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define STD_ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define STD_TIME "1614265330"
#define STD_NOW INT64_C(1614265330000)
#define STD_BODY "{\"test\": 2432232314}"
#define STD_MAC "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static void
test_a_signature_that_fits_is_told_from_a_time_that_does_not(void **state)
{
	static const struct {
		const char *timestamp, *mac;
		int64_t shift_ms;
		bool proved;
		const char *text;
	} rows[] = {
		{ STD_TIME, STD_MAC, 301000, true, "301 s behind" },
		{ STD_TIME, STD_MAC, -372000, true, "372 s ahead of" },
		{ STD_TIME, STD_MAC, INT64_C(86400000), true, "86400 s" },
		{ STD_TIME, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=",
		    301000, false, "no signature" },
		{ STD_TIME, "h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		    301000, false, "fits no secret" },
		{ "1614265331", STD_MAC, 301000, false, "fits no secret" },
		{ STD_TIME "000", STD_MAC, 0, false, "fits no secret" },
		/* Of 1614265330000.{"test": 2432232314} */
		{ STD_TIME "000",
		    "rTuMKFUiBNE7gJ41LZxwvD1dtGO0rPk1IamJN9BSq2w=", 0, true,
		    "not in unix seconds" },
	};
	char timestamp[64], list[128];
	struct source src;
	struct sources all = { &src, 1 };
	struct err e;
	size_t i;
	bool proved;

	(void)state;
	memset(&src, 0, sizeof(src));
	src.scheme = sig_scheme_find("standard");
	src.secrets = xcalloc(1, sizeof(*src.secrets));
	src.nsecrets = 1;
	secret_put_str(&src.secrets[0], STD_SECRET);
	for (i = 0; i < NELEM(rows); i++) {
		const char *params[] = { "HTTP_WEBHOOK_ID=" STD_ID, timestamp,
			list, NULL };
		struct http_req req = { .params = params,
			.body = STD_BODY,
			.bodysz = strlen(STD_BODY) };

		snprintf(timestamp, sizeof(timestamp),
		    "HTTP_WEBHOOK_TIMESTAMP=%s", rows[i].timestamp);
		snprintf(list, sizeof(list), "HTTP_WEBHOOK_SIGNATURE=v1,%s",
		    rows[i].mac);
		assert_int_equal(sig_verify(&all, &src, &req,
				     STD_NOW + rows[i].shift_ms, &proved, &e),
		    RC_DENIED);
		if (proved != rows[i].proved ||
		    strstr(e.text, rows[i].text) == NULL)
			fail_msg("row %zu: %d, %s", i, proved, e.text);
	}
	secret_fini(&src.secrets[0]);
	free(src.secrets);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_signature_that_fits_is_told_from_a_time_that_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
