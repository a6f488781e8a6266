#include "config.h"

#include "app/app_conf.h"
#include "app/app_program.h"
#include "base/clock.h"
#include "base/js.h"
#include "base/strlist.h"
#include "cmd/ctl.h"
#include "cmd/ctl_list.h"
#include "cmd/ctl_table.h"
#include "stats/show.h"
#include "store/store_read.h"
#include "store/store_work.h"

static const struct ctl_column columns[] = {
	{ .title = "WORKER", .least = 20 },
	{ .title = "KINDS", .rank = 5 },
	{ .title = "STATE", .keep = true },
	{ .title = "STARTED", .whole = true, .rank = 4 },
	{ .title = "LAST SEEN", .whole = true, .rank = 1 },
	{ .title = "IN FLIGHT", .right = true, .whole = true, .rank = 2 },
	{ .title = "DONE", .right = true, .whole = true, .rank = 3 },
	{ .title = "FAILED", .right = true, .whole = true, .rank = 3 },
};

static const struct ctl_option list_options[] = {
	CTL_LIST_OPTIONS,
	{ .name = NULL },
};

static const char *
id_of(const void *arg, size_t i)
{
	const struct store_worker *v = arg;

	return v[i].id;
}

static void
put_row(struct ctl_table *t, const struct store_worker *v, const char *state)
{
	ctl_table_put(t, v->id);
	ctl_table_put(t, v->kinds);
	ctl_table_put(t, state);
	ctl_table_put_time(t, v->started_ms);
	ctl_table_put_time(t, v->last_seen_ms);
	ctl_table_putf(t, "%lld", (long long)v->in_flight);
	ctl_table_putf(t, "%lld", (long long)v->done);
	ctl_table_putf(t, "%lld", (long long)v->failed);
}

static void
put_some(struct ctl_list *l, const struct store_worker *v, size_t n)
{
	const struct app_ctl *a = &l->ctl->app;
	int64_t within_ms = a->conf->monitor.drain_seen_ms;
	int64_t now_ms = clock_wall_ms(a->clock);
	struct strlist running = { 0 };
	bool known = app_program_drains(a->conf, &running);
	const char *state;
	size_t i;

	for (i = 0; i < n; i++) {
		state = store_worker_state_name(store_worker_state(&v[i],
		    known ? &running : NULL, within_ms, now_ms));
		if (l->has_table) {
			put_row(&l->table, &v[i], state);
			continue;
		}
		js_open_object(&l->w, NULL);
		show_worker(&l->w, &v[i]);
		js_str(&l->w, "state", state);
		js_close_object(&l->w);
	}
	strlist_fini(&running);
}

static enum rc
put_all(struct ctl_list *l, const struct store_worker *v, size_t n,
    struct err *e)
{
	size_t first, end;
	enum rc rc;

	rc = ctl_list_from(l, n, id_of, v, &first, &end, e);
	if (rc != RC_OK)
		return rc;
	put_some(l, v + first, end - first);
	rc = ctl_list_took(l, end - first, e);
	return rc == RC_OK ? ctl_list_end(l, end < n ? v[end - 1].id : NULL, e)
			   : rc;
}

static enum rc
run_list(struct ctl *c, struct err *e)
{
	static const struct ctl_list_form form = { "worker", "list", "workers",
		"No drain has been seen yet; start hls-drain.", columns,
		sizeof(columns) / sizeof(columns[0]) };
	struct store_workers workers;
	struct ctl_list l;
	enum rc rc;

	rc = store_worker_list(c->app.store, &workers, e);
	if (rc != RC_OK)
		return rc;
	rc = ctl_list_begin(&l, c, &form, e);
	if (rc == RC_OK)
		rc = put_all(&l, workers.v, workers.n, e);
	ctl_list_fini(&l);
	store_workers_free(&workers);
	return rc;
}

static const struct ctl_cmd cmds[] = {
	{ .verb = "list",
	    .args = "",
	    .options = list_options,
	    .needs = CTL_CONF | CTL_STORE,
	    .run = run_list,
	    .doc = "Lists the drains that reported within the last day." },
};

const struct ctl_noun ctl_worker = { "worker",
	"list the drains that work the queue", cmds, 1 };
