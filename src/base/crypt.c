#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "base/crypt.h"
#include "base/xalloc.h"

#define NDIGESTS 3

/* OpenSSL 3 looks an algorithm up by name at every use unless it is fetched
 * once and kept; the lookup costs more than hashing a small body. */
static struct {
	EVP_MD *sha256;
	EVP_CIPHER *gcm;
	EVP_MAC_CTX *hmac[NDIGESTS]; /* unkeyed, copied for each use */
} fetched;
static pthread_once_t fetched_once = PTHREAD_ONCE_INIT;

static void
must(bool is_done, const char *what)
{
	if (!is_done)
		fatal("libcrypto cannot do %s", what);
}

static void
fetch(void)
{
	static const char *const names[NDIGESTS] = { "SHA1", "SHA256",
		"SHA512" };
	OSSL_PARAM params[2];
	char name[16];
	EVP_MAC *mac;
	int i;

	fetched.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	fetched.gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	must(fetched.sha256 != NULL && fetched.gcm != NULL && mac != NULL,
	    "SHA-256, AES-256-GCM and HMAC");
	for (i = 0; i < NDIGESTS; i++) {
		memcpy(name, names[i], strlen(names[i]) + 1);
		params[0] = OSSL_PARAM_construct_utf8_string(
		    OSSL_MAC_PARAM_DIGEST, name, 0);
		params[1] = OSSL_PARAM_construct_end();
		fetched.hmac[i] = EVP_MAC_CTX_new(mac);
		must(fetched.hmac[i] != NULL &&
			EVP_MAC_CTX_set_params(fetched.hmac[i], params) == 1,
		    names[i]);
	}
	EVP_MAC_free(mac);
}

void
crypt_sha256(const void *p, size_t n, uint8_t out[CRYPT_SHA256_SIZE])
{
	EVP_MD_CTX *ctx;

	(void)pthread_once(&fetched_once, fetch);
	ctx = EVP_MD_CTX_new();
	must(ctx != NULL &&
		EVP_DigestInit_ex2(ctx, fetched.sha256, NULL) == 1 &&
		EVP_DigestUpdate(ctx, p, n) == 1 &&
		EVP_DigestFinal_ex(ctx, out, NULL) == 1,
	    "a digest");
	EVP_MD_CTX_free(ctx);
}

size_t
crypt_hmac(enum crypt_digest digest, const void *key, size_t keysz,
    const struct crypt_span *spans, size_t n, uint8_t out[CRYPT_MAC_MAX])
{
	EVP_MAC_CTX *ctx;
	size_t i, size = 0;

	(void)pthread_once(&fetched_once, fetch);
	ctx = EVP_MAC_CTX_dup(fetched.hmac[digest]);
	/* A NULL key would mean "the key set before". */
	must(ctx != NULL &&
		EVP_MAC_init(ctx, keysz > 0 ? key : "", keysz, NULL) == 1,
	    "HMAC");
	for (i = 0; i < n; i++)
		must(EVP_MAC_update(ctx, spans[i].p, spans[i].n) == 1, "HMAC");
	must(EVP_MAC_final(ctx, out, &size, CRYPT_MAC_MAX) == 1, "HMAC");
	EVP_MAC_CTX_free(ctx);
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

bool
crypt_is_equal(const void *a, const void *b, size_t n)
{
	return n == 0 || CRYPTO_memcmp(a, b, n) == 0;
}

void
crypt_random(void *p, size_t n)
{
	must(RAND_bytes_ex(NULL, p, n, 0) == 1, "random bytes");
}

uint32_t
crypt_random_u32(void)
{
	uint32_t value;

	crypt_random(&value, sizeof(value));
	return value;
}

void
crypt_wipe(void *p, size_t n)
{
	if (n > 0)
		OPENSSL_cleanse(p, n);
}

static EVP_PKEY *
ed25519_of(const uint8_t seed[CRYPT_ED25519_SIZE])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL,
	    seed, CRYPT_ED25519_SIZE);

	must(key != NULL, "Ed25519");
	return key;
}

void
crypt_ed25519_public(const uint8_t seed[CRYPT_ED25519_SIZE],
    uint8_t out[CRYPT_ED25519_SIZE])
{
	EVP_PKEY *key = ed25519_of(seed);
	size_t n = CRYPT_ED25519_SIZE;

	must(EVP_PKEY_get_raw_public_key(key, out, &n) == 1 &&
		n == CRYPT_ED25519_SIZE,
	    "Ed25519");
	EVP_PKEY_free(key);
}

void
crypt_ed25519_sign(const uint8_t seed[CRYPT_ED25519_SIZE], const void *p,
    size_t n, uint8_t out[CRYPT_ED25519_SIGNATURE_SIZE])
{
	EVP_PKEY *key = ed25519_of(seed);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t size = CRYPT_ED25519_SIGNATURE_SIZE;

	must(ctx != NULL &&
		EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestSign(ctx, out, &size, p, n) == 1 &&
		size == CRYPT_ED25519_SIGNATURE_SIZE,
	    "Ed25519");
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
}

bool
crypt_ed25519_verify(const uint8_t key[CRYPT_ED25519_SIZE], const void *p,
    size_t n, const uint8_t signature[CRYPT_ED25519_SIGNATURE_SIZE])
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL,
	    key, CRYPT_ED25519_SIZE);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	must(ctx != NULL, "Ed25519");
	ok = pkey != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
	    EVP_DigestVerify(ctx, signature, CRYPT_ED25519_SIGNATURE_SIZE, p,
		n) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return ok;
}

#define NONCE_SIZE 12
#define TAG_SIZE 16
#define HEAD_SIZE 5 /* format byte, key version in network order */
#define WRAP_SIZE (NONCE_SIZE + CRYPT_KEY_SIZE + TAG_SIZE)
#define SEAL_SIZE (HEAD_SIZE + WRAP_SIZE + NONCE_SIZE + TAG_SIZE)

static const uint8_t seal_head[HEAD_SIZE] = { 1, 0, 0, 0, 1 };

/* What is bound to a ciphertext without being in it. */
struct bond {
	const char *purpose; /* a wrapped key never opens as a text */
	const char *context;
};

static bool
add_bond(EVP_CIPHER_CTX *ctx, const struct bond *bond)
{
	int len;

	return EVP_CipherUpdate(ctx, NULL, &len, seal_head, HEAD_SIZE) == 1 &&
	    EVP_CipherUpdate(ctx, NULL, &len, (const uint8_t *)bond->purpose,
		(int)strlen(bond->purpose) + 1) == 1 &&
	    EVP_CipherUpdate(ctx, NULL, &len, (const uint8_t *)bond->context,
		(int)strlen(bond->context)) == 1;
}

/* Writes nonce, n bytes and tag; returns their size. */
static size_t
gcm_encrypt(const uint8_t key[CRYPT_KEY_SIZE], const struct bond *bond,
    const void *text, size_t n, uint8_t *out)
{
	uint8_t *body = out + NONCE_SIZE;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = 0;

	crypt_random(out, NONCE_SIZE);
	must(ctx != NULL && n <= INT32_MAX &&
		EVP_EncryptInit_ex2(ctx, fetched.gcm, key, out, NULL) == 1 &&
		add_bond(ctx, bond) &&
		(n == 0 ||
		    EVP_EncryptUpdate(ctx, body, &len, text, (int)n) == 1) &&
		EVP_EncryptFinal_ex(ctx, body + n, &len) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE,
		    body + n) == 1,
	    "AES-256-GCM");
	EVP_CIPHER_CTX_free(ctx);
	return NONCE_SIZE + n + TAG_SIZE;
}

/* in holds nonce, n bytes and tag.  False, and out wiped, unless genuine. */
static bool
gcm_decrypt(const uint8_t key[CRYPT_KEY_SIZE], const struct bond *bond,
    const uint8_t *in, size_t n, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t tag[TAG_SIZE], rest[TAG_SIZE];
	bool is_genuine;
	int len = 0;

	memcpy(tag, in + NONCE_SIZE + n, TAG_SIZE);
	must(ctx != NULL && n <= INT32_MAX &&
		EVP_DecryptInit_ex2(ctx, fetched.gcm, key, in, NULL) == 1 &&
		add_bond(ctx, bond) &&
		(n == 0 ||
		    EVP_DecryptUpdate(ctx, out, &len, in + NONCE_SIZE,
			(int)n) == 1) &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE,
		    tag) == 1,
	    "AES-256-GCM");
	is_genuine = EVP_DecryptFinal_ex(ctx, rest, &len) == 1;
	if (!is_genuine)
		crypt_wipe(out, n);
	EVP_CIPHER_CTX_free(ctx);
	return is_genuine;
}

static void
derive_wrapping_key(const uint8_t master[CRYPT_KEY_SIZE],
    uint8_t out[CRYPT_KEY_SIZE])
{
	(void)pthread_once(&fetched_once, fetch);
	crypt_hkdf(master, CRYPT_KEY_SIZE, "hls secret wrapping key 1", out);
}

size_t
crypt_seal(const uint8_t master[CRYPT_KEY_SIZE], const char *context,
    const void *text, size_t n, uint8_t *out)
{
	const struct bond wrap = { "key", context }, body = { "text", context };
	uint8_t wrapping[CRYPT_KEY_SIZE], data_key[CRYPT_KEY_SIZE];
	size_t used = HEAD_SIZE;

	derive_wrapping_key(master, wrapping);
	crypt_random(data_key, sizeof(data_key));
	memcpy(out, seal_head, HEAD_SIZE);
	used += gcm_encrypt(wrapping, &wrap, data_key, sizeof(data_key),
	    out + used);
	used += gcm_encrypt(data_key, &body, text, n, out + used);
	crypt_wipe(wrapping, sizeof(wrapping));
	crypt_wipe(data_key, sizeof(data_key));
	return used;
}

enum rc
crypt_open(const uint8_t master[CRYPT_KEY_SIZE], const char *context,
    const void *sealed, size_t sealedsz, uint8_t *out, size_t *n, struct err *e)
{
	const struct bond wrap = { "key", context }, body = { "text", context };
	const uint8_t *in = sealed;
	uint8_t wrapping[CRYPT_KEY_SIZE], data_key[CRYPT_KEY_SIZE];
	enum rc rc = RC_OK;

	*n = 0;
	if (sealedsz < SEAL_SIZE)
		return err_set(e, RC_INVALID, "a sealed secret is cut short");
	if (in[0] != seal_head[0])
		return err_set(e, RC_INVALID,
		    "a sealed secret has the unknown format %u", in[0]);
	if (memcmp(in, seal_head, HEAD_SIZE) != 0)
		return err_set(e, RC_INVALID,
		    "a sealed secret names an unknown key version");

	derive_wrapping_key(master, wrapping);
	if (!gcm_decrypt(wrapping, &wrap, in + HEAD_SIZE, CRYPT_KEY_SIZE,
		data_key))
		rc = err_set(e, RC_DENIED,
		    "a sealed secret does not open: "
		    "another key, another place, or altered");
	else if (!gcm_decrypt(data_key, &body, in + HEAD_SIZE + WRAP_SIZE,
		     sealedsz - SEAL_SIZE, out))
		rc = err_set(e, RC_DENIED, "a sealed secret was altered");
	else
		*n = sealedsz - SEAL_SIZE;
	crypt_wipe(wrapping, sizeof(wrapping));
	crypt_wipe(data_key, sizeof(data_key));
	return rc;
}
