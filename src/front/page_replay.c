#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "front/page.h"
#include "front/reply.h"
#include "intake/replay.h"
#include "store/store_read.h"

/* Slices are short, but the last may wait for its turn: the answer that says
 * where to go on must still go out in time. */
static int64_t
until_boot_ms(const struct page *pg)
{
	return clock_boot_ms(pg->set->intake.clock) + page_wait_ms(pg) / 2;
}

static enum rc
refused(struct page *pg, enum rc rc, const struct intake_problems *p)
{
	if (rc == RC_INVALID && p->n > 0)
		page_invalid(pg, p);
	return rc;
}

enum rc
page_replay_all(struct page *pg, struct err *e)
{
	struct intake_problems p = { .n = 0 };
	struct replay_want want;
	struct replay_done done;
	struct js_writer w;
	enum rc rc;

	rc = replay_want_read(pg->req->body, pg->req->bodysz, &want, &p, e);
	if (rc != RC_OK)
		return refused(pg, rc, &p);
	rc = replay_some(&pg->set->intake, &want, until_boot_ms(pg), &done, e);
	/* What is done is told: the next call goes on behind it. */
	if (rc != RC_OK && done.n == 0)
		return rc;
	page_json_begin(pg, &w);
	pg->resp->status = want.dry_run ? 200 : 202;
	js_int(&w, want.dry_run ? "would_replay" : "replayed", done.n);
	page_cursor(&w, done.next_before);
	page_json_end(pg, &w);
	return RC_OK;
}

/* {"webhook_id": …}, or no body at all. */
static enum rc
read_webhook_id(struct page *pg, char *out, size_t max, struct err *e)
{
	struct intake_problems p = { .n = 1 };
	struct js_doc doc = { NULL };
	struct json_object *value;
	const char *text;
	size_t n;
	enum rc rc;

	out[0] = '\0';
	if (pg->req->bodysz == 0)
		return RC_OK;
	rc = js_parse(&doc, pg->req->body, pg->req->bodysz, e);
	if (rc != RC_OK)
		return rc;
	value = js_find(doc.root, "webhook_id");
	if (js_get_str(value, &text, &n) && n < max && strlen(text) == n &&
	    webhook_id_is_valid(text))
		memcpy(out, text, n + 1);
	else if (!js_is_object(doc.root) || !js_is_null(value))
		rc = err_set(e, RC_INVALID, "webhook_id: malformed");
	js_doc_fini(&doc);
	(void)snprintf(p.v[0].field, sizeof(p.v[0].field), "webhook_id");
	(void)snprintf(p.v[0].message, sizeof(p.v[0].message), "malformed");
	return refused(pg, rc, &p);
}

enum rc
page_replay_event(struct page *pg, struct err *e)
{
	char webhook_id[WEBHOOK_ID_MAX + 1];
	struct js_writer w;
	int64_t id;
	enum rc rc;

	rc = page_event_resolve(pg, &id, e);
	if (rc == RC_OK)
		rc = read_webhook_id(pg, webhook_id, sizeof(webhook_id), e);
	if (rc == RC_OK)
		rc = replay_event(&pg->set->intake, id,
		    webhook_id[0] == '\0' ? NULL : webhook_id, e);
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

enum rc
page_replay_recover(struct page *pg, struct err *e)
{
	struct intake_problems p = { .n = 0 };
	struct recover_want want;
	struct js_writer w;
	int64_t n;
	bool more;
	enum rc rc;

	rc = recover_want_read(pg->req->body, pg->req->bodysz, &want, &p, e);
	if (rc != RC_OK)
		return refused(pg, rc, &p);
	want.webhook_id = pg->arg;
	rc = recover_some(&pg->set->intake, &want, until_boot_ms(pg), &n, &more,
	    e);
	if (rc != RC_OK && n == 0)
		return rc;
	(void)snprintf(pg->note.webhook_id, sizeof(pg->note.webhook_id), "%s",
	    pg->arg);
	page_json_begin(pg, &w);
	pg->resp->status = want.dry_run ? 200 : 202;
	js_int(&w, want.dry_run ? "would_recover" : "recovered", n);
	js_bool(&w, "more", more || rc != RC_OK);
	page_json_end(pg, &w);
	return RC_OK;
}
