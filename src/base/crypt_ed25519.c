#include "config.h"

#include "base/crypt.h"
#include "base/crypt_int.h"

static EVP_PKEY *
ed25519_of(const uint8_t seed[CRYPT_ED25519_SIZE])
{
	const struct crypt_lib *lib = crypt_lib_get();
	EVP_PKEY *key = lib->fn.EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519",
	    NULL, seed, CRYPT_ED25519_SIZE);

	crypt_must(key != NULL, "Ed25519");
	return key;
}

void
crypt_ed25519_public(const uint8_t seed[CRYPT_ED25519_SIZE],
    uint8_t out[CRYPT_ED25519_SIZE])
{
	const struct crypt_lib *lib = crypt_lib_get();
	EVP_PKEY *key = ed25519_of(seed);
	size_t n = CRYPT_ED25519_SIZE;

	crypt_must(lib->fn.EVP_PKEY_get_raw_public_key(key, out, &n) == 1 &&
		n == CRYPT_ED25519_SIZE,
	    "Ed25519");
	lib->fn.EVP_PKEY_free(key);
}

void
crypt_ed25519_sign(const uint8_t seed[CRYPT_ED25519_SIZE], const void *p,
    size_t n, uint8_t out[CRYPT_ED25519_SIGNATURE_SIZE])
{
	const struct crypt_lib *lib = crypt_lib_get();
	EVP_PKEY *key = ed25519_of(seed);
	EVP_MD_CTX *ctx = lib->fn.EVP_MD_CTX_new();
	size_t size = CRYPT_ED25519_SIGNATURE_SIZE;

	crypt_must(ctx != NULL &&
		lib->fn.EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
		lib->fn.EVP_DigestSign(ctx, out, &size, p, n) == 1 &&
		size == CRYPT_ED25519_SIGNATURE_SIZE,
	    "Ed25519");
	lib->fn.EVP_MD_CTX_free(ctx);
	lib->fn.EVP_PKEY_free(key);
}

bool
crypt_ed25519_verify(const uint8_t key[CRYPT_ED25519_SIZE], const void *p,
    size_t n, const uint8_t signature[CRYPT_ED25519_SIGNATURE_SIZE])
{
	const struct crypt_lib *lib = crypt_lib_get();
	EVP_PKEY *pkey = lib->fn.EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519",
	    NULL, key, CRYPT_ED25519_SIZE);
	EVP_MD_CTX *ctx = lib->fn.EVP_MD_CTX_new();
	bool ok;

	crypt_must(ctx != NULL, "Ed25519");
	ok = pkey != NULL &&
	    lib->fn.EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
	    lib->fn.EVP_DigestVerify(ctx, signature,
		CRYPT_ED25519_SIGNATURE_SIZE, p, n) == 1;
	lib->fn.EVP_MD_CTX_free(ctx);
	lib->fn.EVP_PKEY_free(pkey);
	return ok;
}
