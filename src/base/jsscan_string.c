#include "config.h"

#include <endian.h>
#include <string.h>

#include "base/jsscan.h"
#include "base/jsscan_int.h"
#include "base/utf8.h"

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))
#define HIGH_BITS EACH_BYTE(0x80)
#define REPLACEMENT 0xfffd

/*
 * The high bit of every byte that is a quote, a backslash, a control
 * character or not ASCII.  A borrow may also mark bytes above the first one
 * marked, so only the lowest mark counts.
 */
static uint64_t
marks_of(uint64_t word)
{
	uint64_t quote = (word ^ EACH_BYTE('"')) - EACH_BYTE(1);
	uint64_t backslash = (word ^ EACH_BYTE('\\')) - EACH_BYTE(1);
	uint64_t control = word - EACH_BYTE(0x20);

	return (quote | backslash | control | word) & HIGH_BITS;
}

/* The first byte from p on that is not plain, or end. */
static const char *
skip_plain(const char *p, const char *end)
{
	uint64_t word, marks;

	while (end - p >= 8) {
		memcpy(&word, p, sizeof(word));
		marks = marks_of(le64toh(word));
		if (marks != 0)
			return p + __builtin_ctzll(marks) / 8;
		p += 8;
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 32 &&
	    (unsigned char)*p < 128)
		p++;
	return p;
}

/* Four hex digits at p, or -1. */
static int
hex4(const char *p, const char *end)
{
	int value = 0, i;
	char c;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		c = p[i];
		value <<= 4;
		if (c >= '0' && c <= '9')
			value |= c - '0';
		else if (c >= 'a' && c <= 'f')
			value |= c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			value |= c - 'A' + 10;
		else
			return -1;
	}
	return value;
}

static bool
is_high_surrogate(int unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

static bool
is_low_surrogate(int unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* What read_escape() returns of an escape without its other half. */
static bool
is_half(int code)
{
	return is_high_surrogate(code) || is_low_surrogate(code);
}

/*
 * The escape whose backslash is at p.  Returns the place behind it and its
 * code point, or NULL.  Half a surrogate pair is its own number.
 */
static const char *
read_escape(const char *p, const char *end, int *code)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char values[] = "\"\\/\b\f\n\r\t";
	const char *at;
	int unit, low;

	if (end - p < 2 || p[1] == '\0')
		return NULL;
	if (p[1] != 'u') {
		at = strchr(letters, p[1]);
		if (at == NULL)
			return NULL;
		*code = values[at - letters];
		return p + 2;
	}
	unit = hex4(p + 2, end);
	if (unit < 0)
		return NULL;
	*code = unit;
	if (!is_high_surrogate(unit) || end - p < 12 || p[6] != '\\' ||
	    p[7] != 'u')
		return p + 6;
	low = hex4(p + 8, end);
	if (!is_low_surrogate(low))
		return p + 6;
	*code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
	return p + 12;
}

static const char *
refuse(struct jsscan_fault *fault, const char *what, const char *at)
{
	fault->what = what;
	fault->at = at;
	return NULL;
}

const char *
jsscan_string(const char *p, const char *end, bool is_strict, bool *is_escaped,
    struct jsscan_fault *fault)
{
	const char *next;
	size_t size;
	int code;

	*is_escaped = false;
	for (;;) {
		p = skip_plain(p, end);
		if (p == end)
			return refuse(fault, "a string without an end", p);
		if (*p == '"')
			return p;
		if (*p == '\\') {
			*is_escaped = true;
			next = read_escape(p, end, &code);
			if (next == NULL || (is_strict && is_half(code)))
				return refuse(fault, "a wrong escape", p);
			p = next;
			continue;
		}
		if ((unsigned char)*p < 0x20)
			return refuse(fault, "a control character", p);
		size = utf8_size(p, (size_t)(end - p));
		if (size == 0)
			return refuse(fault, "invalid UTF-8", p);
		p += size;
	}
}

/* code as UTF-8; returns its size. */
static size_t
encode(int code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

bool
jsscan_decode(const char *text, size_t n, char *out, size_t max)
{
	const char *p = text, *end = text + n, *stop;
	char one[4];
	size_t used = 0, size;
	int code;

	while (p < end) {
		stop = memchr(p, '\\', (size_t)(end - p));
		size = (size_t)((stop == NULL ? end : stop) - p);
		if (size > max - used)
			return false;
		memcpy(out + used, p, size);
		used += size;
		p += size;
		if (p == end)
			break;
		p = read_escape(p, end, &code);
		if (p == NULL || code == 0 || is_half(code))
			return false;
		size = encode(code, one);
		if (size > max - used)
			return false;
		memcpy(out + used, one, size);
		used += size;
	}
	out[used] = '\0';
	return true;
}

size_t
jsscan_decode_cut(const char *text, size_t n, char *out, size_t max)
{
	const char *p = text, *end = text + n, *next;
	size_t used = 0, size;
	char one[4];
	int code;

	while (p < end) {
		if (*p != '\\') {
			size = utf8_size(p, (size_t)(end - p));
			size = size == 0 ? 1 : size;
			memcpy(one, p, size);
			next = p + size;
		} else {
			next = read_escape(p, end, &code);
			if (next == NULL)
				break;
			if (code == 0 || is_half(code))
				code = REPLACEMENT;
			size = encode(code, one);
		}
		if (size > max - used)
			break;
		memcpy(out + used, one, size);
		used += size;
		p = next;
	}
	out[used] = '\0';
	return used;
}

/* The place of the next escape from p on that is half a pair, or NULL. */
static const char *
find_half(const char *p, const char *end)
{
	const char *next;
	int code;

	while (p < end) {
		p = memchr(p, '\\', (size_t)(end - p));
		if (p == NULL)
			return NULL;
		/* Most escapes are of one letter, and no half. */
		if (end - p >= 2 && p[1] != 'u') {
			p += 2;
			continue;
		}
		next = read_escape(p, end, &code);
		if (next == NULL)
			return NULL;
		if (is_half(code))
			return p;
		p = next;
	}
	return NULL;
}

bool
jsscan_is_exact(enum jsscan_type type, const char *text, size_t n)
{
	struct jsscan_fault fault;

	if (type == JSSCAN_STRING)
		return find_half(text, text + n) == NULL;
	return type != JSSCAN_NUMBER ||
	    jsscan_number(text, text + n, true, &fault) == text + n;
}

size_t
jsscan_repair(char *text, size_t n)
{
	char *end = text + n, *p = text;
	const char *half;
	size_t count = 0;

	while ((half = find_half(p, end)) != NULL) {
		p = text + (half - text);
		memcpy(p + 2, "fffd", 4);
		p += 6;
		count++;
	}
	return count;
}
