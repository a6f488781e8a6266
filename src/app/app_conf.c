#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app_conf.h"
#include "app/app_conf_int.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/xalloc.h"

/* Of faults that are reported. */
#define FAULTS_MAX 100

static bool
has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Takes *path and puts the absolute form in its place. */
static void
make_absolute(const struct app_conf_reader *r, char **path)
{
	char *text;

	if ((*path)[0] == '/' || (*path)[0] == '\0')
		return;
	text = xasprintf("%s/%s", r->folder, *path);
	free(*path);
	*path = text;
}

static enum rc
read_database(struct app_conf_reader *r, struct err *e)
{
	static const char scheme[] = "sqlite:";
	struct app_conf *c;
	char *path;

	c = r->conf;
	if (c->database.url[0] != '\0' && c->raw.path[0] != '\0')
		return conf_refuse(r->places, "database.path", e,
		    "url names the database already; leave one of them out");
	if (has_prefix(c->database.url, "postgresql:") ||
	    has_prefix(c->database.url, "postgres:"))
		return conf_refuse(r->places, "database.url", e,
		    "PostgreSQL is not in this version; sqlite:/path is");
	if (c->raw.path[0] != '\0')
		path = xstrdup(c->raw.path);
	else if (c->database.url[0] == '\0')
		path = xstrdup(LOCALSTATEDIR "/lib/hls/hls.db");
	else if (has_prefix(c->database.url, scheme))
		path = xstrdup(c->database.url + strlen(scheme));
	else if (strchr(c->database.url, ':') == NULL)
		path = xstrdup(c->database.url);
	else
		return conf_refuse(r->places, "database.url", e,
		    "not of the form sqlite:/path/to/hls.db");
	if (path[0] == '\0' || path[strlen(path) - 1] == '/') {
		free(path);
		return conf_refuse(r->places, "database.url", e,
		    "names no file; sqlite:/path/to/hls.db does");
	}
	make_absolute(r, &path);
	free(c->database.url);
	c->database.url = xasprintf("%s%s", scheme, path);
	free(path);
	make_absolute(r, &c->database.key_file);
	return RC_OK;
}

static enum rc
read_server(struct app_conf_reader *r, struct err *e)
{
	struct app_conf *c;

	c = r->conf;
	if (c->outbound.ca_file[0] != '\0')
		make_absolute(r, &c->outbound.ca_file);
	if (c->server.base_path[0] != '\0' &&
	    !app_conf_is_path(c->server.base_path))
		return conf_refuse(r->places, "server.base_path", e,
		    "not empty and not of the form /hls");
	if (c->server.body_memory < c->server.max_body)
		return conf_refuse(r->places, "server.body_memory", e,
		    "less than server.max_body, so the largest request "
		    "would never fit");
	return RC_OK;
}

static enum rc
read_outbound(struct app_conf_reader *r, struct err *e)
{
	const struct strlist *l;
	struct err why;
	size_t i;
	char key[APP_CONF_KEY_SIZE];

	l = &r->conf->raw.allow_networks;
	for (i = 0; i < l->n; i++) {
		if (urlpolicy_allow(&r->conf->outbound.policy, l->v[i], &why) ==
		    RC_OK)
			continue;
		snprintf(key, sizeof(key), "outbound.allow_networks[%zu]", i);
		return conf_refuse(r->places, key, e, "%s", why.text);
	}
	return RC_OK;
}

/* Figures alone: a slip of the pen must not show webhooks to everybody. */
static bool
can_be_open(const char *path)
{
	static const char *const paths[] = { "/stats", "/queue/stats",
		"/metrics" };
	size_t i;

	if (strncmp(path, "/api/", 5) == 0)
		path += 4;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (strcmp(path, paths[i]) == 0)
			return true;
	return false;
}

static enum rc
read_auth(struct app_conf_reader *r, struct err *e)
{
	const struct conf_map *m;
	struct app_conf *c;
	size_t i;
	char key[APP_CONF_KEY_SIZE];

	c = r->conf;
	m = &c->raw.remote_users;
	c->auth.remote_users = xcalloc(m->n + 1, sizeof(*c->auth.remote_users));
	for (i = 0; i < m->n; i++) {
		c->auth.remote_users[i].name = m->v[i].name;
		c->auth.remote_users[i].role = app_conf_roles[m->v[i].word];
	}
	c->auth.nremote_users = m->n;
	for (i = 0; i < c->auth.open.n; i++) {
		if (can_be_open(c->auth.open.v[i]))
			continue;
		snprintf(key, sizeof(key), "auth.open[%zu]", i);
		return conf_refuse(r->places, key, e,
		    "not one of /stats, /queue/stats and /metrics");
	}
	return RC_OK;
}

static enum rc
read_logging(struct app_conf_reader *r, struct err *e)
{
	struct app_conf *c;

	c = r->conf;
	if (!log_level_parse(c->raw.level, &c->logging.level))
		return conf_refuse(r->places, "logging.level", e,
		    "not one of debug, info, warn, error");
	if (strcmp(c->logging.target, "stderr") != 0 &&
	    strcmp(c->logging.target, "syslog") != 0)
		make_absolute(r, &c->logging.target);
	return RC_OK;
}

static void
fill_defaults(struct app_conf *c)
{
	c->defaults = (struct registry_defaults){
		.rate_limit = c->outbound.rate_limit,
		.max_in_flight = c->outbound.max_in_flight,
		.timeout_ms = c->outbound.timeout_ms,
		.retry_schedule = c->outbound.retry_schedule.ms,
		.nretries = c->outbound.retry_schedule.n,
	};
}

const char *
app_conf_path(const char *path, const struct conf_vars *vars)
{
	if (path == NULL)
		path = conf_vars_find(vars, "HLS_CONFIG");
	return path == NULL || path[0] == '\0' ? SYSCONFDIR "/hls/hls.yaml"
					       : path;
}

/* What the table cannot say, and what follows from the values. */
static enum rc
apply_rules(struct app_conf *c, const char *path, struct conf_places *places,
    struct err *e)
{
	struct app_conf_reader r = { .conf = c, .places = places };
	enum rc rc;

	c->file = xstrdup(path);
	c->holds_secret = conf_holds_secret(places);
	fill_defaults(c);
	r.folder = file_folder_of(path);
	if ((rc = read_database(&r, e)) == RC_OK &&
	    (rc = read_server(&r, e)) == RC_OK &&
	    (rc = read_outbound(&r, e)) == RC_OK &&
	    (rc = read_auth(&r, e)) == RC_OK &&
	    (rc = read_logging(&r, e)) == RC_OK)
		rc = app_conf_sources(&r, e);
	free(r.folder);
	return rc;
}

enum rc
app_conf_read(const char *path, struct conf_vars *vars, struct app_conf **out,
    struct err *e)
{
	struct conf_places *places = NULL;
	struct app_conf *c;
	enum rc rc;

	*out = NULL;
	path = app_conf_path(path, vars);
	c = xcalloc(1, sizeof(*c));
	rc = conf_read(path, app_conf_table(), vars, c, &places, e);
	if (rc != RC_OK) {
		free(c);
		return rc;
	}
	rc = apply_rules(c, path, places, e);
	conf_places_free(places);
	if (rc == RC_OK)
		*out = c;
	else
		app_conf_free(c);
	return rc;
}

/* The line in "file:line: ...", whose file is n bytes long. */
static unsigned long
line_of(const char *fault, size_t n)
{
	return strlen(fault) > n ? strtoul(fault + n + 1, NULL, 10) : 0;
}

/* By line; those of one line stay in their order. */
static void
sort_faults(struct strlist *l, size_t n)
{
	char *fault;
	size_t i, k;

	for (i = 1; i < l->n; i++) {
		fault = l->v[i];
		for (k = i;
		     k > 0 && line_of(l->v[k - 1], n) > line_of(fault, n); k--)
			l->v[k] = l->v[k - 1];
		l->v[k] = fault;
	}
}

void
app_conf_faults(const char *path, struct conf_vars *vars, struct strlist *out)
{
	struct conf_places *places = NULL;
	struct app_conf *c;
	bool is_echo = false;
	struct err e;
	enum rc rc;

	path = app_conf_path(path, vars);
	rc = conf_load(path, vars, &places, &e);
	if (rc != RC_OK)
		strlist_put(out, e.text);
	while (rc == RC_OK && out->n < FAULTS_MAX) {
		c = xcalloc(1, sizeof(*c));
		rc = conf_take(places, app_conf_table(), c, &e);
		if (rc == RC_OK) {
			rc = apply_rules(c, path, places, &e);
			app_conf_free(c);
		} else {
			free(c);
		}
		if (rc == RC_OK)
			break;
		rc = conf_pass_over(places, &is_echo) ? RC_OK : rc;
		if (!is_echo)
			strlist_put(out, e.text);
	}
	conf_places_free(places);
	sort_faults(out, strlen(path));
}

void
app_conf_free(struct app_conf *c)
{
	if (c == NULL)
		return;
	free(c->file);
	free(c->auth.remote_users);
	strlist_fini(&c->warnings);
	sources_fini(&c->sources);
	urlpolicy_fini(&c->outbound.policy);
	conf_fini(app_conf_table(), c);
	free(c);
}

void
app_conf_show(const struct app_conf *c, bool json, struct buf *out)
{
	conf_show(app_conf_table(), c, json, out);
}
