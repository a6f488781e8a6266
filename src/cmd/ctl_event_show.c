#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/js.h"
#include "cmd/ctl.h"
#include "cmd/ctl_event.h"
#include "cmd/ctl_text.h"
#include "core/event.h"
#include "stats/show.h"
#include "store/store_read.h"
#include "store/store_work.h"

/* An event owes a job to each webhook that wants it. */
#define JOBS_MAX 200

/* "0.8 s" */
static void
put_span(struct ctl *c, int64_t ms)
{
	if (ms < 1000)
		buf_addf(&c->out, "%lld ms", (long long)ms);
	else
		buf_addf(&c->out, "%lld.%lld s", (long long)(ms / 1000),
		    (long long)(ms % 1000 / 100));
}

static void
put_clock(struct ctl *c, int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(wall_ms, text);
	text[10] = ' ';
	buf_addf(&c->out, "%.23s", text);
}

/* The paragraph about the event itself. */
static void
tell_event(struct ctl *c, const struct event *ev)
{
	buf_addf(&c->out, "Event %lld (%s) is %s.\n", (long long)ev->id,
	    ev->public_id, event_status_name(ev->status));
	buf_add_str(&c->out, "  It is ");
	ctl_put_text(c, ev->type);
	if (ev->action != NULL && ev->action[0] != '\0') {
		buf_add_str(&c->out, ".");
		ctl_put_text(c, ev->action);
	}
	if (strcmp(ev->repository, "unknown") != 0) {
		buf_add_str(&c->out, " of ");
		ctl_put_text(c, ev->repository);
	}
	buf_add_str(&c->out, ", from source ");
	ctl_put_text(c, ev->source);
	buf_add_str(&c->out, ", delivery ");
	ctl_put_text(c, ev->delivery_id);
	buf_add_str(&c->out, ".\n  Received ");
	put_clock(c, ev->received_ms);
	buf_add_str(&c->out, " UTC");
	if (ev->bodysz > 0)
		buf_addf(&c->out, ", %zu bytes", ev->bodysz);
	if (ev->scheduled_ms > ev->received_ms) {
		buf_add_str(&c->out, ", not to be worked on before ");
		put_clock(c, ev->scheduled_ms);
	}
	buf_add_str(&c->out, ".\n");
	if (ev->replay_suspect)
		buf_addf(&c->out,
		    "  The same bytes came before under another delivery id, "
		    "so it owes nothing;\n  hlsctl event replay %lld works "
		    "it after all.\n",
		    (long long)ev->id);
	if (ev->completed_ms != 0) {
		buf_add_str(&c->out, "  Ended ");
		put_clock(c, ev->completed_ms);
		buf_add_str(&c->out, ", ");
		put_span(c, ev->completed_ms - ev->received_ms);
		buf_add_str(&c->out, " after it came.\n");
	}
	if (ev->error_message != NULL) {
		buf_add_str(&c->out, "  Latest failure: ");
		ctl_put_text(c, ev->error_message);
		buf_add_str(&c->out, "\n");
	}
}

static void
tell_attempt(struct ctl *c, const struct store_attempt_row *row)
{
	const struct store_attempt *a;

	a = &row->a;
	buf_add_str(&c->out, "    ");
	put_clock(c, a->started_ms);
	buf_addf(&c->out, "  #%u  ", row->number);
	if (a->code != 0)
		buf_addf(&c->out, "%d ", a->code);
	if (a->address != NULL && a->address[0] != '\0') {
		buf_add_str(&c->out, "from ");
		ctl_put_text(c, a->address);
		buf_add_str(&c->out, " ");
	}
	buf_add_str(&c->out, "after ");
	put_span(c, a->took_ms);
	if (a->text[0] != '\0') {
		buf_add_str(&c->out, ": ");
		ctl_put_text(c, a->text);
	}
	buf_add_str(&c->out, "\n");
}

static void
tell_job(struct ctl *c, const struct store_job *j,
    const struct store_attempts *l)
{
	size_t i;

	buf_addf(&c->out, "\nJob %lld, %s to ", (long long)j->id,
	    store_kind_name(j->kind));
	ctl_put_text(c, j->target);
	buf_addf(&c->out, ", is %s", store_state_name(j->state));
	if (j->state == STORE_WAITING) {
		buf_add_str(&c->out, ", due ");
		put_clock(c, j->due_ms);
	}
	if (j->state == STORE_LEASED && j->lease_owner != NULL) {
		buf_add_str(&c->out, " by ");
		ctl_put_text(c, j->lease_owner);
	}
	buf_add_str(&c->out, l->n == 0 ? ", not tried yet.\n" : ".\n");
	for (i = 0; i < l->n; i++)
		tell_attempt(c, &l->v[i]);
	if (j->state == STORE_STATE_DEAD)
		buf_addf(&c->out,
		    "    Given up; hlsctl delivery retry %lld tries "
		    "again.\n",
		    (long long)j->id);
}

static void
put_job(struct js_writer *w, const struct store_job *j,
    const struct store_attempts *l)
{
	size_t i;

	js_open_object(w, NULL);
	show_job(w, j);
	js_open_array(w, "attempts");
	for (i = 0; i < l->n; i++) {
		js_open_object(w, NULL);
		show_attempt(w, &l->v[i]);
		js_close_object(w);
	}
	js_close_array(w);
	js_close_object(w);
}

/* Every job, newest page first; w is NULL for people. */
static enum rc
each_job(struct ctl *c, int64_t event, struct js_writer *w, struct err *e)
{
	struct store_job_filter f;
	struct store_attempts attempts;
	struct store_jobs l;
	enum rc rc;
	size_t i;

	memset(&f, 0, sizeof(f));
	f.event = event;
	f.state = -1;
	f.limit = JOBS_MAX;
	do {
		rc = store_job_list(c->app.store, &f, &l, &f.before_id, e);
		if (rc != RC_OK)
			return rc;
		for (i = 0; i < l.n && rc == RC_OK; i++) {
			rc = store_attempt_list(c->app.store, l.v[i].id,
			    &attempts, e);
			if (rc != RC_OK)
				break;
			if (w != NULL)
				put_job(w, &l.v[i], &attempts);
			else
				tell_job(c, &l.v[i], &attempts);
			store_attempts_free(&attempts);
		}
		store_jobs_free(&l);
	} while (rc == RC_OK && f.before_id != 0);
	return rc;
}

enum rc
ctl_event_show(struct ctl *c, struct err *e)
{
	struct js_writer w;
	struct event *ev;
	int64_t id;
	enum rc rc;

	if ((rc = ctl_event_resolve(c, &id, e)) != RC_OK)
		return rc;
	rc = store_event_find(c->app.store, id, &ev, e);
	if (rc != RC_OK)
		return rc;
	if (c->json) {
		js_writer_init(&w, &c->out);
		js_open_object(&w, NULL);
		show_event(&w, ev);
		js_open_array(&w, "jobs");
		rc = each_job(c, id, &w, e);
		js_close_array(&w);
		js_close_object(&w);
		buf_add_str(&c->out, "\n");
	} else {
		tell_event(c, ev);
		rc = each_job(c, id, NULL, e);
	}
	event_free(ev);
	return rc;
}
