#include "config.h"

#include "base/clock.h"
#include "front/page.h"
#include "front/reply.h"
#include "stats/stats.h"
#include "store/store_admin.h"
#include "store/store_read.h"

enum rc
page_queue_stats(struct page *pg, struct err *e)
{
	const struct stats_source src = { pg->set->intake.store,
		pg->set->intake.clock, pg->set->overdue_after_ms,
		pg->set->started_ms };
	enum rc rc;

	rc = stats_format_queue(&src, &pg->resp->body, e);
	pg->resp->content_type = "application/json";
	return rc;
}

enum rc
page_queue_retry(struct page *pg, struct err *e)
{
	struct store *s = pg->set->intake.store;
	struct js_writer w;
	int64_t id;
	size_t jobs;
	enum rc rc;

	rc = page_body_none(pg, e);
	if (rc != RC_OK)
		return rc;
	rc = store_event_resolve(s, pg->arg, &id, e);
	if (rc == RC_NOTFOUND || rc == RC_INVALID)
		return err_set(e, RC_NOTFOUND, "no such event");
	if (rc != RC_OK)
		return rc;
	page_note_event(pg, id);
	rc = store_event_retry(s, id, clock_wall_ms(pg->set->intake.clock),
	    &jobs, e);
	if (rc == RC_EXISTS)
		return err_set(e, rc, "the event has not failed");
	if (rc != RC_OK)
		return rc;
	page_json_begin(pg, &w);
	pg->resp->status = 202;
	js_str(&w, "status", "pending");
	js_int(&w, "id", id);
	page_json_end(pg, &w);
	return RC_OK;
}
