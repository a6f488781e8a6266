#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app_conf.h"
#include "base/clock.h"
#include "base/js.h"
#include "base/xalloc.h"
#include "cmd/ctl.h"
#include "cmd/ctl_event.h"
#include "cmd/ctl_list.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_text.h"
#include "core/event.h"
#include "stats/show.h"
#include "store/store_admin.h"
#include "store/store_read.h"
#include "store/store_work.h"

static const struct ctl_option list_options[] = {
	{ .name = "status",
	    .arg = "STATUS",
	    .values = "pending processing retry completed failed",
	    .doc = "pending, processing, retry, completed or failed" },
	CTL_EVENT_OPTIONS,
	{ .name = "delivery-id",
	    .arg = "ID",
	    .doc = "only events of this id, as the sender gave it or as hls "
		   "shows it" },
	{ .name = "suspect", .doc = "only events that are held back" },
	{ .name = "since",
	    .arg = "TIME",
	    .doc = "received since a time, or 2h (two hours ago)" },
	{ .name = "until", .arg = "TIME", .doc = "received before a time" },
	CTL_LIST_OPTIONS,
	{ .name = NULL },
};

static const struct ctl_column columns[] = {
	{ .title = "ID", .right = true, .keep = true },
	{ .title = "RECEIVED", .keep = true },
	{ .title = "STATUS", .keep = true },
	{ .title = "TYPE", .least = 14 },
	{ .title = "REPOSITORY", .least = 14, .rank = 1 },
	{ .title = "SOURCE", .rank = 2 },
	{ .title = "DELIVERY", .least = 12, .rank = 3 },
	{ .title = "ERROR", .least = 24 },
};

/* What a status alone does not say. */
static const char *
mark_of(const struct event *ev)
{
	if (!event_is_test(ev))
		return "";
	return ev->error_message != NULL ? ", failed test" : ", test";
}

static void
put_row(struct ctl_table *t, const struct event *ev)
{
	ctl_table_putf(t, "%lld", (long long)ev->id);
	ctl_table_put_time(t, ev->received_ms);
	/* It has ended, but not as others that are completed have. */
	if (ev->replay_suspect)
		ctl_table_put(t, "suspect");
	else
		ctl_table_putf(t, "%s%s", event_status_name(ev->status),
		    mark_of(ev));
	if (ev->action != NULL && ev->action[0] != '\0')
		ctl_table_putf(t, "%s.%s", ev->type, ev->action);
	else
		ctl_table_put(t, ev->type);
	ctl_table_put(t, ev->repository);
	ctl_table_put(t, ev->source);
	ctl_table_put(t, ev->delivery_id);
	/* The latest failure of an event that was delivered in the end is
	 * over. */
	ctl_table_put(t,
	    ev->error_message == NULL ||
		    (ev->status == EVENT_COMPLETED && !event_is_test(ev))
		? ""
		: ev->error_message);
}

static enum rc
read_filter(struct ctl *c, struct store_event_filter *f,
    char id[EVENT_DELIVERY_ID_MAX + 1], struct err *e)
{
	enum event_status status;
	const char *text;
	enum rc rc;

	memset(f, 0, sizeof(*f));
	f->type = ctl_option_find(c, "type");
	f->repository = ctl_option_find(c, "repository");
	f->source = ctl_option_find(c, "source");
	f->suspect = ctl_has_option(c, "suspect");
	f->status = -1;
	text = ctl_option_find(c, "delivery-id");
	if (text != NULL) {
		(void)event_delivery_id_of(text, id);
		f->delivery_id = id;
	}
	text = ctl_option_find(c, "status");
	if (text != NULL && !event_status_parse(text, &status))
		return ctl_usage(c, e,
		    "--status takes pending, processing, retry, completed or "
		    "failed.");
	if (text != NULL)
		f->status = (int)status;
	if ((rc = ctl_time(c, "since", true, &f->since_ms, e)) != RC_OK ||
	    (rc = ctl_time(c, "until", true, &f->until_ms, e)) != RC_OK ||
	    (rc = ctl_number(c, "cursor", 1, INT64_MAX, &f->before_id, e)) !=
		RC_OK)
		return rc;
	return RC_OK;
}

static void
put_event(struct ctl_list *l, const struct event *ev)
{
	if (l->has_table) {
		put_row(&l->table, ev);
		return;
	}
	js_open_object(&l->w, NULL);
	show_event(&l->w, ev);
	js_close_object(&l->w);
}

/* One page after the other, so that a long list is no heavy question. */
static enum rc
each_event(struct ctl_list *l, struct store_event_filter *f, struct err *e)
{
	struct store_events page;
	enum rc rc;
	size_t i;

	do {
		f->limit = ctl_list_want(l);
		rc = store_event_list(l->ctl->app.store, f, &page,
		    &f->before_id, e);
		if (rc != RC_OK)
			return rc;
		for (i = 0; i < page.n; i++)
			put_event(l, page.v[i]);
		rc = ctl_list_took(l, page.n, e);
		store_events_free(&page);
	} while (rc == RC_OK && ctl_list_want(l) > 0 && f->before_id != 0);
	return rc == RC_OK ? ctl_list_end_id(l, f->before_id, e) : rc;
}

static enum rc
run_list(struct ctl *c, struct err *e)
{
	static const struct ctl_list_form form = { "event", "list", "events",
		"No such events.", columns,
		sizeof(columns) / sizeof(columns[0]) };
	struct store_event_filter f;
	char id[EVENT_DELIVERY_ID_MAX + 1];
	struct ctl_list l;
	enum rc rc;

	if ((rc = read_filter(c, &f, id, e)) != RC_OK)
		return rc;
	rc = ctl_list_begin(&l, c, &form, e);
	if (rc == RC_OK)
		rc = each_event(&l, &f, e);
	ctl_list_fini(&l);
	return rc;
}

/* Line by line, so that the lines stay and all else is made fit. */
static void
put_lines(struct ctl *c, const char *text, size_t n)
{
	const char *end = text + n, *stop;

	for (; text < end; text = stop + 1) {
		stop = memchr(text, '\n', (size_t)(end - text));
		if (stop == NULL)
			stop = end;
		ctl_text_clean(&c->out, text, (size_t)(stop - text));
		if (stop < end)
			buf_add_str(&c->out, "\n");
	}
}

static enum rc
run_payload(struct ctl *c, struct err *e)
{
	int64_t id;
	size_t n;
	char *body;
	enum rc rc;

	if ((rc = ctl_event_resolve(c, &id, e)) != RC_OK)
		return rc;
	rc = store_payload(c->app.store, id, &body, &n, e);
	if (rc == RC_NOTFOUND)
		return err_set(e, rc,
		    "The bytes of event %s are not kept any more.", c->args[0]);
	if (rc != RC_OK)
		return rc;
	/* A file or a pipe gets them as they came, with no line end added; a
	 * terminal would obey what a stranger wrote. */
	if (isatty(STDOUT_FILENO)) {
		put_lines(c, body, n);
		buf_add_str(&c->out, "\n");
	} else {
		buf_add(&c->out, body, n);
	}
	free(body);
	return RC_OK;
}

static void
say_done(struct ctl *c, int64_t id, const char *member, size_t jobs,
    const char *what)
{
	struct js_writer w;

	if (c->json) {
		js_writer_init(&w, &c->out);
		js_open_object(&w, NULL);
		js_int(&w, "id", id);
		js_int(&w, member, (int64_t)jobs);
		js_close_object(&w);
		buf_add_str(&c->out, "\n");
		return;
	}
	buf_addf(&c->out, "Event %lld: %s.\n", (long long)id, what);
}

static const struct ctl_option cancel_options[] = {
	CTL_YES_OPTION,
	{ .name = NULL },
};

static enum rc
run_cancel(struct ctl *c, struct err *e)
{
	size_t jobs;
	char text[64];
	int64_t id;
	enum rc rc;

	if ((rc = ctl_event_resolve(c, &id, e)) != RC_OK)
		return rc;
	rc = ctl_confirm(c, e, "Nothing that event %s still owes will be sent.",
	    c->args[0]);
	if (rc != RC_OK)
		return rc;
	rc = store_event_cancel(c->app.store, id, clock_wall_ms(c->app.clock),
	    &jobs, e);
	if (rc != RC_OK)
		return rc;
	(void)snprintf(text, sizeof(text), "%zu unfinished deliver%s cancelled",
	    jobs, jobs == 1 ? "y is" : "ies are");
	say_done(c, id, "cancelled", jobs, text);
	return RC_OK;
}

#define ONE_ID .args = "ID", .min_args = 1, .max_args = 1
#define STORE .needs = CTL_CONF | CTL_STORE

static const struct ctl_cmd cmds[] = {
	{ .verb = "list",
	    .args = "",
	    .options = list_options,
	    STORE,
	    .run = run_list,
	    .doc = "Lists the events, newest first." },
	{ .verb = "show",
	    ONE_ID,
	    STORE,
	    .run = ctl_event_show,
	    .doc = "Shows the history of one event: its deliveries and every "
		   "attempt." },
	{ .verb = "payload",
	    ONE_ID,
	    STORE,
	    .run = run_payload,
	    .doc = "Prints the bytes that were posted; a terminal gets control "
		   "bytes as escapes." },
	{ .verb = "enqueue",
	    .args = "[FILE|-]",
	    .max_args = 1,
	    .options = ctl_event_enqueue_options,
	    .needs = CTL_CONF,
	    .run = ctl_event_enqueue,
	    .doc = "Stores an event from a handler script: the payload comes "
		   "from standard input or a file. Prints queued, duplicate or "
		   "ignored." },
	{ .verb = "replay",
	    .args = "[ID]",
	    .max_args = 1,
	    .options = ctl_event_replay_options,
	    STORE,
	    .run = ctl_event_replay,
	    .doc =
		"Sends an event again, or with --since all events that "
		"match and are finished, after a question with their number." },
	{ .verb = "release",
	    .args = "[ID]...",
	    .max_args = INT_MAX,
	    .options = ctl_event_release_options,
	    STORE,
	    .run = ctl_event_release,
	    .doc = "Sends out events that are held back as suspects: those "
		   "of the IDs, of a source, or all." },
	{ .verb = "cancel",
	    ONE_ID,
	    .options = cancel_options,
	    STORE,
	    .run = run_cancel,
	    .doc = "Cancels the unfinished deliveries of an event; an event "
		   "that is held back is never delivered then." },
};

const struct ctl_noun ctl_event = { "event",
	"inspect, replay and cancel events", cmds,
	sizeof(cmds) / sizeof(cmds[0]) };
