#include "config.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif

#include "app/app_guard.h"

/* libcurl reads the proxies and the file for TLS keys; the C library reads
 * HOSTALIASES, which gives a host name another meaning. */
static const char *const ignored[] = { "http_proxy", "https_proxy", "all_proxy",
	"no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
	"SSLKEYLOGFILE", "HOSTALIASES" };

void
app_guard(void)
{
	const struct rlimit no_core = { 0, 0 };
	size_t i;

	(void)umask(0077);
#ifdef HAVE_SYS_PRCTL_H
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
	(void)setrlimit(RLIMIT_CORE, &no_core);
	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)unsetenv(ignored[i]);
}
