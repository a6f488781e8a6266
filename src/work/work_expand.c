#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "work/work_int.h"

/* Of one transaction: intake waits while it runs. */
#define EVENTS 256
#define OWED 2000

/* The jobs of a batch of events lie one after the other. */
struct work_owed {
	struct store_owed *v;
	size_t n, cap;
	enum store_kind kind; /* that is asked now */
};

void
work_owe(struct work_owed *o, const char *target, const char *order_key)
{
	if (o->n == o->cap) {
		o->cap = o->cap == 0 ? EVENTS : 2 * o->cap;
		o->v = xreallocarray(o->v, o->cap, sizeof(*o->v));
	}
	o->v[o->n].kind = o->kind;
	o->v[o->n].target = target;
	o->v[o->n].order_key = order_key == NULL ? NULL : xstrdup(order_key);
	o->n++;
}

/*
 * The first part ends within the jobs of the last event, when these are too
 * many, and the rest of them follow.  Whoever begins again after a crash
 * makes the same jobs, and an event is expanded with its last part.
 */
static enum rc
expand_parts(struct work *w, struct store_expansion *v, size_t n, size_t owed,
    struct err *e)
{
	struct store_expansion *last = &v[n - 1];
	size_t left = owed > OWED ? owed - OWED : 0;
	enum rc rc;

	last->njobs -= left;
	last->more = left > 0;
	rc = store_expand(w->opt.store, v, n, clock_wall_ms(w->opt.clock), e);
	while (rc == RC_OK && left > 0) {
		last->jobs += last->njobs;
		last->njobs = left < OWED ? left : OWED;
		left -= last->njobs;
		last->more = left > 0;
		rc = store_expand(w->opt.store, last, 1,
		    clock_wall_ms(w->opt.clock), e);
	}

	return rc;
}

static void
owed_fini(struct work_owed *o)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		free((char *)(uintptr_t)o->v[i].order_key);
	free(o->v);
}

static enum rc
ask_kinds(const struct work *w, const struct event *ev, struct work_owed *o,
    struct err *e)
{
	enum rc rc = RC_OK;
	size_t k;

	for (k = 0; rc == RC_OK && k < w->nkinds; k++) {
		o->kind = w->kinds[k].kind->kind;
		rc = w->kinds[k].kind->owes(w->kinds[k].arg, ev, o, e);
	}
	return rc;
}

/* A prefix of the events, so that jobs are made in their order. */
static enum rc
expand(struct work *w, const struct store_events *l, struct work_owed *o,
    size_t *n, struct err *e)
{
	struct store_expansion v[EVENTS] = { 0 };
	size_t first[EVENTS + 1] = { 0 };
	size_t i;
	enum rc rc;

	for (i = 0; i < l->n && o->n < OWED; i++) {
		rc = ask_kinds(w, l->v[i], o, e);
		if (rc != RC_OK)
			return rc;
		first[i + 1] = o->n;
	}
	*n = i;
	/* Only now: the array moves while it grows. */
	for (i = 0; i < *n; i++) {
		v[i].event = l->v[i]->id;
		v[i].jobs = o->n == 0 ? NULL : o->v + first[i];
		v[i].njobs = first[i + 1] - first[i];
	}

	return expand_parts(w, v, *n, o->n, e);
}

/* What is told now is expanded with the rest. */
static enum rc
tell(struct work *w, bool *more, struct err *e)
{
	const struct work_bound *b;
	bool again;
	enum rc rc = RC_OK;
	size_t i;

	*more = false;
	for (i = 0; rc == RC_OK && i < w->nkinds; i++) {
		b = &w->kinds[i];
		if (b->kind->tell == NULL)
			continue;
		rc = b->kind->tell(b->arg, &again, e);
		*more = *more || (rc == RC_OK && again);
	}

	return rc;
}

enum rc
work_expand(struct work *w, bool *more, struct err *e)
{
	struct store_events l;
	struct work_owed o = { 0 };
	size_t n;
	enum rc rc;

	rc = tell(w, more, e);
	if (rc == RC_OK)
		rc = store_unexpanded(w->opt.store, EVENTS, &l, e);
	if (rc != RC_OK) {
		*more = true;
		return rc;
	}
	/* After the events were read: an event goes to all who were there when
	 * it came. */
	if (l.n > 0)
		rc = work_refresh(w, e);
	if (rc == RC_OK && l.n > 0) {
		rc = expand(w, &l, &o, &n, e);
		*more = *more || n < l.n || n == EVENTS;
		w->lease = true;
	}
	*more = *more || rc != RC_OK;
	owed_fini(&o);
	store_events_free(&l);

	return rc;
}
