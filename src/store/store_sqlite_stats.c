#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "store/store_sqlite_int.h"

/* Overdue work is counted up to here: whoever has this much needs no more
 * exact figure, and the count has a bound. */
#define OVERDUE_MAX 20000

enum rc
lite_sums_read(struct lite_conn *c, int64_t sums[LITE_SUMS], struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_COUNTER_LIST);
	const char *key;
	bool row = true;
	enum rc rc;
	size_t i;

	memset(sums, 0, LITE_SUMS * sizeof(sums[0]));
	lite_text(st, 1, "sum");
	for (;;) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			return rc;
		key = lite_col_str(st, 0);
		for (i = 0; key != NULL && i < LITE_SUMS; i++)
			if (strcmp(key, lite_sum_name((enum lite_sum)i)) == 0)
				sums[i] = lite_col_int(st, 1);
	}
}

static enum rc
read_overdue(struct lite_conn *c, int64_t before_ms, bool only_held,
    int64_t *out, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_OVERDUE);

	lite_int(st, 1, before_ms);
	lite_int(st, 2, OVERDUE_MAX);
	lite_int(st, 3, only_held);
	return lite_one_int(c, st, *out, out, e);
}

static enum rc
read_created(struct lite_conn *c, int64_t *out, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_META_GET);
	bool row;
	enum rc rc;

	lite_text(st, 1, "created_ms");
	rc = lite_step(c, st, &row, e);
	if (rc == RC_OK && row) {
		*out = lite_col_int(st, 0);
		lite_reset(st);
	}
	return rc;
}

static enum rc
read_ended(struct lite_conn *c, struct store_stats *out, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_DAY_SUM);
	bool row;
	enum rc rc;

	rc = lite_step(c, st, &row, e);
	if (rc == RC_OK && row) {
		out->ended = lite_col_int(st, 0);
		out->ended_ms = lite_col_int(st, 1);
		lite_reset(st);
	}
	return rc;
}

static void
fill(const int64_t *sums, struct store_stats *out)
{
	size_t i;

	out->accepted = sums[LITE_SUM_ACCEPTED];
	out->duplicates = sums[LITE_SUM_DUPLICATES];
	out->replay_suspects = sums[LITE_SUM_SUSPECTS];
	out->suspects_held = sums[LITE_SUM_SUSPECTS_HELD];
	for (i = 0; i < EVENT_STATUSES; i++)
		out->events[i] = sums[LITE_SUM_EVENT + i];
	out->failed_open = sums[LITE_SUM_FAILED_OPEN];
	out->events_purged = sums[LITE_SUM_EVENTS_PURGED];
	for (i = 0; i < STORE_STATES; i++)
		out->jobs[i] = sums[LITE_SUM_JOB + i];
	out->jobs_purged = sums[LITE_SUM_JOBS_PURGED];
	out->jobs_owed = sums[LITE_SUM_JOBS_OWED];
	out->retrying = sums[LITE_SUM_RETRYING];
	out->leases = sums[LITE_SUM_LEASES];
	out->lapses = sums[LITE_SUM_LAPSES];
	out->fenced = sums[LITE_SUM_FENCED];
	out->retries = sums[LITE_SUM_RETRIES];
	out->dead_letters = sums[LITE_SUM_DEAD_LETTERS];
	out->processed = sums[LITE_SUM_PROCESSED];
	out->processing_ms = sums[LITE_SUM_PROCESSING_MS];
}

enum rc
lite_stats(void *impl, int64_t now_ms, int64_t overdue_ms,
    struct store_stats *out, struct err *e)
{
	struct lite *l = impl;
	int64_t sums[LITE_SUMS];
	struct lite_conn *c;
	struct err ignored;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	rc = lite_run_stmt(c, LITE_BEGIN_READ, e);
	if (rc == RC_OK) {
		rc = lite_sums_read(c, sums, e);
		if (rc == RC_OK)
			rc = read_overdue(c, now_ms - overdue_ms, false,
			    &out->overdue, e);
		if (rc == RC_OK)
			rc = read_overdue(c, now_ms - overdue_ms, true,
			    &out->held, e);
		if (rc == RC_OK)
			rc = lite_order_held(c, NULL, &out->in_order, e);
		if (rc == RC_OK)
			rc = read_created(c, &out->created_ms, e);
		if (rc == RC_OK)
			rc = read_ended(c, out, e);
		(void)lite_run_stmt(c, LITE_COMMIT, &ignored);
	}
	lite_reader_give(l, c);
	if (rc == RC_OK)
		fill(sums, out);
	return rc;
}

/* Copied out before anybody is called: what f does may take its time, and a
 * read that stays open stops checkpoints. */
enum rc
lite_counts(void *impl, const char *family,
    int (*f)(void *arg, const char *key, int64_t n), void *arg, struct err *e)
{
	struct lite *l = impl;
	struct lite_named *v = NULL;
	struct lite_conn *c;
	struct sqlite3_stmt *st;
	size_t i, n = 0;
	bool row = true, stop = false;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(c, LITE_COUNTER_TOP);
	lite_text(st, 1, family);
	lite_int(st, 2, STORE_COUNTS_MAX);
	for (;;) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		if (n % 64 == 0)
			v = xreallocarray(v, n + 64, sizeof(*v));
		v[n].key = lite_col_text(st, 0);
		v[n++].n = lite_col_int(st, 1);
	}
	lite_reader_give(l, c);
	for (i = 0; i < n; i++) {
		stop = stop || rc != RC_OK || f(arg, v[i].key, v[i].n) != 0;
		free(v[i].key);
	}
	free(v);
	return rc;
}

enum rc
lite_days(void *impl, size_t max, struct store_day *out, size_t *n,
    struct err *e)
{
	struct lite *l = impl;
	struct lite_conn *c;
	struct sqlite3_stmt *st;
	bool row = true;
	enum rc rc;

	*n = 0;
	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(c, LITE_DAY_LIST);
	lite_int(st, 1, (int64_t)max);
	while (*n < max) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		memset(&out[*n], 0, sizeof(out[*n]));
		(void)snprintf(out[*n].date, sizeof(out[*n].date), "%s",
		    lite_col_str(st, 0));
		out[*n].total = lite_col_int(st, 1);
		out[*n].succeeded = lite_col_int(st, 2);
		out[*n].failed = lite_col_int(st, 3);
		out[*n].processing_ms = lite_col_int(st, 4);
		++*n;
	}
	lite_reset(st);
	lite_reader_give(l, c);
	return rc;
}
