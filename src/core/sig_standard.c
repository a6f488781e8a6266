/*
 * Standard Webhooks 1.0.0: over id.timestamp.body, in a list of signatures,
 * version v1, base64 of an HMAC-SHA256, and v1a, base64 of one by Ed25519.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "core/event.h"
#include "core/http.h"
#include "core/sig_int.h"
#include "core/source.h"

#define V1 "v1,"
#define V1A "v1a,"
#define LIST_MAX 8192
#define MAC_SIZE 44       /* in base64, with its padding */
#define SIGNATURE_SIZE 88 /* of Ed25519, the same */

/* The specification's names and Svix's, which came first. */
struct family {
	const char *id, *timestamp, *signature;
};

static const struct family families[] = {
	{ "webhook-id", "webhook-timestamp", "webhook-signature" },
	{ "svix-id", "svix-timestamp", "svix-signature" },
};
#define FAMILIES (sizeof(families) / sizeof(families[0]))

static const struct sig_header headers[] = {
	{ "webhook-id", SIG_FORM_WORD, 0 },
	{ "webhook-timestamp", SIG_FORM_ONE, SIG_VALUE_MAX },
	{ "webhook-signature", SIG_FORM_LIST, LIST_MAX },
	{ "svix-id", SIG_FORM_WORD, 0 },
	{ "svix-timestamp", SIG_FORM_ONE, SIG_VALUE_MAX },
	{ "svix-signature", SIG_FORM_LIST, LIST_MAX },
	{ NULL, SIG_FORM_ONE, 0 },
};

/* The family that the post is signed in: the first that is whole.  Of two
 * halves none is made. */
static const struct family *
family_of(const struct http_req *req)
{
	const struct family *f;

	for (f = families; f < families + FAMILIES; f++)
		if (http_header_find(req, f->id) != NULL &&
		    http_header_find(req, f->timestamp) != NULL &&
		    http_header_find(req, f->signature) != NULL)
			return f;
	return NULL;
}

static const char *
id_header_of(const struct http_req *req)
{
	const struct family *f = family_of(req);

	return f == NULL ? families[0].id : f->id;
}

static void
claim_spans(struct sig_claim *c, const char *id, const char *timestamp,
    const void *body, size_t bodysz)
{
	c->digest = CRYPT_SHA256;
	sig_claim_span(c, id, strlen(id));
	sig_claim_span(c, ".", 1);
	sig_claim_span(c, timestamp, strlen(timestamp));
	sig_claim_span(c, ".", 1);
	sig_claim_span(c, body, bodysz);
}

/* Whether the n bytes are of a version, whose base64 has size bytes and says
 * outsz. */
static bool
read_one(const char *text, size_t n, const char *version, size_t size,
    uint8_t *out, size_t outsz)
{
	size_t skip = strlen(version), got;

	return n == skip + size && strncmp(text, version, skip) == 0 &&
	    crypt_base64_parse(text + skip, n - skip, out, outsz, &got) &&
	    got == outsz;
}

/* Those of our versions among the first SIG_CLAIMS_MAX. */
static void
claim_list(struct sig_claim *c, const char *list)
{
	size_t n, seen;

	for (seen = 0; *list != '\0' && seen < SIG_CLAIMS_MAX; list += n) {
		list += strspn(list, " ");
		n = strcspn(list, " ");
		seen += n > 0;
		if (read_one(list, n, V1, MAC_SIZE, c->macs[c->nmacs],
			CRYPT_SHA256_SIZE))
			c->nmacs++;
		else if (read_one(list, n, V1A, SIGNATURE_SIZE,
			     c->signatures[c->nsignatures],
			     CRYPT_ED25519_SIGNATURE_SIZE))
			c->nsignatures++;
	}
}

/*
 * What is signed is one text with dots between its parts, so a dot inside an
 * id could be the one behind it in another post: "a" . "1" . "2.5" is also
 * "a.1" . "2" . "5".  The last part must then be a number in both, which no
 * object and no list is.
 */
static bool
is_ambiguous(const char *id, const struct http_req *req, int64_t now_ms)
{
	char whole[24];
	size_t n = 0;

	while (n < req->bodysz && n < sizeof(whole) - 1 &&
	    req->body[n] >= '0' && req->body[n] <= '9') {
		whole[n] = req->body[n];
		n++;
	}
	whole[n] = '\0';
	if (n > 0 && strchr(id, '.') != NULL)
		return true;
	return n < req->bodysz && req->body[n] == '.' &&
	    sig_time_is_near(whole, now_ms, SIG_TOLERANCE_MS);
}

static void
claim(const struct source *src, const struct http_req *req, int64_t now_ms,
    struct sig_claim *c)
{
	const struct family *f = family_of(req);
	const char *id = "", *timestamp = "", *list = "";

	(void)src;
	if (f != NULL) {
		id = http_header_find(req, f->id);
		timestamp = http_header_find(req, f->timestamp);
		list = http_header_find(req, f->signature);
	}
	claim_spans(c, id, timestamp, req->body, req->bodysz);
	claim_list(c, list);
	sig_claim_time(c, timestamp, now_ms, SIG_TOLERANCE_MS);
	if (is_ambiguous(id, req, now_ms)) {
		c->is_off = true;
		c->is_untimely = false;
	}
}

static void
sample(const struct source *src, const char *delivery_id,
    const struct crypt_span *body, int64_t now_ms, struct buf *out)
{
	char timestamp[24], text[4 * ((CRYPT_MAC_MAX + 2) / 3) + 1];
	uint8_t mac[CRYPT_MAC_MAX];
	struct sig_claim c = { 0 };

	(void)snprintf(timestamp, sizeof(timestamp), "%" PRId64, now_ms / 1000);
	claim_spans(&c, delivery_id, timestamp, body->p, body->n);
	crypt_base64_format(mac, sig_make(src, &c, mac), text);
	buf_addf(out, "%s: %s\n", families[0].timestamp, timestamp);
	buf_addf(out, "%s: " V1 "%s\n", families[0].signature, text);
}

const struct sig_scheme sig_standard = {
	.name = "standard",
	.headers = headers,
	.id_header = "webhook-id",
	.id_header_of = id_header_of,
	.is_type_in_body = true,
	.takes_whsec = true,
	.claim = claim,
	.sample = sample,
};
