/*
 * release - events that are held back go out
 *
 * A suspect is stored and goes to no webhook until a person releases it.
 * Suspects are listed first and then released, the oldest first, in slices of
 * a transaction each.  Asking again is safe: what was released already is
 * left alone.  Any thread.
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

/* All that are held back: of one source, NULL for any, received since then, 0
 * for ever.  p is empty before. */
enum rc release_gather(const struct intake *in, const char *source,
    int64_t since_ms, struct release_plan *p, struct err *e);

/* *n: how many went out, also on failure.
 * RC_BUSY	also: so many jobs wait that posts might soon be refused. */
enum rc release_put(const struct intake *in, const struct release_plan *p,
    int64_t *n, struct err *e);

#endif
