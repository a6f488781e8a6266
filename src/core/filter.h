/*
 * filter - conditions of a webhook on an event
 *
 * A filter is a JSON object, all of whose members must hold:
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
 * A member that is missing passes no test but exists: false; an event
 * without an action, a repository or a team counts as one where that member is
 * missing.  Of several teams one has to pass; teams are compared without case.
 * Numbers are compared by value, integers exactly; a number of more than
 * FILTER_NUMBER_MAX characters passes no test but exists: true.  A body that
 * is not JSON passes no filter that looks into it.  The cost of a test does
 * not grow with the value it is applied to.  Pure; any thread may use a
 * filter.
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
 * Reads a filter and adds its pointers to paths, which must outlive it.
 * RC_INVALID	the text is not a filter, and e says why; path names the
 *		member, as "or.1./issue/state.lt", or is "" for the whole.
 */
enum rc filter_new(const char *text, size_t n, struct jsonptr_set *paths,
    struct filter **out, char path[FILTER_PATH_SIZE], struct err *e);
void filter_free(struct filter *f);

/* True when the filter holds for every event. */
bool filter_is_empty(const struct filter *f);
/* True when the filter needs the body. */
bool filter_reads_body(const struct filter *f);

/* The test that decided, which is the last one made, and the value it met. */
struct filter_why {
	char test[160];  /* /issue/state equals "open" */
	char found[120]; /* "closed", or "" when there was no value */
};

/* values come from a scan of the body with paths; NULL when the body is not
 * JSON or the filter does not read it.  why may be NULL. */
bool filter_holds(const struct filter *f, const struct event *ev,
    const struct jsonptr_value *values, struct filter_why *why);

#endif
