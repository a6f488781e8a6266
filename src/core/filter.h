/*
 * filter - what a webhook wants to be true of an event
 *
 * A JSON object, all of whose members must hold:
 *
 *	{"/issue/state": "open", "$repository": {"prefix": "acme/"}}
 *
 * A name that begins with a slash, or is empty, is a JSON pointer into the
 * body; $type, $action, $repository and $team are the event's own.  Its
 * value is a string, number, boolean or null that is equal, or an object of
 * tests, all of which must hold: equals, in (a list), exists (true, false),
 * prefix (of a string), lt, lte, gt, gte (of numbers).  "and" and "or" have
 * a list of such objects, "not" has one.
 *
 * What is not there exists not and passes no other test; an action, a
 * repository or a team that an event has none of is not there.  Of several
 * teams one has to pass; teams are compared without case.  Numbers are
 * compared by value, integers exactly; one of more than FILTER_NUMBER_MAX
 * characters is there and passes no other test.  A body that is not JSON
 * passes no filter that looks into it.  What a test costs does not grow with
 * the value that it meets.  Pure; one filter may be used by any thread.
 */
#ifndef CORE_FILTER_H
#define CORE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct event;
struct jsonptr_set;
struct jsonptr_value;

#define FILTER_TEXT_MAX 4096
#define FILTER_DEPTH_MAX 8  /* of and, or, not and the objects in them */
#define FILTER_NODES_MAX 64 /* tests, ands, ors and nots */
#define FILTER_NUMBER_MAX 1000
#define FILTER_PATH_SIZE 96

struct filter;

/*
 * Reads a filter; the pointers in it go into paths, which outlives it.
 * RC_INVALID	it is not one, for the reason in e; path is the member, as
 *		"or.1./issue/state.lt", or "" for the whole.
 */
enum rc filter_new(const char *text, size_t n, struct jsonptr_set *paths,
    struct filter **out, char path[FILTER_PATH_SIZE], struct err *e);
void filter_free(struct filter *f);

/* It holds always. */
bool filter_is_empty(const struct filter *f);
/* It cannot be judged without the body. */
bool filter_reads_body(const struct filter *f);

/* What was decisive: the last test that was made, and on what. */
struct filter_why {
	char test[160];  /* /issue/state equals "open" */
	char found[120]; /* "closed"; or nothing */
};

/* values is of a scan of the body with paths, NULL when that is not JSON or
 * the filter does not read it.  why may be NULL. */
bool filter_holds(const struct filter *f, const struct event *ev,
    const struct jsonptr_value *values, struct filter_why *why);

#endif
