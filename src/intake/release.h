/*
 * release - suspects are sent after all
 *
 * A suspect is stored and goes to no webhook until a person releases it.
 * Suspects are listed first and then released, oldest first, in slices, one
 * transaction a slice.  Repeating a request is safe: an event that was
 * released already stays as it is.  Any thread.
 */
#ifndef INTAKE_RELEASE_H
#define INTAKE_RELEASE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "intake/intake.h"

struct release_plan {
	int64_t *ids; /* the oldest first */
	size_t n, cap;
};
void release_plan_add(struct release_plan *p, int64_t id);
void release_plan_fini(struct release_plan *p);

/* Lists the suspects of one source (NULL: of all) that were received at or
 * after since_ms (0: at any time).  p is empty before the call. */
enum rc release_gather(const struct intake *in, const char *source,
    int64_t since_ms, struct release_plan *p, struct err *e);

/* *n: the number released, also on failure.
 * RC_BUSY	also when database.max_waiting is nearly reached. */
enum rc release_put(const struct intake *in, const struct release_plan *p,
    int64_t *n, struct err *e);

#endif
