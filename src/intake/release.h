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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/source.h"
#include "intake/intake.h"

/* Which ones; "" and 0 are any. */
struct release_want {
	char source[SOURCE_NAME_MAX + 1];
	int64_t since_ms; /* received; the first is in */
	bool all;         /* said so: neither source nor time */
	bool dry_run;
};

/* {source?,since?,all?,dry_run?}.  RC_INVALID with p->n > 0: validation; with
 * 0: not JSON. */
enum rc release_want_read(const char *json, size_t n, struct release_want *out,
    struct intake_problems *p, struct err *e);

struct release_plan {
	int64_t *ids; /* the oldest first */
	size_t n, cap;
};
void release_plan_add(struct release_plan *p, int64_t id);
void release_plan_fini(struct release_plan *p);

/* Lists all that are held back and match; p is empty before.
 * RC_BUSY	also: the list was not complete when the boot clock showed
 *		until_boot_ms.  The oldest go first, so none may go. */
enum rc release_gather(const struct intake *in, const struct release_want *want,
    int64_t until_boot_ms, struct release_plan *p, struct err *e);

/* Releases until the boot clock shows until_boot_ms, one slice at least.  *n:
 * how many went out, also on failure; *more: the time was up before the end.
 * RC_BUSY	also: so many jobs wait that posts might soon be refused. */
enum rc release_put(const struct intake *in, const struct release_plan *p,
    int64_t until_boot_ms, int64_t *n, bool *more, struct err *e);

#endif
