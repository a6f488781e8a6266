#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/units.h"
#include "base/url.h"
#include "base/xalloc.h"

#define HOST_MAX 253

/* Bytes that two parsers might read in two ways. */
static enum rc
check_bytes(const char *text, struct err *e)
{
	const unsigned char *p;

	for (p = (const unsigned char *)text; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '\\')
			return err_set(e, RC_INVALID,
			    "a URL holds a byte that is not allowed: 0x%02x",
			    *p);
	if ((size_t)((const char *)p - text) > URL_TEXT_MAX)
		return err_set(e, RC_TOOBIG, "a URL has over %d bytes",
		    URL_TEXT_MAX);
	if (strchr(text, '#') != NULL)
		return err_set(e, RC_INVALID, "a URL has a fragment");
	return RC_OK;
}

/*
 * The authority as it is written: libcurl takes one, two or three slashes,
 * empty ports and ports with leading zeros, and decodes what is escaped in
 * a name.  None of these is worth the doubt.
 */
static enum rc
check_authority(const char *text, struct err *e)
{
	size_t scheme, n;
	const char *colon;

	if (strncasecmp(text, "https://", 8) == 0)
		scheme = 8;
	else if (strncasecmp(text, "http://", 7) == 0)
		scheme = 7;
	else
		return err_set(e, RC_INVALID,
		    "a URL does not begin with https:// or http://");
	text += scheme;
	n = strcspn(text, "/?");
	if (n == 0)
		return err_set(e, RC_INVALID, "a URL has no host");
	if (memchr(text, '@', n) != NULL)
		return err_set(e, RC_INVALID, "a URL has user information");
	if (memchr(text, '%', n) != NULL)
		return err_set(e, RC_INVALID,
		    "a URL's host holds an escape or a zone");
	colon = memrchr(text, ':', n);
	if (text[n - 1] == ']')
		colon = NULL;
	if (colon != NULL &&
	    (colon + 1 == text + n || colon[1] < '1' || colon[1] > '9'))
		return err_set(e, RC_INVALID, "a URL's port is no number");
	return RC_OK;
}

static enum rc
check_port(const struct url *u, struct err *e)
{
	if (u->port == 80 || u->port == 443 || u->port > 1023)
		return RC_OK;
	return err_set(e, RC_INVALID,
	    "port %u is not allowed: 80, 443 and those over 1023 are",
	    (unsigned int)u->port);
}

/* A part of the URL; free(3) it.  NULL when libcurl has none. */
static char *
part(CURLU *parsed, CURLUPart which, unsigned int flags)
{
	char *from_curl = NULL, *copy;

	if (curl_url_get(parsed, which, &from_curl, flags) != CURLUE_OK)
		return NULL;
	copy = xstrdup(from_curl);
	curl_free(from_curl);
	return copy;
}

/* Lower case, without brackets and without one trailing dot. */
static void
tidy_host(struct url *u)
{
	size_t n = strlen(u->host);
	char *p;

	u->is_ipv6 = u->host[0] == '[';
	if (u->is_ipv6) {
		memmove(u->host, u->host + 1, n - 2);
		u->host[n - 2] = '\0';
	} else if (n > 1 && u->host[n - 1] == '.') {
		u->host[n - 1] = '\0';
	}
	for (p = u->host; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
}

/* Names of letters, digits, hyphens and underscores, in labels.  Brackets
 * around anything but an address are libcurl's to refuse. */
static enum rc
check_host(const struct url *u, struct err *e)
{
	const char *taken = u->is_ipv6
	    ? "0123456789abcdef:."
	    : "abcdefghijklmnopqrstuvwxyz0123456789-_.";
	size_t n = strlen(u->host);

	if (n == 0 || n > HOST_MAX || strspn(u->host, taken) != n ||
	    u->host[0] == '.' || u->host[n - 1] == '.' ||
	    strstr(u->host, "..") != NULL)
		return err_set(e, RC_INVALID, "a URL's host is no name");
	return RC_OK;
}

static enum rc
split(CURLU *parsed, struct url *u, struct err *e)
{
	char *port, *path, *query;
	int64_t number = 0;
	enum rc rc;

	u->scheme = part(parsed, CURLUPART_SCHEME, 0);
	u->host = part(parsed, CURLUPART_HOST, 0);
	if (u->scheme == NULL || u->host == NULL)
		return err_set(e, RC_INVALID, "a URL has no host");
	tidy_host(u);
	rc = check_host(u, e);
	if (rc != RC_OK)
		return rc;

	port = part(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	if (port == NULL || !units_int_parse(port, &number) || number < 1 ||
	    number > UINT16_MAX)
		rc = err_set(e, RC_INVALID, "a URL's port is no number");
	free(port);
	if (rc != RC_OK)
		return rc;
	u->port = (uint16_t)number;

	path = part(parsed, CURLUPART_PATH, 0);
	query = part(parsed, CURLUPART_QUERY, 0);
	u->target = xasprintf("%s%s%s", path == NULL ? "/" : path,
	    query == NULL ? "" : "?", query == NULL ? "" : query);
	free(path);
	free(query);
	return check_port(u, e);
}

static char *
normal_form(const struct url *u)
{
	bool is_default =
	    u->port == (strcmp(u->scheme, "https") == 0 ? 443 : 80);
	const char *left = u->is_ipv6 ? "[" : "";
	const char *right = u->is_ipv6 ? "]" : "";

	if (is_default)
		return xasprintf("%s://%s%s%s%s", u->scheme, left, u->host,
		    right, u->target);
	return xasprintf("%s://%s%s%s:%u%s", u->scheme, left, u->host, right,
	    (unsigned int)u->port, u->target);
}

static enum rc
parse_once(const char *text, struct url *out, struct err *e)
{
	CURLU *parsed;
	CURLUcode code;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	parsed = curl_url();
	if (parsed == NULL)
		fatal("out of memory for a URL");
	code = curl_url_set(parsed, CURLUPART_URL, text, CURLU_DISALLOW_USER);
	if (code != CURLUE_OK)
		rc = err_set(e, RC_INVALID, "a URL that libcurl refuses: %s",
		    curl_url_strerror(code));
	else
		rc = split(parsed, out, e);
	curl_url_cleanup(parsed);
	if (rc == RC_OK)
		out->text = normal_form(out);
	else
		url_fini(out);
	return rc;
}

enum rc
url_parse(const char *text, struct url *out, struct err *e)
{
	struct url first;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	rc = check_bytes(text, e);
	if (rc != RC_OK)
		return rc;
	rc = check_authority(text, e);
	if (rc != RC_OK)
		return rc;
	rc = parse_once(text, &first, e);
	if (rc != RC_OK)
		return rc;
	/* The dot that was taken off may have hidden a number from libcurl:
	 * "0x7f.1." is a name and "0x7f.1" is 127.0.0.1.  So it sees the
	 * normal form too, and that is what will be sent. */
	rc = parse_once(first.text, out, e);
	if (rc == RC_OK && strlen(out->text) > URL_TEXT_MAX) {
		url_fini(out);
		rc = err_set(e, RC_TOOBIG, "a URL has over %d bytes",
		    URL_TEXT_MAX);
	}
	url_fini(&first);
	return rc;
}

void
url_fini(struct url *u)
{
	free(u->scheme);
	free(u->host);
	free(u->target);
	free(u->text);
	memset(u, 0, sizeof(*u));
}
