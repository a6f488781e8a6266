#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/js.h"
#include "base/units.h"
#include "base/xalloc.h"
#include "cmd/ctl.h"
#include "cmd/ctl_attempt.h"
#include "cmd/ctl_delivery_bulk.h"
#include "cmd/ctl_list.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_webhook.h"
#include "core/webhook.h"
#include "core/whsk.h"
#include "intake/bulk.h"
#include "intake/replay.h"
#include "store/store_admin.h"
#include "store/store_read.h"

static const struct ctl_option list_options[] = {
	{ .name = "team", .arg = "TEAM", .doc = "only webhooks of this team" },
	{ .name = "event",
	    .arg = "TYPE",
	    .doc = "only webhooks that get this type or type.action" },
	{ .name = "enabled", .doc = "only enabled webhooks" },
	{ .name = "disabled", .doc = "only disabled webhooks" },
	{ .name = "health",
	    .arg = "STATE",
	    .values = "unknown healthy degraded unavailable",
	    .doc = "unknown, healthy, degraded or unavailable" },
	CTL_LIST_OPTIONS,
	{ .name = NULL },
};

static const struct ctl_column columns[] = {
	{ .title = "NAME", .least = 16 },
	{ .title = "ID", .keep = true },
	{ .title = "STATE", .keep = true },
	{ .title = "HEALTH", .keep = true },
	{ .title = "URL", .least = 40 },
	{ .title = "EVENTS", .least = 12, .rank = 1 },
	{ .title = "CALLS", .right = true, .whole = true, .rank = 3 },
	{ .title = "FAILED", .right = true, .whole = true, .rank = 2 },
	{ .title = "TEAM", .rank = 4 },
	{ .title = "LAST SUCCESS", .whole = true, .rank = 5 },
};

static void
join(const struct strlist *l, const char *none, struct buf *out)
{
	size_t i;

	if (l->n == 0)
		buf_add_str(out, none);
	for (i = 0; i < l->n; i++)
		buf_addf(out, "%s%s", i == 0 ? "" : ",", l->v[i]);
}

static void
put_row(struct ctl *c, struct ctl_table *t, const struct webhook *w)
{
	char id[WEBHOOK_ID_MAX + 1];
	struct buf events;

	buf_init(&events, 65536);
	join(&w->events, "*", &events);
	ctl_table_put(t, w->name);
	ctl_table_put(t, ctl_webhook_short(c, w->id, id));
	ctl_table_put(t, w->enabled ? "enabled" : "disabled");
	ctl_table_put(t, webhook_health_name(w->health));
	ctl_table_put(t, w->url);
	ctl_table_put(t, buf_str(&events));
	ctl_table_putf(t, "%lld", (long long)w->total_calls);
	ctl_table_putf(t, "%lld", (long long)w->failed_calls);
	ctl_table_put(t, w->team);
	ctl_table_put_time(t, w->last_success_ms);
	buf_fini(&events);
}

static enum rc
read_filter(struct ctl *c, struct store_webhook_filter *f, struct err *e)
{
	enum webhook_health health;
	const char *text;

	memset(f, 0, sizeof(*f));
	f->team = ctl_option_find(c, "team");
	f->event = ctl_option_find(c, "event");
	f->enabled = -1;
	f->health = -1;
	if (ctl_has_option(c, "enabled") && ctl_has_option(c, "disabled"))
		return ctl_usage(c, e,
		    "--enabled and --disabled leave nothing to list.");
	if (ctl_has_option(c, "enabled"))
		f->enabled = 1;
	if (ctl_has_option(c, "disabled"))
		f->enabled = 0;
	f->after = ctl_option_find(c, "cursor");
	if (f->after != NULL && !webhook_id_is_valid(f->after))
		return ctl_usage(c, e,
		    "--cursor takes the next_cursor of an earlier list.");
	text = ctl_option_find(c, "health");
	if (text == NULL)
		return RC_OK;
	if (!webhook_health_parse(text, &health))
		return ctl_usage(c, e,
		    "--health takes unknown, healthy, degraded or "
		    "unavailable.");
	f->health = (int)health;
	return RC_OK;
}

static void
put_hook(struct ctl_list *l, const struct webhook *w)
{
	struct buf object;

	if (l->has_table) {
		put_row(l->ctl, &l->table, w);
		return;
	}
	buf_init(&object, CTL_OUTPUT_MAX);
	registry_format(&l->ctl->app.registry, w, false, NULL, &object);
	js_raw(&l->w, NULL, object.data, object.len);
	buf_fini(&object);
}

static enum rc
each_hook(struct ctl_list *l, struct store_webhook_filter *f, struct err *e)
{
	struct store_webhooks page;
	char *after = NULL;
	enum rc rc;
	size_t i;

	do {
		f->limit = ctl_list_want(l);
		rc = store_webhook_list(l->ctl->app.store, f, &page, e);
		for (i = 0; i < page.n; i++)
			put_hook(l, page.v[i]);
		free(after);
		f->after = after = page.next;
		page.next = NULL;
		if (rc == RC_OK)
			rc = ctl_list_took(l, page.n, e);
		store_webhooks_free(&page);
	} while (rc == RC_OK && ctl_list_want(l) > 0 && after != NULL);
	if (rc == RC_OK)
		rc = ctl_list_end(l, after, e);
	free(after);
	return rc;
}

static enum rc
run_list(struct ctl *c, struct err *e)
{
	static const struct ctl_list_form form = { "webhook", "list",
		"webhooks",
		"No webhooks; hlsctl webhook register URL adds one.", columns,
		sizeof(columns) / sizeof(columns[0]) };
	struct store_webhook_filter f;
	struct ctl_list l;
	enum rc rc;

	if ((rc = read_filter(c, &f, e)) != RC_OK)
		return rc;
	rc = ctl_list_begin(&l, c, &form, e);
	if (rc == RC_OK)
		rc = each_hook(&l, &f, e);
	ctl_list_fini(&l);
	return rc;
}

static void
put_json(struct ctl *c, const struct webhook *w, bool show_secret,
    const struct registry_beside *beside)
{
	registry_format(&c->app.registry, w, show_secret, beside, &c->out);
	buf_add_str(&c->out, "\n");
}

static void
put_field(struct ctl *c, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_addf(&c->out, "%-14s", name);
	ctl_put_text(c, value);
	buf_add_str(&c->out, "\n");
}

/* Of a setting that the registration leaves to hls.yaml. */
static const char from_outbound[] = ", the default";

static void
put_limits(struct ctl *c, const struct webhook *w)
{
	const struct registry_defaults *d = c->app.registry.defaults;
	int64_t rate = w->rate_limit < 0 ? d->rate_limit : w->rate_limit;
	char text[UNITS_TEXT_SIZE];

	units_milli_format(rate, text);
	buf_addf(&c->out, "%-14s%s%s\n", "per second",
	    rate == 0 ? "no limit" : text,
	    w->rate_limit < 0 ? from_outbound : "");
	buf_addf(&c->out, "%-14s%lld%s\n", "in flight",
	    (long long)(w->max_in_flight < 0 ? d->max_in_flight
					     : w->max_in_flight),
	    w->max_in_flight < 0 ? from_outbound : "");
}

static void
put_times(struct ctl *c, const struct webhook *w)
{
	const struct registry_defaults *d = c->app.registry.defaults;
	bool is_own = w->retry_schedule != NULL;
	const int64_t *ms = is_own ? w->retry_schedule : d->retry_schedule;
	size_t i, n = is_own ? w->nretries : d->nretries;
	char text[UNITS_TEXT_SIZE];

	units_duration_format(w->timeout_ms < 0 ? d->timeout_ms : w->timeout_ms,
	    text);
	buf_addf(&c->out, "%-14s%s%s\n", "timeout", text,
	    w->timeout_ms < 0 ? from_outbound : "");
	buf_addf(&c->out, "%-14s%s", "retries after", n == 0 ? "never" : "");
	for (i = 0; i < n; i++) {
		units_duration_format(ms[i], text);
		buf_addf(&c->out, "%s%s", i == 0 ? "" : " ", text);
	}
	buf_addf(&c->out, "%s\n", is_own ? "" : from_outbound);
	buf_addf(&c->out, "%-14s", "registered");
	ctl_put_time(c, w->created_ms);
	buf_addf(&c->out, "\n%-14s", "last success");
	ctl_put_time(c, w->last_success_ms);
	buf_addf(&c->out, "\n%-14s", "last failure");
	ctl_put_time(c, w->last_failure_ms);
	buf_add_str(&c->out, "\n");
}

static void
put_state(struct ctl *c, const struct webhook *w)
{
	static const char *const reasons[] = { "disabled",
		"disabled: it answered 410", "disabled: it only failed" };

	put_field(c, "state",
	    w->enabled ? "enabled" : reasons[w->disabled_why]);
	if (!w->enabled && w->disabled_ms > 0) {
		buf_add_str(&c->out, "disabled since ");
		ctl_put_time(c, w->disabled_ms);
		buf_add_str(&c->out, "\n");
	}
	put_field(c, "damaged", w->damage);
	if (w->failing_since_ms > 0) {
		buf_addf(&c->out, "%-14s", "failing since");
		ctl_put_time(c, w->failing_since_ms);
		buf_add_str(&c->out, "\n");
	}
	if (w->enabled && w->disable_at_ms > 0) {
		buf_addf(&c->out, "%-14s", "disabled at");
		ctl_put_time(c, w->disable_at_ms);
		buf_add_str(&c->out, "\n");
	}
}

static void
put_forms(struct ctl *c, const struct webhook *w)
{
	char public_key[WHSK_PUBLIC_SIZE];
	struct buf text;

	if (w->signatures.n > 0) {
		buf_init(&text, 4096);
		join(&w->signatures, "", &text);
		put_field(c, "signatures", buf_str(&text));
		buf_fini(&text);
	}
	if (whsk_public(&w->sign_key, public_key))
		put_field(c, "public key", public_key);
	put_field(c, "body", webhook_body_name(w->body));
	if (w->cloudevents)
		put_field(c, "cloudevents", "yes");
}

/* The old secrets that still sign, by their ends. */
static void
put_olds(struct ctl *c, const struct webhook *w)
{
	int64_t now_ms = clock_wall_ms(c->app.clock);
	size_t i;

	for (i = 0; i < w->nolds; i++) {
		if (w->olds[i].until_ms <= now_ms)
			continue;
		buf_addf(&c->out, "%-14ssigns too until ", "old secret");
		ctl_put_time(c, w->olds[i].until_ms);
		buf_add_str(&c->out, "\n");
	}
}

static void
put_breaker(struct ctl *c, const struct webhook *w)
{
	if (w->breaker == BREAKER_CLOSED)
		return;
	buf_addf(&c->out, "%-14s%s", "breaker",
	    w->breaker == BREAKER_OPEN ? "open until " : "half open");
	if (w->breaker == BREAKER_OPEN)
		ctl_put_time(c, w->breaker_until_ms);
	buf_add_str(&c->out, "\n");
}

/* For people; what has its default is left out. */
static void
put_whole(struct ctl *c, const struct webhook *w)
{
	struct buf text;
	size_t i;

	buf_init(&text, 65536);
	put_field(c, "name", w->name);
	put_field(c, "id", w->id);
	put_field(c, "url", w->url);
	join(&w->events, "*", &text);
	put_field(c, "events", buf_str(&text));
	put_field(c, "team", w->team);
	put_field(c, "description", w->description);
	put_state(c, w);
	put_field(c, "health", webhook_health_name(w->health));
	for (i = 0; i < w->nheaders; i++)
		buf_addf(&c->out, "%-14s%s: ***\n", "header",
		    w->headers[i].name);
	put_forms(c, w);
	put_olds(c, w);
	put_field(c, "filter", w->filter);
	put_field(c, "order by", w->order_by);
	if (w->on_dead != WEBHOOK_HOLD)
		put_field(c, "on dead", webhook_on_dead_name(w->on_dead));
	put_field(c, "TLS CA", w->tls.ca_file);
	put_field(c, "TLS cert", w->tls.cert_file);
	put_field(c, "TLS key", w->tls.key_file);
	put_breaker(c, w);
	put_limits(c, w);
	put_times(c, w);
	buf_addf(&c->out, "%-14s%lld, %lld failed, %lld in a row\n", "calls",
	    (long long)w->total_calls, (long long)w->failed_calls,
	    (long long)w->consecutive_failures);
	buf_fini(&text);
}

/* Where a person can look when the id is nobody's. */
static enum rc
say_not_found(const struct ctl *c, enum rc rc, struct err *e)
{
	if (rc != RC_NOTFOUND)
		return rc;
	return ctl_no_webhook(c->args[0], e);
}

static enum rc
run_show(struct ctl *c, struct err *e)
{
	struct registry_beside beside = { NULL, NULL };
	struct store_held held;
	struct webhook *w;
	enum rc rc;

	if ((rc = ctl_webhook_arg(c, e)) != RC_OK)
		return rc;
	rc = store_webhook_find(c->app.store, c->args[0], &w, e);
	if (rc != RC_OK)
		return say_not_found(c, rc, e);
	rc = store_held(c->app.store, w->id, &held, e);
	beside.held = &held;
	if (rc == RC_OK && c->json) {
		put_json(c, w, false, &beside);
	} else if (rc == RC_OK) {
		put_whole(c, w);
		ctl_webhook_put_held(c, &held);
	}
	webhook_free(w);
	return rc;
}

static const struct ctl_option yes_options[] = {
	CTL_YES_OPTION,
	{ .name = NULL },
};

static enum rc
run_delete(struct ctl *c, struct err *e)
{
	size_t cancelled;
	enum rc rc;

	if ((rc = ctl_webhook_arg(c, e)) != RC_OK)
		return rc;
	rc = ctl_confirm(c, e,
	    "Webhook %s, its secret and what is owed to it will be gone.",
	    c->args[0]);
	if (rc != RC_OK)
		return rc;
	rc = store_webhook_delete(c->app.store, c->args[0],
	    clock_wall_ms(c->app.clock), &cancelled, e);
	if (rc != RC_OK)
		return say_not_found(c, rc, e);
	buf_addf(&c->out,
	    "Webhook %s is gone; %zu waiting deliver%s cancelled.\n",
	    c->args[0], cancelled, cancelled == 1 ? "y was" : "ies were");
	return RC_OK;
}

/* Retries keep their time, unless --now says that they go at once. */
static enum rc
say_waiting(struct ctl *c, const char *id, struct err *e)
{
	struct bulk_want want;
	int64_t n;
	enum rc rc;

	bulk_want_waiting(&want, id);
	want.b.dry_run = !ctl_has_option(c, "now");
	rc = ctl_delivery_each(c, &want, "Looked at", 0, &n, e);
	if (rc != RC_OK || c->json)
		return rc;
	if (!want.b.dry_run || n == 0)
		buf_addf(&c->out,
		    "Webhook %s is enabled; what waited for it goes out now.\n",
		    id);
	else
		buf_addf(&c->out,
		    "Webhook %s is enabled; %lld retr%s for the next attempt's "
		    "time.\nhlsctl webhook enable --now %s sends %s at once.\n",
		    id, (long long)n, n == 1 ? "y waits" : "ies wait", id,
		    n == 1 ? "it" : "them");
	return RC_OK;
}

/* A count over which enabling takes no longer. */
#define COUNT_MS 5000

/* What came while it was disabled goes out by a replay alone. */
static void
count_missed(struct ctl *c, const char *id, int64_t since_ms,
    struct store_missed *out, bool *is_known)
{
	const struct intake in = { .store = c->app.store,
		.clock = c->app.clock };
	struct err ignored;

	memset(out, 0, sizeof(*out));
	out->since_ms = since_ms;
	out->until_ms = clock_wall_ms(c->app.clock);
	*is_known = since_ms > 0 &&
	    replay_missed(&in, id, clock_boot_ms(c->app.clock) + COUNT_MS, out,
		&ignored) == RC_OK;
}

static void
say_missed(struct ctl *c, const char *id, const struct store_missed *missed)
{
	char since[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];

	if (missed->n == 0 && missed->is_all)
		return;
	clock_format(missed->since_ms, since);
	clock_format(missed->until_ms, until);
	buf_addf(&c->out,
	    "%s%lld event%s passed it by while it was disabled. To send %s:\n"
	    "hlsctl event replay --webhook %s --since %s --until %s --missed\n",
	    missed->is_all ? "" : "At least ", (long long)missed->n,
	    missed->n == 1 ? "" : "s", missed->n == 1 ? "it" : "them", id,
	    since, until);
}

static enum rc
enable(struct ctl *c, bool on, struct err *e)
{
	struct registry_beside beside = { NULL, NULL };
	struct store_missed missed;
	struct webhook *w;
	int64_t since_ms;
	bool is_known = false;
	enum rc rc;

	if ((rc = ctl_webhook_arg(c, e)) != RC_OK)
		return rc;
	rc =
	    registry_enable(&c->app.registry, c->args[0], on, &since_ms, &w, e);
	if (rc != RC_OK)
		return say_not_found(c, rc, e);
	if (on) {
		count_missed(c, w->id, since_ms, &missed, &is_known);
		rc = say_waiting(c, w->id, e);
	}
	if (is_known)
		beside.missed = &missed;
	if (c->json)
		put_json(c, w, false, &beside);
	else if (!on)
		buf_addf(&c->out,
		    "Webhook %s is disabled; its unfinished deliveries wait.\n",
		    w->id);
	else if (is_known)
		say_missed(c, w->id, &missed);
	webhook_free(w);
	return rc;
}

static const struct ctl_option enable_options[] = {
	{ .name = "now", .doc = "also send waiting retries now" },
	{ .name = NULL },
};

static enum rc
run_enable(struct ctl *c, struct err *e)
{
	return enable(c, true, e);
}

static enum rc
run_disable(struct ctl *c, struct err *e)
{
	return enable(c, false, e);
}

static const struct ctl_option rotate_options[] = {
	{ .name = "now", .doc = "old secrets stop signing now" },
	CTL_YES_OPTION,
	{ .name = NULL },
};

static void
put_rotated(struct ctl *c, const struct webhook *w)
{
	char public_key[WHSK_PUBLIC_SIZE];

	buf_addf(&c->out,
	    "Webhook %s has a new secret; %s.\n"
	    "You must give the new secret to the receiver. It is shown "
	    "once:\n%s\n",
	    w->id,
	    w->nolds == 0 ? "old secrets sign no more"
			  : "the old one also signs for 24 hours",
	    w->secret.bytes);
	if (whsk_public(&w->sign_key, public_key))
		buf_addf(&c->out, "Its new public key is %s\n", public_key);
	if (w->nolds > 1)
		put_olds(c, w);
}

static enum rc
run_rotate(struct ctl *c, struct err *e)
{
	bool now = ctl_has_option(c, "now");
	struct webhook *w;
	enum rc rc;

	if ((rc = ctl_webhook_arg(c, e)) != RC_OK)
		return rc;
	rc = ctl_confirm(c, e,
	    now ? "Webhook %s gets a new secret, and old secrets sign no more: "
		  "the receiver refuses\ndeliveries until you give it the "
		  "new secret."
		: "Webhook %s gets a new secret: you must give it to the "
		  "receiver.",
	    c->args[0]);
	if (rc != RC_OK)
		return rc;
	rc = registry_rotate(&c->app.registry, c->args[0], now, &w, e);
	if (rc != RC_OK)
		return say_not_found(c, rc, e);
	if (c->json)
		put_json(c, w, true, NULL);
	else
		put_rotated(c, w);
	webhook_free(w);
	return RC_OK;
}

#define ONE_ID .args = "ID", .min_args = 1, .max_args = 1
#define STORE .needs = CTL_CONF | CTL_STORE

static const struct ctl_cmd cmds[] = {
	{ .verb = "register",
	    .args = "URL",
	    .min_args = 1,
	    .max_args = 1,
	    .options = ctl_webhook_register_options,
	    STORE,
	    .run = ctl_webhook_register,
	    .doc = "Adds a webhook; without --secret-file a secret is made "
		   "and shown once." },
	{ .verb = "list",
	    .args = "",
	    .options = list_options,
	    STORE,
	    .run = run_list,
	    .doc = "Lists the webhooks." },
	{ .verb = "show",
	    ONE_ID,
	    STORE,
	    .run = run_show,
	    .doc = "Prints one webhook with its settings and its health." },
	{ .verb = "update",
	    ONE_ID,
	    .options = ctl_webhook_update_options,
	    STORE,
	    .run = ctl_webhook_update,
	    .doc =
		"Changes the settings that are given and keeps the others." },
	{ .verb = "delete",
	    ONE_ID,
	    .options = yes_options,
	    STORE,
	    .run = run_delete,
	    .doc = "Deletes a webhook and cancels its waiting deliveries." },
	{ .verb = "enable",
	    ONE_ID,
	    .options = enable_options,
	    STORE,
	    .run = run_enable,
	    .doc = "Enables a webhook; its waiting deliveries go out again." },
	{ .verb = "disable",
	    ONE_ID,
	    STORE,
	    .run = run_disable,
	    .doc =
		"Stops deliveries: unfinished ones wait, and new events make "
		"none." },
	{ .verb = "test",
	    ONE_ID,
	    .options = ctl_webhook_test_options,
	    STORE,
	    .run = ctl_webhook_test,
	    .doc = "Sends one sample event to this webhook and shows the "
		   "result; with --event "
		   "it sends nothing, and says whether the webhook would get "
		   "that event, and why." },
	{ .verb = "health",
	    .args = "[ID]",
	    .max_args = 1,
	    .options = ctl_webhook_health_options,
	    STORE,
	    .run = ctl_webhook_health,
	    .doc = "Shows the health of a webhook, or of all, the worst "
		   "first." },
	{ .verb = "rotate-secret",
	    ONE_ID,
	    .options = rotate_options,
	    STORE,
	    .run = run_rotate,
	    .doc = "Makes a new secret; the old one also signs for 24 hours, "
		   "or with --now stops at once." },
	{ .verb = "attempts",
	    ONE_ID,
	    .options = ctl_webhook_attempts_options,
	    STORE,
	    .run = ctl_webhook_attempts,
	    .doc = "Lists every attempt at its deliveries, newest first." },
	{ .verb = "recover",
	    ONE_ID,
	    .options = ctl_webhook_recover_options,
	    STORE,
	    .run = ctl_webhook_recover,
	    .doc = "Retries the dead deliveries of a webhook, after a question "
		   "with their number." },
	{ .verb = "import",
	    .args = "FILE",
	    .min_args = 1,
	    .max_args = 1,
	    .options = ctl_webhook_import_options,
	    STORE,
	    .run = ctl_webhook_import,
	    .doc = "Imports webhooks from a JSON file, {id: {url, events, "
		   "secret, team, ...}}: all or none." },
};

const struct ctl_noun ctl_webhook = { "webhook",
	"manage the webhooks that get events", cmds,
	sizeof(cmds) / sizeof(cmds[0]) };
