#include "config.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "core/http.h"
#include "core/media.h"

#define WHITE " \t"
#define HEX "0123456789abcdefABCDEF"

static bool
has_end(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

static enum media_kind
kind_of(const char *type)
{
	if (strcmp(type, "application/json") == 0 ||
	    (strncmp(type, "application/", 12) == 0 && has_end(type, "+json")))
		return MEDIA_JSON;
	if (strcmp(type, "application/x-www-form-urlencoded") == 0)
		return MEDIA_FORM;
	return MEDIA_OTHER;
}

/* One "name=value" of n bytes; true unless it names another charset. */
static bool
is_harmless(const char *p, size_t n)
{
	static const char name[] = "charset=";
	size_t skip = sizeof(name) - 1;

	p += strspn(p, WHITE);
	if (n < skip || strncasecmp(p, name, skip) != 0)
		return true;
	p += skip;
	n = strcspn(p, ";" WHITE);
	if (n >= 2 && p[0] == '"' && p[n - 1] == '"') {
		p++;
		n -= 2;
	}
	return (n == 5 && strncasecmp(p, "utf-8", n) == 0) ||
	    (n == 4 && strncasecmp(p, "utf8", n) == 0);
}

void
media_parse(const char *text, struct media *out)
{
	size_t n, i;

	memset(out, 0, sizeof(*out));
	out->is_utf8 = true;
	if (text == NULL)
		return;
	text += strspn(text, WHITE);
	n = strcspn(text, ";" WHITE);
	if (n > MEDIA_TYPE_MAX)
		return;
	for (i = 0; i < n; i++)
		out->type[i] = text[i] >= 'A' && text[i] <= 'Z'
		    ? (char)(text[i] - 'A' + 'a')
		    : text[i];
	out->kind = kind_of(out->type);

	text += n;
	text += strspn(text, WHITE);
	/* Rubbish between type and parameters is another type. */
	if (*text != '\0' && *text != ';')
		out->kind = MEDIA_OTHER;
	while (*text == ';') {
		text++;
		n = strcspn(text, ";");
		out->is_utf8 &= is_harmless(text, n);
		text += n;
	}
}

static bool
has_bad_escape(const char *p, size_t n)
{
	const char *end = p + n;

	while ((p = memchr(p, '%', (size_t)(end - p))) != NULL) {
		if (end - p < 3 || strspn(p + 1, HEX) < 2)
			return true;
		p += 3;
	}
	return false;
}

/* The name may be escaped too, to three bytes a letter. */
static bool
is_payload(const char *name, size_t n)
{
	char text[8];
	size_t size;

	return n <= 21 &&
	    http_decode_bytes(name, n, true, text, sizeof(text), &size) &&
	    size == 7 && memcmp(text, "payload", 7) == 0;
}

enum rc
media_form_payload(const char *body, size_t n, struct buf *out, struct err *e)
{
	const char *p = body, *end = body + n, *stop, *value;
	size_t seen = 0, size;
	char *room;

	if (has_bad_escape(body, n))
		return err_set(e, RC_INVALID, "a bad escape in the form");
	for (; p < end; p = stop + 1) {
		stop = memchr(p, '&', (size_t)(end - p));
		if (stop == NULL)
			stop = end;
		value = memchr(p, '=', (size_t)(stop - p));
		if (value == NULL || !is_payload(p, (size_t)(value - p)))
			continue;
		if (++seen > 1)
			break;
		value++;
		size = (size_t)(stop - value);
		room = buf_room(out, size);
		if (room == NULL ||
		    !http_decode_bytes(value, size, true, room, size + 1,
			&size))
			return err_set(e, RC_TOOBIG, "the payload is too long");
		out->len += size;
	}
	if (seen != 1)
		return err_set(e, RC_INVALID, "the form has %s payload",
		    seen == 0 ? "no" : "more than one");
	return RC_OK;
}
