#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "work/work_int.h"

#define EVENTS 256 /* of one transaction */

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
	o->v[o->n].order_key = order_key;
	o->n++;
}

static enum rc
expand(struct work *w, const struct store_events *l, struct work_owed *o,
    struct err *e)
{
	struct store_expansion v[EVENTS];
	size_t first[EVENTS + 1];
	size_t i, k;

	for (i = 0; i < l->n; i++) {
		first[i] = o->n;
		for (k = 0; k < w->nkinds; k++) {
			o->kind = w->kinds[k].kind->kind;
			w->kinds[k].kind->owes(w->kinds[k].arg, l->v[i], o);
		}
	}
	first[l->n] = o->n;
	/* Only now: the array moves while it grows. */
	for (i = 0; i < l->n; i++) {
		v[i].event = l->v[i]->id;
		v[i].jobs = o->n == 0 ? NULL : o->v + first[i];
		v[i].njobs = first[i + 1] - first[i];
	}

	return store_expand(w->opt.store, v, l->n, clock_wall_ms(w->opt.clock),
	    e);
}

enum rc
work_expand(struct work *w, bool *more, struct err *e)
{
	struct store_events l;
	struct work_owed o = { 0 };
	enum rc rc;

	*more = false;
	rc = store_unexpanded(w->opt.store, EVENTS, &l, e);
	if (rc != RC_OK)
		return rc;
	if (l.n > 0) {
		rc = expand(w, &l, &o, e);
		*more = l.n == EVENTS;
		w->lease = true;
	}
	free(o.v);
	store_events_free(&l);

	return rc;
}
