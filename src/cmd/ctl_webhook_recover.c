#include "config.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/js.h"
#include "cmd/ctl.h"
#include "cmd/ctl_delivery_bulk.h"
#include "cmd/ctl_long.h"
#include "cmd/ctl_webhook.h"
#include "core/webhook.h"
#include "intake/bulk.h"
#include "intake/replay.h"

const struct ctl_option ctl_webhook_recover_options[] = {
	{ .name = "since",
	    .arg = "TIME",
	    .doc = "dead since a time, or 2h (two hours ago)" },
	{ .name = "until",
	    .arg = "TIME",
	    .doc = "dead before a time (default: now)" },
	{ .name = "waiting", .doc = "also send waiting retries now" },
	{ .name = "dry-run", .doc = "only count the deliveries" },
	{ .name = "yes", .doc = "do not ask" },
	{ .name = NULL },
};

static void
say(struct ctl *c, bool dry_run, int64_t n)
{
	if (c->json)
		buf_addf(&c->out, "{\"%s\":%lld}\n",
		    dry_run ? "would_recover" : "recovered", (long long)n);
	else
		buf_addf(&c->out, "%lld dead deliver%s %s again.\n",
		    (long long)n, n == 1 ? "y" : "ies",
		    dry_run      ? "would be tried"
			: n == 1 ? "is tried"
				 : "are tried");
}

static enum rc
each_slice(struct ctl *c, const struct intake *in, const struct recover_want *w,
    int64_t of, struct err *e)
{
	int64_t n, all = 0;
	bool more;
	enum rc rc;

	ctl_long_begin();
	do {
		rc = recover_some(in, w,
		    clock_boot_ms(c->app.clock) + CTL_LONG_SLICE_MS, &n, &more,
		    e);
		all += n;
		ctl_long_tell("Recovered", all, of);
	} while (rc == RC_OK && more && !ctl_long_is_cut());
	ctl_long_end();
	say(c, false, all);
	if (rc == RC_OK && more)
		return ctl_long_cut(c, e,
		    "Interrupted; the same command goes on.");
	return rc;
}

static enum rc
each_waiting(struct ctl *c, bool dry_run, struct err *e)
{
	struct bulk_want w;
	int64_t n;
	enum rc rc;

	bulk_want_waiting(&w, c->args[0]);
	w.b.dry_run = dry_run;
	rc = ctl_delivery_each(c, &w, "Retried", 0, &n, e);
	if (!c->json)
		buf_addf(&c->out, "%lld waiting deliver%s %s now.\n",
		    (long long)n, n == 1 ? "y" : "ies",
		    dry_run      ? "would go out"
			: n == 1 ? "goes out"
				 : "go out");
	else if (!ctl_has_option(c, "since"))
		say(c, dry_run, n);
	if (rc == RC_OK && !bulk_is_done(&w))
		return ctl_long_cut(c, e,
		    "Interrupted; the same command goes on.");
	return rc;
}

enum rc
ctl_webhook_recover(struct ctl *c, struct err *e)
{
	const struct intake in = { .store = c->app.store,
		.clock = c->app.clock };
	struct recover_want w = { .dry_run = true };
	char question[80];
	int64_t n;
	bool more;
	enum rc rc;

	if (!ctl_has_option(c, "since") && !ctl_has_option(c, "waiting"))
		return ctl_usage(c, e,
		    "recover wants --since TIME, what was given up since, or "
		    "--waiting.");
	if ((rc = ctl_webhook_arg(c, e)) != RC_OK)
		return rc;
	if (ctl_has_option(c, "waiting") &&
	    (rc = each_waiting(c, ctl_has_option(c, "dry-run"), e)) != RC_OK)
		return rc;
	if (!ctl_has_option(c, "since"))
		return RC_OK;
	w.webhook_id = c->args[0];
	w.until_ms = clock_wall_ms(c->app.clock);
	if ((rc = ctl_time(c, "since", true, &w.since_ms, e)) != RC_OK ||
	    (rc = ctl_time(c, "until", true, &w.until_ms, e)) != RC_OK)
		return rc;
	if (w.until_ms <= w.since_ms)
		return ctl_usage(c, e, "--until is not later than --since.");
	rc = recover_some(&in, &w, 0, &n, &more, e);
	if (rc == RC_NOTFOUND)
		return ctl_no_webhook(c->args[0], e);
	if (rc != RC_OK)
		return rc;
	if (ctl_has_option(c, "dry-run") || n == 0) {
		say(c, true, n);
		return RC_OK;
	}
	(void)snprintf(question, sizeof(question),
	    "%lld dead deliver%s would be tried again.", (long long)n,
	    n == 1 ? "y" : "ies");
	if ((rc = ctl_long_confirm(c, question, e)) != RC_OK)
		return rc;
	w.dry_run = false;
	return each_slice(c, &in, &w, n, e);
}
