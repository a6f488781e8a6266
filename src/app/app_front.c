#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "app/app_conf.h"
#include "app/app_front.h"
#include "app/app_listen.h"
#include "app/app_notify.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "front/budget.h"
#include "front/front.h"
#include "front/http_cgi.h"
#include "front/http_fcgi.h"
#include "front/serve.h"
#include "front/settings.h"
#include "store/store.h"

#define EX_BAD_USAGE 2
#define READERS 4      /* connections for reading, shared by all threads */
#define FILES_MIN 8192 /* open files, where the hard limit lets us */
#define QUEUE_BYTES (64 << 20)

extern char **environ;

/* What the program holds; one for its life. */
struct app {
	const struct app_front_options *opt;
	const struct clock *clock;
	struct conf_vars *vars;
	const struct app_conf *conf; /* the newest, in the newest settings */
	struct store *store;
	int64_t started_ms;
};

/* The front's settings and the configuration that they borrow from. */
struct loaded {
	struct settings set; /* first: the front hands this back */
	struct app_conf *conf;
	struct settings_user *users;
};

static struct settings_user *
users_of(const struct app_conf *conf)
{
	const struct app_user *from = conf->auth.remote_users;
	struct settings_user *users;
	size_t i;

	users = xcalloc(conf->auth.nremote_users + 1, sizeof(*users));
	for (i = 0; i < conf->auth.nremote_users; i++) {
		users[i].name = from[i].name;
		if (!token_role_parse(from[i].role, &users[i].role))
			fatal("auth.remote_users: %s is no role", from[i].role);
	}
	return users;
}

/* Takes conf. */
static struct settings *
settings_take(struct app *app, struct app_conf *conf)
{
	struct loaded *l = xcalloc(1, sizeof(*l));
	struct settings *set = &l->set;

	l->conf = conf;
	l->users = users_of(conf);
	set->base_path = conf->server.base_path;
	set->max_body = conf->server.max_body;
	set->body_memory = (size_t)conf->server.body_memory;
	set->deadline_ms = conf->server.deadline_ms;
	set->intake.sources = &conf->sources;
	set->intake.store = app->store;
	set->intake.clock = app->clock;
	set->intake.wait_ms = conf->server.deadline_ms;
	set->registry.store = app->store;
	set->registry.policy = &conf->outbound.policy;
	set->registry.clock = app->clock;
	set->users = l->users;
	set->nusers = conf->auth.nremote_users;
	set->open = &conf->auth.open;
	set->overdue_after_ms = conf->monitor.overdue_after_ms;
	set->drain_seen_ms = conf->monitor.drain_seen_ms;
	set->started_ms = app->started_ms;
	app->conf = conf;
	return set;
}

static void
settings_free(void *arg, struct settings *set)
{
	struct loaded *l = (struct loaded *)set;

	(void)arg;
	app_conf_free(l->conf);
	free(l->users);
	free(l);
}

static void
warn_all(const struct app_conf *conf)
{
	size_t i;

	for (i = 0; i < conf->warnings.n; i++)
		log_say(LOG_LEVEL_WARN, "%s", conf->warnings.v[i]);
}

static enum rc
open_log(const struct app *app, const struct app_conf *conf, struct err *e)
{
	return log_open(conf->logging.target, conf->logging.level, "hls.fcgi",
	    app->clock, e);
}

static struct settings *
reload(void *arg)
{
	struct app *app = arg;
	struct app_conf *conf;
	const char *key;
	struct err e;

	app_notify_reloading();
	if (app_conf_read(app->opt->config, app->vars, &conf, &e) != RC_OK) {
		log_say(LOG_LEVEL_ERROR, "the old settings stay: %s", e.text);
		if (log_reopen(&e) != RC_OK)
			log_say(LOG_LEVEL_ERROR, "%s", e.text);
		app_notify_ready();
		return NULL;
	}
	if (open_log(app, conf, &e) != RC_OK)
		log_say(LOG_LEVEL_ERROR, "the old log stays: %s", e.text);
	key = app_conf_restart_key(app->conf, conf);
	if (key != NULL)
		log_say(LOG_LEVEL_WARN, "%s changes with a restart only", key);
	warn_all(conf);
	log_say(LOG_LEVEL_INFO, "reloaded");
	app_notify_ready();
	return settings_take(app, conf);
}

static void
ready(void *arg)
{
	(void)arg;
	app_notify_ready();
}

static void
tick(void *arg)
{
	struct app *app = arg;

	app_notify_alive(app->clock);
}

static void
stopping(void *arg)
{
	(void)arg;
	log_say(LOG_LEVEL_INFO, "stopping");
	app_notify_stopping();
}

/* Nothing that we make is anybody else's to read, memory included. */
static void
drop_privileges(void)
{
	static const char *const proxies[] = { "http_proxy", "https_proxy",
		"all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY",
		"ALL_PROXY", "NO_PROXY" };
	const struct rlimit no_core = { 0, 0 };
	struct rlimit files;
	size_t i;

	umask(0077);
	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &no_core);
	for (i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++)
		unsetenv(proxies[i]);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 &&
	    files.rlim_cur < FILES_MIN) {
		files.rlim_cur =
		    files.rlim_max < FILES_MIN ? files.rlim_max : FILES_MIN;
		setrlimit(RLIMIT_NOFILE, &files);
	}
#ifdef __GLIBC__
	/* An arena a thread would keep what the largest request took. */
	mallopt(M_ARENA_MAX, 2);
#endif
	if (geteuid() == 0)
		log_say(LOG_LEVEL_WARN, "running as root");
}

static enum rc
open_store(struct app *app, const struct app_conf *conf, struct err *e)
{
	const struct store_options opt = {
		.url = conf->database.url,
		.key_file = conf->database.key_file,
		.min_free = conf->database.min_free,
		.max_waiting = conf->database.max_waiting,
		.queue_bytes = QUEUE_BYTES,
		.clock = app->clock,
		.readers = READERS,
	};

	return store_open(&opt, &app->store, e);
}

static enum rc
run_fcgi(struct app *app, struct app_listen *l, struct settings *set,
    struct err *e)
{
	const struct front_options opt = {
		.listen_fd = l->fd,
		.socket_path = app_listen_path(l),
		.threads = (unsigned int)app->conf->server.threads,
		.clock = app->clock,
		.store = app->store,
		.settings = set,
		.reload = reload,
		.free_settings = settings_free,
		.ready = ready,
		.tick = tick,
		.stopping = stopping,
		.arg = app,
	};

	if (app_listen_is_public(l))
		log_say(LOG_LEVEL_WARN,
		    "%s: every local user may connect, though only "
		    "the file's owner and group are answered",
		    l->name);
	log_say(LOG_LEVEL_INFO, "listening on %s", l->name);
	http_fcgi_setup();
	return front_run(&opt, e);
}

static enum rc
run_cgi(struct app *app, struct settings *set)
{
	struct serve s = { .set = set };
	struct serve_end end;
	struct budget bodies;
	struct http_cgi cgi;

	budget_init(&bodies, (size_t)app->conf->server.body_memory);
	s.bodies = &bodies;
	s.deadline_ms = clock_boot_ms(app->clock) + set->deadline_ms;
	http_cgi_init(&cgi, STDIN_FILENO, STDOUT_FILENO, environ, app->clock,
	    s.deadline_ms);
	serve(&s, &cgi.conn, &end);
	budget_fini(&bodies);
	settings_free(app, set);
	return end.is_answered ? RC_OK : RC_PEER;
}

/* A web server that starts us anew for each request says so. */
static bool
is_cgi(void)
{
	return getenv("GATEWAY_INTERFACE") != NULL &&
	    getenv("REQUEST_METHOD") != NULL;
}

static int
fail(const struct err *e, int status)
{
	log_say(LOG_LEVEL_ERROR, "%s", e->text);
	return status;
}

/* Takes conf, whose settings go with the front. */
static int
serve_on(struct app *app, struct app_listen *l, struct app_conf *conf)
{
	struct settings *set = settings_take(app, conf);
	struct err e;
	enum rc rc;

	if (l->fd < 0)
		return err_exit_status(run_cgi(app, set));
	rc = run_fcgi(app, l, set, &e);
	if (rc == RC_OK)
		return 0;
	(void)fail(&e, 1);
	/* Threads that hang still use what would be taken apart. */
	if (rc == RC_BUSY)
		_exit(err_exit_status(rc));
	return err_exit_status(rc);
}

static enum rc
find_socket(const struct app *app, struct app_listen *l, struct err *e)
{
	enum rc rc;

	if (app->opt->listen != NULL)
		return app_listen_open(app->opt->listen, l, e);
	rc = app_listen_inherit(l, e);
	return rc != RC_OK && is_cgi() ? RC_OK : rc;
}

static int
run(struct app *app, struct app_listen *l, struct app_conf *conf)
{
	int status = 0;
	struct err e;
	enum rc rc;

	rc = open_store(app, conf, &e);
	if (rc == RC_NOTFOUND || rc == RC_INVALID)
		status = fail(&e, EX_UNAVAILABLE);
	else if (rc != RC_OK)
		status = fail(&e, err_exit_status(rc));
	else if (!app->opt->check && find_socket(app, l, &e) != RC_OK)
		status = fail(&e, e.rc == RC_INVALID ? EX_BAD_USAGE : 1);
	if (status == 0 && !app->opt->check)
		return serve_on(app, l, conf);
	app_conf_free(conf);
	return status;
}

int
app_front(const struct app_front_options *opt)
{
	struct app app = { .opt = opt, .clock = clock_system() };
	struct app_listen l = { .fd = -1 };
	struct app_conf *conf;
	struct err e;
	int status;

	app.started_ms = clock_wall_ms(app.clock);
	app_notify_open();
	app.vars = conf_vars_new();
	if (app_conf_read(opt->config, app.vars, &conf, &e) != RC_OK) {
		(void)fprintf(stderr, "hls.fcgi: %s\n", e.text);
		conf_vars_free(app.vars);
		return EX_CONFIG;
	}
	if (open_log(&app, conf, &e) != RC_OK) {
		(void)fprintf(stderr, "hls.fcgi: %s\n", e.text);
		app_conf_free(conf);
		conf_vars_free(app.vars);
		return EX_CONFIG;
	}
	warn_all(conf);
	front_block_signals();
	drop_privileges();
	status = run(&app, &l, conf);
	app_listen_close(&l);
	store_close(app.store);
	conf_vars_free(app.vars);
	log_close();
	return status;
}
