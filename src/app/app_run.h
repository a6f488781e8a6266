/*
 * app_run - what the programs that keep running do alike
 *
 * The settings, the log that they name, what a program gives up at its start,
 * the store, and reading the settings anew.  The order is app_run_start(),
 * app_run_settle(), app_run_open_store(), app_run_end(); what comes between
 * and how a signal is heard is each program's own.  One thread.
 */
#ifndef APP_APP_RUN_H
#define APP_APP_RUN_H

#include "app/app_program.h"
#include "base/err.h"

struct app_conf;
struct clock;
struct conf_marks;
struct conf_vars;
struct store;
struct store_options;

/* The first four are the program's, the others are set by app_run_start(). */
struct app_run {
	const char *name;   /* of the program */
	const char *config; /* the file that an option names, or NULL */
	/* Adds to settings that were read what is not in their file; or NULL. */
	enum rc (*complete)(struct app_conf *conf, struct err *e);
	const char *worker; /* of a drain, before the store is open; or NULL */
	const struct clock *clock;
	struct conf_vars *vars;
	struct store *store; /* NULL until it is open */
	struct app_program_place place;
	struct conf_marks *started_with; /* the keys that need a restart */
};

/* Guards the process (app_guard.h), reads the settings and opens the log.  What fails here has no log yet: it
 * is for app_run_refuse(). */
enum rc app_run_start(struct app_run *r, struct app_conf **out, struct err *e);

/* Says on standard error why the program does not start, with all that is
 * wrong in the settings, and ends what was begun; its exit status. */
int app_run_refuse(struct app_run *r, struct app_conf *conf,
    const struct err *e);

/* Logs the settings' warnings. */
void app_run_settle(const struct app_conf *conf);

/* For a program that serves more than one request: remembers the settings that
 * it started with, for app_run_reload(), loads libcrypto and json-c, raises the
 * limit of open files to files, or to the hard limit where that is lower, and
 * has memory given back that the largest body took. */
void app_run_stay(struct app_run *r, const struct app_conf *conf,
    unsigned int files);

/* own holds what is the program's alone; the rest is the settings'.  *status
 * is what to exit with when it fails. */
enum rc app_run_open_store(struct app_run *r, const struct app_conf *conf,
    const struct store_options *own, int *status, struct err *e);

/*
 * Reads the settings anew and goes on with their log.  NULL when the old ones
 * stay, which is logged; else the caller's to use and free, and
 * app_run_reloaded() says that it is done.
 */
struct app_conf *app_run_reload(struct app_run *r);
void app_run_reloaded(void);

/* Closes store and log. */
void app_run_end(struct app_run *r);

#endif
