#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/conf_int.h"
#include "base/xalloc.h"

/* One struct on its way from a map. */
struct filling {
	struct conf_reader *r;
	const struct conf_table *table;
	const char *prefix;
	char *values;
	bool *is_given; /* by row */
};

static const struct conf_key *
find_row(const struct conf_table *table, const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < table->n; i++)
		if (strncmp(table->keys[i].name, name, n) == 0 &&
		    table->keys[i].name[n] == '\0')
			return &table->keys[i];
	return NULL;
}

/* The row of the secret whose file name "name" gives, or NULL. */
static const struct conf_key *
find_file_row(const struct conf_table *table, const char *name)
{
	const struct conf_key *row;
	size_t n = strlen(name);

	if (n < 6 || strcmp(name + n - 5, "_file") != 0)
		return NULL;
	row = find_row(table, name, n - 5);
	if (row == NULL ||
	    (row->type != CONF_SECRET && row->type != CONF_SECRETS))
		return NULL;
	return row;
}

static bool
is_group(const struct conf_table *table, const char *name)
{
	size_t i, n = strlen(name);

	for (i = 0; i < table->n; i++)
		if (strncmp(table->keys[i].name, name, n) == 0 &&
		    table->keys[i].name[n] == '.')
			return true;
	return false;
}

static enum rc fill_group(struct filling *f, const struct conf_node *map,
    const char *group);

/* name is the key's within the table, its group before it. */
static enum rc
fill_one(struct filling *f, struct conf_node *node, const char *name)
{
	const struct conf_key *row = find_row(f->table, name, strlen(name));
	const struct conf_key *file_row = find_file_row(f->table, name);
	char path[CONF_PATH_SIZE * 2];
	size_t i;

	(void)snprintf(path, sizeof(path), "%s%s", f->prefix, name);
	if (node->fault != NULL)
		return conf_complain(f->r, node->line, path, "%s", node->fault);
	if (row == NULL && file_row == NULL) {
		if (!is_group(f->table, name) || strchr(node->key, '.') != NULL)
			return conf_complain(f->r, node->line, path,
			    "no such key");
		if (node->kind != CONF_KIND_MAP)
			return conf_complain(f->r, node->line, path,
			    "takes keys of its own");
		return fill_group(f, node, name);
	}
	if (strchr(node->key, '.') != NULL)
		return conf_complain(f->r, node->line, path, "no such key");
	if (row != NULL && (row->flags & CONF_LATER) != 0)
		return conf_complain(f->r, node->line, path,
		    "not in this version");
	i = (size_t)((row != NULL ? row : file_row) - f->table->keys);
	if (f->is_given[i])
		return conf_complain(f->r, node->line, path,
		    "given both here and in a file");
	f->is_given[i] = true;
	if (row != NULL)
		return conf_value_set(f->r, row, node, path,
		    f->values + row->offset);
	return conf_value_set_file(f->r, file_row, node, path,
	    f->values + file_row->offset);
}

static enum rc
fill_group(struct filling *f, const struct conf_node *map, const char *group)
{
	struct conf_node *child;
	char name[CONF_PATH_SIZE];
	enum rc rc = RC_OK;
	int n;

	for (child = map->first; rc == RC_OK && child != NULL;
	     child = child->next) {
		n = snprintf(name, sizeof(name), "%s%s%s", group,
		    *group == '\0' ? "" : ".", child->key);
		if (n < 0 || (size_t)n >= sizeof(name))
			return conf_complain(f->r, child->line, f->prefix,
			    "no such key");
		if (child->is_over)
			continue;
		rc = fill_one(f, child, name);
		if (rc != RC_OK && f->r->culprit == NULL)
			f->r->culprit = child;
	}
	return rc;
}

static struct conf_node *
new_scalar(const char *text, size_t n)
{
	struct conf_node *node = xcalloc(1, sizeof(*node));

	node->kind = CONF_KIND_SCALAR;
	node->text = xmemdup0(text, n);
	return node;
}

/* "5s", or "[5s, 10s]", as a node of line 0. */
static struct conf_node *
node_of_fallback(const char *text)
{
	struct conf_node *list;
	size_t n;

	if (*text != '[')
		return new_scalar(text, strlen(text));
	list = xcalloc(1, sizeof(*list));
	list->kind = CONF_KIND_LIST;
	text++;
	while (*text != ']' && *text != '\0') {
		n = strcspn(text, ",]");
		if (list->first == NULL)
			list->first = list->last = new_scalar(text, n);
		else
			list->last = list->last->next = new_scalar(text, n);
		list->n++;
		text += n;
		text += strspn(text, ", ");
	}
	return list;
}

static void
set_fallback(const struct conf_key *row, char *values)
{
	const char *text = row->fallback;
	struct err e = { RC_OK, "" };
	struct conf_reader r = { "default", ".", &e, NULL, false };
	struct conf_node *node;
	enum rc rc;

	if (text == NULL && row->type == CONF_STRING)
		text = "";
	if (text == NULL || (row->flags & CONF_LATER) != 0)
		return;
	node = node_of_fallback(text);
	rc = conf_value_set(&r, row, node, row->name, values + row->offset);
	/* A default that its own type refuses is a slip in the table; an
	 * empty one of a key that must be given is not. */
	assert(rc == RC_OK || (row->flags & CONF_REQUIRED) != 0);
	if (rc != RC_OK && row->type == CONF_STRING)
		*(char **)(void *)(values + row->offset) = xstrdup("");
	conf_node_free(node);
}

/* A key that was given and refused. */
static bool
is_passed_over(const struct conf_node *map, const char *name)
{
	const struct conf_node *child;
	size_t n = strcspn(name, ".");

	for (child = map->first; child != NULL; child = child->next)
		if (strncmp(child->key, name, n) == 0 &&
		    (child->key[n] == '\0' ||
			strcmp(child->key + n, "_file") == 0))
			return child->is_over ||
			    (name[n] == '.' &&
				is_passed_over(child, name + n + 1));
	return false;
}

enum rc
conf_fill(struct conf_reader *r, const struct conf_table *table,
    struct conf_node *map, const char *prefix, void *values)
{
	struct filling f = { r, table, prefix, values, NULL };
	char path[CONF_PATH_SIZE * 2];
	size_t i;
	enum rc rc;

	f.is_given = xcalloc(table->n, sizeof(*f.is_given));
	rc = fill_group(&f, map, "");
	for (i = 0; rc == RC_OK && i < table->n; i++) {
		if (f.is_given[i])
			continue;
		if ((table->keys[i].flags & CONF_REQUIRED) != 0 &&
		    !is_passed_over(map, table->keys[i].name)) {
			(void)snprintf(path, sizeof(path), "%s%s", prefix,
			    table->keys[i].name);
			rc = conf_complain(r, map->line, path,
			    "has to be given");
			r->culprit = map;
		} else {
			set_fallback(&table->keys[i], values);
		}
	}
	free(f.is_given);
	return rc;
}

void
conf_defaults(const struct conf_table *table, void *values)
{
	size_t i;

	memset(values, 0, table->size);
	for (i = 0; i < table->n; i++)
		set_fallback(&table->keys[i], values);
}

void
conf_fini(const struct conf_table *table, void *values)
{
	size_t i;

	for (i = 0; i < table->n; i++)
		if ((table->keys[i].flags & CONF_LATER) == 0)
			conf_value_fini(&table->keys[i],
			    (char *)values + table->keys[i].offset);
}
