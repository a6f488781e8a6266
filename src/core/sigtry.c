#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "core/http.h"
#include "core/sigtry.h"
#include "core/sigtry_body.h"
#include "core/sigtry_form.h"
#include "core/source.h"
#include "core/whsec.h"

#define CLAIMS_MAX 64
#define KEYS 5
#define TOKEN_MAX 256
/* Changes of a body hold what comes in, twice at most, and its indents. */
#define BODY_MAX (512u << 20)

/* A text in a header that may be a signature. */
struct claim {
	char header[SIGTRY_HEADER_MAX];
	const char *encoding;
	uint8_t mac[CRYPT_MAC_MAX];
	size_t size;
};

struct trial {
	const struct http_req *req;
	struct claim claims[CLAIMS_MAX];
	size_t nclaims;
	struct crypt_span id, timestamp, url, method;
	struct buf form; /* the fields of the body, sorted */
};

static const struct {
	enum crypt_digest digest;
	const char *name;
	size_t size;
} digests[] = {
	{ CRYPT_SHA256, "sha256", 32 },
	{ CRYPT_SHA1, "sha1", 20 },
	{ CRYPT_SHA512, "sha512", 64 },
};

static bool
is_mac_size(size_t n)
{
	return n == 20 || n == 32 || n == 64;
}

/* HTTP_X_HUB_SIGNATURE to x-hub-signature. */
static void
header_name(const char *param, size_t n, char out[SIGTRY_HEADER_MAX])
{
	size_t i;

	for (i = 0; i < n && i + 1 < SIGTRY_HEADER_MAX; i++)
		out[i] = param[i] == '_'
		    ? '-'
		    : (char)tolower((unsigned char)param[i]);
	out[i] = '\0';
}

static void
claim_token(struct trial *t, const char *param, size_t namesz, const char *text,
    size_t n)
{
	struct claim *c = &t->claims[t->nclaims];

	if (t->nclaims == CLAIMS_MAX || n > TOKEN_MAX)
		return;
	if (n % 2 == 0 && is_mac_size(n / 2) &&
	    crypt_hex_parse(text, n, c->mac, n / 2)) {
		c->encoding = "hex";
		c->size = n / 2;
	} else if (crypt_base64_parse(text, n, c->mac, CRYPT_MAC_MAX,
		       &c->size) &&
	    is_mac_size(c->size)) {
		c->encoding = "base64";
	} else {
		return;
	}
	header_name(param, namesz, c->header);
	t->nclaims++;
}

/* "sha256=abc", "v1,abc v1,def" and "t=1,v1=abc" hold some each. */
static void
claim_header(struct trial *t, const char *param)
{
	const char *name = param + strlen("HTTP_"), *equals = strchr(name, '=');
	const char *p, *inner;
	size_t n;

	if (equals == NULL)
		return;
	for (p = equals + 1; *p != '\0'; p += n) {
		p += strspn(p, " ,;");
		n = strcspn(p, " ,;");
		claim_token(t, name, (size_t)(equals - name), p, n);
		inner = memchr(p, '=', n);
		if (inner != NULL)
			claim_token(t, name, (size_t)(equals - name), inner + 1,
			    n - (size_t)(inner + 1 - p));
	}
}

static void
collect(struct trial *t, const struct http_req *req)
{
	const char *const *p;

	memset(t, 0, sizeof(*t));
	t->req = req;
	for (p = req->params; *p != NULL; p++)
		if (strncmp(*p, "HTTP_", 5) == 0)
			claim_header(t, *p);
}

size_t
sigtry_count(const struct http_req *req)
{
	struct trial t;

	collect(&t, req);
	return t.nclaims;
}

static struct crypt_span
first_header(const struct http_req *req, const char *own,
    const char *const *names)
{
	const char *text = own == NULL ? NULL : http_header_find(req, own);

	for (; text == NULL && *names != NULL; names++)
		text = http_header_find(req, *names);
	return (struct crypt_span){ text == NULL ? "" : text,
		text == NULL ? 0 : strlen(text) };
}

/* The key that the secret's text is, or is written as.  NULL: not in that
 * way. */
static const char *
make_key(const struct secret *s, size_t way, uint8_t *key, size_t *n)
{
	static const char *const names[KEYS] = { "text", "base64", "hex",
		"text without whsec_", "text with a newline" };
	size_t skip =
	    strncmp(s->bytes, WHSEC_PREFIX, 6) == 0 ? strlen(WHSEC_PREFIX) : 0;
	const char *text = s->bytes + skip;
	size_t size = s->size - skip;

	if (s->size + 1 > CRYPT_MAC_MAX * 16)
		return NULL;
	*n = way == 0 ? s->size : way == 2 ? size / 2 : size;
	if (way == 0)
		memcpy(key, s->bytes, s->size);
	else if (way == 1 &&
	    !crypt_base64_parse(text, size, key, CRYPT_MAC_MAX * 16, n))
		return NULL;
	else if (way == 2 &&
	    (size % 2 != 0 || !crypt_hex_parse(text, size, key, size / 2)))
		return NULL;
	else if (way == 3 && skip == 0)
		return NULL;
	if (way == 3)
		memcpy(key, text, size);
	if (way == 4) {
		memcpy(key, s->bytes, s->size);
		key[s->size] = '\n';
		*n = s->size + 1;
	}
	return names[way];
}

/* The texts that senders sign.  The source's own template comes before. */
static const char *const templates[] = { "{body}", "{id}.{timestamp}.{body}",
	"{timestamp}.{body}", "v0:{timestamp}:{body}", "{timestamp}{body}",
	"{body}{timestamp}", "{timestamp}:{body}", "{body}.{timestamp}",
	"{timestamp}\\n{body}", "{id}.{body}", "{id}{timestamp}{body}",
	"{timestamp}.{id}.{body}", "{id}:{timestamp}:{body}",
	/* Square, Twilio (a form, or JSON), Trello, HubSpot v3 and others. */
	"{url}{body}", "{url}{form}", "{url}", "{body}{url}",
	"{method}{url}{body}{timestamp}", "{method}{url}{body}",
	"{timestamp}{method}{url}{body}", "{timestamp}{url}{body}",
	"{url}{timestamp}{body}" };
#define TEMPLATES (sizeof(templates) / sizeof(templates[0]))

static const char *
template_at(const struct source *src, size_t i)
{
	bool has_own = src->hmac.template != NULL;

	if (has_own && i == 0)
		return src->hmac.template;
	i -= has_own;
	return i < TEMPLATES ? templates[i] : NULL;
}

bool
sigtry_is_foreign(const struct sigtry_match *m)
{
	return strstr(m->signed_text, "{url}") != NULL;
}

/* A part of a template: a name in braces, \n, or text up to the next. */
static size_t
part_of(const struct trial *t, const char *p, const struct buf *body,
    struct crypt_span *v)
{
	const struct {
		const char *name;
		struct crypt_span value;
	} names[] = {
		{ "{id}", t->id },
		{ "{timestamp}", t->timestamp },
		{ "{body}", { buf_str(body), body->len } },
		{ "{url}", t->url },
		{ "{method}", t->method },
		{ "{form}", { buf_str(&t->form), t->form.len } },
		{ "\\n", { "\n", 1 } },
	};
	size_t i, n;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		n = strlen(names[i].name);
		if (strncmp(p, names[i].name, n) == 0) {
			*v = names[i].value;
			return n;
		}
	}
	n = 1 + strcspn(p + 1, "{\\");
	*v = (struct crypt_span){ p, n };
	return n;
}

/* Whether the post has what the template names. */
static bool
has_all(const struct trial *t, const char *template)
{
	return (t->timestamp.n > 0 ||
		   strstr(template, "{timestamp}") == NULL) &&
	    (t->id.n > 0 || strstr(template, "{id}") == NULL) &&
	    (t->url.n > 0 || strstr(template, "{url}") == NULL) &&
	    (t->form.len > 0 || strstr(template, "{form}") == NULL);
}

/* The parts of the text, n of them, for the caller to free; NULL where the
 * post has not what the template names. */
static struct crypt_span *
make_text(const struct trial *t, const char *template, const struct buf *body,
    size_t *n)
{
	struct crypt_span *v;
	const char *p;

	*n = 0;
	if (!has_all(t, template))
		return NULL;
	v = xcalloc(strlen(template) + 1, sizeof(*v));
	for (p = template; *p != '\0'; ++*n)
		p += part_of(t, p, body, &v[*n]);
	return v;
}

/* Whether a MAC of this key over this text is claimed. */
static bool
is_claimed(const struct trial *t, const uint8_t *key, size_t keysz,
    const struct crypt_span *v, size_t n, struct sigtry_match *out)
{
	uint8_t mac[CRYPT_MAC_MAX];
	const struct claim *c;
	size_t d, i;

	for (d = 0; d < sizeof(digests) / sizeof(digests[0]); d++) {
		(void)crypt_hmac(digests[d].digest, key, keysz, v, n, mac);
		for (i = 0; i < t->nclaims; i++) {
			c = &t->claims[i];
			if (c->size != digests[d].size ||
			    memcmp(c->mac, mac, c->size) != 0)
				continue;
			out->digest = digests[d].name;
			out->encoding = c->encoding;
			memcpy(out->header, c->header, sizeof(out->header));
			return true;
		}
	}
	return false;
}

static bool
try_secret(const struct trial *t, const struct source *src, size_t at,
    const struct buf *body, struct sigtry_match *out)
{
	uint8_t key[CRYPT_MAC_MAX * 16];
	struct crypt_span *v;
	size_t way, i, n, keysz;
	bool ok = false;

	out->secret = at + 1;
	for (way = 0; way < KEYS && !ok; way++) {
		out->key = make_key(&src->secrets[at], way, key, &keysz);
		for (i = 0; out->key != NULL && !ok; i++) {
			out->signed_text = template_at(src, i);
			if (out->signed_text == NULL)
				break;
			v = make_text(t, out->signed_text, body, &n);
			ok = v != NULL && is_claimed(t, key, keysz, v, n, out);
			free(v);
		}
	}
	crypt_wipe(key, sizeof(key));
	return ok;
}

static bool
is_signed(const struct trial *t, const uint8_t key[CRYPT_ED25519_SIZE],
    const struct buf *text, struct sigtry_match *out)
{
	const struct claim *c;
	size_t i;

	for (i = 0; i < t->nclaims; i++) {
		c = &t->claims[i];
		if (c->size != CRYPT_ED25519_SIGNATURE_SIZE ||
		    !crypt_ed25519_verify(key, text->data, text->len, c->mac))
			continue;
		out->digest = "ed25519";
		out->encoding = c->encoding;
		memcpy(out->header, c->header, sizeof(out->header));
		return true;
	}
	return false;
}

/* A public key is read in one way, and takes its text in one piece. */
static bool
try_public(const struct trial *t, const struct source *src, size_t at,
    const struct buf *body, struct sigtry_match *out)
{
	struct crypt_span *v;
	struct buf text;
	size_t i, k, n;
	bool ok = false;

	out->secret = at + 1;
	out->key = "public key";
	buf_init(&text, BODY_MAX);
	for (i = 0; !ok; i++) {
		out->signed_text = template_at(src, i);
		if (out->signed_text == NULL)
			break;
		v = make_text(t, out->signed_text, body, &n);
		if (v == NULL)
			continue;
		buf_clear(&text);
		for (k = 0; k < n; k++)
			buf_add(&text, v[k].p, v[k].n);
		free(v);
		ok = !buf_is_over(&text) &&
		    is_signed(t, src->public_keys[at], &text, out);
	}
	buf_fini(&text);
	return ok;
}

/* "t=1700000000,v1=..." has its time beside the signature. */
static struct crypt_span
time_beside(const struct http_req *req)
{
	const char *const *p;
	const char *at;
	size_t n;

	for (p = req->params; *p != NULL; p++) {
		if (strncmp(*p, "HTTP_", 5) != 0)
			continue;
		for (at = strchr(*p, '='); at != NULL;
		     at = strpbrk(at, ",; ")) {
			at += 1 + strspn(at + 1, " ");
			if (strncmp(at, "t=", 2) != 0 &&
			    strncmp(at, "ts=", 3) != 0)
				continue;
			at = strchr(at, '=') + 1;
			n = strspn(at, "0123456789");
			if (n >= 9)
				return (struct crypt_span){ at, n };
		}
	}
	return (struct crypt_span){ "", 0 };
}

bool
sigtry(const struct source *src, const struct http_req *req, const char *url,
    struct sigtry_match *out)
{
	static const char *const ids[] = { "webhook-id", "svix-id",
		"X-GitHub-Delivery", NULL };
	static const char *const times[] = { "webhook-timestamp",
		"svix-timestamp", "X-Slack-Request-Timestamp", "X-Timestamp",
		"X-Webhook-Timestamp", "X-Signature-Timestamp",
		"X-Request-Timestamp", "X-HubSpot-Request-Timestamp",
		"Timestamp", NULL };
	struct trial t;
	struct buf body;
	bool ok = false;
	size_t i, k;

	memset(out, 0, sizeof(*out));
	collect(&t, req);
	t.id = first_header(req, src->facts.id_header, ids);
	t.timestamp = first_header(req, src->hmac.timestamp_header, times);
	if (t.timestamp.n == 0)
		t.timestamp = time_beside(req);
	if (url != NULL)
		t.url = (struct crypt_span){ url, strlen(url) };
	t.method = (struct crypt_span){ req->method, strlen(req->method) };
	buf_init(&body, BODY_MAX);
	buf_init(&t.form, BODY_MAX);
	for (i = 0; !ok && t.nclaims > 0; i++) {
		out->body = sigtry_body(i, req->body, req->bodysz, &body);
		if (out->body == NULL)
			break;
		if (url != NULL)
			sigtry_form(buf_str(&body), body.len, &t.form);
		for (k = 0; k < src->nsecrets && !ok; k++)
			ok = try_secret(&t, src, k, &body, out);
		for (k = 0; k < src->npublic_keys && !ok; k++)
			ok = try_public(&t, src, k, &body, out);
	}
	buf_fini(&t.form);
	buf_fini(&body);
	return ok;
}
