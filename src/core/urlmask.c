#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "core/urlmask.h"

static const char hidden[] = "***";

static size_t
origin_size(const char *url)
{
	const char *host = strstr(url, "://");
	size_t scheme = host == NULL ? 0 : (size_t)(host - url) + 3;

	return scheme + strcspn(url + scheme, "/?#");
}

/* What stands before the host besides the scheme is a name and a password. */
static void
add_origin(const char *url, size_t n, struct buf *out)
{
	const char *host = strstr(url, "://"), *at, *p;

	if (host == NULL) {
		buf_add(out, url, n);
		return;
	}
	host += 3;
	buf_add(out, url, (size_t)(host - url));
	for (at = NULL, p = host; p < url + n; p++)
		if (*p == '@')
			at = p;
	if (at != NULL)
		host = at + 1;
	buf_add(out, host, (size_t)(url + n - host));
}

void
urlmask_origin(const char *url, struct buf *out)
{
	add_origin(url, origin_size(url), out);
}

void
urlmask_path(const char *url, struct buf *out)
{
	size_t n = origin_size(url), first;
	const char *path = url + n;

	add_origin(url, n, out);
	first = *path == '/' ? 1 + strcspn(path + 1, "/?#") : 0;
	buf_add(out, path, first);
	path += first;
	if (*path == '/') {
		buf_add_str(out, "/");
		path++;
		n = strcspn(path, "?#");
		if (n > 0)
			buf_add_str(out, hidden);
		path += n;
	}
	if (*path != '\0') {
		buf_add(out, path, 1);
		buf_add_str(out, hidden);
	}
}

bool
urlmask_same_origin(const char *a, const char *b)
{
	size_t n = origin_size(a);

	return n == origin_size(b) && memcmp(a, b, n) == 0;
}
