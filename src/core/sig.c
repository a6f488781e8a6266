#include "config.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/secret.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/http.h"
#include "core/sig.h"
#include "core/sig_int.h"
#include "core/source.h"
#include "core/whsec.h"
#include "core/whsk.h"

/* MACs of each digest in use that a denial costs at least: so many as where a
 * secret is being rotated. */
#define TRIES_MIN 2
#define DIGESTS (CRYPT_SHA512 + 1)

#define WHITE " \t\r\n"

static const struct sig_scheme *const schemes[] = {
	&sig_github,
	&sig_standard,
	&sig_hmac,
};
#define SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

const struct sig_scheme *
sig_scheme_find(const char *provider)
{
	size_t i;

	for (i = 0; i < SCHEMES; i++)
		if (strcmp(schemes[i]->name, provider) == 0)
			return schemes[i];
	return NULL;
}

const char *
sig_scheme_name(const struct sig_scheme *s)
{
	return s->name;
}

int64_t
sig_replay_window_ms(const struct source *src)
{
	bool id_is_free = src->scheme == &sig_github ||
	    (src->facts.id_header != NULL &&
		(src->scheme != &sig_hmac ||
		    strstr(src->hmac.template, "{id}") == NULL));

	return id_is_free ? 7 * 24 * 3600 * INT64_C(1000) : 0;
}

const char *const *
sig_repeating_types(const struct source *src)
{
	static const char *const none[] = { NULL };

	return src->scheme->repeating_types == NULL
	    ? none
	    : src->scheme->repeating_types;
}

/* Standard Webhooks writes its signatures so, and some services their secrets
 * too. */
static bool
has_version(const struct secret *s)
{
	return s->size > 3 && memcmp(s->bytes, "v1,", 3) == 0;
}

const char *
sig_secret_fault(const struct source *src, const struct secret *s)
{
	bool is_whsec = sig_key_may_be_whsec(src) && whsec_has_prefix(s);
	uint8_t key[SOURCE_KEY_MAX];
	size_t n;
	bool ok = true;

	if (!secret_is_set(s))
		return "is empty";
	if (whsk_is_key(s))
		return "is a key of a pair; the sender's public key, whpk_, "
		       "belongs to public_keys";
	if (src->key != SOURCE_KEY_TEXT &&
	    (whsec_has_version(s) ||
		(src->scheme == &sig_standard && has_version(s))))
		return "begins with v1, which is not a part of it; leave "
		       "\"v1,\" off";
	if (is_whsec)
		ok = whsec_parse(s, key, &n) && n >= WHSEC_KEY_MIN;
	else if (sig_key_is_encoded(src))
		ok = sig_key_decode(src, s, key) > 0;
	crypt_wipe(key, sizeof(key));
	if (ok)
		return NULL;
	if (is_whsec)
		return "what follows whsec_ is not base64 of 16 to 256 bytes";
	return src->key == SOURCE_KEY_HEX ? "is not hex of at least 16 bytes"
					  : "is not base64 of at least 16 "
					    "bytes";
}

enum rc
sig_scheme_check(const struct source *src, struct err *e)
{
	if (src->npublic_keys > 0 && src->scheme != &sig_standard)
		return err_set(e, RC_INVALID,
		    "public_keys belong to provider standard");
	return src->scheme->check == NULL ? RC_OK : src->scheme->check(src, e);
}

enum rc
sig_source_check(const struct source *src, struct err *e)
{
	const char *fault;
	size_t i;

	if (src->nsecrets == 0 && src->npublic_keys == 0)
		return err_set(e, RC_INVALID, "a source needs a secret");
	for (i = 0; i < src->nsecrets; i++) {
		fault = sig_secret_fault(src, &src->secrets[i]);
		if (fault != NULL)
			return err_set(e, RC_INVALID, "a secret %s", fault);
	}
	return sig_scheme_check(src, e);
}

static struct source nobody;
static struct secret nobody_secret;
static pthread_once_t nobody_once = PTHREAD_ONCE_INIT;

static void
nobody_make(void)
{
	uint8_t random[WHSEC_RANDOM_SIZE];

	crypt_random(random, sizeof(random));
	secret_put(&nobody_secret, random, sizeof(random));
	nobody.name = xstrdup("");
	nobody.scheme = &sig_github;
	nobody.secrets = &nobody_secret;
	nobody.nsecrets = 1;
}

/* The source that unknown paths are verified against. */
static const struct source *
nobody_get(void)
{
	(void)pthread_once(&nobody_once, nobody_make);
	return &nobody;
}

/* A control byte or a comma is what a folded or a doubled header looks like
 * behind a server that put it together.  White space at the ends joins
 * nothing, so that is left to the scheme. */
static bool
is_well_formed(const char *value, const struct sig_header *h)
{
	size_t n = strlen(value), i, commas = 0;

	if (h->max > 0 && n > h->max)
		return false;
	i = strspn(value, WHITE);
	while (n > i && strchr(WHITE, value[n - 1]) != NULL)
		n--;
	for (; i < n; i++) {
		if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
			return false;
		if (value[i] == ' ')
			commas = 0;
		if (value[i] != ',')
			continue;
		if (h->form == SIG_FORM_ONE ||
		    (h->form == SIG_FORM_WORD && value[i + 1] == ' ') ||
		    (h->form == SIG_FORM_LIST && ++commas > 1))
			return false;
	}
	return true;
}

static enum rc
check_header(const struct http_req *req, const struct sig_header *h,
    struct err *e)
{
	size_t n = http_header_count(req, h->name);

	if (n > 1)
		return err_set(e, RC_INVALID, "header %s stands twice",
		    h->name);
	if (n == 1 && !is_well_formed(http_header_find(req, h->name), h))
		return err_set(e, RC_INVALID, "header %s is malformed",
		    h->name);
	return RC_OK;
}

enum rc
sig_check_headers(const struct http_req *req, struct err *e)
{
	const struct sig_header *h;
	enum rc rc;
	size_t i;

	for (i = 0; i < SCHEMES; i++) {
		for (h = schemes[i]->headers; h->name != NULL; h++) {
			rc = check_header(req, h, e);
			if (rc != RC_OK)
				return rc;
		}
	}
	return RC_OK;
}

/* The headers that the source has configured. */
static bool
has_good_headers(const struct source *src, const struct http_req *req,
    struct err *e)
{
	const struct sig_header own[] = {
		{ src->hmac.header, SIG_FORM_ONE, SIG_VALUE_MAX },
		{ src->facts.id_header, SIG_FORM_WORD, 0 },
		{ src->facts.event_header, SIG_FORM_WORD, 0 },
		{ src->hmac.timestamp_header, SIG_FORM_ONE, SIG_VALUE_MAX },
	};
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (own[i].name != NULL &&
		    check_header(req, &own[i], e) != RC_OK)
			return false;
	return true;
}

void
sig_sample(const struct source *src, const char *type, const char *delivery_id,
    const void *body, size_t bodysz, int64_t now_ms, struct buf *out)
{
	const struct crypt_span span = { body, bodysz };
	const char *event_header = src->facts.event_header;
	const char *id_header = src->facts.id_header;

	src->scheme->sample(src, delivery_id, &span, now_ms, out);
	if (event_header == NULL)
		event_header = src->scheme->type_header;
	if (id_header == NULL)
		id_header = src->scheme->id_header;
	if (event_header != NULL)
		buf_addf(out, "%s: %s\n", event_header, type);
	if (id_header != NULL)
		buf_addf(out, "%s: %s\n", id_header, delivery_id);
}

/* No claim is left out when one fits: the time tells not which. */
static bool
fits(const struct sig_claim *c, const void *key, size_t keysz)
{
	uint8_t mac[CRYPT_MAC_MAX];
	size_t n, i;
	bool ok = false;

	n = crypt_hmac(c->digest, key, keysz, c->spans, c->nspans, mac);
	for (i = 0; i < c->nmacs; i++)
		ok |= crypt_is_equal(mac, c->macs[i], n);
	return ok;
}

static enum crypt_digest
digest_of(const struct source *src)
{
	return src->scheme == &sig_hmac ? src->hmac.algorithm : CRYPT_SHA256;
}

/*
 * A secret of Standard Webhooks without its prefix may be base64 or plain:
 * its users differ, hls itself signs with the plain bytes, so both are tried.
 * Returns the MACs computed; with c NULL, those that would be.
 */
static size_t
try_secret(const struct source *src, const struct secret *s,
    const struct sig_claim *c, bool *ok)
{
	bool is_whsec = sig_key_may_be_whsec(src);
	uint8_t key[SOURCE_KEY_MAX];
	size_t n, tries = 0;

	if (sig_key_is_encoded(src)) {
		n = sig_key_decode(src, s, key);
		if (c != NULL)
			*ok |= n > 0 && fits(c, key, n);
		crypt_wipe(key, sizeof(key));
		return 1;
	}

	if (is_whsec && whsec_parse(s, key, &n) && n >= WHSEC_KEY_MIN) {
		tries++;
		if (c != NULL)
			*ok |= fits(c, key, n);
		crypt_wipe(key, sizeof(key));
	}
	if ((c == NULL || !*ok) && !(is_whsec && whsec_has_prefix(s))) {
		tries++;
		if (c != NULL)
			*ok |= fits(c, s->bytes, s->size);
	}
	return tries;
}

/* True when one of the claimed MACs is made with one of the secrets.  A claim
 * that is off is denied whichever fits.  Adds the MACs computed to *tries. */
static bool
prove(const struct source *src, const struct sig_claim *c, size_t *tries)
{
	bool ok = false;
	size_t i;

	for (i = 0; i < src->nsecrets; i++) {
		*tries += try_secret(src, &src->secrets[i], c, &ok);
		if (ok && !c->is_off)
			break;
	}
	return ok;
}

static size_t
tries_of(const struct source *src)
{
	size_t i, n = 0;

	for (i = 0; i < src->nsecrets; i++)
		n += try_secret(src, &src->secrets[i], NULL, NULL);
	return n;
}

/* Brings what a denial has cost to what every denial costs. */
static void
level(const struct sources *all, enum crypt_digest digest, size_t tries,
    const struct sig_claim *c)
{
	size_t want[DIGESTS] = { [CRYPT_SHA256] = TRIES_MIN }, i, n;
	struct sig_claim padding = *c;
	enum crypt_digest d;

	for (i = 0; i < all->n; i++) {
		d = digest_of(&all->v[i]);
		n = tries_of(&all->v[i]);
		if (n < TRIES_MIN)
			n = TRIES_MIN;
		want[d] = n > want[d] ? n : want[d];
	}
	for (i = 0; i < DIGESTS; i++) {
		padding.digest = (enum crypt_digest)i;
		for (n = padding.digest == digest ? tries : 0; n < want[i]; n++)
			(void)fits(&padding, "", 0);
	}
}

/* The text is for the log; the answer has one sentence for every way to
 * fail. */
static enum rc
deny(const struct sig_claim *c, struct err *e)
{
	if (c->nmacs == 0 && c->nsignatures == 0)
		return err_set(e, RC_DENIED,
		    "no signature of the source's form");
	return err_set(e, RC_DENIED,
	    "the signature fits no secret of the source");
}

/* The sender has the secret, but its clock or ours is off, or somebody sends
 * an old post again. */
static enum rc
deny_time(const struct sig_claim *c, struct err *e)
{
	int64_t apart_s = c->ahead_ms / 1000;

	/* No number of milliseconds: it has no opposite either. */
	if (c->ahead_ms == SIG_NO_TIME)
		return err_set(e, RC_DENIED,
		    "the signature fits, but the post's time is not in unix "
		    "seconds");
	return err_set(e, RC_DENIED,
	    "the signature fits, but the post's time is %" PRId64
	    " s %s this machine's clock",
	    apart_s < 0 ? -apart_s : apart_s,
	    c->ahead_ms < 0 ? "behind" : "ahead of");
}

enum rc
sig_verify(const struct sources *all, const struct source *src,
    const struct http_req *req, int64_t now_ms, bool *proved, struct err *e)
{
	struct sig_claim c = { 0 };
	size_t tries = 0;
	bool is_good;

	if (src == NULL)
		src = nobody_get();
	src->scheme->claim(src, req, now_ms, &c);
	/* Which header it was is for the log; the work is the same. */
	is_good = has_good_headers(src, req, e);
	c.is_off |= !is_good;
	*proved = prove(src, &c, &tries);
	if (*proved && !c.is_off)
		return RC_OK;
	level(all, c.digest, tries, &c);
	*proved |= sig_public_prove(src, &c);
	if (*proved && !c.is_off)
		return RC_OK;
	sig_public_level(all, src, req, now_ms);
	*proved &= is_good && c.is_untimely;
	if (!is_good)
		return e->rc = RC_DENIED;
	return *proved ? deny_time(&c, e) : deny(&c, e);
}
