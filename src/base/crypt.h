/*
 * crypt - the only user of libcrypto, beside crypt_tls
 *
 * Digests, HMAC, authenticated encryption, random bytes, and the text
 * forms of bytes.  Every function that libcrypto could refuse for want of
 * memory or entropy ends the process instead: there is no going on without.
 * Any thread.
 *
 * libcrypto is loaded by the first function that needs it.  Until then libmd
 * computes the SHA-256 of a small text and its HMAC, where libmd is there.
 * Random bytes and comparisons never need libcrypto.
 */
#ifndef BASE_CRYPT_H
#define BASE_CRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CRYPT_SHA256_SIZE 32
#define CRYPT_MAC_MAX 64
#define CRYPT_KEY_SIZE 32

enum crypt_digest {
	CRYPT_SHA1,
	CRYPT_SHA256,
	CRYPT_SHA512
};

struct crypt_span {
	const void *p;
	size_t n;
};

/* Loads libcrypto now, for a program that stays: its digests are faster. */
void crypt_load(void);

/* The SHA-256 of one run of bytes. */
void crypt_sha256(const void *p, size_t n, uint8_t out[CRYPT_SHA256_SIZE]);

/* The HMAC over the spans one after the other; returns its size. */
size_t crypt_hmac(enum crypt_digest digest, const void *key, size_t keysz,
    const struct crypt_span *spans, size_t n, uint8_t out[CRYPT_MAC_MAX]);

/* Constant time in the contents. */
bool crypt_is_equal(const void *a, const void *b, size_t n);

/* RFC 5869 by SHA-256 with an empty salt. */
void crypt_hkdf(const void *secret, size_t n, const char *info,
    uint8_t out[CRYPT_KEY_SIZE]);

void crypt_random(void *p, size_t n);
uint32_t crypt_random_u32(void);
void crypt_wipe(void *p, size_t n);

/*
 * Ed25519 (RFC 8032).  A private key is the seed of 32 random bytes that its
 * public key follows from.  What is signed is one run of bytes, for it is
 * gone over twice.
 */
#define CRYPT_ED25519_SIZE 32 /* of a seed, and of a public key */
#define CRYPT_ED25519_SIGNATURE_SIZE 64
void crypt_ed25519_public(const uint8_t seed[CRYPT_ED25519_SIZE],
    uint8_t out[CRYPT_ED25519_SIZE]);
void crypt_ed25519_sign(const uint8_t seed[CRYPT_ED25519_SIZE], const void *p,
    size_t n, uint8_t out[CRYPT_ED25519_SIGNATURE_SIZE]);
/* False also for what is no public key. */
bool crypt_ed25519_verify(const uint8_t key[CRYPT_ED25519_SIZE], const void *p,
    size_t n, const uint8_t signature[CRYPT_ED25519_SIGNATURE_SIZE]);

/* Lower-case hex; out holds 2 * n + 1. */
void crypt_hex_format(const void *p, size_t n, char *out);
/* Either case; false unless text is exactly 2 * n digits. */
bool crypt_hex_parse(const char *text, size_t textsz, uint8_t *out, size_t n);

/* Standard base64 with padding; out holds 4 * ((n + 2) / 3) + 1. */
void crypt_base64_format(const void *p, size_t n, char *out);
/* Standard alphabet, padding complete or absent, no white space; the unused
 * bits zero.  False for anything else or when over max bytes. */
bool crypt_base64_parse(const char *text, size_t textsz, uint8_t *out,
    size_t max, size_t *n);

/*
 * Envelope encryption of one secret (AES-256-GCM): a random data key
 * encrypts the text, a key derived from the master key by HKDF-SHA256
 * wraps the data key, and context (table, row, column) is bound to both, so
 * a ciphertext moved to another row does not open.  The result carries a
 * format byte and the key version and is at most
 * CRYPT_SEAL_OVERHEAD + n bytes.
 */
#define CRYPT_SEAL_OVERHEAD 128
size_t crypt_seal(const uint8_t master[CRYPT_KEY_SIZE], const char *context,
    const void *text, size_t n, uint8_t *out);

/*
 * RC_OK	*n bytes of text are in out, which holds sealedsz bytes.
 * RC_DENIED	wrong key, wrong context or altered; out is wiped.
 * RC_INVALID	not a sealed secret of a known form.
 */
enum rc crypt_open(const uint8_t master[CRYPT_KEY_SIZE], const char *context,
    const void *sealed, size_t sealedsz, uint8_t *out, size_t *n,
    struct err *e);

#endif
