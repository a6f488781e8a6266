#include "config.h"

#include <string.h>

#include "core/http.h"
#include "front/http_conn.h"
#include "front/http_in.h"

/* 26 MB need eight; what has more than this is no length of anything. */
#define DIGITS_MAX 18

/* Our own path out of "/hls/stats?x" or "http://host/hls/stats". */
static enum rc
path_of_uri(const char *uri, char *out, size_t max, struct err *e)
{
	size_t n;
	const char *host;

	if (*uri != '/') {
		host = strstr(uri, "://");
		uri = host == NULL ? NULL : strchr(host + 3, '/');
		if (uri == NULL)
			return err_set(e, RC_NOTFOUND, "no such path");
	}
	n = strcspn(uri, "?#");
	if (!http_decode(uri, n, false, out, max))
		return err_set(e, RC_INVALID, "the path has an invalid escape");
	return RC_OK;
}

static bool
has_control(const char *p)
{
	for (; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return true;
	return false;
}

/*
 * Leaves out empty parts and ".", and takes back a part for each "..", as RFC
 * 3986, 5.2.4 has it and as web servers do before they choose a location.
 * Some hand the path on as it came and some do not, so it is done here for
 * all of them.  False when it does not begin with "/" or leads above the root.
 */
static bool
straighten(char *path)
{
	const char *in = path;
	char *out = path;
	size_t n;

	if (*path != '/')
		return false;
	while (*in != '\0') {
		in += strspn(in, "/");
		n = strcspn(in, "/");
		if (n == 2 && in[0] == '.' && in[1] == '.') {
			if (out == path)
				return false;
			while (*--out != '/')
				;
		} else if (n > 0 && !(n == 1 && in[0] == '.')) {
			*out++ = '/';
			memmove(out, in, n);
			out += n;
		}
		in += n;
	}
	if (out == path)
		*out++ = '/';
	*out = '\0';
	return true;
}

/* Where the path goes on behind base; path itself when it does not begin
 * with it, since a web server may have taken it off already. */
static const char *
behind_base(const char *path, const char *base)
{
	size_t n = strlen(base);

	if (n > 0 && strncmp(path, base, n) == 0 &&
	    (path[n] == '/' || path[n] == '\0'))
		return path + n;
	return path;
}

static bool
is_given(const char *value)
{
	return value != NULL && *value != '\0';
}

enum rc
http_in_path(const struct http_req *req, const char *base, char *out,
    size_t max, struct err *e)
{
	const char *info = http_param_find(req, "PATH_INFO");
	const char *uri = http_param_find(req, "REQUEST_URI");
	const char *script = http_param_find(req, "SCRIPT_NAME");
	char text[HTTP_IN_PATH_MAX + 1];
	const char *path = is_given(info) ? info : script;
	enum rc rc;

	out[0] = '\0';
	if (!is_given(info) && is_given(uri)) {
		rc = path_of_uri(uri, text, sizeof(text), e);
		if (rc != RC_OK)
			return rc;
	} else {
		if (!is_given(path))
			path = "/";
		if (strlen(path) >= sizeof(text))
			return err_set(e, RC_INVALID, "the path is malformed");
		memcpy(text, path, strlen(path) + 1);
	}
	if (has_control(text))
		return err_set(e, RC_INVALID, "the path is malformed");
	if (!straighten(text))
		return err_set(e, RC_NOTFOUND, "no such path");
	path = behind_base(text, base);
	if (*path == '\0')
		path = "/";
	if (strlen(path) >= max)
		return err_set(e, RC_INVALID, "the path is malformed");
	memcpy(out, path, strlen(path) + 1);
	return RC_OK;
}

enum http_in_length
http_in_length(const struct http_req *req, int64_t max, size_t *n)
{
	const char *text = http_param_find(req, "CONTENT_LENGTH");
	size_t value = 0, len;

	*n = 0;
	if (!is_given(text))
		return HTTP_IN_LENGTH_NONE;
	len = strlen(text);
	if (strspn(text, "0123456789") != len || len > DIGITS_MAX)
		return HTTP_IN_LENGTH_BAD;
	for (; *text != '\0'; text++)
		value = value * 10 + (size_t)(*text - '0');
	if (value > (size_t)max)
		return HTTP_IN_LENGTH_OVER;
	*n = value;
	return HTTP_IN_LENGTH_OK;
}

static enum rc
too_few(size_t n, size_t came, struct err *e)
{
	return err_set(e, RC_INVALID, "%zu bytes were announced, %zu came", n,
	    came);
}

enum rc
http_in_begin(struct http_conn *conn, size_t n, size_t came, struct err *e)
{
	char nothing;
	size_t got;
	enum rc rc = RC_OK;

	if (came != SIZE_MAX)
		rc = conn->ops->read(conn, &nothing, 0, &got, e);
	if (rc == RC_OK && came < n)
		rc = too_few(n, came, e);
	return rc;
}

enum rc
http_in_body(struct http_conn *conn, char *p, size_t n, struct err *e)
{
	size_t got;
	enum rc rc;

	p[0] = '\0';
	rc = conn->ops->read(conn, p, n, &got, e);
	if (rc != RC_OK)
		return rc;
	p[got] = '\0';
	if (got < n)
		return too_few(n, got, e);
	return conn->ops->read_end(conn, e);
}
