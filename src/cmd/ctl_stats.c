#include "config.h"

#include "app/app_conf.h"
#include "base/clock.h"
#include "cmd/ctl.h"
#include "cmd/ctl_table.h"
#include "core/event.h"
#include "stats/stats.h"
#include "store/store_read.h"
#include "store/store_work.h"

static void
put_counts(struct ctl *c, const struct store_stats *s)
{
	static const struct ctl_column columns[] = {
		{ .title = "" },
		{ .title = "", .right = true, .keep = true },
	};
	const struct {
		const char *name;
		int64_t n;
	} rows[] = {
		{ "events accepted", s->accepted },
		{ "  pending", s->events[EVENT_PENDING] },
		{ "  processing", s->events[EVENT_PROCESSING] },
		{ "  retry", s->events[EVENT_RETRY] },
		{ "  completed", s->events[EVENT_COMPLETED] },
		{ "  failed", s->events[EVENT_FAILED] },
		{ "  purged", s->events_purged },
		{ "duplicates", s->duplicates },
		{ "replay suspects", s->replay_suspects },
		{ "held back", s->suspects_held },
		{ "overdue", s->overdue },
		{ "  held", s->held },
		{ "jobs owed", s->jobs_owed },
		{ "  waiting", s->jobs[STORE_WAITING] },
		{ "  of them tried before", s->retrying },
		{ "  leased", s->jobs[STORE_LEASED] },
		{ "  done", s->jobs[STORE_STATE_DONE] },
		{ "  dead", s->jobs[STORE_STATE_DEAD] },
		{ "  cancelled", s->jobs[STORE_CANCELLED] },
		{ "  purged", s->jobs_purged },
	};
	struct ctl_table t;
	size_t i;

	ctl_table_init(&t, columns, 2);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ctl_table_put(&t, rows[i].name);
		ctl_table_putf(&t, "%lld", (long long)rows[i].n);
	}
	ctl_put_table(c, &t, "");
	buf_add_str(&c->out, "counted since ");
	ctl_put_time(c, s->created_ms);
	buf_add_str(&c->out, "\n");
}

static enum rc
run_stats(struct ctl *c, struct err *e)
{
	struct stats_source src;
	struct store_stats s;
	enum rc rc;

	src.store = c->app.store;
	src.clock = c->app.clock;
	src.overdue_after_ms = c->app.conf->monitor.overdue_after_ms;
	src.started_ms = clock_wall_ms(c->app.clock);
	if (c->json)
		return stats_format(&src, &c->out, e);
	rc =
	    store_stats(src.store, src.started_ms, src.overdue_after_ms, &s, e);
	if (rc == RC_OK)
		put_counts(c, &s);
	return rc;
}

static const struct ctl_cmd cmds[] = {
	{ .verb = "",
	    .args = "",
	    .needs = CTL_CONF | CTL_STORE,
	    .run = run_stats,
	    .doc = "Counts events and jobs since the store began." },
};

const struct ctl_noun ctl_stats = { "stats", "count all events and jobs", cmds,
	1 };
