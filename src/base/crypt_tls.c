#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "base/crypt_tls.h"
#include "base/xalloc.h"

/* A handshake has some twenty messages and records, and libcurl reads at most
 * a hundred records in one go; a connection's worth is far from this. */
#define MESSAGES_MAX 10000

struct crypt_tls {
	char *ca_file, *ca_folder;
	struct stat read; /* the file as it was read */
	X509_STORE *store;
	bool is_read; /* there is something in the store */
	unsigned long messages;
	void (*flood)(void *arg);
	void *arg;
};

bool
crypt_tls_is_ours(const char *library)
{
	static const char prefix[] = "OpenSSL/";
	const size_t n = sizeof(prefix) - 1;

	return library != NULL && strncmp(library, prefix, n) == 0 &&
	    strcmp(library + n, OpenSSL_version(OPENSSL_VERSION_STRING)) == 0;
}

static X509_STORE *
load(struct crypt_tls *t)
{
	X509_STORE *store = X509_STORE_new();

	if (store == NULL)
		fatal("OpenSSL has no memory left");
	/* As libcurl has it. */
	X509_STORE_set_flags(store,
	    X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
	t->is_read = t->ca_file == NULL && t->ca_folder == NULL;
	if (t->ca_file != NULL && X509_STORE_load_file(store, t->ca_file) == 1)
		t->is_read = true;
	if (t->ca_folder != NULL &&
	    X509_STORE_load_path(store, t->ca_folder) == 1)
		t->is_read = true;
	ERR_clear_error();

	return store;
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* A file that is being replaced may be gone for a moment: what was read
 * before holds until there is another. */
static void
refresh(struct crypt_tls *t)
{
	struct stat now;

	if (t->store != NULL && t->is_read &&
	    (t->ca_file == NULL || stat(t->ca_file, &now) != 0 ||
		is_same_file(&now, &t->read)))
		return;
	memset(&t->read, 0, sizeof(t->read));
	if (t->ca_file != NULL)
		(void)stat(t->ca_file, &t->read);
	X509_STORE_free(t->store);
	t->store = load(t);
}

struct crypt_tls *
crypt_tls_new(const char *ca_file, const char *ca_folder)
{
	struct crypt_tls *t = xcalloc(1, sizeof(*t));

	t->ca_file = ca_file == NULL ? NULL : xstrdup(ca_file);
	t->ca_folder = ca_folder == NULL ? NULL : xstrdup(ca_folder);

	return t;
}

void
crypt_tls_free(struct crypt_tls *t)
{
	if (t == NULL)
		return;
	X509_STORE_free(t->store);
	free(t->ca_file);
	free(t->ca_folder);
	free(t);
}

/* Where a connection has it noted that its peer asked for a certificate. */
static int
asked_index(void)
{
	static int index = -1;

	if (index < 0)
		index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);

	return index;
}

/* Of every record's header and every message, either way. */
static void
on_message(int sent, int version, int type, const void *bytes, size_t n,
    SSL *ssl, void *arg)
{
	struct crypt_tls *t = arg;

	(void)version;
	if (!sent && type == SSL3_RT_HANDSHAKE && n > 0 &&
	    *(const uint8_t *)bytes == SSL3_MT_CERTIFICATE_REQUEST)
		SSL_set_ex_data(ssl, asked_index(), t);
	if (sent || ++t->messages != MESSAGES_MAX || t->flood == NULL)
		return;
	t->flood(t->arg);
}

bool
crypt_tls_dress(struct crypt_tls *t, void *ssl_ctx)
{
	refresh(t);
	SSL_CTX_set1_cert_store(ssl_ctx, t->store);
	SSL_CTX_set_msg_callback(ssl_ctx, on_message);
	SSL_CTX_set_msg_callback_arg(ssl_ctx, t);

	return t->is_read;
}

bool
crypt_tls_has_input(const void *ssl)
{
	return SSL_has_pending(ssl) == 1;
}

bool
crypt_tls_is_asked(const void *ssl)
{
	return SSL_get_ex_data(ssl, asked_index()) != NULL;
}

bool
crypt_tls_has_tickets(const void *ssl)
{
	return SSL_version(ssl) >= TLS1_3_VERSION;
}

void
crypt_tls_begin(struct crypt_tls *t, void (*flood)(void *arg), void *arg)
{
	t->messages = 0;
	t->flood = flood;
	t->arg = arg;
}
