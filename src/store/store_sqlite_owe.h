/*
 * store_sqlite_owe - a job is owed
 *
 * The one place where the row of a job is made.  The expansion of an event
 * owes the jobs of that event; what a job has made (a product, which its
 * settlement writes) and any other operation may owe further ones, in the
 * transaction of the operation.  For the operations of the engine.
 */
#ifndef STORE_STORE_SQLITE_OWE_H
#define STORE_STORE_SQLITE_OWE_H

#include <stdint.h>

#include "base/err.h"

struct lite_job;
struct lite_tx;
struct store_owed;

/* What the row of an owed job takes over from the operation that owes it. */
struct lite_cause {
	int64_t event; /* 0: no event's */
	int64_t round;
	int priority;
	int64_t due_ms; /* of a job that names no time of its own */
};
/* The cause of a job that another one owes: event, round and priority of that
 * one, due now. */
struct lite_cause lite_cause_of(const struct lite_tx *tx,
    const struct lite_job *job);

/*
 * Makes a waiting job at tx->now_ms, unless there is one of the same event,
 * round, kind, target and subject.  An event that has ended is open again.
 * tx->new_work is the caller's to set, where no drain leases anyway.
 */
enum rc lite_owe(struct lite_tx *tx, const struct lite_cause *cause,
    const struct store_owed *owed, struct err *e);

/*
 * A product: rows of their owner's own, written in the transaction that
 * settles the job which made them.  The owner is a file of the engine; it
 * hands out products through a public header and keeps its tables to itself.
 */
struct store_product {
	/* Writes the rows and owes what they ask for.  On any code but RC_OK
	 * nothing of it stays.  RC_BUSY and RC_SYSTEM say that the store
	 * fails, and the settlement fails with it.  All others say that these
	 * rows are at fault: their job is dead then, and the settlement begins
	 * again without them. */
	enum rc (*write)(struct lite_tx *tx, const struct lite_job *job,
	    const struct store_product *product, struct err *e);
};

#endif
