#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/meter.h"
#include "base/xalloc.h"
#include "store/store_sqlite_int.h"

/*
 * Figures are kept where they cost least: what became of attempts in the
 * row of their target, which every settlement writes anyway, and what
 * gathers in memory in the table metric.  The figures of targets without a
 * label are summed when somebody asks.
 *
 * 1. At most STORE_LABELS_MAX targets are labelled.
 * 2. The sum over the others, together with what "other" holds, never
 *    decreases: a target that gets a label leaves its figures there.
 */
#define RANK_US (INT64_C(60) * 1000 * 1000)
#define OTHER "other"
#define WORKER_ROWS 400 /* that a worker's figures are kept among */

/* The columns of a target's figures; the buckets of answers follow. */
enum column {
	AT_DELIVERED,
	AT_FAILED,
	AT_TIMEOUTS,
	AT_ANSWERS_MS,
	AT_LIMIT_HITS,
	AT_BREAKER_OPENS,
	AT_BUCKETS
};
#define COLUMNS (AT_BUCKETS + STORE_ANSWER_BOUNDS)

static const char *const column_names[AT_BUCKETS] = {
	[AT_DELIVERED] = "delivered",
	[AT_FAILED] = "failed",
	[AT_TIMEOUTS] = "timeouts",
	[AT_ANSWERS_MS] = "answers_ms",
	[AT_LIMIT_HITS] = "limit_hits",
	[AT_BREAKER_OPENS] = "breaker_opens",
};

struct meter *
lite_meter(void *impl)
{
	struct lite *l = impl;

	return lite_commit_meter(l->commit);
}

void
lite_bind_answers(struct sqlite3_stmt *st, int at,
    const struct lite_target_change *ch)
{
	int i;

	lite_int(st, at++, ch->calls - ch->failures);
	lite_int(st, at++, ch->failures - ch->timeouts);
	lite_int(st, at++, ch->timeouts);
	lite_int(st, at++, ch->answers_ms);
	for (i = 0; i < STORE_ANSWER_BOUNDS; i++)
		lite_int(st, at++, ch->answers[i]);
}

enum rc
lite_metric_add(void *arg, const char *name, const char *labels, int64_t bound,
    int64_t n, struct err *e)
{
	struct lite_tx *tx = arg;
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_METRIC_ADD);

	lite_text(st, 1, name);
	lite_text(st, 2, labels);
	lite_int(st, 3, bound);
	lite_int(st, 4, n);
	lite_int(st, 5, clock_wall_ms(tx->lite->clock));
	return lite_run(tx->conn, st, e);
}

enum rc
lite_metric_forget(struct lite_tx *tx, int64_t before_ms, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_METRIC_FORGET);

	lite_text(st, 1, STORE_WORKER_JOBS);
	lite_int(st, 2, before_ms);
	lite_int(st, 3, WORKER_ROWS);
	return lite_run(tx->conn, st, e);
}

static void
figures_of_row(struct sqlite3_stmt *st, struct store_webhook_figures *w)
{
	int i;

	w->delivered += lite_col_int(st, AT_DELIVERED);
	w->failed += lite_col_int(st, AT_FAILED);
	w->timeouts += lite_col_int(st, AT_TIMEOUTS);
	w->answers_ms += lite_col_int(st, AT_ANSWERS_MS);
	w->limit_hits += lite_col_int(st, AT_LIMIT_HITS);
	w->breaker_opens += lite_col_int(st, AT_BREAKER_OPENS);
	for (i = 0; i < STORE_ANSWER_BOUNDS; i++)
		w->answers[i] += lite_col_int(st, AT_BUCKETS + i);
}

static struct store_webhook_figures *
add_webhook(struct store_metrics *m)
{
	if (m->nwebhooks % 64 == 0)
		m->webhooks = xreallocarray(m->webhooks, m->nwebhooks + 64,
		    sizeof(*m->webhooks));
	memset(&m->webhooks[m->nwebhooks], 0, sizeof(*m->webhooks));
	return &m->webhooks[m->nwebhooks++];
}

static enum rc
read_labelled(struct lite_conn *c, struct store_metrics *m, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_TARGET_LABELLED);
	struct store_webhook_figures *w;
	bool row;
	enum rc rc;

	for (;;) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			return rc;
		w = add_webhook(m);
		figures_of_row(st, w);
		w->id = lite_col_text(st, COLUMNS);
	}
}

static enum rc
read_others(struct lite_conn *c, struct store_webhook_figures *w, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_TARGET_OTHERS);
	bool row;
	enum rc rc;

	rc = lite_step(c, st, &row, e);
	if (rc == RC_OK && row) {
		figures_of_row(st, w);
		lite_reset(st);
	}
	return rc;
}

/* What a target left behind when it got its label. */
static void
add_left(struct store_webhook_figures *w, const char *column, int64_t bound,
    int64_t n)
{
	int64_t *const at[AT_BUCKETS] = { &w->delivered, &w->failed,
		&w->timeouts, &w->answers_ms, &w->limit_hits,
		&w->breaker_opens };
	size_t i;

	if (bound != METER_PLAIN) {
		w->answers[store_answer_bucket(bound)] += n;
		return;
	}
	for (i = 0; i < AT_BUCKETS; i++)
		if (strcmp(column, column_names[i]) == 0)
			*at[i] += n;
}

static void
add_figure(struct store_metrics *m, struct sqlite3_stmt *st)
{
	struct store_figure *f;

	if (m->nfigures % 64 == 0)
		m->figures = xreallocarray(m->figures, m->nfigures + 64,
		    sizeof(*m->figures));
	f = &m->figures[m->nfigures++];
	f->name = lite_col_text(st, 0);
	f->labels = lite_col_text(st, 1);
	f->bound = lite_col_int(st, 2);
	f->n = lite_col_int(st, 3);
	f->changed_ms = lite_col_int(st, 4);
}

static enum rc
read_figures(struct lite_conn *c, struct store_metrics *m, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_METRIC_LIST);
	bool row;
	enum rc rc;

	for (;;) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			return rc;
		if (strcmp((const char *)sqlite3_column_text(st, 0), OTHER) ==
		    0)
			add_left(&m->others,
			    (const char *)sqlite3_column_text(st, 1),
			    lite_col_int(st, 2), lite_col_int(st, 3));
		else
			add_figure(m, st);
	}
}

/* The one number that a statement gives. */
static enum rc
read_number(struct lite_conn *c, struct sqlite3_stmt *st, int64_t *out,
    struct err *e)
{
	bool row;
	enum rc rc;

	rc = lite_step(c, st, &row, e);
	if (rc == RC_OK && row) {
		*out = lite_col_int(st, 0);
		lite_reset(st);
	}
	return rc;
}

static enum rc
read_all(struct lite_conn *c, int64_t now_ms, struct store_metrics *m,
    struct err *e)
{
	struct sqlite3_stmt *st;
	enum rc rc;

	if (now_ms == 0)
		return read_figures(c, m, e);
	rc = read_labelled(c, m, e);
	if (rc == RC_OK)
		rc = read_others(c, &m->others, e);
	if (rc == RC_OK)
		rc = read_figures(c, m, e);
	if (rc == RC_OK)
		rc = read_number(c, lite_stmt(c, LITE_QUEUE_DEPTH),
		    &m->deliveries_waiting, e);
	if (rc == RC_OK) {
		st = lite_stmt(c, LITE_QUEUE_OLDEST);
		lite_int(st, 1, now_ms);
		rc = read_number(c, st, &m->oldest_due_ms, e);
	}
	return rc;
}

static int64_t
bytes_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

enum rc
lite_metrics(void *impl, int64_t now_ms, struct store_metrics *out,
    struct err *e)
{
	struct lite *l = impl;
	struct lite_conn *c;
	struct err ignored;
	char *log;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	rc = lite_run_stmt(c, LITE_BEGIN_READ, e);
	if (rc == RC_OK) {
		rc = read_all(c, now_ms, out, e);
		(void)lite_run_stmt(c, LITE_COMMIT, &ignored);
	}
	lite_reader_give(l, c);
	if (rc != RC_OK) {
		store_metrics_free(out);
		return rc;
	}
	log = xasprintf("%s-wal", l->path);
	out->database_bytes = bytes_of(l->path);
	out->log_bytes = bytes_of(log);
	free(log);
	return RC_OK;
}

/* A target with how often its webhook was called; -1: it is gone. */
struct rank {
	int64_t target, calls;
	bool labelled;
};

struct ranks {
	struct rank *v;
	size_t n;
};

/* One gets the label of the other, or one of its own. */
struct swap {
	int64_t from, to;
};

struct swaps {
	struct swap v[STORE_LABELS_MAX];
	size_t n;
};

static enum rc
read_ranks(struct lite_conn *c, struct ranks *out, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_TARGET_CALLS);
	struct rank *r;
	bool row;
	enum rc rc;

	for (;;) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			return rc;
		if (out->n % 256 == 0)
			out->v = xreallocarray(out->v, out->n + 256,
			    sizeof(*out->v));
		r = &out->v[out->n++];
		r->target = lite_col_int(st, 0);
		r->labelled = lite_col_int(st, 1) != 0;
		r->calls = lite_col_int(st, 2);
	}
}

/* Those with a label first, the idlest first; then the others, the busiest
 * first. */
static int
compare(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;
	int up;

	if (x->labelled != y->labelled)
		return x->labelled ? -1 : 1;
	up = (x->calls > y->calls) - (x->calls < y->calls);
	return x->labelled ? up : -up;
}

/* Twice as busy, or two of a kind would change places for ever. */
static void
find_swaps(const struct ranks *r, struct swaps *out)
{
	size_t i, k = 0;

	while (k < r->n && r->v[k].labelled)
		k++;
	for (i = 0; i < k && i + k < r->n && i < STORE_LABELS_MAX; i++) {
		if (r->v[i + k].calls <= r->v[i].calls * 2)
			return;
		out->v[out->n].from = r->v[i].target;
		out->v[out->n++].to = r->v[i + k].target;
	}
}

static enum rc
set_label(struct lite_tx *tx, int64_t target, bool labelled, bool *was_not,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_TARGET_LABEL);
	enum rc rc;

	lite_int(st, 1, target);
	lite_int(st, 2, labelled);
	rc = lite_run(tx->conn, st, e);
	*was_not = rc == RC_OK && lite_changes(tx->conn) == 1;
	return rc;
}

static enum rc
leave_figures(struct lite_tx *tx, int64_t target, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_TARGET_FIGURES);
	int64_t n[COLUMNS] = { 0 };
	bool row;
	enum rc rc;
	int i;

	lite_int(st, 1, target);
	rc = lite_step(tx->conn, st, &row, e);
	for (i = 0; rc == RC_OK && row && i < COLUMNS; i++)
		n[i] = lite_col_int(st, i);
	lite_reset(st);
	for (i = 0; rc == RC_OK && i < COLUMNS; i++) {
		if (n[i] == 0)
			continue;
		if (i < AT_BUCKETS)
			rc = lite_metric_add(tx, OTHER, column_names[i],
			    METER_PLAIN, n[i], e);
		else
			rc = lite_metric_add(tx, OTHER, "answers",
			    store_answer_bounds[i - AT_BUCKETS], n[i], e);
	}
	return rc;
}

static enum rc
run_swaps(struct lite_tx *tx, void *arg, struct err *e)
{
	const struct swaps *x = arg;
	bool done;
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < x->n; i++) {
		/* Another process may have been here meanwhile. */
		rc = set_label(tx, x->v[i].from, false, &done, e);
		if (rc != RC_OK || !done)
			continue;
		rc = leave_figures(tx, x->v[i].to, e);
		if (rc == RC_OK)
			rc = set_label(tx, x->v[i].to, true, &done, e);
	}
	return rc;
}

/* Most stores have labels for all. */
static enum rc
find_ranks(struct lite *l, struct ranks *out, struct err *e)
{
	struct sqlite3_stmt *st;
	struct lite_conn *c;
	int64_t n = 0;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(c, LITE_TARGET_MANY);
	lite_int(st, 1, STORE_LABELS_MAX + 1);
	rc = read_number(c, st, &n, e);
	if (rc == RC_OK && n > STORE_LABELS_MAX)
		rc = read_ranks(c, out, e);
	lite_reader_give(l, c);
	return rc;
}

enum rc
lite_metrics_rank(void *impl, struct err *e)
{
	struct lite *l = impl;
	struct ranks ranks = { NULL, 0 };
	struct swaps swaps = { .n = 0 };
	long long now_us = clock_tick_us();
	long long last_us = atomic_load(&l->ranked_us);
	enum rc rc;

	if ((last_us != 0 && now_us - last_us < RANK_US) ||
	    !atomic_compare_exchange_strong(&l->ranked_us, &last_us, now_us))
		return RC_OK;
	rc = find_ranks(l, &ranks, e);
	if (rc == RC_OK && ranks.n > 0) {
		qsort(ranks.v, ranks.n, sizeof(*ranks.v), compare);
		find_swaps(&ranks, &swaps);
	}
	free(ranks.v);
	if (rc == RC_OK && swaps.n > 0)
		rc = lite_commit_now(l, run_swaps, &swaps, e);
	return rc;
}
