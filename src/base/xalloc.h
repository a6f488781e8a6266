/*
 * xalloc - allocation that cannot fail
 *
 * Each function returns memory or ends the process when the system has none.
 * Ending is safe, because no post is acknowledged before it is stored.  The
 * caller releases the results with free(3).  Memory that grows with outside data
 * belongs in struct buf.  Any thread.
 */
#ifndef BASE_XALLOC_H
#define BASE_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);

/* realloc(3) to n * size bytes; ends the process if the product overflows. */
void *xreallocarray(void *p, size_t n, size_t size);

char *xstrdup(const char *s);

/* A copy of the n bytes at p, followed by a NUL. */
char *xmemdup0(const void *p, size_t n);

char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Prints the message on stderr and ends the process with EX_OSERR. */
void fatal(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

#endif
