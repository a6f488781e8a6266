#include "config.h"

#include <string.h>

#include <sha2.h>

#include "base/crypt.h"
#include "base/crypt_int.h"

/* A larger text is digested sooner by libcrypto, though it has to be loaded. */
#define SMALL (256 * 1024)
#define HMAC_BLOCK 64

static void
end_sha256(SHA2_CTX *s, uint8_t out[CRYPT_SHA256_SIZE])
{
	SHA256Final(out, s);
	crypt_wipe(s, sizeof(*s));
}

void
crypt_sha256(const void *p, size_t n, uint8_t out[CRYPT_SHA256_SIZE])
{
	const struct crypt_lib *lib =
	    n > SMALL ? crypt_lib_get() : crypt_lib_find();
	SHA2_CTX s;
	EVP_MD_CTX *ctx;

	if (lib == NULL) {
		SHA256Init(&s);
		SHA256Update(&s, p, n);
		end_sha256(&s, out);
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

static void
xor_all(uint8_t *p, size_t n, uint8_t with)
{
	size_t i;

	for (i = 0; i < n; i++)
		p[i] ^= with;
}

/* RFC 2104. */
static void
hmac_sha256(const void *key, size_t keysz, const struct crypt_span *spans,
    size_t n, uint8_t out[CRYPT_SHA256_SIZE])
{
	uint8_t pad[HMAC_BLOCK] = { 0 };
	SHA2_CTX s;
	size_t i;

	if (keysz > HMAC_BLOCK)
		crypt_sha256(key, keysz, pad);
	else if (keysz > 0)
		memcpy(pad, key, keysz);
	xor_all(pad, sizeof(pad), 0x36);
	SHA256Init(&s);
	SHA256Update(&s, pad, sizeof(pad));
	for (i = 0; i < n; i++)
		SHA256Update(&s, spans[i].p, spans[i].n);
	end_sha256(&s, out);

	xor_all(pad, sizeof(pad), 0x36 ^ 0x5c);
	SHA256Init(&s);
	SHA256Update(&s, pad, sizeof(pad));
	SHA256Update(&s, out, CRYPT_SHA256_SIZE);
	end_sha256(&s, out);
	crypt_wipe(pad, sizeof(pad));
}

static bool
is_small(const struct crypt_span *spans, size_t n)
{
	size_t i, size = 0;

	for (i = 0; i < n && size <= SMALL; i++)
		size += spans[i].n;
	return size <= SMALL;
}

size_t
crypt_hmac(enum crypt_digest digest, const void *key, size_t keysz,
    const struct crypt_span *spans, size_t n, uint8_t out[CRYPT_MAC_MAX])
{
	const struct crypt_lib *lib = crypt_lib_find();
	EVP_MAC_CTX *ctx;
	size_t i, size = 0;

	if (lib == NULL && digest == CRYPT_SHA256 && is_small(spans, n)) {
		hmac_sha256(key, keysz, spans, n, out);
		return CRYPT_SHA256_SIZE;
	}
	lib = crypt_lib_get();
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
