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

struct jsonptr_set *
jsonptr_set_new(void)
{
	struct jsonptr_set *s = xcalloc(1, sizeof(*s));

	s->root.value = NO_VALUE;
	s->root.last = -1;
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

/* The text is JSON: what is looked at here is only what it holds where. */
struct scan {
	const struct jsonptr_set *set;
	struct jsonptr_value *values;
	const char *p, *end;
};

static void scan_value(struct scan *s, const struct token *at);

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

/* The member's token, if anybody asks for it or for what is in it. */
static const struct token *
find_member(const struct scan *s, const struct token *at, const char *key,
    size_t n)
{
	char plain[JSONPTR_MAX + 1];

	if (at == NULL || !at->is_parent)
		return NULL;
	if (memchr(key, '\\', n) == NULL)
		return find(s, at, key, n);
	if (!jsscan_decode(key, n, plain, JSONPTR_MAX))
		return NULL;
	return find(s, at, plain, strlen(plain));
}

static void
scan_object(struct scan *s, const struct token *at)
{
	const struct token *member;
	const char *key;
	size_t n;

	for (s->p++; next(s) == '"'; s->p += next(s) == ',') {
		key = scan_string(s, &n);
		member = find_member(s, at, key, n);
		s->p += next(s) == ':';
		scan_value(s, member);
	}
	s->p++;
}

static void
scan_array(struct scan *s, const struct token *at)
{
	int64_t i, last = at == NULL ? -1 : at->last;
	const struct token *entry;
	char key[INDEX_DIGITS + 3];
	char c;

	s->p++;
	for (i = 0; (c = next(s)) != ']' && c != '\0';
	     s->p += next(s) == ',', i++) {
		entry = NULL;
		if (i <= last)
			entry = find(s, at, key,
			    (size_t)snprintf(key, sizeof(key), "%lld",
				(long long)i));
		scan_value(s, entry);
	}
	s->p++;
}

/* As deep as the text, which is no deeper than jsscan takes. */
static void
scan_value(struct scan *s, const struct token *at)
{
	struct jsonptr_value v = { .type = JSSCAN_NUMBER };
	char c = next(s);

	v.text = s->p;
	if (c == '"') {
		v.type = JSSCAN_STRING;
		v.text = scan_string(s, &v.n);
	} else if (c == '{') {
		v.type = JSSCAN_OBJECT;
		scan_object(s, at);
	} else if (c == '[') {
		v.type = JSSCAN_ARRAY;
		scan_array(s, at);
	} else {
		if (c == 't' || c == 'f')
			v.type = JSSCAN_BOOL;
		else if (c == 'n')
			v.type = JSSCAN_NULL;
		while (s->p < s->end && strchr(",]} \t\r\n", *s->p) == NULL)
			s->p++;
	}
	if (at == NULL || at->value == NO_VALUE)
		return;
	if (v.type != JSSCAN_STRING)
		v.n = (size_t)(s->p - v.text);
	s->values[at->value] = v;
}

bool
jsonptr_scan(const struct jsonptr_set *s, const char *text, size_t n,
    struct jsonptr_value *values)
{
	struct scan scan = { s, values, text, text + n };
	enum jsscan_type root;
	struct err e;

	if (s->count > 0)
		memset(values, 0, s->count * sizeof(*values));
	if (jsscan(text, n, &root, NULL, 0, &e) != RC_OK)
		return false;
	scan_value(&scan, &s->root);
	return true;
}
