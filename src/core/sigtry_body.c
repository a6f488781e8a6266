#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "core/http.h"
#include "core/sigtry_body.h"

#define BOM "\xef\xbb\xbf"
#define BOM_SIZE 3
#define FORM "payload="

/* How JSON is written: what stands behind a comma and a colon, and, unless
 * indent is NULL, each member on a line of its own. */
struct style {
	const char *comma, *colon, *indent;
};

static void
as_it_is(const char *p, size_t n, struct buf *out)
{
	buf_add(out, p, n);
}

static void
without_newline(const char *p, size_t n, struct buf *out)
{
	while (n > 0 && (p[n - 1] == '\n' || p[n - 1] == '\r'))
		n--;
	buf_add(out, p, n);
}

static void
with_newline(const char *p, size_t n, struct buf *out)
{
	buf_add(out, p, n);
	buf_add_str(out, "\n");
}

static void
with_crlf(const char *p, size_t n, struct buf *out)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i] == '\n' && (i == 0 || p[i - 1] != '\r'))
			buf_add(out, "\r", 1);
		buf_add(out, p + i, 1);
	}
}

static void
with_lf(const char *p, size_t n, struct buf *out)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i] != '\r' || i + 1 == n || p[i + 1] != '\n')
			buf_add(out, p + i, 1);
}

static void
without_bom(const char *p, size_t n, struct buf *out)
{
	bool has = n >= BOM_SIZE && memcmp(p, BOM, BOM_SIZE) == 0;

	buf_add(out, has ? p + BOM_SIZE : p, has ? n - BOM_SIZE : n);
}

static void
with_bom(const char *p, size_t n, struct buf *out)
{
	buf_add(out, BOM, BOM_SIZE);
	buf_add(out, p, n);
}

static void
form_decoded(const char *p, size_t n, struct buf *out)
{
	size_t skip = sizeof(FORM) - 1, size = 0;
	char *text;

	if (n < skip || memcmp(p, FORM, skip) != 0) {
		buf_add(out, p, n);
		return;
	}
	text = xmalloc(n + 1);
	if (http_decode_bytes(p + skip, n - skip, true, text, n + 1, &size))
		buf_add(out, text, size);
	free(text);
}

static void
indented(const struct style *s, size_t depth, struct buf *out)
{
	if (s->indent == NULL)
		return;
	buf_add_str(out, "\n");
	for (; depth > 0; depth--)
		buf_add_str(out, s->indent);
}

/* The bytes of the string that begins at p. */
static size_t
string_size(const char *p, size_t n)
{
	size_t i;

	for (i = 1; i < n && p[i] != '"'; i++)
		if (p[i] == '\\')
			i++;
	return i < n ? i + 1 : n;
}

/* The next byte at or behind p that is no blank; n: there is none. */
static size_t
behind_blanks(const char *p, size_t i, size_t n)
{
	while (i < n && memchr(" \t\r\n", p[i], 4) != NULL)
		i++;
	return i;
}

static void
restyle(const char *p, size_t n, const struct style *s, struct buf *out)
{
	size_t i, depth = 0, next;

	for (i = behind_blanks(p, 0, n); i < n; i = behind_blanks(p, next, n)) {
		next = i + (p[i] == '"' ? string_size(p + i, n - i) : 1);
		if ((p[i] == '}' || p[i] == ']') && depth > 0)
			indented(s, --depth, out);
		buf_add(out, p + i, next - i);
		if (p[i] == ',') {
			buf_add_str(out, s->comma);
			indented(s, depth, out);
		} else if (p[i] == ':') {
			buf_add_str(out, s->colon);
		} else if (p[i] == '{' || p[i] == '[') {
			/* An empty one stays on its line. */
			next = behind_blanks(p, next, n);
			if (next < n && (p[next] == '}' || p[next] == ']')) {
				buf_add(out, p + next, 1);
				next++;
			} else {
				indented(s, ++depth, out);
			}
		}
	}
}

#define STYLE(name, comma, colon, indent)                               \
	static void name(const char *p, size_t n, struct buf *out)      \
	{                                                               \
		static const struct style s = { comma, colon, indent }; \
                                                                        \
		restyle(p, n, &s, out);                                 \
	}

STYLE(json_compact, "", "", NULL)
STYLE(json_spaced, " ", " ", NULL)
STYLE(json_two, "", " ", "  ")
STYLE(json_four, "", " ", "    ")
STYLE(json_tab, "", " ", "\t")

static void
slashes_bare(const char *p, size_t n, struct buf *out)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i] != '\\' || i + 1 == n || p[i + 1] != '/')
			buf_add(out, p + i, 1);
}

static void
slashes_escaped(const char *p, size_t n, struct buf *out)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i] == '/' && (i == 0 || p[i - 1] != '\\'))
			buf_add(out, "\\", 1);
		buf_add(out, p + i, 1);
	}
}

static void
nothing(const char *p, size_t n, struct buf *out)
{
	(void)p;
	(void)n;
	(void)out;
}

static const struct {
	const char *name;
	void (*change)(const char *p, size_t n, struct buf *out);
} changes[] = {
	{ "as it is", as_it_is },
	{ "without the newline at its end", without_newline },
	{ "with a newline at its end", with_newline },
	{ "with CRLF at the end of its lines", with_crlf },
	{ "with LF at the end of its lines", with_lf },
	{ "without a byte-order mark", without_bom },
	{ "with a byte-order mark", with_bom },
	{ "as the decoded payload of the form", form_decoded },
	{ "as compact JSON", json_compact },
	{ "as JSON with a space behind commas and colons", json_spaced },
	{ "as JSON indented by 2 spaces", json_two },
	{ "as JSON indented by 4 spaces", json_four },
	{ "as JSON indented by tabs", json_tab },
	{ "with / in place of \\/", slashes_bare },
	{ "with \\/ in place of /", slashes_escaped },
	{ "left out", nothing },
};

const char *
sigtry_body(size_t i, const char *p, size_t n, struct buf *out)
{
	buf_clear(out);
	if (i >= sizeof(changes) / sizeof(changes[0]))
		return NULL;
	changes[i].change(p, n, out);
	return changes[i].name;
}
