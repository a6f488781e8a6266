#include "config.h"

#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/units.h"
#include "base/url.h"
#include "base/url_int.h"
#include "base/xalloc.h"

#define HOST_MAX 253
#define LABEL_MAX 63

/* A host in other letters than ASCII: its spelling in ASCII is told, and never
 * taken unseen, because what looks like one name may be another. */
static enum rc
name_punycode(const char *text, struct err *e)
{
	char *host = NULL;
	enum rc rc = err_set(e, RC_INVALID,
	    "a URL's host has letters other than ASCII; write it in its ASCII "
	    "form (xn--...)");
#ifdef CURLU_PUNYCODE
	const struct url_curl *curl = url_curl_get();
	CURLU *parsed = curl->make();
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL), before;

	if (parsed == NULL)
		fatal("out of memory for a URL");
	/* libcurl reads the letters by the thread's locale. */
	before = utf8 == NULL ? NULL : uselocale(utf8);
	if (curl->set(parsed, CURLUPART_URL, text, CURLU_DISALLOW_USER) ==
		CURLUE_OK &&
	    curl->get(parsed, CURLUPART_HOST, &host, CURLU_PUNYCODE) ==
		CURLUE_OK)
		rc = err_set(e, RC_INVALID,
		    "a URL's host has letters other than ASCII; write it as %s",
		    host);
	if (utf8 != NULL) {
		uselocale(before);
		freelocale(utf8);
	}
	curl->free(host);
	curl->drop(parsed);
#else
	(void)text;
	(void)host;
#endif
	return rc;
}

/* Does the host, as it is written, hold a byte beyond ASCII? */
static bool
has_foreign_host(const char *text)
{
	const char *p = strstr(text, "://"), *end;

	if (p == NULL)
		return false;
	p += 3;
	end = p + strcspn(p, "/?#\\ ");
	for (; p < end; p++)
		if ((unsigned char)*p >= 0x80)
			return true;
	return false;
}

/* Bytes that two parsers might read in two ways. */
static enum rc
check_bytes(const char *text, struct err *e)
{
	const unsigned char *p;

	if (has_foreign_host(text))
		return name_punycode(text, e);
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
		return err_set(e, RC_INVALID,
		    "a URL holds a user name or password; leave them out and "
		    "give the webhook a header \"Authorization: Basic ...\"");
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
	const struct url_curl *curl = url_curl_get();
	char *from_curl = NULL, *copy;

	if (curl->get(parsed, which, &from_curl, flags) != CURLUE_OK)
		return NULL;
	copy = xstrdup(from_curl);
	curl->free(from_curl);
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

void
url_load(void)
{
	(void)url_curl_get();
}

bool
url_is_host(const char *host)
{
	static const char taken[] = "0123456789-_abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *p;
	size_t n;

	if (strlen(host) > HOST_MAX)
		return false;
	for (p = host;; p++) {
		n = strspn(p, taken);
		if (n == 0 || n > LABEL_MAX || p[0] == '-' || p[n - 1] == '-')
			return false;
		p += n;
		if (*p == '\0')
			return true;
		if (*p != '.')
			return false;
	}
}

/* Brackets around anything but an address are libcurl's to refuse. */
static enum rc
check_host(const struct url *u, struct err *e)
{
	size_t n = strlen(u->host);
	bool is_good = u->is_ipv6
	    ? n > 0 && strspn(u->host, "0123456789abcdef:.") == n
	    : url_is_host(u->host);

	if (!is_good)
		return err_set(e, RC_INVALID,
		    "a URL's host is not a name: labels of 1 to %d letters, "
		    "digits, underscores and inner hyphens, with dots between "
		    "them",
		    LABEL_MAX);
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
	const struct url_curl *curl = url_curl_get();
	CURLU *parsed;
	CURLUcode code;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	parsed = curl->make();
	if (parsed == NULL)
		fatal("out of memory for a URL");
	code = curl->set(parsed, CURLUPART_URL, text, CURLU_DISALLOW_USER);
	if (code != CURLUE_OK)
		rc = err_set(e, RC_INVALID, "a URL that libcurl refuses: %s",
		    curl->reason(code));
	else
		rc = split(parsed, out, e);
	curl->drop(parsed);
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
