#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/secret.h"
#include "base/xalloc.h"
#include "core/hops.h"
#include "core/http.h"
#include "core/sig.h"
#include "core/signout.h"
#include "core/source.h"
#include "core/whsk.h"

#define PLAIN "a secret of sixteen or more"
#define WHSEC "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define WHSEC_BASE64 "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define OTHER "another secret than that one"
#define BODY "{}"

static void
source_init(struct source *src, const char *provider, const char *secret,
    enum source_key key)
{
	memset(src, 0, sizeof(*src));
	src->scheme = sig_scheme_find(provider);
	src->key = key;
	src->secrets = xcalloc(1, sizeof(*src->secrets));
	src->nsecrets = 1;
	secret_put_str(&src->secrets[0], secret);
}

static void
source_fini(struct source *src)
{
	secret_fini(&src->secrets[0]);
	free(src->secrets);
}

/* What a source reads of a delivery with the number and the list. */
static int
read_by(const struct source *src, const char *number, const char *list,
    const char *body)
{
	char lines[2][HOPS_LIST_SIZE + 64];
	const char *params[] = { lines[0], lines[1], NULL };
	const struct http_req req = { .params = params,
		.body = body,
		.bodysz = strlen(body) };
	uint8_t sha256[CRYPT_SHA256_SIZE];

	snprintf(lines[0], sizeof(lines[0]), "HTTP_X_HLS_HOPS=%s", number);
	snprintf(lines[1], sizeof(lines[1]), "HTTP_X_HLS_HOPS_SIGNATURE=%s",
	    list);
	crypt_sha256(body, strlen(body), sha256);
	return hops_read(src, &req, sha256);
}

static void
sign(const struct secret *now, const struct secret *old,
    const struct secret *pair, int hops, char list[HOPS_LIST_SIZE])
{
	const struct signout_input in = { .now = { now, pair },
		.olds = { { old, NULL } },
		.nolds = old == NULL ? 0 : 1,
		.body = BODY,
		.bodysz = strlen(BODY),
		.forms = SIGNOUT_STANDARD | SIGNOUT_ED25519 };

	hops_sign(&in, hops, list);
}

static void
test_a_number_is_read_with_the_secret_of_the_delivery(void **state)
{
	static const struct {
		const char *secret, *provider, *same;
		enum source_key key;
		int want;
	} rows[] = {
		{ PLAIN, "github", PLAIN, SOURCE_KEY_AUTO, 1 },
		{ PLAIN, "standard", PLAIN, SOURCE_KEY_AUTO, 1 },
		{ WHSEC, "github", WHSEC, SOURCE_KEY_AUTO, 1 },
		{ WHSEC, "standard", WHSEC, SOURCE_KEY_AUTO, 1 },
		{ WHSEC, "standard", WHSEC, SOURCE_KEY_TEXT, 1 },
		{ WHSEC, "hmac", WHSEC_BASE64, SOURCE_KEY_BASE64, 1 },
		{ PLAIN, "github", OTHER, SOURCE_KEY_AUTO, 0 },
		{ WHSEC, "standard", OTHER, SOURCE_KEY_AUTO, 0 },
	};
	char list[HOPS_LIST_SIZE];
	struct secret s = { 0 };
	struct source src;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		secret_put_str(&s, rows[i].secret);
		source_init(&src, rows[i].provider, rows[i].same, rows[i].key);
		sign(&s, NULL, NULL, 1, list);
		if (read_by(&src, "1", list, BODY) != rows[i].want)
			fail_msg("row %zu: %s", i, list);
		source_fini(&src);
	}
	secret_fini(&s);
}

static void
test_an_old_secret_of_the_delivery_proves_the_number_too(void **state)
{
	struct secret now = { 0 }, old = { 0 };
	char list[HOPS_LIST_SIZE];
	struct source src;

	(void)state;
	secret_put_str(&now, OTHER);
	secret_put_str(&old, WHSEC);
	source_init(&src, "standard", WHSEC, SOURCE_KEY_AUTO);
	sign(&now, &old, NULL, 2, list);
	assert_int_equal(read_by(&src, "2", list, BODY), 2);
	source_fini(&src);
	secret_fini(&now);
	secret_fini(&old);
}

static void
test_a_key_pair_proves_the_number_too(void **state)
{
	const uint8_t seed[CRYPT_ED25519_SIZE] = { 1, 2, 3 };
	char list[HOPS_LIST_SIZE], public[WHSK_PUBLIC_SIZE];
	struct secret pair = { 0 };
	struct source src;

	(void)state;
	whsk_format(seed, &pair);
	assert_true(whsk_public(&pair, public));
	memset(&src, 0, sizeof(src));
	src.scheme = sig_scheme_find("standard");
	src.public_keys = xcalloc(1, sizeof(*src.public_keys));
	src.npublic_keys = 1;
	assert_true(whsk_public_parse(public, src.public_keys[0]));
	sign(NULL, NULL, &pair, 1, list);
	assert_int_equal(read_by(&src, "1", list, BODY), 1);
	assert_int_equal(read_by(&src, "2", list, BODY), 0);
	free(src.public_keys);
	secret_fini(&pair);
}

/* A proof is of one number and one body. */
static void
test_a_number_without_its_proof_counts_for_nothing(void **state)
{
	char list[HOPS_LIST_SIZE], many[HOPS_LIST_SIZE];
	struct secret s = { 0 };
	struct source src;

	(void)state;
	secret_put_str(&s, PLAIN);
	source_init(&src, "github", PLAIN, SOURCE_KEY_AUTO);
	sign(&s, NULL, NULL, 1, list);
	assert_int_equal(read_by(&src, "1", list, BODY), 1);
	assert_int_equal(read_by(&src, "2", list, BODY), 0);
	assert_int_equal(read_by(&src, "1", list, "[]"), 0);
	assert_int_equal(read_by(&src, "1", "", BODY), 0);
	assert_int_equal(read_by(&src, "1", "v1,", BODY), 0);
	assert_int_equal(read_by(&src, "1, 1", list, BODY), 0);
	assert_int_equal(read_by(&src, "0", list, BODY), 0);
	snprintf(many, sizeof(many), "v1,AAAA v9 v1a,%s   %.100s", "x", list);
	assert_int_equal(read_by(&src, "1", many, BODY), 1);
	source_fini(&src);
	secret_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_number_is_read_with_the_secret_of_the_delivery),
		cmocka_unit_test(
		    test_an_old_secret_of_the_delivery_proves_the_number_too),
		cmocka_unit_test(test_a_key_pair_proves_the_number_too),
		cmocka_unit_test(
		    test_a_number_without_its_proof_counts_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
