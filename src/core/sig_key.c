#include "config.h"

#include <string.h>

#include "base/secret.h"
#include "core/sig_int.h"
#include "core/source.h"
#include "core/whsec.h"

size_t
sig_key_decode(const struct source *src, const struct secret *s,
    uint8_t out[SOURCE_KEY_MAX])
{
	size_t skip = whsec_has_prefix(s) ? strlen(WHSEC_PREFIX) : 0, n = 0;

	if (src->key == SOURCE_KEY_HEX) {
		n = s->size / 2;
		if (n > SOURCE_KEY_MAX ||
		    !crypt_hex_parse(s->bytes, s->size, out, n))
			n = 0;
	} else if (!crypt_base64_parse(s->bytes + skip, s->size - skip, out,
		       SOURCE_KEY_MAX, &n)) {
		n = 0;
	}
	return n >= SOURCE_KEY_MIN ? n : 0;
}

bool
sig_key_is_encoded(const struct source *src)
{
	return src->key == SOURCE_KEY_BASE64 || src->key == SOURCE_KEY_HEX;
}

bool
sig_key_may_be_whsec(const struct source *src)
{
	return src->scheme->takes_whsec && src->key == SOURCE_KEY_AUTO;
}

size_t
sig_make(const struct source *src, const struct sig_claim *c,
    uint8_t out[CRYPT_MAC_MAX])
{
	const struct secret *s = &src->secrets[0];
	uint8_t key[SOURCE_KEY_MAX];
	size_t n, size;
	bool ok;

	if (sig_key_is_encoded(src)) {
		n = sig_key_decode(src, s, key);
		ok = n > 0;
	} else {
		ok = sig_key_may_be_whsec(src) && whsec_parse(s, key, &n) &&
		    n >= WHSEC_KEY_MIN;
	}
	if (!ok)
		return crypt_hmac(c->digest, s->bytes, s->size, c->spans,
		    c->nspans, out);
	size = crypt_hmac(c->digest, key, n, c->spans, c->nspans, out);
	crypt_wipe(key, sizeof(key));
	return size;
}
