#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crypt.h"
#include "base/secret.h"
#include "base/strlist.h"
#include "core/signout.h"
#include "core/whsec.h"

#define MAC_BASE64_SIZE (4 * ((CRYPT_SHA256_SIZE + 2) / 3) + 1)
#define MAC_HEX_SIZE (2 * CRYPT_SHA256_SIZE + 1)

static const struct {
	const char *name;
	enum signout_form form;
} names_of_forms[] = {
	{ "standard", SIGNOUT_STANDARD },
	{ "github", SIGNOUT_GITHUB },
	{ "homeiq", SIGNOUT_HOMEIQ },
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

static char *
add(struct signout *out, const char *name)
{
	out->v[out->n].name = name;
	return out->v[out->n++].value;
}

/* Appends "v1,MAC" to a list of such. */
static void
add_standard(const struct signout_input *in, const struct secret *secret,
    char *list, size_t listsz)
{
	uint8_t key[WHSEC_KEY_MAX], mac[CRYPT_MAC_MAX];
	char time[24], text[MAC_BASE64_SIZE];
	struct crypt_span spans[5];
	bool is_decoded;
	size_t n, used;

	(void)snprintf(time, sizeof(time), "%" PRId64, in->timestamp);
	spans[0] = (struct crypt_span){ in->id, strlen(in->id) };
	spans[1] = (struct crypt_span){ ".", 1 };
	spans[2] = (struct crypt_span){ time, strlen(time) };
	spans[3] = (struct crypt_span){ ".", 1 };
	spans[4] = (struct crypt_span){ in->body, in->bodysz };

	is_decoded = whsec_has_prefix(secret) && whsec_parse(secret, key, &n);
	(void)crypt_hmac(CRYPT_SHA256, is_decoded ? (void *)key : secret->bytes,
	    is_decoded ? n : secret->size, spans, 5, mac);
	crypt_wipe(key, sizeof(key));

	crypt_base64_format(mac, CRYPT_SHA256_SIZE, text);
	used = strlen(list);
	(void)snprintf(list + used, listsz - used, "%sv1,%s",
	    used > 0 ? " " : "", text);
}

/* The forms over the body alone share one MAC. */
static void
add_body(const struct signout_input *in, const struct secret *secret,
    const char *homeiq, const char *github, struct signout *out)
{
	struct crypt_span span = { in->body, in->bodysz };
	uint8_t mac[CRYPT_MAC_MAX];
	char hex[MAC_HEX_SIZE];

	if ((in->forms & (SIGNOUT_HOMEIQ | SIGNOUT_GITHUB)) == 0)
		return;
	(void)crypt_hmac(CRYPT_SHA256, secret->bytes, secret->size, &span, 1,
	    mac);
	crypt_hex_format(mac, CRYPT_SHA256_SIZE, hex);
	if ((in->forms & SIGNOUT_HOMEIQ) != 0)
		memcpy(add(out, homeiq), hex, sizeof(hex));
	if ((in->forms & SIGNOUT_GITHUB) != 0)
		(void)snprintf(add(out, github), SIGNOUT_VALUE_SIZE,
		    "sha256=%s", hex);
}

void
signout_sign(const struct signout_input *in, struct signout *out)
{
	bool has_old = in->old != NULL && secret_is_set(in->old);
	char *list;

	memset(out, 0, sizeof(*out));
	if ((in->forms & SIGNOUT_STANDARD) != 0) {
		list = add(out, "webhook-signature");
		add_standard(in, in->secret, list, SIGNOUT_VALUE_SIZE);
		if (has_old)
			add_standard(in, in->old, list, SIGNOUT_VALUE_SIZE);
	}
	add_body(in, in->secret, "X-Webhook-Signature", "X-Hub-Signature-256",
	    out);
	if (has_old)
		add_body(in, in->old, "X-Webhook-Signature-Old",
		    "X-Hub-Signature-256-Old", out);
}
