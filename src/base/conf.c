#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/conf_int.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/xalloc.h"

struct conf_places {
	char *name;
	char *folder; /* relative paths begin there */
	struct conf_node *root;
	struct conf_node *culprit; /* of the last refusal, or NULL */
	bool is_echo;              /* of what was refused before it */
	bool holds_secret;         /* a secret stands in the file itself */
};

void
conf_places_free(struct conf_places *p)
{
	if (p == NULL)
		return;
	conf_node_free(p->root);
	free(p->name);
	free(p->folder);
	free(p);
}

/* The texts may hold secrets, and a place needs none. */
static void
forget_texts(struct conf_node *node)
{
	struct conf_node *child;

	if (node->text != NULL) {
		crypt_wipe(node->text, strlen(node->text));
		free(node->text);
		node->text = NULL;
	}
	for (child = node->first; child != NULL; child = child->next)
		forget_texts(child);
}

/* The text into *places, which the caller frees on every code. */
static enum rc
load_text(const char *name, const char *folder, const char *text, size_t n,
    struct conf_vars *vars, struct conf_places **places, struct err *e)
{
	struct conf_reader r = { name, folder, e, NULL, false };
	struct conf_places *p = xcalloc(1, sizeof(*p));
	enum rc rc;

	p->name = xstrdup(name);
	p->folder = xstrdup(folder);
	rc = conf_tree_build(&r, vars, text, n, &p->root);
	conf_vars_wipe(vars);
	*places = p;
	return rc;
}

enum rc
conf_load(const char *path, struct conf_vars *vars, struct conf_places **places,
    struct err *e)
{
	static const struct file_rules rules = { .forbid = 022 };
	struct buf text;
	char *folder;
	enum rc rc;

	*places = NULL;
	folder = file_folder_of(path);
	buf_init(&text, CONF_FILE_MAX);
	rc = file_read(path, &rules, &text, e);
	if (rc == RC_TOOBIG)
		rc = err_set(e, RC_INVALID, "%s: over 1 MiB", path);
	if (rc == RC_OK)
		rc = load_text(path, folder, buf_str(&text), text.len, vars,
		    places, e);
	if (rc != RC_OK) {
		conf_places_free(*places);
		*places = NULL;
	}
	if (text.data != NULL)
		crypt_wipe(text.data, text.len);
	buf_fini(&text);
	free(folder);
	return rc;
}

enum rc
conf_take(struct conf_places *p, const struct conf_table *table, void *values,
    struct err *e)
{
	struct conf_reader r = { p->name, p->folder, e, NULL, false };
	enum rc rc;

	memset(values, 0, table->size);
	rc = conf_fill(&r, table, p->root, "", values);
	p->culprit = r.culprit;
	p->is_echo = false;
	p->holds_secret = r.holds_secret;
	if (rc != RC_OK)
		conf_fini(table, values);
	return rc;
}

bool
conf_holds_secret(const struct conf_places *p)
{
	return p->holds_secret;
}

bool
conf_pass_over(struct conf_places *p, bool *is_echo)
{
	*is_echo = p->is_echo;
	if (p->culprit == NULL || p->culprit == p->root || p->culprit->is_over)
		return false;
	p->culprit->is_over = true;
	return true;
}

enum rc
conf_read_text(const char *name, const char *text, size_t n,
    const struct conf_table *table, struct conf_vars *vars, void *values,
    struct err *e)
{
	struct conf_places *places;
	enum rc rc;

	memset(values, 0, table->size);
	rc = load_text(name, ".", text, n, vars, &places, e);
	if (rc == RC_OK)
		rc = conf_take(places, table, values, e);
	conf_places_free(places);
	return rc;
}

enum rc
conf_read(const char *path, const struct conf_table *table,
    struct conf_vars *vars, void *values, struct conf_places **places,
    struct err *e)
{
	struct conf_places *p;
	enum rc rc;

	memset(values, 0, table->size);
	if (places != NULL)
		*places = NULL;
	rc = conf_load(path, vars, &p, e);
	if (rc == RC_OK)
		rc = conf_take(p, table, values, e);
	if (rc == RC_OK)
		forget_texts(p->root);
	if (rc == RC_OK && places != NULL)
		*places = p;
	else
		conf_places_free(p);
	return rc;
}

/* The child that a step of a path names: "name", or "[2]" of those that are
 * read.  *place is where it stands among all. */
static struct conf_node *
step(const struct conf_node *node, const char *name, size_t n, size_t *place)
{
	struct conf_node *child;
	size_t i;

	*place = 0;
	if (*name == '[') {
		i = strtoul(name + 1, NULL, 10);
		for (child = node->first; child != NULL; child = child->next) {
			if (!child->is_over && i-- == 0)
				break;
			++*place;
		}
		return child;
	}
	for (child = node->first; child != NULL; child = child->next)
		if (child->key != NULL && strncmp(child->key, name, n) == 0 &&
		    (child->key[n] == '\0' ||
			strcmp(child->key + n, "_file") == 0))
			return child;
	return NULL;
}

/* It, or a part of it, was refused before. */
static bool
has_over(const struct conf_node *node)
{
	const struct conf_node *child;

	if (node->is_over)
		return true;
	for (child = node->first; child != NULL; child = child->next)
		if (has_over(child))
			return true;
	return false;
}

/* The nearest node that key names.  path has the places as the file has them;
 * p->culprit is the node to pass over, a whole entry after an echo. */
static const struct conf_node *
find_place(struct conf_places *p, const char *key, char path[CONF_PATH_SIZE])
{
	struct conf_node *node = p->root, *parent = p->root, *child;
	const char *at = key;
	size_t n, used = 0, place;

	path[0] = '\0';
	while (*at != '\0') {
		n = 1 + strcspn(at + 1, ".[");
		child = step(node, at, n, &place);
		if (child == NULL)
			break;
		used += (size_t)(*at == '['
			? snprintf(path + used, CONF_PATH_SIZE - used, "[%zu]",
			      place)
			: snprintf(path + used, CONF_PATH_SIZE - used, "%s%.*s",
			      used > 0 ? "." : "", (int)n, at));
		if (used >= CONF_PATH_SIZE)
			used = CONF_PATH_SIZE - 1;
		parent = node;
		node = child;
		at += n + (at[n] == '.');
	}
	if (*at != '\0')
		(void)snprintf(path + used, CONF_PATH_SIZE - used, "%s%s",
		    used > 0 && *at != '[' ? "." : "", at);
	p->is_echo = *at == '\0' && node != p->root && has_over(node);
	p->culprit = p->is_echo ? parent : node;
	return node;
}

enum rc
conf_refuse(struct conf_places *p, const char *key, struct err *e,
    const char *fmt, ...)
{
	const struct conf_reader r = { p->name, NULL, e, NULL, false };
	char what[sizeof(e->text)], path[CONF_PATH_SIZE];
	const struct conf_node *node;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	node = find_place(p, key, path);
	return conf_complain(&r, node->line, path, "%s", what);
}
