/*
 * budget - memory that all requests share
 *
 * Bodies in hand together never take more than was given; who finds no room
 * waits for it.  Any thread.
 */
#ifndef FRONT_BUDGET_H
#define FRONT_BUDGET_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct budget {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	size_t taken;
	size_t max;
};

void budget_init(struct budget *b, size_t max);
void budget_fini(struct budget *b);

/* What is taken stays so, over the new size too. */
void budget_change(struct budget *b, size_t max);
size_t budget_size(struct budget *b);

/*
 * RC_OK	n bytes are the caller's until budget_give().
 * RC_BUSY	none were free for wait_ms.
 * RC_TOOBIG	more than all there is.
 */
enum rc budget_take(struct budget *b, size_t n, int64_t wait_ms, struct err *e);
void budget_give(struct budget *b, size_t n);

#endif
