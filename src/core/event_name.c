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

static void
put_digest(struct event *ev, const uint8_t digest[CRYPT_SHA256_SIZE])
{
	char hex[2 * CRYPT_SHA256_SIZE + 1];

	crypt_hex_format(digest, CRYPT_SHA256_SIZE, hex);
	free(ev->delivery_id);
	ev->delivery_id = xstrdup(hex);
}

void
event_put_delivery_id(struct event *ev, const char *text)
{
	uint8_t digest[CRYPT_SHA256_SIZE];
	char *p;

	if (text == NULL || *text == '\0')
		return;
	free(ev->sent_id);
	ev->sent_id = NULL;
	if (event_delivery_id_is_valid(text)) {
		free(ev->delivery_id);
		ev->delivery_id = xstrdup(text);
		return;
	}
	crypt_sha256(text, strlen(text), digest);
	put_digest(ev, digest);
	ev->sent_id = xmemdup0(text, strnlen(text, EVENT_DELIVERY_ID_MAX));
	for (p = ev->sent_id; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}
