/*
 * xalloc - allocation that cannot fail
 *
 * Each function returns memory or ends the process: out of memory is our
 * ground giving way, and nothing is acknowledged before it is stored.  The
 * results are given back with free(3).  Memory that grows with outside data
 * belongs in struct buf.  Any thread.
 */
#ifndef BASE_XALLOC_H
#define BASE_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);

/* As realloc(3) of n * size bytes, the product checked. */
void *xreallocarray(void *p, size_t n, size_t size);

char *xstrdup(const char *s);

/* The copy of n bytes, and a NUL behind them. */
char *xmemdup0(const void *p, size_t n);

char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Says why on stderr and ends the process with EX_OSERR. */
void fatal(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

#endif
