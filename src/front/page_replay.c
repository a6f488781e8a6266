#include "config.h"

#include <stdio.h>
#include <string.h>

#include "front/page.h"
#include "front/reply.h"
#include "intake/bulk.h"
#include "intake/replay.h"
#include "store/store_read.h"

enum rc
page_replay_all(struct page *pg, struct err *e)
{
	struct intake_problems p = { .n = 0 };
	struct replay_want want;
	const struct intake in = page_intake(pg);
	struct replay_done done;
	struct page_bulk b;
	struct js_writer w;
	enum rc rc;

	rc = replay_want_read(pg->req->body, pg->req->bodysz, &want, &p, e);
	if (rc != RC_OK)
		return page_unread(pg, rc, &p);
	if (want.webhook_id[0] != '\0') {
		rc = page_webhook_field(pg, "webhook_id", want.webhook_id,
		    pg->webhook_id, e);
		if (rc != RC_OK)
			return rc;
		memcpy(want.webhook_id, pg->webhook_id, sizeof(pg->webhook_id));
	}
	page_bulk_begin(pg, &b);
	rc = replay_some(&in, &want, b.until_ms, &done, e);
	page_bulk_end(&b);
	if (rc != RC_OK)
		return rc;
	page_bulk_tell(pg, &w, want.dry_run,
	    want.dry_run ? "would_replay" : "replayed", done.n);
	replay_format_left(done.left, &w);
	page_cursor(&w, done.next_after);
	page_json_end(pg, &w);
	return RC_OK;
}

enum rc
page_replay_event(struct page *pg, struct err *e)
{
	char text[4 * WEBHOOK_NAME_MAX + 1];
	struct js_writer w;
	int64_t id;
	enum rc rc;

	rc = page_event_resolve(pg, &id, e);
	if (rc == RC_OK)
		rc = page_body_text(pg, "webhook_id", text, sizeof(text), e);
	if (rc == RC_OK && text[0] != '\0')
		rc = page_webhook_field(pg, "webhook_id", text, pg->webhook_id,
		    e);
	if (rc == RC_OK)
		rc = replay_event(&pg->set->intake, id,
		    text[0] == '\0' ? NULL : pg->webhook_id, e);
	if (rc != RC_OK)
		return rc;
	page_json_begin(pg, &w);
	pg->resp->status = 202;
	js_str(&w, "status", "pending");
	js_int(&w, "id", id);
	js_int(&w, "replayed", 1);
	page_json_end(pg, &w);
	return RC_OK;
}

/* The retries first: they are what goes out soonest. */
static enum rc
recover(struct page *pg, const struct recover_want *want, int64_t *n,
    bool *more, struct err *e)
{
	struct bulk_want waiting;
	struct page_bulk b;
	int64_t dead = 0;
	enum rc rc = RC_OK;

	*n = 0;
	*more = false;
	page_bulk_begin(pg, &b);
	if (want->waiting) {
		bulk_want_waiting(&waiting, pg->arg);
		waiting.b.dry_run = want->dry_run;
		rc = bulk_some(&pg->set->intake, &waiting, b.until_ms, n, e);
		*more = !bulk_is_done(&waiting);
	}
	if (rc == RC_OK && !*more && want->since_ms > 0)
		rc = recover_some(&pg->set->intake, want, b.until_ms, &dead,
		    more, e);
	*n += dead;
	page_bulk_end(&b);
	return rc;
}

enum rc
page_replay_recover(struct page *pg, struct err *e)
{
	struct intake_problems p = { .n = 0 };
	struct recover_want want;
	struct js_writer w;
	bool more;
	int64_t n;
	enum rc rc;

	rc = recover_want_read(pg->req->body, pg->req->bodysz, &want, &p, e);
	if (rc != RC_OK)
		return page_unread(pg, rc, &p);
	rc = page_webhook_arg(pg, e);
	if (rc != RC_OK)
		return rc;
	want.webhook_id = pg->arg;
	rc = recover(pg, &want, &n, &more, e);
	if (rc != RC_OK && n == 0)
		return rc;
	(void)snprintf(pg->note.webhook_id, sizeof(pg->note.webhook_id), "%s",
	    pg->arg);
	page_bulk_tell(pg, &w, want.dry_run,
	    want.dry_run ? "would_recover" : "recovered", n);
	js_bool(&w, "more", more || rc != RC_OK);
	page_json_end(pg, &w);
	return RC_OK;
}
