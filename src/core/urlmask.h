/*
 * urlmask - a receiver's address without what may be a secret in it
 *
 * Chat services put the token that lets one post into the path, others put
 * it into the query.  Takes addresses in the normal form that url.h makes.
 * Pure.
 */
#ifndef CORE_URLMASK_H
#define CORE_URLMASK_H

#include <stdbool.h>

struct buf;

/* Scheme, host and port: "https://chat.example". */
void urlmask_origin(const char *url, struct buf *out);

/* The path up to its first segment too; stars stand for the rest of it and
 * for the query. */
void urlmask_path(const char *url, struct buf *out);

/* Whether both have the same scheme, host and port. */
bool urlmask_same_origin(const char *a, const char *b);

#endif
