#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "work/work_int.h"

/* Read at once: as many events, fewer when they owe so many jobs. */
#define EVENTS 128
#define ENOUGH 256
/* Jobs of one transaction, while which intake waits. */
#define PART 2000

/* The jobs of a batch of events lie one after the other. */
struct work_owed {
	struct store_owed *v;
	size_t n, cap;
	enum store_kind kind;         /* that is asked now */
	int64_t passed[EVENT_PASSED]; /* by the event that is asked now */
};

struct work_expansion {
	struct store_events events;
	struct work_owed owed;
	struct store_expansion v[EVENTS];
	size_t n;
};

void
work_owe(struct work_owed *o, const char *target, const char *order_key)
{
	if (o->n == o->cap) {
		o->cap = o->cap == 0 ? EVENTS : 2 * o->cap;
		o->v = xreallocarray(o->v, o->cap, sizeof(*o->v));
	}
	o->v[o->n++] = (struct store_owed){ .kind = o->kind,
		.target = xstrdup(target),
		.order_key = order_key == NULL ? NULL : xstrdup(order_key) };
}

void
work_pass(struct work_owed *o, enum event_passed why)
{
	o->passed[why]++;
}

static void
owed_fini(struct work_owed *o)
{
	size_t i;

	for (i = 0; i < o->n; i++) {
		free((char *)(uintptr_t)o->v[i].target);
		free((char *)(uintptr_t)o->v[i].order_key);
	}
	free(o->v);
}

void
work_expansion_free(struct work_expansion *x)
{
	if (x == NULL)
		return;
	owed_fini(&x->owed);
	store_events_free(&x->events);
	free(x);
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

static void
log_owed(const struct event *ev, size_t jobs)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_DEBUG, "event matched");
	log_str(&line, "event_id", ev->public_id);
	log_str(&line, "delivery_id", ev->delivery_id);
	log_str(&line, "event_type", ev->type);
	log_str(&line, "repository", ev->repository);
	log_int(&line, "jobs", (int64_t)jobs);
	log_end(&line);
}

/* A prefix of the events, so that jobs are made in their order. */
static enum rc
ask(const struct work *w, struct work_expansion *x, bool *more, struct err *e)
{
	const struct store_events *l = &x->events;
	size_t first[EVENTS + 1] = { 0 };
	size_t i;
	enum rc rc;

	for (i = 0; i < l->n && x->owed.n < ENOUGH; i++) {
		memset(x->owed.passed, 0, sizeof(x->owed.passed));
		rc = ask_kinds(w, l->v[i], &x->owed, e);
		if (rc != RC_OK)
			return rc;
		/* A round for one webhook says nothing of the others. */
		x->v[i].has_passed = !l->v[i]->is_round_alone;
		memcpy(x->v[i].passed, x->owed.passed, sizeof(x->v[i].passed));
		first[i + 1] = x->owed.n;
		log_owed(l->v[i], first[i + 1] - first[i]);
	}
	x->n = i;
	*more = *more || i < l->n || i == EVENTS;
	/* Only now: the array moves while it grows. */
	for (i = 0; i < x->n; i++) {
		x->v[i].event = l->v[i]->id;
		x->v[i].njobs = first[i + 1] - first[i];
		if (x->v[i].njobs > 0)
			x->v[i].jobs = x->owed.v + first[i];
	}

	return RC_OK;
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

static enum rc
read_new(struct work *w, struct work_expansion *x, bool *more, struct err *e)
{
	enum rc rc = tell(w, more, e);

	if (rc == RC_OK)
		rc = store_unexpanded(w->opt.store, EVENTS, &x->events, e);
	/* After the events were read: an event goes to all who were there when
	 * it came. */
	if (rc == RC_OK && x->events.n > 0)
		rc = work_refresh(w, e);
	if (rc == RC_OK && x->events.n > 0)
		rc = ask(w, x, more, e);
	/* Targets may have rested for it. */
	if (rc == RC_OK && x->events.more)
		*more = w->lease = true;

	return rc;
}

enum rc
work_expand(struct work *w, struct work_expansion **out, struct err *e)
{
	struct work_expansion *x = xcalloc(1, sizeof(*x));
	bool more;
	enum rc rc = read_new(w, x, &more, e);

	*out = NULL;
	if (rc == RC_OK)
		w->expand = more;
	if (rc == RC_OK && x->n > 0)
		*out = x;
	else
		work_expansion_free(x);

	return rc;
}

/*
 * Only the last event can owe very much: its first jobs go on their own,
 * with the events before it.  Whoever begins again after a crash makes the
 * same jobs, and an event is expanded with its last part.
 */
enum rc
work_expand_large(struct store *s, struct work_expansion *x,
    struct store_exchange *rest, struct err *e)
{
	struct store_expansion *last = &x->v[x->n - 1];
	size_t left = last->njobs;
	enum rc rc = RC_OK;

	for (; rc == RC_OK && left > PART; left -= PART) {
		last->njobs = PART;
		last->more = true;
		rc = store_expand(s, x->v, x->n, rest->now_ms, e);
		last->jobs += PART;
		x->v[0] = *last;
		x->n = 1;
		last = &x->v[0];
	}
	last->njobs = left;
	last->more = false;
	rest->expansions = x->v;
	rest->nexpansions = x->n;

	return rc;
}
