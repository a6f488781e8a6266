#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "app/app_conf.h"
#include "app/app_front.h"
#include "app/app_listen.h"
#include "app/app_notify.h"
#include "app/app_program.h"
#include "app/app_run.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/url.h"
#include "base/xalloc.h"
#include "front/budget.h"
#include "front/count.h"
#include "front/front.h"
#include "front/http_cgi.h"
#include "front/serve.h"
#include "front/settings.h"
#include "store/store.h"
#include "store/store_metrics.h"

#define EX_BAD_USAGE 2
#define READERS 4       /* connections for reading, shared by all threads */
#define FILES_MIN 16384 /* open files, where the hard limit lets us */
#define QUEUE_BYTES (64 << 20)
#define PAGE_THREADS 32 /* requests that may wait, for the store or others */

extern char **environ;

/* What the program holds; one for its life. */
struct app {
	const struct app_front_options *opt;
	struct app_run run;
	const struct app_conf *conf; /* the newest, in the newest settings */
	int64_t started_ms;
	bool is_port;  /* it listens on TCP */
	bool is_brief; /* a web server started it for one request */
};

/* Of every request in hand, and of the writes that nobody waits for any more:
 * one that is late may end after everything else here, so this has no end. */
static struct budget bodies;

/* The front's settings and the configuration that they borrow from. */
struct loaded {
	struct settings set; /* first: the front hands this back */
	struct app_conf *conf;
	struct settings_user *users;
};

/* One a core, since a post waits for nothing. */
static unsigned int
post_threads(const struct app_conf *conf)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (conf->server.threads > 0)
		return (unsigned int)conf->server.threads;
	return cores > 2 ? (unsigned int)cores : 2;
}

static unsigned int
page_threads(const struct app_conf *conf)
{
	return conf->server.threads > 0 ? (unsigned int)conf->server.threads
					: PAGE_THREADS;
}

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

/*
 * Every program of this host, and of others where the port is reachable, can
 * connect to a port and say which user it let in.
 */
static bool
believes_remote_users(const struct app *app, const struct app_conf *conf)
{
	bool believed = !app->is_port || conf->auth.remote_users_over_tcp;

	if (!app->is_port || conf->auth.nremote_users == 0)
		return believed;
	if (believed)
		log_say(LOG_LEVEL_WARN,
		    "auth.remote_users_over_tcp: every program that can "
		    "connect to the port may act as any user of "
		    "auth.remote_users");
	else
		log_say(LOG_LEVEL_WARN,
		    "auth.remote_users is not used on a TCP port; listen on a "
		    "Unix socket, or set auth.remote_users_over_tcp");
	return believed;
}

static bool
list_drains(const void *arg, struct strlist *out)
{
	return app_program_drains(arg, out);
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
	set->threads = page_threads(conf);
	set->max_body = conf->server.max_body;
	set->body_memory = (size_t)conf->server.body_memory;
	set->deadline_ms = conf->server.deadline_ms;
	set->intake.sources = &conf->sources;
	set->intake.store = app->run.store;
	set->intake.clock = app->run.clock;
	set->intake.wait_ms = conf->server.deadline_ms;
	set->registry.store = app->run.store;
	set->registry.policy = &conf->outbound.policy;
	set->registry.clock = app->run.clock;
	set->registry.defaults = &conf->defaults;
	set->users = l->users;
	if (believes_remote_users(app, conf))
		set->nusers = conf->auth.nremote_users;
	set->open = &conf->auth.open;
	set->overdue_after_ms = conf->monitor.overdue_after_ms;
	set->drain_seen_ms = conf->monitor.drain_seen_ms;
	set->drains = list_drains;
	set->drains_arg = conf;
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

static struct settings *
reload(void *arg)
{
	struct app *app = arg;
	struct app_conf *conf = app_run_reload(&app->run);
	struct settings *set;

	if (conf == NULL)
		return NULL;
	set = settings_take(app, conf);
	app_run_reloaded();
	return set;
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

	app_notify_alive(app->run.clock);
}

static void
stopping(void *arg)
{
	(void)arg;
	log_say(LOG_LEVEL_INFO, "stopping");
	app_notify_stopping();
}

/* Beside the database, where a body that is accepted goes too. */
static char *
body_folder(const struct app_conf *conf)
{
	static const char scheme[] = "sqlite:";
	const char *url = conf->database.url;

	if (strncmp(url, scheme, sizeof(scheme) - 1) == 0)
		url += sizeof(scheme) - 1;
	return file_folder_of(url);
}

static enum rc
run_fcgi(struct app *app, struct app_listen *l, struct settings *set,
    struct err *e)
{
	char *folder = body_folder(app->conf);
	const struct front_options opt = {
		.listen_fd = l->fd,
		.socket_path = app_listen_path(l),
		.body_folder = folder,
		.body_min_free = app->conf->database.min_free,
		.threads = post_threads(app->conf),
		.page_threads = page_threads(app->conf),
		.clock = app->run.clock,
		.store = app->run.store,
		.bodies = &bodies,
		.settings = set,
		.reload = reload,
		.free_settings = settings_free,
		.ready = ready,
		.tick = tick,
		.stopping = stopping,
		.arg = app,
	};
	enum rc rc;

	if (app_listen_is_public(l))
		log_say(LOG_LEVEL_WARN,
		    "%s: every local user may connect, though only "
		    "the file's owner and group are answered",
		    l->name);
	url_load();
	log_say(LOG_LEVEL_INFO, "listening on %s", l->name);
	rc = front_run(&opt, e);
	/* Threads that hang may read it still. */
	if (rc != RC_BUSY)
		free(folder);
	return rc;
}

/* The answer is whole: the web server need not wait for the end of the
 * process, which writes the figures of its request first. */
static void
close_answer(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (fd == -1)
		return;
	(void)dup2(fd, STDOUT_FILENO);
	(void)close(fd);
}

/* The request is counted as under FastCGI; closing the store writes it. */
static enum rc
run_cgi(struct app *app, struct settings *set)
{
	struct serve s = { .set = set, .came = SERVE_COMES };
	struct serve_end end;
	struct http_cgi cgi;

	s.bodies = &bodies;
	s.deadline_ms = clock_boot_ms(app->run.clock) + set->deadline_ms;
	http_cgi_init(&cgi, STDIN_FILENO, STDOUT_FILENO, environ,
	    app->run.clock, s.deadline_ms);
	s.count = count_new(store_meter(app->run.store));
	serve(&s, &cgi.conn, &end);
	budget_give(&bodies, end.held);
	if (!end.is_read)
		http_cgi_discard(&cgi);
	close_answer();
	count_free(s.count);
	settings_free(app, set);
	return end.is_answered ? RC_OK : RC_PEER;
}

/* A web server that starts us anew for each request says so, and leaves no
 * socket to us. */
static bool
is_cgi(const struct app_front_options *opt)
{
	return opt->listen == NULL && getenv("GATEWAY_INTERFACE") != NULL &&
	    getenv("REQUEST_METHOD") != NULL && !app_listen_has_inherited();
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
	struct settings *set;
	struct err e;
	enum rc rc;

	app->is_port = app_listen_is_port(l);
	set = settings_take(app, conf);
	budget_init(&bodies, set->body_memory);
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
	if (app->is_brief)
		return RC_OK;
	if (app->opt->listen != NULL)
		return app_listen_open(app->opt->listen, l, e);
	return app_listen_inherit(l, e);
}

static int
run(struct app *app, struct app_listen *l, struct app_conf *conf)
{
	const struct store_options to_store = { .queue_bytes = QUEUE_BYTES,
		.readers = READERS,
		.is_brief = app->is_brief };
	int status;
	struct err e;

	if (app_run_open_store(&app->run, conf, &to_store, &status, &e) !=
	    RC_OK)
		status = fail(&e, status);
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
	struct app app = { .opt = opt,
		.run = { .name = "hls.fcgi", .config = opt->config } };
	struct app_listen l = { .fd = -1 };
	struct app_conf *conf;
	struct err e;
	int status;

	app.is_brief = is_cgi(opt);
	if (app.is_brief)
		heap_begin_brief();
	if (app_run_start(&app.run, &conf, &e) != RC_OK)
		return app_run_refuse(&app.run, NULL, &e);
	app.started_ms = clock_wall_ms(app.run.clock);
	front_block_signals();
	app_run_settle(conf);
	if (!app.is_brief)
		app_run_stay(&app.run, conf, FILES_MIN);
	status = run(&app, &l, conf);
	app_listen_close(&l);
	app_run_end(&app.run);
	return status;
}
