#include "config.h"

#include "store/store_sqlite_int.h"

static const char *const sum_names[LITE_SUMS] = {
	[LITE_SUM_ACCEPTED] = "accepted",
	[LITE_SUM_DUPLICATES] = "duplicates",
	[LITE_SUM_SUSPECTS] = "replay_suspects",
	[LITE_SUM_SUSPECTS_HELD] = "suspects_held",
	[LITE_SUM_IGNORED_BODIES] = "ignored_bodies",
	[LITE_SUM_UNEXPANDED] = "unexpanded",
	[LITE_SUM_EVENT + EVENT_PENDING] = "events_pending",
	[LITE_SUM_EVENT + EVENT_PROCESSING] = "events_processing",
	[LITE_SUM_EVENT + EVENT_RETRY] = "events_retry",
	[LITE_SUM_EVENT + EVENT_COMPLETED] = "events_completed",
	[LITE_SUM_EVENT + EVENT_FAILED] = "events_failed",
	[LITE_SUM_EVENTS_PURGED] = "events_purged",
	[LITE_SUM_FAILED_OPEN] = "events_failed_open",
	[LITE_SUM_JOB + STORE_WAITING] = "jobs_waiting",
	[LITE_SUM_JOB + STORE_LEASED] = "jobs_leased",
	[LITE_SUM_JOB + STORE_STATE_DONE] = "jobs_done",
	[LITE_SUM_JOB + STORE_STATE_DEAD] = "jobs_dead",
	[LITE_SUM_JOB + STORE_CANCELLED] = "jobs_cancelled",
	[LITE_SUM_JOBS_PURGED] = "jobs_purged",
	[LITE_SUM_JOBS_OWED] = "jobs_owed",
	[LITE_SUM_RETRYING] = "jobs_retrying",
	[LITE_SUM_LEASES] = "leases",
	[LITE_SUM_LAPSES] = "lapses",
	[LITE_SUM_FENCED] = "fenced",
	[LITE_SUM_RETRIES] = "retries",
	[LITE_SUM_DEAD_LETTERS] = "dead_letters",
	[LITE_SUM_PROCESSED] = "processed",
	[LITE_SUM_PROCESSING_MS] = "processing_ms",
	[LITE_SUM_WEBHOOKS_VERSION] = "webhooks_version",
	[LITE_SUM_BLOCKED_VERSION] = "blocked_version",
	[LITE_SUM_EVENT_ID] = "event_id",
	[LITE_SUM_JOB_ID] = "job_id",
};

const char *
lite_sum_name(enum lite_sum s)
{
	return sum_names[s];
}

void
lite_tally_sum(struct lite_tx *tx, enum lite_sum s, int64_t n)
{
	tx->tally.sums[s] += n;
	tx->tally.additions++;
}

enum rc
lite_sum_read(struct lite_conn *c, enum lite_sum s, int64_t *out, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_COUNTER_GET);
	bool row;
	enum rc rc;

	*out = 0;
	lite_text(st, 1, "sum");
	lite_text(st, 2, sum_names[s]);
	rc = lite_step(c, st, &row, e);
	if (rc == RC_OK && row) {
		*out = lite_col_int(st, 0);
		lite_reset(st);
	}
	return rc;
}
