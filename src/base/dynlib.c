#include "config.h"

#include <dlfcn.h>
#include <string.h>

#include "base/dynlib.h"
#include "base/xalloc.h"

void
dynlib_load(const char *soname, const char *const *names, size_t n, void *into)
{
	void *lib = dlopen(soname, RTLD_NOW | RTLD_LOCAL), *at;
	size_t i;

	if (lib == NULL)
		fatal("%s cannot be loaded: %s", soname, dlerror());
	for (i = 0; i < n; i++) {
		at = dlsym(lib, names[i]);
		if (at == NULL)
			fatal("%s has no %s", soname, names[i]);
		/* POSIX has a function's address in a pointer to an object. */
		memcpy((char *)into + i * sizeof(at), &at, sizeof(at));
	}
}
