#include "config.h"

#include <stdio.h>

#include "app/app_conf.h"
#include "base/js.h"
#include "base/log.h"
#include "cmd/ctl.h"

/* All that is wrong, a line each; the last one is the command's error. */
static enum rc
refuse(struct ctl *c, struct err *e)
{
	struct strlist faults = { 0 };
	struct js_writer w;
	size_t i;

	app_conf_faults(c->config, c->app.vars, &faults);
	if (c->json) {
		js_writer_init(&w, &c->out);
		js_open_object(&w, NULL);
		js_str(&w, "file", app_conf_path(c->config, c->app.vars));
		js_bool(&w, "valid", false);
		js_open_array(&w, "warnings");
		js_close_array(&w);
		js_open_array(&w, "errors");
		for (i = 0; i < faults.n; i++)
			js_str(&w, NULL, faults.v[i]);
		js_close_array(&w);
		js_close_object(&w);
		buf_add_str(&c->out, "\n");
	}
	for (i = 0; i + 1 < faults.n; i++)
		ctl_complain(faults.v[i]);
	/* A single fault is in e already, with a hint for a missing file. */
	if (faults.n > 1)
		(void)snprintf(e->text, sizeof(e->text), "%s",
		    faults.v[faults.n - 1]);
	strlist_fini(&faults);
	return e->rc;
}

static enum rc
run_check(struct ctl *c, struct err *e)
{
	const struct app_conf *conf;
	struct js_writer w;
	struct err log;
	bool can_log;
	size_t i;

	if (ctl_configure(c, e) != RC_OK)
		return refuse(c, e);
	conf = c->app.conf;
	/* A warning: who checks may not be who will run. */
	can_log = log_try(conf->logging.target, &log) == RC_OK;
	if (c->json) {
		js_writer_init(&w, &c->out);
		js_open_object(&w, NULL);
		js_str(&w, "file", conf->file);
		js_bool(&w, "valid", true);
		js_open_array(&w, "warnings");
		for (i = 0; i < conf->warnings.n; i++)
			js_str(&w, NULL, conf->warnings.v[i]);
		if (!can_log)
			js_str(&w, NULL, log.text);
		js_close_array(&w);
		js_open_array(&w, "errors");
		js_close_array(&w);
		js_close_object(&w);
		buf_add_str(&c->out, "\n");
		return RC_OK;
	}
	for (i = 0; i < conf->warnings.n; i++)
		buf_addf(&c->out, "warning: %s\n", conf->warnings.v[i]);
	if (!can_log)
		buf_addf(&c->out, "warning: %s\n", log.text);
	buf_addf(&c->out, "%s is in order, with %zu source%s.\n", conf->file,
	    conf->sources.n, conf->sources.n == 1 ? "" : "s");
	return RC_OK;
}

static enum rc
run_show(struct ctl *c, struct err *e)
{
	(void)e;
	app_conf_show(c->app.conf, c->json, &c->out);
	if (c->out.len > 0 && c->out.data[c->out.len - 1] != '\n')
		buf_add_str(&c->out, "\n");
	return RC_OK;
}

static const struct ctl_cmd cmds[] = {
	{ .verb = "check",
	    .args = "",
	    .run = run_check,
	    .doc = "Reads the settings and reports all that is wrong with "
		   "them." },
	{ .verb = "show",
	    .args = "",
	    .needs = CTL_CONF,
	    .run = run_show,
	    .doc = "Prints the values in force, secrets masked." },
};

const struct ctl_noun ctl_config = { "config", "read the settings", cmds,
	sizeof(cmds) / sizeof(cmds[0]) };
