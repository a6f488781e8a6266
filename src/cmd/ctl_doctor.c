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
#include "cmd/ctl_doctor.h"
#include "store/store_admin.h"
#include "store/store_read.h"
#include "store/store_work.h"

void
ctl_doctor_report(struct examination *x, enum doctor_level level,
    const char *check, const char *finding)
{
	static const char *const names[] = { "ok", "note", "FAULT" };
	static const char *const words[] = { "ok", "note", "fault" };

	x->notes += level == DOCTOR_NOTE;
	x->faults += level == DOCTOR_FAULT;
	if (x->quiet && level == DOCTOR_OK)
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
		ctl_doctor_report(x, DOCTOR_NOTE, "settings",
		    conf->warnings.v[i]);
	/* Its group is how the services read it. */
	(void)snprintf(text, sizeof(text),
	    "Everybody may read the file; if it holds secrets itself: chmod "
	    "o-r %s",
	    conf->file);
	if (stat(conf->file, &st) == 0 && (st.st_mode & 04) != 0)
		ctl_doctor_report(x, DOCTOR_NOTE, "settings", text);
	else if (conf->warnings.n == 0)
		ctl_doctor_report(x, DOCTOR_OK, "settings", NULL);
	if (conf->sources.n == 0)
		ctl_doctor_report(x, DOCTOR_NOTE, "sources",
		    "None is configured, so nobody can post.");
	else
		ctl_doctor_report(x, DOCTOR_OK, "sources", NULL);
}

/* Files that root makes beside it, its programs cannot open. */
static void
examine_owner(struct examination *x, const struct app_conf *conf)
{
	char owner[FILE_USER_SIZE], us[FILE_USER_SIZE], text[240];
	struct stat st;

	if (stat(database_path(conf), &st) != 0 || geteuid() == st.st_uid) {
		ctl_doctor_report(x, DOCTOR_OK, "owner", NULL);
		return;
	}
	(void)snprintf(text, sizeof(text),
	    "The database belongs to the user %s, and %s runs this: run it "
	    "as its owner, with sudo -u %s hlsctl doctor",
	    file_user_name(st.st_uid, owner), file_user_name(geteuid(), us),
	    owner);
	ctl_doctor_report(x, DOCTOR_NOTE, "owner", text);
}

static void
examine_log(struct examination *x, const struct app_conf *conf)
{
	char text[sizeof(((struct err *)NULL)->text) + 120];
	struct err e;

	if (log_try(conf->logging.target, &e) == RC_OK) {
		ctl_doctor_report(x, DOCTOR_OK, "log", NULL);
		return;
	}
	(void)snprintf(text, sizeof(text),
	    "%s; the file, or its folder, must be there and writable for the "
	    "user that hls.fcgi and hls-drain run as",
	    e.text);
	ctl_doctor_report(x, DOCTOR_FAULT, "log", text);
}

/* The folder above path that is the last on its file system. */
static const char *
mount_point(const char *path, char point[PATH_MAX])
{
	struct statvfs here, above;
	char *folder;

	(void)snprintf(point, PATH_MAX, "%s", path);
	if (realpath(path, point) == NULL || statvfs(point, &here) != 0)
		return point;
	for (;;) {
		folder = file_folder_of(point);
		if (statvfs(folder, &above) != 0 ||
		    above.f_flag != here.f_flag ||
		    above.f_fsid != here.f_fsid || strcmp(folder, point) == 0)
			break;
		(void)snprintf(point, PATH_MAX, "%s", folder);
		free(folder);
	}
	free(folder);
	return point;
}

/* SQLite opens what cannot be written for reading alone, and says so only when
 * it comes to writing. */
static void
examine_database(struct examination *x, const struct app_conf *conf)
{
	const char *path = database_path(conf);
	char text[2 * PATH_MAX + 200], point[PATH_MAX];
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
		    "%s is on a file system that is mounted read-only, so "
		    "posts are refused: mount -o remount,rw %s",
		    path, mount_point(path, point));
	ctl_doctor_report(x, text[0] == '\0' ? DOCTOR_OK : DOCTOR_FAULT,
	    "database", text[0] == '\0' ? NULL : text);
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
		ctl_doctor_report(x, DOCTOR_FAULT, "disk",
		    "The folder cannot be examined.");
		return;
	}
	bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	units_size_format(bytes >> 20 << 20, size);
	(void)snprintf(text, sizeof(text),
	    "%s free, and below database.min_free intake answers 503.", size);
	if (bytes < conf->database.min_free)
		ctl_doctor_report(x, DOCTOR_FAULT, "disk", text);
	else if (bytes < 4 * conf->database.min_free)
		ctl_doctor_report(x, DOCTOR_NOTE, "disk", text);
	else
		ctl_doctor_report(x, DOCTOR_OK, "disk", NULL);
}

/* Of what the store finds, these work as they are. */
static void
take_finding(void *arg, const char *check, const char *finding)
{
	static const char *const notes[] = { "key", "wal", "deleted", "clock",
		"waits" };
	enum doctor_level level;
	size_t i;

	level = finding == NULL ? DOCTOR_OK : DOCTOR_FAULT;
	for (i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		if (level == DOCTOR_FAULT && strcmp(check, notes[i]) == 0)
			level = DOCTOR_NOTE;
	ctl_doctor_report(arg, level, check, finding);
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
		ctl_doctor_report(x, DOCTOR_FAULT, "store", e.text);
		return;
	}
	/* How long something may wait depends on them. */
	store_flow(x->ctl->app.store, &flow);
	if (store_doctor(x->ctl->app.store, take_finding, x, &e) != RC_OK)
		ctl_doctor_report(x, DOCTOR_FAULT, "store", e.text);
	ctl_doctor_programs(x);
	ctl_doctor_queue(x);
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
	{ .name = "quiet", .doc = "print findings only" },
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

const struct ctl_noun ctl_doctor = { "doctor",
	"find faults and say how to repair them", cmds, 1 };
