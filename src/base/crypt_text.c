#include "config.h"

#include <string.h>

#include "base/crypt.h"

static const char base64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
crypt_hex_format(const void *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *in = p;
	size_t i;

	for (i = 0; i < n; i++) {
		out[2 * i] = digits[in[i] >> 4];
		out[2 * i + 1] = digits[in[i] & 15];
	}
	out[2 * n] = '\0';
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
crypt_hex_parse(const char *text, size_t textsz, uint8_t *out, size_t n)
{
	int high, low;
	size_t i;

	if (textsz != 2 * n)
		return false;
	for (i = 0; i < n; i++) {
		high = hex_digit(text[2 * i]);
		low = hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void
crypt_base64_format(const void *p, size_t n, char *out)
{
	const uint8_t *in = p;
	uint32_t group;
	size_t i, take;

	for (i = 0; i < n; i += 3, out += 4) {
		take = n - i < 3 ? n - i : 3;
		group = (uint32_t)in[i] << 16;
		if (take > 1)
			group |= (uint32_t)in[i + 1] << 8;
		if (take > 2)
			group |= in[i + 2];
		out[0] = base64[group >> 18];
		out[1] = base64[group >> 12 & 63];
		out[2] = take > 1 ? base64[group >> 6 & 63] : '=';
		out[3] = take > 2 ? base64[group & 63] : '=';
	}
	*out = '\0';
}

bool
crypt_base64_parse(const char *text, size_t textsz, uint8_t *out, size_t max,
    size_t *n)
{
	const char *at;
	uint32_t bits = 0;
	size_t i, used = 0, padding = 0;
	int held = 0;

	*n = 0;
	while (textsz > 0 && padding < 2 && text[textsz - 1] == '=') {
		textsz--;
		padding++;
	}
	if (textsz % 4 == 1 || (padding > 0 && (textsz + padding) % 4 != 0))
		return false;
	for (i = 0; i < textsz; i++) {
		at = text[i] == '\0' ? NULL : strchr(base64, text[i]);
		if (at == NULL)
			return false;
		bits = bits << 6 | (uint32_t)(at - base64);
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		if (used == max)
			return false;
		out[used++] = (uint8_t)(bits >> held);
		bits &= (1u << held) - 1;
	}
	/* Bits left over are no part of a byte: one text for one value. */
	if (bits != 0)
		return false;
	*n = used;
	return true;
}
