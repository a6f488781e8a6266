/*
 * Signatures by Ed25519, version v1a of Standard Webhooks: who knows the
 * public key can check a post and cannot make one.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/sig_int.h"
#include "core/source.h"

/* Ed25519 takes its text in one piece. */
static char *
text_of(const struct sig_claim *c, size_t *n)
{
	char *text;
	size_t i, at = 0;

	for (*n = i = 0; i < c->nspans; i++)
		*n += c->spans[i].n;
	text = xmalloc(*n + 1);
	for (i = 0; i < c->nspans; at += c->spans[i++].n)
		if (c->spans[i].n > 0)
			memcpy(text + at, c->spans[i].p, c->spans[i].n);
	return text;
}

/* No signature is left out when one fits, as with MACs. */
static bool
verify(const uint8_t (*keys)[CRYPT_ED25519_SIZE], size_t nkeys,
    const struct sig_claim *c)
{
	bool ok = false;
	char *text;
	size_t n, i, k;

	if (nkeys == 0 || c->nsignatures == 0)
		return false;
	text = text_of(c, &n);
	for (i = 0; i < nkeys; i++)
		for (k = 0; k < c->nsignatures; k++)
			ok |= crypt_ed25519_verify(keys[i], text, n,
			    c->signatures[k]);
	free(text);
	return ok;
}

bool
sig_public_prove(const struct source *src, const struct sig_claim *c)
{
	return verify((const uint8_t(*)[CRYPT_ED25519_SIZE])src->public_keys,
	    src->npublic_keys, c);
}

void
sig_public_level(const struct sources *all, const struct source *src,
    const struct http_req *req, int64_t now_ms)
{
	/* The base point: a key that nobody has the seed of to hand. */
	static const uint8_t some[1][CRYPT_ED25519_SIZE] = { { 0x58, 0x66, 0x66,
	    0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
	    0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
	    0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66 } };
	struct sig_claim c = { 0 };
	size_t most = 0, i;

	for (i = 0; i < all->n; i++)
		if (all->v[i].npublic_keys > most)
			most = all->v[i].npublic_keys;
	if (most == 0)
		return;
	sig_standard.claim(src, req, now_ms, &c);
	for (i = src->npublic_keys; i < most; i++)
		(void)verify(some, 1, &c);
}
