#include "config.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/crypt.h"
#include "base/secret.h"
#include "core/redact.h"
#include "core/webhook.h"

#define WORDS_MAX 256
/* Of a value behind a name in a query: "a=1" is nobody's secret. */
#define VALUE_LEAST 8
/* A shorter part of a path is a word that an answer may well hold. */
#define SEGMENT_LEAST 16
#define DECODED_MAX 4096

struct word {
	const char *p;
	size_t n;
};

struct words {
	struct word v[WORDS_MAX];
	size_t n;
	char decoded[DECODED_MAX]; /* from base64, one behind the other */
	size_t used;
};

static void
add(struct words *l, const char *p, size_t n, size_t least)
{
	size_t i;

	if (p == NULL || n < least || l->n == WORDS_MAX)
		return;
	for (i = 0; i < l->n; i++)
		if (l->v[i].n == n && memcmp(l->v[i].p, p, n) == 0)
			return;
	l->v[l->n].p = p;
	l->v[l->n].n = n;
	l->n++;
}

/* The bytes that base64 stands for, as a word of their own. */
static const char *
add_decoded(struct words *l, const char *p, size_t n, size_t *size)
{
	char *text = l->decoded + l->used;

	if (!crypt_base64_parse(p, n, (uint8_t *)text,
		sizeof(l->decoded) - l->used, size))
		return NULL;
	l->used += *size;
	add(l, text, *size, REDACT_LEAST);
	return text;
}

/* "Basic dXNlcjpwYXNz" is said back decoded too, whole or the password alone
 * (RFC 7617, section 2). */
static void
add_basic(struct words *l, const char *value, size_t n)
{
	static const char scheme[] = "basic ";
	const size_t skip = sizeof(scheme) - 1;
	const char *text, *colon;
	size_t size;

	if (n <= skip || strncasecmp(value, scheme, skip) != 0)
		return;
	text = add_decoded(l, value + skip, n - skip, &size);
	if (text == NULL)
		return;
	colon = memchr(text, ':', size);
	if (colon != NULL)
		add(l, colon + 1, size - (size_t)(colon + 1 - text),
		    REDACT_LEAST);
}

static void
add_secret(struct words *l, const char *s, size_t size)
{
	static const char prefix[] = "whsec_";
	const size_t n = sizeof(prefix) - 1;
	const char *space;
	size_t decoded;

	if (size == 0)
		return;
	add(l, s, size, REDACT_LEAST);
	if (size > n && memcmp(s, prefix, n) == 0) {
		add(l, s + n, size - n, REDACT_LEAST);
		(void)add_decoded(l, s + n, size - n, &decoded);
	}
	/* Bearer, Basic ... */
	space = memchr(s, ' ', size);
	if (space != NULL)
		add(l, space + 1, size - (size_t)(space + 1 - s), VALUE_LEAST);
	add_basic(l, s, size);
}

/* "a=b; c=d" of cookies, and Token token="b": the values alone. */
static void
add_pairs(struct words *l, const char *s, size_t size)
{
	const char *p, *end;

	for (p = s, end = p + size; p < end; p++) {
		const char *value = p + 1;

		if (*p != '=')
			continue;
		if (value < end && *value == '"')
			value++;
		for (p = value; p < end && strchr("\"=;, ", *p) == NULL;)
			p++;
		add(l, value, (size_t)(p - value), VALUE_LEAST);
		p--;
	}
}

static void
add_query(struct words *l, const char *url)
{
	const char *p = strchr(url, '?');
	size_t n, name;

	while (p != NULL && *p != '\0' && *p != '#') {
		p++;
		n = strcspn(p, "&#");
		name = strcspn(p, "=&#");
		if (name < n)
			add(l, p + name + 1, n - name - 1, VALUE_LEAST);
		else
			add(l, p, n, VALUE_LEAST);
		p += n;
	}
}

/* Chat services have the token that lets one post in the path. */
static void
add_path(struct words *l, const char *url)
{
	const char *p = strstr(url, "://");
	size_t n, i;

	p = p == NULL ? NULL : strchr(p + 3, '/');
	for (i = 0; p != NULL && *p == '/'; i++, p += n) {
		p++;
		n = strcspn(p, "/?#");
		if (i > 0)
			add(l, p, n, SEGMENT_LEAST);
	}
}

static int
hex(const char *p, size_t n)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at;
	int value = 0;

	for (; n > 0; n--, p++) {
		at = memchr(digits, *p, sizeof(digits) - 1);
		if (at == NULL)
			return -1;
		value = value * 16 + (int)((at - digits) % 16);
	}
	return value;
}

/* The same for a reference of HTML, as in error pages. */
static size_t
refers_to(const char *p, size_t n, char c)
{
	static const struct {
		const char *text;
		char c;
	} names[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' },
		{ "&quot;", '"' }, { "&apos;", '\'' } };
	const char *end = memchr(p, ';', n < 10 ? n : 10);
	size_t i, len = end == NULL ? 0 : (size_t)(end - p) + 1;
	int value = 0;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].c == c && strlen(names[i].text) == len &&
		    memcmp(p, names[i].text, len) == 0)
			return len;
	if (len < 4 || p[1] != '#')
		return 0;
	if (p[2] == 'x' || p[2] == 'X')
		return len > 4 && hex(p + 3, len - 4) == (unsigned char)c ? len
									  : 0;
	for (i = 2; i < len - 1 && p[i] >= '0' && p[i] <= '9'; i++)
		value = value * 10 + (p[i] - '0');
	return i == len - 1 && value == (unsigned char)c ? len : 0;
}

/* How many bytes of text say c: 1 plainly, more when escaped, 0 when they
 * say something else. */
static size_t
says(const char *p, size_t n, char c)
{
	const int want = (unsigned char)c;

	if (p[0] == c)
		return 1;
	if (n >= 2 && p[0] == '\\' && p[1] == c)
		return 2;
	if (n >= 6 && p[0] == '\\' && p[1] == 'u' && hex(p + 2, 4) == want)
		return 6;
	if (n >= 3 && p[0] == '%' && hex(p + 1, 2) == want)
		return 3;
	if (p[0] == '+' && c == ' ')
		return 1;
	return p[0] == '&' ? refers_to(p, n, c) : 0;
}

/* The length of the word where text begins, 0 when it is not there. */
static size_t
length_at(const char *p, size_t n, const struct word *w)
{
	size_t i, at = 0, len;

	for (i = 0; i < w->n; i++) {
		if (at == n)
			return i >= REDACT_LEAST ? n : 0;
		len = says(p + at, n - at, w->p[i]);
		if (len == 0)
			return 0;
		at += len;
	}
	return at;
}

/* The same where it is said in hexadecimal digits. */
static size_t
length_of_hex(const char *p, size_t n, const struct word *w)
{
	size_t i;

	for (i = 0; i < w->n; i++) {
		if (n - 2 * i < 2)
			return i >= REDACT_LEAST ? n : 0;
		if (hex(p + 2 * i, 2) != (unsigned char)w->p[i])
			return 0;
	}
	return 2 * w->n;
}

/* How many bytes of text say six bits in base64, of either alphabet (RFC 4648,
 * sections 4 and 5); of the six the upper ones alone count, others are 0. */
static size_t
says_bits(const char *p, size_t n, int six, int upper)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno"
				     "pqrstuvwxyz0123456789+/-_";
	size_t len;
	int value;

	for (value = six; value < six + (1 << (6 - upper)); value++) {
		len = says(p, n, digits[value]);
		if (len == 0 && value >= 62)
			len = says(p, n, digits[value + 2]);
		if (len > 0)
			return len;
	}
	return 0;
}

/* The same where it is said in base64, alone or behind bytes that take the
 * first bits of it with them. */
static size_t
length_of_base64(const char *p, size_t n, const struct word *w, size_t skipped)
{
	size_t bit, len, at = 0, left;
	unsigned int two;

	for (bit = skipped; bit < 8 * w->n; bit += 6) {
		if (at == n)
			return bit >= skipped + 8 * REDACT_LEAST ? n : 0;
		two = (unsigned int)(unsigned char)w->p[bit / 8] << 8;
		if (bit / 8 + 1 < w->n)
			two |= (unsigned char)w->p[bit / 8 + 1];
		left = 8 * w->n - bit;
		len =
		    says_bits(p + at, n - at, (int)(two >> (10 - bit % 8) & 63),
			left < 6 ? (int)left : 6);
		if (len == 0)
			return 0;
		at += len;
	}
	while (at < n && (len = says(p + at, n - at, '=')) > 0)
		at += len;
	return at;
}

/* The length of the word in any of its forms where text begins. */
static size_t
length_of(const char *p, size_t n, const struct word *w)
{
	size_t most = length_at(p, n, w), len, skipped;

	len = length_of_hex(p, n, w);
	most = len > most ? len : most;
	for (skipped = 0; skipped <= 4; skipped += 2) {
		len = length_of_base64(p, n, w, skipped);
		most = len > most ? len : most;
	}
	return most;
}

static void
add_header(struct words *l, const char *value, size_t size)
{
	add_secret(l, value, size);
	add_pairs(l, value, size);
}

static void
add_url(struct words *l, const char *url)
{
	add_query(l, url);
	add_path(l, url);
}

static void
add_sent(struct words *l, const struct redact_sent *sent)
{
	const char *value;
	size_t i;

	for (i = 0; i < sent->nheaders; i++) {
		value = strstr(sent->headers[i], ": ");
		if (value != NULL)
			add_header(l, value + 2, strlen(value + 2));
	}
	add_url(l, sent->url);
}

static void
add_webhook(struct words *l, const struct webhook *w)
{
	size_t i;

	if (secret_is_set(&w->secret))
		add_secret(l, w->secret.bytes, w->secret.size);
	for (i = 0; i < w->nolds; i++)
		if (secret_is_set(&w->olds[i].secret))
			add_secret(l, w->olds[i].secret.bytes,
			    w->olds[i].secret.size);
	for (i = 0; i < w->nheaders; i++)
		if (secret_is_set(&w->headers[i].value))
			add_header(l, w->headers[i].value.bytes,
			    w->headers[i].value.size);
	add_url(l, w->url);
}

void
redact_answer(const struct webhook *w, const struct redact_sent *sent,
    const void *answer, size_t n, struct buf *out)
{
	struct words words;
	const char *p = answer;
	size_t i, len, most;

	words.n = words.used = 0;
	add_webhook(&words, w);
	if (sent != NULL)
		add_sent(&words, sent);

	while (n > 0) {
		most = 0;
		for (i = 0; i < words.n; i++) {
			len = length_of(p, n, &words.v[i]);
			most = len > most ? len : most;
		}
		if (most > 0)
			buf_add_str(out, "***");
		else
			buf_add(out, p, 1);
		most += most == 0;
		p += most;
		n -= most;
	}
	crypt_wipe(words.decoded, words.used);
}
