#include "config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/meter.h"
#include "core/event.h"
#include "stats/metrics.h"
#include "stats/metrics_text.h"
#include "stats/posts.h"
#include "store/store_metrics.h"
#include "store/store_read.h"
#include "store/store_work.h"

#define LABELS_MAX 1024
#define WORKERS_MAX 200
#define OTHER "other"
#define MILLION 1000000

/* All that one scrape shows, and where it goes. */
struct scrape {
	const struct metrics_source *src;
	struct buf *out;
	struct buf labels; /* of the sample at hand */
	int64_t now_ms;
	struct store_stats sums;
	struct store_metrics figures;
	struct store_workers workers;
	bool has_others;
};

struct family {
	const char *name;
	const char *type;
	void (*write)(struct scrape *s, const struct family *f);
	size_t at; /* of the number, for write_number() */
	const char *help;
};

static void
write_number(struct scrape *s, const struct family *f)
{
	int64_t n;

	memcpy(&n, (const char *)s + f->at, sizeof(n));
	metrics_text_int(s->out, f->name, "", n);
}

static const char *
label(struct scrape *s, const char *name, const char *value)
{
	buf_clear(&s->labels);
	meter_label(&s->labels, name, value);
	return buf_str(&s->labels);
}

/*
 * Those with a label, then the others, NULL at the end; *at is 0 at first.
 * Two series of one name would spoil the whole page, so a webhook that is
 * called as the others are is one of them.
 */
static const struct store_webhook_figures *
next_webhook(const struct scrape *s, size_t *at)
{
	const struct store_metrics *m = &s->figures;
	const struct store_webhook_figures *w;

	while (*at < m->nwebhooks) {
		w = &m->webhooks[(*at)++];
		if (strcmp(w->id, OTHER) != 0)
			return w;
	}
	return (*at)++ == m->nwebhooks && s->has_others ? &m->others : NULL;
}

static const char *
name_of(const struct store_webhook_figures *w)
{
	return w->id == NULL ? OTHER : w->id;
}

/* A sample a status, with the webhook's label behind. */
static void
write_ends(struct scrape *s, const char *name,
    const struct store_webhook_figures *w)
{
	const struct {
		const char *status;
		int64_t n;
	} ends[] = { { "delivered", w->delivered }, { "failed", w->failed },
		{ "timeout", w->timeouts } };
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)label(s, "status", ends[i].status);
		meter_label(&s->labels, "webhook_id", name_of(w));
		metrics_text_int(s->out, name, buf_str(&s->labels), ends[i].n);
	}
}

static void
write_deliveries(struct scrape *s, const struct family *f)
{
	const struct store_webhook_figures *w;
	size_t at = 0;

	while ((w = next_webhook(s, &at)) != NULL)
		write_ends(s, f->name, w);
}

static void
write_answers(struct scrape *s, const struct family *f)
{
	struct metrics_text_histogram h = { .name = f->name,
		.bounds = store_answer_bounds,
		.n = STORE_ANSWER_BOUNDS,
		.unit = 1000 };
	const struct store_webhook_figures *w;
	size_t at = 0;

	while ((w = next_webhook(s, &at)) != NULL) {
		h.labels = label(s, "webhook_id", name_of(w));
		h.counts = w->answers;
		h.sum = w->answers_ms;
		metrics_text_histogram(s->out, &h);
	}
}

static void
write_limit_hits(struct scrape *s, const struct family *f)
{
	const struct store_webhook_figures *w;
	size_t at = 0;

	while ((w = next_webhook(s, &at)) != NULL)
		metrics_text_int(s->out, f->name,
		    label(s, "webhook_id", name_of(w)), w->limit_hits);
}

static void
write_breaker_opens(struct scrape *s, const struct family *f)
{
	const struct store_webhook_figures *w;
	size_t at = 0;

	while ((w = next_webhook(s, &at)) != NULL)
		metrics_text_int(s->out, f->name,
		    label(s, "webhook_id", name_of(w)), w->breaker_opens);
}

/* Where very many came and went, those that are there are shown.  One that
 * ended by itself long ago is not sick. */
static void
write_workers(struct scrape *s, const struct family *f)
{
	const struct store_worker *w;
	bool seen;
	size_t i;

	for (i = 0; i < s->workers.n; i++) {
		w = &s->workers.v[i];
		seen = store_worker_counts(w, s->src->running,
		    s->src->drain_seen_ms, s->now_ms);
		if (!seen && w->ended_ms != 0)
			continue;
		if (seen || s->workers.n <= WORKERS_MAX)
			metrics_text_int(s->out, f->name,
			    label(s, "worker_id", w->id), seen);
	}
}

static void
write_build(struct scrape *s, const struct family *f)
{
	metrics_text_int(s->out, f->name, label(s, "version", s->src->version),
	    1);
}

static void
write_intake(struct scrape *s, const struct family *f)
{
	metrics_text_int(s->out, f->name, label(s, "outcome", "stored"),
	    s->sums.accepted - s->sums.replay_suspects);
	metrics_text_int(s->out, f->name, label(s, "outcome", "duplicate"),
	    s->sums.duplicates);
	metrics_text_int(s->out, f->name, label(s, "outcome", "replay_suspect"),
	    s->sums.replay_suspects);
}

static void
write_events(struct scrape *s, const struct family *f)
{
	int i;

	for (i = 0; i < EVENT_STATUSES; i++)
		metrics_text_int(s->out, f->name,
		    label(s, "status", event_status_name((enum event_status)i)),
		    s->sums.events[i]);
}

static void
write_processing(struct scrape *s, const struct family *f)
{
	(void)f;
	metrics_text_ms(s->out, "hls_event_processing_seconds_sum", "",
	    s->sums.processing_ms);
	metrics_text_int(s->out, "hls_event_processing_seconds_count", "",
	    s->sums.processed);
}

static void
write_jobs(struct scrape *s, const struct family *f)
{
	int i;

	for (i = 0; i < STORE_STATES; i++)
		metrics_text_int(s->out, f->name,
		    label(s, "state", store_state_name((enum store_state)i)),
		    s->sums.jobs[i]);
}

static void
write_oldest_due(struct scrape *s, const struct family *f)
{
	int64_t due_ms = s->figures.oldest_due_ms;

	metrics_text_ms(s->out, f->name, "",
	    due_ms < s->now_ms ? s->now_ms - due_ms : 0);
}

static void
write_oldest_held(struct scrape *s, const struct family *f)
{
	int64_t at_ms = s->sums.in_order.oldest_ms;

	metrics_text_ms(s->out, f->name, "",
	    at_ms > 0 && at_ms < s->now_ms ? s->now_ms - at_ms : 0);
}

/* What gathered in the programs' meters. */
static void
write_counter(struct scrape *s, const struct family *f)
{
	const struct store_figure *v;
	size_t i;

	for (i = 0; i < s->figures.nfigures; i++) {
		v = &s->figures.figures[i];
		if (v->bound == METER_PLAIN && strcmp(v->name, f->name) == 0)
			metrics_text_int(s->out, f->name, v->labels, v->n);
	}
}

/* Adds a row to its histogram.  A bucket of another version's bounds goes
 * into the next one up. */
static void
put_row(struct metrics_text_histogram *h, int64_t *counts,
    const struct store_figure *v)
{
	size_t i = 0;

	if (v->bound == METER_SUM) {
		h->sum += v->n;
		return;
	}
	while (v->bound > h->bounds[i])
		i++;
	counts[i] += v->n;
}

/* The rows of one histogram lie together. */
static void
write_histogram(struct scrape *s, const char *name, enum meter_scale scale)
{
	const struct store_figure *v = s->figures.figures;
	const struct store_figure *end = v + s->figures.nfigures;
	int64_t counts[METER_BOUNDS_MAX];
	struct metrics_text_histogram h = { .name = name,
		.counts = counts,
		.unit = scale == METER_TIMES ? MILLION : 1 };

	h.bounds = meter_bounds(scale, &h.n);
	while (v < end && strcmp(v->name, name) != 0)
		v++;
	while (v < end && strcmp(v->name, name) == 0) {
		h.labels = v->labels;
		h.sum = 0;
		memset(counts, 0, sizeof(counts));
		do
			put_row(&h, counts, v++);
		while (v < end && strcmp(v->name, name) == 0 &&
		    strcmp(v->labels, h.labels) == 0);
		metrics_text_histogram(s->out, &h);
	}
}

static void
write_times(struct scrape *s, const struct family *f)
{
	write_histogram(s, f->name, METER_TIMES);
}

static void
write_sizes(struct scrape *s, const struct family *f)
{
	write_histogram(s, f->name, METER_SIZES);
}

#define NUMBER(member) write_number, offsetof(struct scrape, member)

static const struct family families[] = {
	{ "webhook_deliveries_total", "counter", write_deliveries, 0,
	    "Delivery attempts by outcome: delivered, timeout, or failed for "
	    "any other reason." },
	{ "webhook_delivery_duration_seconds", "histogram", write_answers, 0,
	    "Duration of the delivery attempts that got an answer of any status." },
	{ "webhook_queue_depth", "gauge", NUMBER(figures.deliveries_waiting),
	    "Waiting deliveries, including those that are due later." },
	{ "worker_health_status", "gauge", write_workers, 0,
	    "1 for a worker that runs and was seen within monitor.drain_seen, 0 "
	    "for a worker that died or was seen before." },
	{ "rate_limit_hits_total", "counter", write_limit_hits, 0,
	    "How often a webhook's rate limit delayed its deliveries." },
	{ "circuit_breaker_opens_total", "counter", write_breaker_opens, 0,
	    "How often a webhook's circuit breaker opened." },
	{ "hls_build_info", "gauge", write_build, 0,
	    "Always 1; the label is the version of the program that answers." },
	{ "hls_intake_events_total", "counter", write_intake, 0,
	    "Posted and published events by source and outcome." },
	{ "hls_events", "gauge", write_events, 0, "Events by their status." },
	{ "hls_events_overdue", "gauge", NUMBER(sums.overdue),
	    "Events with a job that has been due, and not leased, for longer "
	    "than monitor.overdue_after." },
	{ "hls_events_held", "gauge", NUMBER(sums.held),
	    "Overdue events whose webhook is disabled." },
	{ "hls_events_purged_total", "counter", NUMBER(sums.events_purged),
	    "Events removed at the end of their retention." },
	{ "hls_event_processing_seconds", "summary", write_processing, 0,
	    "Time from the first lease of an event to the end of its last job." },
	{ "hls_jobs", "gauge", write_jobs, 0, "Jobs by their state." },
	{ "hls_jobs_owed_total", "counter", NUMBER(sums.jobs_owed),
	    "Jobs made for events." },
	{ "hls_jobs_purged_total", "counter", NUMBER(sums.jobs_purged),
	    "Jobs removed at the end of their retention." },
	{ "hls_jobs_retrying", "gauge", NUMBER(sums.retrying),
	    "Waiting jobs with at least one failed attempt." },
	{ "hls_job_retries_total", "counter", NUMBER(sums.retries),
	    "Failed attempts that are followed by another attempt." },
	{ "hls_dead_letters_total", "counter", NUMBER(sums.dead_letters),
	    "Jobs that were given up; hls_jobs has the present number." },
	{ "hls_queue_oldest_due_seconds", "gauge", write_oldest_due, 0,
	    "How long the oldest due job has waited; disabled webhooks and open "
	    "breakers do not count." },
	{ "hls_order_keys_blocked", "gauge", NUMBER(sums.in_order.keys),
	    "Order keys whose first delivery is dead and blocks others." },
	{ "hls_deliveries_held", "gauge", NUMBER(sums.in_order.deliveries),
	    "Deliveries that wait behind a dead one of their order key." },
	{ "hls_deliveries_held_oldest_seconds", "gauge", write_oldest_held, 0,
	    "Age of the oldest delivery that waits behind a dead one." },
	{ "hls_leases_total", "counter", NUMBER(sums.leases),
	    "Leases of jobs by workers." },
	{ "hls_leases_lapsed_total", "counter", NUMBER(sums.lapses),
	    "Leases that ended before their worker settled the job." },
	{ "hls_leases_lost_total", "counter", NUMBER(sums.fenced),
	    "Results that arrived after the lease had ended; they are dropped." },
	{ "hls_worker_jobs_total", "counter", write_counter, 0,
	    "Attempts at jobs by worker, kind and outcome: done, retry, dead, "
	    "cancelled." },
	{ "hls_accepted_total", "counter", write_counter, 0,
	    "Accepted posts by source." },
	{ "hls_suspects_held", "gauge", NUMBER(sums.suspects_held),
	    "Suspect events that wait for a person to release or cancel them." },
	{ "hls_refused_total", "counter", write_counter, 0,
	    "Refused posts by source, reason, and whether the signature "
	    "matched." },
	{ "hls_http_requests_total", "counter", write_counter, 0,
	    "Requests by route and status; status none: the client had gone." },
	{ "hls_http_request_duration_seconds", "histogram", write_times, 0,
	    "Time from the parameters of a request to the end of its answer." },
	{ "hls_store_commit_duration_seconds", "histogram", write_times, 0,
	    "Time from the start of a group of writes to its sync, while the "
	    "store's gate was held." },
	{ "hls_store_gate_wait_seconds", "histogram", write_times, 0,
	    "Time a group of writes waited for the store's gate." },
	{ "hls_store_group_size", "histogram", write_sizes, 0,
	    "Number of writes committed together." },
	{ "hls_store_database_bytes", "gauge", NUMBER(figures.database_bytes),
	    "Size of the database file." },
	{ "hls_store_wal_bytes", "gauge", NUMBER(figures.log_bytes),
	    "Size of the database's write-ahead log." },
};

#define N_FAMILIES (sizeof(families) / sizeof(families[0]))

static void
add_to(struct store_webhook_figures *sum, const struct store_webhook_figures *w)
{
	size_t i;

	sum->delivered += w->delivered;
	sum->failed += w->failed;
	sum->timeouts += w->timeouts;
	sum->answers_ms += w->answers_ms;
	sum->limit_hits += w->limit_hits;
	sum->breaker_opens += w->breaker_opens;
	for (i = 0; i < STORE_ANSWER_BOUNDS; i++)
		sum->answers[i] += w->answers[i];
}

static enum rc
gather(struct scrape *s, struct err *e)
{
	struct store_webhook_figures *others = &s->figures.others;
	enum rc rc;
	size_t i;

	rc = store_stats(s->src->store, s->now_ms, s->src->overdue_after_ms,
	    &s->sums, e);
	if (rc == RC_OK)
		rc = store_metrics(s->src->store, s->now_ms, &s->figures, e);
	if (rc == RC_OK)
		rc = store_worker_list(s->src->store, &s->workers, e);
	for (i = 0; i < s->figures.nwebhooks; i++)
		if (strcmp(s->figures.webhooks[i].id, OTHER) == 0)
			add_to(others, &s->figures.webhooks[i]);
	s->has_others = others->delivered + others->failed + others->timeouts +
		others->limit_hits + others->breaker_opens >
	    0;
	return rc;
}

enum rc
metrics_format(const struct metrics_source *src, struct buf *out, struct err *e)
{
	struct scrape s = { .src = src, .out = out };
	const struct family *f;
	enum rc rc;
	size_t i;

	s.now_ms = clock_wall_ms(src->clock);
	buf_init(&s.labels, LABELS_MAX);
	rc = gather(&s, e);
	for (i = 0; rc == RC_OK && i < N_FAMILIES; i++) {
		f = &families[i];
		metrics_text_head(out, f->name, f->type, f->help);
		f->write(&s, f);
	}
	store_workers_free(&s.workers);
	store_metrics_free(&s.figures);
	buf_fini(&s.labels);
	if (rc == RC_OK && buf_is_over(out))
		return err_set(e, RC_TOOBIG, "the metrics are too long");
	return rc;
}
