#include "config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/conf_int.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/units.h"
#include "base/xalloc.h"

#define ENTRIES_MAX 1000
#define SECRET_LEAST 16
#define SECRET_FILE_MAX (64 << 10)

/* Up to nine digits, and a fraction of up to six: what a double holds and
 * gives back without loss. */
static bool
parse_real(const char *text, double *out)
{
	size_t whole = strspn(text, "0123456789"), fraction = 0;

	if (whole == 0 || whole > 9)
		return false;
	if (text[whole] == '.') {
		fraction = strspn(text + whole + 1, "0123456789");
		if (fraction == 0 || fraction > 6)
			return false;
		fraction++;
	}
	if (text[whole + fraction] != '\0')
		return false;
	*out = strtod(text, NULL);
	return true;
}

static bool
parse_bool(const char *text, bool *out)
{
	static const char *const words[] = { "false", "true", "no", "yes",
		"off", "on" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i]) == 0) {
			*out = i % 2 == 1;
			return true;
		}
	return false;
}

/* "10.0" too, as the environment of older systems has it. */
static bool
parse_int(const char *text, int64_t *out)
{
	size_t n = strcspn(text, ".");
	char digits[24];

	if (text[n] == '\0' || n >= sizeof(digits) || text[n + 1] == '\0' ||
	    text[n + 1 + strspn(text + n + 1, "0")] != '\0')
		return units_int_parse(text, out);
	memcpy(digits, text, n);
	digits[n] = '\0';
	return units_int_parse(digits, out);
}

/* Whole numbers of every kind, as their type writes them. */
static bool
parse_number(enum conf_type type, const char *text, int64_t *out)
{
	switch (type) {
	case CONF_INT:
		return parse_int(text, out);
	case CONF_MILLI:
		return units_milli_parse(text, out);
	case CONF_SIZE:
		return units_size_parse(text, out);
	default:
		return units_duration_parse(text, out);
	}
}

static const char *
number_form(enum conf_type type)
{
	switch (type) {
	case CONF_INT:
		return "not a whole number";
	case CONF_MILLI:
		return "not a number with at most three digits behind the "
		       "point";
	case CONF_SIZE:
		return "not a size; sizes are written 512, 64k, 26m or 1g";
	default:
		return "not a duration; durations are written 250ms, 5s, 2m, "
		       "1h or 30d, and a bare number is seconds";
	}
}

/* One value on its way from a node into the struct. */
struct setting {
	struct conf_reader *r;
	const struct conf_key *row;
	const char *path;
	size_t line; /* 0: a default, which no bound holds for */
};

static enum rc
refuse(const struct setting *s, const char *what)
{
	return conf_complain(s->r, s->line, s->path, "%s", what);
}

static enum rc
refuse_bound(const struct setting *s, const char *words, const char *bound,
    const char *unit)
{
	return conf_complain(s->r, s->line, s->path, "%s %s%s", words, bound,
	    unit);
}

static enum rc
set_number(const struct setting *s, const char *text, int64_t *out)
{
	int64_t bound;
	bool is_good;

	if (!parse_number(s->row->type, text, out))
		return refuse(s, number_form(s->row->type));
	if (s->line == 0)
		return RC_OK;
	if (s->row->least != NULL) {
		is_good = parse_number(s->row->type, s->row->least, &bound);
		assert(is_good);
		if (*out < bound)
			return refuse_bound(s, "is less than", s->row->least,
			    "");
	}
	if (s->row->most != NULL) {
		is_good = parse_number(s->row->type, s->row->most, &bound);
		assert(is_good);
		if (*out > bound)
			return refuse_bound(s, "is more than", s->row->most,
			    "");
	}
	return RC_OK;
}

static enum rc
set_real(const struct setting *s, const char *text, double *out)
{
	double bound;

	if (!parse_real(text, out))
		return refuse(s, "not a number");
	if (s->line > 0 && s->row->least != NULL &&
	    parse_real(s->row->least, &bound) && *out < bound)
		return refuse_bound(s, "is less than", s->row->least, "");
	if (s->line > 0 && s->row->most != NULL &&
	    parse_real(s->row->most, &bound) && *out > bound)
		return refuse_bound(s, "is more than", s->row->most, "");
	return RC_OK;
}

static enum rc
check_length(const struct setting *s, size_t n)
{
	int64_t bound;

	if (s->line == 0)
		return RC_OK;
	if (s->row->least != NULL && units_size_parse(s->row->least, &bound) &&
	    n < (size_t)bound)
		return refuse_bound(s, "has less than", s->row->least,
		    " bytes");
	if (s->row->most != NULL && units_size_parse(s->row->most, &bound) &&
	    n > (size_t)bound)
		return refuse_bound(s, "has more than", s->row->most, " bytes");
	return RC_OK;
}

static enum rc
set_string(const struct setting *s, const char *text, char **out)
{
	enum rc rc;

	/* Not giving it is what empty means, unless it has to be given. */
	if (*text != '\0') {
		rc = check_length(s, strlen(text));
		if (rc != RC_OK)
			return rc;
	}
	free(*out);
	*out = xstrdup(text);
	return RC_OK;
}

static enum rc
find_word(const struct setting *s, const char *text, int *out)
{
	char all[128] = "";
	size_t i, used = 0;

	for (i = 0; s->row->words[i] != NULL; i++) {
		if (strcmp(text, s->row->words[i]) == 0) {
			*out = (int)i;
			return RC_OK;
		}
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
		    i == 0 ? "" : ", ", s->row->words[i]);
		if (used >= sizeof(all))
			used = sizeof(all) - 1;
	}
	return conf_complain(s->r, s->line, s->path, "is none of %s", all);
}

static enum rc
set_secret(const struct setting *s, const char *bytes, size_t n,
    struct secret *out)
{
	size_t i;
	enum rc rc;

	for (i = 0; i < n; i++)
		if ((unsigned char)bytes[i] < ' ' || bytes[i] == 0x7f)
			return refuse(s,
			    "a secret holds a newline or another "
			    "control character");
	if (s->row->least == NULL && n < SECRET_LEAST)
		return refuse(s, "a secret has less than 16 bytes");
	rc = check_length(s, n);
	if (rc == RC_OK)
		secret_put(out, bytes, n);
	return rc;
}

/* One entry of a list, added to it. */
static enum rc
add_entry(const struct setting *s, const char *text, size_t n, void *list)
{
	struct conf_durations *d = list;
	struct conf_secrets *secrets = list;
	enum rc rc;

	if (n == 0)
		return refuse(s, "an empty entry");
	switch (s->row->type) {
	case CONF_STRINGS:
		rc = check_length(s, n);
		if (rc == RC_OK)
			strlist_put(list, text);
		return rc;
	case CONF_DURATIONS:
		d->ms = xreallocarray(d->ms, d->n + 1, sizeof(*d->ms));
		return set_number(s, text, &d->ms[d->n++]);
	default:
		secrets->v = xreallocarray(secrets->v, secrets->n + 1,
		    sizeof(*secrets->v));
		memset(&secrets->v[secrets->n], 0, sizeof(*secrets->v));
		return set_secret(s, text, n, &secrets->v[secrets->n++]);
	}
}

static size_t
entries_max(const struct conf_key *row)
{
	return row->entries_max > 0 ? row->entries_max : ENTRIES_MAX;
}

/* Whether an entry is left out: it was refused before. */
static bool
enter(struct setting *s, struct conf_node *child)
{
	s->line = child->line;
	s->r->culprit = child;
	return !child->is_over;
}

/* After the entries of a list or a map. */
static enum rc
leave(struct setting *s, enum rc rc)
{
	if (rc == RC_OK)
		s->r->culprit = NULL;
	return rc;
}

/* Adds each child of a list or map, which must be a single value. */
static enum rc
add_children(struct setting *s, const struct conf_node *node, const char *form,
    enum rc (*add)(struct setting *s, const struct conf_node *child, void *arg),
    void *arg)
{
	struct conf_node *child;
	enum rc rc = RC_OK;

	if (node->n > entries_max(s->row))
		return refuse(s, "too many entries");
	for (child = node->first; rc == RC_OK && child != NULL;
	     child = child->next) {
		if (!enter(s, child))
			continue;
		if (child->fault != NULL)
			return refuse(s, child->fault);
		if (child->kind != CONF_KIND_SCALAR)
			return refuse(s, form);
		rc = add(s, child, arg);
	}
	return leave(s, rc);
}

static enum rc
add_list_child(struct setting *s, const struct conf_node *child, void *list)
{
	return add_entry(s, child->text, strlen(child->text), list);
}

static enum rc
set_list(struct setting *s, const struct conf_node *node, void *list)
{
	if (node->kind == CONF_KIND_SCALAR)
		return *node->text == '\0'
		    ? RC_OK
		    : add_entry(s, node->text, strlen(node->text), list);
	if (node->kind != CONF_KIND_LIST)
		return refuse(s, "takes a list");
	return add_children(s, node, "takes a list of single values",
	    add_list_child, list);
}

static enum rc
add_map_child(struct setting *s, const struct conf_node *child, void *arg)
{
	struct conf_map *map = arg;
	struct conf_map_entry *entry;

	map->v = xreallocarray(map->v, map->n + 1, sizeof(*map->v));
	entry = &map->v[map->n++];
	memset(entry, 0, sizeof(*entry));
	entry->name = xstrdup(child->key);
	return find_word(s, child->text, &entry->word);
}

static enum rc
set_map(struct setting *s, const struct conf_node *node, struct conf_map *map)
{
	static const char form[] = "takes names with a value each";

	if (node->kind != CONF_KIND_MAP)
		return refuse(s, form);
	return add_children(s, node, form, add_map_child, map);
}

static enum rc
add_time(const struct setting *s, const char *name, const char *text,
    struct conf_times *times)
{
	struct conf_time *t;

	times->v = xreallocarray(times->v, times->n + 1, sizeof(*times->v));
	t = &times->v[times->n++];
	t->name = xstrdup(name);
	return set_number(s, text, &t->ms);
}

static enum rc
add_time_child(struct setting *s, const struct conf_node *child, void *times)
{
	return add_time(s, child->key, child->text, times);
}

static enum rc
set_times(struct setting *s, const struct conf_node *node,
    struct conf_times *times)
{
	static const char form[] = "takes a duration, or names with one each";

	if (node->kind == CONF_KIND_SCALAR)
		return *node->text == '\0'
		    ? RC_OK
		    : add_time(s, CONF_TIMES_ALL, node->text, times);
	if (node->kind != CONF_KIND_MAP)
		return refuse(s, form);
	return add_children(s, node, form, add_time_child, times);
}

static enum rc
set_objects(struct setting *s, const struct conf_node *node,
    struct conf_objects *objects)
{
	const struct conf_table *sub = s->row->sub;
	struct conf_node *child;
	char prefix[CONF_PATH_SIZE];
	enum rc rc = RC_OK;
	size_t i = 0;

	if (node->kind != CONF_KIND_LIST)
		return refuse(s, "takes a list of maps");
	if (node->n > entries_max(s->row))
		return refuse(s, "too many entries");
	objects->v = xcalloc(node->n, sub->size);
	for (child = node->first; rc == RC_OK && child != NULL;
	     child = child->next, i++) {
		if (!enter(s, child))
			continue;
		if (child->kind != CONF_KIND_MAP)
			return refuse(s, "takes a list of maps");
		(void)snprintf(prefix, sizeof(prefix), "%s[%zu].", s->path, i);
		s->r->culprit = NULL;
		rc = conf_fill(s->r, sub, child, prefix,
		    (char *)objects->v + objects->n++ * sub->size);
	}
	return leave(s, rc);
}

static enum rc
set_scalar(const struct setting *s, const struct conf_node *node, void *value)
{
	const char *text = node->text;

	if (node->kind != CONF_KIND_SCALAR)
		return refuse(s, "takes one value");
	switch (s->row->type) {
	case CONF_STRING:
		return set_string(s, text, value);
	case CONF_BOOL:
		return parse_bool(text, value) ? RC_OK
					       : refuse(s,
						     "neither true nor "
						     "false");
	case CONF_REAL:
		return set_real(s, text, value);
	case CONF_ENUM:
		return find_word(s, text, value);
	case CONF_SECRET:
		return *text == '\0' ? RC_OK
				     : set_secret(s, text, strlen(text), value);
	default:
		return set_number(s, text, value);
	}
}

/* Of a secret, or of one in a list of them. */
static bool
is_literal(const struct conf_node *node)
{
	const struct conf_node *child;

	for (child = node->first; child != NULL; child = child->next)
		if (is_literal(child))
			return true;
	return node->kind == CONF_KIND_SCALAR && node->is_literal;
}

enum rc
conf_value_set(struct conf_reader *r, const struct conf_key *row,
    const struct conf_node *node, const char *path, void *value)
{
	struct setting s = { r, row, path, node->line };

	if (node->is_null)
		return refuse(&s, "has no value; leave it out, or write \"\"");
	if ((row->flags & CONF_REQUIRED) != 0 && node->n == 0 &&
	    (node->text == NULL || *node->text == '\0'))
		return refuse(&s, "is empty");
	if (row->type == CONF_SECRET || row->type == CONF_SECRETS)
		r->holds_secret |= is_literal(node);
	switch (row->type) {
	case CONF_STRINGS:
	case CONF_DURATIONS:
	case CONF_SECRETS:
		return set_list(&s, node, value);
	case CONF_MAP:
		return set_map(&s, node, value);
	case CONF_TIMES:
		return set_times(&s, node, value);
	case CONF_OBJECTS:
		return set_objects(&s, node, value);
	default:
		return set_scalar(&s, node, value);
	}
}

/* Each line that is not empty is a secret; of a single one the newline at
 * the end is no part. */
static enum rc
add_lines(const struct setting *s, const struct buf *text, void *value)
{
	const char *p = buf_str(text), *end = p + text->len, *newline;
	bool is_one = s->row->type == CONF_SECRET;
	enum rc rc = RC_OK;
	size_t n;

	if (is_one) {
		n = text->len - (text->len > 0 && end[-1] == '\n');
		return n == 0 ? refuse(s, "the file is empty")
			      : set_secret(s, p, n, value);
	}
	while (rc == RC_OK && p < end) {
		newline = memchr(p, '\n', (size_t)(end - p));
		n = (size_t)((newline == NULL ? end : newline) - p);
		if (n > 0)
			rc = add_entry(s, p, n, value);
		p += n + 1;
	}
	if (rc == RC_OK && ((struct conf_secrets *)value)->n == 0)
		rc = refuse(s, "the file is empty");
	return rc;
}

enum rc
conf_value_set_file(struct conf_reader *r, const struct conf_key *row,
    const struct conf_node *node, const char *path, void *value)
{
	struct setting s = { r, row, path, node->line };
	struct err why;
	struct buf text;
	char *file;
	enum rc rc;

	if (node->kind != CONF_KIND_SCALAR || *node->text == '\0')
		return refuse(&s, "takes the name of a file");
	file = node->text[0] == '/' ? xstrdup(node->text)
				    : xasprintf("%s/%s", r->folder, node->text);
	buf_init(&text, SECRET_FILE_MAX);
	rc = file_read_secret(file, &text, &why);
	if (rc == RC_OK) {
		rc = add_lines(&s, &text, value);
	} else {
		(void)refuse(&s, why.text);
		/* No file of a secret is the configuration's fault. */
		r->e->rc = rc == RC_DENIED ? RC_DENIED : RC_INVALID;
		rc = r->e->rc;
	}
	if (text.data != NULL)
		crypt_wipe(text.data, text.len);
	buf_fini(&text);
	free(file);
	return rc;
}

void
conf_value_fini(const struct conf_key *row, void *value)
{
	struct conf_objects *objects = value;
	struct conf_secrets *secrets = value;
	struct conf_times *times = value;
	struct conf_map *map = value;
	size_t i;

	switch (row->type) {
	case CONF_STRING:
		free(*(char **)value);
		*(char **)value = NULL;
		return;
	case CONF_STRINGS:
		strlist_fini(value);
		return;
	case CONF_SECRET:
		secret_fini(value);
		return;
	case CONF_DURATIONS:
		free(((struct conf_durations *)value)->ms);
		memset(value, 0, sizeof(struct conf_durations));
		return;
	case CONF_SECRETS:
		for (i = 0; i < secrets->n; i++)
			secret_fini(&secrets->v[i]);
		free(secrets->v);
		memset(secrets, 0, sizeof(*secrets));
		return;
	case CONF_MAP:
		for (i = 0; i < map->n; i++)
			free(map->v[i].name);
		free(map->v);
		memset(map, 0, sizeof(*map));
		return;
	case CONF_TIMES:
		for (i = 0; i < times->n; i++)
			free(times->v[i].name);
		free(times->v);
		memset(times, 0, sizeof(*times));
		return;
	case CONF_OBJECTS:
		for (i = 0; i < objects->n; i++)
			conf_fini(row->sub,
			    (char *)objects->v + i * row->sub->size);
		free(objects->v);
		memset(objects, 0, sizeof(*objects));
		return;
	default:
		return;
	}
}
