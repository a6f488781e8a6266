#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "core/hops.h"
#include "core/http.h"
#include "core/sig_int.h"
#include "core/signout.h"
#include "core/source.h"
#include "core/whsec.h"
#include "core/whsk.h"

/*
 * Signed is "x-hls-hops.N." and the hex of the body's SHA-256, with HMAC by
 * SHA-512, in which hls signs no body: so this is no signature of a body that
 * looks like it.
 */
#define TEXT_SIZE (16 + 2 * CRYPT_SHA256_SIZE + 1)
#define MAC_SIZE 64
#define MAC_BASE64_SIZE (4 * ((MAC_SIZE + 2) / 3) + 1)
#define ED25519_BASE64_SIZE (4 * ((CRYPT_ED25519_SIGNATURE_SIZE + 2) / 3) + 1)

static void
make_text(int hops, const uint8_t body_sha256[CRYPT_SHA256_SIZE],
    char out[TEXT_SIZE])
{
	char hex[2 * CRYPT_SHA256_SIZE + 1];

	crypt_hex_format(body_sha256, CRYPT_SHA256_SIZE, hex);
	(void)snprintf(out, TEXT_SIZE, "x-hls-hops.%d.%s", hops, hex);
}

static void
append(char *list, const char *version, const char *text)
{
	size_t used = strlen(list);

	(void)snprintf(list + used, HOPS_LIST_SIZE - used, "%s%s,%s",
	    used > 0 ? " " : "", version, text);
}

/* One MAC serves every way in which a source may read the secret, as text or
 * as base64: the key is the text behind "whsec_". */
static void
make_mac(const char *text, const struct secret *s, uint8_t mac[CRYPT_MAC_MAX])
{
	const struct crypt_span span = { text, strlen(text) };
	size_t skip = whsec_has_prefix(s) ? strlen("whsec_") : 0;

	(void)crypt_hmac(CRYPT_SHA512, s->bytes + skip, s->size - skip, &span,
	    1, mac);
}

static void
add_secret(const char *text, const struct secret *s, char *list)
{
	char base64[MAC_BASE64_SIZE];
	uint8_t mac[CRYPT_MAC_MAX];

	if (s == NULL || !secret_is_set(s))
		return;
	make_mac(text, s, mac);
	crypt_base64_format(mac, MAC_SIZE, base64);
	append(list, "v1", base64);
}

static void
add_pair(const char *text, const struct secret *s, char *list)
{
	uint8_t seed[CRYPT_ED25519_SIZE];
	uint8_t signature[CRYPT_ED25519_SIGNATURE_SIZE];
	char base64[ED25519_BASE64_SIZE];

	if (s == NULL || !secret_is_set(s) || !whsk_parse(s, seed))
		return;
	crypt_ed25519_sign(seed, text, strlen(text), signature);
	crypt_wipe(seed, sizeof(seed));
	crypt_base64_format(signature, sizeof(signature), base64);
	append(list, "v1a", base64);
}

void
hops_sign(const struct signout_input *in, int hops, char out[HOPS_LIST_SIZE])
{
	uint8_t digest[CRYPT_SHA256_SIZE];
	char text[TEXT_SIZE];
	size_t i;

	out[0] = '\0';
	if (in->body_sha256 == NULL)
		crypt_sha256(in->body, in->bodysz, digest);
	make_text(hops, in->body_sha256 == NULL ? digest : in->body_sha256,
	    text);
	add_secret(text, in->now.secret, out);
	if ((in->forms & SIGNOUT_ED25519) != 0)
		add_pair(text, in->now.key, out);
	for (i = 0; i < in->nolds; i++) {
		add_secret(text, in->olds[i].secret, out);
		if ((in->forms & SIGNOUT_ED25519) != 0)
			add_pair(text, in->olds[i].key, out);
	}
}

/* One of list, of n bytes. */
static void
claim_one(struct sig_claim *c, const char *list, size_t n)
{
	size_t got;

	if (n > 3 && memcmp(list, "v1,", 3) == 0 && c->nmacs < SIG_CLAIMS_MAX &&
	    crypt_base64_parse(list + 3, n - 3, c->macs[c->nmacs],
		CRYPT_MAC_MAX, &got) &&
	    got == MAC_SIZE)
		c->nmacs++;
	else if (n > 4 && memcmp(list, "v1a,", 4) == 0 &&
	    c->nsignatures < SIG_CLAIMS_MAX &&
	    crypt_base64_parse(list + 4, n - 4, c->signatures[c->nsignatures],
		CRYPT_ED25519_SIGNATURE_SIZE, &got) &&
	    got == CRYPT_ED25519_SIGNATURE_SIZE)
		c->nsignatures++;
}

/* Looks at every secret and every claim, whichever fits. */
static bool
is_claimed(const struct source *src, const struct sig_claim *c,
    const char *text)
{
	uint8_t mac[CRYPT_MAC_MAX];
	bool fits = false;
	size_t i, k;

	for (i = 0; i < src->nsecrets; i++) {
		make_mac(text, &src->secrets[i], mac);
		for (k = 0; k < c->nmacs; k++)
			fits |= crypt_is_equal(mac, c->macs[k], MAC_SIZE);
	}
	return fits;
}

int
hops_read(const struct source *src, const struct http_req *req,
    const uint8_t body_sha256[CRYPT_SHA256_SIZE])
{
	const char *number = http_header_find(req, HOPS_HEADER);
	const char *list = http_header_find(req, HOPS_SIGNATURE);
	struct sig_claim c = { .digest = CRYPT_SHA512 };
	char text[TEXT_SIZE];
	size_t n;
	int hops;

	if (number == NULL || list == NULL || *number < '1' || *number > '9' ||
	    number[1] != '\0')
		return 0;
	hops = *number - '0';
	make_text(hops, body_sha256, text);
	sig_claim_span(&c, text, strlen(text));
	for (; *list != '\0'; list += n) {
		list += strspn(list, " ");
		n = strcspn(list, " ");
		claim_one(&c, list, n);
	}
	return is_claimed(src, &c, text) || sig_public_prove(src, &c) ? hops
								      : 0;
}
