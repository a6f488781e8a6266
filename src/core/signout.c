#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypt.h"
#include "base/secret.h"
#include "base/strlist.h"
#include "core/signout.h"
#include "core/whsec.h"
#include "core/whsk.h"

#define MAC_BASE64_SIZE (4 * ((CRYPT_SHA256_SIZE + 2) / 3) + 1)
#define MAC_HEX_SIZE (2 * CRYPT_SHA256_SIZE + 1)
#define ED25519_BASE64_SIZE (4 * ((CRYPT_ED25519_SIGNATURE_SIZE + 2) / 3) + 1)

static const struct {
	const char *name;
	enum signout_form form;
} names_of_forms[] = {
	{ "standard", SIGNOUT_STANDARD },
	{ "standard-ed25519", SIGNOUT_ED25519 },
	{ "github", SIGNOUT_GITHUB },
	{ "homeiq", SIGNOUT_HOMEIQ },
	{ "svix", SIGNOUT_SVIX },
};

unsigned int
signout_form_parse(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(names_of_forms) / sizeof(names_of_forms[0]); i++)
		if (strcmp(name, names_of_forms[i].name) == 0)
			return names_of_forms[i].form;
	return 0;
}

unsigned int
signout_forms(const struct strlist *names, bool from_github)
{
	unsigned int forms = 0;
	size_t i;

	if (names->n == 0)
		return SIGNOUT_STANDARD | SIGNOUT_HOMEIQ |
		    (from_github ? SIGNOUT_GITHUB : 0);
	for (i = 0; i < names->n; i++)
		forms |= signout_form_parse(names->v[i]);
	return forms;
}

/* old is 0 for the secret that signs now, 1 for the newest old one. */
static char *
add(struct signout *out, const char *name, size_t old)
{
	char *to = out->v[out->n].name;

	if (old > 1)
		(void)snprintf(to, SIGNOUT_NAME_SIZE, "%s-Old-%zu", name, old);
	else
		(void)snprintf(to, SIGNOUT_NAME_SIZE, "%s%s", name,
		    old == 1 ? "-Old" : "");
	return out->v[out->n++].value;
}

static void
append(char *list, const char *version, const char *text)
{
	size_t used = strlen(list);

	(void)snprintf(list + used, SIGNOUT_VALUE_SIZE - used, "%s%s,%s",
	    used > 0 ? " " : "", version, text);
}

/* What Standard Webhooks signs: "id.timestamp." and the body. */
struct signed_text {
	char time[24];
	struct crypt_span spans[5];
};

static void
signed_text_init(struct signed_text *t, const struct signout_input *in)
{
	(void)snprintf(t->time, sizeof(t->time), "%" PRId64, in->timestamp);
	t->spans[0] = (struct crypt_span){ in->id, strlen(in->id) };
	t->spans[1] = (struct crypt_span){ ".", 1 };
	t->spans[2] = (struct crypt_span){ t->time, strlen(t->time) };
	t->spans[3] = (struct crypt_span){ ".", 1 };
	t->spans[4] = (struct crypt_span){ in->body, in->bodysz };
}

static void
add_v1(const struct signed_text *t, const struct secret *secret, char *list)
{
	uint8_t key[WHSEC_KEY_MAX], mac[CRYPT_MAC_MAX];
	char text[MAC_BASE64_SIZE];
	bool is_decoded;
	size_t n;

	if (secret == NULL || !secret_is_set(secret))
		return;
	is_decoded = whsec_has_prefix(secret) && whsec_parse(secret, key, &n);
	(void)crypt_hmac(CRYPT_SHA256, is_decoded ? (void *)key : secret->bytes,
	    is_decoded ? n : secret->size, t->spans, 5, mac);
	crypt_wipe(key, sizeof(key));
	crypt_base64_format(mac, CRYPT_SHA256_SIZE, text);
	append(list, "v1", text);
}

static void
add_v1a(const struct buf *text, const struct secret *key, char *list)
{
	uint8_t seed[CRYPT_ED25519_SIZE];
	uint8_t signature[CRYPT_ED25519_SIGNATURE_SIZE];
	char base64[ED25519_BASE64_SIZE];

	if (key == NULL || !secret_is_set(key) || !whsk_parse(key, seed))
		return;
	crypt_ed25519_sign(seed, text->data, text->len, signature);
	crypt_wipe(seed, sizeof(seed));
	crypt_base64_format(signature, sizeof(signature), base64);
	append(list, "v1a", base64);
}

static void
add_every_v1a(const struct signed_text *t, const struct signout_input *in,
    char *list)
{
	struct buf text;
	size_t i;

	buf_init(&text, in->bodysz + 1024);
	for (i = 0; i < sizeof(t->spans) / sizeof(t->spans[0]); i++)
		buf_add(&text, t->spans[i].p, t->spans[i].n);
	add_v1a(&text, in->now.key, list);
	for (i = 0; i < in->nolds; i++)
		add_v1a(&text, in->olds[i].key, list);
	buf_fini(&text);
}

/* The list is made once and stands under one name or both.  Svix's names ask
 * for a v1, whatever else is listed. */
static void
add_standard(const struct signout_input *in, struct signout *out)
{
	struct signed_text t;
	char list[SIGNOUT_VALUE_SIZE] = "";
	size_t i;

	signed_text_init(&t, in);
	if ((in->forms & (SIGNOUT_STANDARD | SIGNOUT_SVIX)) != 0) {
		add_v1(&t, in->now.secret, list);
		for (i = 0; i < in->nolds; i++)
			add_v1(&t, in->olds[i].secret, list);
	}
	if ((in->forms & SIGNOUT_ED25519) != 0)
		add_every_v1a(&t, in, list);
	if ((in->forms & (SIGNOUT_STANDARD | SIGNOUT_ED25519)) != 0)
		memcpy(add(out, "webhook-signature", 0), list, sizeof(list));
	if ((in->forms & SIGNOUT_SVIX) == 0)
		return;
	(void)snprintf(add(out, "svix-id", 0), SIGNOUT_VALUE_SIZE, "%s",
	    in->id);
	memcpy(add(out, "svix-timestamp", 0), t.time, sizeof(t.time));
	memcpy(add(out, "svix-signature", 0), list, sizeof(list));
}

static void
hmac_hex(enum crypt_digest digest, const struct signout_input *in,
    const struct secret *secret, char out[MAC_HEX_SIZE])
{
	struct crypt_span span = { in->body, in->bodysz };
	uint8_t mac[CRYPT_MAC_MAX];
	size_t n;

	n = crypt_hmac(digest, secret->bytes, secret->size, &span, 1, mac);
	crypt_hex_format(mac, n, out);
}

/* HomeIQ's and GitHub's share one MAC.  GitHub sends SHA-1 too, and many a
 * receiver that was written for it reads nothing else. */
static void
add_body(const struct signout_input *in, const struct secret *secret,
    size_t old, struct signout *out)
{
	char hex[MAC_HEX_SIZE];

	if (secret == NULL || !secret_is_set(secret) ||
	    (in->forms & (SIGNOUT_HOMEIQ | SIGNOUT_GITHUB)) == 0)
		return;
	hmac_hex(CRYPT_SHA256, in, secret, hex);
	if ((in->forms & SIGNOUT_HOMEIQ) != 0)
		memcpy(add(out, "X-Webhook-Signature", old), hex, sizeof(hex));
	if ((in->forms & SIGNOUT_GITHUB) == 0)
		return;
	(void)snprintf(add(out, "X-Hub-Signature-256", old), SIGNOUT_VALUE_SIZE,
	    "sha256=%s", hex);
	hmac_hex(CRYPT_SHA1, in, secret, hex);
	(void)snprintf(add(out, "X-Hub-Signature", old), SIGNOUT_VALUE_SIZE,
	    "sha1=%s", hex);
}

void
signout_sign(const struct signout_input *in, struct signout *out)
{
	size_t i, old = 0;

	out->n = 0;
	if ((in->forms & (SIGNOUT_STANDARD | SIGNOUT_ED25519 | SIGNOUT_SVIX)) !=
	    0)
		add_standard(in, out);
	add_body(in, in->now.secret, 0, out);
	for (i = 0; i < in->nolds; i++)
		if (in->olds[i].secret != NULL &&
		    secret_is_set(in->olds[i].secret))
			add_body(in, in->olds[i].secret, ++old, out);
}
