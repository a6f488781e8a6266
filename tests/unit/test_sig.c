#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/buf.h"
#include "base/crypt.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/http.h"
#include "core/sig.h"
#include "core/source.h"
#include "core/whsk.h"

#define SECRET "It's a Secret to Everybody"
#define HELLO "Hello, World!"
#define HELLO_HEX \
	"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define HELLO_CAPITALS \
	"757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17"

#define STD_SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define STD_ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define STD_TIME "1614265330"
#define STD_NOW INT64_C(1614265330000)
#define STD_BODY "{\"test\": 2432232314}"
#define STD_MAC "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

/* A request of up to 7 headers "NAME=value" in CGI's spelling. */
struct post {
	const char *params[8];
	const char *body;
	size_t bodysz; /* 0: the string's */
};

static enum rc
verify(const struct source *src, const struct post *p, int64_t now_ms)
{
	struct http_req req = { .params = p->params,
		.body = p->body,
		.bodysz = p->bodysz != 0 ? p->bodysz : strlen(p->body) };
	struct sources all = { (struct source *)src, src != NULL };
	struct err e;
	bool proved;
	enum rc rc;

	rc = sig_check_headers(&req, &e);
	return rc != RC_OK ? rc
			   : sig_verify(&all, src, &req, now_ms, &proved, &e);
}

static void
source_init(struct source *src, const char *provider, const char *secret)
{
	memset(src, 0, sizeof(*src));
	src->name = xstrdup("a");
	src->scheme = sig_scheme_find(provider);
	src->secrets = xcalloc(2, sizeof(*src->secrets));
	src->nsecrets = 1;
	secret_put_str(&src->secrets[0], secret);
}

static void
source_fini(struct source *src)
{
	struct sources l = { xmalloc(sizeof(*src)), 1 };

	memcpy(l.v, src, sizeof(*src));
	sources_fini(&l);
}

static void
test_github_signatures_are_compared_exactly(void **state)
{
	static const struct {
		const char *header;
		enum rc want;
	} rows[] = {
		{ "HTTP_X_HUB_SIGNATURE_256=sha256=" HELLO_HEX, RC_OK },
		{ "HTTP_X_OTHER=1", RC_DENIED },
		{ "HTTP_X_HUB_SIGNATURE=sha256=" HELLO_HEX, RC_DENIED },
		{ "HTTP_X_HUB_SIGNATURE_256=", RC_DENIED },
		{ "HTTP_X_HUB_SIGNATURE_256=sha256=", RC_DENIED },
		{ "HTTP_X_HUB_SIGNATURE_256=sha1=" HELLO_HEX, RC_DENIED },
		{ "HTTP_X_HUB_SIGNATURE_256=SHA256=" HELLO_HEX, RC_DENIED },
		{ "HTTP_X_HUB_SIGNATURE_256=" HELLO_HEX, RC_DENIED },
		{ "HTTP_X_HUB_SIGNATURE_256=sha256=" HELLO_HEX "0", RC_DENIED },
		{ "HTTP_X_HUB_SIGNATURE_256=sha256=57107ea0eb2509fc211221cce98"
		  "4b8a37570b6d7586c22c46f4379c8b043e17",
		    RC_DENIED },
		{ "HTTP_X_HUB_SIGNATURE_256=sha256=g57107ea0eb2509fc211221cce98"
		  "4b8a37570b6d7586c22c46f4379c8b043e17",
		    RC_DENIED },
		{ "HTTP_X_HUB_SIGNATURE_256=sha256=" HELLO_CAPITALS,
		    RC_DENIED },
		{ "HTTP_X_HUB_SIGNATURE_256= sha256=" HELLO_HEX, RC_DENIED },
		{ "HTTP_X_HUB_SIGNATURE_256=sha256=" HELLO_HEX "\n",
		    RC_DENIED },
		{ "HTTP_X_HUB_SIGNATURE_256=sha256= " HELLO_HEX, RC_DENIED },
		{ "HTTP_X_HUB_SIGNATURE_256=sha256=\t" HELLO_HEX, RC_INVALID },
		{ "HTTP_X_HUB_SIGNATURE_256=sha256=" HELLO_HEX ", sha256=x",
		    RC_INVALID },
		{ "HTTP_X_HUB_SIGNATURE_256=sha256=" HELLO_HEX ",sha256=x",
		    RC_INVALID },
	};
	struct source src;
	size_t i;

	(void)state;
	source_init(&src, "github", SECRET);
	for (i = 0; i < NELEM(rows); i++) {
		struct post p = { { rows[i].header, NULL }, HELLO, 0 };

		if (verify(&src, &p, 0) != rows[i].want)
			fail_msg("%s", rows[i].header);
	}
	source_fini(&src);
}

static void
test_doubled_headers_are_refused_in_any_order(void **state)
{
	static const char good[] = "HTTP_X_HUB_SIGNATURE_256=sha256=" HELLO_HEX;
	static const char bad[] = "HTTP_X_HUB_SIGNATURE_256=sha256=00";
	const struct post rows[] = {
		{ { good, bad, NULL }, HELLO, 0 },
		{ { bad, good, NULL }, HELLO, 0 },
		{ { good, good, NULL }, HELLO, 0 },
		{ { good, "HTTP_X_GITHUB_EVENT=a", "HTTP_X_GITHUB_EVENT=b",
		      NULL },
		    HELLO, 0 },
		{ { good, "HTTP_X_GITHUB_DELIVERY=a, b", NULL }, HELLO, 0 },
		/* Another scheme's header, all the same. */
		{ { good, "HTTP_WEBHOOK_ID=a", "HTTP_WEBHOOK_ID=a", NULL },
		    HELLO, 0 },
	};
	struct source src;
	size_t i;

	(void)state;
	source_init(&src, "github", SECRET);
	for (i = 0; i < NELEM(rows); i++)
		assert_int_equal(verify(&src, &rows[i], 0), RC_INVALID);
	source_fini(&src);
}

static void
test_any_of_several_secrets_verifies(void **state)
{
	const struct post p = {
		{ "HTTP_X_HUB_SIGNATURE_256=sha256=" HELLO_HEX, NULL }, HELLO, 0
	};
	struct source src;

	(void)state;
	source_init(&src, "github", "the newer secret");
	assert_int_equal(verify(&src, &p, 0), RC_DENIED);
	src.nsecrets = 2;
	secret_put_str(&src.secrets[1], SECRET);
	assert_int_equal(verify(&src, &p, 0), RC_OK);
	source_fini(&src);
}

static void
test_a_missing_source_denies_every_post(void **state)
{
	const struct post p = {
		{ "HTTP_X_HUB_SIGNATURE_256=sha256=" HELLO_HEX, NULL }, HELLO, 0
	};

	(void)state;
	assert_int_equal(verify(NULL, &p, 0), RC_DENIED);
}

/* A generator of its own, so that a failure can be had again. */
static uint32_t
roll(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void
test_no_flipped_bit_is_accepted(void **state)
{
	static const struct {
		const char *provider, *secret, *header;
		const char *more[2];
		const char *body;
		int64_t now_ms;
	} rows[] = {
		{ "github", SECRET,
		    "HTTP_X_HUB_SIGNATURE_256=sha256=" HELLO_HEX,
		    { NULL, NULL }, HELLO, 0 },
		{ "standard", STD_SECRET, "HTTP_WEBHOOK_SIGNATURE=v1," STD_MAC,
		    { "HTTP_WEBHOOK_ID=" STD_ID,
			"HTTP_WEBHOOK_TIMESTAMP=" STD_TIME },
		    STD_BODY, STD_NOW },
	};
	uint32_t seed = 20261121;
	char header[128], body[64], *at;
	struct source src;
	size_t row, i, n, skip, bodysz, bit;

	(void)state;
	for (row = 0; row < NELEM(rows); row++) {
		source_init(&src, rows[row].provider, rows[row].secret);
		skip = (size_t)(strchr(rows[row].header, '=') + 1 -
		    rows[row].header);
		bodysz = strlen(rows[row].body);
		n = strlen(rows[row].header) - skip;
		for (i = 0; i < 10000; i++) {
			struct post p = { { header, rows[row].more[0],
					      rows[row].more[1], NULL },
				body, bodysz };

			snprintf(header, sizeof(header), "%s",
			    rows[row].header);
			memcpy(body, rows[row].body, bodysz);
			bit = roll(&seed) % ((n + bodysz) * 8);
			at = bit / 8 < n ? header + skip + bit / 8
					 : body + (bit / 8 - n);
			*at = (char)(*at ^ (1 << bit % 8));
			if (verify(&src, &p, rows[row].now_ms) == RC_OK)
				fail_msg("%s: bit %zu", rows[row].provider,
				    bit);
		}
		source_fini(&src);
	}
}

static void
test_standard_list_and_time(void **state)
{
	static const struct {
		const char *id, *timestamp, *list;
		int64_t shift_ms;
		enum rc want;
	} rows[] = {
		{ STD_ID, STD_TIME, "v1," STD_MAC, 0, RC_OK },
		{ STD_ID, STD_TIME, "v1," STD_MAC, 300000, RC_OK },
		{ STD_ID, STD_TIME, "v1," STD_MAC, -300000, RC_OK },
		{ STD_ID, STD_TIME, "v1," STD_MAC, 301000, RC_DENIED },
		{ STD_ID, STD_TIME, "v1," STD_MAC, -301000, RC_DENIED },
		{ STD_ID, STD_TIME, "v1a,xx v1,AAAA v1," STD_MAC, 0, RC_OK },
		{ STD_ID, STD_TIME, "v2," STD_MAC, 0, RC_DENIED },
		{ STD_ID, STD_TIME, "v1,", 0, RC_DENIED },
		{ STD_ID, STD_TIME, "v1", 0, RC_DENIED },
		{ STD_ID, STD_TIME, "", 0, RC_DENIED },
		{ STD_ID, STD_TIME, STD_MAC, 0, RC_DENIED },
		{ STD_ID, STD_TIME, "v1,!!!!", 0, RC_DENIED },
		{ STD_ID, STD_TIME,
		    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE", 0,
		    RC_DENIED },
		{ STD_ID, STD_TIME, "v1," STD_MAC "=", 0, RC_DENIED },
		{ STD_ID, "16142 65330", "v1," STD_MAC, 0, RC_DENIED },
		{ STD_ID, STD_TIME,
		    "v1,x v1,x v1,x v1,x v1,x v1,x v1,x v1,x "
		    "v1,x v1," STD_MAC,
		    0, RC_OK },
		{ STD_ID, STD_TIME,
		    "v1,x v1,x v1,x v1,x v1,x v1,x v1,x v1,x "
		    "v1,x v1,x v1," STD_MAC,
		    0, RC_DENIED },
		{ STD_ID, STD_TIME, "v1," STD_MAC ", v1," STD_MAC, 0,
		    RC_INVALID },
		{ STD_ID, STD_TIME, "v1," STD_MAC ",v1," STD_MAC, 0,
		    RC_INVALID },
		{ STD_ID ", " STD_ID, STD_TIME, "v1," STD_MAC, 0, RC_INVALID },
		{ "other", STD_TIME, "v1," STD_MAC, 0, RC_DENIED },
		{ STD_ID, "-1614265330", "v1," STD_MAC, 0, RC_DENIED },
		{ STD_ID, "1e9", "v1," STD_MAC, 0, RC_DENIED },
		{ STD_ID, "0x6037bdf2", "v1," STD_MAC, 0, RC_DENIED },
		{ STD_ID, "16142653301614265330", "v1," STD_MAC, 0, RC_DENIED },
		{ STD_ID, " " STD_TIME, "v1," STD_MAC, 0, RC_DENIED },
		{ STD_ID, STD_TIME "000", "v1," STD_MAC, 0, RC_DENIED },
	};
	char id[128], timestamp[64], list[512];
	struct post p = { { id, timestamp, list, NULL }, STD_BODY, 0 };
	struct source src;
	size_t i;

	(void)state;
	source_init(&src, "standard", STD_SECRET);
	for (i = 0; i < NELEM(rows); i++) {
		snprintf(id, sizeof(id), "HTTP_WEBHOOK_ID=%s", rows[i].id);
		snprintf(timestamp, sizeof(timestamp),
		    "HTTP_WEBHOOK_TIMESTAMP=%s", rows[i].timestamp);
		snprintf(list, sizeof(list), "HTTP_WEBHOOK_SIGNATURE=%s",
		    rows[i].list);
		if (verify(&src, &p, STD_NOW + rows[i].shift_ms) !=
		    rows[i].want)
			fail_msg("row %zu: %s %s %s", i, rows[i].id,
			    rows[i].timestamp, rows[i].list);
	}
	source_fini(&src);
}

/* With the prefix, without, and what hls itself makes of a plain secret. */
static void
test_standard_secrets_in_every_spelling(void **state)
{
	static const struct {
		const char *secret;
		bool is_base64;
	} rows[] = {
		{ STD_SECRET, true },
		{ "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true },
		{ "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", false },
		{ "just sixteen chars and more", false },
	};
	const struct post vector = {
		{ "HTTP_WEBHOOK_ID=" STD_ID, "HTTP_WEBHOOK_TIMESTAMP=" STD_TIME,
		    "HTTP_WEBHOOK_SIGNATURE=v1," STD_MAC, NULL },
		STD_BODY, 0
	};
	struct source src;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		source_init(&src, "standard", rows[i].secret);
		assert_int_equal(verify(&src, &vector, STD_NOW),
		    rows[i].is_base64 ? RC_OK : RC_DENIED);
		source_fini(&src);
	}
}

static void
test_key_forms_are_as_configured(void **state)
{
	static const struct {
		const char *secret;
		enum source_key key;
		bool is_good, fits;
	} rows[] = {
		{ STD_SECRET, SOURCE_KEY_AUTO, true, true },
		{ STD_SECRET, SOURCE_KEY_BASE64, true, true },
		{ "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", SOURCE_KEY_BASE64, true,
		    true },
		{ "31f290f6bf06298aab4f08d43c3f082cf648a362da2da4b0",
		    SOURCE_KEY_HEX, true, true },
		{ STD_SECRET, SOURCE_KEY_TEXT, true, false },
		{ "v1," STD_SECRET, SOURCE_KEY_TEXT, true, false },
		{ "v1," STD_SECRET, SOURCE_KEY_AUTO, false, false },
		{ "whsec_MTIzNDU2Nzg=", SOURCE_KEY_AUTO, false, false },
		{ "whsec_MTIzNDU2NzgxMjM0NTY3OA", SOURCE_KEY_AUTO, true,
		    false },
		{ "not base64 at all", SOURCE_KEY_BASE64, false, false },
		{ "0123456789abcde", SOURCE_KEY_HEX, false, false },
		{ "0123456789abcdef", SOURCE_KEY_HEX, false, false },
	};
	const struct post vector = {
		{ "HTTP_WEBHOOK_ID=" STD_ID, "HTTP_WEBHOOK_TIMESTAMP=" STD_TIME,
		    "HTTP_WEBHOOK_SIGNATURE=v1," STD_MAC, NULL },
		STD_BODY, 0
	};
	struct source src;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		source_init(&src, "standard", rows[i].secret);
		src.key = rows[i].key;
		if ((sig_source_check(&src, &e) == RC_OK) != rows[i].is_good)
			fail_msg("row %zu is judged wrong", i);
		if (rows[i].is_good)
			assert_int_equal(verify(&src, &vector, STD_NOW),
			    rows[i].fits ? RC_OK : RC_DENIED);
		source_fini(&src);
	}
}

#define SVIX_ID "HTTP_SVIX_ID=" STD_ID
#define SVIX_TIME "HTTP_SVIX_TIMESTAMP=" STD_TIME
#define SVIX_MAC "HTTP_SVIX_SIGNATURE=v1," STD_MAC
#define STD_ID_LINE "HTTP_WEBHOOK_ID=" STD_ID
#define STD_TIME_LINE "HTTP_WEBHOOK_TIMESTAMP=" STD_TIME
#define STD_MAC_LINE "HTTP_WEBHOOK_SIGNATURE=v1," STD_MAC

static void
test_either_family_of_names_and_never_a_mix(void **state)
{
	static const struct {
		struct post p;
		enum rc want;
	} rows[] = {
		{ { { STD_ID_LINE, STD_TIME_LINE, STD_MAC_LINE, NULL },
		      STD_BODY, 0 },
		    RC_OK },
		{ { { SVIX_ID, SVIX_TIME, SVIX_MAC, NULL }, STD_BODY, 0 },
		    RC_OK },
		{ { { SVIX_ID, STD_TIME_LINE, STD_MAC_LINE, NULL }, STD_BODY,
		      0 },
		    RC_DENIED },
		{ { { STD_ID_LINE, SVIX_TIME, STD_MAC_LINE, NULL }, STD_BODY,
		      0 },
		    RC_DENIED },
		{ { { STD_ID_LINE, STD_TIME_LINE, SVIX_MAC, NULL }, STD_BODY,
		      0 },
		    RC_DENIED },
		{ { { "HTTP_WEBHOOK_ID=other", SVIX_ID, SVIX_TIME, SVIX_MAC,
			NULL },
		      STD_BODY, 0 },
		    RC_OK },
		{ { { SVIX_ID, SVIX_ID, SVIX_TIME, SVIX_MAC, NULL }, STD_BODY,
		      0 },
		    RC_INVALID },
	};
	struct source src;
	size_t i;

	(void)state;
	source_init(&src, "standard", STD_SECRET);
	for (i = 0; i < NELEM(rows); i++)
		if (verify(&src, &rows[i].p, STD_NOW) != rows[i].want)
			fail_msg("row %zu", i);
	source_fini(&src);
}

#define V1A                                                              \
	"v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymV" \
	"JaA7AZdpXwVLPo3mNl8EM+m7TBAg=="

static void
test_signatures_by_ed25519_are_taken_with_the_public_key(void **state)
{
	static const struct {
		const char *list, *body;
		enum rc want;
	} rows[] = {
		{ "HTTP_WEBHOOK_SIGNATURE=" V1A, STD_BODY, RC_OK },
		{ "HTTP_WEBHOOK_SIGNATURE=v1," STD_MAC " " V1A, STD_BODY,
		    RC_OK },
		{ "HTTP_WEBHOOK_SIGNATURE=" V1A, STD_BODY " ", RC_DENIED },
		{ "HTTP_WEBHOOK_SIGNATURE=v1," STD_MAC, STD_BODY, RC_DENIED },
		{ "HTTP_WEBHOOK_SIGNATURE=v1a,AAAA", STD_BODY, RC_DENIED },
	};
	struct source src;
	struct err e;
	size_t i;

	(void)state;
	source_init(&src, "standard", STD_SECRET);
	src.nsecrets = 0;
	src.npublic_keys = 1;
	src.public_keys = xcalloc(1, sizeof(*src.public_keys));
	assert_true(whsk_public_parse(
	    "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
	    src.public_keys[0]));
	assert_int_equal(sig_source_check(&src, &e), RC_OK);
	for (i = 0; i < NELEM(rows); i++) {
		const struct post p = { { STD_ID_LINE, STD_TIME_LINE,
					    rows[i].list, NULL },
			rows[i].body, 0 };

		if (verify(&src, &p, STD_NOW) != rows[i].want)
			fail_msg("row %zu", i);
		assert_int_equal(verify(&src, &p, STD_NOW + 301 * 1000),
		    RC_DENIED);
	}
	src.nsecrets = 1;
	src.scheme = sig_scheme_find("github");
	assert_int_equal(sig_source_check(&src, &e), RC_INVALID);
	source_fini(&src);
}

struct hmac_row {
	const char *secret, *header, *prefix, *template;
	enum source_encoding encoding;
	const char *time_header;
	int64_t now_ms;
	struct post post;
	enum rc want;
};

static void
hmac_init(struct source *src, const struct hmac_row *r)
{
	source_init(src, "hmac", r->secret);
	src->hmac.header = xstrdup(r->header);
	src->hmac.algorithm = CRYPT_SHA256;
	src->hmac.encoding = r->encoding;
	src->hmac.prefix = xstrdup(r->prefix);
	src->hmac.template = xstrdup(r->template);
	src->hmac.tolerance_ms = 300000;
	if (r->time_header != NULL)
		src->hmac.timestamp_header = xstrdup(r->time_header);
}

#define BITBUCKET_HEX \
	"a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
#define SLACK_HEX \
	"a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
#define SLACK_BODY                                                           \
	"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain="      \
	"testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id="      \
	"U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="    \
	"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J" \
	"%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015" \
	".47445629121.803a0bc887a14d10d2c447fce8b6703c"

static void
test_other_senders_are_configured(void **state)
{
	static const struct hmac_row rows[] = {
		{ SECRET, "X-Hub-Signature", "sha256=", "{body}", SOURCE_HEX,
		    NULL, 0,
		    { { "HTTP_X_HUB_SIGNATURE=sha256=" BITBUCKET_HEX, NULL },
			"Hello World!", 0 },
		    RC_OK },
		{ SECRET, "X-Gitea-Signature", "", "{body}", SOURCE_HEX, NULL,
		    0,
		    { { "HTTP_X_GITEA_SIGNATURE=" HELLO_HEX, NULL }, HELLO, 0 },
		    RC_OK },
		{ SECRET, "X-Gitea-Signature", "", "{body}", SOURCE_HEX, NULL,
		    0,
		    { { "HTTP_X_GITEA_SIGNATURE=" HELLO_CAPITALS, NULL }, HELLO,
			0 },
		    RC_OK },
		{ "8f742231b10e8888abcd99yyyzzz85a5", "X-Slack-Signature",
		    "v0=", "v0:{timestamp}:{body}", SOURCE_HEX,
		    "X-Slack-Request-Timestamp", INT64_C(1531420618000),
		    { { "HTTP_X_SLACK_SIGNATURE=v0=" SLACK_HEX,
			  "HTTP_X_SLACK_REQUEST_TIMESTAMP=1531420618", NULL },
			SLACK_BODY, 0 },
		    RC_OK },
		{ "8f742231b10e8888abcd99yyyzzz85a5", "X-Slack-Signature",
		    "v0=", "v0:{timestamp}:{body}", SOURCE_HEX,
		    "X-Slack-Request-Timestamp", INT64_C(1531420919000),
		    { { "HTTP_X_SLACK_SIGNATURE=v0=" SLACK_HEX,
			  "HTTP_X_SLACK_REQUEST_TIMESTAMP=1531420618", NULL },
			SLACK_BODY, 0 },
		    RC_DENIED },
		{ SECRET, "X-Shop", "", "{body}", SOURCE_BASE64, NULL, 0,
		    { { "HTTP_X_SHOP=dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPh"
			"c=",
			  NULL },
			HELLO, 0 },
		    RC_OK },
		{ SECRET, "X-Shop", "", "{body}", SOURCE_BASE64, NULL, 0,
		    { { "HTTP_X_SHOP=a", "HTTP_X_SHOP=a", NULL }, HELLO, 0 },
		    RC_DENIED },
	};
	struct source src;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		hmac_init(&src, &rows[i]);
		assert_int_equal(sig_source_check(&src, &e), RC_OK);
		if (verify(&src, &rows[i].post, rows[i].now_ms) != rows[i].want)
			fail_msg("row %zu", i);
		source_fini(&src);
	}
}

/* Signs as Standard Webhooks does, with the source's secret. */
static enum rc
post_standard(const struct source *src, const char *id, const char *body)
{
	char lines[3][128];
	struct post p = { { lines[0], lines[1], lines[2], NULL }, body, 0 };
	struct buf out;

	buf_init(&out, 4096);
	sig_sample(src, "", id, body, strlen(body), STD_NOW, &out);
	assert_non_null(strstr(buf_str(&out), "v1,"));
	snprintf(lines[0], sizeof(lines[0]), "HTTP_WEBHOOK_ID=%s", id);
	snprintf(lines[1], sizeof(lines[1]), "HTTP_WEBHOOK_TIMESTAMP=%s",
	    STD_TIME);
	snprintf(lines[2], sizeof(lines[2]), "HTTP_WEBHOOK_SIGNATURE=%.47s",
	    strstr(buf_str(&out), "v1,"));
	buf_fini(&out);
	return verify(src, &p, STD_NOW);
}

static void
test_a_dot_in_a_standard_id_moves_no_signature(void **state)
{
	struct source src;

	(void)state;
	source_init(&src, "standard", STD_SECRET);
	assert_int_equal(post_standard(&src, "msg.1", "{}"), RC_OK);
	assert_int_equal(post_standard(&src, "msg.1", "[1.5]"), RC_OK);
	assert_int_equal(post_standard(&src, "msg_1", "5"), RC_OK);
	assert_int_equal(post_standard(&src, "msg_1", "5.5"), RC_OK);
	/* "msg" . TIME . "TIME.5" could be "msg.TIME" . TIME . "5". */
	assert_int_equal(post_standard(&src, "msg." STD_TIME, "5"), RC_DENIED);
	assert_int_equal(post_standard(&src, "msg", STD_TIME ".5"), RC_DENIED);
	source_fini(&src);
}

/* What one source has configured is nothing to another one's posts, and a
 * fault in it is a signature that does not fit. */
static void
test_own_headers_judge_own_posts(void **state)
{
	static const char *const faults[] = { "HTTP_X_TIME=1, 2",
		"HTTP_X_ID=a, b", "HTTP_X_EVENT=a\001b", "HTTP_X_SIG=a,b" };
	struct hmac_row row = { SECRET, "X-Sig", "", "{body}", SOURCE_HEX, NULL,
		0, { { NULL }, "", 0 }, RC_OK };
	struct source src, other;
	size_t i;

	(void)state;
	hmac_init(&src, &row);
	src.hmac.timestamp_header = xstrdup("X-Time");
	src.facts.id_header = xstrdup("X-Id");
	src.facts.event_header = xstrdup("X-Event");
	source_init(&other, "github", SECRET);
	for (i = 0; i < NELEM(faults); i++) {
		struct post own = {
			{ faults[i], "HTTP_X_SIG=" HELLO_HEX, NULL }, HELLO, 0
		};
		struct post github = {
			{ faults[i],
			    "HTTP_X_HUB_SIGNATURE_256=sha256=" HELLO_HEX,
			    NULL },
			HELLO, 0
		};

		assert_int_equal(verify(&src, &own, 0), RC_DENIED);
		assert_int_equal(verify(&other, &github, 0), RC_OK);
	}
	source_fini(&src);
	source_fini(&other);
}

static void
test_settings_that_cannot_be_kept_are_refused(void **state)
{
	struct hmac_row row = { SECRET, "X-Sig", "", "{body}", SOURCE_HEX,
		"X-Time", 0, { { NULL }, "", 0 }, RC_OK };
	struct source src;
	struct err e;

	(void)state;
	hmac_init(&src, &row);
	assert_int_equal(sig_source_check(&src, &e), RC_INVALID);
	source_fini(&src);

	row.template = "{timestamp}{body}";
	hmac_init(&src, &row);
	assert_int_equal(sig_source_check(&src, &e), RC_OK);
	src.nsecrets = 0;
	assert_int_equal(sig_source_check(&src, &e), RC_INVALID);
	src.nsecrets = 1;
	source_fini(&src);

	source_init(&src, "standard", "whsec_not base64 at all");
	assert_int_equal(sig_source_check(&src, &e), RC_INVALID);
	source_fini(&src);
}

/* Turns sample's lines into CGI's spelling and hands them to verify(). */
static void
verify_sample(struct source *src)
{
	static char lines[8][256];
	struct post p = { { NULL }, STD_BODY, 0 };
	struct buf out;
	char *line, *save, *colon, *c;
	size_t n = 0;

	buf_init(&out, 4096);
	sig_sample(src, "issues", "d-1", STD_BODY, strlen(STD_BODY), STD_NOW,
	    &out);
	for (line = strtok_r(out.data, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		colon = strchr(line, ':');
		assert_non_null(colon);
		*colon = '\0';
		for (c = line; *c != '\0'; c++)
			*c = *c == '-' ? '_'
				       : (char)(*c & ~(*c >= 'a' ? 32 : 0));
		snprintf(lines[n], sizeof(lines[n]), "HTTP_%s=%s", line,
		    colon + 2);
		p.params[n] = lines[n];
		n++;
	}
	assert_int_equal(verify(src, &p, STD_NOW), RC_OK);
	buf_fini(&out);
}

static void
test_samples_verify(void **state)
{
	static const struct hmac_row row = { SECRET, "X-Sig",
		"v0=", "{id}:{timestamp}:{body}", SOURCE_BASE64, "X-Time", 0,
		{ { NULL }, "", 0 }, RC_OK };
	struct source src;

	(void)state;
	source_init(&src, "github", SECRET);
	verify_sample(&src);
	source_fini(&src);
	source_init(&src, "standard", STD_SECRET);
	verify_sample(&src);
	source_fini(&src);
	source_init(&src, "standard", "a plain secret of some length");
	verify_sample(&src);
	source_fini(&src);
	hmac_init(&src, &row);
	src.facts.id_header = xstrdup("X-Id");
	src.facts.event_header = xstrdup("X-Event");
	verify_sample(&src);
	source_fini(&src);
}

static void
test_sources_are_found_by_path(void **state)
{
	static const struct {
		const char *path;
		bool want;
	} rows[] = { { "/hooks/a", true }, { "/api/webhooks/a", true },
		{ "/webhook", true }, { "/hooks/b", false },
		{ "/hooks/a/b", false }, { "/hooks/", false },
		{ "/a", false } };
	struct sources l = { xcalloc(1, sizeof(struct source)), 1 };
	size_t i;

	(void)state;
	source_init(&l.v[0], "github", SECRET);
	strlist_put(&l.v[0].paths, "/webhook");
	for (i = 0; i < NELEM(rows); i++)
		if ((source_find_path(&l, rows[i].path) != NULL) !=
		    rows[i].want)
			fail_msg("%s", rows[i].path);
	sources_fini(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_github_signatures_are_compared_exactly),
		cmocka_unit_test(test_doubled_headers_are_refused_in_any_order),
		cmocka_unit_test(test_any_of_several_secrets_verifies),
		cmocka_unit_test(test_a_missing_source_denies_every_post),
		cmocka_unit_test(test_no_flipped_bit_is_accepted),
		cmocka_unit_test(test_standard_list_and_time),
		cmocka_unit_test(test_standard_secrets_in_every_spelling),
		cmocka_unit_test(test_key_forms_are_as_configured),
		cmocka_unit_test(test_either_family_of_names_and_never_a_mix),
		cmocka_unit_test(
		    test_signatures_by_ed25519_are_taken_with_the_public_key),
		cmocka_unit_test(test_other_senders_are_configured),
		cmocka_unit_test(
		    test_a_dot_in_a_standard_id_moves_no_signature),
		cmocka_unit_test(test_own_headers_judge_own_posts),
		cmocka_unit_test(test_settings_that_cannot_be_kept_are_refused),
		cmocka_unit_test(test_samples_verify),
		cmocka_unit_test(test_sources_are_found_by_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
