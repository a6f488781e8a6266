#include "config.h"

#include "base/clock.h"
#include "front/page.h"
#include "front/reply.h"
#include "intake/release.h"
#include "store/store_admin.h"
#include "store/store_read.h"

static enum rc
release(struct page *pg, const struct release_want *want, int64_t *n,
    bool *more, struct err *e)
{
	const struct intake *in = &pg->set->intake;
	struct release_plan p = { .ids = NULL };
	struct page_bulk b;
	enum rc rc;

	*n = 0;
	*more = false;
	page_bulk_begin(pg, &b);
	rc = release_gather(in, want, b.until_ms, &p, e);
	if (rc == RC_OK && want->dry_run)
		*n = (int64_t)p.n;
	else if (rc == RC_OK)
		rc = release_put(in, &p, b.until_ms, n, more, e);
	release_plan_fini(&p);
	page_bulk_end(&b);
	return rc;
}

enum rc
page_release_all(struct page *pg, struct err *e)
{
	struct intake_problems p = { .n = 0 };
	struct release_want want;
	struct js_writer w;
	bool more;
	int64_t n;
	enum rc rc;

	rc = release_want_read(pg->req->body, pg->req->bodysz, &want, &p, e);
	if (rc != RC_OK)
		return page_unread(pg, rc, &p);
	rc = release(pg, &want, &n, &more, e);
	/* What went out before a failure is reported; the rest is asked for
	 * again. */
	if (rc != RC_OK && n == 0)
		return rc;
	page_bulk_tell(pg, &w, want.dry_run,
	    want.dry_run ? "would_release" : "released", n);
	js_bool(&w, "more", more || rc != RC_OK);
	page_json_end(pg, &w);
	return RC_OK;
}

enum rc
page_release_event(struct page *pg, struct err *e)
{
	struct store *s = pg->set->intake.store;
	struct js_writer w;
	size_t released = 0;
	int64_t id;
	enum rc rc;

	rc = page_body_none(pg, e);
	if (rc == RC_OK)
		rc = page_event_resolve(pg, &id, e);
	if (rc == RC_OK)
		rc = store_event_release(s, &id, 1,
		    clock_wall_ms(pg->set->intake.clock), &released, e);
	if (rc == RC_OK && released == 0)
		rc = err_set(e, RC_EXISTS, "the event is not held back");
	if (rc != RC_OK)
		return rc;
	page_json_begin(pg, &w);
	pg->resp->status = 202;
	js_str(&w, "status", "pending");
	js_int(&w, "id", id);
	js_int(&w, "released", 1);
	page_json_end(pg, &w);
	return RC_OK;
}
