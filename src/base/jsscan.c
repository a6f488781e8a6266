#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/jsscan.h"
#include "base/jsscan_int.h"
#include "base/xalloc.h"

struct scan {
	const char *start;
	const char *p;
	const char *end;
	unsigned int depth;
	struct jsscan_want *wants;
	size_t nwants;
	struct jsscan_fault fault;
	struct jsscan_keys keys;
};

/* A member's name as it stands in the text. */
struct name {
	const char *p;
	size_t n;
	bool is_escaped;
};

static bool scan_value(struct scan *s, const struct name *parent,
    enum jsscan_type *type);

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

/* Fills the wants that the member parent.name, or name at the top, meets. */
static void
lift(struct scan *s, const struct name *parent, const struct name *name,
    enum jsscan_type type, const char *value)
{
	size_t quote = type == JSSCAN_STRING;
	struct jsscan_want *w;
	size_t i;

	for (i = 0; i < s->nwants; i++) {
		w = &s->wants[i];
		if ((parent != NULL) != (w->subkey != NULL))
			continue;
		if (parent == NULL ? !is_named(name, w->key)
				   : !is_named(name, w->subkey) ||
			    !is_named(parent, w->key))
			continue;
		w->type = type;
		w->text = value + quote;
		w->n = (size_t)(s->p - value) - 2 * quote;
	}
}

/* A key, its colon and its value. */
static bool
scan_member(struct scan *s, const struct name *parent)
{
	bool is_lifted = s->depth == 1 || (s->depth == 2 && parent != NULL);
	enum jsscan_type type;
	struct name name;
	const char *value, *what;

	if (!take(s, '"'))
		return refuse(s, "no key", s->p);
	name.p = s->p;
	s->p = jsscan_string(s->p, s->end, &name.is_escaped, &s->fault);
	if (s->p == NULL)
		return false;
	name.n = (size_t)(s->p++ - name.p);
	if (!jsscan_keys_add(&s->keys, name.p, name.n, name.is_escaped, &what))
		return refuse(s, what, name.p);
	if (!take(s, ':'))
		return refuse(s, "no colon behind a key", s->p);
	skip_space(s);
	value = s->p;
	if (!scan_value(s, s->depth == 1 ? &name : NULL, &type))
		return false;
	if (is_lifted)
		lift(s, parent, &name, type, value);
	return true;
}

static bool
scan_object(struct scan *s, const struct name *parent)
{
	size_t outer = jsscan_keys_open(&s->keys);

	if (!take(s, '}')) {
		do {
			if (!scan_member(s, parent))
				return false;
		} while (take(s, ','));
		if (!take(s, '}'))
			return refuse(s, "no comma and no end of an object",
			    s->p);
	}
	jsscan_keys_close(&s->keys, outer);
	return true;
}

static bool
scan_array(struct scan *s)
{
	enum jsscan_type type;

	if (take(s, ']'))
		return true;
	do {
		if (!scan_value(s, NULL, &type))
			return false;
	} while (take(s, ','));
	return take(s, ']') ||
	    refuse(s, "no comma and no end of an array", s->p);
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
scan_nested(struct scan *s, const struct name *parent, bool is_object)
{
	bool is_good;

	if (s->depth == JSSCAN_DEPTH_MAX)
		return refuse(s, "more than 32 levels", s->p);
	s->p++;
	s->depth++;
	is_good = is_object ? scan_object(s, parent) : scan_array(s);
	s->depth--;
	return is_good;
}

/* parent is the name of a member of the outermost object whose value this
 * is, and NULL for any other value. */
static bool
scan_value(struct scan *s, const struct name *parent, enum jsscan_type *type)
{
	bool is_escaped;

	skip_space(s);
	switch (s->p < s->end ? *s->p : '\0') {
	case '"':
		*type = JSSCAN_STRING;
		s->p = jsscan_string(s->p + 1, s->end, &is_escaped, &s->fault);
		if (s->p == NULL)
			return false;
		s->p++;
		return true;
	case '{':
		*type = JSSCAN_OBJECT;
		return scan_nested(s, parent, true);
	case '[':
		*type = JSSCAN_ARRAY;
		return scan_nested(s, NULL, false);
	case 't':
		*type = JSSCAN_BOOL;
		return scan_word(s, "true", 4);
	case 'f':
		*type = JSSCAN_BOOL;
		return scan_word(s, "false", 5);
	case 'n':
		*type = JSSCAN_NULL;
		return scan_word(s, "null", 4);
	default:
		break;
	}
	if (s->p == s->end || (*s->p != '-' && (*s->p < '0' || *s->p > '9')))
		return refuse(s, "no value", s->p);
	*type = JSSCAN_NUMBER;
	s->p = jsscan_number(s->p, s->end, &s->fault);
	return s->p != NULL;
}

enum rc
jsscan(const char *text, size_t n, enum jsscan_type *root,
    struct jsscan_want *wants, size_t nwants, struct err *e)
{
	struct scan s;
	bool is_good;
	size_t i;

	s.start = s.p = text;
	s.end = text + n;
	s.depth = 0;
	s.wants = wants;
	s.nwants = nwants;
	for (i = 0; i < nwants; i++) {
		wants[i].type = JSSCAN_ABSENT;
		wants[i].text = NULL;
		wants[i].n = 0;
	}
	*root = JSSCAN_ABSENT;
	/* A key takes four bytes of text at least, and the table counts them
	 * in 32 bits. */
	if (n > UINT32_MAX)
		return err_set(e, RC_INVALID, "JSON of over 4 GiB");

	jsscan_keys_init(&s.keys);
	is_good = scan_value(&s, NULL, root);
	if (is_good) {
		skip_space(&s);
		if (s.p != s.end)
			is_good = refuse(&s, "something behind the value", s.p);
	}
	jsscan_keys_fini(&s.keys);
	if (is_good)
		return RC_OK;
	*root = JSSCAN_ABSENT;
	for (i = 0; i < nwants; i++)
		wants[i].type = JSSCAN_ABSENT;
	return err_set(e, RC_INVALID, "not JSON: %s at byte %zu", s.fault.what,
	    (size_t)(s.fault.at - s.start));
}
