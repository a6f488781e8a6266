#include "config.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "base/url_int.h"
#include "base/xalloc.h"

static struct url_curl curl;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#ifdef CURL_SONAME

/* POSIX has a function's address in a pointer to an object. */
static void
take(void *lib, const char *name, void *into)
{
	void *at = dlsym(lib, name);

	if (at == NULL)
		fatal("%s has no %s", CURL_SONAME, name);
	memcpy(into, &at, sizeof(at));
}

static void
load(void)
{
	void *lib = dlopen(CURL_SONAME, RTLD_NOW | RTLD_LOCAL);

	if (lib == NULL)
		fatal("libcurl cannot be loaded: %s", dlerror());
	take(lib, "curl_url", &curl.make);
	take(lib, "curl_url_set", &curl.set);
	take(lib, "curl_url_get", &curl.get);
	take(lib, "curl_url_strerror", &curl.reason);
	take(lib, "curl_url_cleanup", &curl.drop);
	take(lib, "curl_free", &curl.free);
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
