#include "config.h"

#include <string.h>

#include "base/crypt.h"
#include "base/crypt_int.h"

/* libcrypto, or NULL where libmd shall do: libcrypto is not loaded, and loading
 * it would take longer than a text of n bytes. */
static const struct crypt_lib *
lib_for(size_t n)
{
	return crypt_md_takes(n) ? crypt_lib_find() : crypt_lib_get();
}

void
crypt_sha256(const void *p, size_t n, uint8_t out[CRYPT_SHA256_SIZE])
{
	const struct crypt_lib *lib = lib_for(n);
	EVP_MD_CTX *ctx;

	if (lib == NULL) {
		crypt_md_sha256(p, n, out);
		return;
	}
	ctx = lib->fn.EVP_MD_CTX_new();
	crypt_must(ctx != NULL &&
		lib->fn.EVP_DigestInit_ex2(ctx, lib->sha256, NULL) == 1 &&
		lib->fn.EVP_DigestUpdate(ctx, p, n) == 1 &&
		lib->fn.EVP_DigestFinal_ex(ctx, out, NULL) == 1,
	    "a digest");
	lib->fn.EVP_MD_CTX_free(ctx);
}

static size_t
size_of(const struct crypt_span *spans, size_t n)
{
	size_t i, size = 0;

	for (i = 0; i < n; i++)
		size += spans[i].n;
	return size;
}

size_t
crypt_hmac(enum crypt_digest digest, const void *key, size_t keysz,
    const struct crypt_span *spans, size_t n, uint8_t out[CRYPT_MAC_MAX])
{
	const struct crypt_lib *lib = digest == CRYPT_SHA256
	    ? lib_for(size_of(spans, n))
	    : crypt_lib_get();
	EVP_MAC_CTX *ctx;
	size_t i, size = 0;

	if (lib == NULL) {
		crypt_md_hmac_sha256(key, keysz, spans, n, out);
		return CRYPT_SHA256_SIZE;
	}
	ctx = lib->fn.EVP_MAC_CTX_dup(lib->hmac[digest]);
	/* A NULL key would mean "the key set before". */
	crypt_must(ctx != NULL &&
		lib->fn.EVP_MAC_init(ctx, keysz > 0 ? key : "", keysz, NULL) ==
		    1,
	    "HMAC");
	for (i = 0; i < n; i++)
		crypt_must(
		    lib->fn.EVP_MAC_update(ctx, spans[i].p, spans[i].n) == 1,
		    "HMAC");
	crypt_must(lib->fn.EVP_MAC_final(ctx, out, &size, CRYPT_MAC_MAX) == 1,
	    "HMAC");
	lib->fn.EVP_MAC_CTX_free(ctx);
	return size;
}

/* RFC 5869 with an empty salt; 32 bytes are one round of the expansion. */
void
crypt_hkdf(const void *secret, size_t n, const char *info,
    uint8_t out[CRYPT_KEY_SIZE])
{
	static const uint8_t salt[CRYPT_SHA256_SIZE];
	struct crypt_span spans[2] = { { secret, n }, { NULL, 0 } };
	uint8_t extracted[CRYPT_MAC_MAX], expanded[CRYPT_MAC_MAX];

	(void)crypt_hmac(CRYPT_SHA256, salt, sizeof(salt), spans, 1, extracted);
	spans[0].p = info;
	spans[0].n = strlen(info);
	spans[1].p = "\x01";
	spans[1].n = 1;
	(void)crypt_hmac(CRYPT_SHA256, extracted, CRYPT_SHA256_SIZE, spans, 2,
	    expanded);
	memcpy(out, expanded, CRYPT_KEY_SIZE);
	crypt_wipe(extracted, sizeof(extracted));
	crypt_wipe(expanded, sizeof(expanded));
}
