#include "config.h"

#include <assert.h>
#include <stdbool.h>
#include <time.h>

#include "base/clock.h"
#include "front/budget.h"

void
budget_init(struct budget *b, size_t max)
{
	pthread_mutex_init(&b->lock, NULL);
	clock_cond_init(&b->freed);
	b->taken = 0;
	b->max = max;
}

void
budget_fini(struct budget *b)
{
	pthread_cond_destroy(&b->freed);
	pthread_mutex_destroy(&b->lock);
}

void
budget_change(struct budget *b, size_t max)
{
	pthread_mutex_lock(&b->lock);
	b->max = max;
	pthread_cond_broadcast(&b->freed);
	pthread_mutex_unlock(&b->lock);
}

size_t
budget_size(struct budget *b)
{
	size_t max;

	pthread_mutex_lock(&b->lock);
	max = b->max;
	pthread_mutex_unlock(&b->lock);
	return max;
}

/* The lock is held. */
static bool
has_room(const struct budget *b, size_t n)
{
	return b->taken <= b->max && n <= b->max - b->taken;
}

enum rc
budget_take(struct budget *b, size_t n, int64_t wait_ms, struct err *e)
{
	struct timespec until = clock_tick_in(wait_ms * 1000);
	bool is_late = false, is_never, has;

	pthread_mutex_lock(&b->lock);
	while (n <= b->max && !has_room(b, n) && !is_late)
		is_late =
		    pthread_cond_timedwait(&b->freed, &b->lock, &until) != 0;
	is_never = n > b->max;
	has = has_room(b, n);
	if (has)
		b->taken += n;
	pthread_mutex_unlock(&b->lock);
	if (is_never)
		return err_set(e, RC_TOOBIG,
		    "the body exceeds the memory for bodies");
	return has ? RC_OK
		   : err_set(e, RC_BUSY, "no memory is free for the body");
}

void
budget_give(struct budget *b, size_t n)
{
	pthread_mutex_lock(&b->lock);
	assert(n <= b->taken);
	b->taken -= n;
	/* All: the first in line may need more than the second. */
	pthread_cond_broadcast(&b->freed);
	pthread_mutex_unlock(&b->lock);
}
