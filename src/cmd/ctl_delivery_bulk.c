#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/ctl.h"
#include "cmd/ctl_delivery_bulk.h"
#include "cmd/ctl_long.h"
#include "intake/bulk.h"

const struct ctl_option ctl_delivery_bulk_options[] = {
	{ .name = "webhook",
	    .arg = "ID",
	    .doc = "only deliveries to this webhook" },
	{ .name = "state",
	    .arg = "STATE",
	    .values = "waiting dead",
	    .doc = "waiting or dead; cancel also takes leased" },
	{ .name = "class",
	    .arg = "CLASS",
	    .values = "receiver network us",
	    .doc = "class of the last failure: receiver, network or us" },
	{ .name = "event-type",
	    .arg = "TYPE",
	    .doc = "only of events of this type, or type.action" },
	{ .name = "since",
	    .arg = "TIME",
	    .doc = "only of events received since a time, or 2h (two hours "
		   "ago)" },
	{ .name = "until",
	    .arg = "TIME",
	    .doc = "only of events received before a time" },
	{ .name = "upto", .arg = "N", .doc = "only deliveries up to this id" },
	{ .name = "dry-run", .doc = "count the deliveries and do nothing" },
	{ .name = "yes", .doc = "do not ask" },
	{ .name = NULL },
};

bool
ctl_delivery_is_bulk(const struct ctl *c)
{
	return c->nargs == 0;
}

/* All there is is nobody's wish by silence. */
static bool
has_filter(const struct ctl *c)
{
	const struct ctl_option *o;

	for (o = ctl_delivery_bulk_options; strcmp(o->name, "dry-run") != 0;
	     o++)
		if (ctl_has_option(c, o->name))
			return true;
	return false;
}

static enum rc
read_names(struct ctl *c, struct bulk_want *w, struct err *e)
{
	const char *text;

	text = ctl_option_find(c, "state");
	if (text != NULL && !bulk_state_parse(text, w->b.cancel, &w->b.state))
		return ctl_usage(c, e,
		    w->b.cancel ? "--state takes waiting, leased or dead here."
				: "--state takes waiting or dead here.");
	text = ctl_option_find(c, "class");
	if (text != NULL && !bulk_class_parse(text, &w->b.class))
		return ctl_usage(c, e,
		    "--class takes receiver, network or us.");
	text = ctl_option_find(c, "event-type");
	if (text != NULL && strlen(text) >= sizeof(w->type))
		return ctl_usage(c, e, "--event-type is too long.");
	if (text != NULL)
		(void)snprintf(w->type, sizeof(w->type), "%s", text);
	return RC_OK;
}

static enum rc
read_want(struct ctl *c, bool cancel, struct bulk_want *w, struct err *e)
{
	const char *text;
	enum rc rc;

	memset(w, 0, sizeof(*w));
	w->b.cancel = cancel;
	w->b.state = w->b.class = -1;
	if (!has_filter(c))
		return ctl_usage(c, e,
		    "Give the id of a delivery, or what those to %s have in "
		    "common, such as --webhook ID.",
		    cancel ? "cancel" : "retry");
	if ((rc = read_names(c, w, e)) != RC_OK ||
	    (rc = ctl_time(c, "since", true, &w->b.since_ms, e)) != RC_OK ||
	    (rc = ctl_time(c, "until", true, &w->b.until_ms, e)) != RC_OK ||
	    (rc = ctl_number(c, "upto", 1, INT64_MAX, &w->b.upto, e)) != RC_OK)
		return rc;
	if (w->b.until_ms > 0 && w->b.until_ms <= w->b.since_ms)
		return ctl_usage(c, e, "--until is not later than --since.");
	text = ctl_option_find(c, "webhook");
	if (text == NULL)
		return RC_OK;
	rc = ctl_webhook_id(c, "--webhook", text, c->webhook_id, e);
	if (rc == RC_OK)
		(void)snprintf(w->webhook_id, sizeof(w->webhook_id), "%s",
		    c->webhook_id);
	return rc;
}

enum rc
ctl_delivery_each(struct ctl *c, struct bulk_want *w, const char *what,
    int64_t of, int64_t *n, struct err *e)
{
	const struct intake in = { .store = c->app.store,
		.clock = c->app.clock };
	int64_t some;
	enum rc rc;

	*n = 0;
	ctl_long_begin();
	do {
		rc = bulk_some(&in, w,
		    clock_boot_ms(c->app.clock) + CTL_LONG_SLICE_MS, &some, e);
		*n += some;
		ctl_long_tell(what, *n, of);
	} while (rc == RC_OK && !bulk_is_done(w) && !ctl_long_is_cut());
	ctl_long_end();
	return rc;
}

/* What is due now still waits where the webhook is disabled. */
static enum rc
count_held(struct ctl *c, const struct bulk_want *w, int64_t *n, struct err *e)
{
	static const struct store_webhook_filter off = { .enabled = 0,
		.health = -1 };
	struct store_webhooks l = { 0 };
	struct bulk_want of = *w;
	enum rc rc;

	*n = 0;
	if (w->b.cancel)
		return RC_OK;
	rc = store_webhook_list(c->app.store, &off, &l, e);
	if (rc == RC_OK && l.n > 0) {
		of.b.dry_run = of.b.of_disabled = true;
		rc = ctl_delivery_each(c, &of, "Counted", 0, n, e);
	}
	store_webhooks_free(&l);
	return rc;
}

static void
say(struct ctl *c, const struct bulk_want *w, int64_t n, int64_t held)
{
	const char *cancel = n == 1 ? "is cancelled" : "are cancelled";
	const char *retry = n == 1 ? "is due now" : "are due now";

	if (w->b.dry_run) {
		cancel = "would be cancelled";
		retry = "would be due now";
	}
	if (c->json) {
		buf_addf(&c->out, "{\"count\":%lld,\"dry_run\":%s}\n",
		    (long long)n, w->b.dry_run ? "true" : "false");
		return;
	}
	buf_addf(&c->out, "%lld deliver%s %s", (long long)n,
	    n == 1 ? "y" : "ies", w->b.cancel ? cancel : retry);
	if (held > 0)
		buf_addf(&c->out,
		    "; %lld of them wait%s, as the webhook is disabled: "
		    "hlsctl webhook enable ID",
		    (long long)held, held == 1 ? "s" : "");
	buf_add_str(&c->out, held > 0 ? "\n" : ".\n");
}

enum rc
ctl_delivery_bulk(struct ctl *c, bool cancel, struct err *e)
{
	struct bulk_want w;
	char question[80];
	int64_t n, all, held;
	enum rc rc;

	if ((rc = read_want(c, cancel, &w, e)) != RC_OK)
		return rc;
	w.b.dry_run = true;
	rc = ctl_delivery_each(c, &w, "Counted", 0, &all, e);
	if (rc != RC_OK)
		return rc;
	if (!bulk_is_done(&w))
		return ctl_long_cut(c, e, "Nothing was done.");
	if ((rc = count_held(c, &w, &held, e)) != RC_OK)
		return rc;
	if (ctl_has_option(c, "dry-run") || all == 0) {
		say(c, &w, all, held);
		return RC_OK;
	}
	(void)snprintf(question, sizeof(question),
	    "%lld deliver%s would be %s.", (long long)all,
	    all == 1 ? "y" : "ies", cancel ? "cancelled" : "sent again now");
	if ((rc = ctl_long_confirm(c, question, e)) != RC_OK)
		return rc;
	w.b.dry_run = false;
	rc = ctl_delivery_each(c, &w, cancel ? "Cancelled" : "Retried", all, &n,
	    e);
	say(c, &w, n, held);
	if (rc == RC_OK && !bulk_is_done(&w))
		return ctl_long_cut(c, e,
		    "Interrupted; the same command goes on.");
	return rc;
}
