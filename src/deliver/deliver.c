#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/log.h"
#include "base/strlist.h"
#include "base/url.h"
#include "base/xalloc.h"
#include "core/backoff.h"
#include "core/event.h"
#include "core/judge.h"
#include "core/outcome.h"
#include "core/redact.h"
#include "core/webhook.h"
#include "deliver/deliver.h"
#include "deliver/deliver_dest.h"
#include "deliver/deliver_notice.h"
#include "deliver/deliver_req.h"
#include "net/httpc.h"
#include "store/store_admin.h"
#include "store/store_work.h"
#include "work/work.h"
#include "work/work_body.h"

#define KEEP 1024             /* bytes of an answer that go on record */
#define ANSWER_MAX (64 << 10) /* bytes of it that are read */
#define SHORT_MS 5000         /* a pause when this host lacks something */

struct deliver {
	struct deliver_options opt;
	struct store_webhooks webhooks;
	int64_t version;     /* of the registrations; -1: none read yet */
	struct judge *match; /* of webhooks */
	int64_t blocked;     /* of the list of those that are */
	struct deliver_dests *dests;
};

/* One request under way; the job's state. */
struct attempt {
	struct deliver *d;
	struct work_job *job;
	struct deliver_dest *dest;
	const struct work_body *body;
	struct deliver_req req;
	char *url; /* as it was when it was sent */
	struct httpc_call *call;
	int64_t started_ms;
};

static void
set_flow(const struct deliver *d)
{
	const struct store_flow flow = { .rate = d->opt.rate_limit,
		.max_in_flight = d->opt.max_in_flight,
		.failures = d->opt.breaker_failures,
		.open_ms = d->opt.breaker_open_ms,
		.retry_schedule = d->opt.retry_schedule,
		.nretries = d->opt.nretries };

	store_flow(d->opt.store, &flow);
}

struct deliver *
deliver_new(const struct deliver_options *opt)
{
	struct deliver *d = xcalloc(1, sizeof(*d));

	d->opt = *opt;
	d->version = d->blocked = -1;
	d->dests = deliver_dests_new(opt->http, opt->policy);
	set_flow(d);

	return d;
}

void
deliver_free(struct deliver *d)
{
	if (d == NULL)
		return;
	deliver_dests_free(d->dests);
	judge_free(d->match);
	if (d->version >= 0)
		store_webhooks_free(&d->webhooks);
	free(d);
}

void
deliver_change(struct deliver *d, const struct deliver_options *opt)
{
	d->opt = *opt;
	set_flow(d);
	if (d->version >= 0)
		deliver_dests_refresh(d->dests, &d->webhooks,
		    (size_t)d->opt.max_in_flight);
}

static enum rc
refresh_blocked(struct deliver *d, struct err *e)
{
	struct strlist ids;
	bool changed;
	enum rc rc;

	rc = store_blocked(d->opt.store, &d->blocked, &ids, &changed, e);
	if (rc == RC_OK && changed)
		deliver_dests_block(d->dests, &ids);

	return rc;
}

/* Its deliveries wait until somebody has mended it. */
static void
tell_damaged(const struct store_webhooks *l)
{
	struct log_line line;
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (l->v[i]->damage == NULL)
			continue;
		log_begin(&line, LOG_LEVEL_ERROR,
		    "a webhook's secrets cannot be decrypted; its deliveries "
		    "wait");
		log_str(&line, "webhook_id", l->v[i]->id);
		log_str(&line, "error", l->v[i]->damage);
		log_end(&line);
	}
}

static enum rc
read_body(void *arg, const struct event *ev, char **body, size_t *n,
    struct err *e)
{
	return store_payload(arg, ev->id, body, n, e);
}

static enum rc
refresh(void *arg, struct err *e)
{
	static const struct store_webhook_filter all = { .enabled = -1,
		.health = -1 };
	struct deliver *d = arg;
	struct store_webhooks now, was = d->webhooks;
	int64_t version = d->version;
	struct err ignored;
	enum rc rc;

	deliver_dests_trim(d->dests, clock_boot_ms(d->opt.clock));
	rc = refresh_blocked(d, e);
	if (rc == RC_OK)
		rc = store_webhooks_version(d->opt.store, &version, e);
	if (rc != RC_OK || version == d->version)
		return rc;
	rc = store_webhook_list(d->opt.store, &all, &now, e);
	if (rc != RC_OK)
		return rc;
	d->webhooks = now;
	judge_free(d->match);
	d->match = judge_new(d->webhooks.v, d->webhooks.n,
	    &(const struct judge_bodies){ read_body, d->opt.store });
	deliver_dests_refresh(d->dests, &d->webhooks,
	    (size_t)d->opt.max_in_flight);
	if (d->version >= 0)
		store_webhooks_free(&was);
	tell_damaged(&d->webhooks);
	/* What fails here is put down at the next change. */
	(void)store_webhook_mark(d->opt.store, &d->webhooks, &ignored);
	/* A change between the two readings shows as another version. */
	d->version = version;

	return RC_OK;
}

static enum rc
owes(void *arg, const struct event *ev, struct work_owed *o, struct err *e)
{
	const struct deliver *d = arg;
	struct judge_verdict verdict;
	enum rc rc = RC_OK;
	size_t i;

	judge_begin(d->match, ev);
	for (i = 0; rc == RC_OK && i < d->webhooks.n; i++) {
		rc = judge_webhook(d->match, i, &verdict, e);
		if (rc == RC_OK && verdict.wants)
			work_owe(o, d->webhooks.v[i]->id, verdict.order_key);
		else if (rc == RC_OK)
			work_pass(o, judge_passed(&verdict));
	}
	judge_end(d->match);
	return rc;
}

static enum rc
tell(void *arg, bool *more, struct err *e)
{
	struct deliver *d = arg;
	struct store_notices l;
	enum rc rc;

	*more = false;
	rc = store_notices(d->opt.store, DELIVER_NOTICES_MAX, &l, e);
	if (rc != RC_OK || l.n == 0)
		return rc;
	*more = l.n == DELIVER_NOTICES_MAX;
	rc = refresh(d, e);
	if (rc == RC_OK)
		rc = deliver_notice_tell(d->opt.store, &l, &d->webhooks,
		    d->opt.sources, e);
	store_notices_free(&l);

	return rc;
}

static bool
want(void *arg, const struct work_hand *hand, struct store_lease_want *out)
{
	struct deliver *d = arg;

	return deliver_dests_want(d->dests, hand, out);
}

static void
hold(void *arg, struct work_job *job)
{
	struct deliver *d = arg;

	deliver_dest_get(d->dests, job->lease.target)->held++;
}

static void
drop(void *arg, struct work_job *job)
{
	struct deliver *d = arg;

	deliver_dest_get(d->dests, job->lease.target)->held--;
}

static void
settled(void *arg, const struct work_job *job)
{
	struct deliver *d = arg;

	if (job->result.attempt.request.no_destination)
		deliver_dest_told(
		    deliver_dest_get(d->dests, job->lease.target));
}

/* With so many failures behind it that its breaker may be open, as only the
 * store can tell. */
static bool
is_unsure(const struct deliver *d, const struct deliver_dest *dest)
{
	return d->opt.breaker_failures > 0 && dest->untold > 0 &&
	    dest->failures >= d->opt.breaker_failures;
}

static void
attempt_free(struct attempt *a, int64_t took_ms, enum deliver_dest_end end)
{
	deliver_dest_close(a->d->dests, a->dest, clock_boot_ms(a->d->opt.clock),
	    took_ms, end);
	deliver_req_fini(&a->req);
	work_body_release(work_bodies(a->job->work), a->body);
	a->job->state = NULL;
	free(a->url);
	free(a);
}

/*
 * A name that leads to a denied address ends as one that does not resolve:
 * else whoever registers webhooks learns from the attempts which names this
 * host can resolve.
 */
static enum outcome_end
outcome_end_of(const struct httpc_answer *answer)
{
	static const enum outcome_end ends[HTTPC_ENDS] = {
		[HTTPC_COMPLETE] = OUTCOME_ANSWERED,
		[HTTPC_CUT] = OUTCOME_ANSWERED,
		[HTTPC_DENIED] = OUTCOME_DENIED,
		[HTTPC_TIMEOUT] = OUTCOME_TIMEOUT,
		[HTTPC_NOT_IN_TIME] = OUTCOME_CONNECT_TIMEOUT,
		[HTTPC_REFUSED] = OUTCOME_REFUSED,
		[HTTPC_DNS] = OUTCOME_UNRESOLVED,
		[HTTPC_TLS] = OUTCOME_TLS,
		[HTTPC_BROKEN] = OUTCOME_RESET,
		[HTTPC_PROTOCOL] = OUTCOME_MALFORMED,
		[HTTPC_LOCAL] = OUTCOME_OURS,
		[HTTPC_SHORT] = OUTCOME_OURS,
	};

	if (answer->end == HTTPC_DENIED && answer->by_name)
		return OUTCOME_UNRESOLVED;
	return ends[answer->end];
}

/* For the log, which only the administrator of this host reads. */
static const char *
exact_text(const struct httpc_answer *answer)
{
	return answer->end == HTTPC_DENIED ? "the name's address is not allowed"
					   : answer->text;
}

/* The job's fate after a failed attempt: the schedule's next time, or the
 * end of it. */
static enum store_verdict
retry(const struct deliver *d, const struct webhook *w,
    const struct work_job *job, int64_t not_before_ms, int64_t *again_ms)
{
	const int64_t *schedule = d->opt.retry_schedule;
	size_t n = d->opt.nretries;
	uint32_t random;

	if (w != NULL && w->retry_schedule != NULL) {
		schedule = w->retry_schedule;
		n = w->nretries;
	}
	crypt_random(&random, sizeof(random));
	if (backoff_next(schedule, n, job->lease.attempt,
		clock_wall_ms(d->opt.clock), not_before_ms, random, again_ms))
		return STORE_AGAIN;

	return STORE_DEAD;
}

static int64_t
part(int64_t us)
{
	return us < 0 ? 0 : us == 0 ? 1 : us;
}

static struct store_times
times_of(const struct httpc_times *t)
{
	const struct store_times times = { part(t->name_us),
		part(t->connect_us), part(t->tls_us), part(t->first_byte_us) };

	return times;
}

/* No attempt: nothing was sent, and the receiver had no part in it. */
static void
put_back(struct attempt *a, const struct httpc_answer *answer)
{
	struct work_job *job = a->job;
	int64_t again_ms = clock_wall_ms(a->d->opt.clock) + SHORT_MS;
	struct log_line line;

	log_begin(&line, LOG_LEVEL_WARN,
	    "a delivery waits: this host lacks a resource; no attempt is used");
	log_int(&line, "job_id", job->lease.job);
	log_str(&line, "webhook_id", job->lease.target);
	log_str(&line, "error", answer->text);
	log_end(&line);
	attempt_free(a, a->dest->took_ms, DELIVER_DEST_REFUSED);
	work_end(job, STORE_RELEASE, again_ms, NULL);
}

/* "the receiver redirects (308) to https://host/first/..., which is not
 * followed": the rest of the path, and the query, may be secrets. */
static void
tell_redirect(const struct httpc_answer *answer, char *text, size_t size)
{
	struct url u;
	struct err e;
	size_t first;

	if (answer->location[0] == '/' && answer->location[1] != '/') {
		(void)snprintf(text, size,
		    "the receiver redirects (%d) to another path on the same "
		    "host, which is not followed",
		    answer->status);
		return;
	}
	if (url_parse(answer->location, &u, &e) != RC_OK)
		return;
	first = strcspn(u.target + 1, "/?") + 1;
	(void)snprintf(text, size,
	    "the receiver redirects (%d) to %s://%s%s%s:%u%.*s%s, which is not "
	    "followed",
	    answer->status, u.scheme, u.is_ipv6 ? "[" : "", u.host,
	    u.is_ipv6 ? "]" : "", (unsigned int)u.port,
	    (int)(first > 64 ? 64 : first), u.target,
	    u.target[first] == '\0' ? "" : "...");
	url_fini(&u);
}

/* What becomes of the job is logged by the loop; these are the steps. */
static void
log_step(const struct work_job *job, const char *step,
    const struct httpc_answer *answer)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_DEBUG, step);
	log_int(&line, "job_id", job->lease.job);
	log_str(&line, "event_id", job->lease.event->public_id);
	log_str(&line, "webhook_id", job->lease.target);
	log_int(&line, "attempt", job->lease.attempt);
	if (answer != NULL) {
		log_str(&line, "address", answer->address);
		log_int(&line, "status", answer->status);
		log_int(&line, "name_us", answer->times.name_us);
		log_int(&line, "connect_us", answer->times.connect_us);
		log_int(&line, "tls_us", answer->times.tls_us);
		log_int(&line, "first_byte_us", answer->times.first_byte_us);
		log_int(&line, "answer_bytes", (int64_t)answer->bodysz);
		log_int(&line, "processing_time_ms", answer->took_ms);
		log_str(&line, "error", answer->text);
	}
	log_end(&line);
}

static void
on_done(void *arg, const struct httpc_answer *answer)
{
	struct attempt *a = arg;
	struct deliver *d = a->d;
	struct work_job *job = a->job;
	enum outcome_end end = outcome_end_of(answer);
	struct outcome o = outcome_of(end, answer->status);
	struct store_attempt told = { .started_ms = a->started_ms,
		.took_ms = answer->took_ms,
		.class = (enum store_class)o.class,
		.code = o.code,
		.text = o.text,
		.request = { .times = times_of(&answer->times),
		    .address = answer->address,
		    .timed_out = o.timed_out,
		    .gone = o.verdict == OUTCOME_GONE,
		    .no_destination = outcome_is_destination(&o),
		    .disable_after_ms = d->opt.disable_after_ms } };
	enum store_verdict verdict = STORE_DONE;
	int64_t again_ms = 0, not_before_ms = 0;
	char redirect[512];
	struct buf kept;

	log_step(job, "attempt ended", answer);
	if (answer->end == HTTPC_SHORT) {
		put_back(a, answer);
		return;
	}
	/* Without the registration nobody knows what to cut. */
	buf_init(&kept, KEEP);
	if (a->dest->webhook != NULL)
		redact_answer(a->dest->webhook,
		    &(const struct redact_sent){ a->url,
			a->req.headers + a->req.custom, a->req.ncustom },
		    answer->body, answer->bodysz, &kept);
	told.request.answer = kept.data;
	told.request.answersz = kept.len;
	/* What we could not even try says nothing of it. */
	if (answer->end == HTTPC_LOCAL)
		told.request.disable_after_ms = 0;
	/* More exact than the kind of the failure. */
	if (end == OUTCOME_UNRESOLVED)
		job->log_text = exact_text(answer);
	else if (answer->status == 0 && end != OUTCOME_DENIED)
		told.text = answer->text;
	if (answer->status >= 300 && answer->status < 400 &&
	    answer->location[0] != '\0') {
		(void)snprintf(redirect, sizeof(redirect), "%s", o.text);
		tell_redirect(answer, redirect, sizeof(redirect));
		told.text = redirect;
	}
	if (o.obeys_retry_after)
		not_before_ms = backoff_retry_after(answer->retry_after,
		    clock_wall_ms(d->opt.clock));
	if (o.verdict == OUTCOME_GONE)
		verdict = STORE_DEAD;
	else if (o.verdict == OUTCOME_AGAIN)
		verdict =
		    retry(d, a->dest->webhook, job, not_before_ms, &again_ms);
	attempt_free(a, answer->took_ms,
	    verdict == STORE_DONE             ? DELIVER_DEST_DONE
		: told.request.no_destination ? DELIVER_DEST_FAILED
					      : DELIVER_DEST_REFUSED);
	/* Who made a test is told, and nobody else has to look at it. */
	if (verdict != STORE_DONE && event_is_test(job->lease.event))
		verdict = STORE_CANCEL;
	work_end(job, verdict, again_ms, &told);
	buf_fini(&kept);
}

/* Ends a job that no request is made for. */
static enum work_start
end_unsent(const struct deliver *d, struct work_job *job,
    enum store_verdict verdict, const char *text)
{
	const struct store_attempt told = {
		.started_ms = clock_wall_ms(d->opt.clock),
		.class = STORE_CLASS_US,
		.text = text,
	};

	work_end(job, verdict, 0, &told);

	return WORK_STARTED;
}

static void
send_request(struct deliver *d, struct attempt *a)
{
	const struct webhook *w = a->dest->webhook;
	int64_t timeout_ms =
	    w->timeout_ms < 0 ? d->opt.timeout_ms : w->timeout_ms;
	const struct httpc_request req = { .url = a->url,
		.method = "POST",
		.headers = a->req.headers,
		.nheaders = a->req.nheaders,
		.body = a->req.body,
		.bodysz = a->req.bodysz,
		.connect_timeout_ms = d->opt.connect_timeout_ms < timeout_ms
		    ? d->opt.connect_timeout_ms
		    : timeout_ms,
		.timeout_ms = timeout_ms,
		/* A receiver may think for as long as it may take. */
		.idle_ms = timeout_ms > 15000 ? timeout_ms : 15000,
		.keep = KEEP,
		.body_max = ANSWER_MAX,
		/* One probe is one request, whatever becomes of it. */
		.once = a->job->lease.probe,
		.done = on_done,
		.arg = a };

	a->call = httpc_start(
	    deliver_dest_open(d->dests, a->dest, clock_boot_ms(d->opt.clock)),
	    &req);
}

/* There is no such webhook in the copy: it was deleted, or is newer than the
 * copy, and then its job is put back until that is read anew. */
static enum work_start
start_unknown(const struct deliver *d, struct work_job *job)
{
	struct webhook *w;
	struct err e;
	enum rc rc =
	    store_webhook_find(d->opt.store, job->lease.target, &w, &e);

	if (rc == RC_NOTFOUND)
		return end_unsent(d, job, STORE_CANCEL,
		    "the webhook was deleted");
	if (rc == RC_OK)
		webhook_free(w);
	work_end(job, STORE_RELEASE, 0, NULL);

	return WORK_STARTED;
}

static bool
make_form(void *arg, int form, const void *body, size_t n, struct buf *out)
{
	return deliver_req_make(arg, (enum deliver_form)form, body, n, out);
}

/* The body in the form that the webhook wants. */
static enum rc
hold_body(struct work_job *job, const struct webhook *w,
    const struct work_body **body, struct err *e)
{
	struct event *ev = job->lease.event;
	const struct work_form f = { .form = (int)deliver_req_form(w, ev),
		.make = make_form,
		.arg = ev };

	return work_body_hold(work_bodies(job->work), ev->id, ev->bodysz,
	    f.form == DELIVER_RAW ? NULL : &f, body, e);
}

static enum work_start
start(void *arg, struct work_job *job)
{
	struct deliver *d = arg;
	const struct event *ev = job->lease.event;
	struct deliver_dest *dest =
	    deliver_dest_get(d->dests, job->lease.target);
	const struct work_body *body;
	struct attempt *a;
	struct err e;
	enum rc rc;

	if (dest->webhook == NULL)
		return start_unknown(d, job);
	if (!dest->webhook->enabled || dest->webhook->damage != NULL ||
	    (dest->is_blocked && !job->lease.probe)) {
		work_end(job, STORE_RELEASE, 0, NULL);
		return WORK_STARTED;
	}
	if (!deliver_dest_may_open(d->dests, dest) || is_unsure(d, dest))
		return WORK_LATER;
	rc = hold_body(job, dest->webhook, &body, &e);
	if (rc == RC_NOTFOUND)
		return end_unsent(d, job, STORE_DEAD,
		    "the event's body was purged");
	if (rc != RC_OK)
		return WORK_LATER;

	a = xcalloc(1, sizeof(*a));
	a->d = d;
	a->job = job;
	a->dest = dest;
	a->body = body;
	a->url = xstrdup(dest->webhook->url);
	a->started_ms = clock_wall_ms(d->opt.clock);
	deliver_req_init(&a->req, dest->webhook, ev, body->bytes, body->n,
	    body->is_made, a->started_ms);
	if (job->lease.round > 0)
		deliver_req_put_replay(&a->req);
	job->state = a;
	log_step(job, "attempt begins", NULL);
	send_request(d, a);

	return WORK_STARTED;
}

static void
cancel(void *arg, struct work_job *job)
{
	struct attempt *a = job->state;

	(void)arg;
	httpc_cancel(a->call);
	attempt_free(a, a->dest->took_ms, DELIVER_DEST_REFUSED);
}

const struct work_kind deliver_kind = {
	.kind = STORE_DELIVER,
	.refresh = refresh,
	.tell = tell,
	.owes = owes,
	.want = want,
	.hold = hold,
	.drop = drop,
	.settled = settled,
	.start = start,
	.cancel = cancel,
};
