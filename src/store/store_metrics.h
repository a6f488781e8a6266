/*
 * store_metrics - figures for monitoring, true over all processes
 *
 * What happens to jobs is counted in the transactions in which it happens.
 * What happens inside a process - requests, commits, the jobs of a worker -
 * gathers in its meter, and the engine adds it to what is stored at most once
 * a second, in a transaction that is made anyway or in one of its own when
 * there is none, and once more when the store is closed: a process that is
 * killed loses a second of these.  Nothing stored ever decreases.
 *
 * The first 200 webhooks have figures of their own, the later ones share one
 * row, which never decreases either.
 */
#ifndef STORE_STORE_METRICS_H
#define STORE_STORE_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct meter;
struct store;

#define STORE_LABELS_MAX 200
#define STORE_ANSWER_BOUNDS 8

/* Jobs by worker; what is stored of it is forgotten a day after its last
 * change, or when very many workers have come since. */
#define STORE_WORKER_JOBS "hls_worker_jobs_total"

/* Events that were held back, by source and reason: written with the event.
 * Posts that were refused, by source, reason and whether the signature
 * matched.  Both begin with the label source. */
#define STORE_SUSPECTS "suspects"
#define STORE_REFUSED "hls_refused_total"

/* Where the figures of this process gather.  From the first call on the
 * engine writes them down.  Lives as long as the store. */
struct meter *store_meter(struct store *s);

/* Upper bounds in milliseconds, the last one INT64_MAX; and which of them
 * an answer after so many falls under. */
extern const int64_t store_answer_bounds[STORE_ANSWER_BOUNDS];
size_t store_answer_bucket(int64_t took_ms);

/* Of the attempts at one webhook's deliveries, or at those of many. */
struct store_webhook_figures {
	char *id;                            /* NULL: the others */
	int64_t delivered, failed, timeouts; /* each attempt is one of these */
	int64_t answers[STORE_ANSWER_BOUNDS];
	int64_t answers_ms; /* of all answers */
	int64_t limit_hits, breaker_opens;
};

/* One that gathered in meters, with the name, labels and bound it had. */
struct store_figure {
	char *name, *labels;
	int64_t bound, n;
	int64_t changed_ms; /* when it was last added to, by the wall */
};

struct store_metrics {
	struct store_webhook_figures *webhooks; /* that have a label */
	size_t nwebhooks;
	struct store_webhook_figures others; /* together */
	struct store_figure *figures;        /* by name, labels and bound */
	size_t nfigures;
	int64_t deliveries_waiting;
	int64_t oldest_due_ms; /* INT64_MAX: nothing that may go is due */
	int64_t database_bytes, log_bytes;
};

/* One consistent state; store_metrics_free() ends it. */
enum rc store_metrics(struct store *s, int64_t now_ms,
    struct store_metrics *out, struct err *e);
/* The figures alone, which are as few with any number of webhooks. */
enum rc store_figures(struct store *s, struct store_metrics *out,
    struct err *e);
void store_metrics_free(struct store_metrics *m);

#endif
