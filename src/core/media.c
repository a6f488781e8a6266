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
	    strcmp(type, "text/json") == 0 ||
	    (strchr(type, '/') != NULL && has_end(type, "+json")))
		return MEDIA_JSON;
	if (strcmp(type, "application/x-www-form-urlencoded") == 0)
		return MEDIA_FORM;
	return MEDIA_OTHER;
}

/* RFC 9110, 8.3.1: what is stored, shown and sent on has no other bytes. */
static bool
is_type(const char *text)
{
	static const char token[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				    "!#$%&'*+-.^_`|~";
	size_t n = strspn(text, token);

	if (n == 0 || text[n] != '/')
		return false;
	text += n + 1;
	n = strspn(text, token);
	return n > 0 && text[n] == '\0';
}

void
media_parse(const char *text, struct media *out)
{
	size_t n, i;

	memset(out, 0, sizeof(*out));
	if (text == NULL)
		return;
	text += strspn(text, WHITE);
	n = strcspn(text, ";," WHITE);
	if (n > MEDIA_TYPE_MAX)
		return;
	for (i = 0; i < n; i++)
		out->type[i] = text[i] >= 'A' && text[i] <= 'Z'
		    ? (char)(text[i] - 'A' + 'a')
		    : text[i];
	if (!is_type(out->type)) {
		out->type[0] = '\0';
		return;
	}
	out->kind = kind_of(out->type);
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
	const char *value = memchr(body, '=', n);
	size_t size;
	char *room;

	if (value == NULL || !is_payload(body, (size_t)(value - body)))
		return err_set(e, RC_INVALID,
		    "the form does not begin with payload=");
	value++;
	size = n - (size_t)(value - body);
	if (memchr(value, '&', size) != NULL)
		return err_set(e, RC_INVALID,
		    "the form has more than one payload field");
	if (has_bad_escape(value, size))
		return err_set(e, RC_INVALID, "a bad escape in the form");
	room = buf_room(out, size);
	if (room == NULL ||
	    !http_decode_bytes(value, size, true, room, size + 1, &size))
		return err_set(e, RC_TOOBIG, "the payload is too long");
	out->len += size;
	return RC_OK;
}
