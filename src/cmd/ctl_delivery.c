#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/js.h"
#include "cmd/ctl.h"
#include "cmd/ctl_attempt.h"
#include "cmd/ctl_delivery_bulk.h"
#include "cmd/ctl_list.h"
#include "cmd/ctl_table.h"
#include "core/webhook.h"
#include "stats/show.h"
#include "store/store_admin.h"
#include "store/store_read.h"
#include "store/store_work.h"

static const struct ctl_option list_options[] = {
	{ .name = "webhook",
	    .arg = "ID",
	    .doc = "only deliveries to this webhook" },
	{ .name = "event",
	    .arg = "ID",
	    .doc = "only deliveries of this event" },
	{ .name = "state",
	    .arg = "STATE",
	    .values = "waiting leased done dead cancelled",
	    .doc = "waiting, leased, done, dead or cancelled" },
	{ .name = "blocked",
	    .doc = "only deliveries that wait for an earlier one" },
	CTL_LIST_OPTIONS,
	{ .name = NULL },
};

/* A terminal shows the name of a webhook, else the start of its id; a pipe
 * gets the id, and the name in the last column. */
static const struct ctl_column columns[] = {
	{ .title = "ID", .right = true, .keep = true },
	{ .title = "EVENT", .right = true, .keep = true },
	{ .title = "WEBHOOK", .least = 16 },
	{ .title = "STATE", .keep = true },
	{ .title = "TRIES", .right = true, .whole = true, .rank = 1 },
	{ .title = "CODE", .right = true, .keep = true },
	{ .title = "DUE", .whole = true, .rank = 3 },
	{ .title = "ENDED", .whole = true, .rank = 4 },
	{ .title = "LAST ERROR", .least = 24 },
	{ .title = "ORDER KEY", .least = 12, .rank = 2 },
	{ .title = "NAME" },
};

/* With --blocked, where nothing was tried and nothing is due. */
static const struct ctl_column blocked_columns[] = {
	{ .title = "ID", .right = true, .keep = true },
	{ .title = "EVENT", .right = true, .keep = true },
	{ .title = "WEBHOOK", .least = 16 },
	{ .title = "ORDER KEY", .least = 20 },
	{ .title = "BEHIND", .right = true, .keep = true },
	{ .title = "SINCE", .whole = true, .rank = 1 },
	{ .title = "NAME" },
};

/* All that goes to a webhook in one order has no key. */
static const char *
order_name(const struct store_job *j)
{
	if (j->order_key == NULL)
		return "";
	return *j->order_key == '\0' ? "webhook" : j->order_key;
}

static void
put_blocked_row(struct ctl *c, struct ctl_table *t, const struct store_job *j)
{
	char id[WEBHOOK_ID_MAX + 1];

	ctl_table_putf(t, "%lld", (long long)j->id);
	ctl_table_putf(t, "%lld", (long long)j->event);
	ctl_table_put(t, ctl_webhook_label(c, j->target, j->webhook_name, id));
	ctl_table_put(t, order_name(j));
	ctl_table_putf(t, "%lld", (long long)j->blocked_by);
	ctl_table_put_time(t, j->created_ms);
	if (ctl_terminal_width() == 0)
		ctl_table_put(t, j->webhook_name);
}

/* The webhook of the row before, and whether it is held: rows of one webhook
 * often stand together. */
struct last {
	char webhook_id[WEBHOOK_ID_MAX + 1];
	bool held;
};

static bool
is_held(struct ctl *c, const struct store_job *j, struct last *last)
{
	if (j->state != STORE_WAITING || j->kind != STORE_DELIVER ||
	    j->due_ms > clock_wall_ms(c->app.clock))
		return false;
	if (j->blocked_by != 0)
		return true;
	if (strcmp(last->webhook_id, j->target) != 0) {
		(void)snprintf(last->webhook_id, sizeof(last->webhook_id), "%s",
		    j->target);
		last->held = ctl_is_held(c, j->target);
	}
	return last->held;
}

/* A time in the past would say that it goes out at once. */
static void
put_due(struct ctl *c, struct ctl_table *t, const struct store_job *j,
    struct last *last)
{
	if (is_held(c, j, last))
		ctl_table_put(t, "held");
	else
		ctl_table_put_time(t,
		    j->state == STORE_WAITING || j->state == STORE_LEASED
			? j->due_ms
			: 0);
}

static void
put_row(struct ctl *c, struct ctl_table *t, const struct store_job *j,
    struct last *last)
{
	char id[WEBHOOK_ID_MAX + 1];

	ctl_table_putf(t, "%lld", (long long)j->id);
	ctl_table_putf(t, "%lld", (long long)j->event);
	ctl_table_put(t, ctl_webhook_label(c, j->target, j->webhook_name, id));
	ctl_table_putf(t, "%s%s", store_state_name(j->state),
	    j->is_test ? ", test" : "");
	ctl_table_putf(t, "%u", j->attempt);
	if (j->last_code != 0)
		ctl_table_putf(t, "%d", j->last_code);
	else
		ctl_table_put(t, NULL);
	put_due(c, t, j, last);
	ctl_table_put_time(t, j->ended_ms);
	ctl_table_put(t, j->last_text == NULL ? "" : j->last_text);
	ctl_table_put(t, order_name(j));
	if (ctl_terminal_width() == 0)
		ctl_table_put(t, j->webhook_name);
}

/* One that was deleted still has deliveries, under its whole id. */
static enum rc
read_webhook(struct ctl *c, const char **out, struct err *e)
{
	const char *text = ctl_option_find(c, "webhook");
	enum rc rc;

	*out = text;
	if (text == NULL)
		return RC_OK;
	rc = ctl_webhook_id(c, "--webhook", text, c->webhook_id, e);
	if (rc == RC_OK)
		*out = c->webhook_id;
	if (rc == RC_NOTFOUND && webhook_id_is_valid(text))
		return RC_OK;
	return rc;
}

static enum rc
read_filter(struct ctl *c, struct store_job_filter *f, struct err *e)
{
	enum store_state state;
	const char *text;
	enum rc rc;

	memset(f, 0, sizeof(*f));
	if ((rc = read_webhook(c, &f->target, e)) != RC_OK)
		return rc;
	f->state = -1;
	text = ctl_option_find(c, "state");
	if (text != NULL && !store_state_parse(text, &state))
		return ctl_usage(c, e,
		    "--state takes waiting, leased, done, dead or "
		    "cancelled.");
	if (text != NULL)
		f->state = (int)state;
	f->blocked = ctl_has_option(c, "blocked");
	text = ctl_option_find(c, "event");
	if (text != NULL) {
		if ((rc = ctl_check_id(c, "evt_", text, e)) != RC_OK)
			return rc;
		rc = store_event_resolve(c->app.store, text, &f->event, e);
		if (rc != RC_OK)
			return rc == RC_NOTFOUND
			    ? err_set(e, rc, "There is no event %s.", text)
			    : rc;
	}
	return ctl_number(c, "cursor", 1, INT64_MAX, &f->before_id, e);
}

static void
put_job(struct ctl_list *l, const struct store_job *j, bool blocked,
    struct last *last)
{
	if (l->has_table && blocked) {
		put_blocked_row(l->ctl, &l->table, j);
		return;
	}
	if (l->has_table) {
		put_row(l->ctl, &l->table, j, last);
		return;
	}
	js_open_object(&l->w, NULL);
	show_job(&l->w, j);
	js_close_object(&l->w);
}

/* A list of a mistyped name would be empty, as if nothing were owed. */
static enum rc
check_target(const struct ctl *c, const char *id, struct err *e)
{
	struct webhook *w;
	enum rc rc = store_webhook_find(c->app.store, id, &w, e);

	if (rc == RC_NOTFOUND)
		return ctl_no_webhook(id, e);
	if (rc == RC_OK)
		webhook_free(w);
	return rc;
}

static enum rc
each_job(struct ctl_list *l, struct store_job_filter *f, struct err *e)
{
	struct last last = { .held = false };
	struct store_jobs page;
	enum rc rc;
	size_t i;

	do {
		f->limit = ctl_list_want(l);
		rc = store_job_list(l->ctl->app.store, f, &page, &f->before_id,
		    e);
		if (rc != RC_OK)
			return rc;
		for (i = 0; i < page.n; i++)
			put_job(l, &page.v[i], f->blocked, &last);
		rc = ctl_list_took(l, page.n, e);
		store_jobs_free(&page);
	} while (rc == RC_OK && ctl_list_want(l) > 0 && f->before_id != 0);
	return rc == RC_OK ? ctl_list_end_id(l, f->before_id, e) : rc;
}

static enum rc
run_list(struct ctl *c, struct err *e)
{
	const size_t unnamed = ctl_terminal_width() > 0;
	const struct ctl_list_form forms[] = {
		{ "delivery", "list", "deliveries", "No such deliveries.",
		    columns, sizeof(columns) / sizeof(columns[0]) - unnamed },
		{ "delivery", "list", "deliveries", "No such deliveries.",
		    blocked_columns,
		    sizeof(blocked_columns) / sizeof(blocked_columns[0]) -
			unnamed },
	};
	struct store_job_filter f;
	struct ctl_list l;
	enum rc rc;

	if ((rc = read_filter(c, &f, e)) != RC_OK)
		return rc;
	if (f.target != NULL && (rc = check_target(c, f.target, e)) != RC_OK)
		return rc;
	rc = ctl_list_begin(&l, c, &forms[f.blocked], e);
	if (rc == RC_OK)
		rc = each_job(&l, &f, e);
	ctl_list_fini(&l);
	return rc;
}

static enum rc
resolve(struct ctl *c, int64_t *id, struct err *e)
{
	enum rc rc;

	if ((rc = ctl_check_id(c, "job_", c->args[0], e)) != RC_OK)
		return rc;
	rc = store_job_resolve(c->app.store, c->args[0], id, e);
	if (rc == RC_NOTFOUND)
		return err_set(e, rc,
		    "There is no delivery %s; hlsctl delivery list shows "
		    "them.",
		    c->args[0]);
	return rc;
}

static void
put_whole(struct ctl *c, const struct store_job *j,
    const struct store_attempts *l)
{
	size_t i;

	buf_addf(&c->out, "Delivery %lld (%s)\nof event %lld to webhook ",
	    (long long)j->id, j->public_id, (long long)j->event);
	ctl_put_target(c, j);
	buf_addf(&c->out, "\nis %s", store_state_name(j->state));
	if (j->blocked_by != 0) {
		buf_add_str(&c->out, " behind delivery ");
		buf_addf(&c->out, "%lld", (long long)j->blocked_by);
	} else if (j->state == STORE_WAITING) {
		buf_add_str(&c->out, ", due ");
		ctl_put_time(c, j->due_ms);
	}
	if (j->order_key != NULL) {
		buf_add_str(&c->out, ", in order of ");
		ctl_put_text(c, order_name(j));
	}
	buf_add_str(&c->out, l->n == 0 ? ", not tried yet.\n" : ".\n");
	ctl_put_held(c, j);
	for (i = 0; i < l->n; i++)
		ctl_attempt_tell(c, &l->v[i]);
	if (j->state == STORE_STATE_DEAD)
		buf_addf(&c->out,
		    "      hlsctl delivery retry %lld tries again\n",
		    (long long)j->id);
}

static enum rc
run_show(struct ctl *c, struct err *e)
{
	struct store_attempts l;
	struct store_job *j;
	struct js_writer w;
	int64_t id;
	enum rc rc;
	size_t i;

	if ((rc = resolve(c, &id, e)) != RC_OK)
		return rc;
	rc = store_job_find(c->app.store, id, &j, e);
	if (rc != RC_OK)
		return rc;
	rc = store_attempt_list(c->app.store, id, &l, e);
	if (rc != RC_OK) {
		store_job_free(j);
		return rc;
	}
	if (c->json) {
		js_writer_init(&w, &c->out);
		js_open_object(&w, NULL);
		show_job(&w, j);
		js_open_array(&w, "attempts");
		for (i = 0; i < l.n; i++) {
			js_open_object(&w, NULL);
			show_attempt(&w, &l.v[i]);
			js_close_object(&w);
		}
		js_close_array(&w);
		js_close_object(&w);
		buf_add_str(&c->out, "\n");
	} else {
		put_whole(c, j, &l);
	}
	store_attempts_free(&l);
	store_job_free(j);
	return RC_OK;
}

static void
say_done(struct ctl *c, int64_t id, const char *state, const char *text)
{
	if (c->json)
		buf_addf(&c->out, "{\"id\":%lld,\"state\":\"%s\"}\n",
		    (long long)id, state);
	else
		buf_addf(&c->out, "Delivery %lld %s.\n", (long long)id, text);
}

/* What is due now may still have to wait for something else. */
static enum rc
say_held(struct ctl *c, int64_t id, struct err *e)
{
	struct store_job *j;
	enum rc rc;

	if (c->json)
		return RC_OK;
	rc = store_job_find(c->app.store, id, &j, e);
	if (rc != RC_OK)
		return rc == RC_NOTFOUND ? RC_OK : rc;
	if (j->blocked_by != 0)
		buf_addf(&c->out,
		    "      held: delivery %lld of its order key goes first\n",
		    (long long)j->blocked_by);
	ctl_put_held(c, j);
	store_job_free(j);
	return RC_OK;
}

static enum rc
run_retry(struct ctl *c, struct err *e)
{
	int64_t id;
	enum rc rc;

	if (ctl_delivery_is_bulk(c))
		return ctl_delivery_bulk(c, false, e);
	if ((rc = resolve(c, &id, e)) != RC_OK)
		return rc;
	rc = store_job_retry(c->app.store, id, clock_wall_ms(c->app.clock), e);
	if (rc == RC_EXISTS)
		return err_set(e, rc,
		    "Delivery %s is neither waiting nor dead; hlsctl event "
		    "replay sends again what was delivered.",
		    c->args[0]);
	if (rc == RC_OK)
		say_done(c, id, "waiting", "is due now");
	return rc == RC_OK ? say_held(c, id, e) : rc;
}

static enum rc
run_cancel(struct ctl *c, struct err *e)
{
	int64_t id;
	enum rc rc;

	if (ctl_delivery_is_bulk(c))
		return ctl_delivery_bulk(c, true, e);
	if ((rc = resolve(c, &id, e)) != RC_OK)
		return rc;
	rc = ctl_confirm(c, e, "Delivery %s will not be sent.", c->args[0]);
	if (rc != RC_OK)
		return rc;
	rc = store_job_cancel(c->app.store, id, clock_wall_ms(c->app.clock), e);
	if (rc == RC_EXISTS)
		return err_set(e, rc, "Delivery %s has ended already.",
		    c->args[0]);
	if (rc == RC_OK)
		say_done(c, id, "cancelled", "is cancelled");
	return rc;
}

#define ONE_ID .args = "ID", .min_args = 1, .max_args = 1
#define STORE .needs = CTL_CONF | CTL_STORE

static const struct ctl_cmd cmds[] = {
	{ .verb = "list",
	    .args = "",
	    .options = list_options,
	    STORE,
	    .run = run_list,
	    .doc = "Lists deliveries, newest first; --state dead lists the "
		   "dead letters." },
	{ .verb = "show",
	    ONE_ID,
	    STORE,
	    .run = run_show,
	    .doc = "Shows one delivery with all its attempts." },
	{ .verb = "retry",
	    .args = "[ID]",
	    .max_args = 1,
	    .options = ctl_delivery_bulk_options,
	    STORE,
	    .run = run_retry,
	    .doc =
		"Retries a dead or waiting delivery now; without ID all that "
		"match the options, after a question with their number." },
	{ .verb = "cancel",
	    .args = "[ID]",
	    .max_args = 1,
	    .options = ctl_delivery_bulk_options,
	    STORE,
	    .run = run_cancel,
	    .doc =
		"Cancels a delivery that is not done, or without ID all that "
		"match the options; later deliveries of its order key "
		"continue." },
};

const struct ctl_noun ctl_delivery = { "delivery",
	"inspect, retry and cancel deliveries", cmds,
	sizeof(cmds) / sizeof(cmds[0]) };
