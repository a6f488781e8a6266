#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/crypt_int.h"
#include "base/dynlib.h"
#include "base/xalloc.h"

static struct crypt_lib lib;
static const struct crypt_lib *_Atomic loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

void
crypt_must(bool is_done, const char *what)
{
	if (!is_done)
		fatal("libcrypto cannot do %s", what);
}

#ifdef CRYPTO_SONAME

static void
find_functions(void)
{
#define NAME(name) #name,
	static const char *const names[] = { CRYPT_LIB_FUNCTIONS(NAME) };
#undef NAME

	dynlib_load(CRYPTO_SONAME, names, sizeof(names) / sizeof(names[0]),
	    &lib.fn);
}

#else

static void
find_functions(void)
{
#define SET(name) lib.fn.name = name;
	CRYPT_LIB_FUNCTIONS(SET)
#undef SET
}

#endif

static void
fetch_hmac(EVP_MAC *mac, enum crypt_digest digest, const char *name)
{
	EVP_MAC_CTX *ctx = lib.fn.EVP_MAC_CTX_new(mac);
	OSSL_PARAM params[2];
	char copy[16];

	(void)snprintf(copy, sizeof(copy), "%s", name);
	params[0] = lib.fn.OSSL_PARAM_construct_utf8_string(
	    OSSL_MAC_PARAM_DIGEST, copy, 0);
	params[1] = lib.fn.OSSL_PARAM_construct_end();
	crypt_must(ctx != NULL &&
		lib.fn.EVP_MAC_CTX_set_params(ctx, params) == 1,
	    name);
	lib.hmac[digest] = ctx;
}

static void
load(void)
{
	EVP_MAC *mac;

	find_functions();
	lib.sha256 = lib.fn.EVP_MD_fetch(NULL, "SHA256", NULL);
	lib.gcm = lib.fn.EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	mac = lib.fn.EVP_MAC_fetch(NULL, "HMAC", NULL);
	crypt_must(lib.sha256 != NULL && lib.gcm != NULL && mac != NULL,
	    "SHA-256, AES-256-GCM and HMAC");
	fetch_hmac(mac, CRYPT_SHA1, "SHA1");
	fetch_hmac(mac, CRYPT_SHA256, "SHA256");
	fetch_hmac(mac, CRYPT_SHA512, "SHA512");
	lib.fn.EVP_MAC_free(mac);
	atomic_store(&loaded, &lib);
}

const struct crypt_lib *
crypt_lib_get(void)
{
	(void)pthread_once(&once, load);
	return &lib;
}

const struct crypt_lib *
crypt_lib_find(void)
{
	return atomic_load_explicit(&loaded, memory_order_acquire);
}

void
crypt_load(void)
{
	(void)crypt_lib_get();
}
