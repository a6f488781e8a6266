#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "app/app_exit.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/id.h"
#include "base/units.h"
#include "cmd/ctl.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_text.h"
#include "cmd/ctl_when.h"
#include "core/webhook.h"
#include "store/store_admin.h"

/* sysexits has 64 for it; a wrong option is 2 in most programs, and here. */
#define EXIT_USAGE 2
/* A bare number is unix time from March 1973 on, in thousandths of a
 * second; a smaller one is a duration whose unit was forgotten. */
#define LEAST_TIME (INT64_C(100000000) * 1000)
/* Characters of an id that a table shows on a terminal, at least. */
#define SHORT_ID 8

const char *
ctl_option_find(const struct ctl *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->ngiven; i++)
		if (strcmp(c->given[i].option->name, name) == 0)
			return c->given[i].value;
	return NULL;
}

bool
ctl_has_option(const struct ctl *c, const char *name)
{
	return ctl_option_find(c, name) != NULL;
}

enum rc
ctl_usage(struct ctl *c, struct err *e, const char *fmt, ...)
{
	char text[sizeof(e->text)];
	va_list ap;

	c->status = EXIT_USAGE;
	e->rc = RC_INVALID;
	/* The text of e may be one of the arguments. */
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	memcpy(e->text, text, sizeof(text));
	return e->rc;
}

enum rc
ctl_configure(struct ctl *c, struct err *e)
{
	char fault[sizeof(e->text)];
	enum rc rc;

	rc = app_ctl_configure(&c->app, c->config, e);
	if (rc != RC_OK)
		c->status = EX_CONFIG;
	if (rc == RC_NOTFOUND) {
		(void)snprintf(fault, sizeof(fault), "%s", e->text);
		return err_set(e, rc,
		    "%.180s; -c FILE or $HLS_CONFIG says where the settings "
		    "are",
		    fault);
	}
	return rc;
}

void
ctl_complain(const char *text)
{
	struct buf line;
	size_t n;

	buf_init(&line, 8192);
	ctl_text_clean(&line, text, strlen(text));
	n = line.len;
	fprintf(stderr, "hlsctl: %s%s\n", buf_str(&line),
	    n > 0 && strchr(".!?\n", line.data[n - 1]) == NULL ? "." : "");
	buf_fini(&line);
}

enum rc
ctl_open_store(struct ctl *c, struct err *e)
{
	enum rc rc = app_ctl_open(&c->app, e);

	if (rc != RC_OK)
		c->status = app_exit_store(rc);
	return rc;
}

enum rc
ctl_confirm(struct ctl *c, struct err *e, const char *fmt, ...)
{
	char line[16] = "", question[512];
	va_list ap;

	if (ctl_has_option(c, "yes") || !isatty(STDIN_FILENO) ||
	    !isatty(STDERR_FILENO))
		return RC_OK;
	va_start(ap, fmt);
	(void)vsnprintf(question, sizeof(question), fmt, ap);
	va_end(ap);
	fprintf(stderr, "%s  Go on? [y/N] ", question);
	if (fgets(line, sizeof(line), stdin) != NULL &&
	    tolower((unsigned char)line[0]) == 'y')
		return RC_OK;
	c->status = EXIT_FAILURE;
	return err_set(e, RC_INVALID, "Nothing was done.");
}

enum rc
ctl_number(struct ctl *c, const char *name, int64_t least, int64_t most,
    int64_t *out, struct err *e)
{
	const char *text;
	int64_t n;

	text = ctl_option_find(c, name);
	if (text == NULL)
		return RC_OK;
	if (!units_int_parse(text, &n) || n < least || n > most)
		return ctl_usage(c, e,
		    "--%s takes a whole number from %lld to %lld.", name,
		    (long long)least, (long long)most);
	*out = n;
	return RC_OK;
}

enum rc
ctl_time(struct ctl *c, const char *name, bool ago, int64_t *out, struct err *e)
{
	const char *text;
	int64_t n, ms;
	size_t size;

	text = ctl_option_find(c, name);
	if (text == NULL)
		return RC_OK;
	if (units_milli_parse(text, &n) && n < LEAST_TIME)
		return ctl_usage(c, e,
		    "--%s %.20s has no unit; write %.20sm, %.20sh or %.20sd.",
		    name, text, text, text, text);
	if (ctl_when_parse(text, out))
		return RC_OK;
	size = strlen(text);
	if (size > 0 && strchr("smhd", text[size - 1]) != NULL &&
	    units_duration_parse(text, &ms)) {
		*out = clock_wall_ms(c->app.clock) + (ago ? -ms : ms);
		return RC_OK;
	}
	return ctl_usage(c, e,
	    "--%s takes a time such as 2026-11-21T08:00:00Z or "
	    "\"2026-11-21 08:00\", or a duration such as 2h for that long "
	    "%s.",
	    name, ago ? "ago" : "from now");
}

enum rc
ctl_unit(struct ctl *c, const char *name, const char *text, struct err *e)
{
	int64_t n;

	if (!units_milli_parse(text, &n) || n == 0)
		return RC_OK;
	return ctl_usage(c, e,
	    "--%s %.20s has no unit; write %.20ss, %.20sm or %.20sh.", name,
	    text, text, text, text);
}

enum rc
ctl_duration(struct ctl *c, const char *name, const char *text, int64_t *out,
    struct err *e)
{
	enum rc rc = ctl_unit(c, name, text, e);

	if (rc != RC_OK)
		return rc;
	if (units_duration_parse(text, out))
		return RC_OK;
	return ctl_usage(c, e, "--%s takes a duration such as 30s or 90d.",
	    name);
}

enum rc
ctl_check_id(struct ctl *c, const char *prefix, const char *text, struct err *e)
{
	struct id_public id;
	int64_t n;

	if ((units_int_parse(text, &n) && n > 0) || id_parse(prefix, text, &id))
		return RC_OK;
	return ctl_usage(c, e,
	    "An id is a positive number, or %s and 26 letters and digits.",
	    prefix);
}

/* Reads until the end; a byte over the limit is read to know of it. */
static enum rc
read_all(int fd, const char *name, struct buf *out, struct err *e)
{
	char chunk[16384];
	ssize_t n;

	for (;;) {
		n = read(fd, chunk, sizeof(chunk));
		if (n == -1 && errno == EINTR)
			continue;
		if (n > 0)
			buf_add(out, chunk, (size_t)n);
		if (n <= 0 || buf_is_over(out))
			break;
	}
	crypt_wipe(chunk, sizeof(chunk));
	if (n == -1)
		return err_errno(e, RC_SYSTEM, errno, "%s", name);
	if (buf_is_over(out))
		return err_set(e, RC_TOOBIG, "%s: more than %zu bytes", name,
		    out->max);
	return RC_OK;
}

enum rc
ctl_read_input(const char *file, struct buf *out, struct err *e)
{
	static const struct file_rules rules = { .forbid = 0 };

	if (file == NULL || strcmp(file, "-") == 0)
		return read_all(STDIN_FILENO, "standard input", out, e);
	return file_read(file, &rules, out, e);
}

enum rc
ctl_read_secret(const char *file, struct buf *out, struct err *e)
{
	enum rc rc;
	size_t n;

	rc = strcmp(file, "-") == 0
	    ? read_all(STDIN_FILENO, "standard input", out, e)
	    : file_read_secret(file, out, e);
	if (rc != RC_OK)
		return rc;
	n = strcspn(buf_str(out), "\r\n");
	if (n < out->len && strspn(out->data + n, "\r\n") != out->len - n)
		return err_set(e, RC_INVALID,
		    "%s: a secret is one line, and here are several", file);
	if (n < out->len) {
		crypt_wipe(out->data + n, out->len - n);
		out->len = n;
	}
	if (n == 0)
		return err_set(e, RC_INVALID, "%s: holds no secret", file);
	return RC_OK;
}

size_t
ctl_terminal_width(void)
{
	struct winsize ws;
	const char *text;
	int64_t n;

	if (!isatty(STDOUT_FILENO))
		return 0;
	text = getenv("COLUMNS");
	if (text != NULL && units_int_parse(text, &n) && n > 0 && n <= 10000)
		return (size_t)n;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0)
		return ws.ws_col;
	return 80;
}

void
ctl_put_table(struct ctl *c, struct ctl_table *t, const char *none)
{
	if (t->ncells == 0)
		buf_addf(&c->out, "%s\n", none);
	else
		ctl_table_format(t, ctl_terminal_width(), &c->out);
	ctl_table_fini(t);
}

enum rc
ctl_no_webhook(const char *id, struct err *e)
{
	if (strlen(id) < WEBHOOK_ID_PREFIX_MIN)
		return err_set(e, RC_NOTFOUND,
		    "There is no webhook %s; of a webhook's id at least %d "
		    "characters are needed.",
		    id, WEBHOOK_ID_PREFIX_MIN);
	return err_set(e, RC_NOTFOUND,
	    "There is no webhook %s; hlsctl webhook list shows them.", id);
}

enum rc
ctl_webhook_id(struct ctl *c, const char *what, const char *text,
    char id[WEBHOOK_ID_MAX + 1], struct err *e)
{
	enum rc rc;

	if (!webhook_ref_is_valid(text))
		return ctl_usage(c, e,
		    "%s takes a webhook's name, its id, or the first "
		    "characters of that.",
		    what);
	rc = store_webhook_resolve(c->app.store, text, id, e);
	if (rc == RC_NOTFOUND)
		return ctl_no_webhook(text, e);
	if (rc == RC_EXISTS)
		return err_set(e, rc,
		    "The ids of several webhooks begin with %s; hlsctl webhook "
		    "list shows them.",
		    text);
	return rc;
}

const char *
ctl_webhook_short(struct ctl *c, const char *id, char out[WEBHOOK_ID_MAX + 1])
{
	char found[WEBHOOK_ID_MAX + 1];
	size_t n, size = strlen(id);
	struct err e;
	enum rc rc;

	for (n = SHORT_ID; ctl_terminal_width() > 0 && n < size; n++) {
		(void)snprintf(out, WEBHOOK_ID_MAX + 1, "%.*s", (int)n, id);
		rc = store_webhook_resolve(c->app.store, out, found, &e);
		if (rc == RC_OK && strcmp(found, id) == 0)
			return out;
		/* It was deleted: the whole id is taken alone. */
		if (rc == RC_NOTFOUND)
			break;
	}
	(void)snprintf(out, WEBHOOK_ID_MAX + 1, "%s", id);
	return out;
}

const char *
ctl_webhook_label(struct ctl *c, const char *id, const char *name,
    char out[WEBHOOK_ID_MAX + 1])
{
	if (name != NULL && ctl_terminal_width() > 0)
		return name;
	return ctl_webhook_short(c, id, out);
}

enum rc
ctl_webhook_arg(struct ctl *c, struct err *e)
{
	enum rc rc;

	rc = ctl_webhook_id(c, "The command", c->args[0], c->webhook_id, e);
	if (rc == RC_OK)
		c->args[0] = c->webhook_id;
	return rc;
}

void
ctl_put_text(struct ctl *c, const char *text)
{
	if (text == NULL)
		text = "-";
	ctl_text_clean(&c->out, text, strlen(text));
}

void
ctl_put_time(struct ctl *c, int64_t wall_ms)
{
	char text[CTL_WHEN_SIZE] = "never";

	if (wall_ms != 0)
		ctl_when_format(wall_ms, false, text);
	buf_add_str(&c->out, text);
}

enum rc
ctl_flush(struct ctl *c, struct err *e)
{
	bool ok;

	if (buf_is_over(&c->out))
		return err_set(e, RC_TOOBIG,
		    "The output is over %u bytes; ask for less.",
		    CTL_OUTPUT_MAX);
	if (c->is_lost) {
		buf_clear(&c->out);
		return RC_OK;
	}
	errno = 0;
	ok = fwrite(buf_str(&c->out), 1, c->out.len, stdout) == c->out.len;
	ok = fflush(stdout) == 0 && ok && !ferror(stdout);
	buf_clear(&c->out);
	if (ok)
		return RC_OK;
	c->is_lost = true;
	c->status = EXIT_FAILURE;
	/* A reader such as head(1) that has enough is no error to report. */
	if (errno == EPIPE) {
		e->rc = RC_SYSTEM;
		e->text[0] = '\0';
		return e->rc;
	}
	return err_errno(e, RC_SYSTEM, errno,
	    "The output could not be written");
}
