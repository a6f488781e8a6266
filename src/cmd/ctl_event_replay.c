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
	    .doc = "to this one alone; else to all that want it" },
	{ .name = "since",
	    .arg = "TIME",
	    .doc = "all received since, instead of ID; 2h for ago" },
	{ .name = "until", .arg = "TIME", .doc = "...and before; else now" },
	{ .name = "status", .arg = "STATUS", .doc = "completed or failed" },
	{ .name = "type", .arg = "TYPE", .doc = "of this type" },
	{ .name = "repository", .arg = "OWNER/NAME", .doc = "of this one" },
	{ .name = "source", .arg = "NAME", .doc = "posted to this source" },
	{ .name = "dry-run", .doc = "count them and do nothing" },
	{ .name = "yes", .doc = "do not ask" },
	{ .name = "cursor", .arg = "C", .doc = "where one that was cut ended" },
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
		"type", "repository", "source", "dry-run", "yes", "cursor" };
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
	w->until_ms = clock_wall_ms(c->app.clock);
	w->dry_run = true;
	if ((rc = take_text(c, "type", w->type, sizeof(w->type), e)) != RC_OK ||
	    (rc = take_text(c, "source", w->source, sizeof(w->source), e)) !=
		RC_OK ||
	    (rc = take_text(c, "repository", w->repository,
		 sizeof(w->repository), e)) != RC_OK ||
	    (rc = ctl_time(c, "since", true, &w->since_ms, e)) != RC_OK ||
	    (rc = ctl_time(c, "until", true, &w->until_ms, e)) != RC_OK)
		return rc;
	if (w->until_ms <= w->since_ms)
		return ctl_usage(c, e, "--until is not later than --since.");
	return ctl_number(c, "cursor", 1, INT64_MAX, &w->before_id, e);
}

/* All slices of it; w goes on with each, of is how many there are to be. */
static enum rc
each_slice(struct ctl *c, struct replay_want *w, int64_t of, int64_t *n,
    struct err *e)
{
	const struct intake in = intake_of(c);
	struct replay_done done;
	enum rc rc;

	*n = 0;
	do {
		rc = replay_some(&in, w,
		    clock_boot_ms(c->app.clock) + CTL_LONG_SLICE_MS, &done, e);
		*n += done.n;
		w->before_id = done.next_before;
		ctl_long_tell(w->dry_run ? "Counted" : "Replayed", *n, of);
	} while (rc == RC_OK && w->before_id != 0 && !ctl_long_is_cut());
	ctl_long_end();
	return rc;
}

static void
say_all(struct ctl *c, const struct replay_want *w, int64_t n)
{
	struct js_writer js;
	char cursor[24];

	if (!c->json) {
		buf_addf(&c->out, "%lld event%s%s.\n", (long long)n,
		    n == 1 ? "" : "s",
		    w->dry_run   ? " would go out again"
			: n == 1 ? " goes out again"
				 : " go out again");
		return;
	}
	(void)snprintf(cursor, sizeof(cursor), "%lld", (long long)w->before_id);
	js_writer_init(&js, &c->out);
	js_open_object(&js, NULL);
	js_int(&js, w->dry_run ? "would_replay" : "replayed", n);
	js_str(&js, "next_cursor", w->before_id == 0 ? NULL : cursor);
	js_close_object(&js);
	buf_add_str(&c->out, "\n");
}

static enum rc
replay_all(struct ctl *c, const char *webhook_id, struct err *e)
{
	struct replay_want w;
	char question[80];
	int64_t from, of, n;
	enum rc rc;

	if ((rc = read_want(c, webhook_id, &w, e)) != RC_OK)
		return rc;
	from = w.before_id;
	ctl_long_begin();
	rc = each_slice(c, &w, 0, &of, e);
	if (rc == RC_OK && ctl_long_is_cut())
		return ctl_long_cut(c, e, "Nothing was done.");
	if (rc != RC_OK)
		return rc;
	if (ctl_has_option(c, "dry-run") || of == 0) {
		say_all(c, &w, of);
		return RC_OK;
	}
	(void)snprintf(question, sizeof(question),
	    "%lld event%s would go out again.", (long long)of,
	    of == 1 ? "" : "s");
	if ((rc = ctl_long_confirm(c, question, e)) != RC_OK)
		return rc;
	w.before_id = from;
	w.dry_run = false;
	rc = each_slice(c, &w, of, &n, e);
	say_all(c, &w, n);
	if (rc != RC_OK && w.before_id != 0 && !c->json)
		buf_addf(&c->out, "The same with --cursor %lld goes on.\n",
		    (long long)w.before_id);
	if (rc == RC_OK && w.before_id != 0)
		return ctl_long_cut(c, e,
		    "Interrupted; the same with --cursor %lld goes on.",
		    (long long)w.before_id);
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
