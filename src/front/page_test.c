#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "front/page.h"
#include "intake/trial.h"
#include "store/store_read.h"

static enum rc
answer(struct page *pg, const struct trial *t, struct err *e)
{
	struct js_writer w;
	enum rc rc = RC_OK;

	page_json_begin(pg, &w);
	pg->resp->status = t->result == TRIAL_QUEUED ? 202 : 200;
	js_str(&w, "status", trial_result_name(t->result));
	js_str(&w, "webhook_id", t->webhook_id);
	js_int(&w, "event_id", t->event);
	js_str(&w, "event", t->type);
	if (t->job == NULL) {
		js_null(&w, "delivery");
	} else {
		js_open_object(&w, "delivery");
		page_job(pg, &w, t->job);
		rc = page_attempts(pg, &w, t->job->id, PAGE_LIMIT_MAX, e);
		js_close_object(&w);
	}
	page_json_end(pg, &w);
	return rc;
}

enum rc
page_test_send(struct page *pg, struct err *e)
{
	struct intake in = pg->set->intake;
	char type[SAMPLE_TYPE_MAX + 1];
	struct trial t;
	enum rc rc;

	rc = page_body_text(pg, "event", type, sizeof(type), e);
	if (rc != RC_OK)
		return rc;
	rc = page_webhook_arg(pg, e);
	if (rc != RC_OK)
		return rc;
	in.wait_ms = page_wait_ms(pg);
	rc = trial_begin(&in, pg->arg, type[0] == '\0' ? NULL : type, &t, e);
	if (rc == RC_INVALID)
		return page_refuse(pg, "event", "malformed event name", e);
	if (rc != RC_OK)
		return rc;
	page_note_event(pg, t.event);
	(void)snprintf(pg->note.webhook_id, sizeof(pg->note.webhook_id), "%s",
	    t.webhook_id);
	/* From here on there is something to tell, whatever fails. */
	if (page_linger(pg)) {
		(void)trial_wait(&in, &t,
		    clock_boot_ms(in.clock) + page_wait_ms(pg) * 9 / 10, e);
		page_linger_end();
	}
	rc = answer(pg, &t, e);
	trial_fini(&t);
	return rc;
}
