/*
 * sigtry - which change would make a signature fit
 *
 * Tries a post that was refused with each secret of its source in several
 * encodings, with each header that could hold a signature, with the texts
 * that senders sign, and with the changes that a body goes through on its
 * way.  Some senders sign the URL that they post to, which only the caller
 * knows.  For a person who has the secrets: it is not constant in time.  Pure.
 */
#ifndef CORE_SIGTRY_H
#define CORE_SIGTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/crypt.h"

struct http_req;
struct source;

#define SIGTRY_HEADER_MAX 64

/* Each name is a literal. */
struct sigtry_match {
	/* From 1, as the settings have the secrets, or the public keys. */
	size_t secret;
	/* How the secret's text becomes the key: "text"; or "public key". */
	const char *key;
	const char *digest;
	const char *encoding;           /* of the signature: "hex", "base64" */
	const char *signed_text;        /* a template: "{body}" */
	const char *body;               /* "as it is", or how it was changed */
	char header[SIGTRY_HEADER_MAX]; /* that holds the signature */
};

/* How many signatures the headers may hold. */
size_t sigtry_count(const struct http_req *req);

/* The match with the fewest changes, the body's last; false: none.  url is
 * the URL as the sender has it; NULL: texts with an URL are not tried. */
bool sigtry(const struct source *src, const struct http_req *req,
    const char *url, struct sigtry_match *out);
/* Whether no source can be set to verify the text of the match. */
bool sigtry_is_foreign(const struct sigtry_match *m);

#endif
