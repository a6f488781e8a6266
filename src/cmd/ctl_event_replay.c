#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/js.h"
#include "cmd/ctl.h"
#include "cmd/ctl_event.h"
#include "cmd/ctl_long.h"
#include "intake/replay.h"

const struct ctl_option ctl_event_replay_options[] = {
	{ .name = "webhook",
	    .arg = "ID",
	    .doc = "only to this webhook (default: all that match the event)" },
	{ .name = "since",
	    .arg = "TIME",
	    .doc = "instead of ID: all received since a time, or 2h (two hours "
		   "ago)" },
	{ .name = "until",
	    .arg = "TIME",
	    .doc = "all received before a time (default: now)" },
	{ .name = "status",
	    .arg = "STATUS",
	    .values = "completed failed",
	    .doc = "completed or failed" },
	CTL_EVENT_OPTIONS,
	{ .name = "missed",
	    .doc = "with --webhook: only events without a delivery to it" },
	{ .name = "dry-run", .doc = "count the events and do nothing" },
	{ .name = "yes", .doc = "do not ask" },
	{ .name = "cursor",
	    .arg = "C",
	    .doc = "continue an interrupted replay here" },
	{ .name = NULL },
};

static struct intake
intake_of(struct ctl *c)
{
	const struct intake in = { .store = c->app.store,
		.clock = c->app.clock };

	return in;
}

static enum rc
replay_one(struct ctl *c, const char *webhook_id, struct err *e)
{
	static const char *const of_many[] = { "since", "until", "status",
		"type", "repository", "source", "missed", "dry-run", "yes",
		"cursor" };
	const struct intake in = intake_of(c);
	int64_t id;
	size_t i;
	enum rc rc;

	for (i = 0; i < sizeof(of_many) / sizeof(of_many[0]); i++)
		if (ctl_has_option(c, of_many[i]))
			return ctl_usage(c, e,
			    "--%s is for all that match, not for one event.",
			    of_many[i]);
	if ((rc = ctl_event_resolve(c, &id, e)) != RC_OK)
		return rc;
	rc = replay_event(&in, id, webhook_id, e);
	if (rc != RC_OK)
		return rc;
	if (c->json)
		buf_addf(&c->out, "{\"id\":%lld,\"replayed\":1}\n",
		    (long long)id);
	else
		buf_addf(&c->out, "Event %lld: goes out again.\n",
		    (long long)id);
	return RC_OK;
}

static enum rc
take_text(struct ctl *c, const char *name, char *out, size_t max, struct err *e)
{
	const char *text = ctl_option_find(c, name);

	if (text != NULL && strlen(text) >= max)
		return ctl_usage(c, e, "--%s is too long.", name);
	(void)snprintf(out, max, "%s", text == NULL ? "" : text);
	return RC_OK;
}

static enum rc
read_want(struct ctl *c, const char *webhook_id, struct replay_want *w,
    struct err *e)
{
	const char *status = ctl_option_find(c, "status");
	enum event_status parsed;
	enum rc rc;

	memset(w, 0, sizeof(*w));
	w->status = -1;
	if (!ctl_has_option(c, "since"))
		return ctl_usage(c, e,
		    "replay wants the ID of one event, or --since TIME for "
		    "all that match.");
	if (status != NULL &&
	    (!event_status_parse(status, &parsed) ||
		(parsed != EVENT_COMPLETED && parsed != EVENT_FAILED)))
		return ctl_usage(c, e,
		    "--status takes completed or failed: what has not ended "
		    "goes out anyway.");
	if (status != NULL)
		w->status = (int)parsed;
	if (webhook_id != NULL)
		(void)snprintf(w->webhook_id, sizeof(w->webhook_id), "%s",
		    webhook_id);
	w->missed = ctl_has_option(c, "missed");
	if (w->missed && webhook_id == NULL)
		return ctl_usage(c, e, "--missed wants --webhook ID.");
	w->dry_run = true;
	if ((rc = take_text(c, "type", w->type, sizeof(w->type), e)) != RC_OK ||
	    (rc = take_text(c, "source", w->source, sizeof(w->source), e)) !=
		RC_OK ||
	    (rc = take_text(c, "repository", w->repository,
		 sizeof(w->repository), e)) != RC_OK ||
	    (rc = ctl_time(c, "since", true, &w->since_ms, e)) != RC_OK ||
	    (rc = ctl_time(c, "until", true, &w->until_ms, e)) != RC_OK)
		return rc;
	if (w->until_ms != 0 && w->until_ms <= w->since_ms)
		return ctl_usage(c, e, "--until is not later than --since.");
	return ctl_number(c, "cursor", 1, INT64_MAX, &w->after_id, e);
}

/* Lists all of them, or what came since the last time. */
static enum rc
gather(struct ctl *c, const struct replay_want *w, struct replay_plan *p,
    struct err *e)
{
	const struct intake in = intake_of(c);
	enum rc rc;

	do {
		rc = replay_gather(&in, w,
		    clock_boot_ms(c->app.clock) + CTL_LONG_SLICE_MS, p, e);
		ctl_long_tell("Counted", p->ended, 0);
	} while (rc == RC_OK && !p->at_end && !ctl_long_is_cut());
	ctl_long_end();
	return rc;
}

/* Nothing is left out without a word. */
static void
say_left(struct ctl *c, const int64_t left[REPLAY_LEFTS])
{
	int64_t sum = 0;
	bool is_first = true;
	int i;

	for (i = 0; i < REPLAY_LEFTS; i++)
		sum += left[i];
	if (sum == 0)
		return;
	buf_addf(&c->out, "%lld other%s left out: ", (long long)sum,
	    sum == 1 ? " is" : "s are");
	for (i = 0; i < REPLAY_LEFTS; i++) {
		if (left[i] == 0)
			continue;
		buf_addf(&c->out, "%s%lld %s", is_first ? "" : ", ",
		    (long long)left[i], replay_left_text((enum replay_left)i));
		is_first = false;
	}
	buf_add_str(&c->out, ".\n");
}

static void
say_all(struct ctl *c, const struct replay_want *w, int64_t n,
    const int64_t left[REPLAY_LEFTS])
{
	struct js_writer js;
	char cursor[24];

	if (!c->json) {
		buf_addf(&c->out, "%lld event%s%s.\n", (long long)n,
		    n == 1 ? "" : "s",
		    w->dry_run   ? " would go out again"
			: n == 1 ? " goes out again"
				 : " go out again");
		say_left(c, left);
		return;
	}
	(void)snprintf(cursor, sizeof(cursor), "%lld", (long long)w->after_id);
	js_writer_init(&js, &c->out);
	js_open_object(&js, NULL);
	js_int(&js, w->dry_run ? "would_replay" : "replayed", n);
	replay_format_left(left, &js);
	js_str(&js, "next_cursor", w->after_id == 0 ? NULL : cursor);
	js_close_object(&js);
	buf_add_str(&c->out, "\n");
}

/* It is asked for, and put down whole: what came in between is in. */
static enum rc
put_all(struct ctl *c, struct replay_want *w, struct replay_plan *p,
    struct err *e)
{
	const struct intake in = intake_of(c);
	struct replay_done done;
	char question[80];
	enum rc rc;

	(void)snprintf(question, sizeof(question),
	    "%lld event%s would go out again.", (long long)p->ended,
	    p->ended == 1 ? "" : "s");
	if ((rc = ctl_long_confirm(c, question, e)) != RC_OK ||
	    (rc = gather(c, w, p, e)) != RC_OK)
		return rc;
	if (ctl_long_is_cut())
		return ctl_long_cut(c, e, "Nothing was done.");
	w->dry_run = false;
	rc = replay_put(&in, w, p, &done, e);
	if (rc != RC_OK)
		return rc;
	w->after_id = done.next_after;
	say_all(c, w, done.n, done.left);
	if (w->after_id != 0 && !c->json)
		buf_addf(&c->out,
		    "No more may wait now; the same with --cursor %lld goes "
		    "on.\n",
		    (long long)w->after_id);
	return RC_OK;
}

static enum rc
replay_all(struct ctl *c, const char *webhook_id, struct err *e)
{
	struct replay_plan p = { .ids = NULL };
	struct replay_want w;
	enum rc rc;

	if ((rc = read_want(c, webhook_id, &w, e)) != RC_OK)
		return rc;
	ctl_long_begin();
	rc = gather(c, &w, &p, e);
	if (rc == RC_OK && ctl_long_is_cut()) {
		rc = ctl_long_cut(c, e, "Nothing was done.");
	} else if (rc == RC_OK &&
	    (ctl_has_option(c, "dry-run") || p.ended == 0)) {
		w.after_id = 0;
		say_all(c, &w, p.ended, p.left);
	} else if (rc == RC_OK) {
		rc = put_all(c, &w, &p, e);
	}
	replay_plan_fini(&p);
	return rc;
}

enum rc
ctl_event_replay(struct ctl *c, struct err *e)
{
	const char *webhook_id = ctl_option_find(c, "webhook");
	enum rc rc;

	if (webhook_id != NULL) {
		rc = ctl_webhook_id(c, "--webhook", webhook_id, c->webhook_id,
		    e);
		if (rc != RC_OK)
			return rc;
		webhook_id = c->webhook_id;
	}
	return c->nargs == 1 ? replay_one(c, webhook_id, e)
			     : replay_all(c, webhook_id, e);
}
