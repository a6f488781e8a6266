#include "config.h"

#include "app/app_conf.h"
#include "base/clock.h"
#include "base/js.h"
#include "cmd/ctl.h"
#include "cmd/ctl_table.h"
#include "stats/show.h"
#include "store/store_read.h"
#include "store/store_work.h"

static const struct ctl_column columns[] = {
	{ .title = "WORKER", .keep = true },
	{ .title = "KINDS" },
	{ .title = "STATE", .whole = true },
	{ .title = "STARTED", .whole = true },
	{ .title = "LAST SEEN", .whole = true },
	{ .title = "IN HAND", .right = true, .keep = true },
	{ .title = "DONE", .right = true, .keep = true },
	{ .title = "FAILED", .right = true, .keep = true },
};

static void
put_rows(struct ctl *c, const struct store_workers *l, struct ctl_table *t)
{
	const struct store_worker *v;
	int64_t seen_ms;
	size_t i;

	seen_ms =
	    clock_wall_ms(c->app.clock) - c->app.conf->monitor.drain_seen_ms;
	for (i = 0; i < l->n; i++) {
		v = &l->v[i];
		ctl_table_put(t, v->id);
		ctl_table_put(t, v->kinds);
		ctl_table_put(t, v->last_seen_ms < seen_ms ? "missing" : "up");
		ctl_table_put_time(t, v->started_ms);
		ctl_table_put_time(t, v->last_seen_ms);
		ctl_table_putf(t, "%lld", (long long)v->in_flight);
		ctl_table_putf(t, "%lld", (long long)v->done);
		ctl_table_putf(t, "%lld", (long long)v->failed);
	}
}

static enum rc
run_list(struct ctl *c, struct err *e)
{
	struct store_workers l;
	struct js_writer w;
	struct ctl_table t;
	enum rc rc;
	size_t i;

	rc = store_worker_list(c->app.store, &l, e);
	if (rc != RC_OK)
		return rc;
	if (c->json) {
		js_writer_init(&w, &c->out);
		js_open_object(&w, NULL);
		js_open_array(&w, "workers");
		for (i = 0; i < l.n; i++) {
			js_open_object(&w, NULL);
			show_worker(&w, &l.v[i]);
			js_close_object(&w);
		}
		js_close_array(&w);
		js_close_object(&w);
		buf_add_str(&c->out, "\n");
	} else {
		ctl_table_init(&t, columns,
		    sizeof(columns) / sizeof(columns[0]));
		put_rows(c, &l, &t);
		ctl_put_table(c, &t,
		    "No drain has been seen yet; start hls-drain.");
	}
	store_workers_free(&l);
	return RC_OK;
}

static const struct ctl_cmd cmds[] = {
	{ .verb = "list",
	    .args = "",
	    .needs = CTL_CONF | CTL_STORE,
	    .run = run_list,
	    .doc = "Lists the drains that have been seen." },
};

const struct ctl_noun ctl_worker = { "worker", "who works the queue", cmds, 1 };
