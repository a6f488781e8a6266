#include "config.h"

#include <stdio.h>
#include <string.h>

#include "app/app_conf.h"
#include "base/js.h"
#include "base/units.h"
#include "cmd/ctl.h"
#include "cmd/ctl_list.h"
#include "cmd/ctl_source.h"
#include "cmd/ctl_source_doctor.h"
#include "cmd/ctl_table.h"
#include "core/event.h"
#include "core/sig.h"
#include "core/source.h"
#include "stats/posts.h"
#include "store/store_metrics.h"

/* The first ones are of the settings; source check shows no others. */
static const struct ctl_column columns[] = {
	{ .title = "NAME", .keep = true },
	{ .title = "PROVIDER", .rank = 1 },
	{ .title = "PATHS", .least = 24 },
	{ .title = "EVENTS", .least = 12, .rank = 2 },
	{ .title = "PRIORITY", .right = true, .whole = true, .rank = 5 },
	{ .title = "SECRETS", .right = true, .whole = true, .rank = 3 },
	{ .title = "REPLAY WINDOW", .whole = true, .rank = 6 },
	{ .title = "TEAM", .rank = 4 },
	{ .title = "ACCEPTED", .right = true, .whole = true, .rank = 2 },
	{ .title = "REFUSED", .right = true, .whole = true, .rank = 1 },
	{ .title = "REFUSED, SIGNED", .right = true, .whole = true, .rank = 3 },
	{ .title = "LAST POST", .whole = true, .rank = 7 },
};
#define OF_SETTINGS 8
#define ALL (sizeof(columns) / sizeof(columns[0]))

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
put_figures(const struct store_metrics *m, const struct source *src,
    struct ctl_table *t)
{
	struct posts_figures n;

	posts_figures(m, src->name, &n);
	ctl_table_putf(t, "%lld", (long long)n.accepted);
	ctl_table_putf(t, "%lld", (long long)n.refused);
	ctl_table_putf(t, "%lld", (long long)n.refused_signed);
	ctl_table_put_time(t,
	    n.last_accepted_ms > n.last_refused_ms ? n.last_accepted_ms
						   : n.last_refused_ms);
}

/* m is NULL where no figures are shown. */
static void
put_row(const struct app_conf *conf, const struct source *src,
    const struct store_metrics *m, struct ctl_table *t)
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
	if (m != NULL)
		put_figures(m, src, t);
}

static void
put_object(const struct app_conf *conf, const struct source *src,
    const struct store_metrics *m, struct js_writer *w)
{
	if (m != NULL) {
		posts_format(src, conf->server.base_path, m, w);
		return;
	}
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
put_sources(struct ctl *c, const char *verb, const struct store_metrics *m,
    const struct source *v, size_t n, struct err *e)
{
	const struct ctl_list_form form = { "source", verb, "sources",
		"No sources; hls.yaml(5) says how to add one.", columns,
		m == NULL ? OF_SETTINGS : ALL };
	size_t i, first = 0, end = 0;
	struct ctl_list l;
	enum rc rc;

	rc = ctl_list_begin(&l, c, &form, e);
	if (rc == RC_OK)
		rc = ctl_list_from(&l, n, name_of, v, &first, &end, e);
	for (i = first; i < end; i++)
		if (l.has_table)
			put_row(c->app.conf, &v[i], m, &l.table);
		else
			put_object(c->app.conf, &v[i], m, &l.w);
	if (rc == RC_OK)
		rc = ctl_list_took(&l, end - first, e);
	if (rc == RC_OK)
		rc = ctl_list_end(&l, end < n ? v[end - 1].name : NULL, e);
	ctl_list_fini(&l);
	return rc;
}

static enum rc
read_figures(struct ctl *c, struct store_metrics *m, struct err *e)
{
	enum rc rc = ctl_open_store(c, e);

	if (rc == RC_OK)
		rc = store_figures(c->app.intake.store, m, e);
	return rc;
}

static enum rc
run_list(struct ctl *c, struct err *e)
{
	struct store_metrics m;
	enum rc rc;

	rc = read_figures(c, &m, e);
	/* Before the first hlsctl init there are settings alone. */
	if (rc == RC_NOTFOUND) {
		c->status = 0;
		return put_sources(c, "list", NULL, c->app.conf->sources.v,
		    c->app.conf->sources.n, e);
	}
	if (rc != RC_OK)
		return rc;
	rc = put_sources(c, "list", &m, c->app.conf->sources.v,
	    c->app.conf->sources.n, e);
	store_metrics_free(&m);
	return rc;
}

static const struct ctl_option show_options[] = {
	{ .name = NULL },
};

static void
tell_line(struct ctl *c, const char *name, int64_t n, int64_t last_ms)
{
	buf_addf(&c->out, "  %-18s %lld", name, (long long)n);
	if (last_ms > 0) {
		buf_add_str(&c->out, ", the last ");
		ctl_put_time(c, last_ms);
	}
	buf_add_str(&c->out, "\n");
}

/* Which windows hold for some events only. */
static void
tell_windows(struct ctl *c, const struct source *src)
{
	char text[UNITS_TEXT_SIZE];
	size_t i;

	units_duration_format(src->replay_window_ms, text);
	buf_addf(&c->out, "  %-18s %s", "replay window", text);
	for (i = 0; i < src->nwindows; i++) {
		units_duration_format(src->windows[i].ms, text);
		buf_addf(&c->out, ", %s: %s", src->windows[i].pattern, text);
	}
	buf_add_str(&c->out, "\n");
}

static void
tell_list(struct ctl *c, const char *name, const struct strlist *l,
    const char *none)
{
	size_t i;

	if (l->n == 0 && none == NULL)
		return;
	buf_addf(&c->out, "  %-18s ", name);
	for (i = 0; i < l->n; i++) {
		buf_add_str(&c->out, i == 0 ? "" : " ");
		ctl_put_text(c, l->v[i]);
	}
	buf_addf(&c->out, "%s\n", l->n == 0 ? none : "");
}

static void
tell_word(struct ctl *c, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	buf_addf(&c->out, "  %-18s ", name);
	ctl_put_text(c, value);
	buf_add_str(&c->out, "\n");
}

/* Under the names that the settings have. */
static void
tell_signature(struct ctl *c, const struct source *src)
{
	const struct source_hmac *h = &src->hmac;
	char text[UNITS_TEXT_SIZE];
	size_t i;

	if (h->header != NULL) {
		tell_word(c, "header", h->header);
		tell_word(c, "algorithm", source_digest_name(h->algorithm));
		tell_word(c, "encoding", source_encoding_name(h->encoding));
		tell_word(c, "prefix", h->prefix);
		tell_word(c, "template", h->template);
	}
	if (h->timestamp_header != NULL) {
		tell_word(c, "timestamp_header", h->timestamp_header);
		units_duration_format(h->tolerance_ms, text);
		tell_word(c, "tolerance", text);
	}
	tell_word(c, "id_header", src->facts.id_header);
	tell_word(c, "event_header", src->facts.event_header);
	for (i = 0; i < SOURCE_POINTERS; i++)
		tell_word(c, source_pointer_name((enum source_pointer)i),
		    src->facts.pointers[i]);
	tell_list(c, "content_types", &src->content_types, NULL);
}

static void
tell_refusals(struct ctl *c, const struct source *src,
    const struct store_metrics *m)
{
	int64_t is_signed, is_not;
	const char *reason;
	size_t i;

	for (i = 0; (reason = posts_reason_of(m, src->name, i, &is_signed,
			 &is_not)) != NULL;
	     i++) {
		if (is_signed + is_not == 0)
			continue;
		buf_addf(&c->out, "    %-16s %lld", reason,
		    (long long)(is_signed + is_not));
		if (is_signed > 0)
			buf_addf(&c->out, ", %lld with a signature that fits",
			    (long long)is_signed);
		if (strcmp(reason, POSTS_TIME) == 0)
			buf_add_str(&c->out,
			    ": the clock of this machine or of the sender is "
			    "off, or old posts are sent again");
		buf_add_str(&c->out, "\n");
	}
}

static void
tell(struct ctl *c, const struct source *src, const struct store_metrics *m)
{
	struct posts_figures n;
	int64_t suspects = 0;
	int i;

	posts_figures(m, src->name, &n);
	buf_addf(&c->out, "Source %s, provider %s\n\n", src->name,
	    sig_scheme_name(src->scheme));
	buf_addf(&c->out, "  %-18s %s/hooks/%s\n", "path",
	    c->app.conf->server.base_path, src->name);
	tell_list(c, "further paths", &src->paths, NULL);
	tell_list(c, "events", &src->events, "all");
	tell_list(c, "team", &src->teams, NULL);
	buf_addf(&c->out, "  %-18s %d\n", "priority", src->priority);
	buf_addf(&c->out, "  %-18s %zu\n", "secrets", src->nsecrets);
	tell_windows(c, src);
	tell_signature(c, src);
	buf_add_str(&c->out, "\n");
	tell_line(c, "posts accepted", n.accepted, n.last_accepted_ms);
	tell_line(c, "posts refused", n.refused, n.last_refused_ms);
	tell_refusals(c, src, m);
	for (i = 0; i < EVENT_WHYS; i++)
		suspects += posts_suspects(m, src->name, i);
	tell_line(c, "ever held back", suspects, 0);
}

static enum rc
run_show(struct ctl *c, struct err *e)
{
	const struct source *src;
	struct store_metrics m;
	struct js_writer w;
	enum rc rc;

	rc = ctl_source_find(c, c->args[0], &src, e);
	if (rc == RC_OK)
		rc = read_figures(c, &m, e);
	if (rc != RC_OK)
		return rc;
	if (c->json) {
		js_writer_init(&w, &c->out);
		posts_format(src, c->app.conf->server.base_path, &m, &w);
		buf_add_str(&c->out, "\n");
	} else {
		tell(c, src, &m);
	}
	store_metrics_free(&m);
	return RC_OK;
}

static const struct ctl_option check_options[] = {
	{ .name = "headers",
	    .arg = "FILE",
	    .doc = "explain a recorded post: the file holds its headers" },
	{ .name = "at",
	    .arg = "TIME",
	    .doc = "judge the post as if it came at this time" },
	{ .name = "url",
	    .arg = "URL",
	    .doc = "the URL as the sender has it: some senders sign it" },
	{ .name = "method",
	    .arg = "METHOD",
	    .doc = "the method of the post, instead of POST" },
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

	if (headers == NULL &&
	    (ctl_has_option(c, "url") || ctl_has_option(c, "method")))
		return ctl_usage(c, e, "--url and --method need --headers.");
	if ((headers != NULL) != (c->nargs == 2))
		return ctl_usage(c, e,
		    "A post is judged with --headers FILE, the source's name "
		    "and the file of the body.");
	if (c->nargs == 0)
		return put_sources(c, "check", NULL, c->app.conf->sources.v,
		    c->app.conf->sources.n, e);
	rc = ctl_source_find(c, c->args[0], &src, e);
	if (rc == RC_OK && headers != NULL)
		return ctl_source_doctor(c, src, headers, c->args[1], e);
	return rc == RC_OK ? put_sources(c, "check", NULL, src, 1, e) : rc;
}

static const struct ctl_cmd cmds[] = {
	{ .verb = "list",
	    .args = "",
	    .options = list_options,
	    .needs = CTL_CONF,
	    .run = run_list,
	    .doc = "Lists the sources, without their secrets, and how many "
		   "posts were accepted and refused." },
	{ .verb = "show",
	    .args = "NAME",
	    .min_args = 1,
	    .max_args = 1,
	    .options = show_options,
	    .needs = CTL_CONF,
	    .run = run_show,
	    .doc = "Shows one source, its settings, and when its last posts "
		   "were accepted and refused." },
	{ .verb = "check",
	    .args = "[NAME [BODY]]",
	    .max_args = 2,
	    .options = check_options,
	    .needs = CTL_CONF,
	    .run = run_check,
	    .doc = "Checks the settings, and shows one source or all; with "
		   "--headers explains why a recorded post was refused." },
	{ .verb = "sample",
	    .args = "NAME [FILE|-]",
	    .min_args = 1,
	    .max_args = 2,
	    .options = ctl_source_sample_options,
	    .needs = CTL_CONF,
	    .run = ctl_source_sample,
	    .doc = "Prints a signed post as a curl command, or sends it." },
};

const struct ctl_noun ctl_source = { "source",
	"inspect the sources that may post events", cmds,
	sizeof(cmds) / sizeof(cmds[0]) };
