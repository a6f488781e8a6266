#include "config.h"

#include <pthread.h>

#include "base/dynlib.h"
#include "base/url_int.h"

static struct url_curl curl;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#ifdef CURL_SONAME

static void
load(void)
{
	/* In the order of the struct. */
	static const char *const names[] = { "curl_url", "curl_url_set",
		"curl_url_get", "curl_url_strerror", "curl_url_cleanup",
		"curl_free" };

	dynlib_load(CURL_SONAME, names, sizeof(names) / sizeof(names[0]),
	    &curl);
}

#else

static void
load(void)
{
	curl = (struct url_curl){ curl_url, curl_url_set, curl_url_get,
		curl_url_strerror, curl_url_cleanup, curl_free };
}

#endif

const struct url_curl *
url_curl_get(void)
{
	(void)pthread_once(&once, load);
	return &curl;
}
