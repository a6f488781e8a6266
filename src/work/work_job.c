#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/meter.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "store/store_metrics.h"
#include "work/work_int.h"

#define LABELS_MAX 1024

/* Adds one to the jobs of that state, or takes one away. */
static void
count(struct work *w, const struct work_job *job, size_t by)
{
	switch (job->at) {
	case WORK_QUEUED:
		w->queued += by;
		break;
	case WORK_RUNNING:
		w->running += by;
		break;
	case WORK_ENDED:
		job->bound->ended += by;
		break;
	case WORK_SETTLING:
		break;
	}
}

void
work_list_put(struct work *w, enum work_state at, struct work_job *job)
{
	struct work_list *l = work_list_of(w, job->bound, at);

	job->at = at;
	count(w, job, 1);
	job->next = NULL;
	job->prev = l->last;
	*l->last = job;
	l->last = &job->next;
	l->n++;
}

void
work_list_drop(struct work *w, struct work_job *job)
{
	struct work_list *l = work_list_of(w, job->bound, job->at);

	count(w, job, (size_t)-1);
	*job->prev = job->next;
	if (job->next != NULL)
		job->next->prev = job->prev;
	else
		l->last = job->prev;
	l->n--;
}

void
work_forget(struct work *w, struct work_job *job)
{
	if (job->at < WORK_ENDED)
		job->bound->kind->drop(job->bound->arg, job);
	else
		job->bound->kind->settled(job->bound->arg, job);
	if (w->alone == job)
		w->alone = NULL;
	work_list_drop(w, job);
	free(job->lease.target);
	event_free(job->lease.event);
	free(job->text);
	free(job->address);
	free(job->answer);
	free(job->result.refused);
	free(job);
}

static void
log_event(struct log_line *line, const struct event *ev)
{
	log_str(line, "event_id", ev->public_id);
	log_str(line, "delivery_id", ev->delivery_id);
	log_str(line, "event_type", ev->type);
	log_str(line, "repository", ev->repository);
}

static void
log_attempt(const struct work_job *job, enum store_verdict verdict,
    const struct store_attempt *a)
{
	static const char *const said[] = {
		[STORE_DONE] = "done",
		[STORE_AGAIN] = "to be tried again",
		[STORE_DEAD] = "given up",
		[STORE_CANCEL] = "cancelled",
		[STORE_RELEASE] = "put back",
	};
	const struct store_lease *l = &job->lease;
	struct log_line line;

	log_begin(&line,
	    verdict == STORE_DEAD        ? LOG_LEVEL_ERROR
		: verdict == STORE_AGAIN ? LOG_LEVEL_WARN
					 : LOG_LEVEL_INFO,
	    said[verdict]);
	log_int(&line, "job_id", l->job);
	log_str(&line, "kind", store_kind_name(l->kind));
	if (l->event != NULL)
		log_event(&line, l->event);
	log_str(&line, l->kind == STORE_DELIVER ? "webhook_id" : "target",
	    l->target);
	log_int(&line, "attempt", l->attempt);
	if (a->code != 0)
		log_int(&line, l->kind == STORE_DELIVER ? "status" : "code",
		    a->code);
	log_int(&line, "processing_time_ms", a->took_ms);
	log_str(&line, "error",
	    job->log_text == NULL ? a->text : job->log_text);
	log_end(&line);
}

/* The texts go with the job; the request is a delivery's alone. */
static void
keep_attempt(struct work_job *job, const struct store_attempt *a)
{
	struct store_attempt *kept = &job->result.attempt;
	const struct store_request *req = &a->request;

	*kept = *a;
	kept->text = job->text = xstrdup(a->text);
	if (req->address != NULL)
		kept->request.address = job->address = xstrdup(req->address);
	kept->request.answer = NULL;
	if (req->answersz > 0)
		kept->request.answer = job->answer =
		    xmemdup0(req->answer, req->answersz);
}

/* The store may refuse what comes with it: the log waits for its answer. */
static bool
is_more_than_an_end(const struct store_result *r)
{
	return r->product != NULL || r->nowes > 0;
}

void
work_end(struct work_job *job, enum store_verdict verdict, int64_t again_ms,
    const struct store_attempt *a)
{
	struct work *w = job->work;
	struct store_result *r = &job->result;

	assert(job->at < WORK_ENDED);
	memset(r, 0, sizeof(*r));
	r->job = job->lease.job;
	r->token = job->lease.token;
	r->verdict = verdict;
	r->probe = job->lease.probe;
	r->again_ms = again_ms;
	if (verdict != STORE_RELEASE) {
		keep_attempt(job, a);
		r->product = job->product;
		r->owes = job->owes;
		r->nowes = job->nowes;
		if (!is_more_than_an_end(r))
			log_attempt(job, verdict, a);
	}
	job->log_text = NULL;
	if (w->ended.n == 0)
		w->settle_by = clock_boot_ms(w->opt.clock) + WORK_GROUP_WAIT;
	if (w->alone == job)
		w->quiet_until = 0;
	work_list_drop(w, job);
	work_list_put(w, WORK_ENDED, job);
	job->bound->kind->drop(job->bound->arg, job);
}

size_t
work_results(const struct work *w, struct store_result *v, size_t max)
{
	const struct work_job *job = w->ended.first;
	size_t n = 0;

	for (; job != NULL && n < max; job = job->next)
		v[n++] = job->result;

	return n;
}

static struct meter_figure *
find_ends(struct work *w, enum store_kind kind, enum store_verdict verdict)
{
	static const char *const names[STORE_VERDICTS] = {
		[STORE_DONE] = "done",
		[STORE_AGAIN] = "retry",
		[STORE_DEAD] = "dead",
		[STORE_CANCEL] = "cancelled",
	};
	struct meter_figure **f = &w->ends[kind][verdict];
	struct buf labels;

	if (*f != NULL)
		return *f;
	buf_init(&labels, LABELS_MAX);
	meter_label(&labels, "worker_id", w->worker);
	meter_label(&labels, "kind", store_kind_name(kind));
	meter_label(&labels, "status", names[verdict]);
	*f = meter_find(w->opt.meter, STORE_WORKER_JOBS, buf_str(&labels),
	    METER_PLAIN);
	buf_fini(&labels);
	return *f;
}

static void
count_end(struct work *w, const struct work_job *job)
{
	enum store_verdict verdict = job->result.verdict;

	if (verdict == STORE_DONE)
		w->done++;
	else if (verdict == STORE_AGAIN || verdict == STORE_DEAD)
		w->failed++;
	if (w->opt.meter != NULL && verdict != STORE_RELEASE)
		meter_add(find_ends(w, job->lease.kind, verdict), 1);
}

void
work_results_put(struct work *w, enum work_state at,
    const struct store_result *v, size_t n)
{
	struct work_job *job = work_list_of(w, NULL, at)->first;
	size_t i;

	for (i = 0; i < n; i++, job = job->next)
		job->result = v[i];
}

/* The end of the job is on record. */
static void
note_end(struct work *w, const struct work_job *job)
{
	const struct store_result *r = &job->result;

	count_end(w, job);
	if (r->refused != NULL || is_more_than_an_end(r))
		log_attempt(job, r->verdict, &r->attempt);
	if ((r->verdict == STORE_AGAIN || r->verdict == STORE_RELEASE) &&
	    r->again_ms > 0 && r->again_ms < w->due_ms)
		w->due_ms = r->again_ms;
}

void
work_settled(struct work *w, enum work_state at, size_t n)
{
	const struct work_list *l = work_list_of(w, NULL, at);
	const struct store_result *r;
	size_t i;

	for (i = 0; i < n; i++) {
		r = &l->first->result;
		if (r->fenced)
			log_say(LOG_LEVEL_DEBUG,
			    "another drain held job %lld when it ended here",
			    (long long)r->job);
		else
			note_end(w, l->first);
		if (r->verdict != STORE_DONE)
			w->look = true;
		/* A failure may have left a notice to tell. */
		if (r->verdict != STORE_DONE && r->verdict != STORE_RELEASE)
			w->expand = true;
		work_forget(w, l->first);
	}
	/* What was left out for them may be taken. */
	w->lease = true;
}

/* One group, oldest first. */
static enum rc
settle_group(struct work *w, struct err *e)
{
	struct store_result v[WORK_GROUP];
	size_t n = work_results(w, v, WORK_GROUP);
	enum rc rc;

	rc = store_settle(w->opt.store, v, n, w->worker,
	    clock_wall_ms(w->opt.clock), e);
	work_results_put(w, WORK_ENDED, v, n);
	if (rc == RC_OK)
		work_settled(w, WORK_ENDED, n);

	return rc;
}

enum rc
work_settle(struct work *w, struct err *e)
{
	enum rc rc;

	while (w->ended.n > 0) {
		rc = settle_group(w, e);
		if (rc != RC_OK)
			return rc;
	}

	return RC_OK;
}

/* A job whose lease is lost is nobody's business here any more, unless it
 * runs: then its end is put on record, and fenced. */
static void
renewed(struct work *w, struct work_job *job, bool ok, int64_t until_ms)
{
	if (ok)
		job->lease.until_ms = until_ms;
	else if (job->at == WORK_QUEUED)
		work_forget(w, job);
}

struct renewal {
	const struct store_lease *v[WORK_GROUP];
	struct work_job *jobs[WORK_GROUP];
	size_t n;
};

/* Those of the list whose lease has used up a third of its time. */
static void
gather(const struct work *w, const struct work_list *l, struct renewal *r)
{
	int64_t soon = clock_boot_ms(w->opt.clock) + w->opt.lease_ms * 2 / 3;
	struct work_job *job;

	for (job = l->first; job != NULL && r->n < WORK_GROUP;
	     job = job->next) {
		if (job->lease.until_ms > soon)
			continue;
		r->jobs[r->n] = job;
		r->v[r->n++] = &job->lease;
	}
}

static void
gather_all(const struct work *w, struct renewal *r)
{
	size_t i;

	r->n = 0;
	for (i = 0; i < w->nkinds; i++) {
		gather(w, &w->kinds[i].queued, r);
		gather(w, &w->kinds[i].running, r);
	}
	gather(w, &w->ended, r);
}

enum rc
work_renew(struct work *w, struct err *e)
{
	int64_t hold = w->opt.lease_ms, boot = clock_boot_ms(w->opt.clock);
	struct renewal r;
	bool ok[WORK_GROUP];
	size_t i;
	enum rc rc;

	do {
		gather_all(w, &r);
		if (r.n == 0)
			return RC_OK;
		rc = store_renew(w->opt.store, r.v, r.n, hold, ok, e);
		if (rc != RC_OK)
			return rc;
		/* A running job that was lost is not asked for again. */
		for (i = 0; i < r.n; i++)
			renewed(w, r.jobs[i],
			    ok[i] || r.jobs[i]->at != WORK_QUEUED, boot + hold);
	} while (r.n == WORK_GROUP);

	return RC_OK;
}
