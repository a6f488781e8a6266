#include "config.h"

#include <pthread.h>

#include "base/dynlib.h"
#include "base/js.h"
#include "base/js_int.h"

static struct js_lib lib;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#ifdef JSONC_SONAME

static void
load(void)
{
#define NAME(name) #name,
	static const char *const names[] = { JS_LIB_FUNCTIONS(NAME) };
#undef NAME

	dynlib_load(JSONC_SONAME, names, sizeof(names) / sizeof(names[0]),
	    &lib);
}

#else

static void
load(void)
{
#define SET(name) lib.name = name;
	JS_LIB_FUNCTIONS(SET)
#undef SET
}

#endif

const struct js_lib *
js_lib_get(void)
{
	(void)pthread_once(&once, load);
	return &lib;
}

void
js_load(void)
{
	(void)js_lib_get();
}
