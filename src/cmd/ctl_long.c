#include "config.h"

#include <ctype.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/ctl.h"
#include "cmd/ctl_long.h"

/* As shells have it for a program that a signal ended. */
#define EXIT_INTERRUPTED (128 + SIGINT)

static volatile sig_atomic_t is_cut;
static bool is_told; /* a line is on the terminal */

enum rc
ctl_long_confirm(struct ctl *c, const char *question, struct err *e)
{
	char line[16] = "";

	if (ctl_has_option(c, "yes"))
		return RC_OK;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return ctl_usage(c, e, "%s  Give --yes to have it done.",
		    question);
	fprintf(stderr, "%s  Go on? [y/N] ", question);
	if (fgets(line, sizeof(line), stdin) != NULL &&
	    tolower((unsigned char)line[0]) == 'y')
		return RC_OK;
	c->status = EXIT_FAILURE;
	return err_set(e, RC_INVALID, "Nothing was done.");
}

static void
cut(int number)
{
	(void)number;
	is_cut = 1;
}

void
ctl_long_begin(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = cut;
	/* A second one ends it at once. */
	sa.sa_flags = (int)SA_RESETHAND;
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
}

bool
ctl_long_is_cut(void)
{
	return is_cut != 0;
}

void
ctl_long_tell(const char *what, int64_t n, int64_t of)
{
	if (!isatty(STDERR_FILENO))
		return;
	is_told = true;
	fprintf(stderr, "\r%s %lld", what, (long long)n);
	if (of > 0)
		fprintf(stderr, " of %lld", (long long)of);
}

void
ctl_long_end(void)
{
	if (is_told)
		fprintf(stderr, "\r\033[K");
	is_told = false;
}

enum rc
ctl_long_cut(struct ctl *c, struct err *e, const char *fmt, ...)
{
	va_list ap;

	c->status = EXIT_INTERRUPTED;
	e->rc = RC_BUSY;
	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return e->rc;
}
