/*
 * front_pool - the threads that work whole requests
 *
 * Tasks run in the order in which they were put, each in one thread, and go
 * into an inbox when they have run.  The threads block the signals that their
 * maker blocks.
 */
#ifndef FRONT_FRONT_POOL_H
#define FRONT_FRONT_POOL_H

#include <stdint.h>

#include "base/err.h"
#include "front/front_inbox.h"

struct front_pool;

struct front_pool_options {
	unsigned int threads;
	void (*run)(struct front_item *task);
	struct front_inbox *done; /* where tasks go that have run */
};

/* RC_SYSTEM: the threads could not be made. */
enum rc front_pool_new(const struct front_pool_options *opt,
    struct front_pool **out, struct err *e);
void front_pool_put(struct front_pool *p, struct front_item *task);

/*
 * Ends the threads once no task is left, and frees the pool.  RC_BUSY: a task
 * still runs after wait_ms, and the pool stays as it is.
 */
enum rc front_pool_free(struct front_pool *p, int64_t wait_ms, struct err *e);

#endif
