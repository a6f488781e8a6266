/*
 * sample - an event of a wanted type, to try a receiver with
 *
 * Small bodies of our own making, with the members that receivers of GitHub's
 * common events look at; of any other type one that says that it is a test.
 * Pure.
 */
#ifndef CORE_SAMPLE_H
#define CORE_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"

struct buf;
struct strlist;

#define SAMPLE_TYPE_MAX (EVENT_TYPE_MAX + EVENT_ACTION_MAX + 1)

struct sample {
	char type[EVENT_TYPE_MAX + 1];
	bool is_github; /* one of GitHub's, with its headers */
};

/* A type, or type.action of one that has actions; false when that is no name
 * of an event.  The body goes into out, JSON. */
bool sample_make(const char *full, int64_t now_ms, struct sample *sample,
    struct buf *out);

/* A type that the patterns of a registration want; lives as long as they
 * do or for ever. */
const char *sample_type_for(const struct strlist *patterns, char *out,
    size_t max);

#endif
