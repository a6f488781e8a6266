#include "config.h"

#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/jsonptr.h"

#define NO_VALUE SIZE_MAX
#define INDEX_DIGITS 18

/* A token behind those of its parent. */
struct token {
	const struct token *parent;
	size_t number; /* above its parent's */
	char *key;
	size_t keysz;
	size_t value;   /* its place, if a pointer ends here */
	int64_t last;   /* the highest index among its children; -1: none */
	bool is_parent; /* has children */
};

/* The tokens of all pointers: found by parent and key in one search tree,
 * which no choice of names makes slow. */
struct jsonptr_set {
	struct token root;
	void *tree;
	struct token **list; /* by number, the root first */
	size_t ntokens, room;
	size_t count;
};

static int
compare(const void *a, const void *b)
{
	const struct token *x = a, *y = b;

	if (x->parent != y->parent)
		return (uintptr_t)x->parent < (uintptr_t)y->parent ? -1 : 1;
	if (x->keysz != y->keysz)
		return x->keysz < y->keysz ? -1 : 1;
	return memcmp(x->key, y->key, x->keysz);
}

bool
jsonptr_is_valid(const char *text)
{
	const char *p;

	if (strlen(text) > JSONPTR_MAX || (*text != '\0' && *text != '/'))
		return false;
	for (p = text; *p != '\0'; p++)
		if (*p == '~' && p[1] != '0' && p[1] != '1')
			return false;
	return true;
}

static void
list_put(struct jsonptr_set *s, struct token *t)
{
	if (s->ntokens == s->room) {
		s->room = s->room == 0 ? 16 : 2 * s->room;
		s->list =
		    xreallocarray(s->list, s->room, sizeof(struct token *));
	}
	t->number = s->ntokens;
	s->list[s->ntokens++] = t;
}

struct jsonptr_set *
jsonptr_set_new(void)
{
	struct jsonptr_set *s = xcalloc(1, sizeof(*s));

	s->root.value = NO_VALUE;
	s->root.last = -1;
	list_put(s, &s->root);
	return s;
}

static void
token_free(void *p)
{
	struct token *t = p;

	free(t->key);
	free(t);
}

void
jsonptr_set_free(struct jsonptr_set *s)
{
	if (s == NULL)
		return;
	tdestroy(s->tree, token_free);
	free(s->list);
	free(s);
}

/* A key as an array's index, or -1. */
static int64_t
index_of(const char *key, size_t n)
{
	if (n == 0 || n > INDEX_DIGITS || strspn(key, "0123456789") != n ||
	    (n > 1 && key[0] == '0'))
		return -1;
	return strtoll(key, NULL, 10);
}

static struct token *
child_get(struct jsonptr_set *s, struct token *parent, const char *key,
    size_t keysz)
{
	struct token *t = xcalloc(1, sizeof(*t)), **found;

	t->parent = parent;
	t->key = xmemdup0(key, keysz);
	t->keysz = keysz;
	t->value = NO_VALUE;
	t->last = -1;
	found = tsearch(t, &s->tree, compare);
	if (found == NULL)
		fatal("out of memory for a JSON pointer");
	if (*found != t) {
		token_free(t);
		return *found;
	}
	list_put(s, t);
	parent->is_parent = true;
	if (index_of(t->key, keysz) > parent->last)
		parent->last = index_of(t->key, keysz);
	return t;
}

/* A token's key from its text, which ends at the next slash. */
static const char *
read_token(const char *p, char *key, size_t *n)
{
	for (*n = 0; *p != '\0' && *p != '/'; p++) {
		if (*p == '~')
			key[(*n)++] = *++p == '0' ? '~' : '/';
		else
			key[(*n)++] = *p;
	}
	return p;
}

size_t
jsonptr_add(struct jsonptr_set *s, const char *text)
{
	char key[JSONPTR_MAX];
	struct token *t = &s->root;
	const char *p = text;
	size_t n;

	while (*p == '/') {
		p = read_token(p + 1, key, &n);
		t = child_get(s, t, key, n);
	}
	if (t->value == NO_VALUE)
		t->value = s->count++;
	return t->value;
}

size_t
jsonptr_count(const struct jsonptr_set *s)
{
	return s->count;
}

/* A container on the way to what somebody asks for. */
struct frame {
	const struct token *at;
	const char *start;
	int64_t i; /* of an array's next entry */
	bool is_object;
};

/*
 * The text is JSON: what is looked at here is only what it holds where.
 * Only containers in which something is asked for take a frame, and a
 * pointer has fewer tokens than bytes.
 */
struct scan {
	const struct jsonptr_set *set;
	struct jsonptr_value *values;
	const char *p, *end;
	uint8_t *met; /* by token: how often its key was met, 2 at most */
	struct frame frames[JSONPTR_MAX + 1];
	size_t depth;
};

static char
next(struct scan *s)
{
	while (s->p < s->end &&
	    (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
	return s->p < s->end ? *s->p : '\0';
}

/* From behind a quote to behind its fellow; what lies between. */
static const char *
scan_string(struct scan *s, size_t *n)
{
	const char *text = ++s->p;

	while (s->p < s->end && *s->p != '"')
		s->p += *s->p == '\\' ? 2 : 1;
	*n = (size_t)(s->p - text);
	s->p++;
	return text;
}

/* Past a list or an object that nobody looks into. */
static void
skip_container(struct scan *s)
{
	size_t depth = 0, n;

	do {
		if (*s->p == '"') {
			(void)scan_string(s, &n);
			continue;
		}
		if (*s->p == '{' || *s->p == '[')
			depth++;
		else if (*s->p == '}' || *s->p == ']')
			depth--;
		s->p++;
	} while (depth > 0 && s->p < s->end);
}

static const struct token *
find(const struct scan *s, const struct token *parent, const char *key,
    size_t keysz)
{
	const struct token wanted = { .parent = parent,
		.key = (char *)(uintptr_t)key,
		.keysz = keysz };
	struct token *const *found = tfind(&wanted, &s->set->tree, compare);

	return found == NULL ? NULL : *found;
}

/* A key and its colon: the member's token, if anybody asks for the member or
 * for something in it. */
static const struct token *
scan_key(struct scan *s, const struct token *at)
{
	char plain[JSONPTR_MAX + 1];
	const struct token *t = NULL;
	const char *key;
	size_t n;

	(void)next(s);
	key = scan_string(s, &n);
	s->p += next(s) == ':';
	if (memchr(key, '\\', n) == NULL)
		t = find(s, at, key, n);
	else if (jsscan_decode(key, n, plain, JSONPTR_MAX))
		t = find(s, at, plain, strlen(plain));
	if (t != NULL && s->met[t->number] < 2)
		s->met[t->number]++;
	return t;
}

/* The token of a container's next value. */
static const struct token *
step(struct scan *s, struct frame *f)
{
	char key[INDEX_DIGITS + 3];

	if (f->is_object)
		return scan_key(s, f->at);
	if (f->i > f->at->last)
		return NULL;
	return find(s, f->at, key,
	    (size_t)snprintf(key, sizeof(key), "%lld", (long long)f->i++));
}

static void
note(struct scan *s, const struct token *at, enum jsscan_type type,
    const char *text, size_t n)
{
	if (at == NULL || at->value == NO_VALUE)
		return;
	s->values[at->value] = (struct jsonptr_value){ type, text, n };
}

static void
scan_scalar(struct scan *s, const struct token *at, char c)
{
	enum jsscan_type type = JSSCAN_NUMBER;
	const char *text = s->p;
	size_t n;

	if (c == '"') {
		text = scan_string(s, &n);
		note(s, at, JSSCAN_STRING, text, n);
		return;
	}
	if (c == 't' || c == 'f')
		type = JSSCAN_BOOL;
	else if (c == 'n')
		type = JSSCAN_NULL;
	while (s->p < s->end && strchr(",]} \t\r\n", *s->p) == NULL)
		s->p++;
	note(s, at, type, text, (size_t)(s->p - text));
}

/* One value, as far as to its first entry where somebody asks for one.  True
 * when it has ended. */
static bool
scan_value(struct scan *s, const struct token *at)
{
	char c = next(s);
	const char *text = s->p;

	if (c != '{' && c != '[') {
		scan_scalar(s, at, c);
		return true;
	}
	if (at == NULL || !at->is_parent || s->depth == JSONPTR_MAX + 1) {
		skip_container(s);
		note(s, at, c == '{' ? JSSCAN_OBJECT : JSSCAN_ARRAY, text,
		    (size_t)(s->p - text));
		return true;
	}
	s->frames[s->depth++] = (struct frame){ at, text, 0, c == '{' };
	s->p++;
	return false;
}

/* From where a value ended, or a container began, to the next value; false
 * at the end of all. */
static bool
scan_on(struct scan *s, const struct token **at)
{
	struct frame *f;
	char c;

	while (s->depth > 0) {
		f = &s->frames[s->depth - 1];
		c = next(s);
		if (c != ']' && c != '}' && c != '\0') {
			s->p += c == ',';
			*at = step(s, f);
			return true;
		}
		s->p++;
		s->depth--;
		note(s, f->at, f->is_object ? JSSCAN_OBJECT : JSSCAN_ARRAY,
		    f->start, (size_t)(s->p - f->start));
	}
	return false;
}

/* A key that stands twice has no value, nor has anything in it. */
static void
drop_unclear(struct scan *s)
{
	const struct token *t;
	struct jsonptr_value *v;
	size_t i;

	for (i = 0; i < s->set->ntokens; i++) {
		t = s->set->list[i];
		if (t->parent != NULL && s->met[t->parent->number] > 1)
			s->met[i] = 2;
		if (t->value == NO_VALUE)
			continue;
		v = &s->values[t->value];
		if (s->met[i] > 1 || !jsscan_is_exact(v->type, v->text, v->n))
			memset(v, 0, sizeof(*v));
	}
}

bool
jsonptr_scan(const struct jsonptr_set *set, const char *text, size_t n,
    struct jsonptr_value *values)
{
	const struct token *at = &set->root;
	enum jsscan_type root;
	struct scan s;
	struct err e;

	if (set->count > 0)
		memset(values, 0, set->count * sizeof(*values));
	if (jsscan_any(text, n, JSSCAN_ANY_DEPTH_MAX, &root, NULL, 0, &e) !=
	    RC_OK)
		return false;
	s.set = set;
	s.values = values;
	s.p = text + jsscan_mark_size(text, n);
	s.end = text + n;
	s.met = xcalloc(set->ntokens, 1);
	s.depth = 0;
	do
		(void)scan_value(&s, at);
	while (scan_on(&s, &at));
	drop_unclear(&s);
	free(s.met);
	return true;
}
