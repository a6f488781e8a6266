#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/err.h"

enum rc
err_set(struct err *e, enum rc rc, const char *fmt, ...)
{
	va_list ap;

	e->rc = rc;
	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return rc;
}

enum rc
err_prefix(struct err *e, const char *fmt, ...)
{
	char text[sizeof(e->text)];
	size_t used;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	used = strlen(text);
	(void)snprintf(text + used, sizeof(text) - used, ": %.*s",
	    (int)(sizeof(text) - used), e->text);
	memcpy(e->text, text, sizeof(text));
	return e->rc;
}

enum rc
err_errno(struct err *e, enum rc rc, int errno_value, const char *fmt, ...)
{
	char reason[96];
	size_t used;
	va_list ap;

	e->rc = rc;
	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	used = strlen(e->text);
	(void)snprintf(e->text + used, sizeof(e->text) - used, ": %s",
	    strerror_r(errno_value, reason, sizeof(reason)));
	return rc;
}

static const struct {
	const char *name;
	int exit_status;
} codes[] = {
	[RC_OK] = { "ok", EX_OK },
	[RC_INVALID] = { "invalid", 1 },
	[RC_DENIED] = { "denied", EX_NOPERM },
	[RC_NOTFOUND] = { "not-found", 1 },
	[RC_EXISTS] = { "exists", 1 },
	[RC_TOOBIG] = { "too-big", 1 },
	[RC_BUSY] = { "busy", EX_TEMPFAIL },
	[RC_PEER] = { "peer", EX_UNAVAILABLE },
	[RC_SYSTEM] = { "system", EX_UNAVAILABLE },
};

const char *
err_name(enum rc rc)
{
	return codes[rc].name;
}

int
err_exit_status(enum rc rc)
{
	return codes[rc].exit_status;
}
