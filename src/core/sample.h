/*
 * sample - an event to test a receiver with
 *
 * For GitHub's common event types the body is small and has the members that
 * receivers read; for any other type the body says that it is a test.  Pure.
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

/* full is a type, or type.action where the type has actions; false for any
 * other text.  Appends the JSON body to out. */
bool sample_make(const char *full, int64_t now_ms, struct sample *sample,
    struct buf *out);

/* A type that one of the patterns matches; borrowed from patterns or out, or a
 * literal. */
const char *sample_type_for(const struct strlist *patterns, char *out,
    size_t max);

#endif
