#include "config.h"

#include <stdio.h>

#include "base/js.h"
#include "core/event.h"
#include "stats/passed.h"
#include "store/store_admin.h"
#include "store/store_read.h"

#define PIECE (1u << 20) /* bytes of webhooks that are judged at a time */

void
passed_format(struct js_writer *w, const struct webhook *hook,
    const struct judge_verdict *v, bool with_found)
{
	const char *found = v->filtered && with_found ? v->why.found : NULL;

	js_open_object(w, NULL);
	js_str(w, "id", hook->id);
	js_str(w, "webhook_id", hook->id);
	js_str(w, "name", hook->name);
	js_str(w, "reason",
	    v->wants ? NULL : event_passed_name(judge_passed(v)));
	js_str(w, "filter_test", v->filtered ? v->why.test : NULL);
	js_str(w, "filter_found", found);
	js_close_object(w);
}

/* Whether the event has, or will have, nothing for the webhook.  One that was
 * deleted since the page was read gets nothing any more. */
static enum rc
is_passed(const struct passed_want *w, const char *webhook_id, bool *out,
    struct err *e)
{
	enum store_owes owes;
	enum rc rc =
	    store_event_owes(w->store, webhook_id, &w->ev->id, 1, &owes, e);

	*out = rc == RC_OK && owes == STORE_OWES_NOTHING;
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

static enum rc
judge_all(const struct passed_want *w, const struct store_webhooks *l,
    void (*f)(void *arg, const struct webhook *hook,
	const struct judge_verdict *v),
    void *arg, struct err *e)
{
	struct judge *j = judge_new(l->v, l->n, &w->bodies);
	struct event ev = *w->ev;
	struct judge_verdict v;
	bool passed;
	enum rc rc = RC_OK;
	size_t i;

	/* A replay to one webhook said nothing about the others. */
	if (ev.is_round_alone)
		ev.webhook_id = NULL;
	judge_begin(j, &ev);
	for (i = 0; i < l->n && rc == RC_OK; i++) {
		rc = is_passed(w, l->v[i]->id, &passed, e);
		if (rc != RC_OK || !passed)
			continue;
		rc = judge_webhook(j, i, &v, e);
		if (rc == RC_OK)
			f(arg, l->v[i], &v);
	}
	judge_free(j);
	return rc;
}

enum rc
passed_page(struct passed_want *w,
    void (*f)(void *arg, const struct webhook *hook,
	const struct judge_verdict *v),
    void *arg, struct err *e)
{
	struct store_webhook_filter filter = { .enabled = -1,
		.health = -1,
		.after = w->after[0] == '\0' ? NULL : w->after,
		.limit = w->limit,
		.size_max = PIECE };
	struct store_webhooks l;
	enum rc rc;

	if (w->ev->replay_suspect || event_is_test(w->ev)) {
		w->after[0] = '\0';
		return RC_OK;
	}
	rc = store_webhook_list(w->store, &filter, &l, e);
	if (rc != RC_OK)
		return rc;
	rc = judge_all(w, &l, f, arg, e);
	(void)snprintf(w->after, sizeof(w->after), "%s",
	    l.next != NULL ? l.next : "");
	store_webhooks_free(&l);
	return rc;
}
