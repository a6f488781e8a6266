#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app_conf.h"
#include "app/app_drain.h"
#include "app/app_notify.h"
#include "app/app_program.h"
#include "app/app_resolver.h"
#include "app/app_run.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/xalloc.h"
#include "core/urlpolicy.h"
#include "deliver/deliver.h"
#include "net/httpc.h"
#include "store/store.h"
#include "store/store_metrics.h"
#include "work/work.h"

#define FILES_MIN 4096         /* open files, where the hard limit lets us */
#define BODY_BUDGET (32 << 20) /* bytes of bodies in hand */
#define QUEUE_BYTES (8 << 20)  /* nothing big is written here */
#define GRACE_MS 6000          /* of the 10 s that SIGTERM allows */
#define TURN_MS 1000           /* of a write: the loop has to come round */
#define WORKER_ID_MAX (APP_WORKER_SIZE - 1)
#define SECOND_MS 1000
#define OWN_AGE_US 1000000 /* that this host's addresses are believed */

struct app {
	const struct app_drain_options *opt;
	struct app_run run;
	struct app_conf *conf;
	char *worker;
	char *kinds;
	struct loop *loop; /* of all that follow */
	struct loop_watch signalled;
	struct loop_timer second, end;
	struct httpc *http;
	struct httpc_policy policy; /* for receivers */
	struct deliver *deliver;
	struct work *work;
	int64_t own_us; /* when this host's addresses were read last */
	bool is_ready;
};

/* Set by the handlers; the pipe only wakes the loop, so a full one loses
 * nothing.  Both its ends never block. */
static volatile sig_atomic_t is_told_to_end, is_told_to_reload;
static int signals[2] = { -1, -1 };

static void
on_signal(int number)
{
	int kept = errno;

	if (number == SIGHUP)
		is_told_to_reload = 1;
	else
		is_told_to_end = 1;
	if (write(signals[1], "", 1) < 0)
		errno = 0;
	errno = kept;
}

static enum rc
catch_signals(struct err *e)
{
	struct sigaction sa = { .sa_handler = on_signal };

	if (pipe2(signals, O_CLOEXEC | O_NONBLOCK) != 0)
		return err_errno(e, RC_SYSTEM, errno, "no pipe");
	sa.sa_flags = SA_RESTART;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);

	return RC_OK;
}

/* The host's own services are not for strangers to reach through us.  Those
 * that were found stay when the system does not answer. */
static enum rc
find_own_addresses(struct app_conf *conf, struct err *e)
{
	struct urlpolicy *p = &conf->outbound.policy;
	struct ifaddrs *all, *a;

	if (getifaddrs(&all) != 0)
		return err_errno(e, RC_SYSTEM, errno,
		    "this host's addresses cannot be read");
	urlpolicy_own_none(p);
	for (a = all; a != NULL; a = a->ifa_next)
		if (a->ifa_addr != NULL)
			urlpolicy_own(p, a->ifa_addr);
	freeifaddrs(all);
	return RC_OK;
}

static enum rc
allow(void *arg, const struct sockaddr *sa, bool is_https, struct err *e)
{
	struct app *app = arg;
	int64_t now_us = clock_tick_us();

	/* Interfaces come and go while we run. */
	if (now_us - app->own_us > OWN_AGE_US) {
		app->own_us = now_us;
		(void)find_own_addresses(app->conf, e);
	}

	return urlpolicy_check_addr(&app->conf->outbound.policy, sa, is_https,
	    e);
}

static struct deliver_options
deliver_options(const struct app *app)
{
	const struct app_conf *conf = app->conf;

	return (struct deliver_options){ .store = app->run.store,
		.http = app->http,
		.policy = &app->policy,
		.clock = app->run.clock,
		.timeout_ms = conf->outbound.timeout_ms,
		.connect_timeout_ms = conf->outbound.connect_timeout_ms,
		.retry_schedule = conf->outbound.retry_schedule.ms,
		.nretries = conf->outbound.retry_schedule.n,
		.rate_limit = conf->outbound.rate_limit,
		.max_in_flight = conf->outbound.max_in_flight,
		.breaker_failures = conf->outbound.breaker_failures,
		.breaker_open_ms = conf->outbound.breaker_open_ms,
		.disable_after_ms = conf->outbound.disable_after_ms,
		.sources = &conf->sources };
}

static struct work_options
work_options(struct app *app)
{
	const struct app_conf *conf = app->conf;

	return (struct work_options){ .store = app->run.store,
		.meter = store_meter(app->run.store),
		.loop = app->loop,
		.clock = app->run.clock,
		.worker = app->worker,
		.kinds = app->opt->kinds,
		.kinds_text = app->kinds,
		.once = app->opt->once,
		.concurrency = { [STORE_DELIVER] =
				     (size_t)conf->drain.concurrency,
		    [STORE_EXEC] = (size_t)conf->drain.kinds.exec,
		    [STORE_ANALYZE] = (size_t)conf->drain.kinds.analyze,
		    [STORE_ACT] = (size_t)conf->drain.kinds.act,
		    [STORE_PUBLISH] = (size_t)conf->drain.kinds.publish,
		    [STORE_DRAFT] = (size_t)conf->drain.kinds.draft,
		    [STORE_ALERT] = (size_t)conf->drain.kinds.alert },
		.batch = (size_t)conf->drain.batch,
		.lease_ms = conf->drain.lease_ms,
		.poll_ms = conf->drain.poll_ms,
		.body_budget = BODY_BUDGET,
		.grace_ms = GRACE_MS };
}

static void
reload(struct app *app)
{
	struct app_conf *was = app->conf;
	struct app_conf *conf = app_run_reload(&app->run);
	struct deliver_options to_deliver;
	struct work_options to_work;

	if (conf == NULL)
		return;
	app->conf = conf;
	to_deliver = deliver_options(app);
	deliver_change(app->deliver, &to_deliver);
	to_work = work_options(app);
	work_change(app->work, &to_work);
	app_conf_free(was);
	app_run_reloaded();
}

static void
stop(struct app *app, const char *why)
{
	log_say(LOG_LEVEL_INFO, "stopping: %s", why);
	app_notify_stopping();
	work_stop(app->work);
}

static void
on_signalled(void *arg, unsigned int found)
{
	struct app *app = arg;
	char text[256];

	(void)found;
	while (read(signals[0], text, sizeof(text)) > 0)
		continue;
	if (is_told_to_end) {
		is_told_to_end = 0;
		stop(app, "told to");
	}
	/* A storm of signals is one reload; one that comes from here on is
	 * the next. */
	if (is_told_to_reload) {
		is_told_to_reload = 0;
		reload(app);
	}
}

static void
on_second(void *arg)
{
	struct app *app = arg;

	loop_timer_in(app->loop, &app->second, SECOND_MS);
	if (!app->is_ready) {
		app->is_ready = true;
		app_notify_ready();
	}
	app_notify_alive(app->run.clock);
}

static void
on_end(void *arg)
{
	stop(arg, "the time is up");
}

static bool
is_worker_id(const char *text)
{
	size_t i, n = strlen(text);

	for (i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;

	return n > 0 && n <= WORKER_ID_MAX;
}

/* The option, the settings, the environment, or host and process. */
static enum rc
name_worker(struct app *app, struct err *e)
{
	const char *name = app->opt->worker_id;
	char host[HOST_NAME_MAX + 1] = "";

	if (name == NULL && app->conf->drain.worker_id[0] != '\0')
		name = app->conf->drain.worker_id;
	if (name == NULL)
		name = conf_vars_find(app->run.vars, "WORKER_ID");
	if (name != NULL && name[0] != '\0') {
		if (!is_worker_id(name))
			return err_set(e, RC_INVALID,
			    "a worker's id has 1 to %d printable characters "
			    "without spaces",
			    WORKER_ID_MAX);
		app->worker = xstrdup(name);
		return RC_OK;
	}
	(void)gethostname(host, sizeof(host) - 1);
	app->worker = xasprintf("%s:%ld", host[0] == '\0' ? "localhost" : host,
	    (long)getpid());

	return RC_OK;
}

static char *
kinds_text(unsigned int kinds)
{
	struct buf b;
	size_t n;
	int k;

	if (kinds == 0)
		return xstrdup("all");
	buf_init(&b, 256);
	for (k = 0; k < STORE_KINDS; k++)
		if ((kinds & (1u << k)) != 0)
			buf_addf(&b, "%s%s", b.len == 0 ? "" : " ",
			    store_kind_name((enum store_kind)k));

	return buf_take(&b, &n);
}

/* Signals and times reach the program through the loop from here on. */
static enum rc
start_loop(struct app *app, struct err *e)
{
	enum rc rc = loop_new(app->run.clock, LOOP_BEST, &app->loop, e);

	if (rc != RC_OK)
		return rc;
	app->signalled = (struct loop_watch){ .fd = signals[0],
		.call = on_signalled,
		.arg = app };
	rc = loop_watch(app->loop, &app->signalled, LOOP_READ, e);
	app->second = (struct loop_timer){ .call = on_second, .arg = app };
	loop_timer_in(app->loop, &app->second, 0);
	app->end = (struct loop_timer){ .call = on_end, .arg = app };
	if (app->opt->max_seconds > 0)
		loop_timer_in(app->loop, &app->end,
		    app->opt->max_seconds * 1000);

	return rc;
}

static enum rc
start_http(struct app *app, struct err *e)
{
	const char *ca_file = app->conf->outbound.ca_file;
	const struct httpc_options to_http = { .loop = app->loop,
		.ca_file = ca_file[0] == '\0' ? NULL : ca_file,
		.user_agent = "hls/" PACKAGE_VERSION,
		.idle_connections = (size_t)app->conf->drain.concurrency };

	app->policy = (struct httpc_policy){ allow, app };

	return httpc_new(&to_http, &app->http, e);
}

/* False when a thread still uses the store and the loop, which go with the
 * process then. */
static bool
work(struct app *app, enum rc *rc, struct err *e)
{
	struct deliver_options to_deliver = deliver_options(app);
	struct work_options to_work = work_options(app);

	app->deliver = deliver_new(&to_deliver);
	app->work = work_new(&to_work);
	work_add(app->work, &deliver_kind, app->deliver);
	app_resolver_check("/etc/resolv.conf");
	log_say(LOG_LEVEL_INFO, "working as %s", app->worker);
	*rc = work_run(app->work, e);
	if (!work_free(app->work))
		return false;
	deliver_free(app->deliver);

	return true;
}

static enum rc
run(struct app *app, struct err *e)
{
	enum rc rc = start_loop(app, e);

	if (rc == RC_OK)
		rc = start_http(app, e);
	if (rc == RC_OK && !work(app, &rc, e)) {
		app->run.store = NULL;
		log_say(LOG_LEVEL_ERROR,
		    "ended while the disk did not answer; in-flight jobs "
		    "return when their leases run out");
		return rc;
	}
	if (app->http != NULL) {
		httpc_free(app->http);
		log_say(LOG_LEVEL_INFO, "ended");
	}
	loop_free(app->loop);

	return rc;
}

/* What can fail before there is a log of one's own. */
static enum rc
start(struct app *app, struct err *e)
{
	enum rc rc = RC_OK;

	/* A reload that is sent to one that starts shall not end it. */
	if (!app->opt->check)
		rc = catch_signals(e);
	if (rc == RC_OK)
		rc = app_run_start(&app->run, &app->conf, e);
	return rc == RC_OK ? name_worker(app, e) : rc;
}

int
app_drain(const struct app_drain_options *opt)
{
	const struct store_options to_store = { .queue_bytes = QUEUE_BYTES,
		.turn_ms = TURN_MS,
		/* The loop's, and that of the thread that reads ahead. */
		.readers = 2 };
	struct app app = { .opt = opt,
		.run = { .name = "hls-drain",
		    .config = opt->config,
		    .complete = find_own_addresses } };
	struct err e;
	int status;
	enum rc rc;

	if (start(&app, &e) != RC_OK)
		return app_run_refuse(&app.run, app.conf, &e);
	log_tag("worker_id", app.worker);
	app.run.worker = app.worker;
	app.kinds = kinds_text(opt->kinds);
	app_run_settle(app.conf);
	app_run_stay(&app.run, app.conf, FILES_MIN);
	rc = app_run_open_store(&app.run, app.conf, &to_store, &status, &e);
	if (rc == RC_OK && !opt->check && !is_told_to_end) {
		rc = run(&app, &e);
		status = err_exit_status(rc);
	}
	if (rc != RC_OK)
		log_say(LOG_LEVEL_ERROR, "%s", e.text);
	app_run_end(&app.run);
	app_conf_free(app.conf);
	free(app.worker);
	free(app.kinds);

	return status;
}
