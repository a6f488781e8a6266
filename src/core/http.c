#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/http.h"

/* CGI spells X-GitHub-Event as HTTP_X_GITHUB_EVENT. */
static char
cgi_spelling(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	return c == '-' ? '_' : c;
}

/* The value of param when it is the header name, else NULL. */
static const char *
header_value(const char *param, const char *name)
{
	/* Byte by byte: of dozens of parameters most differ in the first. */
	if (param[0] != 'H' || param[1] != 'T' || param[2] != 'T' ||
	    param[3] != 'P' || param[4] != '_')
		return NULL;
	param += 5;
	while (*name != '\0' && *param == cgi_spelling(*name)) {
		name++;
		param++;
	}
	return *name == '\0' && *param == '=' ? param + 1 : NULL;
}

const char *
http_header_find(const struct http_req *req, const char *name)
{
	const char *const *p;
	const char *value;

	for (p = req->params; *p != NULL; p++) {
		value = header_value(*p, name);
		if (value != NULL)
			return value;
	}
	return NULL;
}

size_t
http_header_count(const struct http_req *req, const char *name)
{
	const char *const *p;
	size_t n = 0;

	for (p = req->params; *p != NULL; p++)
		n += header_value(*p, name) != NULL;
	return n;
}

const char *
http_param_find(const struct http_req *req, const char *name)
{
	size_t n = strlen(name);
	const char *const *p;

	for (p = req->params; *p != NULL; p++)
		if (**p == *name && strncmp(*p, name, n) == 0 && (*p)[n] == '=')
			return *p + n + 1;
	return NULL;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
http_decode_bytes(const char *text, size_t n, bool plus_is_space, char *out,
    size_t max, size_t *size)
{
	size_t i, len = 0;
	int high, low;
	char c;

	for (i = 0; i < n; i++) {
		c = text[i];
		if (c == '%') {
			high = i + 2 < n ? hex_digit(text[i + 1]) : -1;
			low = i + 2 < n ? hex_digit(text[i + 2]) : -1;
			if (high < 0 || low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		if (len + 1 >= max)
			return false;
		out[len++] = c;
	}
	out[len] = '\0';
	*size = len;
	return true;
}

bool
http_decode(const char *text, size_t n, bool plus_is_space, char *out,
    size_t max)
{
	size_t size;

	return max > 0 &&
	    http_decode_bytes(text, n, plus_is_space, out, max, &size) &&
	    strlen(out) == size;
}

bool
http_query_next(const char **p, struct http_pair *out)
{
	const char *text = *p + strspn(*p, "&");
	size_t n = strcspn(text, "&");

	if (n == 0)
		return false;
	*p = text + n;
	out->name = text;
	out->namesz = strcspn(text, "=&");
	out->value = text + out->namesz;
	out->valuesz = n - out->namesz;
	if (out->valuesz > 0) {
		out->value++;
		out->valuesz--;
	}
	return true;
}

void
http_query_name(const struct http_pair *pair, char *out, size_t max)
{
	size_t n = pair->namesz < max ? pair->namesz : max - 1;

	if (http_decode(pair->name, pair->namesz, true, out, max))
		return;
	memcpy(out, pair->name, n);
	out[n] = '\0';
}

/* The longest name of a parameter that anybody asks for. */
#define NAME_MAX_SIZE 64

static bool
find_pair(const struct http_req *req, const char *name, struct http_pair *out)
{
	char found[NAME_MAX_SIZE];
	const char *p = req->query;

	while (http_query_next(&p, out)) {
		http_query_name(out, found, sizeof(found));
		if (strcmp(found, name) == 0)
			return true;
	}
	return false;
}

bool
http_query_has(const struct http_req *req, const char *name)
{
	struct http_pair pair;

	return find_pair(req, name, &pair);
}

bool
http_query_find(const struct http_req *req, const char *name, char *out,
    size_t max)
{
	struct http_pair pair;

	return find_pair(req, name, &pair) &&
	    http_decode(pair.value, pair.valuesz, true, out, max);
}

void
http_resp_init(struct http_resp *resp)
{
	memset(resp, 0, sizeof(*resp));
	buf_init(&resp->body, HTTP_RESP_BODY_MAX);
}

void
http_resp_fini(struct http_resp *resp)
{
	size_t i;

	for (i = 0; i < resp->nheaders; i++)
		free(resp->headers[i].value);
	buf_fini(&resp->body);
	http_resp_init(resp);
}

void
http_resp_header(struct http_resp *resp, const char *name, const char *value)
{
	assert(resp->nheaders < HTTP_RESP_HEADERS_MAX);
	resp->headers[resp->nheaders].name = name;
	resp->headers[resp->nheaders].value = xstrdup(value);
	resp->nheaders++;
}
