#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "core/filter_int.h"
#include "core/jsonptr.h"

#define ESCAPE_MAX 12 /* bytes of text that stand for one character */

struct judge {
	const struct filter *f;
	const struct event *ev;
	const struct jsonptr_value *values;
	size_t decisive; /* the test that was made last */
};

bool
filter_is_empty(const struct filter *f)
{
	return f->n == 0;
}

bool
filter_reads_body(const struct filter *f)
{
	return f->reads_body;
}

static bool
is_integer(const char *text)
{
	text += *text == '-';
	return text[strspn(text, "0123456789")] == '\0';
}

/* By their digits, as a double may not hold them.  JSON has no zeros before
 * a number, but it has a zero below none. */
static int
compare_integers(const char *a, const char *b)
{
	bool a_below = *a == '-' && a[1] != '0';
	bool b_below = *b == '-' && b[1] != '0';
	size_t n, m;
	int order;

	if (a_below != b_below)
		return a_below ? -1 : 1;
	a += *a == '-';
	b += *b == '-';
	n = strlen(a);
	m = strlen(b);
	order = n == m ? strcmp(a, b) : n < m ? -1 : 1;
	return a_below ? -order : order;
}

/* Below, at or above 0; both are JSON's texts of numbers. */
static int
compare_numbers(const char *a, const char *b)
{
	double p, q;

	if (is_integer(a) && is_integer(b))
		return compare_integers(a, b);
	p = strtod(a, NULL);
	q = strtod(b, NULL);
	return (p > q) - (p < q);
}

static bool
are_numbers(const struct jsonptr_value *v, const struct filter_operand *o)
{
	return v->type == JSSCAN_NUMBER && o->type == JSSCAN_NUMBER &&
	    v->n <= FILTER_NUMBER_MAX;
}

static int
compare_number(const struct jsonptr_value *v, const struct filter_operand *o)
{
	char text[FILTER_NUMBER_MAX + 1];

	memcpy(text, v->text, v->n);
	text[v->n] = '\0';
	return compare_numbers(text, o->text);
}

/* Of strings that may be long those that can be equal are looked at. */
static bool
is_equal_string(const struct jsonptr_value *v, const struct filter_operand *o)
{
	char *plain;
	bool is_equal;

	if (v->n < o->n || v->n > ESCAPE_MAX * o->n)
		return false;
	if (memchr(v->text, '\\', v->n) == NULL)
		return v->n == o->n && memcmp(v->text, o->text, o->n) == 0;
	plain = xmalloc(o->n + 1);
	is_equal = jsscan_decode(v->text, v->n, plain, o->n) &&
	    strlen(plain) == o->n && memcmp(plain, o->text, o->n) == 0;
	free(plain);
	return is_equal;
}

/* Of a string that may be long only as much is decoded as can matter. */
static bool
has_prefix(const struct jsonptr_value *v, const struct filter_operand *o)
{
	const char *p = v->text, *end = v->text + v->n;
	char *plain;
	size_t i;
	bool has;

	for (i = 0; i < o->n && p < end; i++) {
		if (*p != '\\')
			p++;
		else if (p[1] != 'u')
			p += 2;
		else if (strncasecmp(p + 2, "d8", 2) < 0 ||
		    strncasecmp(p + 2, "db", 2) > 0)
			p += ESCAPE_MAX / 2;
		else
			p += ESCAPE_MAX;
	}
	plain = xmalloc(4 * o->n + 1);
	has = jsscan_decode(v->text, (size_t)(p - v->text), plain, 4 * o->n) &&
	    strncmp(plain, o->text, o->n) == 0;
	free(plain);
	return has;
}

static bool
is_equal(const struct jsonptr_value *v, const struct filter_operand *o)
{
	if (v->type != o->type)
		return false;
	if (v->type == JSSCAN_STRING)
		return is_equal_string(v, o);
	if (v->type == JSSCAN_NUMBER)
		return are_numbers(v, o) && compare_number(v, o) == 0;
	return v->n == o->n && memcmp(v->text, o->text, o->n) == 0;
}

static bool
passes(const struct filter_node *t, const struct jsonptr_value *v)
{
	const struct filter_operand *o = t->v;
	bool is_number = are_numbers(v, o);
	size_t i;

	switch (t->op) {
	case FILTER_EXISTS:
		return (v->type != JSSCAN_ABSENT) == (o->text[0] == 't');
	case FILTER_PREFIX:
		return v->type == JSSCAN_STRING && has_prefix(v, o);
	case FILTER_LT:
		return is_number && compare_number(v, o) < 0;
	case FILTER_LTE:
		return is_number && compare_number(v, o) <= 0;
	case FILTER_GT:
		return is_number && compare_number(v, o) > 0;
	case FILTER_GTE:
		return is_number && compare_number(v, o) >= 0;
	default:
		for (i = 0; i < t->n; i++)
			if (is_equal(v, &o[i]))
				return true;
		return false;
	}
}

/* What the event says of itself, and "" or "unknown" where it says none. */
static bool
passes_text(const struct filter_node *t, const char *text)
{
	const struct filter_operand *o = t->v;
	size_t i;

	if (t->op == FILTER_EXISTS)
		return (text != NULL) == (o->text[0] == 't');
	if (text == NULL)
		return false;
	for (i = 0; i < t->n; i++) {
		if (o[i].type != JSSCAN_STRING)
			continue;
		if (t->op == FILTER_PREFIX &&
		    (t->place == FILTER_TEAM
			    ? strncasecmp(text, o[i].text, o[i].n)
			    : strncmp(text, o[i].text, o[i].n)) == 0)
			return true;
		if ((t->op == FILTER_EQUALS || t->op == FILTER_IN) &&
		    (t->place == FILTER_TEAM ? strcasecmp(text, o[i].text)
					     : strcmp(text, o[i].text)) == 0)
			return true;
	}
	return false;
}

/* The event's own word for a place, NULL where it has none. */
static const char *
text_of(const struct event *ev, enum filter_place place)
{
	const char *text = NULL;

	if (place == FILTER_TYPE)
		text = ev->type;
	else if (place == FILTER_ACTION)
		text = ev->action;
	else if (place == FILTER_REPOSITORY &&
	    strcmp(ev->repository, "unknown") != 0)
		text = ev->repository;
	return text == NULL || *text == '\0' ? NULL : text;
}

static bool
test(struct judge *j, size_t number)
{
	const struct filter_node *t = &j->f->v[number];
	size_t i;

	j->decisive = number;
	if (t->place == FILTER_BODY)
		return passes(t, &j->values[t->path]);
	if (t->place != FILTER_TEAM || j->ev->teams.n == 0)
		return passes_text(t, text_of(j->ev, t->place));
	for (i = 0; i < j->ev->teams.n; i++)
		if (passes_text(t, j->ev->teams.v[i]))
			return true;
	return false;
}

static bool all_hold(struct judge *j, size_t first);

static bool
holds(struct judge *j, size_t number)
{
	const struct filter_node *node = &j->f->v[number];
	size_t i;

	switch (node->op) {
	case FILTER_AND:
		return all_hold(j, node->child);
	case FILTER_NOT:
		return !all_hold(j, node->child);
	case FILTER_OR:
		for (i = node->child; i != FILTER_NONE; i = j->f->v[i].next)
			if (holds(j, i))
				return true;
		return false;
	default:
		return test(j, number);
	}
}

/* As deep as the filter. */
static bool
all_hold(struct judge *j, size_t first)
{
	size_t i;

	for (i = first; i != FILTER_NONE; i = j->f->v[i].next)
		if (!holds(j, i))
			return false;
	return true;
}

/* Text of others, cut between characters. */
static void
put_cut(char *out, size_t size, const char *quote, const char *text, size_t n)
{
	size_t room = size - 2 * strlen(quote) - sizeof("...");
	const char *more = n > room ? "..." : "";

	if (n > room)
		for (n = room; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;
		     n--)
			;
	(void)snprintf(out, size, "%s%.*s%s%s", quote, (int)n, text, more,
	    quote);
}

static void
put_operands(const struct filter_node *t, char *out, size_t size)
{
	const struct filter_operand *o = t->v;

	put_cut(out, size, o->type == JSSCAN_STRING ? "\"" : "", o->text, o->n);
	if (t->n > 1)
		(void)snprintf(out + strlen(out), size - strlen(out),
		    " or %zu more", t->n - 1);
}

static void
put_found(const struct judge *j, const struct filter_node *t, char *out,
    size_t size)
{
	const struct jsonptr_value *v;
	const char *text;

	if (t->place == FILTER_BODY) {
		v = &j->values[t->path];
		if (v->type == JSSCAN_ABSENT)
			(void)snprintf(out, size, "nothing");
		else
			put_cut(out, size, v->type == JSSCAN_STRING ? "\"" : "",
			    v->text, v->n);
		return;
	}
	text = t->place == FILTER_TEAM && j->ev->teams.n > 0
	    ? j->ev->teams.v[0]
	    : text_of(j->ev, t->place);
	if (text == NULL)
		(void)snprintf(out, size, "nothing");
	else
		put_cut(out, size, "\"", text, strlen(text));
	if (t->place == FILTER_TEAM && j->ev->teams.n > 1)
		(void)snprintf(out + strlen(out), size - strlen(out),
		    " and %zu more", j->ev->teams.n - 1);
}

static void
explain(const struct judge *j, struct filter_why *why)
{
	const struct filter_node *t = &j->f->v[j->decisive];
	char name[64], operands[64];

	put_cut(name, sizeof(name), "", t->name, strlen(t->name));
	put_operands(t, operands, sizeof(operands) - 24);
	(void)snprintf(why->test, sizeof(why->test), "%s %s %s",
	    *name == '\0' ? "the body" : name, filter_op_name(t->op), operands);
	put_found(j, t, why->found, sizeof(why->found) - 24);
}

bool
filter_holds(const struct filter *f, const struct event *ev,
    const struct jsonptr_value *values, struct filter_why *why)
{
	struct judge j = { f, ev, values, FILTER_NONE };
	bool has_all = values != NULL || !f->reads_body;
	bool does = f->n == 0 || (has_all && all_hold(&j, 0));

	if (why == NULL)
		return does;
	memset(why, 0, sizeof(*why));
	if (!has_all)
		(void)snprintf(why->test, sizeof(why->test),
		    "the body is JSON");
	else if (j.decisive != FILTER_NONE)
		explain(&j, why);
	return does;
}
