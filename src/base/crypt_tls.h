/*
 * crypt_tls - what TLS connections made by libcurl share, and their limit
 *
 * The authorities that are trusted, read once for all connections and again
 * when their file has changed: libcurl reads some hundred certificates for
 * every endpoint anew, which takes longer than the rest of a delivery.  And
 * a count of what a peer says: OpenSSL goes on reading for as long as it is
 * sent what means nothing, so that one peer could keep a thread for ever.
 * One thread.
 */
#ifndef BASE_CRYPT_TLS_H
#define BASE_CRYPT_TLS_H

#include <stdbool.h>

struct crypt_tls;

/* Is "OpenSSL/3.0.22" the very library that this program is linked to?  Only
 * then may its objects be handed to crypt_tls_dress(). */
bool crypt_tls_is_ours(const char *library);

/* The authorities in a file, a folder or both; NULL where there is none.  A
 * file that cannot be read leaves nobody trusted until it can. */
struct crypt_tls *crypt_tls_new(const char *ca_file, const char *ca_folder);
void crypt_tls_free(struct crypt_tls *t);

/* Prepares a connection: an SSL_CTX * before its first use.  t outlives
 * the connection.  False: its file could never be read. */
bool crypt_tls_dress(struct crypt_tls *t, void *ssl_ctx);

/* Of a connection, an SSL *: has the library read more than it has given out?
 * And may what is still to be read be no data but a ticket? */
bool crypt_tls_has_input(const void *ssl);
bool crypt_tls_has_tickets(const void *ssl);
/* Did the peer ask for a certificate of ours? */
bool crypt_tls_is_asked(const void *ssl);

/* Counts from 0 again; flood(arg) is called, once, when a peer has sent more
 * messages than make sense before the next begin. */
void crypt_tls_begin(struct crypt_tls *t, void (*flood)(void *arg), void *arg);

#endif
