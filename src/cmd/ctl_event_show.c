#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/js.h"
#include "base/xalloc.h"
#include "cmd/ctl.h"
#include "cmd/ctl_attempt.h"
#include "cmd/ctl_event.h"
#include "cmd/ctl_text.h"
#include "core/event.h"
#include "stats/show.h"
#include "store/store_read.h"
#include "store/store_work.h"

#define PAGE 200

/* "  TIME  ": a line of the story. */
static void
begin_line(struct ctl *c, int64_t wall_ms)
{
	buf_add_str(&c->out, "  ");
	ctl_put_clock(c, wall_ms);
	buf_add_str(&c->out, "  ");
}

/* A line below one with a time, wrapped. */
static void
put_detail(struct ctl *c, const char *text)
{
	struct buf clean;

	buf_init(&clean, 65536);
	ctl_text_clean(&clean, text, strlen(text));
	buf_add_str(&c->out, "      ");
	ctl_text_wrap(&c->out, buf_str(&clean), CTL_ATTEMPT_INDENT,
	    CTL_ATTEMPT_INDENT, CTL_ATTEMPT_WIDTH);
	buf_add_str(&c->out, "\n");
	buf_fini(&clean);
}

static void
tell_suspect(struct ctl *c, const struct event *ev)
{
	static const char *const why[EVENT_WHYS] = {
		[EVENT_SEEN_BODY] = "The same bytes came before under another "
				    "delivery id",
		[EVENT_ODD_TYPE] =
		    "Its event type, which is not signed, does not "
		    "fit the body or an earlier post of its id",
	};
	char *text;

	if (!ev->replay_suspect)
		return;
	text = xasprintf("%s, so it is held back as a suspect: it goes only "
			 "to a webhook that it is replayed to; hlsctl event "
			 "release %lld sends it to all.",
	    why[ev->suspect_why], (long long)ev->id);
	put_detail(c, text);
	free(text);
}

static void
tell_start(struct ctl *c, const struct event *ev)
{
	static const char *const is[EVENT_STATUSES] = {
		[EVENT_PENDING] = "is pending",
		[EVENT_PROCESSING] = "is being worked on",
		[EVENT_RETRY] = "waits to be tried again (retry)",
		[EVENT_COMPLETED] = "is completed",
		[EVENT_FAILED] = "has failed",
	};
	bool has_action = ev->action != NULL && ev->action[0] != '\0';
	char *text;

	buf_addf(&c->out, "Event %lld (%s) %s%s.\n\n", (long long)ev->id,
	    ev->public_id, ev->replay_suspect ? "is held back" : is[ev->status],
	    ev->status == EVENT_PENDING && ev->jobs_total == 0
		? ": no hls-drain has taken it up yet"
		: "");
	begin_line(c, ev->received_ms);
	buf_add_str(&c->out, "received from source ");
	ctl_put_text(c, ev->source);
	buf_add_str(&c->out, "\n");
	text = xasprintf("%s%s%s%s%s, %zu bytes", ev->type,
	    has_action ? "." : "", has_action ? ev->action : "",
	    strcmp(ev->repository, "unknown") == 0 ? "" : " of ",
	    strcmp(ev->repository, "unknown") == 0 ? "" : ev->repository,
	    ev->bodysz);
	put_detail(c, text);
	free(text);
	text = xasprintf("delivery %s%s%s", ev->delivery_id,
	    ev->sent_id == NULL ? "" : ", the SHA-256 of the sender's id ",
	    ev->sent_id == NULL ? "" : ev->sent_id);
	put_detail(c, text);
	free(text);
	if (ev->webhook_id != NULL) {
		text = xasprintf("for webhook %s alone", ev->webhook_id);
		put_detail(c, text);
		free(text);
	}
	if (ev->scheduled_ms > ev->received_ms) {
		begin_line(c, ev->scheduled_ms);
		buf_add_str(&c->out, "not to be worked on before\n");
	}
	tell_suspect(c, ev);
}

static void
tell_end(struct ctl *c, const struct event *ev)
{
	/* A suspect may have been replayed to a webhook. */
	if (ev->completed_ms == 0 ||
	    (ev->replay_suspect && ev->jobs_total == 0))
		return;
	buf_add_str(&c->out, "\n");
	begin_line(c, ev->completed_ms);
	buf_add_str(&c->out, "ended ");
	ctl_put_span(c, ev->completed_ms - ev->received_ms);
	buf_add_str(&c->out, " after it came\n");
	if (ev->jobs_total == 0)
		put_detail(c, "No webhook wants it, so it owed nothing.");
	if (ev->error_message != NULL && ev->status == EVENT_FAILED) {
		buf_add_str(&c->out, "      latest failure: ");
		ctl_put_text(c, ev->error_message);
		buf_add_str(&c->out, "\n");
	}
}

static int64_t
ahead_of(int64_t a_ms, int64_t b_ms)
{
	return a_ms > b_ms ? a_ms : b_ms;
}

static void
tell_next(struct ctl *c, const struct store_job *j, size_t tries, bool is_test)
{
	int64_t now_ms = clock_wall_ms(c->app.clock);

	switch (j->state) {
	case STORE_WAITING:
		begin_line(c, ahead_of(j->due_ms, j->created_ms));
		buf_addf(&c->out, "%s attempt is due",
		    tries == 0 ? "the first" : "the next");
		if (j->blocked_by != 0)
			buf_addf(&c->out, ", behind delivery %lld",
			    (long long)j->blocked_by);
		else if (j->due_ms > now_ms) {
			buf_add_str(&c->out, ", in ");
			ctl_put_span(c, j->due_ms - now_ms);
		}
		buf_add_str(&c->out, "\n");
		ctl_put_held(c, j);
		break;
	case STORE_LEASED:
		buf_add_str(&c->out, "      under way, by ");
		ctl_put_text(c, j->lease_owner);
		buf_add_str(&c->out, "\n");
		break;
	case STORE_STATE_DONE:
		break;
	case STORE_STATE_DEAD:
		begin_line(c, j->ended_ms);
		buf_addf(&c->out, "given up after %zu attempt%s\n", tries,
		    tries == 1 ? "" : "s");
		if (tries == 0 && j->last_text != NULL)
			put_detail(c, j->last_text);
		buf_addf(&c->out,
		    "      hlsctl delivery retry %lld tries again\n",
		    (long long)j->id);
		break;
	case STORE_CANCELLED:
		begin_line(c, j->ended_ms);
		buf_add_str(&c->out,
		    is_test ? "not tried again, as it is a test\n"
			    : "cancelled\n");
		if (tries == 0 && j->last_text != NULL)
			put_detail(c, j->last_text);
		break;
	}
}

static void
tell_job(struct ctl *c, const struct store_job *j,
    const struct store_attempts *l, bool is_test)
{
	size_t i;

	buf_addf(&c->out, "\n%s to ",
	    j->kind == STORE_DELIVER ? "Delivery" : store_kind_name(j->kind));
	ctl_put_target(c, j);
	buf_addf(&c->out, " is %s:\n", store_state_name(j->state));
	begin_line(c, j->created_ms);
	buf_addf(&c->out, "owed, as delivery %lld", (long long)j->id);
	if (j->round > 0)
		buf_addf(&c->out, " of replay %u", j->round);
	if (j->order_key != NULL)
		buf_add_str(&c->out, ", in order");
	buf_add_str(&c->out, "\n");
	for (i = 0; i < l->n; i++) {
		ctl_attempt_tell(c, &l->v[i]);
		if (i + 1 == l->n)
			break;
		buf_add_str(&c->out, "      tried again ");
		ctl_put_span(c,
		    l->v[i + 1].a.started_ms - l->v[i].a.started_ms -
			l->v[i].a.took_ms);
		buf_add_str(&c->out, " later\n");
	}
	tell_next(c, j, l->n, is_test);
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

/* w is NULL for people. */
static enum rc
tell_jobs(struct ctl *c, const struct event *ev, const struct store_jobs *jobs,
    struct js_writer *w, struct err *e)
{
	struct store_attempts attempts;
	const struct store_job *j;
	enum rc rc;
	size_t i;

	for (i = 0; i < jobs->n; i++) {
		/* A story begins with what came first. */
		j = &jobs->v[w != NULL ? i : jobs->n - 1 - i];
		rc = store_attempt_list(c->app.store, j->id, &attempts, e);
		if (rc != RC_OK)
			return rc;
		if (w != NULL)
			put_job(w, j, &attempts);
		else
			tell_job(c, j, &attempts, event_is_test(ev));
		store_attempts_free(&attempts);
	}
	return RC_OK;
}

/* All jobs of an event, the newest first. */
static enum rc
read_jobs(struct ctl *c, int64_t event, struct store_jobs *all, struct err *e)
{
	struct store_job_filter f = { .event = event,
		.state = -1,
		.limit = PAGE };
	struct store_jobs l;
	enum rc rc;

	memset(all, 0, sizeof(*all));
	do {
		rc = store_job_list(c->app.store, &f, &l, &f.before_id, e);
		if (rc != RC_OK)
			break;
		all->v =
		    xreallocarray(all->v, all->n + l.n + 1, sizeof(*all->v));
		memcpy(all->v + all->n, l.v, l.n * sizeof(*l.v));
		all->n += l.n;
		free(l.v);
	} while (f.before_id != 0);
	if (rc != RC_OK)
		store_jobs_free(all);
	return rc;
}

static enum rc
show(struct ctl *c, const struct event *ev, const struct store_jobs *jobs,
    struct err *e)
{
	struct js_writer w;
	enum rc rc;

	if (!c->json) {
		tell_start(c, ev);
		rc = tell_jobs(c, ev, jobs, NULL, e);
		tell_end(c, ev);
		return rc == RC_OK ? ctl_event_passed(c, ev, NULL, e) : rc;
	}
	js_writer_init(&w, &c->out);
	js_open_object(&w, NULL);
	show_event(&w, ev);
	js_open_array(&w, "jobs");
	rc = tell_jobs(c, ev, jobs, &w, e);
	js_close_array(&w);
	if (rc == RC_OK)
		rc = ctl_event_passed(c, ev, &w, e);
	js_close_object(&w);
	buf_add_str(&c->out, "\n");
	return rc;
}

enum rc
ctl_event_show(struct ctl *c, struct err *e)
{
	struct store_jobs jobs;
	struct event *ev;
	int64_t id;
	enum rc rc;

	if ((rc = ctl_event_resolve(c, &id, e)) != RC_OK)
		return rc;
	rc = store_event_find(c->app.store, id, &ev, e);
	if (rc != RC_OK)
		return rc;
	rc = read_jobs(c, id, &jobs, e);
	if (rc == RC_OK) {
		rc = show(c, ev, &jobs, e);
		store_jobs_free(&jobs);
	}
	event_free(ev);
	return rc;
}
