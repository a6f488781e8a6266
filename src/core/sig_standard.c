/*
 * Standard Webhooks 1.0.0, version v1: HMAC-SHA256 over id.timestamp.body,
 * base64, in a list of signatures.
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
#include "core/whsec.h"

#define ID "webhook-id"
#define TIMESTAMP "webhook-timestamp"
#define SIGNATURE "webhook-signature"
#define V1 "v1,"
#define V1_SIZE (sizeof(V1) - 1)
#define LIST_MAX 8192
#define MAC_SIZE 44 /* in base64, with its padding */

static const struct sig_header headers[] = {
	{ ID, false, EVENT_DELIVERY_ID_MAX },
	{ TIMESTAMP, false, SIG_VALUE_MAX },
	{ SIGNATURE, true, LIST_MAX },
	{ NULL, false, 0 },
};

static enum rc
check(const struct source *src, struct err *e)
{
	uint8_t key[WHSEC_KEY_MAX];
	size_t i, n;

	for (i = 0; i < src->nsecrets; i++)
		if (whsec_has_prefix(&src->secrets[i]) &&
		    !whsec_parse(&src->secrets[i], key, &n))
			return err_set(e, RC_INVALID,
			    "behind " WHSEC_PREFIX
			    " there must be base64 of at most %d bytes",
			    WHSEC_KEY_MAX);
	crypt_wipe(key, sizeof(key));
	return RC_OK;
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

/* The signatures of our version among the first SIG_CLAIMS_MAX. */
static void
claim_macs(struct sig_claim *c, const char *list)
{
	size_t n, seen, size;

	for (seen = 0; *list != '\0' && seen < SIG_CLAIMS_MAX; list += n) {
		list += strspn(list, " ");
		n = strcspn(list, " ");
		seen += n > 0;
		if (n == V1_SIZE + MAC_SIZE &&
		    strncmp(list, V1, V1_SIZE) == 0 &&
		    crypt_base64_parse(list + V1_SIZE, n - V1_SIZE,
			c->macs[c->nmacs], CRYPT_MAC_MAX, &size) &&
		    size == CRYPT_SHA256_SIZE)
			c->nmacs++;
	}
}

static void
claim(const struct source *src, const struct http_req *req, int64_t now_ms,
    struct sig_claim *c)
{
	const char *id = http_header_find(req, ID);
	const char *timestamp = http_header_find(req, TIMESTAMP);
	const char *list = http_header_find(req, SIGNATURE);

	(void)src;
	if (id == NULL)
		id = "";
	if (timestamp == NULL)
		timestamp = "";
	claim_spans(c, id, timestamp, req->body, req->bodysz);
	claim_macs(c, list == NULL ? "" : list);
	c->is_off = !sig_time_is_near(timestamp, now_ms, SIG_TOLERANCE_MS);
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
	buf_addf(out, TIMESTAMP ": %s\n", timestamp);
	buf_addf(out, SIGNATURE ": " V1 "%s\n", text);
}

const struct sig_scheme sig_standard = {
	.name = "standard",
	.headers = headers,
	.id_header = ID,
	.is_type_in_body = true,
	.check = check,
	.claim = claim,
	.sample = sample,
};
