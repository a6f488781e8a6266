#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/js.h"
#include "cmd/ctl.h"
#include "cmd/ctl_event.h"
#include "core/event.h"
#include "core/webhook.h"
#include "deliver/deliver_match.h"
#include "store/store_admin.h"
#include "store/store_read.h"

/*
 * Which webhooks an event passed by.  When its jobs were made they were
 * counted by reason.  Of each webhook the registrations tell, as they are
 * now: one that was registered, changed or enabled since may get it now.
 */
#define PAGE 500
#define LINES 20 /* of webhooks, for people */

static const char *
text_of(enum event_passed why)
{
	static const char *const texts[EVENT_PASSED] = { "disabled",
		"not the one that it is for", "of another team",
		"wanting other events", "whose filter does not hold",
		"whose filter cannot be read" };

	return texts[why];
}

static void
tell_counts(struct ctl *c, const struct event *ev)
{
	int64_t sum = 0;
	bool is_first = true;
	int i;

	for (i = 0; i < EVENT_PASSED; i++)
		sum += ev->passed[i];
	if (sum == 0)
		return;
	buf_addf(&c->out,
	    "\nPassed by %lld webhook%s when its jobs were made: ",
	    (long long)sum, sum == 1 ? "" : "s");
	for (i = 0; i < EVENT_PASSED; i++) {
		if (ev->passed[i] == 0)
			continue;
		buf_addf(&c->out, "%s%lld %s", is_first ? "" : ", ",
		    (long long)ev->passed[i], text_of((enum event_passed)i));
		is_first = false;
	}
	buf_add_str(&c->out, ".\n");
}

struct judged {
	struct ctl *c;
	const struct event *ev;
	const struct store_jobs *jobs;
	struct js_writer *w; /* NULL: for people */
	size_t n;
};

static bool
has_job(const struct store_jobs *jobs, const char *webhook)
{
	size_t i;

	for (i = 0; i < jobs->n; i++)
		if (strcmp(jobs->v[i].target, webhook) == 0)
			return true;
	return false;
}

static void
put_object(struct js_writer *w, const struct webhook *hook,
    const struct deliver_verdict *v)
{
	js_open_object(w, NULL);
	js_str(w, "webhook_id", hook->id);
	js_str(w, "name", hook->name);
	js_str(w, "reason",
	    v->wants ? NULL : event_passed_name(deliver_match_passed(v)));
	js_str(w, "filter_test", v->filtered ? v->why.test : NULL);
	js_str(w, "filter_found", v->filtered ? v->why.found : NULL);
	js_close_object(w);
}

static void
put_line(struct judged *j, const struct webhook *hook,
    const struct deliver_verdict *v)
{
	struct buf *out = &j->c->out;

	if (j->n == 0)
		buf_add_str(out, "As the webhooks are registered now:\n");
	if (j->n++ >= LINES)
		return;
	buf_add_str(out, "  ");
	ctl_put_text(j->c, hook->name != NULL ? hook->name : hook->id);
	if (v->wants) {
		buf_addf(out,
		    " would get it: hlsctl event replay %lld --webhook %s\n",
		    (long long)j->ev->id, hook->id);
		return;
	}
	buf_addf(out, " is %s%s", v->match == MATCH_YES ? "one " : "",
	    text_of(deliver_match_passed(v)));
	if (v->filtered && !v->is_broken) {
		buf_add_str(out, ": ");
		ctl_put_text(j->c, v->why.test);
	}
	buf_add_str(out, "\n");
}

static enum rc
judge_page(struct judged *j, const struct store_webhooks *hooks, struct err *e)
{
	struct deliver_match *m = deliver_match_new(j->c->app.store, hooks);
	struct event ev = *j->ev;
	struct deliver_verdict v;
	enum rc rc = RC_OK;
	size_t i;

	if (ev.is_round_alone)
		ev.webhook_id = NULL;
	deliver_match_begin(m, &ev);
	for (i = 0; i < hooks->n && rc == RC_OK; i++) {
		if (has_job(j->jobs, hooks->v[i]->id))
			continue;
		rc = deliver_match_judge(m, i, &v, e);
		if (rc == RC_OK && j->w != NULL)
			put_object(j->w, hooks->v[i], &v);
		else if (rc == RC_OK)
			put_line(j, hooks->v[i], &v);
	}
	deliver_match_free(m);
	return rc;
}

static enum rc
judge_all(struct judged *j, struct err *e)
{
	char after[WEBHOOK_ID_MAX + 1] = "";
	struct store_webhook_filter f = { .enabled = -1,
		.health = -1,
		.after = after,
		.limit = PAGE };
	struct store_webhooks page;
	bool more;
	enum rc rc;

	do {
		rc = store_webhook_list(j->c->app.store, &f, &page, e);
		if (rc != RC_OK)
			return rc;
		rc = judge_page(j, &page, e);
		more = page.more && page.n > 0;
		if (more)
			(void)snprintf(after, sizeof(after), "%s",
			    page.v[page.n - 1]->id);
		store_webhooks_free(&page);
	} while (rc == RC_OK && more);
	return rc;
}

enum rc
ctl_event_passed(struct ctl *c, const struct event *ev,
    const struct store_jobs *jobs, struct js_writer *w, struct err *e)
{
	struct judged j = { c, ev, jobs, w, 0 };
	enum rc rc;

	if (ev->webhook_id != NULL && !ev->is_round_alone && w == NULL)
		return RC_OK;
	if (w != NULL)
		js_open_array(w, "passed_by_now");
	else
		tell_counts(c, ev);
	/* A suspect owes nobody, and a test is for one webhook alone. */
	rc = ev->replay_suspect || event_is_test(ev) ? RC_OK : judge_all(&j, e);
	if (w != NULL)
		js_close_array(w);
	else if (j.n > LINES)
		buf_addf(&c->out, "  and %zu more; --json lists all\n",
		    j.n - LINES);
	return rc;
}
