/*
 * work_body - the bodies of the events whose jobs are in hand
 *
 * An event that goes to many webhooks is read once for all of them.  The
 * bytes in hand stay under a budget; one body larger than what is left is
 * let in only while no other is held.  A few bodies that nobody holds are
 * kept for the jobs of the same event that are still to come.  One thread.
 */
#ifndef WORK_WORK_BODY_H
#define WORK_WORK_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct store;
struct work_bodies;

struct work_body {
	int64_t event;
	const char *bytes;
	size_t n;
};

struct work_bodies *work_bodies_new(struct store *s, size_t budget);
void work_bodies_free(struct work_bodies *b); /* none is held */

/*
 * Holds the body of an event; size is what it is known to have, or 0.
 * RC_BUSY	over the budget; ask again when one was given back.
 * RC_NOTFOUND	the bytes are purged.
 */
enum rc work_body_hold(struct work_bodies *b, int64_t event, size_t size,
    const struct work_body **out, struct err *e);
void work_body_release(struct work_bodies *b, const struct work_body *body);

#endif
