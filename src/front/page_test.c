#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "front/page.h"
#include "intake/trial.h"
#include "stats/show.h"
#include "store/store_read.h"

/* Tests that wait for their outcome at a time: they hold threads that posts
 * want.  Others are answered at once, as queued. */
#define WAITING_MAX 4

static atomic_int waiting;

static enum rc
refuse(struct page *pg, struct err *e)
{
	struct intake_problems p = { .n = 1 };

	(void)snprintf(p.v[0].field, sizeof(p.v[0].field), "event");
	(void)snprintf(p.v[0].message, sizeof(p.v[0].message),
	    "no name of an event");
	page_invalid(pg, &p);
	return err_set(e, RC_INVALID, "event: no name of an event");
}

/* {"event": …}, or no body at all. */
static enum rc
read_type(struct page *pg, char *out, size_t max, bool *given, struct err *e)
{
	struct js_doc doc = { NULL };
	struct json_object *value;
	const char *text;
	size_t n;
	enum rc rc;

	*given = false;
	if (pg->req->bodysz == 0)
		return RC_OK;
	rc = js_parse(&doc, pg->req->body, pg->req->bodysz, e);
	if (rc != RC_OK)
		return rc;
	value = js_find(doc.root, "event");
	if (js_get_str(value, &text, &n) && n < max && strlen(text) == n) {
		memcpy(out, text, n + 1);
		*given = true;
	} else if (!js_is_object(doc.root) || !js_is_null(value)) {
		rc = refuse(pg, e);
	}
	js_doc_fini(&doc);
	return rc;
}

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
		show_job(&w, t->job);
		rc = page_attempts(pg, &w, t->job->id, e);
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
	bool given;
	enum rc rc;

	rc = read_type(pg, type, sizeof(type), &given, e);
	if (rc != RC_OK)
		return rc;
	in.wait_ms = page_wait_ms(pg);
	rc = trial_begin(&in, pg->arg, given ? type : NULL, &t, e);
	if (rc != RC_OK)
		return rc == RC_INVALID ? refuse(pg, e) : rc;
	pg->note.event_id = t.event;
	(void)snprintf(pg->note.webhook_id, sizeof(pg->note.webhook_id), "%s",
	    t.webhook_id);
	/* From here on there is something to tell, whatever fails. */
	if (atomic_fetch_add(&waiting, 1) < WAITING_MAX)
		(void)trial_wait(&in, &t,
		    clock_boot_ms(in.clock) + page_wait_ms(pg) * 9 / 10, e);
	atomic_fetch_sub(&waiting, 1);
	rc = answer(pg, &t, e);
	trial_fini(&t);
	return rc;
}
