#include "config.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "cmd/ctl_text.h"

struct range {
	uint32_t first, last;
};

static bool
is_in(uint32_t c, const struct range *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (c >= v[i].first && c <= v[i].last)
			return true;
	return false;
}

#define IS_IN(c, v) is_in((c), (v), sizeof(v) / sizeof((v)[0]))

/* The code point at p and its length; 0 when there is no valid one. */
static size_t
decode(const unsigned char *p, size_t n, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t i, size;

	if (p[0] < 0x80) {
		*c = p[0];
		return 1;
	}
	size = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || size > n)
		return 0;
	*c = p[0] & (0x7fu >> size);
	for (i = 1; i < size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3f);
	}
	if (*c < least[size] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return size;
}

void
ctl_text_clean(struct buf *out, const char *s, size_t n)
{
	/* C1 controls, line and paragraph separators, marks of direction,
	 * the byte-order mark, tags. */
	static const struct range unfit[] = { { 0x80, 0x9f }, { 0x61c, 0x61c },
		{ 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2066, 0x2069 },
		{ 0xfeff, 0xfeff }, { 0xe0000, 0xe007f } };
	const unsigned char *p;
	uint32_t c;
	size_t size;

	for (p = (const unsigned char *)s; n > 0; p += size, n -= size) {
		size = decode(p, n, &c);
		if (size == 0) {
			size = 1;
			buf_addf(out, "\\x%02x", p[0]);
		} else if (c == '\n') {
			buf_add_str(out, "\\n");
		} else if (c == '\t') {
			buf_add_str(out, "\\t");
		} else if (c < ' ' || c == 0x7f) {
			buf_addf(out, "\\x%02x", p[0]);
		} else if (IS_IN(c, unfit)) {
			buf_addf(out, "\\u{%04x}", c);
		} else {
			buf_add(out, p, size);
		}
	}
}

/* By the wide and combining blocks of Unicode; the C library's wcwidth()
 * would ask the locale. */
static size_t
cells(uint32_t c)
{
	static const struct range none[] = { { 0x300, 0x36f }, { 0x483, 0x489 },
		{ 0x591, 0x5bd }, { 0x610, 0x61a }, { 0x64b, 0x65f },
		{ 0x200b, 0x200d }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f },
		{ 0xfe20, 0xfe2f } };
	static const struct range two[] = { { 0x1100, 0x115f },
		{ 0x2e80, 0xa4cf }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },
		{ 0xfe30, 0xfe6f }, { 0xff00, 0xff60 }, { 0xffe0, 0xffe6 },
		{ 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff },
		{ 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd } };

	if (IS_IN(c, none))
		return 0;
	return IS_IN(c, two) ? 2 : 1;
}

/* The cells of the character at p, and its size in bytes. */
static size_t
next(const char *p, size_t *size)
{
	uint32_t c;

	*size = decode((const unsigned char *)p, strlen(p), &c);
	if (*size == 0) {
		*size = 1;
		return 1;
	}
	return cells(c);
}

size_t
ctl_text_width(const char *s)
{
	size_t size, width;

	for (width = 0; *s != '\0'; s += size)
		width += next(s, &size);
	return width;
}

void
ctl_text_cut(struct buf *out, const char *s, size_t width)
{
	const char *p;
	size_t size, used, w;

	if (ctl_text_width(s) <= width) {
		buf_add_str(out, s);
		return;
	}
	used = 0;
	for (p = s; *p != '\0'; p += size) {
		w = next(p, &size);
		if (used + w + 1 > width)
			break;
		used += w;
	}
	buf_add(out, s, (size_t)(p - s));
	if (width > 0)
		buf_add_str(out, "…");
}

/* The bytes and cells of the word at p, spaces before it not among them. */
static size_t
word(const char *p, size_t *width)
{
	size_t n, size;

	for (n = *width = 0; p[n] != '\0' && p[n] != ' '; n += size)
		*width += next(p + n, &size);
	return n;
}

static void
begin_line(struct buf *out, size_t indent)
{
	buf_add_str(out, "\n");
	for (; indent > 0; indent--)
		buf_add_str(out, " ");
}

void
ctl_text_wrap(struct buf *out, const char *s, size_t used, size_t indent,
    size_t width)
{
	size_t n, size, w;
	bool is_first = true;

	for (;; is_first = false) {
		s += strspn(s, " ");
		if (*s == '\0')
			break;
		n = word(s, &w);
		if (used + !is_first + w > width && used > indent &&
		    indent + 1 < width) {
			begin_line(out, indent);
			used = indent;
		} else if (!is_first) {
			buf_add_str(out, " ");
			used++;
		}
		for (; n > 0; n -= size, s += size) {
			w = next(s, &size);
			if (used + w > width && used > indent) {
				begin_line(out, indent);
				used = indent;
			}
			buf_add(out, s, size);
			used += w;
		}
	}
}
