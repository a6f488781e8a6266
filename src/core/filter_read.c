#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/js.h"
#include "base/xalloc.h"
#include "core/filter_int.h"
#include "core/jsonptr.h"

static const char *const op_names[FILTER_OPS] = {
	[FILTER_AND] = "and",
	[FILTER_OR] = "or",
	[FILTER_NOT] = "not",
	[FILTER_EQUALS] = "equals",
	[FILTER_IN] = "in",
	[FILTER_EXISTS] = "exists",
	[FILTER_PREFIX] = "prefix",
	[FILTER_LT] = "lt",
	[FILTER_LTE] = "lte",
	[FILTER_GT] = "gt",
	[FILTER_GTE] = "gte",
};

static const struct {
	const char *name;
	enum filter_place place;
} places[] = {
	{ "$type", FILTER_TYPE },
	{ "$action", FILTER_ACTION },
	{ "$repository", FILTER_REPOSITORY },
	{ "$team", FILTER_TEAM },
};

struct reading {
	struct filter *f;
	struct jsonptr_set *paths;
	char *path; /* to what is read now; stays where it went wrong */
	unsigned int depth;
	struct err *e;
};

/* Nodes that must all hold, while they are strung together. */
struct chain {
	struct reading *rd;
	size_t *link;     /* where the number of the next node goes */
	const char *name; /* of the value that is tested */
	enum rc rc;
};

const char *
filter_op_name(enum filter_op op)
{
	return op_names[op];
}

/* Goes one step down; the result is for leave(). */
static size_t
enter(struct reading *rd, const char *step)
{
	size_t n = strlen(rd->path);

	(void)snprintf(rd->path + n, FILTER_PATH_SIZE - n, "%s%s",
	    n == 0 ? "" : ".", step);
	return n;
}

static void
leave(struct reading *rd, size_t n)
{
	rd->path[n] = '\0';
}

static struct filter_node *
add(struct chain *c, enum filter_op op)
{
	struct filter *f = c->rd->f;
	struct filter_node *node = &f->v[f->n];

	if (f->n == FILTER_NODES_MAX) {
		c->rc = err_set(c->rd->e, RC_INVALID, "more than %d tests",
		    FILTER_NODES_MAX);
		return NULL;
	}
	node->op = op;
	node->child = node->next = FILTER_NONE;
	*c->link = f->n++;
	c->link = &node->next;
	return node;
}

static enum jsscan_type
type_of(const char *text)
{
	switch (*text) {
	case '"':
		return JSSCAN_STRING;
	case '{':
		return JSSCAN_OBJECT;
	case '[':
		return JSSCAN_ARRAY;
	case 't':
	case 'f':
		return JSSCAN_BOOL;
	case 'n':
		return JSSCAN_NULL;
	default:
		return JSSCAN_NUMBER;
	}
}

/* A value to compare with; false when it is a list, an object, or text that
 * holds a NUL. */
static bool
add_operand(struct filter_node *node, struct json_object *value)
{
	struct filter_operand *o;
	struct buf text;
	bool has_nul = false;
	const char *str;
	size_t n;

	buf_init(&text, 2 * FILTER_TEXT_MAX + 64);
	js_write(value, &text);
	node->v = xreallocarray(node->v, node->n + 1, sizeof(*node->v));
	o = &node->v[node->n++];
	o->type = type_of(buf_str(&text));
	if (js_get_str(value, &str, &n)) {
		o->text = xmemdup0(str, n);
		o->n = strlen(o->text);
		has_nul = o->n < n;
	} else {
		o->text = xstrdup(buf_str(&text));
		o->n = strlen(o->text);
	}
	buf_fini(&text);
	return o->type != JSSCAN_OBJECT && o->type != JSSCAN_ARRAY && !has_nul;
}

static enum rc
read_list(struct reading *rd, struct filter_node *node,
    struct json_object *value)
{
	size_t i, n = js_array_size(value);

	if (n == 0)
		return err_set(rd->e, RC_INVALID, "not a list of values");
	for (i = 0; i < n; i++)
		if (!add_operand(node, js_array_at(value, i)))
			return err_set(rd->e, RC_INVALID,
			    "entry %zu is no string, number, boolean or null",
			    i);
	return RC_OK;
}

static enum rc
read_operand(struct reading *rd, struct filter_node *node,
    struct json_object *value)
{
	bool is_plain;

	if (node->op == FILTER_IN)
		return read_list(rd, node, value);
	is_plain = add_operand(node, value);
	if (!is_plain)
		return err_set(rd->e, RC_INVALID,
		    "not a string, number, boolean or null");
	if (node->op == FILTER_EXISTS && node->v[0].type != JSSCAN_BOOL)
		return err_set(rd->e, RC_INVALID, "neither true nor false");
	if (node->op == FILTER_PREFIX && node->v[0].type != JSSCAN_STRING)
		return err_set(rd->e, RC_INVALID, "not a string");
	if (node->op >= FILTER_LT && node->v[0].type != JSSCAN_NUMBER)
		return err_set(rd->e, RC_INVALID, "not a number");
	return RC_OK;
}

static enum filter_place
place_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(name, places[i].name) == 0)
			return places[i].place;
	return FILTER_BODY;
}

static enum rc
read_test(struct chain *c, enum filter_op op, struct json_object *value)
{
	struct filter_node *node = add(c, op);

	if (node == NULL)
		return c->rc;
	node->name = xstrdup(c->name);
	node->place = place_of(c->name);
	if (node->place == FILTER_BODY) {
		node->path = jsonptr_add(c->rd->paths, c->name);
		c->rd->f->reads_body = true;
	}
	return read_operand(c->rd, node, value);
}

/* A member of an object of tests. */
static bool
read_named_test(void *arg, const char *name, struct json_object *value)
{
	struct chain *c = arg;
	size_t mark = enter(c->rd, name);
	int op;

	for (op = FILTER_EQUALS; op < FILTER_OPS; op++)
		if (strcmp(name, op_names[op]) == 0)
			break;
	if (op == FILTER_OPS)
		c->rc = err_set(c->rd->e, RC_INVALID,
		    "no test; there are equals, in, exists, prefix, lt, lte, "
		    "gt and gte");
	else
		c->rc = read_test(c, (enum filter_op)op, value);
	if (c->rc == RC_OK)
		leave(c->rd, mark);
	return c->rc == RC_OK;
}

static enum rc
read_tests(struct chain *c, const char *name, struct json_object *value)
{
	size_t *was = c->link;

	c->name = name;
	if (js_is_array(value))
		return err_set(c->rd->e, RC_INVALID,
		    "a list; {\"in\": [...]} is one of them");
	if (!js_is_object(value))
		return read_test(c, FILTER_EQUALS, value);
	js_each(value, read_named_test, c);
	if (c->rc == RC_OK && c->link == was)
		return err_set(c->rd->e, RC_INVALID,
		    "an object without a test");
	return c->rc;
}

static enum rc read_object(struct chain *c, struct json_object *o);

/* The objects of an "and" go into the chain as they are; those of an "or"
 * have one each. */
static enum rc
read_objects(struct chain *c, bool is_or, struct json_object *list)
{
	struct chain of_or = { .rd = c->rd }, one = { .rd = c->rd };
	struct filter_node *node;
	size_t i, mark, n = js_array_size(list);
	char step[24];
	enum rc rc = RC_OK;

	if (n == 0)
		return err_set(c->rd->e, RC_INVALID, "not a list of objects");
	if (is_or) {
		node = add(c, FILTER_OR);
		if (node == NULL)
			return c->rc;
		of_or.link = &node->child;
	}
	for (i = 0; rc == RC_OK && i < n; i++) {
		(void)snprintf(step, sizeof(step), "%zu", i);
		mark = enter(c->rd, step);
		if (is_or) {
			node = add(&of_or, FILTER_AND);
			if (node == NULL)
				return of_or.rc;
			one.link = &node->child;
		}
		rc = read_object(is_or ? &one : c, js_array_at(list, i));
		if (rc == RC_OK)
			leave(c->rd, mark);
	}
	return rc;
}

static enum rc
read_not(struct chain *c, struct json_object *value)
{
	struct filter_node *node = add(c, FILTER_NOT);
	struct chain inner = { .rd = c->rd };

	if (node == NULL)
		return c->rc;
	inner.link = &node->child;
	return read_object(&inner, value);
}

static bool
read_member(void *arg, const char *name, struct json_object *value)
{
	struct chain *c = arg;
	size_t mark = enter(c->rd, name);

	if (strcmp(name, "and") == 0 || strcmp(name, "or") == 0)
		c->rc = read_objects(c, *name == 'o', value);
	else if (strcmp(name, "not") == 0)
		c->rc = read_not(c, value);
	else if (place_of(name) != FILTER_BODY || jsonptr_is_valid(name))
		c->rc = read_tests(c, name, value);
	else
		c->rc = err_set(c->rd->e, RC_INVALID,
		    "no pointer (/a/b), $type, $action, $repository, $team, "
		    "and, or, not");
	if (c->rc == RC_OK)
		leave(c->rd, mark);
	return c->rc == RC_OK;
}

static enum rc
read_object(struct chain *c, struct json_object *o)
{
	size_t *was = c->link;

	if (!js_is_object(o))
		return err_set(c->rd->e, RC_INVALID, "not an object");
	if (c->rd->depth == FILTER_DEPTH_MAX)
		return err_set(c->rd->e, RC_INVALID, "deeper than %d",
		    FILTER_DEPTH_MAX);
	c->rd->depth++;
	js_each(o, read_member, c);
	c->rd->depth--;
	if (c->rc == RC_OK && c->link == was && c->rd->depth > 0)
		return err_set(c->rd->e, RC_INVALID,
		    "an object without a test");
	return c->rc;
}

enum rc
filter_new(const char *text, size_t n, struct jsonptr_set *paths,
    struct filter **out, char path[FILTER_PATH_SIZE], struct err *e)
{
	struct reading rd = { .paths = paths, .path = path, .e = e };
	struct chain chain = { .rd = &rd };
	struct js_doc doc;
	size_t root = FILTER_NONE;
	enum rc rc;

	*out = NULL;
	*path = '\0';
	if (n > FILTER_TEXT_MAX)
		return err_set(e, RC_INVALID, "over %d bytes", FILTER_TEXT_MAX);
	rc = js_parse(&doc, text, n, e);
	if (rc != RC_OK)
		return rc;
	rd.f = xcalloc(1, sizeof(*rd.f));
	rd.f->v = xcalloc(FILTER_NODES_MAX + 1, sizeof(*rd.f->v));
	chain.link = &root;
	rc = read_object(&chain, doc.root);
	js_doc_fini(&doc);
	if (rc != RC_OK) {
		filter_free(rd.f);
		return rc;
	}
	rd.f->v = xreallocarray(rd.f->v, rd.f->n + 1, sizeof(*rd.f->v));
	*out = rd.f;
	return RC_OK;
}

void
filter_free(struct filter *f)
{
	size_t i, k;

	if (f == NULL)
		return;
	for (i = 0; i < f->n; i++) {
		for (k = 0; k < f->v[i].n; k++)
			free(f->v[i].v[k].text);
		free(f->v[i].v);
		free(f->v[i].name);
	}
	free(f->v);
	free(f);
}
