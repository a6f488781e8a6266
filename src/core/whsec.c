#include "config.h"

#include <string.h>

#include "base/crypt.h"
#include "core/whsec.h"

#define PREFIX_SIZE (sizeof(WHSEC_PREFIX) - 1)

bool
whsec_has_prefix(const struct secret *s)
{
	return s->size >= PREFIX_SIZE &&
	    memcmp(s->bytes, WHSEC_PREFIX, PREFIX_SIZE) == 0;
}

bool
whsec_has_version(const struct secret *s)
{
	static const char version[] = "v1," WHSEC_PREFIX;

	return s->size >= sizeof(version) - 1 &&
	    memcmp(s->bytes, version, sizeof(version) - 1) == 0;
}

bool
whsec_parse(const struct secret *s, uint8_t out[WHSEC_KEY_MAX], size_t *n)
{
	size_t skip = whsec_has_prefix(s) ? PREFIX_SIZE : 0;

	*n = 0;
	return s->size > skip &&
	    crypt_base64_parse(s->bytes + skip, s->size - skip, out,
		WHSEC_KEY_MAX, n) &&
	    *n > 0;
}

void
whsec_format(const uint8_t random[WHSEC_RANDOM_SIZE], struct secret *out)
{
	char text[PREFIX_SIZE + 4 * ((WHSEC_RANDOM_SIZE + 2) / 3) + 1];

	memcpy(text, WHSEC_PREFIX, PREFIX_SIZE);
	crypt_base64_format(random, WHSEC_RANDOM_SIZE, text + PREFIX_SIZE);
	secret_put_str(out, text);
	crypt_wipe(text, sizeof(text));
}
