#include "config.h"

#include <string.h>

#include "app/app_conf.h"
#include "app/app_ctl.h"
#include "base/clock.h"

/* A command that waits longer than this for a lock says so and ends. */
#define WAIT_MS 4000

void
app_ctl_init(struct app_ctl *a)
{
	memset(a, 0, sizeof(*a));
	a->clock = clock_system();
	a->vars = conf_vars_new();
}

void
app_ctl_fini(struct app_ctl *a)
{
	store_close(a->store);
	app_conf_free(a->conf);
	conf_vars_free(a->vars);
	memset(a, 0, sizeof(*a));
}

enum rc
app_ctl_configure(struct app_ctl *a, const char *path, struct err *e)
{
	return app_conf_read(path, a->vars, &a->conf, e);
}

void
app_ctl_store_options(const struct app_ctl *a, struct store_options *out)
{
	memset(out, 0, sizeof(*out));
	out->url = a->conf->database.url;
	out->key_file = a->conf->database.key_file;
	out->min_free = a->conf->database.min_free;
	out->max_waiting = a->conf->database.max_waiting;
	out->queue_bytes = a->conf->server.body_memory;
	out->clock = a->clock;
	out->readers = 1;
}

enum rc
app_ctl_open(struct app_ctl *a, struct err *e)
{
	struct store_options opt;
	enum rc rc;

	app_ctl_store_options(a, &opt);
	rc = store_open(&opt, &a->store, e);
	if (rc != RC_OK)
		return rc;
	a->registry.store = a->store;
	a->registry.policy = &a->conf->outbound.policy;
	a->registry.clock = a->clock;
	a->registry.defaults = &a->conf->defaults;
	a->registry.is_admin = true; /* who has a shell here has the store */
	a->intake.sources = &a->conf->sources;
	a->intake.store = a->store;
	a->intake.clock = a->clock;
	a->intake.wait_ms = WAIT_MS;
	return RC_OK;
}
