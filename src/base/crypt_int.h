/*
 * crypt_int - libcrypto's functions
 *
 * libcrypto takes longer to load and to begin than all else that a CGI
 * program does for one post, and such a post needs SHA-256 alone.  So the
 * library is loaded when it is first needed (see dynlib.h), or by a program
 * that stays, and until then libmd digests small texts.
 */
#ifndef BASE_CRYPT_INT_H
#define BASE_CRYPT_INT_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/crypt.h"

#define CRYPT_LIB_FUNCTIONS(X)              \
	X(OSSL_PARAM_construct_utf8_string) \
	X(OSSL_PARAM_construct_end)         \
	X(EVP_MD_fetch)                     \
	X(EVP_MD_CTX_new)                   \
	X(EVP_MD_CTX_free)                  \
	X(EVP_DigestInit_ex2)               \
	X(EVP_DigestUpdate)                 \
	X(EVP_DigestFinal_ex)               \
	X(EVP_DigestSignInit)               \
	X(EVP_DigestSign)                   \
	X(EVP_DigestVerifyInit)             \
	X(EVP_DigestVerify)                 \
	X(EVP_MAC_fetch)                    \
	X(EVP_MAC_free)                     \
	X(EVP_MAC_CTX_new)                  \
	X(EVP_MAC_CTX_dup)                  \
	X(EVP_MAC_CTX_free)                 \
	X(EVP_MAC_CTX_set_params)           \
	X(EVP_MAC_init)                     \
	X(EVP_MAC_update)                   \
	X(EVP_MAC_final)                    \
	X(EVP_CIPHER_fetch)                 \
	X(EVP_CIPHER_CTX_new)               \
	X(EVP_CIPHER_CTX_free)              \
	X(EVP_CIPHER_CTX_ctrl)              \
	X(EVP_CipherUpdate)                 \
	X(EVP_EncryptInit_ex2)              \
	X(EVP_EncryptUpdate)                \
	X(EVP_EncryptFinal_ex)              \
	X(EVP_DecryptInit_ex2)              \
	X(EVP_DecryptUpdate)                \
	X(EVP_DecryptFinal_ex)              \
	X(EVP_PKEY_new_raw_private_key_ex)  \
	X(EVP_PKEY_new_raw_public_key_ex)   \
	X(EVP_PKEY_get_raw_public_key)      \
	X(EVP_PKEY_free)

#define CRYPT_NDIGESTS 3

struct crypt_lib {
	struct {
#define CRYPT_LIB_MEMBER(name) __typeof__(name) *name;
		CRYPT_LIB_FUNCTIONS(CRYPT_LIB_MEMBER)
#undef CRYPT_LIB_MEMBER
	} fn;
	/* OpenSSL 3 looks an algorithm up by name at every use unless it is
	 * fetched once and kept; the lookup costs more than hashing a small
	 * body. */
	EVP_MD *sha256;
	EVP_CIPHER *gcm;
	EVP_MAC_CTX *hmac[CRYPT_NDIGESTS]; /* unkeyed, copied for each use */
};

/* Loads the library once in a process. */
const struct crypt_lib *crypt_lib_get(void);
/* NULL until somebody has loaded it. */
const struct crypt_lib *crypt_lib_find(void);

/* libmd's SHA-256: whether it is there and takes a text of n bytes sooner than
 * libcrypto can be loaded, a digest, and a MAC by RFC 2104. */
bool crypt_md_takes(size_t n);
void crypt_md_sha256(const void *p, size_t n, uint8_t out[CRYPT_SHA256_SIZE]);
void crypt_md_hmac_sha256(const void *key, size_t keysz,
    const struct crypt_span *spans, size_t n, uint8_t out[CRYPT_SHA256_SIZE]);

/* Ends the process unless it is done. */
void crypt_must(bool is_done, const char *what);

#endif
