#include "config.h"

#include <assert.h>

#include "work/work_int.h"

void
work_add(struct work *w, const struct work_kind *kind, void *arg)
{
	struct work_bound *b = &w->kinds[w->nkinds++];

	assert(w->nkinds <= WORK_KINDS_MAX);
	b->kind = kind;
	b->arg = arg;
	b->queued.last = &b->queued.first;
	b->running.last = &b->running.first;
}

struct work_list *
work_list_of(struct work *w, struct work_bound *b, enum work_state at)
{
	switch (at) {
	case WORK_QUEUED:
		return &b->queued;
	case WORK_RUNNING:
		return &b->running;
	case WORK_ENDED:
		return &w->ended;
	default:
		return &w->settling;
	}
}

size_t
work_concurrency(const struct work *w, const struct work_bound *b)
{
	return w->opt.concurrency[b->kind->kind];
}

/* The prefetched jobs of a small kind would wait for long, and on another
 * drain they would not. */
size_t
work_batch(const struct work *w, const struct work_bound *b)
{
	size_t most = work_concurrency(w, b);

	if (b->kind->kind == STORE_DELIVER || w->opt.batch < most)
		return w->opt.batch;
	return most;
}

size_t
work_places(const struct work *w)
{
	size_t i, n = 0;

	for (i = 0; i < w->nkinds; i++)
		n += work_concurrency(w, &w->kinds[i]);

	return n;
}

bool
work_may_lease(const struct work *w, const struct work_bound *b)
{
	return w->opt.kinds == 0 || (w->opt.kinds & 1u << b->kind->kind) != 0;
}

struct work_bound *
work_bound_of(struct work *w, enum store_kind kind)
{
	size_t i = 0;

	while (i < w->nkinds && w->kinds[i].kind->kind != kind)
		i++;
	assert(i < w->nkinds);

	return &w->kinds[i];
}

enum rc
work_refresh(struct work *w, struct err *e)
{
	enum rc rc;
	size_t i;

	w->look = false;
	for (i = 0; i < w->nkinds; i++) {
		rc = w->kinds[i].kind->refresh(w->kinds[i].arg, e);
		if (rc != RC_OK)
			return rc;
	}

	return RC_OK;
}
