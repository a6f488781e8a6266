#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
 * 1. The first STORE_LABELS_MAX webhooks are labelled, as long as they are
 *    there.
 * 2. The sum over the others, together with what "other" holds, never
 *    decreases: no target gets a label later.  Version 0.1.0 moved labels, and
 *    left the former figures of a target under "other".
 */
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

	lite_int(st, at++, ch->health.calls - ch->health.failures);
	lite_int(st, at++, ch->health.failures - ch->health.timeouts);
	lite_int(st, at++, ch->health.timeouts);
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

/* What a target left behind when 0.1.0 gave it a label. */
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
		if (strcmp(lite_col_str(st, 0), OTHER) == 0)
			add_left(&m->others, lite_col_str(st, 1),
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
