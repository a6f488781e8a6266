#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/buf.h"
#include "base/conf_int.h"
#include "base/crypt.h"
#include "base/utf8.h"
#include "base/xalloc.h"

#define LINE_MAX_BYTES (64 << 10)
#define KEY_MAX_BYTES 128
#define DEPTH_MAX 8
#define CHILDREN_MAX 1000

/* What YAML would let pass, or report without a line. */
static enum rc
check_bytes(const struct conf_reader *r, const char *text, size_t n)
{
	const char *p = text, *end = text + n, *start = text;
	size_t line = 1, size;

	if (n > CONF_FILE_MAX)
		return conf_complain(r, 1, "", "over 1 MiB");
	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		return conf_complain(r, 1, "", "a byte-order mark");
	while (p < end) {
		size = utf8_size(p, (size_t)(end - p));
		if (size == 0)
			return conf_complain(r, line, "", "invalid UTF-8");
		if (*p == '\r')
			return conf_complain(r, line, "",
			    "a carriage return; lines end with a newline");
		if ((*p >= 0 && *p < ' ' && *p != '\n' && *p != '\t') ||
		    *p == 0x7f)
			return conf_complain(r, line, "",
			    "a control character");
		if (*p == '\n') {
			line++;
			start = p + 1;
		}
		if (p - start >= LINE_MAX_BYTES)
			return conf_complain(r, line, "",
			    "a line of over 64 KiB");
		p += size;
	}
	return RC_OK;
}

/* One level of the tree while it is built. */
struct builder {
	struct conf_reader *r;
	struct conf_vars *vars;
	const char *text, *end;
	yaml_parser_t parser;
	yaml_event_t event;
	struct conf_node *open[DEPTH_MAX]; /* lists and maps, outermost first */
	size_t depth;
	char *key;       /* read, and its value is to come */
	size_t key_line; /* of that key */
	char *fault;     /* of that key, or NULL */
	struct conf_node *root;
};

static size_t
line_of(const struct builder *b)
{
	return b->event.start_mark.line + 1;
}

static struct conf_node *
innermost(const struct builder *b)
{
	return b->depth == 0 ? NULL : b->open[b->depth - 1];
}

/* The path is not known yet to the depth that messages show later. */
static enum rc
complain(const struct builder *b, const char *what)
{
	const char *key = b->key;

	if (key == NULL && innermost(b) != NULL)
		key = innermost(b)->key;
	return conf_complain(b->r, line_of(b), key == NULL ? "" : key, "%s",
	    what);
}

/* The event's scalar with variables put in; *fault says why that cannot be,
 * and the text is empty then. */
static void
take_text(struct builder *b, char **out, char **fault)
{
	const char *text = (const char *)b->event.data.scalar.value;
	size_t n = b->event.data.scalar.length;
	struct err why;
	struct buf buf;
	enum rc rc;

	buf_init(&buf, CONF_SCALAR_MAX);
	rc = conf_vars_expand(b->vars, text, n, &buf, &why);
	if (rc == RC_OK &&
	    (!utf8_is_valid(buf_str(&buf), buf.len) ||
		strlen(buf_str(&buf)) != buf.len))
		rc = err_set(&why, RC_INVALID, "invalid UTF-8 or a NUL");
	*out = xstrdup(rc == RC_OK ? buf_str(&buf) : "");
	*fault = rc == RC_OK ? NULL : xstrdup(why.text);
	if (buf.data != NULL)
		crypt_wipe(buf.data, buf.len);
	buf_fini(&buf);
}

static bool
is_null(const yaml_event_t *event)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };
	size_t i;

	if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
		if (strcmp((const char *)event->data.scalar.value, nulls[i]) ==
		    0)
			return true;
	return false;
}

/* No control character, and short enough for YAML to take its quoted form
 * as a key. */
static bool
is_key(const char *text, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((text[i] >= 0 && text[i] < ' ') || text[i] == 0x7f)
			return false;
	return n > 0 && n <= KEY_MAX_BYTES;
}

static enum rc
take_key(struct builder *b)
{
	const char *text = (const char *)b->event.data.scalar.value;
	const struct conf_node *child;

	if (!is_key(text, b->event.data.scalar.length))
		return complain(b, "a key that is no name");
	b->key = xstrdup(text);
	b->key_line = line_of(b);
	for (child = innermost(b)->first; child != NULL; child = child->next)
		if (strcmp(child->key, text) == 0 && b->fault == NULL)
			b->fault = xasprintf("given twice, in line %zu already",
			    child->line);
	return RC_OK;
}

/* Hangs a node of the event into the tree. */
static enum rc
add_node(struct builder *b, enum conf_kind kind, struct conf_node **out)
{
	struct conf_node *parent = innermost(b), *node;

	if (parent == NULL && b->root != NULL)
		return complain(b, "something behind the settings");
	if (parent != NULL && parent->n == CHILDREN_MAX)
		return complain(b, "over 1,000 entries");
	if (kind != CONF_KIND_SCALAR && b->depth == DEPTH_MAX)
		return complain(b, "nested too deeply");
	node = xcalloc(1, sizeof(*node));
	node->kind = kind;
	/* A value may begin some lines below its key. */
	node->line = b->key != NULL ? b->key_line : line_of(b);
	node->key = b->key;
	node->fault = b->fault;
	b->key = b->fault = NULL;
	if (parent == NULL) {
		b->root = node;
	} else {
		if (parent->first == NULL)
			parent->first = node;
		else
			parent->last->next = node;
		parent->last = node;
		parent->n++;
	}
	*out = node;
	return RC_OK;
}

static enum rc
open_node(struct builder *b, enum conf_kind kind)
{
	struct conf_node *node;
	enum rc rc;

	if (innermost(b) != NULL && innermost(b)->kind == CONF_KIND_MAP &&
	    b->key == NULL)
		return complain(b, "a key that is no name");
	rc = add_node(b, kind, &node);
	if (rc == RC_OK)
		b->open[b->depth++] = node;
	return rc;
}

static enum rc
take_scalar(struct builder *b)
{
	struct conf_node *parent = innermost(b), *node;
	enum rc rc;

	if (b->event.data.scalar.anchor != NULL ||
	    b->event.data.scalar.tag != NULL)
		return complain(b, "an anchor or a tag, which are not taken");
	if (parent != NULL && parent->kind == CONF_KIND_MAP && b->key == NULL)
		return take_key(b);
	rc = add_node(b, CONF_KIND_SCALAR, &node);
	if (rc != RC_OK)
		return rc;
	if (node->fault == NULL)
		take_text(b, &node->text, &node->fault);
	else
		node->text = xstrdup("");
	node->is_null = is_null(&b->event);
	node->is_literal =
	    conf_vars_is_literal((const char *)b->event.data.scalar.value,
		b->event.data.scalar.length);
	return RC_OK;
}

static enum rc
take_event(struct builder *b)
{
	switch (b->event.type) {
	case YAML_ALIAS_EVENT:
		return complain(b, "an alias, which is not taken");
	case YAML_SCALAR_EVENT:
		return take_scalar(b);
	case YAML_SEQUENCE_START_EVENT:
		if (b->event.data.sequence_start.anchor != NULL ||
		    b->event.data.sequence_start.tag != NULL)
			return complain(b,
			    "an anchor or a tag, "
			    "which are not taken");
		return open_node(b, CONF_KIND_LIST);
	case YAML_MAPPING_START_EVENT:
		if (b->event.data.mapping_start.anchor != NULL ||
		    b->event.data.mapping_start.tag != NULL)
			return complain(b,
			    "an anchor or a tag, "
			    "which are not taken");
		return open_node(b, CONF_KIND_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		return RC_OK;
	case YAML_DOCUMENT_START_EVENT:
		return b->root == NULL ? RC_OK
				       : complain(b, "a second document");
	default:
		return RC_OK;
	}
}

/* Is the character at which the parser stopped, or the indentation before it,
 * a tab?  *stop is the character, 0 at the end.  Marks count characters of
 * UTF-8. */
static bool
stops_at_tab(const struct builder *b, char *stop)
{
	size_t i, n = b->parser.problem_mark.line;
	const char *p = b->text, *next, *line;

	for (i = 0; i < n; i++) {
		next = memchr(p, '\n', (size_t)(b->end - p));
		if (next == NULL)
			break;
		p = next + 1;
	}
	line = p;
	for (i = 0; i < b->parser.problem_mark.column && p < b->end; i++)
		for (p++; p < b->end && ((unsigned char)*p & 0xc0) == 0x80; p++)
			continue;
	*stop = p < b->end ? *p : '\0';
	while (line < p && *line == ' ')
		line++;
	return line < b->end && *line == '\t';
}

/* The parser's words for the two slips that are made most do not help. */
static enum rc
complain_of_yaml(const struct builder *b)
{
	const char *problem = b->parser.problem;
	size_t at = b->parser.problem_mark.line + 1;
	char stop;

	if (problem == NULL)
		problem = "cannot be read";
	if (stops_at_tab(b, &stop))
		return conf_complain(b->r, at, "",
		    "not YAML: a tab; indent with spaces");
	if (stop != '\0' &&
	    strcmp(problem, "found character that cannot start any token") == 0)
		return conf_complain(b->r, at, "",
		    "not YAML: a value that begins with %c must be in quotes",
		    stop);
	return conf_complain(b->r, at, "", "not YAML: %s", problem);
}

static enum rc
take_all_events(struct builder *b)
{
	bool is_end = false;
	enum rc rc = RC_OK;

	while (rc == RC_OK && !is_end) {
		if (yaml_parser_parse(&b->parser, &b->event) == 0)
			return complain_of_yaml(b);
		is_end = b->event.type == YAML_STREAM_END_EVENT;
		rc = take_event(b);
		yaml_event_delete(&b->event);
	}
	return rc;
}

enum rc
conf_tree_build(struct conf_reader *r, struct conf_vars *vars, const char *text,
    size_t n, struct conf_node **root)
{
	struct builder b;
	enum rc rc;

	*root = NULL;
	rc = check_bytes(r, text, n);
	if (rc != RC_OK)
		return rc;
	memset(&b, 0, sizeof(b));
	b.r = r;
	b.text = text;
	b.end = text + n;
	b.vars = vars;
	if (yaml_parser_initialize(&b.parser) == 0)
		fatal("out of memory for a YAML parser");
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)text, n);
	rc = take_all_events(&b);
	yaml_parser_delete(&b.parser);
	free(b.key);
	free(b.fault);
	if (rc == RC_OK && (b.root == NULL || b.root->kind != CONF_KIND_MAP))
		rc = conf_complain(r, 1, "", "holds no settings");
	if (rc == RC_OK)
		*root = b.root;
	else
		conf_node_free(b.root);
	return rc;
}
