#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "app/app_conf.h"
#include "app/app_exit.h"
#include "app/app_guard.h"
#include "app/app_notify.h"
#include "app/app_run.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/conf_marks.h"
#include "base/crypt.h"
#include "base/js.h"
#include "base/log.h"
#include "store/store.h"

#define BODY_LARGE (1 << 20)

static enum rc
read_conf(const struct app_run *r, struct app_conf **out, struct err *e)
{
	enum rc rc;

	*out = NULL;
	rc = app_conf_read(r->config, r->vars, out, e);
	if (rc == RC_OK && r->complete != NULL)
		rc = r->complete(*out, e);
	if (rc != RC_OK) {
		app_conf_free(*out);
		*out = NULL;
	}
	return rc;
}

static enum rc
open_log(const struct app_run *r, const struct app_conf *conf, struct err *e)
{
	return log_open(conf->logging.target, conf->logging.level, r->name,
	    r->clock, e);
}

static void
warn_all(const struct app_conf *conf)
{
	size_t i;

	for (i = 0; i < conf->warnings.n; i++)
		log_say(LOG_LEVEL_WARN, "%s", conf->warnings.v[i]);
}

enum rc
app_run_start(struct app_run *r, struct app_conf **out, struct err *e)
{
	enum rc rc;

	app_guard();
	r->clock = clock_system();
	r->store = NULL;
	r->place.fd = -1;
	r->started_with = NULL;
	app_notify_open();
	r->vars = conf_vars_new();
	rc = read_conf(r, out, e);
	if (rc == RC_OK)
		rc = open_log(r, *out, e);
	if (rc != RC_OK) {
		app_conf_free(*out);
		*out = NULL;
	}
	return rc;
}

int
app_run_refuse(struct app_run *r, struct app_conf *conf, const struct err *e)
{
	struct strlist faults = { 0 };
	size_t i;

	app_conf_faults(r->config, r->vars, &faults);
	if (faults.n == 0)
		strlist_put(&faults, e->text);
	for (i = 0; i < faults.n; i++)
		(void)fprintf(stderr, "%s: %s\n", r->name, faults.v[i]);
	strlist_fini(&faults);
	app_conf_free(conf);
	app_run_end(r);
	return EX_CONFIG;
}

void
app_run_settle(const struct app_conf *conf)
{
	warn_all(conf);
	if (geteuid() == 0)
		log_say(LOG_LEVEL_WARN, "running as root");
}

void
app_run_stay(struct app_run *r, const struct app_conf *conf, unsigned int files)
{
	struct rlimit limit;

	crypt_load();
	js_load();
	r->started_with = conf_marks_new(app_conf_table(), conf);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < files) {
		limit.rlim_cur =
		    limit.rlim_max < files ? limit.rlim_max : files;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
#ifdef __GLIBC__
	/* An arena a thread would keep what the largest body took. */
	mallopt(M_ARENA_MAX, 2);
	/* A body goes back to the system when it is freed.  Left to itself
	 * the limit grows to the largest body, and free memory between others
	 * is kept. */
	mallopt(M_MMAP_THRESHOLD, BODY_LARGE);
	mallopt(M_TRIM_THRESHOLD, 2 * BODY_LARGE);
#endif
}

static void
put_record(struct app_run *r, const struct app_conf *conf, const char *restart)
{
	struct err e;

	if (app_program_put(&r->place, r->name, r->worker, conf, restart,
		clock_wall_ms(r->clock), &e) != RC_OK)
		log_say(LOG_LEVEL_WARN,
		    "hlsctl doctor and worker list may not see that this "
		    "program runs: %s",
		    e.text);
}

enum rc
app_run_open_store(struct app_run *r, const struct app_conf *conf,
    const struct store_options *own, int *status, struct err *e)
{
	struct store_options opt = *own;
	enum rc rc;

	opt.url = conf->database.url;
	opt.key_file = conf->database.key_file;
	opt.min_free = conf->database.min_free;
	opt.max_waiting = conf->database.max_waiting;
	opt.clock = r->clock;
	rc = store_open(&opt, &r->store, e);
	*status = app_exit_store(rc);
	if (rc == RC_OK && !own->is_brief)
		put_record(r, conf, NULL);
	return rc;
}

/* Nobody can change the environment of a running process, so a file of
 * variables that was edited changes nothing here. */
static void
say_kept_variables(const struct app_run *r)
{
	struct strlist names = { 0 };
	struct buf text;
	size_t i;

	conf_vars_names(r->vars, &names);
	buf_init(&text, 4096);
	for (i = 0; i < names.n; i++)
		buf_addf(&text, "%s%s", i == 0 ? "" : ", ", names.v[i]);
	if (names.n > 0)
		log_say(LOG_LEVEL_INFO,
		    "values from the environment stay as they were at the "
		    "start; only a restart changes them: %s",
		    buf_str(&text));
	buf_fini(&text);
	strlist_fini(&names);
}

struct app_conf *
app_run_reload(struct app_run *r)
{
	struct app_conf *conf;
	const char *key;
	struct err e;

	app_notify_reloading();
	if (read_conf(r, &conf, &e) != RC_OK) {
		log_say(LOG_LEVEL_ERROR, "the old settings stay in force: %s",
		    e.text);
		if (log_reopen(&e) != RC_OK)
			log_say(LOG_LEVEL_ERROR, "%s", e.text);
		app_notify_ready();
		return NULL;
	}
	if (open_log(r, conf, &e) != RC_OK)
		log_say(LOG_LEVEL_ERROR, "the old log stays in use: %s",
		    e.text);
	key = conf_marks_find(r->started_with, conf);
	if (key != NULL)
		log_say(LOG_LEVEL_WARN, "%s changes with a restart only", key);
	put_record(r, conf, key);
	say_kept_variables(r);
	warn_all(conf);
	return conf;
}

void
app_run_reloaded(void)
{
	log_say(LOG_LEVEL_INFO, "reloaded");
	app_notify_ready();
}

void
app_run_end(struct app_run *r)
{
	store_close(r->store);
	r->store = NULL;
	app_program_end(&r->place);
	conf_marks_free(r->started_with);
	r->started_with = NULL;
	conf_vars_free(r->vars);
	r->vars = NULL;
	log_close();
}
