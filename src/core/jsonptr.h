/*
 * jsonptr - the values at JSON pointers, all found in one pass
 *
 * RFC 6901.  A set holds the pointers that anybody asks about; a scan goes
 * once through the bytes of a document and notes where the value of each
 * lies.  No tree is built, so time is linear in the document and memory
 * does not grow with it, whatever strangers sent and whatever others ask of
 * it.  Pure; a set that nobody adds to may be scanned with by any thread.
 */
#ifndef CORE_JSONPTR_H
#define CORE_JSONPTR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/jsscan.h"

#define JSONPTR_MAX 512 /* bytes of one */

/* "", or "/" before each token, with ~0 for ~ and ~1 for /. */
bool jsonptr_is_valid(const char *text);

struct jsonptr_set;
struct jsonptr_set *jsonptr_set_new(void);
void jsonptr_set_free(struct jsonptr_set *s);

/* The place of the valid pointer's value in what a scan fills; the same
 * pointer has the same place. */
size_t jsonptr_add(struct jsonptr_set *s, const char *text);
/* How many places there are. */
size_t jsonptr_count(const struct jsonptr_set *s);

/* A value where it stands in the document; a string without its quotes and
 * with its escapes. */
struct jsonptr_value {
	enum jsscan_type type; /* JSSCAN_ABSENT: there is none */
	const char *text;
	size_t n;
};

/*
 * Fills jsonptr_count() values.  Of an array a token is an index: digits
 * without a leading zero; "-" is nothing that there is.  False, and all are
 * absent, when the text is not JSON by the rules of jsscan_any().
 *
 * Strictness lives here, and its answer is "no value": a pointer that meets
 * a key which stands twice in its object has none, and so has one that leads
 * to a number or a string that jsscan() would not take.
 */
bool jsonptr_scan(const struct jsonptr_set *s, const char *text, size_t n,
    struct jsonptr_value *values);

#endif
