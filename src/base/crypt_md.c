#include "config.h"

#include <string.h>

#ifdef HAVE_SHA2_H
#include <sha2.h>
#endif

#include "base/crypt_int.h"

#ifdef HAVE_SHA2_H

#define SMALL (256 * 1024)
#define HMAC_BLOCK 64

bool
crypt_md_takes(size_t n)
{
	return n <= SMALL;
}

static void
end_sha256(SHA2_CTX *s, uint8_t out[CRYPT_SHA256_SIZE])
{
	SHA256Final(out, s);
	crypt_wipe(s, sizeof(*s));
}

void
crypt_md_sha256(const void *p, size_t n, uint8_t out[CRYPT_SHA256_SIZE])
{
	SHA2_CTX s;

	SHA256Init(&s);
	SHA256Update(&s, p, n);
	end_sha256(&s, out);
}

static void
xor_all(uint8_t *p, size_t n, uint8_t with)
{
	size_t i;

	for (i = 0; i < n; i++)
		p[i] ^= with;
}

/* RFC 2104. */
void
crypt_md_hmac_sha256(const void *key, size_t keysz,
    const struct crypt_span *spans, size_t n, uint8_t out[CRYPT_SHA256_SIZE])
{
	uint8_t pad[HMAC_BLOCK] = { 0 };
	SHA2_CTX s;
	size_t i;

	if (keysz > HMAC_BLOCK)
		crypt_md_sha256(key, keysz, pad);
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

#else

bool
crypt_md_takes(size_t n)
{
	(void)n;
	return false;
}

void
crypt_md_sha256(const void *p, size_t n, uint8_t out[CRYPT_SHA256_SIZE])
{
	(void)p;
	(void)n;
	(void)out;
	crypt_must(false, "SHA-256 without libmd");
}

void
crypt_md_hmac_sha256(const void *key, size_t keysz,
    const struct crypt_span *spans, size_t n, uint8_t out[CRYPT_SHA256_SIZE])
{
	(void)spans;
	crypt_md_sha256(key, keysz + n, out);
}

#endif
