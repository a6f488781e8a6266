#include "config.h"

#include <stdio.h>
#include <string.h>

#include "app/app_conf.h"
#include "base/js.h"
#include "base/units.h"
#include "cmd/ctl.h"
#include "cmd/ctl_source.h"
#include "cmd/ctl_table.h"
#include "core/sig.h"
#include "core/source.h"

static const struct ctl_column columns[] = {
	{ .title = "NAME", .keep = true },
	{ .title = "PROVIDER" },
	{ .title = "PATHS" },
	{ .title = "EVENTS" },
	{ .title = "PRIORITY", .right = true },
	{ .title = "SECRETS", .right = true },
	{ .title = "REPLAY WINDOW" },
	{ .title = "TEAM" },
};

static void
put_list(struct ctl_table *t, const struct strlist *l, const char *first)
{
	struct buf text;
	size_t i;

	buf_init(&text, 65536);
	buf_add_str(&text, first);
	for (i = 0; i < l->n; i++)
		buf_addf(&text, "%s%s", text.len == 0 ? "" : " ", l->v[i]);
	ctl_table_put(t, text.len == 0 ? NULL : buf_str(&text));
	buf_fini(&text);
}

static void
put_row(const struct app_conf *conf, const struct source *src,
    struct ctl_table *t)
{
	char text[UNITS_TEXT_SIZE];
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/hooks/%s",
	    conf->server.base_path, src->name);
	ctl_table_put(t, src->name);
	ctl_table_put(t, sig_scheme_name(src->scheme));
	put_list(t, &src->paths, path);
	put_list(t, &src->events, src->events.n == 0 ? "*" : "");
	ctl_table_putf(t, "%d", src->priority);
	ctl_table_putf(t, "%zu", src->nsecrets);
	units_duration_format(src->replay_window_ms, text);
	ctl_table_put(t, text);
	put_list(t, &src->teams, "");
}

static void
put_object(const struct app_conf *conf, const struct source *src,
    struct js_writer *w)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/hooks/%s",
	    conf->server.base_path, src->name);
	js_open_object(w, NULL);
	js_str(w, "name", src->name);
	js_str(w, "provider", sig_scheme_name(src->scheme));
	js_str(w, "path", path);
	js_strlist(w, "paths", &src->paths);
	js_strlist(w, "events", &src->events);
	js_int(w, "priority", src->priority);
	js_int(w, "secrets", (int64_t)src->nsecrets);
	js_duration(w, "replay_window", src->replay_window_ms);
	js_strlist(w, "team", &src->teams);
	js_close_object(w);
}

static void
put_sources(struct ctl *c, const struct source *v, size_t n)
{
	struct js_writer w;
	struct ctl_table t;
	size_t i;

	if (c->json) {
		js_writer_init(&w, &c->out);
		js_open_object(&w, NULL);
		js_open_array(&w, "sources");
		for (i = 0; i < n; i++)
			put_object(c->app.conf, &v[i], &w);
		js_close_array(&w);
		js_close_object(&w);
		buf_add_str(&c->out, "\n");
		return;
	}
	ctl_table_init(&t, columns, sizeof(columns) / sizeof(columns[0]));
	for (i = 0; i < n; i++)
		put_row(c->app.conf, &v[i], &t);
	ctl_put_table(c, &t, "No sources; hls.yaml(5) says how to add one.");
}

static enum rc
run_list(struct ctl *c, struct err *e)
{
	(void)e;
	put_sources(c, c->app.conf->sources.v, c->app.conf->sources.n);
	return RC_OK;
}

enum rc
ctl_source_find(struct ctl *c, const char *name, const struct source **out,
    struct err *e)
{
	*out = source_find(&c->app.conf->sources, name);
	if (*out == NULL)
		return err_set(e, RC_NOTFOUND,
		    "There is no source %.64s in %s; hlsctl source list "
		    "shows them",
		    name, c->app.conf->file);
	return RC_OK;
}

/* What was read is in order, or we would not be here. */
static enum rc
run_check(struct ctl *c, struct err *e)
{
	const struct source *src;
	enum rc rc;

	if (c->nargs == 0) {
		put_sources(c, c->app.conf->sources.v, c->app.conf->sources.n);
		return RC_OK;
	}
	if ((rc = ctl_source_find(c, c->args[0], &src, e)) == RC_OK)
		put_sources(c, src, 1);
	return rc;
}

static const struct ctl_cmd cmds[] = {
	{ .verb = "list",
	    .args = "",
	    .needs = CTL_CONF,
	    .run = run_list,
	    .doc = "Lists who may post, without their secrets." },
	{ .verb = "check",
	    .args = "[NAME]",
	    .max_args = 1,
	    .needs = CTL_CONF,
	    .run = run_check,
	    .doc = "Reads the settings again, and shows one source or all." },
	{ .verb = "sample",
	    .args = "NAME [FILE|-]",
	    .min_args = 1,
	    .max_args = 2,
	    .options = ctl_source_sample_options,
	    .needs = CTL_CONF,
	    .run = ctl_source_sample,
	    .doc = "Prints a signed post as a curl command, or sends it." },
};

const struct ctl_noun ctl_source = { "source", "who may post", cmds,
	sizeof(cmds) / sizeof(cmds[0]) };
