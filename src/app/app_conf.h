/*
 * app_conf - the settings of all programs
 *
 * One table holds every key with type, default, least and most; the keys and
 * their meaning stand in hls.yaml(5).  Settings are read whole or not at
 * all; a program that reloads keeps the old ones until nothing uses them.
 *
 * Files are named by absolute paths, or relative to the folder of the
 * configuration file; what is in here is absolute wherever the latter is.
 */
#ifndef APP_APP_CONF_H
#define APP_APP_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/strlist.h"
#include "core/source.h"
#include "core/urlpolicy.h"
#include "registry/registry.h"

struct buf;

struct app_user {
	const char *name; /* borrowed from the settings */
	const char *role; /* a literal */
};

struct app_conf {
	char *file;        /* it was read from */
	bool holds_secret; /* the file itself does, not a file it names */
	struct {
		char *url; /* "sqlite:/path", also when the file says path */
		char *key_file;
		int64_t min_free;
		int64_t max_waiting;
	} database;
	struct {
		char *base_path; /* "" or "/hls" */
		int64_t threads;
		int64_t max_body;
		int64_t body_memory;
		int64_t deadline_ms;
	} server;
	struct sources sources;
	struct {
		struct urlpolicy policy; /* allow_networks */
		char *ca_file;           /* "": the system's */
		int64_t timeout_ms;
		int64_t connect_timeout_ms;
		struct conf_durations retry_schedule;
		int64_t rate_limit; /* thousandths */
		int64_t max_in_flight;
		int64_t breaker_failures;
		int64_t breaker_open_ms;
		int64_t disable_after_ms; /* 0: never */
	} outbound;
	struct registry_defaults defaults; /* those of outbound */
	struct {
		char *worker_id;     /* "": none given */
		int64_t concurrency; /* of deliveries */
		/* Of the other kinds. */
		struct {
			int64_t exec, analyze, draft, act, publish, alert;
		} kinds;
		int64_t batch;
		int64_t lease_ms;
		struct conf_durations retry_schedule;
		int64_t poll_ms;
	} drain;
	struct {
		int64_t drain_seen_ms;
		int64_t overdue_after_ms;
	} monitor;
	struct {
		struct app_user *remote_users;
		size_t nremote_users;
		bool remote_users_over_tcp;
		struct strlist open;
	} auth;
	struct {
		enum log_level level;
		char *target;
	} logging;

	/* What a person should know, a sentence each; nothing is wrong. */
	struct strlist warnings;

	/* As the file has it, where the above is in another form. */
	struct {
		char *path;
		char *level;
		struct strlist allow_networks;
		struct conf_map remote_users;
		struct conf_objects sources;
	} raw;
};

/*
 * Reads path; NULL is $HLS_CONFIG, else SYSCONFDIR/hls/hls.yaml.  vars
 * lives as long as the program: the variables are wiped from the
 * environment once read, and a later reading finds them there.
 *
 * RC_NOTFOUND	there is no such file.
 * RC_INVALID	"file:line: key: what is wrong".
 * RC_DENIED	the file, or a secret's file, is open to others.
 */
enum rc app_conf_read(const char *path, struct conf_vars *vars,
    struct app_conf **out, struct err *e);
void app_conf_free(struct app_conf *c);

/* The file that app_conf_read() reads for path, which may be NULL; borrowed. */
const char *app_conf_path(const char *path, const struct conf_vars *vars);

/* All that app_conf_read() would refuse, a sentence each, by line; none when it
 * would refuse nothing. */
void app_conf_faults(const char *path, struct conf_vars *vars,
    struct strlist *out);

/* The effective values as YAML, or JSON, secrets masked. */
void app_conf_show(const struct app_conf *c, bool json, struct buf *out);

/* The keys, for whoever lists them. */
const struct conf_table *app_conf_table(void);

#endif
