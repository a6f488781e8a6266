#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "work/work_int.h"

#define LEAVE_MAX 8

size_t
work_in_hand(const struct work *w)
{
	return w->queued + w->running + w->ended.n;
}

/* What ended is harmless; its result only waits for others. */
static bool
is_busy(const struct work *w)
{
	return w->queued + w->running > 0;
}

bool
work_is_quiet(const struct work *w)
{
	return is_busy(w) && w->quiet != WORK_QUIET_NOT &&
	    w->now_ms < w->quiet_until;
}

static size_t
in_hand(const struct work_bound *b)
{
	return b->queued.n + b->running.n + b->ended;
}

static size_t
most_in_hand(const struct work *w, const struct work_bound *b)
{
	return work_concurrency(w, b) + 2 * work_batch(w, b);
}

/* Room for at least half a batch, so that no transaction is spent on a job
 * or two while many are under way. */
static bool
has_room(const struct work *w, const struct work_bound *b)
{
	return in_hand(b) + (work_batch(w, b) + 1) / 2 <= most_in_hand(w, b);
}

bool
work_has_room(const struct work *w)
{
	size_t i = 0;

	while (i < w->nkinds && !has_room(w, &w->kinds[i]))
		i++;

	return i < w->nkinds && !work_is_quiet(w);
}

/* Each time that its lease lapsed the others wait longer for it: one that
 * kills late is found too, one with a slow receiver holds up nobody much. */
static int64_t
alone_ms(const struct store_lease *l)
{
	int64_t lapses = l->token - l->attempt - 1;

	if (lapses < 0)
		lapses = 0;
	return WORK_ALONE_MS
	    << (lapses < WORK_ALONE_TWICE ? lapses : WORK_ALONE_TWICE);
}

static void
hold(struct work *w, struct store_lease *lease)
{
	struct work_bound *b = work_bound_of(w, lease->kind);
	struct work_job *job = xcalloc(1, sizeof(*job));

	job->lease = *lease;
	job->work = w;
	job->bound = b;
	lease->target = NULL;
	lease->event = NULL;
	work_list_put(w, WORK_QUEUED, job);
	b->kind->hold(b->arg, job);
	if (job->lease.alone) {
		w->alone = job;
		w->quiet = WORK_QUIET_BESIDE;
		w->quiet_until = w->now_ms + alone_ms(&job->lease);
	}
}

/* Only deliveries are divided among drains, so other leases change nothing. */
static void
note_company(struct work *w, const struct store_lease_want *wants, size_t n,
    const struct store_leases *l)
{
	size_t i = 0;

	while (i < n && !store_wants_kind(&wants[i], STORE_DELIVER))
		i++;
	if (l->drains == 0 || i == n)
		return;
	w->drains = l->drains;
	w->is_split = l->is_split;
	w->split = wants[i].split;
	w->leases++;
}

static void
take_in_hand(struct work *w, struct store_leases *l, int64_t now_ms,
    int64_t next_due_ms)
{
	size_t i;

	if (l->n > 0)
		w->alone = NULL;
	if (l->held_back) {
		w->quiet = WORK_QUIET_BEFORE;
		w->quiet_until = w->now_ms + WORK_ALONE_MS;
	}
	for (i = 0; i < l->n; i++)
		hold(w, &l->v[i]);
	/* One that is due and did not come was left out on purpose. */
	if (next_due_ms > now_ms && next_due_ms < w->due_ms)
		w->due_ms = next_due_ms;
	store_leases_free(l);
}

/* What is the same for every lease; leaving are the jobs of this kind in hand
 * that are settled in its transaction. */
static void
fill_want(const struct work *w, const struct work_bound *b, size_t leaving,
    struct store_lease_want *want)
{
	size_t most = most_in_hand(w, b), batch = work_batch(w, b);
	size_t held = in_hand(b) - leaving;
	/* A reload may have made it less than is held. */
	size_t room = held < most ? most - held : 0;

	want->worker = w->worker;
	want->kinds = 1u << b->kind->kind;
	if (want->max == 0 || want->max > batch)
		want->max = batch;
	if (want->max > room)
		want->max = room;
	want->hold_ms = w->opt.lease_ms;
	/* A receiver that does not answer shall not keep it waiting for ever. */
	want->in_company = is_busy(w) && w->quiet != WORK_QUIET_BEFORE;
	want->alone = w->alone != NULL ? &w->alone->lease : NULL;
}

static bool
does_want(const struct work *w, const struct work_bound *b,
    struct store_lease_want *want)
{
	const struct work_hand hand = { .now_ms = w->now_ms,
		.concurrency = work_concurrency(w, b),
		.batch = work_batch(w, b),
		.most = most_in_hand(w, b),
		.drains = w->drains,
		.is_split = w->is_split,
		.split = w->split,
		.leases = w->leases };

	memset(want, 0, sizeof(*want));
	return b->kind->want(b->arg, &hand, want);
}

/* One lease of one kind; adds to *n the jobs that came, which a suspect of
 * this kind would have for company, and to *waits whether one was held back. */
static enum rc
lease_pass(struct work *w, const struct work_bound *b,
    struct store_lease_want *want, size_t *n, bool *waits, struct err *e)
{
	int64_t now_ms = clock_wall_ms(w->opt.clock), next_ms;
	struct store_leases l;
	enum rc rc;

	fill_want(w, b, 0, want);
	want->in_company = want->in_company || *n > 0;
	rc = store_lease_due(w->opt.store, now_ms, want, &l, &next_ms, e);
	if (rc != RC_OK)
		return rc;
	*n += l.n;
	*waits = *waits || l.held_back;
	if (l.held_back)
		w->waits = (size_t)(b - w->kinds);
	note_company(w, want, 1, &l);
	take_in_hand(w, &l, now_ms, l.n == 0 ? next_ms : INT64_MAX);

	return RC_OK;
}

/* How many of the ended jobs that are settled next are of this kind. */
static size_t
leaving(const struct work *w, const struct work_bound *b)
{
	const struct work_job *job = w->ended.first;
	size_t i, n = 0;

	if (w->ended.n <= WORK_GROUP)
		return b->ended;
	for (i = 0; i < WORK_GROUP; i++, job = job->next)
		n += job->bound == b;

	return n;
}

void
work_exchange(struct work *w, struct work_expansion *x)
{
	struct store_lease_want wants[WORK_KINDS_MAX];
	const struct work_bound *b;
	bool is_wanted;
	size_t i;

	for (i = 0; i < w->nkinds; i++) {
		b = &w->kinds[i];
		is_wanted = does_want(w, b, &wants[i]) &&
		    work_may_lease(w, b) && !work_is_quiet(w);
		fill_want(w, b, leaving(w, b), &wants[i]);
		if (!is_wanted)
			wants[i].max = 0;
	}
	work_exchange_begin(w, x, wants, w->nkinds);
}

/* To read what another drain expands is for nothing; but when there is no
 * work from it, it is no faster. */
static void
judge_expansion(struct work *w, const struct store_exchange *x)
{
	if (w->leave > 0)
		w->leave--;
	if (x->nexpansions > 0)
		w->late = x->nexpanded == 0 ? w->late + 1 : 0;
	if (x->leases.n == 0)
		w->leave = 0;
	else if (x->nexpansions > 0 && w->late > 0)
		w->leave = w->late > 1 ? LEAVE_MAX : 1;
}

static bool
has_asked(const struct store_exchange *x)
{
	size_t i = 0;

	while (i < x->nwants && x->wants[i].max == 0)
		i++;

	return i < x->nwants;
}

/* Called when all kinds were asked: the answer for the first one says nothing
 * of the suspects of the next. */
static void
end_quiet(struct work *w, bool one_waits)
{
	if (w->quiet == WORK_QUIET_BEFORE && !one_waits)
		w->quiet = WORK_QUIET_NOT;
}

enum rc
work_exchanged(struct work *w, struct err *e)
{
	struct store_exchange *x;
	enum rc rc = RC_OK;
	bool waits;

	if (!work_exchange_end(w, &x, &rc, e) || rc != RC_OK)
		return rc;
	w->trouble_since = 0;
	work_settled(w, WORK_SETTLING, x->nresults);
	judge_expansion(w, x);
	note_company(w, x->wants, x->nwants, &x->leases);
	if (!has_asked(x))
		return RC_OK;
	waits = x->leases.held_back;
	take_in_hand(w, &x->leases, x->now_ms, x->next_due_ms);
	end_quiet(w, waits);

	return RC_OK;
}

static enum rc
lease_kind(struct work *w, const struct work_bound *b, size_t *n, bool *waits,
    struct err *e)
{
	struct store_lease_want want;

	if (!work_may_lease(w, b) || work_is_quiet(w) || !has_room(w, b) ||
	    !does_want(w, b, &want))
		return RC_OK;

	return lease_pass(w, b, &want, n, waits, e);
}

enum rc
work_lease(struct work *w, struct err *e)
{
	bool waits = false;
	size_t i, n = 0, first;
	enum rc rc;

	w->due_ms = INT64_MAX;
	/* Jobs of another kind that came before it would be its company. */
	first = w->quiet == WORK_QUIET_BEFORE ? w->waits : 0;
	for (i = 0; i < w->nkinds; i++) {
		rc = lease_kind(w, &w->kinds[(first + i) % w->nkinds], &n,
		    &waits, e);
		if (rc != RC_OK)
			return rc;
	}
	end_quiet(w, waits);
	/* Until a turn brings nothing, there may be more. */
	w->lease = n > 0 || waits;

	return RC_OK;
}

static void
start_queued(struct work *w, struct work_bound *b, int64_t boot)
{
	struct work_job *job, *next;

	for (job = b->queued.first; job != NULL; job = next) {
		next = job->next;
		if (b->running.n >= work_concurrency(w, b))
			return;
		/* It may be in other hands by now. */
		if (job->lease.until_ms <= boot) {
			work_forget(w, job);
			continue;
		}
		if (b->kind->start(b->arg, job) == WORK_STARTED &&
		    job->at == WORK_QUEUED) {
			work_list_drop(w, job);
			work_list_put(w, WORK_RUNNING, job);
		}
	}
}

void
work_start_queued(struct work *w)
{
	int64_t boot = clock_boot_ms(w->opt.clock);
	size_t i;

	for (i = 0; i < w->nkinds; i++)
		start_queued(w, &w->kinds[i], boot);
}
