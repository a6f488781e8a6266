#include "config.h"

#include <string.h>

#include "core/whsk.h"

#define PREFIX_SIZE (sizeof(WHSK_PREFIX) - 1)
#define PAIR_SIZE (2 * CRYPT_ED25519_SIZE)

void
whsk_format(const uint8_t seed[CRYPT_ED25519_SIZE], struct secret *out)
{
	char text[PREFIX_SIZE + 4 * ((PAIR_SIZE + 2) / 3) + 1];
	uint8_t pair[PAIR_SIZE];

	memcpy(pair, seed, CRYPT_ED25519_SIZE);
	crypt_ed25519_public(seed, pair + CRYPT_ED25519_SIZE);
	memcpy(text, WHSK_PREFIX, PREFIX_SIZE);
	crypt_base64_format(pair, sizeof(pair), text + PREFIX_SIZE);
	secret_put_str(out, text);
	crypt_wipe(pair, sizeof(pair));
	crypt_wipe(text, sizeof(text));
}

static bool
parse(const struct secret *s, uint8_t pair[PAIR_SIZE])
{
	size_t n;

	if (s->size > PREFIX_SIZE &&
	    memcmp(s->bytes, WHSK_PREFIX, PREFIX_SIZE) == 0 &&
	    crypt_base64_parse(s->bytes + PREFIX_SIZE, s->size - PREFIX_SIZE,
		pair, PAIR_SIZE, &n) &&
	    n == PAIR_SIZE)
		return true;
	crypt_wipe(pair, PAIR_SIZE);
	return false;
}

bool
whsk_parse(const struct secret *s, uint8_t seed[CRYPT_ED25519_SIZE])
{
	uint8_t pair[PAIR_SIZE];
	bool ok = parse(s, pair);

	memcpy(seed, pair, CRYPT_ED25519_SIZE);
	crypt_wipe(pair, sizeof(pair));
	return ok;
}

bool
whsk_public(const struct secret *s, char out[WHSK_PUBLIC_SIZE])
{
	size_t prefix = sizeof(WHSK_PUBLIC_PREFIX) - 1;
	uint8_t pair[PAIR_SIZE];
	bool ok = parse(s, pair);

	memcpy(out, WHSK_PUBLIC_PREFIX, prefix + 1);
	if (ok)
		crypt_base64_format(pair + CRYPT_ED25519_SIZE,
		    CRYPT_ED25519_SIZE, out + prefix);
	crypt_wipe(pair, sizeof(pair));
	return ok;
}

bool
whsk_public_parse(const char *text, uint8_t out[CRYPT_ED25519_SIZE])
{
	size_t prefix = sizeof(WHSK_PUBLIC_PREFIX) - 1, n;

	return strncmp(text, WHSK_PUBLIC_PREFIX, prefix) == 0 &&
	    crypt_base64_parse(text + prefix, strlen(text + prefix), out,
		CRYPT_ED25519_SIZE, &n) &&
	    n == CRYPT_ED25519_SIZE;
}

static bool
begins_with(const struct secret *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s->size >= n && memcmp(s->bytes, prefix, n) == 0;
}

bool
whsk_is_key(const struct secret *s)
{
	return begins_with(s, WHSK_PREFIX) ||
	    begins_with(s, WHSK_PUBLIC_PREFIX);
}
