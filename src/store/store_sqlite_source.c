#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/meter.h"
#include "base/xalloc.h"
#include "core/backoff.h"
#include "core/event.h"
#include "core/notice.h"
#include "store/store_sqlite_int.h"

/*
 * Notices of sources.  What there is to report is counted in table metric
 * anyway; a figure's row also holds how much of it was reported, and when.
 *
 * 1. A source is reported when one of its figures has grown and none was
 *    reported for NOTICE_APART_MS.  A time further in the future than a
 *    clock's error was written by a clock that was ahead; it does not count.
 * 2. The event and the mark are one transaction, which looks again at 1.
 */
#define SOURCE_SIZE 256
#define LABELS_MAX 1024

static const struct {
	enum notice_what what;
	const char *figure;
} kinds[] = {
	{ NOTICE_SUSPECT, STORE_SUSPECTS },
	{ NOTICE_REFUSING, STORE_REFUSED },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const char *
figure_of(enum notice_what what)
{
	return what == NOTICE_SUSPECT ? STORE_SUSPECTS : STORE_REFUSED;
}

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

static void
add_reason(struct notice *n, struct sqlite3_stmt *st, const char *labels)
{
	int64_t reported_ms = mark_of_row(st, n->at_ms);
	int64_t last_ms = lite_col_int(st, 4);
	struct notice_reason *r = &n->reasons[n->nreasons];
	int64_t grown = lite_col_int(st, 1) - lite_col_int(st, 2);

	if (reported_ms > n->reported_ms)
		n->reported_ms = reported_ms;
	if (grown <= 0 || n->nreasons == NOTICE_REASONS_MAX)
		return;
	if (last_ms > n->last_ms)
		n->last_ms = last_ms;
	meter_label_get(labels, "reason", r->name, sizeof(r->name));
	r->n = grown;
	r->upto = lite_col_int(st, 1);
	r->labels = xstrdup(labels);
	n->nreasons++;
}

static bool
is_due(const struct notice *n, int64_t now_ms)
{
	return n->nreasons > 0 && n->reported_ms <= now_ms - NOTICE_APART_MS;
}

/* The last notice of the list, which is complete now. */
static void
judge(struct store_notices *l, int64_t now_ms)
{
	struct notice *last = &l->v[l->n - 1];

	if (is_due(last, now_ms))
		return;
	notice_fini(last);
	l->n--;
}

/* The rows of a figure come source by source. */
static enum rc
read_kind(struct lite_conn *c, size_t kind, int64_t now_ms,
    struct store_notices *out, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_METRIC_TOLD_LIST);
	char source[SOURCE_SIZE], before[SOURCE_SIZE] = "";
	struct notice *n = NULL;
	const char *labels;
	bool row = true;
	enum rc rc;

	lite_text(st, 1, kinds[kind].figure);
	for (;;) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		labels = (const char *)sqlite3_column_text(st, 0);
		if (labels == NULL || !is_reported(labels))
			continue;
		meter_label_get(labels, "source", source, sizeof(source));
		if (n == NULL || strcmp(source, before) != 0) {
			if (n != NULL)
				judge(out, now_ms);
			n = lite_notice_add(out);
			n->what = kinds[kind].what;
			n->at_ms = now_ms;
			n->source = xstrdup(source);
			memcpy(before, source, sizeof(before));
		}
		add_reason(n, st, labels);
	}
	lite_reset(st);
	if (n != NULL)
		judge(out, now_ms);
	return rc;
}

enum rc
lite_source_notices(struct lite *l, struct lite_conn *c, size_t max,
    struct store_notices *out, struct err *e)
{
	int64_t now_ms = clock_wall_ms(l->clock);
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < KINDS; i++)
		rc = read_kind(c, i, now_ms, out, e);
	/* The others stay due until these are reported. */
	while (out->n > max)
		notice_fini(&out->v[--out->n]);
	return rc;
}

/* When the source was reported last. */
static enum rc
read_reported(struct lite_tx *tx, const struct notice *n, int64_t *reported_ms,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_METRIC_TOLD_LIST);
	char source[SOURCE_SIZE];
	const char *labels;
	bool row = true;
	enum rc rc;

	*reported_ms = 0;
	lite_text(st, 1, figure_of(n->what));
	for (;;) {
		rc = lite_step(tx->conn, st, &row, e);
		if (rc != RC_OK || !row)
			return rc;
		labels = (const char *)sqlite3_column_text(st, 0);
		if (labels == NULL)
			continue;
		meter_label_get(labels, "source", source, sizeof(source));
		if (strcmp(source, n->source) == 0 &&
		    mark_of_row(st, n->at_ms) > *reported_ms)
			*reported_ms = mark_of_row(st, n->at_ms);
	}
}

enum rc
lite_source_reported(struct lite_tx *tx, const struct notice *n, bool *late,
    struct err *e)
{
	struct sqlite3_stmt *st;
	int64_t reported_ms;
	enum rc rc;
	size_t i;

	rc = read_reported(tx, n, &reported_ms, e);
	*late = rc == RC_OK && reported_ms != n->reported_ms;
	for (i = 0; rc == RC_OK && !*late && i < n->nreasons; i++) {
		st = lite_stmt(tx->conn, LITE_METRIC_TOLD);
		lite_text(st, 1, figure_of(n->what));
		lite_text(st, 2, n->reasons[i].labels);
		lite_int(st, 3, n->reasons[i].upto);
		lite_int(st, 4, n->at_ms);
		rc = lite_run(tx->conn, st, e);
	}
	return rc;
}
