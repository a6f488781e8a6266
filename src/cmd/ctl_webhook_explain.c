#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/js.h"
#include "cmd/ctl.h"
#include "cmd/ctl_webhook.h"
#include "core/event.h"
#include "core/judge.h"
#include "core/webhook.h"
#include "store/store_admin.h"
#include "store/store_read.h"

static const char *const reasons[] = {
	[MATCH_YES] = NULL,
	[MATCH_DISABLED] = "disabled",
	[MATCH_SUSPECT] = "replay_suspect",
	[MATCH_OTHER] = "other_webhook",
	[MATCH_TEAM] = "team",
	[MATCH_PATTERN] = "events",
};

static const char *
reason_of(const struct judge_verdict *v)
{
	return v->filtered && !v->wants ? "filter" : reasons[v->match];
}

static void
put_json(struct ctl *c, const struct webhook *hook, const struct event *ev,
    const struct judge_verdict *v)
{
	struct js_writer w;

	js_writer_init(&w, &c->out);
	js_open_object(&w, NULL);
	js_str(&w, "webhook_id", hook->id);
	js_int(&w, "event_id", ev->id);
	js_bool(&w, "matches", v->wants);
	js_str(&w, "reason", reason_of(v));
	js_str(&w, "filter_test", v->filtered ? v->why.test : NULL);
	js_str(&w, "filter_found", v->filtered ? v->why.found : NULL);
	js_str(&w, "order_key", v->order_key);
	js_close_object(&w);
	buf_add_str(&c->out, "\n");
}

static void
put_list(struct ctl *c, const struct strlist *l, const char *none)
{
	size_t i;

	if (l->n == 0)
		buf_add_str(&c->out, none);
	for (i = 0; i < l->n; i++) {
		if (i > 0)
			buf_add_str(&c->out, ", ");
		ctl_put_text(c, l->v[i]);
	}
}

static void
put_full_name(struct ctl *c, const struct event *ev)
{
	ctl_put_text(c, ev->type);
	if (ev->action != NULL && *ev->action != '\0') {
		buf_add_str(&c->out, ".");
		ctl_put_text(c, ev->action);
	}
}

/* The test that was decisive, and on what. */
static void
put_filter(struct ctl *c, const struct judge_verdict *v)
{
	buf_addf(&c->out,
	    "Its filter %s: ", v->wants ? "holds" : "does not hold");
	ctl_put_text(c, v->why.test);
	if (*v->why.found != '\0') {
		buf_add_str(&c->out, "; there is ");
		ctl_put_text(c, v->why.found);
	}
	buf_add_str(&c->out, ".\n");
}

static void
put_reason(struct ctl *c, const struct webhook *hook, const struct event *ev,
    const struct judge_verdict *v)
{
	switch (v->match) {
	case MATCH_YES:
		break;
	case MATCH_DISABLED:
		buf_add_str(&c->out, "It is disabled.\n");
		break;
	case MATCH_SUSPECT:
		buf_addf(&c->out,
		    "The event is held back as a suspect; hlsctl event "
		    "release %lld sends it out.\n",
		    (long long)ev->id);
		break;
	case MATCH_OTHER:
		buf_add_str(&c->out, "The event is for webhook ");
		ctl_put_text(c, ev->webhook_id);
		buf_add_str(&c->out, " alone.\n");
		break;
	case MATCH_TEAM:
		buf_add_str(&c->out, "It wants the events of team ");
		ctl_put_text(c, hook->team);
		buf_add_str(&c->out, "; this one is of ");
		put_list(c, &ev->teams, "none");
		buf_add_str(&c->out, ".\n");
		break;
	case MATCH_PATTERN:
		buf_add_str(&c->out, "It wants ");
		put_list(c, &hook->events, "*");
		buf_add_str(&c->out, "; this one is ");
		put_full_name(c, ev);
		buf_add_str(&c->out, ".\n");
		break;
	}
	if (v->filtered)
		put_filter(c, v);
	if (v->wants && ev->webhook_id != NULL)
		buf_add_str(&c->out,
		    "The event is for it alone, whatever it wants.\n");
}

static void
put_whole(struct ctl *c, const struct webhook *hook, const struct event *ev,
    const struct judge_verdict *v)
{
	buf_addf(&c->out, "Event %lld (", (long long)ev->id);
	put_full_name(c, ev);
	buf_addf(&c->out, ") would %sgo to webhook %s.\n",
	    v->wants ? "" : "not ", hook->id);
	put_reason(c, hook, ev, v);
	if (hook->order_by == NULL || !v->wants)
		return;
	if (v->order_key == NULL) {
		buf_add_str(&c->out, "It would be in no order: there is no ");
		ctl_put_text(c, hook->order_by);
		buf_add_str(&c->out, ".\n");
	} else {
		buf_add_str(&c->out, "It would go out in order of ");
		ctl_put_text(c, hook->order_by);
		if (*v->order_key != '\0') {
			buf_add_str(&c->out, ", the key being ");
			ctl_put_text(c, v->order_key);
		}
		buf_add_str(&c->out, ".\n");
	}
}

static enum rc
read_body(void *arg, const struct event *ev, char **body, size_t *n,
    struct err *e)
{
	return store_payload(arg, ev->id, body, n, e);
}

static enum rc
judge(struct ctl *c, struct webhook *hook, const struct event *ev,
    struct err *e)
{
	const struct judge_bodies bodies = { read_body, c->app.store };
	struct judge *m = judge_new(&hook, 1, &bodies);
	struct judge_verdict v;
	enum rc rc;

	judge_begin(m, ev);
	rc = judge_webhook(m, 0, &v, e);
	if (rc == RC_OK && c->json)
		put_json(c, hook, ev, &v);
	else if (rc == RC_OK)
		put_whole(c, hook, ev, &v);
	if (rc == RC_OK && !v.wants)
		c->status = 1;
	judge_free(m);
	return rc;
}

enum rc
ctl_webhook_explain(struct ctl *c, const char *event, struct err *e)
{
	struct webhook *hook;
	struct event *ev;
	int64_t id;
	enum rc rc;

	if ((rc = ctl_webhook_arg(c, e)) != RC_OK)
		return rc;
	if ((rc = ctl_check_id(c, "evt_", event, e)) != RC_OK)
		return rc;
	rc = store_event_resolve(c->app.store, event, &id, e);
	if (rc == RC_OK)
		rc = store_event_find(c->app.store, id, &ev, e);
	if (rc == RC_NOTFOUND)
		return err_set(e, rc,
		    "There is no event %s; hlsctl event list shows them.",
		    event);
	if (rc != RC_OK)
		return rc;
	rc = store_webhook_find(c->app.store, c->args[0], &hook, e);
	if (rc == RC_NOTFOUND) {
		rc = ctl_no_webhook(c->args[0], e);
	} else if (rc == RC_OK) {
		rc = judge(c, hook, ev, e);
		webhook_free(hook);
	}
	event_free(ev);
	return rc;
}
