#include "config.h"

#include <assert.h>
#include <stdbool.h>
#include <time.h>

#include "base/clock.h"
#include "front/budget.h"

void
budget_init(struct budget *b, size_t max)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->freed, &attr);
	pthread_condattr_destroy(&attr);
	b->left = max;
	b->max = max;
}

void
budget_fini(struct budget *b)
{
	pthread_cond_destroy(&b->freed);
	pthread_mutex_destroy(&b->lock);
}

/* On the clock of the condition, which clock_tick_us() reads too. */
static struct timespec
tick_in(int64_t wait_ms)
{
	int64_t us = clock_tick_us() + wait_ms * 1000;
	struct timespec t;

	t.tv_sec = (time_t)(us / 1000000);
	t.tv_nsec = (long)(us % 1000000) * 1000;
	return t;
}

enum rc
budget_take(struct budget *b, size_t n, int64_t wait_ms, struct err *e)
{
	struct timespec until;
	bool is_late = false;

	if (n > b->max)
		return err_set(e, RC_TOOBIG, "over the memory for bodies");
	pthread_mutex_lock(&b->lock);
	if (b->left < n) {
		until = tick_in(wait_ms);
		while (b->left < n && !is_late)
			is_late = pthread_cond_timedwait(&b->freed, &b->lock,
				      &until) != 0;
	}
	is_late = b->left < n;
	if (!is_late)
		b->left -= n;
	pthread_mutex_unlock(&b->lock);
	return is_late ? err_set(e, RC_BUSY, "no memory for the body") : RC_OK;
}

void
budget_give(struct budget *b, size_t n)
{
	pthread_mutex_lock(&b->lock);
	b->left += n;
	assert(b->left <= b->max);
	/* All: the first in line may need more than the second. */
	pthread_cond_broadcast(&b->freed);
	pthread_mutex_unlock(&b->lock);
}
