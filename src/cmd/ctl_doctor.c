#include "config.h"

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
#include "base/units.h"
#include "cmd/ctl.h"
#include "store/store_admin.h"
#include "store/store_read.h"

/* A note asks for a look; a fault for a hand, and the exit status is 1. */
enum level {
	OK,
	NOTE,
	FAULT
};

struct examination {
	struct ctl *ctl;
	struct js_writer w;
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
	struct stat st;
	size_t i;

	for (i = 0; i < conf->warnings.n; i++)
		report(x, NOTE, "settings", conf->warnings.v[i]);
	if (stat(conf->file, &st) == 0 && (st.st_mode & 044) != 0)
		report(x, NOTE, "settings",
		    "The file may be read by others; if it holds secrets "
		    "itself, chmod 600 it.");
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
examine_drains(struct examination *x, const struct app_conf *conf)
{
	struct store_workers l;
	struct err e;
	int64_t seen_ms;
	size_t i, up;

	if (store_worker_list(x->ctl->app.store, &l, &e) != RC_OK) {
		report(x, FAULT, "drains", e.text);
		return;
	}
	seen_ms =
	    clock_wall_ms(x->ctl->app.clock) - conf->monitor.drain_seen_ms;
	for (i = up = 0; i < l.n; i++)
		up += l.v[i].last_seen_ms >= seen_ms;
	if (up == 0)
		report(x, NOTE, "drains",
		    l.n == 0 ? "None has been seen yet; nothing is delivered "
			       "until hls-drain runs."
			     : "None was seen of late; nothing is delivered "
			       "until hls-drain runs.");
	else
		report(x, OK, "drains", NULL);
	store_workers_free(&l);
}

/* Of what the store finds, these work as they are. */
static void
take_finding(void *arg, const char *check, const char *finding)
{
	static const char *const notes[] = { "key", "wal", "deleted" };
	enum level level;
	size_t i;

	level = finding == NULL ? OK : FAULT;
	for (i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		if (level == FAULT && strcmp(check, notes[i]) == 0)
			level = NOTE;
	report(arg, level, check, finding);
}

static void
examine_store(struct examination *x)
{
	struct err e;

	if (app_ctl_open(&x->ctl->app, &e) != RC_OK) {
		report(x, FAULT, "store", e.text);
		return;
	}
	if (store_doctor(x->ctl->app.store, take_finding, x, &e) != RC_OK)
		report(x, FAULT, "store", e.text);
	examine_drains(x, x->ctl->app.conf);
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
	js_writer_init(&x.w, &c->out);
	if (c->json) {
		js_open_object(&x.w, NULL);
		js_open_array(&x.w, "checks");
	}
	examine_settings(&x, conf);
	examine_owner(&x, conf);
	examine_disk(&x, conf);
	examine_store(&x);
	if (c->json) {
		js_close_array(&x.w);
		js_int(&x.w, "notes", (int64_t)x.notes);
		js_int(&x.w, "faults", (int64_t)x.faults);
		js_close_object(&x.w);
		buf_add_str(&c->out, "\n");
	} else {
		buf_addf(&c->out, "%zu fault%s, %zu note%s\n", x.faults,
		    x.faults == 1 ? "" : "s", x.notes, x.notes == 1 ? "" : "s");
	}
	if (x.faults > 0)
		c->status = EXIT_FAILURE;
	return RC_OK;
}

static const struct ctl_cmd cmds[] = {
	{ .verb = "",
	    .args = "",
	    .needs = CTL_CONF,
	    .run = run_doctor,
	    .doc = "Examines settings, files and rows; exits 1 when there "
		   "is a fault." },
};

const struct ctl_noun ctl_doctor = { "doctor", "find what is wrong", cmds, 1 };
