#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/crypt.h"
#include "base/id.h"

#define DIGITS 26
#define ROW_BITS 48
#define ROW_MASK ((UINT64_C(1) << ROW_BITS) - 1)

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void
id_format(const char *prefix, const struct id_public *id,
    char out[ID_PUBLIC_SIZE])
{
	size_t used = strlen(prefix);
	uint64_t high, low;
	int i;

	high = (uint64_t)id->ms << 16 | id->salt >> 16;
	low = (uint64_t)id->salt << ROW_BITS | ((uint64_t)id->row & ROW_MASK);
	if (used > ID_PUBLIC_SIZE - DIGITS - 1)
		used = ID_PUBLIC_SIZE - DIGITS - 1;
	memcpy(out, prefix, used);
	for (i = DIGITS - 1; i >= 0; i--) {
		out[used + (size_t)i] = alphabet[low & 31];
		low = low >> 5 | high << 59;
		high >>= 5;
	}
	out[used + DIGITS] = '\0';
}

/* The value of one digit, or 32. */
static uint64_t
digit(char c)
{
	const char *at;

	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	at = c == '\0' ? NULL : strchr(alphabet, c);
	return at == NULL ? 32 : (uint64_t)(at - alphabet);
}

bool
id_parse(const char *prefix, const char *text, struct id_public *out)
{
	size_t used = strlen(prefix);
	uint64_t high = 0, low = 0, d;
	int i;

	if (strncmp(text, prefix, used) != 0)
		return false;
	text += used;
	if (strlen(text) != DIGITS)
		return false;
	for (i = 0; i < DIGITS; i++) {
		d = digit(text[i]);
		/* 26 digits hold 130 bits; the first two have to be zero. */
		if (d > (i == 0 ? 7 : 31))
			return false;
		high = high << 5 | low >> 59;
		low = low << 5 | d;
	}
	out->ms = (int64_t)(high >> 16);
	out->salt = (uint32_t)(high << 16 | low >> ROW_BITS);
	out->row = (int64_t)(low & ROW_MASK);
	return true;
}

/* RFC 9562 section 5.4. */
void
id_uuid4(char out[ID_UUID_SIZE])
{
	uint8_t b[16];
	char hex[33];

	crypt_random(b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	crypt_hex_format(b, sizeof(b), hex);
	(void)snprintf(out, ID_UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex,
	    hex + 8, hex + 12, hex + 16, hex + 20);
}
