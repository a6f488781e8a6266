#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/http.h"
#include "front/page.h"
#include "front/reply.h"
#include "front/resend.h"
#include "stats/show.h"
#include "store/store_read.h"

#define SENT_ID_MAX 4097 /* as long as an id that is read from a body */
#define JOBS_MAX 1000    /* of one event that are shown */
#define ATTEMPTS_MAX 20  /* of one of them */
#define LARGE (1u << 20) /* bytes of an answer that gets no more attempts */

/*
 * Idempotency-Key, as clients of other services send it: bare, or a string of
 * RFC 9651 as draft-ietf-httpapi-idempotency-key-header has it.  NULL when
 * there is none.
 */
static const char *
read_key(const struct http_req *req, char out[SENT_ID_MAX])
{
	const char *text = http_header_find(req, "Idempotency-Key"), *end;
	size_t n = 0;

	if (text == NULL || strlen(text) >= SENT_ID_MAX)
		return text;
	end = text + strlen(text);
	if (end - text < 2 || text[0] != '"' || end[-1] != '"')
		return *text == '\0' ? NULL : text;
	for (text++, end--; text < end; text++) {
		if (*text == '\\' && text + 1 < end)
			text++;
		out[n++] = *text;
	}
	out[n] = '\0';
	return n == 0 ? NULL : out;
}

/* While the request has no outcome, the same request is the same event. */
static void
keep_id(struct page *pg, const struct resend_request *req, const char *id)
{
	if (pg->resend != NULL && strlen(id) < ID_UUID_SIZE)
		resend_put(pg->resend, req, id,
		    clock_boot_ms(pg->set->intake.clock));
}

enum rc
page_events_publish(struct page *pg, struct err *e)
{
	const struct resend_request req = { pg->who.name, pg->req->body,
		pg->req->bodysz };
	char text[SENT_ID_MAX], kept[ID_UUID_SIZE] = "";
	struct intake in = pg->set->intake;
	struct intake_problems problems;
	struct intake_outcome out;
	const char *key, *id;
	enum rc rc;

	memset(&out, 0, sizeof(out));
	in.wait_ms = page_wait_ms(pg);
	in.body = pg->body;
	id = key = read_key(pg->req, text);
	if (key == NULL && pg->resend != NULL &&
	    resend_take(pg->resend, &req, clock_boot_ms(in.clock), kept))
		id = kept;
	rc = intake_publish(&in, pg->req->body, pg->req->bodysz, id, &out,
	    &problems, e);
	if (rc == RC_OK) {
		page_hooks_outcome(pg, &out);
		return RC_OK;
	}
	id = rc == RC_BUSY && out.delivery_id[0] != '\0' ? out.delivery_id
							 : kept;
	if (key == NULL && id[0] != '\0')
		keep_id(pg, &req, id);
	if (rc == RC_INVALID && problems.n > 0)
		page_invalid(pg, &problems);
	else if (rc == RC_BUSY && id[0] != '\0')
		reply_unsure(pg->resp, pg->req->request_id, id);
	return rc;
}

/* The texts that a filter borrows. */
struct words {
	char type[EVENT_TYPE_MAX + EVENT_ACTION_MAX + 2];
	char repository[EVENT_REPOSITORY_MAX + 1];
	char source[65];
	char delivery_id[EVENT_DELIVERY_ID_MAX + 1];
};

static const char *
read_word(struct page_query *q, const char *name, char *out, size_t max)
{
	page_query_text(q, name, out, max);
	return out[0] == '\0' ? NULL : out;
}

static void
read_filter(struct page_query *q, struct words *t, struct store_event_filter *f)
{
	char status[32], sent_id[SENT_ID_MAX];
	enum event_status s;

	memset(f, 0, sizeof(*f));
	f->status = -1;
	if (read_word(q, "status", status, sizeof(status)) != NULL) {
		if (event_status_parse(status, &s))
			f->status = (int)s;
		else
			q->wrong = "status";
	}
	f->type = read_word(q, "type", t->type, sizeof(t->type));
	f->repository =
	    read_word(q, "repository", t->repository, sizeof(t->repository));
	f->source = read_word(q, "source", t->source, sizeof(t->source));
	if (read_word(q, "delivery_id", sent_id, sizeof(sent_id)) != NULL) {
		(void)event_delivery_id_of(sent_id, t->delivery_id);
		f->delivery_id = t->delivery_id;
	}
	f->suspect = page_query_flag(q, "suspect") == 1;
	f->since_ms = page_query_time(q, "since");
	f->until_ms = page_query_time(q, "until");
	f->before_id = page_query_int(q, "cursor", 1);
	f->limit = page_query_limit(q, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX);
}

enum rc
page_events_list(struct page *pg, struct err *e)
{
	struct page_query q = { .pg = pg };
	struct store_event_filter f;
	struct store_events list;
	struct js_writer w;
	struct words t;
	int64_t next;
	size_t i;
	enum rc rc;

	read_filter(&q, &t, &f);
	if (!page_query_is_good(&q))
		return RC_OK;
	rc = store_event_list(pg->set->intake.store, &f, &list, &next, e);
	if (rc != RC_OK)
		return rc;
	page_json_begin(pg, &w);
	js_open_array(&w, "events");
	for (i = 0; i < list.n; i++) {
		js_open_object(&w, NULL);
		show_event(&w, list.v[i]);
		js_close_object(&w);
	}
	js_close_array(&w);
	page_cursor(&w, next);
	page_json_end(pg, &w);
	store_events_free(&list);
	return RC_OK;
}

static enum rc
write_job(struct page *pg, struct js_writer *w, const struct store_job *j,
    struct err *e)
{
	bool is_large = pg->resp->body.len > LARGE;
	enum rc rc;

	js_open_object(w, NULL);
	page_job(pg, w, j);
	rc = page_attempts(pg, w, j->id, is_large ? 0 : ATTEMPTS_MAX, e);
	js_close_object(w);
	return rc;
}

static enum rc
write_jobs(struct page *pg, struct js_writer *w, int64_t event, struct err *e)
{
	struct store_job_filter f = { .event = event,
		.state = -1,
		.limit = JOBS_MAX };
	struct store_jobs jobs;
	char cursor[24];
	int64_t next;
	size_t i;
	enum rc rc;

	rc = store_job_list(pg->set->intake.store, &f, &jobs, &next, e);
	if (rc != RC_OK)
		return rc;
	js_open_array(w, "jobs");
	for (i = 0; i < jobs.n && rc == RC_OK; i++)
		rc = write_job(pg, w, &jobs.v[i], e);
	js_close_array(w);
	js_int(w, "jobs_shown", (int64_t)jobs.n);
	(void)snprintf(cursor, sizeof(cursor), "%lld", (long long)next);
	js_str(w, "jobs_next_cursor", next == 0 ? NULL : cursor);
	store_jobs_free(&jobs);
	return rc;
}

static enum rc
find(struct page *pg, struct event **ev, struct err *e)
{
	int64_t id;
	enum rc rc;

	rc = page_event_resolve(pg, &id, e);
	if (rc == RC_OK)
		rc = store_event_find(pg->set->intake.store, id, ev, e);
	return rc;
}

enum rc
page_events_show(struct page *pg, struct err *e)
{
	struct event *ev;
	struct js_writer w;
	enum rc rc;

	rc = find(pg, &ev, e);
	if (rc != RC_OK)
		return rc;
	page_json_begin(pg, &w);
	show_event(&w, ev);
	rc = write_jobs(pg, &w, ev->id, e);
	if (rc == RC_OK)
		rc = page_passed_now(pg, &w, ev, e);
	page_json_end(pg, &w);
	event_free(ev);
	return rc;
}

/* What came is shown as bytes, so that no browser takes it for a page. */
static const char *
payload_type(const struct event *ev)
{
	return strcmp(ev->content_type == NULL ? "" : ev->content_type,
		   "application/json") == 0
	    ? "application/json"
	    : "application/octet-stream";
}

enum rc
page_events_payload(struct page *pg, struct err *e)
{
	struct event *ev;
	char *body;
	size_t n;
	enum rc rc;

	rc = find(pg, &ev, e);
	if (rc != RC_OK)
		return rc;
	rc = page_hold(pg, ev->bodysz, e);
	if (rc == RC_OK)
		rc = store_payload(pg->set->intake.store, ev->id, &body, &n, e);
	if (rc == RC_OK) {
		pg->resp->status = 200;
		pg->resp->content_type = payload_type(ev);
		http_resp_header(pg->resp, "Content-Disposition", "attachment");
		buf_own(&pg->resp->body, body, n);
	}
	event_free(ev);
	return rc;
}
