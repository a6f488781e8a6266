#include "config.h"

#include "base/clock.h"
#include "front/page.h"
#include "front/reply.h"
#include "intake/release.h"
#include "store/store_admin.h"
#include "store/store_read.h"

/* Half of the time is for the answer: the last slice may wait for its turn. */
static enum rc
release(struct page *pg, const struct release_want *want, int64_t *n,
    bool *more, struct err *e)
{
	const struct intake *in = &pg->set->intake;
	bool lingers = page_linger(pg);
	int64_t until_ms =
	    clock_boot_ms(in->clock) + (lingers ? page_wait_ms(pg) / 2 : 0);
	struct release_plan p = { .ids = NULL };
	enum rc rc;

	*n = 0;
	*more = false;
	rc = release_gather(in, want, until_ms, &p, e);
	if (rc == RC_OK && want->dry_run)
		*n = (int64_t)p.n;
	else if (rc == RC_OK)
		rc = release_put(in, &p, until_ms, n, more, e);
	release_plan_fini(&p);
	if (lingers)
		page_linger_end();
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
	if (rc == RC_INVALID && p.n > 0)
		page_invalid(pg, &p);
	if (rc != RC_OK)
		return rc;
	rc = release(pg, &want, &n, &more, e);
	/* What went out before a failure is reported; the rest is asked for
	 * again. */
	if (rc != RC_OK && n == 0)
		return rc;
	page_json_begin(pg, &w);
	pg->resp->status = want.dry_run ? 200 : 202;
	js_int(&w, want.dry_run ? "would_release" : "released", n);
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
