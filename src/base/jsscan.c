#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsscan.h"
#include "base/jsscan_int.h"
#include "base/xalloc.h"

#define MARK "\xef\xbb\xbf"
#define LEVELS_MAX (JSSCAN_ANY_DEPTH_MAX + 1)
#define LIFTED_MAX 2 /* levels whose members can be wanted */
#define WORD_BITS 64
#define LETTERS 32 /* what the low bits of a name's first byte tell apart */

/* What is known of the member of one level whose value is being read. */
struct member {
	uint64_t wants; /* a bit for each of them that has this name */
	enum jsscan_type type;
	const char *value;
};

/*
 * levels[0] is the outermost container.  A bit of is_object tells what each
 * open one is, which is all that has to be remembered of it.
 */
struct scan {
	const char *start;
	const char *p;
	const char *end;
	bool is_strict;
	unsigned int depth, depth_max;
	uint64_t is_object[LEVELS_MAX / WORD_BITS + 1];
	struct jsscan_want *wants;
	size_t nwants;
	struct member at[LIFTED_MAX + 1]; /* by depth */
	uint64_t met[LIFTED_MAX + 1];     /* wants met at that depth */
	uint64_t all;                     /* wants */
	uint64_t of_letter[LETTERS];      /* those whose key begins so */
	uint64_t deep;                    /* wants of a member's member */
	uint64_t doubled;
	struct jsscan_fault fault;

	/* Of strict ones only. */
	size_t outer[JSSCAN_DEPTH_MAX + 1];
	struct jsscan_keys keys;
};

/* A member's name as it stands in the text. */
struct name {
	const char *p;
	size_t n;
	bool is_escaped;
};

static bool
refuse(struct scan *s, const char *what, const char *at)
{
	s->fault.what = what;
	s->fault.at = at;
	return false;
}

static inline void
skip_space(struct scan *s)
{
	while (s->p < s->end &&
	    (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
		s->p++;
}

/* White space, and then whether c comes; it is passed over. */
static inline bool
take(struct scan *s, char c)
{
	skip_space(s);
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

/* Is the innermost open container an object? */
static inline bool
is_in_object(const struct scan *s)
{
	unsigned int at = s->depth - 1;

	return s->is_object[at / WORD_BITS] >> at % WORD_BITS & 1;
}

static bool
is_named(const struct name *name, const char *wanted)
{
	char *text;
	bool is_equal;

	if (!name->is_escaped)
		return strncmp(wanted, name->p, name->n) == 0 &&
		    wanted[name->n] == '\0';
	text = xmalloc(name->n + 1);
	is_equal = jsscan_decode(name->p, name->n, text, name->n) &&
	    strcmp(text, wanted) == 0;
	free(text);
	return is_equal;
}

static unsigned int
letter_of(const char *name)
{
	return (unsigned char)*name % LETTERS;
}

/* Which wants have a member of this name at the depth of the scan, and
 * which of them have met it before. */
static void
match_wants(struct scan *s, const struct name *name)
{
	uint64_t left = s->depth == 1 ? s->all : s->at[1].wants & s->deep;
	struct member *m = &s->at[s->depth];
	const char *wanted;
	int i;

	m->wants = 0;
	if (s->depth == 1 && !name->is_escaped && name->n > 0)
		left = s->of_letter[letter_of(name->p)];
	for (; left != 0; left &= left - 1) {
		i = __builtin_ctzll(left);
		wanted = s->depth == 1 ? s->wants[i].key : s->wants[i].subkey;
		/* Most names differ in their first byte. */
		if (!name->is_escaped && name->n > 0 && *name->p != *wanted)
			continue;
		if (is_named(name, wanted))
			m->wants |= UINT64_C(1) << i;
	}
	s->doubled |= m->wants & s->met[s->depth];
	s->met[s->depth] |= m->wants;
}

/* A key and its colon. */
static bool
scan_key(struct scan *s)
{
	struct name name;
	const char *what;

	if (!take(s, '"'))
		return refuse(s, "no key", s->p);
	name.p = s->p;
	s->p = jsscan_string(s->p, s->end, s->is_strict, &name.is_escaped,
	    &s->fault);
	if (s->p == NULL)
		return false;
	name.n = (size_t)(s->p++ - name.p);
	if (s->is_strict &&
	    !jsscan_keys_add(&s->keys, name.p, name.n, name.is_escaped, &what))
		return refuse(s, what, name.p);
	if (s->depth == 1 || (s->depth == 2 && (s->at[1].wants & s->deep) != 0))
		match_wants(s, &name);
	return take(s, ':') || refuse(s, "no colon behind a key", s->p);
}

static bool
scan_word(struct scan *s, const char *word, size_t n)
{
	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return refuse(s, "no value", s->p);
	s->p += n;
	return true;
}

static bool
scan_scalar(struct scan *s, enum jsscan_type type)
{
	bool is_escaped;

	switch (type) {
	case JSSCAN_STRING:
		s->p = jsscan_string(s->p + 1, s->end, s->is_strict,
		    &is_escaped, &s->fault);
		if (s->p == NULL)
			return false;
		s->p++;
		return true;
	case JSSCAN_BOOL:
		return *s->p == 't' ? scan_word(s, "true", 4)
				    : scan_word(s, "false", 5);
	case JSSCAN_NULL:
		return scan_word(s, "null", 4);
	default:
		s->p = jsscan_number(s->p, s->end, s->is_strict, &s->fault);
		return s->p != NULL;
	}
}

/* The type of the value that begins here, JSSCAN_ABSENT: none does. */
static enum jsscan_type
type_here(const struct scan *s)
{
	if (s->p == s->end)
		return JSSCAN_ABSENT;
	switch (*s->p) {
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
		return *s->p == '-' || (*s->p >= '0' && *s->p <= '9')
		    ? JSSCAN_NUMBER
		    : JSSCAN_ABSENT;
	}
}

/* Into the container that begins here. */
static bool
enter(struct scan *s, bool is_object)
{
	unsigned int at = s->depth;
	uint64_t bit = UINT64_C(1) << at % WORD_BITS;

	if (s->depth == s->depth_max)
		return refuse(s, "too many levels", s->p);
	s->p++;
	s->depth++;
	if (is_object)
		s->is_object[at / WORD_BITS] |= bit;
	else
		s->is_object[at / WORD_BITS] &= ~bit;
	if (s->depth <= LIFTED_MAX)
		s->at[s->depth].wants = 0;
	if (s->is_strict && is_object)
		s->outer[at] = jsscan_keys_open(&s->keys);
	return true;
}

static void
leave(struct scan *s, bool is_object)
{
	s->depth--;
	if (s->is_strict && is_object)
		jsscan_keys_close(&s->keys, s->outer[s->depth]);
}

static void
lift(struct scan *s)
{
	const struct member *m = &s->at[s->depth];
	uint64_t left = s->depth == 2 ? m->wants : m->wants & ~s->deep;
	size_t quote = m->type == JSSCAN_STRING;
	struct jsscan_want *w;

	for (; left != 0; left &= left - 1) {
		w = &s->wants[__builtin_ctzll(left)];
		w->type = m->type;
		w->text = m->value + quote;
		w->n = (size_t)(s->p - m->value) - 2 * quote;
	}
}

/*
 * A value has ended, and with it perhaps the containers that it was the last
 * of.  *more: another value comes, its key is read.
 */
static bool
scan_end(struct scan *s, bool *more)
{
	bool is_object;

	for (;;) {
		if (s->depth <= LIFTED_MAX && s->at[s->depth].wants != 0)
			lift(s);
		*more = s->depth > 0;
		if (s->depth == 0)
			return true;
		is_object = is_in_object(s);
		if (take(s, ','))
			return !is_object || scan_key(s);
		if (!take(s, is_object ? '}' : ']'))
			return refuse(s,
			    is_object ? "no comma and no end of an object"
				      : "no comma and no end of an array",
			    s->p);
		leave(s, is_object);
	}
}

/* From the first byte of a value to the end of the outermost one. */
static bool
scan_values(struct scan *s, enum jsscan_type *root)
{
	enum jsscan_type type;
	bool is_object, more = true;

	while (more) {
		skip_space(s);
		type = type_here(s);
		if (type == JSSCAN_ABSENT)
			return refuse(s, "no value", s->p);
		if (s->depth <= LIFTED_MAX) {
			s->at[s->depth].type = type;
			s->at[s->depth].value = s->p;
		}
		is_object = type == JSSCAN_OBJECT;
		if (is_object || type == JSSCAN_ARRAY) {
			if (!enter(s, is_object))
				return false;
			if (!take(s, is_object ? '}' : ']')) {
				if (is_object && !scan_key(s))
					return false;
				continue;
			}
			leave(s, is_object);
		} else if (!scan_scalar(s, type)) {
			return false;
		}
		if (!scan_end(s, &more))
			return false;
	}
	*root = s->at[0].type;
	return true;
}

static void
clear(struct jsscan_want *wants, size_t n, uint64_t which, bool is_doubled)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if ((which >> i & 1) == 0)
			continue;
		wants[i].type = JSSCAN_ABSENT;
		wants[i].text = NULL;
		wants[i].n = 0;
		wants[i].is_doubled = is_doubled;
	}
}

static void
mark_wants(struct scan *s)
{
	size_t i;

	s->all = s->deep = 0;
	memset(s->of_letter, 0, sizeof(s->of_letter));
	for (i = 0; i < s->nwants; i++) {
		s->all |= UINT64_C(1) << i;
		s->of_letter[letter_of(s->wants[i].key)] |= UINT64_C(1) << i;
		if (s->wants[i].subkey != NULL)
			s->deep |= UINT64_C(1) << i;
	}
}

static enum rc
scan(struct scan *s, enum jsscan_type *root, struct err *e)
{
	bool is_good;

	assert(s->nwants <= JSSCAN_WANTS_MAX);
	s->depth = 0;
	s->at[0].wants = 0;
	memset(s->is_object, 0, sizeof(s->is_object));
	memset(s->met, 0, sizeof(s->met));
	s->doubled = 0;
	clear(s->wants, s->nwants, UINT64_MAX, false);
	mark_wants(s);
	*root = JSSCAN_ABSENT;

	is_good = scan_values(s, root);
	if (is_good) {
		skip_space(s);
		if (s->p != s->end)
			is_good = refuse(s, "something behind the value", s->p);
	}
	clear(s->wants, s->nwants, is_good ? s->doubled : UINT64_MAX, is_good);
	if (is_good)
		return RC_OK;
	*root = JSSCAN_ABSENT;
	return err_set(e, RC_INVALID, "not JSON: %s at byte %zu", s->fault.what,
	    (size_t)(s->fault.at - s->start));
}

enum rc
jsscan(const char *text, size_t n, enum jsscan_type *root,
    struct jsscan_want *wants, size_t nwants, struct err *e)
{
	struct scan s;
	enum rc rc;

	s.start = s.p = text;
	s.end = text + n;
	s.is_strict = true;
	s.depth_max = JSSCAN_DEPTH_MAX;
	s.wants = wants;
	s.nwants = nwants;
	/* A key takes four bytes of text at least, and the table counts them
	 * in 32 bits. */
	if (n > UINT32_MAX) {
		clear(wants, nwants, UINT64_MAX, false);
		*root = JSSCAN_ABSENT;
		return err_set(e, RC_INVALID, "JSON of over 4 GiB");
	}
	jsscan_keys_init(&s.keys);
	rc = scan(&s, root, e);
	jsscan_keys_fini(&s.keys);
	return rc;
}

enum rc
jsscan_any(const char *text, size_t n, unsigned int levels,
    enum jsscan_type *root, struct jsscan_want *wants, size_t nwants,
    struct err *e)
{
	struct scan s;

	assert(levels <= LEVELS_MAX);
	s.start = text;
	s.p = text + jsscan_mark_size(text, n);
	s.end = text + n;
	s.is_strict = false;
	s.depth_max = levels;
	s.wants = wants;
	s.nwants = nwants;
	return scan(&s, root, e);
}

size_t
jsscan_mark_size(const char *text, size_t n)
{
	size_t size = sizeof(MARK) - 1;

	return n >= size && memcmp(text, MARK, size) == 0 ? size : 0;
}
