#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "app/app_conf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/js.h"
#include "base/log.h"
#include "base/units.h"
#include "cmd/ctl.h"
#include "stats/posts.h"
#include "store/store_admin.h"
#include "store/store_metrics.h"
#include "store/store_read.h"
#include "store/store_work.h"

/* A note asks for a look; a fault for a hand, and the exit status is 1. */
#define KEYS_LOOKED_AT 200
#define REFUSED_LATELY_MS (INT64_C(86400) * 1000)

enum level {
	OK,
	NOTE,
	FAULT
};

struct examination {
	struct ctl *ctl;
	struct js_writer w;
	bool quiet;
	size_t notes, faults;
};

static void
report(struct examination *x, enum level level, const char *check,
    const char *finding)
{
	static const char *const names[] = { "ok", "note", "FAULT" };
	static const char *const words[] = { "ok", "note", "fault" };

	x->notes += level == NOTE;
	x->faults += level == FAULT;
	if (x->quiet && level == OK)
		return;
	if (x->ctl->json) {
		js_open_object(&x->w, NULL);
		js_str(&x->w, "check", check);
		js_str(&x->w, "level", words[level]);
		js_str(&x->w, "finding", finding);
		js_close_object(&x->w);
		return;
	}
	buf_addf(&x->ctl->out, "%-6s %s", names[level], check);
	if (finding != NULL) {
		buf_add_str(&x->ctl->out, ": ");
		ctl_put_text(x->ctl, finding);
	}
	buf_add_str(&x->ctl->out, "\n");
}

static const char *
database_path(const struct app_conf *conf)
{
	const char *colon;

	colon = strchr(conf->database.url, ':');
	return colon == NULL ? conf->database.url : colon + 1;
}

static void
examine_settings(struct examination *x, const struct app_conf *conf)
{
	char text[PATH_MAX + 100];
	struct stat st;
	size_t i;

	for (i = 0; i < conf->warnings.n; i++)
		report(x, NOTE, "settings", conf->warnings.v[i]);
	/* Its group is how the services read it. */
	(void)snprintf(text, sizeof(text),
	    "Everybody may read the file; if it holds secrets itself: chmod "
	    "o-r %s",
	    conf->file);
	if (stat(conf->file, &st) == 0 && (st.st_mode & 04) != 0)
		report(x, NOTE, "settings", text);
	else if (conf->warnings.n == 0)
		report(x, OK, "settings", NULL);
	if (conf->sources.n == 0)
		report(x, NOTE, "sources",
		    "None is configured, so nobody can post.");
	else
		report(x, OK, "sources", NULL);
}

/* Files that root makes beside it, its programs cannot open. */
static void
examine_owner(struct examination *x, const struct app_conf *conf)
{
	struct stat st;
	char text[160];

	if (stat(database_path(conf), &st) != 0 || geteuid() == st.st_uid) {
		report(x, OK, "owner", NULL);
		return;
	}
	(void)snprintf(text, sizeof(text),
	    "The database belongs to user %ld and you are %ld; run hlsctl "
	    "as its owner.",
	    (long)st.st_uid, (long)geteuid());
	report(x, NOTE, "owner", text);
}

static void
examine_log(struct examination *x, const struct app_conf *conf)
{
	struct err e;

	if (log_try(conf->logging.target, &e) == RC_OK)
		report(x, OK, "log", NULL);
	else
		report(x, FAULT, "log", e.text);
}

/* SQLite opens what cannot be written for reading alone, and says so only when
 * it comes to writing. */
static void
examine_database(struct examination *x, const struct app_conf *conf)
{
	const char *path = database_path(conf);
	char text[PATH_MAX + 200];
	struct stat st;

	if (stat(path, &st) != 0)
		return;
	text[0] = '\0';
	if ((st.st_mode & 0200) == 0)
		(void)snprintf(text, sizeof(text),
		    "%s may not be written, not even by its owner, so posts "
		    "are refused: chmod u+w %s",
		    path, path);
	else if (access(path, W_OK) != 0 && errno == EROFS)
		(void)snprintf(text, sizeof(text),
		    "%s is on a file system that is mounted read-only: "
		    "mount -o remount,rw it",
		    path);
	report(x, text[0] == '\0' ? OK : FAULT, "database",
	    text[0] == '\0' ? NULL : text);
}

static void
examine_disk(struct examination *x, const struct app_conf *conf)
{
	char text[160], size[UNITS_TEXT_SIZE];
	struct statvfs fs;
	int64_t bytes;
	char *folder;
	int failed;

	folder = file_folder_of(database_path(conf));
	failed = statvfs(folder, &fs);
	free(folder);
	if (failed != 0) {
		report(x, FAULT, "disk", "The folder cannot be examined.");
		return;
	}
	bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	units_size_format(bytes >> 20 << 20, size);
	(void)snprintf(text, sizeof(text),
	    "%s free, and below database.min_free intake answers 503.", size);
	if (bytes < conf->database.min_free)
		report(x, FAULT, "disk", text);
	else if (bytes < 4 * conf->database.min_free)
		report(x, NOTE, "disk", text);
	else
		report(x, OK, "disk", NULL);
}

static void
examine_drains(struct examination *x, const struct app_conf *conf,
    const struct store_stats *s)
{
	int64_t waiting = s->jobs[STORE_WAITING] + s->events[EVENT_PENDING];
	char text[200];
	struct store_workers l;
	struct err e;
	int64_t now_ms;
	size_t i, up;

	if (store_worker_list(x->ctl->app.store, &l, &e) != RC_OK) {
		report(x, FAULT, "drains", e.text);
		return;
	}
	now_ms = clock_wall_ms(x->ctl->app.clock);
	for (i = up = 0; i < l.n; i++)
		up += store_worker_is_up(&l.v[i], conf->monitor.drain_seen_ms,
		    now_ms);
	if (up == 0 && waiting > 0) {
		(void)snprintf(text, sizeof(text),
		    "%lld events and deliveries wait, and no hls-drain runs: "
		    "start one, such as systemctl start hls-drain@1, or "
		    "hls-drain --once",
		    (long long)waiting);
		/* One that was just stopped is no fault yet. */
		report(x, s->overdue > 0 ? FAULT : NOTE, "drains", text);
	} else if (up == 0)
		report(x, NOTE, "drains",
		    l.n == 0 ? "None has been seen yet; nothing is delivered "
			       "until hls-drain runs."
			     : "None was seen of late; nothing is delivered "
			       "until hls-drain runs.");
	else
		report(x, OK, "drains", NULL);
	store_workers_free(&l);
}

static void
examine_dead(struct examination *x, const struct store_stats *s)
{
	char text[200];

	if (s->jobs[STORE_STATE_DEAD] == 0) {
		report(x, OK, "dead", NULL);
		return;
	}
	(void)snprintf(text, sizeof(text),
	    "%lld deliveries were given up: hlsctl delivery list --state dead "
	    "shows them; hlsctl delivery retry ID, or cancel ID, settles one",
	    (long long)s->jobs[STORE_STATE_DEAD]);
	report(x, NOTE, "dead", text);
}

static void
examine_suspects(struct examination *x, const struct store_stats *s)
{
	char text[300];

	if (s->suspects_held == 0) {
		report(x, OK, "suspects", NULL);
		return;
	}
	(void)snprintf(text, sizeof(text),
	    "%lld event%s held back and go%s to no webhook: hlsctl event list "
	    "--suspect shows why; hlsctl event release ID, or --all, sends "
	    "them out; hlsctl event cancel ID drops one",
	    (long long)s->suspects_held,
	    s->suspects_held == 1 ? " is" : "s are",
	    s->suspects_held == 1 ? "es" : "");
	report(x, NOTE, "suspects", text);
}

/* Posts of the last day that a sender with the secret made and that are
 * stored nowhere. */
static void
examine_refusals(struct examination *x, const struct app_conf *conf)
{
	int64_t now_ms = clock_wall_ms(x->ctl->app.clock), n, last_ms;
	struct store_metrics m;
	bool well = true;
	char text[300];
	struct err e;
	size_t i;

	if (store_metrics(x->ctl->app.store, now_ms, &m, &e) != RC_OK) {
		report(x, FAULT, "refusals", e.text);
		return;
	}
	for (i = 0; i < conf->sources.n; i++) {
		n = posts_lost(&m, conf->sources.v[i].name, &last_ms);
		if (n == 0 || last_ms < now_ms - REFUSED_LATELY_MS)
			continue;
		well = false;
		(void)snprintf(text, sizeof(text),
		    "source %s refused %lld post%s whose signature matched, "
		    "the last one within a day: hlsctl source show %s says "
		    "for what reason",
		    conf->sources.v[i].name, (long long)n, n == 1 ? "" : "s",
		    conf->sources.v[i].name);
		report(x, NOTE, "refusals", text);
	}
	if (well)
		report(x, OK, "refusals", NULL);
	store_metrics_free(&m);
}

static void
examine_breakers(struct examination *x)
{
	static const struct store_webhook_filter all = { .enabled = 1,
		.health = -1 };
	struct store_webhooks l = { 0 };
	char text[300];
	struct err e;
	size_t i, open = 0;

	if (store_webhook_list(x->ctl->app.store, &all, &l, &e) != RC_OK) {
		report(x, FAULT, "breakers", e.text);
		return;
	}
	for (i = 0; i < l.n; i++) {
		if (l.v[i]->breaker == BREAKER_CLOSED)
			continue;
		open++;
		(void)snprintf(text, sizeof(text),
		    "the receiver of webhook %s does not answer and is tried "
		    "now and then alone; when it is repaired: hlsctl webhook "
		    "enable %s",
		    l.v[i]->id, l.v[i]->id);
		report(x, NOTE, "breakers", text);
	}
	if (open == 0)
		report(x, OK, "breakers", NULL);
	store_webhooks_free(&l);
}

/* The dead heads of order keys that others wait behind, each once. */
static void
examine_keys(struct examination *x)
{
	const struct store_job_filter blocked = { .state = -1,
		.blocked = true,
		.limit = KEYS_LOOKED_AT };
	struct store_jobs l = { 0 };
	struct store_job *head;
	char text[300];
	int64_t next, last = 0;
	struct err e;
	size_t i, stuck = 0;

	if (store_job_list(x->ctl->app.store, &blocked, &l, &next, &e) !=
	    RC_OK) {
		report(x, FAULT, "keys", e.text);
		return;
	}
	for (i = 0; i < l.n; i++) {
		if (l.v[i].blocked_by == last ||
		    store_job_find(x->ctl->app.store, l.v[i].blocked_by, &head,
			&e) != RC_OK)
			continue;
		last = l.v[i].blocked_by;
		if (head->state == STORE_STATE_DEAD) {
			stuck++;
			(void)snprintf(text, sizeof(text),
			    "deliveries to webhook %s wait for %s, which was "
			    "given up: hlsctl delivery retry %s, or cancel %s",
			    head->target, head->public_id, head->public_id,
			    head->public_id);
			report(x, NOTE, "keys", text);
		}
		store_job_free(head);
	}
	if (stuck == 0)
		report(x, OK, "keys", NULL);
	store_jobs_free(&l);
}

static void
examine_queue(struct examination *x)
{
	const struct app_conf *conf = x->ctl->app.conf;
	struct store_stats s;
	struct err e;

	if (store_stats(x->ctl->app.store, clock_wall_ms(x->ctl->app.clock),
		conf->monitor.overdue_after_ms, &s, &e) != RC_OK) {
		report(x, FAULT, "queue", e.text);
		return;
	}
	examine_drains(x, conf, &s);
	examine_dead(x, &s);
	examine_suspects(x, &s);
	examine_refusals(x, conf);
	examine_breakers(x);
	examine_keys(x);
}

/* Of what the store finds, these work as they are. */
static void
take_finding(void *arg, const char *check, const char *finding)
{
	static const char *const notes[] = { "key", "wal", "deleted", "clock",
		"waits" };
	enum level level;
	size_t i;

	level = finding == NULL ? OK : FAULT;
	for (i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		if (level == FAULT && strcmp(check, notes[i]) == 0)
			level = NOTE;
	report(arg, level, check, finding);
}

static void
examine_store(struct examination *x, const struct app_conf *conf)
{
	const struct store_flow flow = {
		.rate = conf->outbound.rate_limit,
		.max_in_flight = conf->outbound.max_in_flight,
		.failures = conf->outbound.breaker_failures,
		.open_ms = conf->outbound.breaker_open_ms,
		.retry_schedule = conf->outbound.retry_schedule.ms,
		.nretries = conf->outbound.retry_schedule.n,
	};
	struct err e;

	if (app_ctl_open(&x->ctl->app, &e) != RC_OK) {
		report(x, FAULT, "store", e.text);
		return;
	}
	/* How long something may wait depends on them. */
	store_flow(x->ctl->app.store, &flow);
	if (store_doctor(x->ctl->app.store, take_finding, x, &e) != RC_OK)
		report(x, FAULT, "store", e.text);
	examine_queue(x);
}

static enum rc
run_doctor(struct ctl *c, struct err *e)
{
	const struct app_conf *conf;
	struct examination x;

	(void)e;
	conf = c->app.conf;
	memset(&x, 0, sizeof(x));
	x.ctl = c;
	x.quiet = ctl_has_option(c, "quiet");
	js_writer_init(&x.w, &c->out);
	if (c->json) {
		js_open_object(&x.w, NULL);
		js_open_array(&x.w, "checks");
	}
	examine_settings(&x, conf);
	examine_owner(&x, conf);
	examine_log(&x, conf);
	examine_database(&x, conf);
	examine_disk(&x, conf);
	examine_store(&x, conf);
	if (c->json) {
		js_close_array(&x.w);
		js_int(&x.w, "notes", (int64_t)x.notes);
		js_int(&x.w, "faults", (int64_t)x.faults);
		js_close_object(&x.w);
		buf_add_str(&c->out, "\n");
	} else if (!x.quiet || x.faults + x.notes > 0) {
		buf_addf(&c->out, "%zu fault%s, %zu note%s\n", x.faults,
		    x.faults == 1 ? "" : "s", x.notes, x.notes == 1 ? "" : "s");
	}
	if (x.faults > 0)
		c->status = EXIT_FAILURE;
	return RC_OK;
}

static const struct ctl_option options[] = {
	{ .name = "quiet", .doc = "say only what is wrong" },
	{ .name = NULL },
};

static const struct ctl_cmd cmds[] = {
	{ .verb = "",
	    .args = "",
	    .options = options,
	    .needs = CTL_CONF,
	    .run = run_doctor,
	    .doc = "Examines settings, files and rows; exits 1 when there "
		   "is a fault." },
};

const struct ctl_noun ctl_doctor = { "doctor", "find what is wrong", cmds, 1 };
