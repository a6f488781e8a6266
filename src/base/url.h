/*
 * url - a URL split and normalised by libcurl's parser
 *
 * What libcurl will connect to is what is judged and stored: the text is
 * parsed by its own parser and no other.  Taken are absolute http and https
 * URLs of at most 2,048 printable ASCII bytes without user information,
 * fragment, backslash or zone id, with no port or one of 80, 443 and those
 * over 1023.  Which hosts are allowed is not decided here.  No transfer; any
 * thread.
 */
#ifndef BASE_URL_H
#define BASE_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define URL_TEXT_MAX 2048

struct url {
	char *scheme;  /* "http" or "https" */
	char *host;    /* lower case, no trailing dot, no brackets; an IPv4
	                  address in any spelling is in four decimal parts */
	bool is_ipv6;  /* host is an address that stood in brackets */
	uint16_t port; /* the scheme's own when none was given */
	char *target;  /* path and query, from the "/" on */
	char *text;    /* all of it in normal form */
};

/* Is this the name of a host, or an IPv4 address?  The one rule, for what is
 * registered and what is sent: labels of letters, digits, underscores and
 * inner hyphens. */
bool url_is_host(const char *host);

/* Loads libcurl, which is fatal where it is not there.  The first URL does that
 * too; a program that runs for long calls this at its start. */
void url_load(void);

/* RC_INVALID: not taken; *out is empty.  RC_TOOBIG: over the length. */
enum rc url_parse(const char *text, struct url *out, struct err *e);
void url_fini(struct url *u);

#endif
