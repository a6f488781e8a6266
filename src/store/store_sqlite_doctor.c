#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/xalloc.h"
#include "store/store_sqlite_int.h"

#define WAL_ALARM (INT64_C(64) * 1024 * 1024)
#define CLOCK_SLACK_MS (INT64_C(5) * 60 * 1000)
#define FINDING_SIZE 512
#define WEBHOOKS_AT_ONCE 500

struct doctor {
	struct lite *lite;
	struct lite_conn *conn;
	void (*say)(void *arg, const char *check, const char *finding);
	void *arg;
};

static void
check_files(struct doctor *d)
{
	struct lite_files files = { d->lite->path,
		file_folder_of(d->lite->path) };
	struct err e;

	d->say(d->arg, "files",
	    lite_files_judge(&files, &e) == RC_OK ? NULL : e.text);
	free(files.folder);
}

static bool
is_key_beside(const struct doctor *d)
{
	char *of_db, *of_key;
	bool together;

	if (d->lite->key_path == NULL || *d->lite->key_path == '\0')
		return false;
	of_db = file_folder_of(d->lite->path);
	of_key = file_folder_of(d->lite->key_path);
	together = strcmp(of_db, of_key) == 0;
	free(of_db);
	free(of_key);
	return together;
}

/* Webhooks that nothing can be signed for: locked ones lack the key alone. */
struct unopened {
	size_t locked, damaged;
};

/* The reason why there is no key comes with its repair. */
static void
check_key(struct doctor *d, const struct unopened *u)
{
	char finding[FINDING_SIZE];

	if (!d->lite->has_key && u->locked > 0) {
		(void)snprintf(finding, sizeof(finding),
		    "the deliveries to %zu webhook%s wait, as their secrets "
		    "cannot be decrypted: %s",
		    u->locked, u->locked == 1 ? "" : "s", d->lite->key_why);
		d->say(d->arg, "secrets", finding);
	} else if (!d->lite->has_key) {
		(void)snprintf(finding, sizeof(finding),
		    "webhooks cannot have secrets: %s", d->lite->key_why);
		d->say(d->arg, "key", finding);
	} else {
		d->say(d->arg, "key",
		    is_key_beside(d)
			? "the key lies in the database's folder: a "
			  "backup of one takes the other along"
			: NULL);
	}
	if (u->locked + u->damaged == 0)
		d->say(d->arg, "secrets", NULL);
}

static void
check_opened(struct doctor *d, const struct store_webhooks *l,
    struct unopened *u)
{
	char finding[FINDING_SIZE];
	const struct webhook *w;
	size_t i;

	for (i = 0; i < l->n; i++) {
		w = l->v[i];
		if (w->damage == NULL)
			continue;
		if (w->key_is_lost) {
			u->locked++;
			continue;
		}
		u->damaged++;
		(void)snprintf(finding, sizeof(finding),
		    "the deliveries to webhook %s wait, as its secret cannot "
		    "be decrypted (%.200s); a new secret, which the receiver "
		    "must get too, sends them: hlsctl webhook rotate-secret "
		    "%s",
		    w->id, w->damage, w->id);
		d->say(d->arg, "secrets", finding);
	}
}

/* In pages, so that no statement runs into its time limit. */
static enum rc
check_secrets(struct doctor *d, struct err *e)
{
	struct store_webhook_filter f = { .enabled = -1,
		.health = -1,
		.limit = WEBHOOKS_AT_ONCE };
	struct unopened u = { 0 };
	struct store_webhooks l;
	char *after = NULL;
	enum rc rc = RC_OK;

	do {
		memset(&l, 0, sizeof(l));
		f.after = after;
		rc = lite_webhook_list(d->lite, &f, &l, e);
		check_opened(d, &l, &u);
		free(after);
		after = l.next;
		l.next = NULL;
		store_webhooks_free(&l);
	} while (rc == RC_OK && after != NULL);
	free(after);
	if (rc == RC_OK)
		check_key(d, &u);
	return rc;
}

static void
check_wal(struct doctor *d)
{
	char *path = xasprintf("%s-wal", d->lite->path);
	char finding[FINDING_SIZE];
	struct stat st;

	if (stat(path, &st) == 0 && st.st_size > WAL_ALARM) {
		(void)snprintf(finding, sizeof(finding),
		    "the log has %lld MiB: some reader keeps it from being "
		    "emptied",
		    (long long)st.st_size >> 20);
		d->say(d->arg, "wal", finding);
	} else {
		d->say(d->arg, "wal", NULL);
	}
	free(path);
}

static enum rc
check_pages(struct doctor *d, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(d->conn, LITE_QUICK_CHECK);
	char finding[FINDING_SIZE];
	const char *text;
	bool row = true;
	enum rc rc;

	for (;;) {
		rc = lite_step(d->conn, st, &row, e);
		if (rc != RC_OK || !row)
			return rc;
		text = lite_col_str(st, 0);
		(void)snprintf(finding, sizeof(finding),
		    "%.300s: stop all programs of hls and restore a backup",
		    text == NULL ? "no answer" : text);
		d->say(d->arg, "pages",
		    text != NULL && strcmp(text, "ok") == 0 ? NULL : finding);
	}
}

/* Counts by number of a statement with two columns. */
static enum rc
read_groups(struct doctor *d, enum lite_stmt s, int64_t *out, size_t n,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(d->conn, s);
	int64_t at;
	bool row = true;
	enum rc rc;

	memset(out, 0, n * sizeof(*out));
	for (;;) {
		rc = lite_step(d->conn, st, &row, e);
		if (rc != RC_OK || !row)
			return rc;
		at = lite_col_int(st, 0);
		if (at >= 0 && (size_t)at < n)
			out[at] = lite_col_int(st, 1);
	}
}

static bool
compare(struct doctor *d, const char *check, const char *what, int64_t sum,
    int64_t rows)
{
	char finding[FINDING_SIZE];

	if (sum == rows)
		return true;
	(void)snprintf(finding, sizeof(finding),
	    "%s: the sum says %lld, the rows %lld", what, (long long)sum,
	    (long long)rows);
	d->say(d->arg, check, finding);
	return false;
}

static enum rc
check_event_ledger(struct doctor *d, const int64_t *sums, struct err *e)
{
	int64_t rows[EVENT_STATUSES], all = sums[LITE_SUM_EVENTS_PURGED];
	int64_t open;
	bool well = true;
	enum rc rc;
	size_t i;

	rc = read_groups(d, LITE_CHECK_EVENTS, rows, EVENT_STATUSES, e);
	if (rc == RC_OK)
		rc =
		    lite_conn_pragma(d->conn, LITE_CHECK_FAILED_OPEN, &open, e);
	if (rc != RC_OK)
		return rc;
	well &= compare(d, "events", "failed with open jobs",
	    sums[LITE_SUM_FAILED_OPEN], open);
	for (i = 0; i < EVENT_STATUSES; i++) {
		well &= compare(d, "events",
		    event_status_name((enum event_status)i),
		    sums[LITE_SUM_EVENT + i], rows[i]);
		all += sums[LITE_SUM_EVENT + i];
	}
	well &= compare(d, "events",
	    "accepted against pending + processing + retry + completed + "
	    "failed + purged",
	    sums[LITE_SUM_ACCEPTED], all);
	if (well)
		d->say(d->arg, "events", NULL);
	return RC_OK;
}

static enum rc
check_job_ledger(struct doctor *d, const int64_t *sums, struct err *e)
{
	int64_t rows[STORE_STATES], all = sums[LITE_SUM_JOBS_PURGED];
	bool well = true;
	enum rc rc;
	size_t i;

	rc = read_groups(d, LITE_CHECK_JOBS, rows, STORE_STATES, e);
	if (rc != RC_OK)
		return rc;
	for (i = 0; i < STORE_STATES; i++) {
		well &=
		    compare(d, "jobs", store_state_name((enum store_state)i),
			sums[LITE_SUM_JOB + i], rows[i]);
		all += sums[LITE_SUM_JOB + i];
	}
	well &= compare(d, "jobs",
	    "owed against waiting + leased + done + dead + cancelled + "
	    "purged",
	    sums[LITE_SUM_JOBS_OWED], all);
	if (well)
		d->say(d->arg, "jobs", NULL);
	return RC_OK;
}

/* Statements that count what should not be there. */
static const struct {
	enum lite_stmt stmt;
	const char *check;
	const char *text;
} none_expected[] = {
	{ LITE_CHECK_ORPHAN_JOBS, "orphans",
	    "jobs whose event or target is gone" },
	{ LITE_CHECK_ORPHAN_PAYLOADS, "payloads",
	    "payloads whose event is gone" },
	{ LITE_CHECK_LOST_TARGETS, "deleted",
	    "deleted webhooks with jobs still waiting; a drain cancels them" },
	{ LITE_CHECK_TARGETS, "targets",
	    "targets whose counts of jobs or due time are wrong" },
	{ LITE_CHECK_ORDER, "order",
	    "jobs that do not wait for the first of their order key, or wait "
	    "for none" },
	{ LITE_CHECK_REPLAYS, "replays",
	    "targets that rest for a replay which is not there, or parts of "
	    "one" },
	{ LITE_CHECK_EVENT_COUNTS, "counts",
	    "events whose counts of jobs are wrong" },
	{ LITE_CHECK_SUSPECTS, "held",
	    "counts of the events held back that are wrong" },
	{ LITE_CHECK_MERGED, "dedupe",
	    "marks of what is known as seen that are beyond the last event" },
};

static enum rc
check_none(struct doctor *d, struct err *e)
{
	char finding[FINDING_SIZE];
	int64_t n;
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK &&
	     i < sizeof(none_expected) / sizeof(none_expected[0]);
	     i++) {
		rc = lite_conn_pragma(d->conn, none_expected[i].stmt, &n, e);
		(void)snprintf(finding, sizeof(finding), "%lld %s",
		    (long long)n, none_expected[i].text);
		if (rc == RC_OK)
			d->say(d->arg, none_expected[i].check,
			    n == 0 ? NULL : finding);
	}
	return rc;
}

/* What was stamped by a clock that was ahead of the present one. */
static enum rc
check_clock(struct doctor *d, struct err *e)
{
	int64_t now_ms = clock_wall_ms(d->lite->clock), last_ms;
	char finding[FINDING_SIZE];
	enum rc rc;

	rc = lite_conn_pragma(d->conn, LITE_CHECK_LAST_STAMP, &last_ms, e);
	if (rc != RC_OK)
		return rc;
	if (last_ms <= now_ms + CLOCK_SLACK_MS) {
		d->say(d->arg, "clock", NULL);
		return RC_OK;
	}
	(void)snprintf(finding, sizeof(finding),
	    "an event, an attempt or a drain has a time %lld s from now: the "
	    "clock was ahead and was set back, or is behind now; compare it "
	    "with timedatectl",
	    (long long)(last_ms - now_ms) / 1000);
	d->say(d->arg, "clock", finding);
	return RC_OK;
}

static enum rc
count_late_jobs(struct doctor *d, int64_t now_ms, int64_t *n, struct err *e)
{
	struct lite_plan_jobs late;
	struct lite_plan plan;
	enum rc rc = RC_OK;

	*n = 0;
	lite_plan_begin(&plan);
	while (rc == RC_OK && plan.goes_on) {
		rc = lite_plan_read(d->lite, d->conn, &plan, now_ms, &late, e);
		*n += (int64_t)late.n;
	}
	return rc;
}

static enum rc
count_later(struct doctor *d, enum lite_stmt s, int64_t a_ms, int64_t b_ms,
    int64_t *n, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(d->conn, s);
	bool row;
	enum rc rc;

	*n = 0;
	lite_int(st, 1, a_ms);
	if (b_ms > 0)
		lite_int(st, 2, b_ms);
	rc = lite_step(d->conn, st, &row, e);
	if (rc == RC_OK && row) {
		*n = lite_col_int(st, 0);
		lite_reset(st);
	}
	return rc;
}

static bool
say_late(struct doctor *d, int64_t n, const char *what)
{
	char finding[FINDING_SIZE];

	if (n == 0)
		return true;
	(void)snprintf(finding, sizeof(finding),
	    "%lld %s: the clock seems to have been ahead; a running hls-drain "
	    "puts it right within five minutes",
	    (long long)n, what);
	d->say(d->arg, "waits", finding);
	return false;
}

/* Waits that no rule explains; a drain plans them anew. */
static enum rc
check_waits(struct doctor *d, struct err *e)
{
	const struct store_flow flow = lite_flow_now(d->lite);
	int64_t now_ms = clock_wall_ms(d->lite->clock);
	int64_t jobs, limits, secrets, tokens;
	bool well;
	enum rc rc;

	rc = count_late_jobs(d, now_ms, &jobs, e);
	if (rc == RC_OK)
		rc = count_later(d, LITE_CHECK_LIMITS, now_ms + CLOCK_SLACK_MS,
		    now_ms + flow.open_ms + BREAKER_PROBE_MS + CLOCK_SLACK_MS,
		    &limits, e);
	if (rc == RC_OK)
		rc = count_later(d, LITE_CHECK_OLD_SECRETS,
		    now_ms + LITE_OLD_SECRET_MS + CLOCK_SLACK_MS, 0, &secrets,
		    e);
	if (rc == RC_OK)
		rc = count_later(d, LITE_CHECK_TOKENS, now_ms + CLOCK_SLACK_MS,
		    0, &tokens, e);
	if (rc != RC_OK)
		return rc;
	well = say_late(d, jobs,
	    "deliveries wait for longer than their retry schedule explains");
	well &= say_late(d, limits,
	    "webhooks rest for longer than rate limit and breaker explain");
	well &= say_late(d, secrets,
	    "webhooks are signed with their old secret for over a day still");
	well &= say_late(d, tokens, "tokens were made or used in the future");
	if (well)
		d->say(d->arg, "waits", NULL);
	return RC_OK;
}

static enum rc
check_rows(struct doctor *d, struct err *e)
{
	int64_t sums[LITE_SUMS];
	enum rc rc;

	rc = lite_sums_read(d->conn, sums, e);
	if (rc == RC_OK)
		rc = check_event_ledger(d, sums, e);
	if (rc == RC_OK)
		rc = check_job_ledger(d, sums, e);
	if (rc == RC_OK)
		rc = check_none(d, e);
	if (rc == RC_OK)
		rc = check_clock(d, e);
	if (rc == RC_OK)
		rc = check_waits(d, e);
	return rc;
}

enum rc
lite_doctor(void *impl,
    void (*f)(void *arg, const char *check, const char *finding), void *arg,
    struct err *e)
{
	struct lite *l = impl;
	struct lite_conn c;
	struct doctor d = { l, &c, f, arg };
	struct err ignored;
	enum rc rc;

	check_files(&d);
	check_wal(&d);
	rc = check_secrets(&d, e);
	if (rc != RC_OK)
		return rc;
	/* Of its own, for it may read for long. */
	rc = lite_conn_open(l->path, LITE_READ, &c, e);
	if (rc != RC_OK)
		return rc;
	rc = check_pages(&d, e);
	if (rc == RC_OK)
		rc = lite_run_stmt(&c, LITE_BEGIN_READ, e);
	if (rc == RC_OK) {
		rc = check_rows(&d, e);
		(void)lite_run_stmt(&c, LITE_COMMIT, &ignored);
	}
	lite_conn_close(&c);
	return rc;
}
