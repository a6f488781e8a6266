#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "store/store_sqlite_int.h"
#include "store/store_sqlite_owe.h"

#define LAPSED_AT_ONCE 500
#define ANSWER_MAX 1024

struct settle {
	struct store_result *v;
	size_t n;
	const char *worker;
	int64_t now_ms;
	struct store_flow flow;
};

static enum rc
put_attempt(struct lite_tx *tx, const struct settle *x,
    const struct store_result *r, const struct lite_job *job, struct err *e)
{
	const struct store_attempt *a = &r->attempt;
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_ATTEMPT_PUT);
	unsigned int number = job->tries + 1;

	if (number > LITE_ATTEMPTS_MAX)
		return RC_OK;
	lite_int(st, 1, job->id * (LITE_ATTEMPTS_MAX + 1) + number);
	lite_int(st, 2, job->target);
	lite_int(st, 3, a->started_ms);
	lite_int(st, 4, a->took_ms);
	lite_int(st, 5, a->class);
	lite_int(st, 6, a->code);
	lite_int(st, 7, a->request.timed_out);
	lite_int(st, 8, r->fenced);
	lite_text(st, 9, x->worker);
	lite_text(st, 10, a->text != NULL ? a->text : "");
	lite_text(st, 11, a->request.address != NULL ? a->request.address : "");
	lite_blob(st, 12, a->request.answersz > 0 ? a->request.answer : NULL,
	    a->request.answersz < ANSWER_MAX ? a->request.answersz
					     : ANSWER_MAX);
	lite_int(st, 13, a->request.times.name_us);
	lite_int(st, 14, a->request.times.connect_us);
	lite_int(st, 15, a->request.times.tls_us);
	lite_int(st, 16, a->request.times.first_byte_us);
	return lite_run(tx->conn, st, e);
}

/* The lease was not ours any more: what happened goes on record, the job
 * stays as whoever holds it now has it. */
static enum rc
put_fenced(struct lite_tx *tx, const struct settle *x, struct store_result *r,
    const struct lite_job *job, struct err *e)
{
	struct sqlite3_stmt *st;
	enum rc rc;

	r->fenced = true;
	lite_tally_sum(tx, LITE_SUM_FENCED, 1);
	if (r->verdict == STORE_RELEASE)
		return RC_OK;
	rc = put_attempt(tx, x, r, job, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(tx->conn, LITE_JOB_TRIED);
	lite_int(st, 1, job->id);
	return lite_run(tx->conn, st, e);
}

static enum breaker_sign
sign_of(const struct store_attempt *a, enum store_verdict verdict)
{
	return breaker_sign_of(a->request.no_destination,
	    verdict == STORE_DONE || a->code > 0);
}

/* One that was not begun: its token is there for another, and when it was
 * the probe another may be. */
static enum rc
count_unbegun(struct lite_tx *tx, const struct store_result *r,
    const struct lite_job *job, struct err *e)
{
	struct lite_target_change *t;
	enum rc rc;

	rc = lite_tally_target(tx, job->target, &t, e);
	if (rc != RC_OK)
		return rc;
	t->unused++;
	t->news.probe_lost = t->news.probe_lost || r->probe;
	return RC_OK;
}

static enum rc
count_call(struct lite_tx *tx, const struct settle *x,
    const struct store_result *r, const struct lite_job *job, struct err *e)
{
	const struct store_attempt *a = &r->attempt;
	const struct health_call call = { .failed = r->verdict != STORE_DONE,
		.timed_out = a->request.timed_out,
		.took_ms = a->took_ms,
		.disable_after_ms = a->request.disable_after_ms };
	struct lite_event_change *ev;
	struct lite_target_change *t;
	enum rc rc;

	if (a->class != STORE_CLASS_NONE) {
		rc = lite_tally_event(tx, job->event, &ev, e);
		if (rc != RC_OK)
			return rc;
		free(ev->error);
		ev->error = xstrdup(a->text != NULL ? a->text : "");
	}
	rc = lite_tally_target(tx, job->target, &t, e);
	if (rc != RC_OK)
		return rc;
	if (a->request.gone)
		t->gone = true;
	if (r->verdict == STORE_CANCEL) {
		/* Not held against it, but others wait for the probe's end. */
		if (r->probe)
			breaker_note(&t->news, sign_of(a, r->verdict), true);
		return RC_OK;
	}
	if (r->verdict == STORE_AGAIN)
		lite_tally_sum(tx, LITE_SUM_RETRIES, 1);
	if (r->verdict == STORE_DEAD)
		lite_tally_sum(tx, LITE_SUM_DEAD_LETTERS, 1);
	breaker_note(&t->news, sign_of(a, r->verdict), r->probe);
	if (a->code > 0) {
		t->answers[store_answer_bucket(a->took_ms)]++;
		t->answers_ms += a->took_ms;
	}
	health_note(&t->health, &call, x->now_ms);
	return RC_OK;
}

static void
judge(const struct settle *x, const struct store_result *r,
    const struct lite_job *was, struct lite_job *is)
{
	struct job j = lite_job_rules(was);

	job_settle(&j, (enum job_verdict)r->verdict, r->again_ms, x->now_ms);
	lite_job_become(was, &j, is);
}

/* Delivered, though an earlier one of its key had come to wait meanwhile: it
 * goes once more, behind that. */
static enum rc
judge_order(struct lite_tx *tx, const struct settle *x,
    const struct lite_job *was, struct lite_job *is, bool *overtaken,
    struct err *e)
{
	enum rc rc = RC_OK;
	struct job j;

	*overtaken = false;
	if (was->behind && is->state == STORE_STATE_DONE)
		rc = lite_order_is_overtaken(tx, was, overtaken, e);
	if (!*overtaken)
		return rc;
	j = lite_job_rules(is);
	job_redeliver(&j, x->now_ms);
	lite_job_become(was, &j, is);
	return RC_OK;
}

static bool
is_refusal(enum rc rc)
{
	return rc != RC_OK && rc != RC_BUSY && rc != RC_SYSTEM;
}

/* The same rows would be refused again: the job ends without them. */
static void
refuse(struct store_result *r, const struct err *e)
{
	r->refused = xstrdup(e->text);
	r->product = NULL;
	r->nowes = 0;
	r->verdict = STORE_DEAD;
	r->attempt.class = STORE_CLASS_US;
	r->attempt.text = r->refused;
}

/* Before the job has ended: the event that waits for what is owed here must
 * not end in between. */
static enum rc
put_product(struct lite_tx *tx, struct store_result *r,
    const struct lite_job *job, struct err *e)
{
	const struct lite_cause cause = lite_cause_of(tx, job);
	enum rc rc = RC_OK;
	size_t i;

	if (r->product == NULL && r->nowes == 0)
		return RC_OK;
	tx->new_work = true;
	if (r->product != NULL)
		rc = r->product->write(tx, job, r->product, e);
	for (i = 0; rc == RC_OK && i < r->nowes; i++)
		rc = lite_owe(tx, &cause, &r->owes[i], e);
	if (is_refusal(rc))
		refuse(r, e);
	return rc;
}

static enum rc
settle_one(struct lite_tx *tx, const struct settle *x, struct store_result *r,
    struct err *e)
{
	struct lite_event_change *ev;
	struct lite_job was, is;
	bool found, overtaken;
	enum rc rc;

	r->fenced = false;
	rc = lite_job_read(tx, r->job, &was, &found, e);
	if (rc != RC_OK)
		return rc;
	if (!found) {
		r->fenced = true;
		lite_tally_sum(tx, LITE_SUM_FENCED, 1);
		return RC_OK;
	}
	if (was.state != STORE_LEASED || was.token != r->token)
		return put_fenced(tx, x, r, &was, e);
	judge(x, r, &was, &is);
	if (r->verdict == STORE_RELEASE) {
		rc = lite_job_move(tx, &was, &is, NULL, e);
		return rc == RC_OK ? count_unbegun(tx, r, &was, e) : rc;
	}

	rc = judge_order(tx, x, &was, &is, &overtaken, e);
	/* An overtaken job runs again, and its last end writes the product. */
	if (rc == RC_OK && !overtaken)
		rc = put_product(tx, r, &was, e);
	if (rc == RC_OK)
		rc = put_attempt(tx, x, r, &was, e);
	if (rc == RC_OK)
		rc = lite_job_move(tx, &was, &is, &r->attempt, e);
	if (rc == RC_OK)
		rc = count_call(tx, x, r, &was, e);
	if (rc == RC_OK && was.attempt > 1) {
		rc = lite_tally_event(tx, was.event, &ev, e);
		if (rc == RC_OK)
			event_change_attempt(&ev->jobs, was.attempt);
	}
	return rc;
}

enum rc
lite_settle_in(struct lite_tx *tx, struct store_result *v, size_t n,
    const char *worker, int64_t now_ms, struct err *e)
{
	const struct settle x = { .v = v,
		.n = n,
		.worker = worker,
		.now_ms = now_ms };
	enum rc rc = RC_OK;
	size_t i;

	tx->now_ms = now_ms;
	for (i = 0; rc == RC_OK && i < n; i++)
		rc = settle_one(tx, &x, &v[i], e);
	return rc;
}

static enum rc
run_settle(struct lite_tx *tx, void *arg, struct err *e)
{
	const struct settle *x = arg;

	tx->flow = x->flow;
	return lite_settle_in(tx, x->v, x->n, x->worker, x->now_ms, e);
}

static size_t
count_refused(const struct store_result *v, size_t n)
{
	size_t i, refused = 0;

	for (i = 0; i < n; i++)
		refused += v[i].refused != NULL;
	return refused;
}

/* A refusal undoes the whole transaction, and there may be one for each
 * result. */
enum rc
lite_settle_commit(struct lite *l, lite_op_run *run, void *arg,
    const struct store_result *v, size_t n, struct err *e)
{
	size_t refused;
	enum rc rc;

	do {
		refused = count_refused(v, n);
		rc = lite_commit_now(l, run, arg, e);
	} while (is_refusal(rc) && count_refused(v, n) > refused);
	return rc;
}

enum rc
lite_settle(void *impl, struct store_result *v, size_t n, const char *worker,
    int64_t now_ms, struct err *e)
{
	struct settle x = { v, n, worker, now_ms, lite_flow_now(impl) };

	if (n == 0)
		return RC_OK;
	return lite_settle_commit(impl, run_settle, &x, v, n, e);
}

struct renew {
	const struct store_lease *const *v;
	size_t n;
	int64_t hold_ms;
	bool *ok;
};

static enum rc
run_renew(struct lite_tx *tx, void *arg, struct err *e)
{
	struct renew *x = arg;
	int64_t until_ms = clock_boot_ms(tx->lite->clock) + x->hold_ms;
	struct sqlite3_stmt *st;
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < x->n; i++) {
		st = lite_stmt(tx->conn, LITE_JOB_RENEW);
		lite_int(st, 1, x->v[i]->job);
		lite_int(st, 2, x->v[i]->token);
		lite_int(st, 3, until_ms);
		rc = lite_run(tx->conn, st, e);
		x->ok[i] = rc == RC_OK && lite_changes(tx->conn) == 1;
	}
	return rc;
}

enum rc
lite_renew(void *impl, const struct store_lease *const *v, size_t n,
    int64_t hold_ms, bool *ok, struct err *e)
{
	struct renew x = { v, n, hold_ms, ok };

	if (n == 0)
		return RC_OK;
	return lite_commit_now(impl, run_renew, &x, e);
}

struct recover {
	int64_t now_ms;
	size_t n;
};

static enum rc
find_lapsed(struct lite *l, struct lite_conn *c, size_t max,
    struct lite_ids *out, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_JOB_LAPSED);

	lite_int(st, 1, clock_boot_ms(l->clock));
	lite_int(st, 2, l->boot);
	lite_int(st, 3, (int64_t)max);
	return lite_ids(c, st, out, e);
}

/*
 * Nobody answered for it in time.  Among several one cannot tell whose fault
 * that was: it is tried alone from now on, and only when it lapses alone is
 * it counted.  The attempt is given back, deaths bound them.
 */
static enum rc
lapse(struct lite_tx *tx, const struct lite_job *was, int64_t now_ms,
    struct err *e)
{
	const struct store_attempt end = { .class = STORE_CLASS_US,
		.text = "its worker died three times while it ran alone" };
	struct job j = lite_job_rules(was);
	struct lite_event_change *ev;
	struct lite_target_change *t;
	struct lite_job is;
	enum rc rc;

	lite_tally_sum(tx, LITE_SUM_LAPSES, 1);
	rc = lite_tally_target(tx, was->target, &t, e);
	if (rc != RC_OK)
		return rc;
	t->news.probe_lost = true;
	job_lapse(&j, was->alone, now_ms);
	lite_job_become(was, &j, &is);
	if (is.state == STORE_STATE_DEAD) {
		lite_tally_sum(tx, LITE_SUM_DEAD_LETTERS, 1);
		rc = lite_job_move(tx, was, &is, &end, e);
		if (rc == RC_OK)
			rc = lite_tally_event(tx, was->event, &ev, e);
		if (rc == RC_OK) {
			free(ev->error);
			ev->error = xstrdup(end.text);
		}
		return rc;
	}
	return lite_job_move(tx, was, &is, NULL, e);
}

static enum rc
run_recover(struct lite_tx *tx, void *arg, struct err *e)
{
	struct recover *x = arg;
	struct lite_ids ids;
	struct lite_job job;
	bool found;
	enum rc rc;
	size_t i;

	x->n = 0;
	tx->now_ms = x->now_ms;
	rc = find_lapsed(tx->lite, tx->conn, LAPSED_AT_ONCE, &ids, e);
	for (i = 0; rc == RC_OK && i < ids.n; i++) {
		rc = lite_job_read(tx, ids.v[i], &job, &found, e);
		if (rc == RC_OK && found)
			rc = lapse(tx, &job, x->now_ms, e);
		x->n++;
	}
	lite_ids_fini(&ids);
	return rc;
}

enum rc
lite_recover(void *impl, int64_t now_ms, size_t *n, struct err *e)
{
	struct lite *l = impl;
	struct recover x = { now_ms, 0 };
	struct lite_conn *c;
	struct lite_ids ids;
	enum rc rc;

	*n = 0;
	rc = lite_order_skip(l, e);
	if (rc == RC_OK)
		rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	rc = find_lapsed(l, c, 1, &ids, e);
	lite_reader_give(l, c);
	if (rc != RC_OK)
		return rc;
	while (rc == RC_OK && ids.n > 0) {
		rc = lite_commit_now(l, run_recover, &x, e);
		if (rc == RC_OK)
			*n += x.n;
		if (x.n < LAPSED_AT_ONCE)
			break;
	}
	lite_ids_fini(&ids);
	return rc;
}
