/*
 * sigtry_body - what becomes of a body on its way
 *
 * The changes that editors, logs, proxies and JSON libraries make.  Pure.
 */
#ifndef CORE_SIGTRY_BODY_H
#define CORE_SIGTRY_BODY_H

#include <stddef.h>

struct buf;

/* The i-th change, from 0, of the n bytes at p, into out, which is cleared;
 * its name, a literal.  NULL: there are no more. */
const char *sigtry_body(size_t i, const char *p, size_t n, struct buf *out);

#endif
