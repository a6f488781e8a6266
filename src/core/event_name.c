/*
 * How the words of a sender become those of an event.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "core/event.h"

/* The byte that stands for the character at p. */
static char
respelt(char c)
{
	if (c == '/' || c == ':')
		return '.';
	return strchr(EVENT_ALNUM "_.-", c) != NULL ? c : '_';
}

bool
event_type_respell(const char *text, char out[EVENT_TYPE_MAX + 1])
{
	size_t left = strlen(text), n = 0, size;

	while (left > 0 && n < EVENT_TYPE_MAX) {
		out[n++] = respelt(*text);
		size = utf8_size(text, left);
		size = size == 0 ? 1 : size;
		text += size;
		left -= size;
	}
	out[n] = '\0';
	return n > 0;
}

bool
event_delivery_id_of(const char *text, char out[EVENT_DELIVERY_ID_MAX + 1])
{
	uint8_t digest[CRYPT_SHA256_SIZE];
	size_t n = strlen(text);

	if (event_delivery_id_is_valid(text)) {
		memcpy(out, text, n + 1);
		return true;
	}
	crypt_sha256(text, n, digest);
	crypt_hex_format(digest, sizeof(digest), out);
	return false;
}

/* The text as UTF-8, cut between characters. */
static char *
readable(const char *text)
{
	static const char bad[] = "\xef\xbf\xbd", more[] = "\xe2\x80\xa6";
	char out[EVENT_SENT_ID_MAX + sizeof(more)];
	size_t left = strlen(text), n = 0, kept = 0, size, putsz;
	const char *put;

	while (left > 0 && n <= EVENT_SENT_ID_MAX) {
		size = utf8_size(text, left);
		put = size == 0 ? bad : text;
		putsz = size == 0 ? sizeof(bad) - 1 : size;
		if (n + putsz > EVENT_SENT_ID_MAX)
			break;
		memcpy(out + n, put, putsz);
		n += putsz;
		/* Up to here there is room for the mark of a cut. */
		if (n + sizeof(more) - 1 <= EVENT_SENT_ID_MAX)
			kept = n;
		text += size == 0 ? 1 : size;
		left -= size == 0 ? 1 : size;
	}
	if (left > 0) {
		memcpy(out + kept, more, sizeof(more) - 1);
		n = kept + sizeof(more) - 1;
	}
	return xmemdup0(out, n);
}

void
event_put_delivery_id(struct event *ev, const char *text)
{
	char id[EVENT_DELIVERY_ID_MAX + 1];
	bool is_same;

	if (text == NULL || *text == '\0')
		return;
	is_same = event_delivery_id_of(text, id);
	free(ev->delivery_id);
	ev->delivery_id = xstrdup(id);
	free(ev->sent_id);
	ev->sent_id = is_same ? NULL : readable(text);
}
