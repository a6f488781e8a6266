/*
 * app_conf - the settings of all programs
 *
 * One table holds every key with type, default, least and most; the keys and
 * their meaning stand in hls.yaml(5).  Settings are read whole or not at
 * all; a program that reloads keeps the old ones until nothing uses them.
 */
#ifndef APP_APP_CONF_H
#define APP_APP_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/strlist.h"
#include "core/source.h"
#include "core/urlpolicy.h"

struct buf;

struct app_user {
	char *name;
	char *role;
};

struct app_conf {
	char *file; /* it was read from */
	struct {
		char *url; /* or path; exactly one is set, url wins the name */
		char *key_file;
		int64_t min_free;
		int64_t max_waiting;
	} database;
	struct {
		char *base_path;
		int64_t threads;
		int64_t max_body;
		int64_t body_memory;
		int64_t deadline_ms;
	} server;
	struct sources sources;
	struct {
		struct urlpolicy policy; /* allow_networks */
		int64_t timeout_ms;
		int64_t connect_timeout_ms;
		int64_t *retry_schedule; /* milliseconds */
		size_t nretries;
		int64_t rate_limit;
		int64_t max_in_flight;
	} outbound;
	struct {
		int64_t concurrency;
		int64_t batch;
		int64_t lease_ms;
		int64_t *retry_schedule;
		size_t nretries;
		int64_t poll_ms;
	} drain;
	struct {
		int64_t drain_seen_ms;
		int64_t overdue_after_ms;
	} monitor;
	struct {
		struct app_user *remote_users;
		size_t nremote_users;
		struct strlist open;
	} auth;
	struct {
		enum log_level level;
		char *target;
	} logging;
};

/* path NULL: $HLS_CONFIG, else SYSCONFDIR/hls/hls.yaml.  RC_INVALID and
 * RC_NOTFOUND with "file:line: key: what is wrong". */
enum rc app_conf_read(const char *path, struct app_conf **out, struct err *e);
void app_conf_free(struct app_conf *c);

/* The effective values as YAML, or JSON, secrets masked. */
void app_conf_show(const struct app_conf *c, bool json, struct buf *out);

#endif
