#include "config.h"

#include <string.h>

#include "front/page.h"
#include "front/reply.h"

static void
note(struct page_note *note, const struct intake_outcome *out)
{
	memcpy(note->event_id, out->receipt.public_id, sizeof(note->event_id));
	note->is_signed = out->is_signed;
	memcpy(note->delivery_id, out->delivery_id, sizeof(note->delivery_id));
	memcpy(note->sent_delivery_id, out->sent_delivery_id,
	    sizeof(note->sent_delivery_id));
	memcpy(note->event_type, out->event_type, sizeof(note->event_type));
	memcpy(note->repository, out->repository, sizeof(note->repository));
}

/* Both, where the sender's own id is not the one that hls works with. */
static void
put_ids(struct js_writer *w, const struct intake_outcome *out)
{
	js_str(w, "delivery_id", out->delivery_id);
	if (out->sent_delivery_id[0] != '\0')
		js_str(w, "sent_delivery_id", out->sent_delivery_id);
}

void
page_hooks_outcome(struct page *pg, const struct intake_outcome *out)
{
	struct js_writer w;

	note(&pg->note, out);
	page_json_begin(pg, &w);
	switch (out->result) {
	case INTAKE_QUEUED:
		pg->resp->status = 202;
		pg->note.outcome = "queued";
		js_str(&w, "status", "queued");
		js_int(&w, "id", out->receipt.id);
		put_ids(&w, out);
		js_str(&w, "event_type", out->event_type);
		js_str(&w, "repository", out->repository);
		if (out->receipt.replay_suspect) {
			pg->note.outcome = "replay_suspect";
			js_bool(&w, "replay_suspect", true);
		}
		break;
	case INTAKE_DUPLICATE:
		pg->note.outcome = "duplicate";
		js_str(&w, "status", "duplicate");
		js_int(&w, "id", out->receipt.id);
		put_ids(&w, out);
		/* The first one's bytes stay; these are dropped. */
		if (out->receipt.other_body) {
			pg->note.outcome = "other_body";
			js_bool(&w, "other_body", true);
		}
		break;
	case INTAKE_IGNORED:
		pg->note.outcome = "ignored";
		js_str(&w, "status", "ignored");
		js_str(&w, "reason", out->reason);
		break;
	}
	page_json_end(pg, &w);
}

enum rc
page_hooks_post(struct page *pg, struct err *e)
{
	struct intake in = pg->set->intake;
	enum rc rc;

	in.wait_ms = page_wait_ms(pg);
	in.body = pg->body;
	if (pg->waiter == NULL)
		rc = intake_accept(&in, pg->req, &pg->post, e);
	else
		rc = intake_accept_begin(&in, pg->req, pg->waiter, &pg->pending,
		    &pg->post, e);
	return pg->pending.op != NULL ? RC_OK : page_hooks_end(pg, rc, e);
}

enum rc
page_hooks_end(struct page *pg, enum rc rc, struct err *e)
{
	const struct intake_outcome *out = &pg->post;

	if (rc == RC_OK) {
		page_hooks_outcome(pg, out);
		return RC_OK;
	}
	note(&pg->note, out);
	/* One text for all of these: nobody learns which sources exist. */
	if (rc == RC_DENIED)
		reply_problem(pg->resp, pg->req->request_id, 401, "signature",
		    "the signature does not fit");
	else if (rc == RC_INVALID && out->status != 0)
		reply_problem(pg->resp, pg->req->request_id, out->status, NULL,
		    e->text);
	else if (rc == RC_BUSY && out->is_new_each_time)
		reply_unsure(pg->resp, pg->req->request_id, NULL);
	return rc;
}
