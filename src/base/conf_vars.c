#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/conf_int.h"
#include "base/crypt.h"
#include "base/xalloc.h"

struct var {
	char *name;
	struct secret value;
	struct var *next;
};

struct conf_vars {
	struct var *first;
};

struct conf_vars *
conf_vars_new(void)
{
	return xcalloc(1, sizeof(struct conf_vars));
}

void
conf_vars_free(struct conf_vars *v)
{
	struct var *var, *next;

	if (v == NULL)
		return;
	for (var = v->first; var != NULL; var = next) {
		next = var->next;
		secret_fini(&var->value);
		free(var->name);
		free(var);
	}
	free(v);
}

static struct var *
find_var(const struct conf_vars *v, const char *name)
{
	struct var *var;

	for (var = v->first; var != NULL; var = var->next)
		if (strcmp(var->name, name) == 0)
			return var;
	return NULL;
}

#define OWN "HLS_" /* before a name of ours that stands for another */

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/*
 * A web server that starts a program for one request (RFC 3875, 4.1.18) puts
 * each header of that request into a variable HTTP_NAME, so there these names
 * are the sender's to set.  HLS_HTTP_NAME cannot be set that way; elsewhere
 * it may also be spelt HTTP_NAME.
 */
static const char *
read_environment(const char *name)
{
	bool is_request = getenv("GATEWAY_INTERFACE") != NULL;
	const char *value;

	if (is_request && begins(name, "HTTP_"))
		return NULL;
	value = getenv(name);
	if (value == NULL && !is_request && begins(name, OWN "HTTP_"))
		value = getenv(name + strlen(OWN));
	return value;
}

/* A variable set anew since it was wiped counts again. */
const char *
conf_vars_find(const struct conf_vars *v, const char *name)
{
	const char *now = read_environment(name);
	const struct var *var = find_var(v, name);

	if ((now == NULL || *now == '\0') && var != NULL)
		return var->value.bytes;
	return now;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
conf_vars_names(const struct conf_vars *v, struct strlist *out)
{
	const struct var *var;

	for (var = v->first; var != NULL; var = var->next)
		strlist_put(out, var->name);
	if (out->n > 1)
		qsort(out->v, out->n, sizeof(*out->v), compare_names);
}

static const char *
remember(struct conf_vars *v, const char *name)
{
	const char *value = conf_vars_find(v, name);
	struct var *var = find_var(v, name);

	if (value == NULL)
		return NULL;
	if (var == NULL) {
		var = xcalloc(1, sizeof(*var));
		var->name = xstrdup(name);
		var->next = v->first;
		v->first = var;
	}
	if (value != var->value.bytes)
		secret_put_str(&var->value, value);
	return var->value.bytes;
}

void
conf_vars_wipe(const struct conf_vars *v)
{
	const struct var *var;
	char **entry;
	size_t n;

	for (var = v->first; var != NULL; var = var->next) {
		/* Says where systemd put the secrets, and is none. */
		if (strcmp(var->name, "CREDENTIALS_DIRECTORY") == 0)
			continue;
		n = strlen(var->name);
		for (entry = environ; *entry != NULL; entry++)
			if (strncmp(*entry, var->name, n) == 0 &&
			    (*entry)[n] == '=')
				crypt_wipe(*entry + n + 1,
				    strlen(*entry + n + 1));
	}
}

static bool
is_name(const char *p, size_t n)
{
	static const char taken[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz_0123456789";
	size_t i;

	if (n == 0 || n > 255 || (*p >= '0' && *p <= '9'))
		return false;
	for (i = 0; i < n; i++)
		if (p[i] == '\0' || strchr(taken, p[i]) == NULL)
			return false;
	return true;
}

/* What stands between "${" and "}". */
static enum rc
expand_one(struct conf_vars *v, const char *p, size_t n, struct buf *out,
    struct err *e)
{
	const char *fallback = memmem(p, n, ":-", 2), *value;
	size_t namesz = fallback == NULL ? n : (size_t)(fallback - p);
	char *name;

	if (memmem(p, n, "${", 2) != NULL)
		return err_set(e, RC_INVALID, "a variable inside a variable");
	if (!is_name(p, namesz))
		return err_set(e, RC_INVALID,
		    "${ without a variable's name; $${ is a literal ${");
	name = xmemdup0(p, namesz);
	value = remember(v, name);
	free(name);
	if (fallback != NULL && (value == NULL || *value == '\0')) {
		buf_add(out, fallback + 2, n - namesz - 2);
		return RC_OK;
	}
	if (value == NULL)
		return err_set(e, RC_INVALID,
		    "${%.*s} is not set and has no default",
		    (int)(namesz > 100 ? 100 : namesz), p);
	buf_add_str(out, value);
	return RC_OK;
}

enum rc
conf_vars_expand(struct conf_vars *v, const char *text, size_t n,
    struct buf *out, struct err *e)
{
	const char *end = text + n, *dollar, *close;

	for (;;) {
		dollar = memchr(text, '$', (size_t)(end - text));
		if (dollar == NULL || end - dollar < 2)
			break;
		buf_add(out, text, (size_t)(dollar - text));
		text = dollar;
		if (end - text >= 3 && memcmp(text, "$${", 3) == 0) {
			buf_add(out, "${", 2);
			text += 3;
			continue;
		}
		if (text[1] != '{') {
			buf_add(out, "$", 1);
			text++;
			continue;
		}
		close = memchr(text, '}', (size_t)(end - text));
		if (close == NULL)
			return err_set(e, RC_INVALID, "${ without its }");
		if (expand_one(v, text + 2, (size_t)(close - text - 2), out,
			e) != RC_OK)
			return e->rc;
		text = close + 1;
	}
	buf_add(out, text, (size_t)(end - text));
	if (buf_is_over(out))
		return err_set(e, RC_INVALID, "over 1 MiB with its variables");
	return RC_OK;
}

bool
conf_vars_is_literal(const char *text, size_t n)
{
	const char *close;

	while (n > 0) {
		close = memchr(text, '}', n);
		if (n < 3 || memcmp(text, "${", 2) != 0 || close == NULL ||
		    memmem(text, (size_t)(close - text), ":-", 2) != NULL)
			return true;
		n -= (size_t)(close + 1 - text);
		text = close + 1;
	}
	return false;
}
