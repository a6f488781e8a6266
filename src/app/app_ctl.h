/*
 * app_ctl - what hlsctl is made of
 *
 * Settings, store, registrations and intake, each opened when a command
 * asks for it and not before: init has no store yet, and config check must
 * not need one.
 */
#ifndef APP_APP_CTL_H
#define APP_APP_CTL_H

#include "base/err.h"
#include "intake/intake.h"
#include "registry/registry.h"
#include "store/store.h"

struct app_conf;
struct clock;
struct conf_vars;

struct app_ctl {
	const struct clock *clock;
	struct conf_vars *vars;
	struct app_conf *conf;    /* NULL before app_ctl_configure() */
	struct store *store;      /* NULL before app_ctl_open() */
	struct registry registry; /* usable with the store */
	struct intake intake;
};

void app_ctl_init(struct app_ctl *a);
void app_ctl_fini(struct app_ctl *a);

/* Codes as app_conf_read(). */
enum rc app_ctl_configure(struct app_ctl *a, const char *path, struct err *e);

/* Codes as store_open(); after app_ctl_configure(). */
enum rc app_ctl_open(struct app_ctl *a, struct err *e);

/* What the store is opened or made with; borrows from the settings. */
void app_ctl_store_options(const struct app_ctl *a, struct store_options *out);

#endif
