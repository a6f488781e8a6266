#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/js.h"
#include "cmd/ctl.h"
#include "cmd/ctl_event.h"
#include "core/event.h"
#include "core/judge.h"
#include "core/webhook.h"
#include "stats/passed.h"
#include "store/store_work.h"

/* Which webhooks an event passed by: the counts that were stored when its
 * jobs were made, and the reason of each webhook as it is registered now. */
#define PAGE 500
#define LINES 20 /* of webhooks, for people */

/* Of several webhooks, behind their number. */
static const char *const many_texts[EVENT_PASSED] = { "disabled",
	"not the webhook that the event is for", "of another team",
	"subscribed to other events", "with a filter that does not match",
	"with a filter that cannot be read" };
/* Of one webhook, behind its name. */
static const char *const one_texts[EVENT_PASSED] = { "disabled",
	"the event is for another webhook", "belongs to another team",
	"subscribes to other events", "its filter does not match",
	"its filter cannot be read" };

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
	buf_addf(&c->out, "\n%lld webhook%s got no delivery: ", (long long)sum,
	    sum == 1 ? "" : "s");
	for (i = 0; i < EVENT_PASSED; i++) {
		if (ev->passed[i] == 0)
			continue;
		buf_addf(&c->out, "%s%lld %s", is_first ? "" : ", ",
		    (long long)ev->passed[i], many_texts[i]);
		is_first = false;
	}
	buf_add_str(&c->out, ".\n");
}

struct judged {
	struct ctl *c;
	const struct event *ev;
	struct js_writer *w; /* NULL: for people */
	size_t n;
};

static void
put_line(struct judged *j, const struct webhook *hook,
    const struct judge_verdict *v)
{
	struct buf *out = &j->c->out;

	if (j->n == 0)
		buf_add_str(out, "As the webhooks are registered now:\n");
	if (j->n++ >= LINES)
		return;
	buf_add_str(out, "  ");
	ctl_put_text(j->c, hook->name != NULL ? hook->name : hook->id);
	/* An event holds one round whose deliveries are not made. */
	if (v->wants) {
		buf_addf(out,
		    " would get it%s: hlsctl event replay %lld --webhook %s\n",
		    j->ev->status == EVENT_PENDING
			? ", once a drain has taken the event up"
			: "",
		    (long long)j->ev->id, hook->id);
		return;
	}
	buf_addf(out, ": %s", one_texts[judge_passed(v)]);
	if (v->filtered && !v->is_broken) {
		buf_add_str(out, ": ");
		ctl_put_text(j->c, v->why.test);
	}
	buf_add_str(out, "\n");
}

static void
put_one(void *arg, const struct webhook *hook, const struct judge_verdict *v)
{
	struct judged *j = arg;

	if (j->w != NULL)
		passed_format(j->w, hook, v, true);
	else
		put_line(j, hook, v);
}

static enum rc
read_body(void *arg, const struct event *ev, char **body, size_t *n,
    struct err *e)
{
	return store_payload(arg, ev->id, body, n, e);
}

static enum rc
judge_all(struct judged *j, struct err *e)
{
	struct store *s = j->c->app.store;
	struct passed_want want = { .store = s,
		.ev = j->ev,
		.bodies = { read_body, s },
		.limit = PAGE };
	enum rc rc;

	do {
		rc = passed_page(&want, put_one, j, e);
	} while (rc == RC_OK && want.after[0] != '\0');
	return rc;
}

enum rc
ctl_event_passed(struct ctl *c, const struct event *ev, struct js_writer *w,
    struct err *e)
{
	struct judged j = { c, ev, w, 0 };
	enum rc rc;

	if (ev->webhook_id != NULL && !ev->is_round_alone && w == NULL)
		return RC_OK;
	if (w != NULL)
		js_open_array(w, "passed_by_now");
	else
		tell_counts(c, ev);
	rc = judge_all(&j, e);
	if (w != NULL)
		js_close_array(w);
	else if (j.n > LINES)
		buf_addf(&c->out, "  and %zu more; --json lists all\n",
		    j.n - LINES);
	return rc;
}
