/*
 * strlist - a short list of owned strings
 *
 * Event patterns, teams, paths.  One thread at a time.
 */
#ifndef BASE_STRLIST_H
#define BASE_STRLIST_H

#include <stdbool.h>
#include <stddef.h>

struct strlist {
	char **v;
	size_t n;
};

void strlist_fini(struct strlist *l); /* leaves it empty */
void strlist_put(struct strlist *l, const char *s);
void strlist_put_all(struct strlist *l, const struct strlist *from);
bool strlist_has(const struct strlist *l, const char *s);
/* ASCII letters compared without case. */
bool strlist_has_nocase(const struct strlist *l, const char *s);

#endif
