#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/crypt.h"
#include "base/crypt_int.h"
#include "base/xalloc.h"

static void
digests_match_the_published_ones(void **state)
{
	uint8_t out[CRYPT_SHA256_SIZE];
	char hex[2 * CRYPT_SHA256_SIZE + 1];

	(void)state;
	crypt_sha256("abc", 3, out);
	crypt_hex_format(out, sizeof(out), hex);
	assert_string_equal(hex,
	    "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	crypt_sha256(NULL, 0, out);
	crypt_hex_format(out, sizeof(out), hex);
	assert_string_equal(hex,
	    "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
}

/* GitHub's own vector, and RFC 2202 and 4231 test case 2. */
static const struct {
	enum crypt_digest digest;
	const char *key;
	const char *text;
	const char *hex;
} macs[] = {
	{ CRYPT_SHA256, "It's a Secret to Everybody", "Hello, World!",
	    "757107ea0eb2509fc211221cce984b8a"
	    "37570b6d7586c22c46f4379c8b043e17" },
	{ CRYPT_SHA1, "Jefe", "what do ya want for nothing?",
	    "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
	{ CRYPT_SHA512, "Jefe", "what do ya want for nothing?",
	    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	    "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
	{ CRYPT_SHA256, "", "",
	    "b613679a0814d9ec772f95d778c35fc5"
	    "ff1697c493715653c6c712144292c5ad" },
};

static void
macs_match_the_published_ones(void **state)
{
	uint8_t out[CRYPT_MAC_MAX];
	char hex[2 * CRYPT_MAC_MAX + 1];
	struct crypt_span spans[2];
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(macs); i++) {
		spans[0].p = macs[i].text;
		spans[0].n = strlen(macs[i].text) / 2;
		spans[1].p = macs[i].text + spans[0].n;
		spans[1].n = strlen(macs[i].text) - spans[0].n;
		n = crypt_hmac(macs[i].digest, macs[i].key, strlen(macs[i].key),
		    spans, 2, out);
		crypt_hex_format(out, n, hex);
		assert_string_equal(hex, macs[i].hex);
	}
}

#define TEXT_MAX 300

struct digests {
	uint8_t hash[TEXT_MAX][CRYPT_SHA256_SIZE];
	uint8_t mac[TEXT_MAX][CRYPT_SHA256_SIZE];
};

/* Each size is a text's and a key's, and the text is cut in two. */
static void
digest_all(struct digests *out)
{
	uint8_t text[TEXT_MAX], mac[CRYPT_MAC_MAX];
	struct crypt_span spans[2];
	size_t n;

	for (n = 0; n < TEXT_MAX; n++)
		text[n] = (uint8_t)(n * 7 + n / 11);
	for (n = 0; n < TEXT_MAX; n++) {
		crypt_sha256(text, n, out->hash[n]);
		spans[0].p = text;
		spans[0].n = n / 3;
		spans[1].p = text + n / 3;
		spans[1].n = n - n / 3;
		assert_int_equal(crypt_hmac(CRYPT_SHA256, text,
				     TEXT_MAX - 1 - n, spans, 2, mac),
		    CRYPT_SHA256_SIZE);
		memcpy(out->mac[n], mac, CRYPT_SHA256_SIZE);
	}
}

static void
digests_are_the_same_before_and_after_libcrypto_is_loaded(void **state)
{
	struct digests *own = xcalloc(1, sizeof(*own));
	struct digests *of_library = xcalloc(1, sizeof(*of_library));

	(void)state;
	digest_all(own);
#ifdef HAVE_SHA2_H
	assert_null(crypt_lib_find());
#endif
	crypt_load();
	assert_non_null(crypt_lib_find());
	digest_all(of_library);
	assert_memory_equal(own, of_library, sizeof(*own));
	free(own);
	free(of_library);
}

/* RFC 5869, test case 3, its first 32 bytes. */
static void
keys_are_derived_as_published(void **state)
{
	uint8_t secret[22], out[CRYPT_KEY_SIZE];
	char hex[2 * CRYPT_KEY_SIZE + 1];

	(void)state;
	memset(secret, 0x0b, sizeof(secret));
	crypt_hkdf(secret, sizeof(secret), "", out);
	crypt_hex_format(out, sizeof(out), hex);
	assert_string_equal(hex,
	    "8da4e775a563c18f715f802a063c5a31"
	    "b8a11f5c5ee1879ec3454e5f3c738d2d");
}

static void
hex_is_exact(void **state)
{
	uint8_t out[2];

	(void)state;
	assert_true(crypt_hex_parse("00fF", 4, out, 2));
	assert_int_equal(out[0], 0);
	assert_int_equal(out[1], 255);
	assert_false(crypt_hex_parse("00f", 3, out, 2));
	assert_false(crypt_hex_parse("00fff", 5, out, 2));
	assert_false(crypt_hex_parse("00fg", 4, out, 2));
	assert_false(crypt_hex_parse(" 0ff", 4, out, 2));
}

static const struct {
	const char *text;
	const char *bytes; /* NULL: refused */
} base64[] = {
	{ "", "" }, { "Zg==", "f" }, { "Zg", "f" }, { "Zm8=", "fo" },
	{ "Zm9v", "foo" }, { "Zm9vYmFy", "foobar" }, { "+/+/", "\xfb\xff\xbf" },
	{ "Zg=", NULL }, { "Zh==", NULL }, { "Zm9=", NULL }, { "Zm9v=", NULL },
	{ "Zm9vY", NULL }, { "=", NULL }, { "====", NULL }, { "Zm 9v", NULL },
	{ "Zm9v\n", NULL }, { "-_-_", NULL }, { "Zg==Zg==", NULL },
	{ "Zm9vYmFyYmF6", NULL }, /* over max */
};

static void
base64_has_one_text_for_one_value(void **state)
{
	uint8_t out[6];
	char text[16];
	bool is_taken;
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(base64); i++) {
		is_taken = crypt_base64_parse(base64[i].text,
		    strlen(base64[i].text), out, sizeof(out), &n);
		if (is_taken != (base64[i].bytes != NULL))
			fail_msg("%s", base64[i].text);
		if (!is_taken)
			continue;
		assert_int_equal(n, strlen(base64[i].bytes));
		assert_memory_equal(out, base64[i].bytes, n);
		crypt_base64_format(out, n, text);
		assert_int_equal(
		    strncmp(text, base64[i].text, strlen(base64[i].text)), 0);
	}
}

static void
random_bytes_differ(void **state)
{
	uint8_t a[16], b[16];

	(void)state;
	crypt_random(a, sizeof(a));
	crypt_random(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_true(crypt_is_equal("ab", "ab", 2));
	assert_false(crypt_is_equal("ab", "ac", 2));
}

struct sealed {
	uint8_t key[CRYPT_KEY_SIZE];
	uint8_t bytes[CRYPT_SEAL_OVERHEAD + 9];
	size_t n;
};

static struct sealed
seal_example(void)
{
	struct sealed s;

	memset(s.key, 7, sizeof(s.key));
	s.n = crypt_seal(s.key, "webhook/secret/1", "plaintext", 9, s.bytes);
	return s;
}

static void
a_sealed_secret_opens_where_it_was_sealed(void **state)
{
	struct sealed s = seal_example();
	uint8_t out[sizeof(s.bytes)];
	struct err e;
	size_t n;

	(void)state;
	assert_int_equal(
	    crypt_open(s.key, "webhook/secret/1", s.bytes, s.n, out, &n, &e),
	    RC_OK);
	assert_int_equal(n, 9);
	assert_memory_equal(out, "plaintext", 9);
	assert_int_equal(
	    crypt_open(s.key, "webhook/secret/2", s.bytes, s.n, out, &n, &e),
	    RC_DENIED);
	s.key[0] ^= 1;
	assert_int_equal(
	    crypt_open(s.key, "webhook/secret/1", s.bytes, s.n, out, &n, &e),
	    RC_DENIED);
	s.n = crypt_seal(s.key, "", "", 0, s.bytes);
	assert_int_equal(crypt_open(s.key, "", s.bytes, s.n, out, &n, &e),
	    RC_OK);
	assert_int_equal(n, 0);
}

/* B113: every byte counts, and so does every length. */
static void
an_altered_secret_stays_shut(void **state)
{
	struct sealed s = seal_example();
	uint8_t out[sizeof(s.bytes)];
	enum rc expected;
	struct err e;
	size_t i, n;

	(void)state;
	for (i = 0; i < s.n; i++) {
		memset(out, 0, sizeof(out));
		s.bytes[i] ^= 0x40;
		expected = i < 5 ? RC_INVALID : RC_DENIED;
		assert_int_equal(crypt_open(s.key, "webhook/secret/1", s.bytes,
				     s.n, out, &n, &e),
		    expected);
		assert_int_equal(n, 0);
		assert_memory_not_equal(out, "plaintext", 9);
		s.bytes[i] ^= 0x40;
	}
	for (i = 0; i < s.n; i++)
		assert_int_not_equal(crypt_open(s.key, "webhook/secret/1",
					 s.bytes, i, out, &n, &e),
		    RC_OK);
}

static void
two_seals_of_one_text_differ(void **state)
{
	struct sealed a = seal_example(), b = seal_example();

	(void)state;
	assert_int_equal(a.n, b.n);
	assert_true(a.n <= CRYPT_SEAL_OVERHEAD + 9);
	assert_memory_not_equal(a.bytes + 5, b.bytes + 5, 12);
}

/* RFC 8032, 7.1. */
static void
ed25519_signs_as_published(void **state)
{
	static const struct {
		const char *seed, *public, *text, *signature;
	} rows[] = {
		{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031c"
		  "ae7f60",
		    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68"
		    "f707511a",
		    "",
		    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065"
		    "224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
		    "655141438e7a100b" },
		{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4f"
		  "b8a6fb",
		    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f1"
		    "2af4660c",
		    "\x72",
		    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223"
		    "ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
		    "b00d291612bb0c00" },
	};
	uint8_t seed[CRYPT_ED25519_SIZE], public[CRYPT_ED25519_SIZE];
	uint8_t signature[CRYPT_ED25519_SIGNATURE_SIZE];
	char hex[2 * CRYPT_ED25519_SIGNATURE_SIZE + 1];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		assert_true(crypt_hex_parse(rows[i].seed, 64, seed, 32));
		crypt_ed25519_public(seed, public);
		crypt_hex_format(public, sizeof(public), hex);
		assert_string_equal(hex, rows[i].public);
		crypt_ed25519_sign(seed, rows[i].text, strlen(rows[i].text),
		    signature);
		crypt_hex_format(signature, sizeof(signature), hex);
		assert_string_equal(hex, rows[i].signature);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_match_the_published_ones),
		cmocka_unit_test(
		    digests_are_the_same_before_and_after_libcrypto_is_loaded),
		cmocka_unit_test(digests_match_the_published_ones),
		cmocka_unit_test(macs_match_the_published_ones),
		cmocka_unit_test(keys_are_derived_as_published),
		cmocka_unit_test(hex_is_exact),
		cmocka_unit_test(base64_has_one_text_for_one_value),
		cmocka_unit_test(random_bytes_differ),
		cmocka_unit_test(a_sealed_secret_opens_where_it_was_sealed),
		cmocka_unit_test(an_altered_secret_stays_shut),
		cmocka_unit_test(two_seals_of_one_text_differ),
		cmocka_unit_test(ed25519_signs_as_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
