#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/meter.h"
#include "base/xalloc.h"
#include "core/backoff.h"
#include "core/event.h"
#include "core/notice_data.h"
#include "store/store_sqlite_int.h"

/*
 * Notices of sources.  What there is to report is counted in table metric
 * anyway; a figure's row also holds how much of it was reported, and when.
 *
 * 1. A source is reported when one of its figures has grown and none was
 *    reported for NOTICE_APART_MS.  A time further in the future than a
 *    clock's error was written by a clock that was ahead; it does not count.
 * 2. The notice and the mark are one transaction, which looks again at 1.
 */
#define NOTICE_APART_MS (INT64_C(3600) * 1000)
#define SOURCE_SIZE 256
#define LABELS_MAX 1024

static const struct {
	enum notice_name name;
	const char *figure;
} kinds[] = {
	{ NOTICE_SUSPECT, STORE_SUSPECTS },
	{ NOTICE_REFUSING, STORE_REFUSED },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

enum rc
lite_source_suspect(struct lite_tx *tx, const struct event *ev, struct err *e)
{
	struct buf labels;
	enum rc rc;

	buf_init(&labels, LABELS_MAX);
	meter_label(&labels, "source", ev->source);
	meter_label(&labels, "reason", event_why_name(ev->suspect_why));
	rc = lite_metric_add(tx, STORE_SUSPECTS, buf_str(&labels), METER_PLAIN,
	    1, e);
	buf_fini(&labels);
	return rc;
}

/* Anybody can have a post refused that is not signed. */
static bool
is_reported(const char *labels)
{
	char text[8];

	meter_label_get(labels, "signed", text, sizeof(text));
	return text[0] == '\0' || strcmp(text, "yes") == 0;
}

/* The time of a report; 0 for one that does not count. */
static int64_t
mark_of_row(struct sqlite3_stmt *st, int64_t now_ms)
{
	int64_t reported_ms = lite_col_int(st, 3);

	return reported_ms > now_ms + BACKOFF_SLACK_MS ? 0 : reported_ms;
}

/* What a source has to report, and the labels of the figures that grew. */
struct due {
	char source[SOURCE_SIZE];
	struct notice_source facts;
	char *labels[NOTICE_REASONS_MAX];
};

struct dues {
	struct due *v;
	size_t n;
};

static void
due_fini(struct due *d)
{
	size_t i;

	for (i = 0; i < d->facts.nreasons; i++)
		free(d->labels[i]);
}

static void
dues_fini(struct dues *l)
{
	while (l->n > 0)
		due_fini(&l->v[--l->n]);
	free(l->v);
}

static struct due *
add_source(struct dues *l, const char source[SOURCE_SIZE])
{
	struct due *d;

	if (l->n % 64 == 0)
		l->v = xreallocarray(l->v, l->n + 64, sizeof(*l->v));
	d = &l->v[l->n++];
	memset(d, 0, sizeof(*d));
	memcpy(d->source, source, sizeof(d->source));
	return d;
}

static void
add_reason(struct due *d, struct sqlite3_stmt *st, const char *labels,
    int64_t now_ms)
{
	struct notice_source *s = &d->facts;
	struct notice_reason *r = &s->reasons[s->nreasons];
	int64_t grown = lite_col_int(st, 1) - lite_col_int(st, 2);
	int64_t reported_ms = mark_of_row(st, now_ms);
	int64_t last_ms = lite_col_int(st, 4);

	if (reported_ms > s->reported_ms)
		s->reported_ms = reported_ms;
	if (grown <= 0 || s->nreasons == NOTICE_REASONS_MAX)
		return;
	if (last_ms > s->last_ms)
		s->last_ms = last_ms;
	meter_label_get(labels, "reason", r->name, sizeof(r->name));
	r->n = grown;
	d->labels[s->nreasons++] = xstrdup(labels);
}

/* The last source of the list, which is complete now, stays if it is due. */
static void
judge(struct dues *l, int64_t now_ms)
{
	struct due *last;

	if (l->n == 0)
		return;
	last = &l->v[l->n - 1];
	if (last->facts.nreasons > 0 &&
	    last->facts.reported_ms <= now_ms - NOTICE_APART_MS)
		return;
	due_fini(last);
	l->n--;
}

/* The rows of a figure come source by source. */
static enum rc
read_due(struct lite_conn *c, const char *figure, int64_t now_ms,
    struct dues *out, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_METRIC_TOLD_LIST);
	char source[SOURCE_SIZE], before[SOURCE_SIZE] = "";
	struct due *d = NULL;
	const char *labels;
	bool row = true;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	lite_text(st, 1, figure);
	for (;;) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		labels = lite_col_str(st, 0);
		if (labels == NULL || !is_reported(labels))
			continue;
		meter_label_get(labels, "source", source, sizeof(source));
		if (d == NULL || strcmp(source, before) != 0) {
			judge(out, now_ms);
			d = add_source(out, source);
			memcpy(before, source, sizeof(before));
		}
		add_reason(d, st, labels, now_ms);
	}
	lite_reset(st);
	if (d != NULL)
		judge(out, now_ms);
	return rc;
}

static enum rc
report(struct lite_tx *tx, size_t kind, struct due *d, struct err *e)
{
	struct sqlite3_stmt *st;
	struct notice n;
	enum rc rc;
	size_t i;

	d->facts.source = d->source;
	notice_of_source(kinds[kind].name, &d->facts, tx->now_ms, &n);
	rc = lite_notice_put(tx, &n, e);
	notice_fini(&n);
	for (i = 0; rc == RC_OK && i < d->facts.nreasons; i++) {
		st = lite_stmt(tx->conn, LITE_METRIC_TOLD);
		lite_text(st, 1, kinds[kind].figure);
		lite_text(st, 2, d->labels[i]);
		lite_int(st, 3, tx->now_ms);
		rc = lite_run(tx->conn, st, e);
	}
	return rc;
}

static enum rc
run_report(struct lite_tx *tx, void *arg, struct err *e)
{
	struct dues l;
	enum rc rc = RC_OK;
	size_t i, j;

	(void)arg;
	tx->now_ms = clock_wall_ms(tx->lite->clock);
	for (i = 0; rc == RC_OK && i < KINDS; i++) {
		rc = read_due(tx->conn, kinds[i].figure, tx->now_ms, &l, e);
		for (j = 0; rc == RC_OK && j < l.n; j++)
			rc = report(tx, i, &l.v[j], e);
		dues_fini(&l);
	}
	return rc;
}

enum rc
lite_source_report(struct lite *l, struct err *e)
{
	int64_t now_ms = clock_wall_ms(l->clock);
	struct lite_conn *c;
	struct dues found;
	bool any = false;
	enum rc rc;
	size_t i;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	for (i = 0; rc == RC_OK && !any && i < KINDS; i++) {
		rc = read_due(c, kinds[i].figure, now_ms, &found, e);
		any = found.n > 0;
		dues_fini(&found);
	}
	lite_reader_give(l, c);
	return rc == RC_OK && any ? lite_commit_now(l, run_report, NULL, e)
				  : rc;
}
