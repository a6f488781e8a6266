/*
 * Any sender that signs with an HMAC: which header, algorithm, encoding and
 * signed text is configured.  Bitbucket, Shopify, Slack and many other services
 * sign so.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/http.h"
#include "core/sig_int.h"
#include "core/source.h"

static const struct sig_header headers[] = {
	{ NULL, SIG_FORM_ONE, 0 }, /* all are configured */
};

/* The values that a template's names stand for. */
struct fields {
	struct crypt_span id, timestamp, body;
};

static struct crypt_span
span_of(const char *text)
{
	return (struct crypt_span){ text, text == NULL ? 0 : strlen(text) };
}

/* One part of a template, a name in braces or the text up to the next;
 * returns the bytes it takes. */
static size_t
template_part(const char *p, const struct fields *f, struct crypt_span *out)
{
	size_t n;

	if (strncmp(p, "{body}", 6) == 0) {
		*out = f->body;
		return 6;
	}
	if (strncmp(p, "{id}", 4) == 0) {
		*out = f->id;
		return 4;
	}
	if (strncmp(p, "{timestamp}", 11) == 0) {
		*out = f->timestamp;
		return 11;
	}
	n = 1 + strcspn(p + 1, "{");
	*out = (struct crypt_span){ p, n };
	return n;
}

static enum rc
check(const struct source *src, struct err *e)
{
	const struct fields none = { { "", 0 }, { "", 0 }, { "", 0 } };
	struct crypt_span span;
	const char *p;
	size_t n = 0;

	for (p = src->hmac.template; *p != '\0'; n++)
		p += template_part(p, &none, &span);
	if (n > SIG_SPANS_MAX)
		return err_set(e, RC_INVALID, "a template has at most %d parts",
		    SIG_SPANS_MAX);
	if (src->hmac.timestamp_header != NULL &&
	    strstr(src->hmac.template, "{timestamp}") == NULL)
		return err_set(e, RC_INVALID,
		    "timestamp_header proves nothing unless the template "
		    "holds {timestamp}");
	return RC_OK;
}

static void
claim_spans(struct sig_claim *c, const struct source_hmac *h,
    const struct fields *f)
{
	const char *p = h->template;
	struct crypt_span span;

	c->digest = h->algorithm;
	while (*p != '\0') {
		p += template_part(p, f, &span);
		sig_claim_span(c, span.p, span.n);
	}
}

static size_t
mac_size(enum crypt_digest d)
{
	return d == CRYPT_SHA1 ? 20 : d == CRYPT_SHA256 ? 32 : 64;
}

static void
claim_mac(struct sig_claim *c, const struct source_hmac *h, const char *text)
{
	size_t skip = strlen(h->prefix), n = 0;
	bool ok;

	if (strncmp(text, h->prefix, skip) != 0)
		return;
	text += skip;
	if (h->encoding == SOURCE_HEX)
		ok = sig_hex_parse(text, strlen(text), true, c->macs[0],
		    mac_size(h->algorithm));
	else
		ok = crypt_base64_parse(text, strlen(text), c->macs[0],
			 CRYPT_MAC_MAX, &n) &&
		    n == mac_size(h->algorithm);
	c->nmacs = ok ? 1 : 0;
}

static const char *
header_or_empty(const struct http_req *req, const char *name)
{
	const char *text = name == NULL ? NULL : http_header_find(req, name);

	return text == NULL ? "" : text;
}

static void
claim(const struct source *src, const struct http_req *req, int64_t now_ms,
    struct sig_claim *c)
{
	const struct source_hmac *h = &src->hmac;
	const char *timestamp = header_or_empty(req, h->timestamp_header);
	const struct fields f = {
		.id = span_of(header_or_empty(req, src->facts.id_header)),
		.timestamp = span_of(timestamp),
		.body = { req->body, req->bodysz },
	};

	claim_spans(c, h, &f);
	claim_mac(c, h, header_or_empty(req, h->header));
	if (h->timestamp_header != NULL)
		sig_claim_time(c, timestamp, now_ms, h->tolerance_ms);
}

static void
sample(const struct source *src, const char *delivery_id,
    const struct crypt_span *body, int64_t now_ms, struct buf *out)
{
	const struct source_hmac *h = &src->hmac;
	char timestamp[24], text[2 * CRYPT_MAC_MAX + 1];
	uint8_t mac[CRYPT_MAC_MAX];
	struct sig_claim c = { 0 };
	struct fields f;
	size_t n;

	(void)snprintf(timestamp, sizeof(timestamp), "%" PRId64, now_ms / 1000);
	f = (struct fields){ span_of(delivery_id), span_of(timestamp), *body };
	claim_spans(&c, h, &f);
	n = sig_make(src, &c, mac);
	if (h->encoding == SOURCE_HEX)
		crypt_hex_format(mac, n, text);
	else
		crypt_base64_format(mac, n, text);

	buf_addf(out, "%s: %s%s\n", h->header, h->prefix, text);
	if (h->timestamp_header != NULL)
		buf_addf(out, "%s: %s\n", h->timestamp_header, timestamp);
}

const struct sig_scheme sig_hmac = {
	.name = "hmac",
	.headers = headers,
	.check = check,
	.claim = claim,
	.sample = sample,
};
