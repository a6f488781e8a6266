#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/ctl.h"
#include "cmd/ctl_event.h"
#include "core/event.h"
#include "intake/release.h"
#include "store/store_read.h"

const struct ctl_option ctl_event_release_options[] = {
	{ .name = "source",
	    .arg = "NAME",
	    .doc = "all held-back events posted to this source" },
	{ .name = "since",
	    .arg = "TIME",
	    .doc = "all received since a time, or 2h (two hours ago)" },
	{ .name = "all", .doc = "all held-back events" },
	{ .name = "dry-run", .doc = "count the events and do nothing" },
	CTL_YES_OPTION,
	{ .name = NULL },
};

/* Each is judged before the first one is released. */
static enum rc
take_ids(struct ctl *c, struct release_plan *p, struct err *e)
{
	struct event *ev;
	bool is_held;
	int64_t id;
	enum rc rc;
	int i;

	for (i = 0; i < c->nargs; i++) {
		rc = ctl_event_resolve_text(c, c->args[i], &id, e);
		if (rc == RC_OK)
			rc = store_event_find(c->app.store, id, &ev, e);
		if (rc != RC_OK)
			return rc;
		is_held = ev->replay_suspect;
		event_free(ev);
		if (!is_held)
			return err_set(e, RC_EXISTS,
			    "Event %s is not held back; hlsctl event list "
			    "--suspect shows those that are.",
			    c->args[i]);
		release_plan_add(p, id);
	}
	return RC_OK;
}

static enum rc
check(struct ctl *c, struct err *e)
{
	bool by_source = ctl_has_option(c, "source");
	bool by_time = ctl_has_option(c, "since");
	bool all = ctl_has_option(c, "all");

	if (c->nargs > 0 && (by_source || by_time || all))
		return ctl_usage(c, e,
		    "Give either IDs or what the events have in common.");
	if (c->nargs == 0 && !by_source && !by_time && !all)
		return ctl_usage(c, e,
		    "Give the IDs of events, --source NAME, --since TIME or "
		    "--all.");
	if (all && by_source)
		return ctl_usage(c, e, "--all is not for one source.");
	return RC_OK;
}

static void
say(struct ctl *c, int64_t n)
{
	bool dry_run = ctl_has_option(c, "dry-run");

	if (c->json)
		buf_addf(&c->out, "{\"%s\":%lld}\n",
		    dry_run ? "would_release" : "released", (long long)n);
	else
		buf_addf(&c->out, "%lld event%s%s.\n", (long long)n,
		    n == 1 ? "" : "s",
		    dry_run      ? " would go out"
			: n == 1 ? " goes out"
				 : " go out");
}

static enum rc
release(struct ctl *c, const struct intake *in, const struct release_plan *p,
    struct err *e)
{
	int64_t n = (int64_t)p->n;
	enum rc rc = RC_OK;
	bool more;

	if (ctl_has_option(c, "dry-run")) {
		say(c, n);
		return RC_OK;
	}
	if (c->nargs == 0 && n > 0)
		rc = ctl_confirm(c, e, "%lld event%s would go out.",
		    (long long)n, n == 1 ? "" : "s");
	if (rc != RC_OK)
		return rc;
	rc = release_put(in, p, INT64_MAX, &n, &more, e);
	if (rc == RC_OK || n > 0)
		say(c, n);
	return rc;
}

enum rc
ctl_event_release(struct ctl *c, struct err *e)
{
	const struct intake in = { .store = c->app.store,
		.clock = c->app.clock };
	struct release_plan p = { .ids = NULL };
	struct release_want want = { .since_ms = 0 };
	const char *source = ctl_option_find(c, "source");
	enum rc rc;

	if ((rc = check(c, e)) != RC_OK ||
	    (rc = ctl_time(c, "since", true, &want.since_ms, e)) != RC_OK)
		return rc;
	if (source != NULL && strlen(source) > SOURCE_NAME_MAX)
		return ctl_usage(c, e, "No source has so long a name.");
	if (source != NULL)
		(void)snprintf(want.source, sizeof(want.source), "%s", source);
	if (c->nargs > 0)
		rc = take_ids(c, &p, e);
	else
		rc = release_gather(&in, &want, INT64_MAX, &p, e);
	if (rc == RC_OK)
		rc = release(c, &in, &p, e);
	release_plan_fini(&p);
	return rc;
}
