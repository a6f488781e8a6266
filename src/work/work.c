#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/xalloc.h"
#include "store/store.h"
#include "store/store_wake.h"
#include "work/work.h"
#include "work/work_body.h"
#include "work/work_int.h"

#define SWEEP_MS 1000        /* between looks for lapsed leases */
#define REPORT_MS 1000       /* between reports that something changed */
#define REPORT_IDLE_MS 10000 /* ...and that nothing did */
#define SOON_MS 1000         /* a wait that once waits for */
#define PAUSE_MS 100         /* after the store failed */
#define TROUBLE_MS 60000     /* of a failing store ends once */
#define LAST_SETTLE_MS 1500  /* after the grace */
#define LAST_ANSWER_MS 500   /* after that */

static void
on_duty(void *arg)
{
	struct work_duty_timer *d = arg;

	d->is_due = true;
}

static void
do_again_in(struct work *w, enum work_duty duty, int64_t ms)
{
	struct work_duty_timer *d = &w->duties[duty];

	d->is_due = false;
	loop_timer_in(w->opt.loop, &d->timer, ms);
}

/* Some process has put new work into the store. */
static void
on_wake(void *arg, unsigned int found)
{
	struct work *w = arg;

	(void)found;
	store_wake_clear(w->wake.fd);
	w->expand = w->lease = true;
}

/* Without a descriptor, the store is polled. */
static void
watch_store(struct work *w)
{
	struct err e;

	w->wake = (struct loop_watch){ .fd = store_wake_open(w->opt.store),
		.call = on_wake,
		.arg = w };
	if (w->wake.fd >= 0 &&
	    loop_watch(w->opt.loop, &w->wake, LOOP_READ, &e) != RC_OK)
		log_say(LOG_LEVEL_WARN, "new work waits for drain.poll: %s",
		    e.text);
}

static void
leave_loop(struct work *w)
{
	int i;

	for (i = 0; i < WORK_DUTIES; i++)
		loop_timer_stop(w->opt.loop, &w->duties[i].timer);
	loop_unwatch(w->opt.loop, &w->wake);
	if (w->wake.fd >= 0)
		close(w->wake.fd);
}

struct work *
work_new(const struct work_options *opt)
{
	struct work *w = xcalloc(1, sizeof(*w));
	int i;

	w->opt = *opt;
	w->worker = xstrdup(opt->worker);
	w->opt.worker = w->worker;
	w->ended.last = &w->ended.first;
	w->settling.last = &w->settling.first;
	w->bodies = work_bodies_new(opt->store, opt->body_budget);
	w->exchange = work_exchange_new(opt->store, w->bodies, opt->loop);
	watch_store(w);
	for (i = 0; i < WORK_DUTIES; i++)
		w->duties[i] = (struct work_duty_timer){ .is_due = true,
			.timer = { .call = on_duty, .arg = &w->duties[i] } };
	w->due_ms = INT64_MAX;
	w->expand = w->lease = true;

	return w;
}

static void
forget_all(struct work *w, struct work_list *l)
{
	struct work_job *job;

	while ((job = l->first) != NULL) {
		if (job->at == WORK_RUNNING)
			job->bound->kind->cancel(job->bound->arg, job);
		work_forget(w, job);
	}
}

bool
work_free(struct work *w)
{
	bool ended;
	size_t i;

	if (w == NULL)
		return true;
	ended = work_exchange_free(w, LAST_ANSWER_MS);
	for (i = 0; i < w->nkinds; i++) {
		forget_all(w, &w->kinds[i].queued);
		forget_all(w, &w->kinds[i].running);
	}
	forget_all(w, &w->ended);
	/* Their results are the thread's still. */
	if (ended)
		forget_all(w, &w->settling);
	leave_loop(w);
	if (ended) {
		work_bodies_free(w->bodies);
		free(w->worker);
	}
	free(w);

	return ended;
}

void
work_change(struct work *w, const struct work_options *opt)
{
	memcpy(w->opt.concurrency, opt->concurrency,
	    sizeof(w->opt.concurrency));
	w->opt.batch = opt->batch;
	w->opt.lease_ms = opt->lease_ms;
	w->opt.poll_ms = opt->poll_ms;
	w->expand = w->lease = true;
	/* Their next times come from the settings before. */
	w->duties[WORK_RENEW].is_due = w->duties[WORK_POLL].is_due = true;
}

void
work_stop(struct work *w)
{
	if (w->phase != WORK_GOES_ON)
		return;
	w->phase = WORK_STOPS;
	w->stop_by = clock_boot_ms(w->opt.clock) + w->opt.grace_ms;
}

struct work_bodies *
work_bodies(struct work *w)
{
	return w->bodies;
}

/* A row that would say the same again is written less often. */
static enum rc
report(struct work *w, struct err *e)
{
	struct store_worker s = w->seen;
	enum rc rc;

	s.id = w->worker;
	s.kinds = (char *)(uintptr_t)w->opt.kinds_text;
	s.last_seen_ms = clock_wall_ms(w->opt.clock);
	if (s.started_ms == 0)
		s.started_ms = s.last_seen_ms;
	s.in_flight = (int64_t)w->running;
	s.done = w->done;
	s.failed = w->failed;
	if (s.in_flight == w->seen.in_flight && s.done == w->seen.done &&
	    s.failed == w->seen.failed &&
	    s.last_seen_ms - w->seen.last_seen_ms < REPORT_IDLE_MS &&
	    s.last_seen_ms >= w->seen.last_seen_ms)
		return RC_OK;
	rc = store_worker_seen(w->opt.store, &s, e);
	if (rc == RC_OK)
		w->seen = s;

	return rc;
}

/* While more than half of the hands are empty, new work is worth more than a
 * large group. */
static bool
is_time_to_settle(const struct work *w)
{
	size_t n = w->ended.n;

	return n >= WORK_GROUP ||
	    (n >= WORK_GROUP / 4 && w->running < work_places(w) / 2) ||
	    (n > 0 && (w->now_ms >= w->settle_by || n == work_in_hand(w)));
}

/* What is owed to jobs in hand and to those who watch us. */
static enum rc
keep_up(struct work *w, struct err *e)
{
	enum rc rc = RC_OK;

	if (w->duties[WORK_RENEW].is_due) {
		do_again_in(w, WORK_RENEW, w->opt.lease_ms / 12 + 1);
		rc = work_renew(w, e);
	}
	if (rc == RC_OK && w->duties[WORK_REPORT].is_due) {
		do_again_in(w, WORK_REPORT, REPORT_MS);
		rc = report(w, e);
	}

	return rc;
}

/* What the time that passed gives to do. */
static enum rc
look_at_clock(struct work *w, struct err *e)
{
	enum rc rc = RC_OK;
	size_t n;

	if (w->duties[WORK_POLL].is_due) {
		do_again_in(w, WORK_POLL, w->opt.poll_ms);
		w->expand = w->lease = true;
	}
	if (clock_wall_ms(w->opt.clock) >= w->due_ms) {
		w->due_ms = INT64_MAX;
		w->lease = true;
	}
	if (w->duties[WORK_SWEEP].is_due) {
		do_again_in(w, WORK_SWEEP, SWEEP_MS);
		rc = store_recover(w->opt.store, clock_wall_ms(w->opt.clock),
		    &n, e);
		if (rc == RC_OK && n > 0)
			w->lease = true;
	}

	return rc;
}

static void
return_all(struct work_list *l)
{
	struct work_job *job;

	while ((job = l->first) != NULL) {
		if (job->at == WORK_RUNNING)
			job->bound->kind->cancel(job->bound->arg, job);
		work_end(job, STORE_RELEASE, 0, NULL);
	}
}

static void
return_jobs(struct work *w)
{
	size_t i;

	for (i = 0; i < w->nkinds; i++) {
		return_all(&w->kinds[i].queued);
		if (w->phase == WORK_GIVES_UP)
			return_all(&w->kinds[i].running);
	}
}

static enum rc
settle_or_lease(struct work *w, struct err *e)
{
	bool settles = is_time_to_settle(w);
	bool leases = w->lease && work_has_room(w);
	enum rc rc = RC_OK;

	/* Before anything more is started. */
	if (w->look || leases || settles)
		rc = work_refresh(w, e);
	if (rc == RC_OK && settles)
		work_exchange(w, NULL);
	else if (rc == RC_OK && leases)
		rc = work_lease(w, e);

	return rc;
}

/* New events become jobs, ends go out, due jobs come into the hand; what is
 * new goes along each time, or a queue that is always full would keep it
 * out. */
static enum rc
give_and_take(struct work *w, struct err *e)
{
	struct work_expansion *x = NULL;
	enum rc rc = RC_OK, settled;
	struct err why;

	if (w->expand && (w->leave == 0 || !is_time_to_settle(w)))
		rc = work_expand(w, &x, e);
	if (x != NULL) {
		work_exchange(w, x);
		return RC_OK;
	}
	/* What has ended does not wait for new events that cannot be read. */
	settled = settle_or_lease(w, &why);
	if (rc == RC_OK && settled != RC_OK)
		*e = why;

	return rc == RC_OK ? settled : rc;
}

static enum rc
trade(struct work *w, struct err *e)
{
	enum rc rc = work_exchanged(w, e);

	if (rc != RC_OK || work_exchange_is_open(w))
		return rc;
	if (w->phase != WORK_GOES_ON)
		return is_time_to_settle(w) ? work_settle(w, e) : RC_OK;
	rc = look_at_clock(w, e);

	return rc == RC_OK ? give_and_take(w, e) : rc;
}

/* Everything with the store in one turn.  After a failure the store is left
 * alone for a moment, while requests in flight go on. */
static enum rc
turn(struct work *w, struct err *e)
{
	enum rc rc;

	w->now_ms = clock_boot_ms(w->opt.clock);
	if (w->phase == WORK_STOPS && w->now_ms >= w->stop_by)
		w->phase = WORK_GIVES_UP;
	if (w->phase != WORK_GOES_ON)
		return_jobs(w);
	if (w->now_ms < w->pause_until)
		return RC_OK;

	rc = keep_up(w, e);
	if (rc == RC_OK)
		rc = trade(w, e);
	/* How an exchange ends is seen when it has. */
	if (rc == RC_OK && !work_exchange_is_open(w))
		w->trouble_since = 0;
	if (rc == RC_OK)
		return RC_OK;

	if (w->trouble_since == 0) {
		w->trouble_since = w->now_ms;
		log_say(LOG_LEVEL_WARN, "the store failed; trying again: %s",
		    e->text);
	}
	w->pause_until = clock_boot_ms(w->opt.clock) + PAUSE_MS;
	if (store_is_dead(w->opt.store))
		return rc;
	if (w->opt.once && w->now_ms - w->trouble_since > TROUBLE_MS)
		return rc;

	return RC_OK;
}

static bool
is_over(const struct work *w)
{
	bool is_empty = work_in_hand(w) == 0 && !work_exchange_is_open(w);

	if (w->phase != WORK_GOES_ON)
		return is_empty ||
		    w->now_ms >=
		    w->stop_by + (w->trouble_since == 0 ? LAST_SETTLE_MS : 0);

	return w->opt.once && is_empty && !w->expand && !w->lease &&
	    w->trouble_since == 0 &&
	    (w->due_ms == INT64_MAX ||
		w->due_ms - clock_wall_ms(w->opt.clock) >= SOON_MS);
}

static void
sooner(int64_t *ms, int64_t other)
{
	if (other < *ms)
		*ms = other;
}

static bool
is_due(const struct work *w, enum work_duty duty)
{
	return w->duties[duty].is_due;
}

/* When there is something to be done with the store next, as far as is known;
 * the timers of the duties run beside. */
static int64_t
next_ms(const struct work *w, int64_t now)
{
	int64_t at = INT64_MAX;

	if (w->phase != WORK_GOES_ON)
		at = w->queued > 0
		    ? now
		    : w->stop_by + (now < w->stop_by ? 0 : LAST_SETTLE_MS);
	if (is_due(w, WORK_RENEW) || is_due(w, WORK_REPORT))
		at = now;
	/* Its answer comes first, and ends the waiting. */
	if (work_exchange_is_open(w))
		return at;
	if (w->ended.n > 0)
		sooner(&at, is_time_to_settle(w) ? now : w->settle_by);
	if (w->phase != WORK_GOES_ON)
		return at;
	if (w->expand || (w->lease && work_has_room(w)) ||
	    is_due(w, WORK_SWEEP) || is_due(w, WORK_POLL))
		at = now;
	else if (w->lease && work_is_quiet(w))
		sooner(&at, w->quiet_until);
	if (w->due_ms != INT64_MAX)
		sooner(&at, now + w->due_ms - clock_wall_ms(w->opt.clock));

	return at;
}

/* How long the loop may wait; -1: until something happens. */
static int64_t
wait_ms(const struct work *w)
{
	int64_t now = clock_boot_ms(w->opt.clock), at = next_ms(w, now);

	if (at == INT64_MAX)
		return -1;
	if (at < w->pause_until)
		at = w->pause_until;

	return at > now ? at - now : 0;
}

/* One that runs once comes again, so it stays on the list. */
static void
report_end(struct work *w)
{
	struct err unused;

	w->seen.last_seen_ms = 0;
	w->seen.gone = !w->opt.once;
	w->seen.ended_ms = w->opt.once ? clock_wall_ms(w->opt.clock) : 0;
	if (w->trouble_since == 0)
		(void)report(w, &unused);
}

enum rc
work_run(struct work *w, struct err *e)
{
	enum rc rc;

	do {
		if (w->phase == WORK_GOES_ON)
			work_start_queued(w);
		/* What was started goes out here, before the store is asked
		 * for anything that may take long. */
		loop_turn(w->opt.loop, wait_ms(w));
		rc = turn(w, e);
		if (rc != RC_OK)
			return rc;
	} while (!is_over(w));
	report_end(w);

	return RC_OK;
}
