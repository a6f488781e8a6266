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
#include "base/file.h"
#include "base/log.h"
#include "base/units.h"
#include "cmd/ctl.h"
#include "cmd/ctl_doctor.h"

static const char *
database_path(const struct app_conf *conf)
{
	const char *colon;

	colon = strchr(conf->database.url, ':');
	return colon == NULL ? conf->database.url : colon + 1;
}

/* "sudo " for those who may not change the file otherwise. */
static const char *
sudo_for(const struct stat *st)
{
	return geteuid() == 0 || geteuid() == st->st_uid ? "" : "sudo ";
}

/* The services read the file as the user that owns the database: as the
 * owner of the file, or by its group. */
static void
advise_mode(const struct app_conf *conf, const struct stat *st, char *text,
    size_t size)
{
	char group[FILE_USER_SIZE];
	const char *sudo = sudo_for(st);
	struct stat db;
	gid_t gid;

	if (stat(database_path(conf), &db) != 0)
		db.st_uid = geteuid();
	gid = file_group_of(db.st_uid, group);
	if (db.st_uid == st->st_uid ||
	    (gid == st->st_gid && (st->st_mode & 040) != 0))
		(void)snprintf(text, size,
		    "Everybody may read the secrets in %s: %schmod o-r %s",
		    conf->file, sudo, conf->file);
	else
		(void)snprintf(text, size,
		    "Everybody may read the secrets in %s: %schgrp %s %s && "
		    "%schmod 640 %s",
		    conf->file, sudo, group, conf->file, sudo, conf->file);
}

static void
examine_settings(struct examination *x, const struct app_conf *conf)
{
	char text[3 * PATH_MAX + 200];
	struct stat st;
	size_t i;

	for (i = 0; i < conf->warnings.n; i++)
		ctl_doctor_report(x, DOCTOR_NOTE, "settings",
		    conf->warnings.v[i]);
	if (conf->holds_secret && stat(conf->file, &st) == 0 &&
	    (st.st_mode & 04) != 0) {
		advise_mode(conf, &st, text, sizeof(text));
		ctl_doctor_report(x, DOCTOR_NOTE, "settings", text);
	} else if (conf->warnings.n == 0)
		ctl_doctor_report(x, DOCTOR_OK, "settings", NULL);
	if (conf->sources.n == 0)
		ctl_doctor_report(x, DOCTOR_NOTE, "sources",
		    "None is configured, so nobody can post.");
	else
		ctl_doctor_report(x, DOCTOR_OK, "sources", NULL);
}

/* Whose the store is: the owner of its folder, where the database alone is of
 * root.  A database of root in the folder of another was made, or copied, by
 * a command that root ran. */
static bool
is_stray(const struct app_conf *conf, const struct stat *st,
    struct stat *folder)
{
	char *path = file_folder_of(database_path(conf));
	int failed = stat(path, folder);

	free(path);
	return failed == 0 && st->st_uid == 0 && folder->st_uid != 0;
}

/* Programs of one user cannot open the files of another. */
static void
examine_owner(struct examination *x, const struct app_conf *conf)
{
	const char *path = database_path(conf), *quote;
	char owner[FILE_USER_SIZE], us[FILE_USER_SIZE];
	char text[PATH_MAX + 400];
	struct stat st, folder;

	if (stat(path, &st) != 0) {
		ctl_doctor_report(x, DOCTOR_OK, "owner", NULL);
		return;
	}
	if (is_stray(conf, &st, &folder)) {
		quote = *sudo_for(&st) == '\0' ? "" : "'";
		(void)snprintf(text, sizeof(text),
		    "The database belongs to root, and its folder to %s, so "
		    "the programs of %s cannot open it: %s%s%schown %s %s*%s",
		    file_user_name(folder.st_uid, owner), owner, sudo_for(&st),
		    *quote == '\0' ? "" : "sh -c ", quote, owner, path, quote);
		ctl_doctor_report(x, DOCTOR_FAULT, "owner", text);
	} else if (geteuid() != st.st_uid) {
		(void)snprintf(text, sizeof(text),
		    "The database belongs to the user %s, and %s runs this: "
		    "run it as its owner, with sudo -u %s hlsctl doctor",
		    file_user_name(st.st_uid, owner),
		    file_user_name(geteuid(), us), owner);
		ctl_doctor_report(x, DOCTOR_NOTE, "owner", text);
	} else {
		ctl_doctor_report(x, DOCTOR_OK, "owner", NULL);
	}
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
	if ((st.st_mode & 0600) != 0600)
		(void)snprintf(text, sizeof(text),
		    "The owner of %s may not %s it, so posts are refused: "
		    "%schmod u+rw %s",
		    path, (st.st_mode & 0400) == 0 ? "read" : "write",
		    sudo_for(&st), path);
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
	char text[200], size[UNITS_TEXT_SIZE], least[UNITS_TEXT_SIZE];
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
	units_size_format(conf->database.min_free, least);
	(void)snprintf(text, sizeof(text),
	    "%s are free, %s than database.min_free (%s): posts get 503%s",
	    size, bytes < conf->database.min_free ? "less" : "not much more",
	    least,
	    bytes < conf->database.min_free
		? "; free space, or lower database.min_free"
		: " below that");
	if (bytes < conf->database.min_free)
		ctl_doctor_report(x, DOCTOR_FAULT, "disk", text);
	else if (bytes < 4 * conf->database.min_free)
		ctl_doctor_report(x, DOCTOR_NOTE, "disk", text);
	else
		ctl_doctor_report(x, DOCTOR_OK, "disk", NULL);
}

void
ctl_doctor_files(struct examination *x)
{
	const struct app_conf *conf = x->ctl->app.conf;

	examine_settings(x, conf);
	examine_owner(x, conf);
	examine_log(x, conf);
	examine_database(x, conf);
	examine_disk(x, conf);
}
