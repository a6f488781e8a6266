#include "config.h"

#include <stdio.h>
#include <string.h>

#include "app/app_conf.h"
#include "base/clock.h"
#include "base/js.h"
#include "base/units.h"
#include "cmd/ctl.h"
#include "cmd/ctl_list.h"
#include "cmd/ctl_source.h"
#include "cmd/ctl_source_doctor.h"
#include "cmd/ctl_table.h"
#include "core/sig.h"
#include "core/source.h"
#include "stats/posts.h"
#include "store/store_metrics.h"

static const struct ctl_column columns[] = {
	{ .title = "NAME", .keep = true },
	{ .title = "PROVIDER", .rank = 1 },
	{ .title = "PATHS", .least = 24 },
	{ .title = "EVENTS", .least = 12, .rank = 2 },
	{ .title = "PRIORITY", .right = true, .whole = true, .rank = 5 },
	{ .title = "SECRETS", .right = true, .whole = true, .rank = 3 },
	{ .title = "REPLAY WINDOW", .whole = true, .rank = 6 },
	{ .title = "TEAM", .rank = 4 },
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
	js_open_object(w, NULL);
	posts_format_settings(src, conf->server.base_path, w);
	js_close_object(w);
}

static const struct ctl_option list_options[] = {
	CTL_LIST_OPTIONS,
	{ .name = NULL },
};

static const char *
name_of(const void *arg, size_t i)
{
	const struct source *v = arg;

	return v[i].name;
}

static enum rc
put_sources(struct ctl *c, const char *verb, const struct source *v, size_t n,
    struct err *e)
{
	const struct ctl_list_form form = { "source", verb, "sources",
		"No sources; hls.yaml(5) says how to add one.", columns,
		sizeof(columns) / sizeof(columns[0]) };
	size_t i, first = 0, end = 0;
	struct ctl_list l;
	enum rc rc;

	rc = ctl_list_begin(&l, c, &form, e);
	if (rc == RC_OK)
		rc = ctl_list_from(&l, n, name_of, v, &first, &end, e);
	for (i = first; i < end; i++)
		if (l.has_table)
			put_row(c->app.conf, &v[i], &l.table);
		else
			put_object(c->app.conf, &v[i], &l.w);
	if (rc == RC_OK)
		rc = ctl_list_took(&l, end - first, e);
	if (rc == RC_OK)
		rc = ctl_list_end(&l, end < n ? v[end - 1].name : NULL, e);
	ctl_list_fini(&l);
	return rc;
}

static enum rc
run_list(struct ctl *c, struct err *e)
{
	return put_sources(c, "list", c->app.conf->sources.v,
	    c->app.conf->sources.n, e);
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

static const struct ctl_option show_options[] = {
	{ .name = NULL },
};

/* One object, as the API has it: --json or not. */
static enum rc
run_show(struct ctl *c, struct err *e)
{
	const struct source *src;
	struct store_metrics m;
	struct js_writer w;
	enum rc rc;

	rc = ctl_source_find(c, c->args[0], &src, e);
	if (rc == RC_OK)
		rc = ctl_open_store(c, e);
	if (rc == RC_OK)
		rc = store_metrics(c->app.intake.store,
		    clock_wall_ms(c->app.intake.clock), &m, e);
	if (rc != RC_OK)
		return rc;
	js_writer_init(&w, &c->out);
	posts_format(src, c->app.conf->server.base_path, &m, &w);
	buf_add_str(&c->out, "\n");
	store_metrics_free(&m);
	return RC_OK;
}

static const struct ctl_option check_options[] = {
	{ .name = "headers",
	    .arg = "FILE",
	    .doc = "judge a post: the file has its headers" },
	{ .name = "at", .arg = "TIME", .doc = "judge it as if it came then" },
	CTL_LIST_OPTIONS,
	{ .name = NULL },
};

/* What was read is in order, or we would not be here. */
static enum rc
run_check(struct ctl *c, struct err *e)
{
	const char *headers = ctl_option_find(c, "headers");
	const struct source *src;
	enum rc rc;

	if ((headers != NULL) != (c->nargs == 2))
		return ctl_usage(c, e,
		    "A post is judged with --headers FILE, the source's name "
		    "and the file of the body.");
	if (c->nargs == 0)
		return put_sources(c, "check", c->app.conf->sources.v,
		    c->app.conf->sources.n, e);
	rc = ctl_source_find(c, c->args[0], &src, e);
	if (rc == RC_OK && headers != NULL)
		return ctl_source_doctor(c, src, headers, c->args[1], e);
	return rc == RC_OK ? put_sources(c, "check", src, 1, e) : rc;
}

static const struct ctl_cmd cmds[] = {
	{ .verb = "list",
	    .args = "",
	    .options = list_options,
	    .needs = CTL_CONF,
	    .run = run_list,
	    .doc = "Lists who may post, without their secrets." },
	{ .verb = "show",
	    .args = "NAME",
	    .min_args = 1,
	    .max_args = 1,
	    .options = show_options,
	    .needs = CTL_CONF,
	    .run = run_show,
	    .doc = "Shows a source, and what became of the posts to it." },
	{ .verb = "check",
	    .args = "[NAME [BODY]]",
	    .max_args = 2,
	    .options = check_options,
	    .needs = CTL_CONF,
	    .run = run_check,
	    .doc =
		"Reads the settings again, and shows one source or all; with\n"
		"--headers says why a kept post was refused." },
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
