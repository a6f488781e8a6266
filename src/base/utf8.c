#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* Unicode 15, table 3-7: what may follow each first byte. */
size_t
utf8_size(const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;
	size_t i, size;

	if (n == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	size = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n < size)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (i = 2; i < size; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return size;
}

bool
utf8_is_valid(const char *p, size_t n)
{
	size_t size;

	while (n > 0) {
		size = utf8_size(p, n);
		if (size == 0)
			return false;
		p += size;
		n -= size;
	}
	return true;
}

/* Of a valid character of up to three bytes; 0 for others. */
static unsigned int
code_point(const unsigned char *p, size_t size)
{
	if (size == 2)
		return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
	if (size == 3)
		return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 |
		    (p[2] & 0x3fu);
	return size == 1 ? p[0] : 0;
}

/* The characters that terminals, JavaScript or the bidirectional algorithm
 * obey, and the byte-order mark. */
static unsigned int
hidden_control(const unsigned char *p, size_t size)
{
	static const struct {
		unsigned int first, last;
	} ranges[] = { { 0x01, 0x1f }, { 0x7f, 0x9f }, { 0x061c, 0x061c },
		{ 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2066, 0x2069 },
		{ 0xfeff, 0xfeff } };
	unsigned int c = code_point(p, size);
	size_t i;

	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return c;
	return 0;
}

size_t
utf8_quote(const char *p, size_t n, char out[UTF8_QUOTED_MAX], size_t *outsz)
{
	static const char plain[] = "\b\f\n\r\t\"\\";
	static const char letter[] = "bfnrt\"\\";
	size_t size = utf8_size(p, n);
	const char *at;
	char hex[UTF8_QUOTED_MAX + 1];

	if (size == 0) {
		memcpy(out, "\xef\xbf\xbd", 3);
		*outsz = 3;
		return 1;
	}
	at = size == 1 && *p != '\0' ? strchr(plain, *p) : NULL;
	if (at != NULL) {
		out[0] = '\\';
		out[1] = letter[at - plain];
		*outsz = 2;
	} else if (*p == '\0' ||
	    hidden_control((const unsigned char *)p, size) != 0) {
		(void)snprintf(hex, sizeof(hex), "\\u%04x",
		    hidden_control((const unsigned char *)p, size) & 0xffff);
		memcpy(out, hex, UTF8_QUOTED_MAX);
		*outsz = UTF8_QUOTED_MAX;
	} else {
		memcpy(out, p, size);
		*outsz = size;
	}
	return size;
}
