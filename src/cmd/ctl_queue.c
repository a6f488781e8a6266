#include "config.h"

#include "app/app_conf.h"
#include "base/clock.h"
#include "base/js.h"
#include "cmd/ctl.h"
#include "cmd/ctl_event.h"
#include "cmd/ctl_table.h"
#include "core/event.h"
#include "stats/show.h"
#include "store/store_admin.h"
#include "store/store_read.h"

static enum rc
run_stats(struct ctl *c, struct err *e)
{
	static const struct ctl_column columns[] = {
		{ .title = "STATUS" },
		{ .title = "EVENTS", .right = true, .keep = true },
	};
	struct store_stats s;
	struct js_writer w;
	struct ctl_table t;
	enum rc rc;
	int i;

	rc = store_stats(c->app.store, clock_wall_ms(c->app.clock),
	    c->app.conf->monitor.overdue_after_ms, &s, e);
	if (rc != RC_OK)
		return rc;
	if (c->json) {
		js_writer_init(&w, &c->out);
		js_open_object(&w, NULL);
		show_queue(&w, &s);
		js_close_object(&w);
		buf_add_str(&c->out, "\n");
		return RC_OK;
	}
	ctl_table_init(&t, columns, 2);
	for (i = 0; i < EVENT_STATUSES; i++) {
		ctl_table_put(&t, event_status_name((enum event_status)i));
		ctl_table_putf(&t, "%lld", (long long)s.events[i]);
	}
	ctl_table_put(&t, "overdue");
	ctl_table_putf(&t, "%lld", (long long)s.overdue);
	if (s.in_order.deliveries > 0) {
		ctl_table_put(&t, "held by a dead delivery");
		ctl_table_putf(&t, "%lld", (long long)s.in_order.deliveries);
	}
	ctl_put_table(c, &t, "");
	return RC_OK;
}

static enum rc
run_retry(struct ctl *c, struct err *e)
{
	struct js_writer w;
	size_t jobs;
	int64_t id;
	enum rc rc;

	if ((rc = ctl_event_resolve(c, &id, e)) != RC_OK)
		return rc;
	rc = store_event_retry(c->app.store, id, clock_wall_ms(c->app.clock),
	    &jobs, e);
	if (rc == RC_EXISTS)
		return err_set(e, rc,
		    "Event %s has not failed, and only failed ones are "
		    "retried; hlsctl event replay works any of them again.",
		    c->args[0]);
	if (rc != RC_OK)
		return rc;
	if (c->json) {
		js_writer_init(&w, &c->out);
		js_open_object(&w, NULL);
		js_str(&w, "status", "pending");
		js_int(&w, "id", id);
		js_close_object(&w);
		buf_add_str(&c->out, "\n");
	} else {
		buf_addf(&c->out, "Event %lld: %zu dead deliver%s due now.\n",
		    (long long)id, jobs, jobs == 1 ? "y is" : "ies are");
	}
	return RC_OK;
}

static const struct ctl_cmd cmds[] = {
	{ .verb = "stats",
	    .args = "",
	    .needs = CTL_CONF | CTL_STORE,
	    .run = run_stats,
	    .doc = "Counts events by status." },
	{ .verb = "retry",
	    .args = "EVENT",
	    .min_args = 1,
	    .max_args = 1,
	    .needs = CTL_CONF | CTL_STORE,
	    .run = run_retry,
	    .doc = "Retries the dead deliveries of a failed event now." },
};

const struct ctl_noun ctl_queue = { "queue",
	"count waiting events, retry failed ones", cmds,
	sizeof(cmds) / sizeof(cmds[0]) };
