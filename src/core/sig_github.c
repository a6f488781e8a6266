/*
 * GitHub: HMAC-SHA256 over the body, "sha256=" and hex.  Neither id nor time
 * is signed.
 */
#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "core/event.h"
#include "core/http.h"
#include "core/sig_int.h"

#define SIGNATURE "X-Hub-Signature-256"
#define PREFIX "sha256="
#define ID "X-GitHub-Delivery"
#define TYPE "X-GitHub-Event"

static const struct sig_header headers[] = {
	{ SIGNATURE, SIG_FORM_ONE, SIG_VALUE_MAX },
	{ TYPE, SIG_FORM_WORD, 0 },
	{ ID, SIG_FORM_WORD, 0 },
	{ NULL, SIG_FORM_ONE, 0 },
};

/* A person, or a program, starts the same again: nothing in the body says
 * which time it is. */
static const char *const repeating_types[] = { "workflow_dispatch",
	"repository_dispatch", NULL };

static void
claim(const struct source *src, const struct http_req *req, int64_t now_ms,
    struct sig_claim *c)
{
	const char *text = http_header_find(req, SIGNATURE);
	size_t skip = sizeof(PREFIX) - 1;

	(void)src;
	(void)now_ms;
	c->digest = CRYPT_SHA256;
	sig_claim_span(c, req->body, req->bodysz);
	if (text != NULL && strncmp(text, PREFIX, skip) == 0 &&
	    sig_hex_parse(text + skip, strlen(text + skip), false, c->macs[0],
		CRYPT_SHA256_SIZE))
		c->nmacs = 1;
}

static void
sample(const struct source *src, const char *delivery_id,
    const struct crypt_span *body, int64_t now_ms, struct buf *out)
{
	struct sig_claim c = { .digest = CRYPT_SHA256 };
	char hex[2 * CRYPT_SHA256_SIZE + 1];
	uint8_t mac[CRYPT_MAC_MAX];

	(void)delivery_id;
	(void)now_ms;
	sig_claim_span(&c, body->p, body->n);
	crypt_hex_format(mac, sig_make(src, &c, mac), hex);
	buf_addf(out, SIGNATURE ": " PREFIX "%s\n", hex);
}

const struct sig_scheme sig_github = {
	.name = "github",
	.headers = headers,
	.id_header = ID,
	.hook_header = "X-GitHub-Hook-ID",
	.type_header = TYPE,
	.repeating_types = repeating_types,
	.has_shapes = true,
	.claim = claim,
	.sample = sample,
};
