/*
 * work_body - the bodies of the events whose jobs are in hand
 *
 * An event that goes to many webhooks is read once for all of them.  The
 * bytes in hand stay under a budget; one body larger than what is left is
 * let in only while no other is held.  A few bodies that nobody holds are
 * kept: for jobs of the same event that are still to come, and those that were
 * read ahead.  One thread holds and releases; another one may read ahead.
 */
#ifndef WORK_WORK_BODY_H
#define WORK_WORK_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct buf;
struct store;
struct store_leases;
struct work_bodies;

struct work_body {
	int64_t event;
	int form; /* 0: as it is stored */
	bool is_made;
	const char *bytes;
	size_t n;
};

/* How the bytes of an event are made into those of another form, which is
 * then held once for all jobs that want it.  False: they are the same, and out
 * is untouched. */
struct work_form {
	int form; /* not 0 */
	bool (*make)(void *arg, int form, const void *body, size_t n,
	    struct buf *out);
	void *arg;
};

struct work_bodies *work_bodies_new(struct store *s, size_t budget);
void work_bodies_free(struct work_bodies *b); /* none is held */

/*
 * Holds the body of an event; size is what it is known to have, or 0.  f is
 * the form that is wanted, or NULL for the stored one.
 * RC_BUSY	over the budget; ask again when one was given back.
 * RC_NOTFOUND	the bytes are purged.
 */
enum rc work_body_hold(struct work_bodies *b, int64_t event, size_t size,
    const struct work_form *f, const struct work_body **out, struct err *e);
void work_body_release(struct work_bodies *b, const struct work_body *body);

/* Reads the small bodies of these leases, so that work_body_hold() need not
 * ask the store for each of them.  A body that cannot be read now is left to
 * it. */
void work_body_read_ahead(struct work_bodies *b, const struct store_leases *l);

#endif
