#include "config.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/js.h"
#include "core/event.h"
#include "stats/show.h"
#include "stats/stats.h"
#include "store/store_read.h"

#define DAYS_MAX 30

static enum rc
read_sums(const struct stats_source *src, struct store_stats *sums,
    struct err *e)
{
	return store_stats(src->store, clock_wall_ms(src->clock),
	    src->overdue_after_ms, sums, e);
}

static double
ratio(int64_t part, int64_t whole)
{
	return whole > 0 ? (double)part / (double)whole : 0;
}

static void
write_events(struct js_writer *w, const struct store_stats *s)
{
	int64_t good = s->events[EVENT_COMPLETED];
	int64_t bad = s->events[EVENT_FAILED];

	js_int(w, "total_webhooks", s->accepted);
	js_int(w, "total_pending", s->events[EVENT_PENDING]);
	js_int(w, "successful_processing", good);
	js_int(w, "failed_processing", bad);
	js_real(w, "success_rate", ratio(good, good + bad));
	js_real(w, "average_processing_time",
	    ratio(s->ended_ms, s->ended) / 1000);
}

static int
write_count(void *arg, const char *key, int64_t n)
{
	js_int(arg, key, n);
	return 0;
}

static enum rc
write_counts(const struct stats_source *src, struct js_writer *w,
    const char *name, const char *family, struct err *e)
{
	enum rc rc;

	js_open_object(w, name);
	rc = store_counts(src->store, family, write_count, w, e);
	js_close_object(w);
	return rc;
}

static void
write_deliveries(struct js_writer *w, const struct store_stats *s)
{
	int64_t open = s->jobs[STORE_WAITING] + s->jobs[STORE_LEASED];
	int64_t ended = s->jobs[STORE_STATE_DONE] + s->jobs[STORE_STATE_DEAD];

	js_open_object(w, "deliveries");
	js_int(w, "pending", open - s->retrying);
	js_int(w, "retrying", s->retrying);
	js_int(w, "delivered", s->jobs[STORE_STATE_DONE]);
	js_int(w, "failed", s->jobs[STORE_STATE_DEAD]);
	/* The sum of the four, as cancelled ones are in none of them. */
	js_int(w, "total", open + ended);
	js_close_object(w);
}

/* Neither is called yet, and no budget is set: nothing was spent. */
static void
write_peers(struct js_writer *w)
{
	js_open_object(w, "claude");
	js_int(w, "calls", 0);
	js_int(w, "input_tokens", 0);
	js_int(w, "output_tokens", 0);
	js_int(w, "cache_read_tokens", 0);
	js_int(w, "cache_write_tokens", 0);
	js_int(w, "cost_usd", 0);
	js_null(w, "budget_usd");
	js_null(w, "remaining_usd");
	js_close_object(w);
	js_open_object(w, "github");
	js_int(w, "reads", 0);
	js_int(w, "writes", 0);
	js_int(w, "rate_limited", 0);
	js_close_object(w);
}

static enum rc
write_workers(const struct stats_source *src, struct js_writer *w,
    struct err *e)
{
	struct store_workers workers;
	size_t i;
	enum rc rc;

	rc = store_worker_list(src->store, &workers, e);
	if (rc != RC_OK)
		return rc;
	js_open_array(w, "workers");
	for (i = 0; i < workers.n; i++) {
		js_open_object(w, NULL);
		show_worker(w, &workers.v[i]);
		js_close_object(w);
	}
	js_close_array(w);
	store_workers_free(&workers);
	return RC_OK;
}

static enum rc
write_days(const struct stats_source *src, struct js_writer *w, struct err *e)
{
	struct store_day days[DAYS_MAX];
	const struct store_day *d;
	size_t i, n;
	enum rc rc;

	rc = store_days(src->store, DAYS_MAX, days, &n, e);
	if (rc != RC_OK)
		return rc;
	js_open_array(w, "daily");
	for (i = 0; i < n; i++) {
		d = &days[i];
		js_open_object(w, NULL);
		js_str(w, "date", d->date);
		js_int(w, "total", d->total);
		js_int(w, "successful", d->succeeded);
		js_int(w, "failed", d->failed);
		js_real(w, "average_processing_time",
		    ratio(d->processing_ms, d->succeeded + d->failed) / 1000);
		js_close_object(w);
	}
	js_close_array(w);
	return RC_OK;
}

enum rc
stats_format(const struct stats_source *src, struct buf *out, struct err *e)
{
	struct store_stats sums;
	struct js_writer w;
	enum rc rc;

	rc = read_sums(src, &sums, e);
	if (rc != RC_OK)
		return rc;
	js_writer_init(&w, out);
	js_open_object(&w, NULL);
	js_int(&w, "uptime_seconds",
	    (clock_wall_ms(src->clock) - src->started_ms) / 1000);
	write_events(&w, &sums);
	rc = write_counts(src, &w, "events_by_type", "type", e);
	if (rc == RC_OK)
		rc = write_counts(src, &w, "events_by_repo", "repo", e);
	if (rc != RC_OK)
		return rc;
	write_deliveries(&w, &sums);
	write_peers(&w);
	rc = write_workers(src, &w, e);
	if (rc == RC_OK)
		rc = write_days(src, &w, e);
	js_close_object(&w);
	buf_add_str(out, "\n");
	return rc;
}

enum rc
stats_format_queue(const struct stats_source *src, struct buf *out,
    struct err *e)
{
	struct store_stats sums;
	struct js_writer w;
	enum rc rc;

	rc = read_sums(src, &sums, e);
	if (rc != RC_OK)
		return rc;
	js_writer_init(&w, out);
	js_open_object(&w, NULL);
	show_queue(&w, &sums);
	js_close_object(&w);
	buf_add_str(out, "\n");
	return RC_OK;
}
