#include "config.h"

#include <string.h>

#include "base/clock.h"
#include "front/page.h"
#include "intake/bulk.h"
#include "store/store_admin.h"
#include "store/store_read.h"

/* One that was deleted still has deliveries, under its whole id. */
static enum rc
read_webhook(struct page_query *q, const char *text, const char **out,
    struct err *e)
{
	struct page *pg = q->pg;
	enum rc rc;

	*out = NULL;
	if (text[0] == '\0')
		return RC_OK;
	rc = store_webhook_resolve(pg->set->intake.store, text, pg->webhook_id,
	    e);
	*out = rc == RC_OK ? pg->webhook_id : text;
	if (rc == RC_EXISTS ||
	    (rc == RC_NOTFOUND && !webhook_id_is_valid(text)))
		q->wrong = "webhook_id";
	return rc == RC_OK || rc == RC_EXISTS || rc == RC_NOTFOUND ? RC_OK : rc;
}

enum rc
page_deliveries_list(struct page *pg, struct err *e)
{
	char webhook[WEBHOOK_NAME_MAX + 1], state[16], event[ID_PUBLIC_SIZE];
	struct store *s = pg->set->intake.store;
	struct store_job_filter f = { .state = -1 };
	struct page_query q = { .pg = pg };
	enum store_state parsed;
	struct store_jobs jobs;
	struct js_writer w;
	int64_t next;
	size_t i;
	enum rc rc;

	page_query_text(&q, "webhook_id", webhook, sizeof(webhook));
	page_query_text(&q, "event", event, sizeof(event));
	page_query_text(&q, "state", state, sizeof(state));
	f.blocked = page_query_flag(&q, "blocked") == 1;
	f.before_id = page_query_int(&q, "cursor", 1);
	f.limit = page_query_limit(&q, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX);
	if ((rc = read_webhook(&q, webhook, &f.target, e)) != RC_OK)
		return rc;
	if (state[0] != '\0' && !store_state_parse(state, &parsed))
		q.wrong = "state";
	else if (state[0] != '\0')
		f.state = (int)parsed;
	if (event[0] != '\0') {
		rc = store_event_resolve(s, event, &f.event, e);
		if (rc == RC_NOTFOUND || rc == RC_INVALID)
			q.wrong = "event";
		else if (rc != RC_OK)
			return rc;
	}
	if (!page_query_is_good(&q))
		return RC_OK;

	rc = store_job_list(s, &f, &jobs, &next, e);
	if (rc != RC_OK)
		return rc;
	page_json_begin(pg, &w);
	js_open_array(&w, "deliveries");
	for (i = 0; i < jobs.n; i++) {
		js_open_object(&w, NULL);
		page_job(pg, &w, &jobs.v[i]);
		js_close_object(&w);
	}
	js_close_array(&w);
	page_cursor(&w, next);
	page_json_end(pg, &w);
	store_jobs_free(&jobs);
	return RC_OK;
}

/* The delivery that the path names, by either of its ids. */
static enum rc
resolve(struct page *pg, int64_t *id, struct err *e)
{
	enum rc rc = store_job_resolve(pg->set->intake.store, pg->arg, id, e);

	if (rc == RC_NOTFOUND || rc == RC_INVALID)
		rc = err_set(e, RC_NOTFOUND, "no such delivery");
	return rc;
}

enum rc
page_deliveries_show(struct page *pg, struct err *e)
{
	struct store_job *j;
	struct js_writer w;
	int64_t id;
	enum rc rc;

	rc = resolve(pg, &id, e);
	if (rc == RC_OK)
		rc = store_job_find(pg->set->intake.store, id, &j, e);
	if (rc != RC_OK)
		return rc;
	page_json_begin(pg, &w);
	page_job(pg, &w, j);
	rc = page_attempts(pg, &w, id, PAGE_LIMIT_MAX, e);
	page_json_end(pg, &w);
	store_job_free(j);
	return rc;
}

static enum rc
act(struct page *pg,
    enum rc (*f)(struct store *s, int64_t id, int64_t now_ms, struct err *e),
    const char *state, struct err *e)
{
	struct js_writer w;
	int64_t id;
	enum rc rc;

	rc = page_body_none(pg, e);
	if (rc == RC_OK)
		rc = resolve(pg, &id, e);
	if (rc == RC_OK)
		rc = f(pg->set->intake.store, id,
		    clock_wall_ms(pg->set->intake.clock), e);
	if (rc != RC_OK)
		return rc;
	page_json_begin(pg, &w);
	pg->resp->status = 202;
	js_int(&w, "id", id);
	js_str(&w, "state", state);
	page_json_end(pg, &w);
	return RC_OK;
}

enum rc
page_deliveries_retry(struct page *pg, struct err *e)
{
	return act(pg, store_job_retry, "waiting", e);
}

enum rc
page_deliveries_cancel(struct page *pg, struct err *e)
{
	return act(pg, store_job_cancel, "cancelled", e);
}

/* As long as this request may hold its thread, one slice at least. */
static enum rc
act_all(struct page *pg, bool cancel, struct err *e)
{
	struct intake_problems p = { .n = 0 };
	char cursor[BULK_CURSOR_SIZE];
	struct bulk_want want;
	struct page_bulk b;
	struct js_writer w;
	int64_t n;
	enum rc rc;

	rc = bulk_want_read(pg->req->body, pg->req->bodysz, cancel, &want, &p,
	    e);
	if (rc != RC_OK)
		return page_unread(pg, rc, &p);
	if (want.webhook_id[0] != '\0') {
		rc = page_webhook_field(pg, "webhook_id", want.webhook_id,
		    pg->webhook_id, e);
		memcpy(want.webhook_id, pg->webhook_id, sizeof(pg->webhook_id));
	}
	if (rc != RC_OK)
		return rc;
	page_bulk_begin(pg, &b);
	rc = bulk_some(&pg->set->intake, &want, b.until_ms, &n, e);
	page_bulk_end(&b);
	if (rc != RC_OK && n == 0)
		return rc;
	page_bulk_tell(pg, &w, want.b.dry_run, "count", n);
	js_str(&w, "next_cursor", bulk_cursor(&want, cursor));
	page_json_end(pg, &w);
	return RC_OK;
}

enum rc
page_deliveries_retry_all(struct page *pg, struct err *e)
{
	return act_all(pg, false, e);
}

enum rc
page_deliveries_cancel_all(struct page *pg, struct err *e)
{
	return act_all(pg, true, e);
}
