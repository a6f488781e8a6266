/*
 * media - the declared type of a body
 *
 * Parses Content-Type, and the one field of a form that GitHub may wrap
 * its JSON in.  Pure.
 */
#ifndef CORE_MEDIA_H
#define CORE_MEDIA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf;

enum media_kind {
	MEDIA_OTHER,
	MEDIA_JSON, /* application/json, text/json, or SOMETHING+json */
	MEDIA_FORM  /* application/x-www-form-urlencoded */
};

#define MEDIA_TYPE_MAX 100

struct media {
	enum media_kind kind;
	char type[MEDIA_TYPE_MAX + 1]; /* lower case, without parameters */
};

/* text may be NULL: MEDIA_OTHER.  The type ends at a space, a comma or a
 * semicolon; the rest changes nothing: JSON is UTF-8 whatever a parameter says
 * (RFC 8259, 11). */
void media_parse(const char *text, struct media *out);

/*
 * The decoded value of the field "payload" into out, which is empty and may
 * hold n bytes.  No JSON text is such a form, so a signed body cannot be taken
 * for the other kind by a Content-Type that nobody signed.
 * RC_INVALID: not that one field and nothing else, or a bad escape.
 */
enum rc media_form_payload(const char *body, size_t n, struct buf *out,
    struct err *e);

#endif
