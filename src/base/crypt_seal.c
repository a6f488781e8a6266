#include "config.h"

#include <string.h>

#include "base/crypt.h"
#include "base/crypt_int.h"

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
	const struct crypt_lib *lib = crypt_lib_get();
	int len;

	return lib->fn.EVP_CipherUpdate(ctx, NULL, &len, seal_head,
		   HEAD_SIZE) == 1 &&
	    lib->fn.EVP_CipherUpdate(ctx, NULL, &len,
		(const uint8_t *)bond->purpose,
		(int)strlen(bond->purpose) + 1) == 1 &&
	    lib->fn.EVP_CipherUpdate(ctx, NULL, &len,
		(const uint8_t *)bond->context,
		(int)strlen(bond->context)) == 1;
}

/* Writes nonce, n bytes and tag; returns their size. */
static size_t
gcm_encrypt(const uint8_t key[CRYPT_KEY_SIZE], const struct bond *bond,
    const void *text, size_t n, uint8_t *out)
{
	const struct crypt_lib *lib = crypt_lib_get();
	uint8_t *body = out + NONCE_SIZE;
	EVP_CIPHER_CTX *ctx = lib->fn.EVP_CIPHER_CTX_new();
	int len = 0;

	crypt_random(out, NONCE_SIZE);
	crypt_must(ctx != NULL && n <= INT32_MAX &&
		lib->fn.EVP_EncryptInit_ex2(ctx, lib->gcm, key, out, NULL) ==
		    1 &&
		add_bond(ctx, bond) &&
		(n == 0 ||
		    lib->fn.EVP_EncryptUpdate(ctx, body, &len, text, (int)n) ==
			1) &&
		lib->fn.EVP_EncryptFinal_ex(ctx, body + n, &len) == 1 &&
		lib->fn.EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG,
		    TAG_SIZE, body + n) == 1,
	    "AES-256-GCM");
	lib->fn.EVP_CIPHER_CTX_free(ctx);
	return NONCE_SIZE + n + TAG_SIZE;
}

/* in holds nonce, n bytes and tag.  False, and out wiped, unless genuine. */
static bool
gcm_decrypt(const uint8_t key[CRYPT_KEY_SIZE], const struct bond *bond,
    const uint8_t *in, size_t n, uint8_t *out)
{
	const struct crypt_lib *lib = crypt_lib_get();
	EVP_CIPHER_CTX *ctx = lib->fn.EVP_CIPHER_CTX_new();
	uint8_t tag[TAG_SIZE], rest[TAG_SIZE];
	bool is_genuine;
	int len = 0;

	memcpy(tag, in + NONCE_SIZE + n, TAG_SIZE);
	crypt_must(ctx != NULL && n <= INT32_MAX &&
		lib->fn.EVP_DecryptInit_ex2(ctx, lib->gcm, key, in, NULL) ==
		    1 &&
		add_bond(ctx, bond) &&
		(n == 0 ||
		    lib->fn.EVP_DecryptUpdate(ctx, out, &len, in + NONCE_SIZE,
			(int)n) == 1) &&
		lib->fn.EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG,
		    TAG_SIZE, tag) == 1,
	    "AES-256-GCM");
	is_genuine = lib->fn.EVP_DecryptFinal_ex(ctx, rest, &len) == 1;
	if (!is_genuine)
		crypt_wipe(out, n);
	lib->fn.EVP_CIPHER_CTX_free(ctx);
	return is_genuine;
}

static void
derive_wrapping_key(const uint8_t master[CRYPT_KEY_SIZE],
    uint8_t out[CRYPT_KEY_SIZE])
{
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
