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
	int64_t now_ms = clock_wall_ms(pg->set->intake.clock);
	struct strlist running = { 0 };
	struct store_workers workers;
	bool known;
	size_t i;
	enum rc rc;

	*seen = false;
	rc = store_worker_list(pg->set->intake.store, &workers, e);
	if (rc != RC_OK)
		return rc;
	known = pg->set->drains(pg->set->drains_arg, &running);
	for (i = 0; i < workers.n; i++)
		*seen |= store_worker_counts(&workers.v[i],
		    known ? &running : NULL, pg->set->drain_seen_ms, now_ms);
	strlist_fini(&running);
	store_workers_free(&workers);
	return RC_OK;
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
