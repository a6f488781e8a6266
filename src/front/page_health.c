#include "config.h"

#include <string.h>

#include "base/clock.h"
#include "base/strlist.h"
#include "front/page.h"
#include "front/reply.h"
#include "store/store.h"
#include "store/store_read.h"

enum rc
page_health_alive(struct page *pg, struct err *e)
{
	struct js_writer w;

	(void)e;
	page_json_begin(pg, &w);
	js_str(&w, "status", "ok");
	page_json_end(pg, &w);
	return RC_OK;
}

/* Whether some drain works the queue. */
static enum rc
find_drain(struct page *pg, bool *seen, struct err *e)
{
	struct strlist running = { 0 };
	bool known = pg->set->drains(pg->set->drains_arg, &running);
	size_t up, all;
	enum rc rc;

	rc = store_workers_count(pg->set->intake.store, known ? &running : NULL,
	    pg->set->drain_seen_ms, clock_wall_ms(pg->set->intake.clock), &up,
	    &all, e);
	*seen = up > 0;
	strlist_fini(&running);
	return rc;
}

enum rc
page_health_ready(struct page *pg, struct err *e)
{
	struct js_writer w;
	bool seen;
	enum rc rc;

	rc = store_check(pg->set->intake.store, e);
	if (rc != RC_OK) {
		/* An open page: the log has the rest. */
		reply_problem(pg->resp, pg->req->request_id, 503, "store",
		    "the store does not take events");
		return rc;
	}
	if (!http_query_has(pg->req, "intake")) {
		rc = find_drain(pg, &seen, e);
		if (rc != RC_OK)
			return rc;
		if (!seen) {
			reply_problem(pg->resp, pg->req->request_id, 503,
			    "drain", "no drain runs, or none reported lately");
			return RC_OK;
		}
	}
	page_json_begin(pg, &w);
	js_str(&w, "status", "ready");
	page_json_end(pg, &w);
	return RC_OK;
}
