#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "work/work_int.h"

size_t
work_in_hand(const struct work *w)
{
	return w->lists[WORK_QUEUED].n + w->lists[WORK_RUNNING].n +
	    w->lists[WORK_ENDED].n;
}

/* Room for at least half a batch, so that no transaction is spent on a job
 * or two while many are under way. */
bool
work_has_room(const struct work *w)
{
	return work_in_hand(w) + (w->opt.batch + 1) / 2 <=
	    w->opt.concurrency + w->opt.batch;
}

static void
hold(struct work *w, const struct work_bound *b, struct store_lease *lease)
{
	struct work_job *job = xcalloc(1, sizeof(*job));

	job->lease = *lease;
	job->work = w;
	job->bound = b;
	lease->target = NULL;
	lease->event = NULL;
	work_list_put(w, WORK_QUEUED, job);
	b->kind->hold(b->arg, job);
}

/* One lease of one kind; *n: jobs that came. */
static enum rc
lease_pass(struct work *w, const struct work_bound *b,
    struct store_lease_want *want, size_t *n, struct err *e)
{
	size_t room = w->opt.concurrency + w->opt.batch - work_in_hand(w);
	struct store_leases l;
	int64_t next_ms;
	enum rc rc;
	size_t i;

	want->worker = w->worker;
	want->kinds = 1u << b->kind->kind;
	want->max = room < w->opt.batch ? room : w->opt.batch;
	want->hold_ms = w->opt.lease_ms;
	rc = store_lease_due(w->opt.store, clock_wall_ms(w->opt.clock), want,
	    &l, &next_ms, e);
	if (rc != RC_OK)
		return rc;

	*n = l.n;
	for (i = 0; i < l.n; i++)
		hold(w, b, &l.v[i]);
	if (l.n == 0 && next_ms < w->due_ms)
		w->due_ms = next_ms;
	store_leases_free(&l);

	return RC_OK;
}

static enum rc
lease_kind(struct work *w, const struct work_bound *b, size_t *n, struct err *e)
{
	struct store_lease_want want;
	unsigned int pass;
	size_t got;
	enum rc rc;

	for (pass = 0;; pass++) {
		memset(&want, 0, sizeof(want));
		if (!work_has_room(w) || !b->kind->want(b->arg, pass, &want))
			return RC_OK;
		rc = lease_pass(w, b, &want, &got, e);
		if (rc != RC_OK)
			return rc;
		*n += got;
	}
}

enum rc
work_lease(struct work *w, struct err *e)
{
	size_t i, n = 0;
	enum rc rc;

	w->due_ms = INT64_MAX;
	for (i = 0; i < w->nkinds; i++) {
		if (w->opt.kinds != 0 &&
		    (w->opt.kinds & (1u << w->kinds[i].kind->kind)) == 0)
			continue;
		rc = lease_kind(w, &w->kinds[i], &n, e);
		if (rc != RC_OK)
			return rc;
	}
	/* Until a turn brings nothing, there may be more. */
	w->lease = n > 0;

	return RC_OK;
}

void
work_start_queued(struct work *w)
{
	int64_t boot = clock_boot_ms(w->opt.clock);
	struct work_job *job, *next;

	for (job = w->lists[WORK_QUEUED].first; job != NULL; job = next) {
		next = job->next;
		if (w->lists[WORK_RUNNING].n >= w->opt.concurrency)
			return;
		/* It may be in other hands by now. */
		if (job->lease.until_ms <= boot) {
			work_forget(w, job);
			continue;
		}
		if (job->bound->kind->start(job->bound->arg, job) ==
			WORK_STARTED &&
		    job->at == WORK_QUEUED) {
			work_list_drop(w, job);
			work_list_put(w, WORK_RUNNING, job);
		}
	}
}
