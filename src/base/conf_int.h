/*
 * conf_int - the parts that conf is made of
 *
 * A file becomes a tree of nodes with their lines (conf_tree.c, conf_node.c),
 * variables are put in while it is built (conf_vars.c), and the tree fills a
 * struct by a table (conf_fill.c), one value after the other (conf_value.c).
 * conf.c reads a file so, and finds the places of keys again.
 */
#ifndef BASE_CONF_INT_H
#define BASE_CONF_INT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/conf.h"

#define CONF_FILE_MAX (1 << 20)
#define CONF_SCALAR_MAX (1 << 20)
#define CONF_PATH_SIZE 160

enum conf_kind {
	CONF_KIND_SCALAR,
	CONF_KIND_LIST,
	CONF_KIND_MAP
};

/* Owns its key, text and children. */
struct conf_node {
	enum conf_kind kind;
	size_t line;     /* of its key, where it has one */
	char *key;       /* in a map, else NULL */
	char *text;      /* of a scalar, variables put in */
	bool is_literal; /* of a scalar: the file has its text, or a default */
	bool is_null;    /* nothing is written there, or "~", or "null" */
	char *fault;     /* why it cannot be read, or NULL */
	bool is_over; /* it was refused already: read as if it were not there */
	size_t n;     /* children */
	struct conf_node *first;
	struct conf_node *last;
	struct conf_node *next;
};

void conf_node_free(struct conf_node *node);

/* What a reading carries along. */
struct conf_reader {
	const char *name;   /* of the file, for messages */
	const char *folder; /* relative paths begin there */
	struct err *e;
	struct conf_node *culprit; /* what was refused first, or NULL */
	bool holds_secret;         /* a secret stands in the file itself */
};

/* The tree of a text; its root is a map.  On failure *root is NULL. */
enum rc conf_tree_build(struct conf_reader *r, struct conf_vars *vars,
    const char *text, size_t n, struct conf_node **root);

/* The text in quotes of YAML becomes the value: fills out, or RC_INVALID and
 * what is wrong.  Remembers the variables used. */
enum rc conf_vars_expand(struct conf_vars *v, const char *text, size_t n,
    struct buf *out, struct err *e);

/* Whether the text, or a default in it, is a value: true unless it is nothing
 * but variables. */
bool conf_vars_is_literal(const char *text, size_t n);

/* Overwrites in the environment what has been remembered. */
void conf_vars_wipe(const struct conf_vars *v);

/* Fills values, all zero so far, from a map.  prefix stands before keys in
 * messages, "" or "sources[2].".  On failure values may be half full. */
enum rc conf_fill(struct conf_reader *r, const struct conf_table *table,
    struct conf_node *map, const char *prefix, void *values);

/* Sets one value from a node of any kind.  *what says what is wrong;
 * bounds hold unless the node's line is 0. */
enum rc conf_value_set(struct conf_reader *r, const struct conf_key *row,
    const struct conf_node *node, const char *path, void *value);

/* A secret's value from a file. */
enum rc conf_value_set_file(struct conf_reader *r, const struct conf_key *row,
    const struct conf_node *node, const char *path, void *value);

void conf_value_fini(const struct conf_key *row, void *value);

/* "file:line: path: text", and RC_INVALID. */
enum rc conf_complain(const struct conf_reader *r, size_t line,
    const char *path, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
