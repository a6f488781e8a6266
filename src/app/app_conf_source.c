/*
 * Who may post: the rules of each entry of sources, and between them.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/app_conf.h"
#include "app/app_conf_int.h"
#include "base/units.h"
#include "base/xalloc.h"
#include "core/facts.h"
#include "core/jsonptr.h"
#include "core/media.h"
#include "core/notice.h"
#include "core/pubsecret.h"
#include "core/sig.h"
#include "core/webhook.h"
#include "core/whsk.h"

static bool
has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Letters, digits and the bytes in also; true for "". */
static bool
is_word(const char *s, const char *also)
{
	for (; *s != '\0'; s++) {
		if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
		    (*s >= '0' && *s <= '9') || strchr(also, *s) != NULL)
			continue;
		return false;
	}
	return true;
}

bool
app_conf_is_path(const char *s)
{
	size_t n;

	n = strlen(s);
	return n > 1 && s[0] == '/' && s[n - 1] != '/' && is_word(s, "/._~-") &&
	    strstr(s, "//") == NULL && strstr(s, "/.") == NULL;
}

/* White space at an end is there by accident, and the sender has not got
 * it. */
static bool
has_stray_bytes(const struct secret *s)
{
	size_t i;

	for (i = 0; i < s->size; i++)
		if ((unsigned char)s->bytes[i] < ' ' || s->bytes[i] == 0x7f)
			return true;
	return s->size > 0 &&
	    (s->bytes[0] == ' ' || s->bytes[s->size - 1] == ' ');
}

static enum rc
check_secrets(const struct app_conf_reader *r, const struct app_source *raw,
    size_t at, struct err *e)
{
	const struct source as = { .scheme = sig_scheme_find(raw->provider),
		.key = (enum source_key)raw->key };
	const char *wrong;
	size_t i;
	char key[APP_CONF_KEY_SIZE];

	snprintf(key, sizeof(key), "sources[%zu].secrets", at);
	if (raw->secrets.n == 0 && raw->public_keys.n == 0)
		return conf_refuse(r->places, key, e,
		    "missing; without one, anybody could post");
	for (i = 0; i < raw->secrets.n; i++) {
		wrong = NULL;
		if (pubsecret_has(&raw->secrets.v[i]))
			wrong = "an example that everybody knows; make one "
				"with: openssl rand -hex 32";
		else if (has_stray_bytes(&raw->secrets.v[i]))
			wrong = "holds a line end, another control byte, or a "
				"space at its start or end";
		else
			wrong = sig_secret_fault(&as, &raw->secrets.v[i]);
		if (wrong == NULL)
			continue;
		snprintf(key, sizeof(key), "sources[%zu].secrets[%zu]", at, i);
		return conf_refuse(r->places, key, e, "%s", wrong);
	}
	return RC_OK;
}

static enum rc
check_public_keys(const struct app_conf_reader *r, const struct app_source *raw,
    size_t at, struct err *e)
{
	uint8_t bytes[CRYPT_ED25519_SIZE];
	struct secret s = { 0 };
	size_t i;
	bool is_known;
	char key[APP_CONF_KEY_SIZE];

	for (i = 0; i < raw->public_keys.n; i++) {
		snprintf(key, sizeof(key), "sources[%zu].public_keys[%zu]", at,
		    i);
		if (strcmp(raw->provider, "standard") != 0)
			return conf_refuse(r->places, key, e,
			    "belongs to provider standard");
		if (!whsk_public_parse(raw->public_keys.v[i], bytes))
			return conf_refuse(r->places, key, e,
			    "not " WHSK_PUBLIC_PREFIX
			    " and the base64 of 32 bytes");
		secret_put_str(&s, raw->public_keys.v[i]);
		is_known = pubsecret_has(&s);
		secret_fini(&s);
		if (is_known)
			return conf_refuse(r->places, key, e,
			    "an example that everybody has the other half of");
	}
	return RC_OK;
}

/* One source's further paths, which must not hide the API. */
static enum rc
check_paths(const struct app_conf_reader *r, const struct app_source *raw,
    size_t at, struct err *e)
{
	static const char *const ours[] = { "/api", "/queue", "/config",
		"/health", "/ready", "/stats", "/metrics", "/docs",
		"/openapi.json" };
	const char *path;
	size_t i, k, n;
	char key[APP_CONF_KEY_SIZE];

	for (i = 0; i < raw->paths.n; i++) {
		path = raw->paths.v[i];
		snprintf(key, sizeof(key), "sources[%zu].paths[%zu]", at, i);
		if (!app_conf_is_path(path))
			return conf_refuse(r->places, key, e,
			    "not a path of the form /webhook");
		for (k = 0; k < sizeof(ours) / sizeof(ours[0]); k++) {
			n = strlen(ours[k]);
			if (strncmp(path, ours[k], n) == 0 &&
			    (path[n] == '\0' || path[n] == '/'))
				return conf_refuse(r->places, key, e,
				    "%s belongs to the API", ours[k]);
		}
	}
	return RC_OK;
}

static enum rc
check_patterns(const struct app_conf_reader *r, const struct app_source *raw,
    size_t at, struct err *e)
{
	size_t i;
	char key[APP_CONF_KEY_SIZE];

	for (i = 0; i < raw->events.n; i++) {
		if (webhook_pattern_is_valid(raw->events.v[i]))
			continue;
		snprintf(key, sizeof(key), "sources[%zu].events[%zu]", at, i);
		return conf_refuse(r->places, key, e,
		    "not of the form *, issues, issues.opened or "
		    "pull_request.*");
	}
	return RC_OK;
}

/* A media type without parameters, as Content-Type names it. */
static bool
is_media_type(const char *s)
{
	const char *slash = strchr(s, '/');

	return slash != NULL && slash != s && slash[1] != '\0' &&
	    strchr(slash + 1, '/') == NULL && is_word(s, "/!#$&^_.+-");
}

static enum rc
check_content_types(const struct app_conf_reader *r,
    const struct app_source *raw, size_t at, struct err *e)
{
	char key[APP_CONF_KEY_SIZE];
	size_t i;

	for (i = 0; i < raw->content_types.n; i++) {
		if (is_media_type(raw->content_types.v[i]))
			continue;
		snprintf(key, sizeof(key), "sources[%zu].content_types[%zu]",
		    at, i);
		return conf_refuse(r->places, key, e,
		    "not a type of the form text/plain, without parameters");
	}
	return RC_OK;
}

/* A header as it is written in requests.  "_" is refused because web
 * servers turn "-" into it, or drop the header. */
static bool
is_header_name(const char *s)
{
	return s[0] != '\0' && is_word(s, "-");
}

/* The names that stand in braces are of the three, and body is among them. */
static const char *
template_fault(const struct app_source *raw)
{
	const char *p, *end;
	bool has_body;

	has_body = false;
	for (p = raw->template; (p = strpbrk(p, "{}")) != NULL; p = end + 1) {
		end = strchr(p, '}');
		if (*p == '}' || end == NULL)
			return "a brace without its other half";
		if (has_prefix(p, "{body}"))
			has_body = true;
		else if (has_prefix(p, "{timestamp}")) {
			if (raw->timestamp_header[0] == '\0')
				return "{timestamp} needs timestamp_header";
		} else if (has_prefix(p, "{id}")) {
			if (raw->id_header[0] == '\0')
				return "{id} needs id_header";
		} else
			return "knows {id}, {timestamp} and {body} only";
	}
	return has_body ? NULL : "without {body} anything could be posted";
}

/* Where a post's facts stand, which every provider may be told. */
static enum rc
check_facts(const struct app_conf_reader *r, const struct app_source *raw,
    size_t at, struct err *e)
{
	const struct {
		const char *key, *value;
		bool is_pointer;
	} facts[] = {
		{ "id_header", raw->id_header, false },
		{ "event_header", raw->event_header, false },
		{ "id_pointer", raw->id_pointer, true },
		{ "event_pointer", raw->event_pointer, true },
		{ "action_pointer", raw->action_pointer, true },
		{ "repository_pointer", raw->repository_pointer, true },
	};
	size_t i;
	char key[APP_CONF_KEY_SIZE];

	for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		if (facts[i].value[0] == '\0')
			continue;
		snprintf(key, sizeof(key), "sources[%zu].%s", at, facts[i].key);
		if (facts[i].is_pointer && !jsonptr_is_valid(facts[i].value))
			return conf_refuse(r->places, key, e,
			    "not a JSON pointer of the form /data/id");
		if (!facts[i].is_pointer && !is_header_name(facts[i].value))
			return conf_refuse(r->places, key, e,
			    "not a header name of letters, digits and -");
	}
	return RC_OK;
}

static enum rc
check_hmac(const struct app_conf_reader *r, const struct app_source *raw,
    size_t at, struct err *e)
{
	const struct {
		const char *key, *value;
	} headers[] = {
		{ "header", raw->header },
		{ "timestamp_header", raw->timestamp_header },
	};
	const char *fault;
	bool is_hmac;
	size_t i;
	char key[APP_CONF_KEY_SIZE];

	is_hmac = strcmp(raw->provider, "hmac") == 0;
	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		snprintf(key, sizeof(key), "sources[%zu].%s", at,
		    headers[i].key);
		if (!is_hmac && headers[i].value[0] != '\0')
			return conf_refuse(r->places, key, e,
			    "belongs to provider hmac; %s has headers of "
			    "its own",
			    raw->provider);
		if (headers[i].value[0] != '\0' &&
		    !is_header_name(headers[i].value))
			return conf_refuse(r->places, key, e,
			    "not a header name of letters, digits and -");
	}
	if (!is_hmac)
		return RC_OK;
	snprintf(key, sizeof(key), "sources[%zu].header", at);
	if (raw->header[0] == '\0')
		return conf_refuse(r->places, key, e,
		    "missing; provider hmac needs the signature's header");
	fault = template_fault(raw);
	if (fault == NULL)
		return RC_OK;
	snprintf(key, sizeof(key), "sources[%zu].template", at);
	return conf_refuse(r->places, key, e, "%s", fault);
}

static void
add_window(struct source *src, const char *pattern, int64_t ms)
{
	struct source_window *w;

	src->windows = xreallocarray(src->windows, src->nwindows + 1,
	    sizeof(*src->windows));
	w = &src->windows[src->nwindows++];
	w->pattern = xstrdup(pattern);
	w->ms = ms;
}

static bool
has_window(const struct source *src, const char *pattern)
{
	size_t i;

	for (i = 0; i < src->nwindows; i++)
		if (strcmp(src->windows[i].pattern, pattern) == 0)
			return true;
	return false;
}

/* The window in force is put into the raw value too, so that it is shown. */
static void
put_default(struct app_source *raw, int64_t ms)
{
	struct conf_times *l = &raw->replay_window;

	l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n].name = xstrdup(CONF_TIMES_ALL);
	l->v[l->n++].ms = ms;
}

/* What the file says goes before the provider's own exceptions. */
static enum rc
read_replay_window(const struct app_conf_reader *r, struct app_source *raw,
    size_t at, struct source *src, struct err *e)
{
	const char *const *type = sig_repeating_types(src);
	const struct conf_time *t;
	bool has_default = false;
	char key[APP_CONF_KEY_SIZE];
	size_t i;

	for (i = 0; i < raw->replay_window.n; i++) {
		t = &raw->replay_window.v[i];
		if (strcmp(t->name, CONF_TIMES_ALL) == 0) {
			src->replay_window_ms = t->ms;
			has_default = true;
		} else if (webhook_pattern_is_valid(t->name)) {
			add_window(src, t->name, t->ms);
		} else {
			snprintf(key, sizeof(key), "sources[%zu].replay_window",
			    at);
			return conf_refuse(r->places, key, e,
			    "%.64s is neither default nor of the form *, "
			    "issues, issues.opened or pull_request.*",
			    t->name);
		}
	}
	if (!has_default) {
		src->replay_window_ms = sig_replay_window_ms(src);
		put_default(raw, src->replay_window_ms);
	}
	for (; *type != NULL; type++)
		if (!has_window(src, *type))
			add_window(src, *type, 0);
	return RC_OK;
}

static char *
dup_if_any(const char *s)
{
	return s[0] == '\0' ? NULL : xstrdup(s);
}

static void
copy_facts(const struct app_source *raw, struct source_facts *f)
{
	f->id_header = dup_if_any(raw->id_header);
	f->event_header = dup_if_any(raw->event_header);
	f->pointers[SOURCE_ID_POINTER] = dup_if_any(raw->id_pointer);
	f->pointers[SOURCE_EVENT_POINTER] = dup_if_any(raw->event_pointer);
	f->pointers[SOURCE_ACTION_POINTER] = dup_if_any(raw->action_pointer);
	f->pointers[SOURCE_REPOSITORY_POINTER] =
	    dup_if_any(raw->repository_pointer);
}

/* Case does not count in them. */
static void
copy_content_types(const struct app_source *raw, struct source *src)
{
	struct media m;
	size_t i;

	for (i = 0; i < raw->content_types.n; i++) {
		media_parse(raw->content_types.v[i], &m);
		strlist_put(&src->content_types, m.type);
	}
}

/* What the rules have let through, as the core has it. */
static void
copy_source(const struct app_source *raw, struct source *src)
{
	size_t i;

	src->name = xstrdup(raw->name);
	strlist_put_all(&src->paths, &raw->paths);
	strlist_put_all(&src->events, &raw->events);
	strlist_put_all(&src->teams, &raw->team);
	copy_content_types(raw, src);
	src->priority = (int)raw->priority;
	src->dedupe_ms = raw->dedupe_ms;
	src->secrets = xcalloc(raw->secrets.n + 1, sizeof(*src->secrets));
	src->nsecrets = raw->secrets.n;
	src->key = (enum source_key)raw->key;
	for (i = 0; i < raw->secrets.n; i++)
		secret_put(&src->secrets[i], raw->secrets.v[i].bytes,
		    raw->secrets.v[i].size);
	src->public_keys =
	    xcalloc(raw->public_keys.n + 1, sizeof(*src->public_keys));
	for (i = 0; i < raw->public_keys.n; i++)
		(void)whsk_public_parse(raw->public_keys.v[i],
		    src->public_keys[i]);
	src->npublic_keys = raw->public_keys.n;
	copy_facts(raw, &src->facts);
	facts_prepare(src);
	if (strcmp(raw->provider, "hmac") != 0)
		return;
	src->hmac.header = xstrdup(raw->header);
	src->hmac.algorithm = (enum crypt_digest)raw->algorithm;
	src->hmac.encoding = (enum source_encoding)raw->encoding;
	src->hmac.prefix = xstrdup(raw->prefix);
	src->hmac.template = xstrdup(raw->template);
	src->hmac.timestamp_header = dup_if_any(raw->timestamp_header);
	src->hmac.tolerance_ms = raw->tolerance_ms;
}

/* Events of these come from elsewhere, and a sender could take the places of
 * their ids. */
static bool
is_reserved(const char *name)
{
	static const char *const names[] = { "api", "cli", NOTICE_SOURCE,
		"ping" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

static enum rc
read_source(struct app_conf_reader *r, size_t at, struct err *e)
{
	struct app_source *raw;
	struct sources *l;
	struct source *src;
	enum rc rc;
	char key[APP_CONF_KEY_SIZE], fault[sizeof(e->text)];

	l = &r->conf->sources;
	src = &l->v[at];
	raw = (struct app_source *)r->conf->raw.sources.v + at;
	snprintf(key, sizeof(key), "sources[%zu].name", at);
	if (!is_word(raw->name, "_-"))
		return conf_refuse(r->places, key, e,
		    "a name has letters, digits, _ and - only");
	if (is_reserved(raw->name))
		return conf_refuse(r->places, key, e,
		    "api, cli, hls and ping are names that hls itself uses");
	if (source_find(l, raw->name) != NULL)
		return conf_refuse(r->places, key, e,
		    "another source is called %s already", raw->name);
	src->scheme = sig_scheme_find(raw->provider);
	if (src->scheme == NULL) {
		snprintf(key, sizeof(key), "sources[%zu].provider", at);
		return conf_refuse(r->places, key, e,
		    "no such provider; there are github, standard and hmac");
	}
	/* Secrets last: a file of them that is not there hides no other
	 * fault. */
	if ((rc = check_public_keys(r, raw, at, e)) != RC_OK ||
	    (rc = check_paths(r, raw, at, e)) != RC_OK ||
	    (rc = check_patterns(r, raw, at, e)) != RC_OK ||
	    (rc = check_facts(r, raw, at, e)) != RC_OK ||
	    (rc = check_content_types(r, raw, at, e)) != RC_OK ||
	    (rc = check_hmac(r, raw, at, e)) != RC_OK)
		return rc;
	copy_source(raw, src);
	l->n++;
	if ((rc = read_replay_window(r, raw, at, src, e)) != RC_OK)
		return rc;
	if (sig_scheme_check(src, e) == RC_OK) {
		rc = check_secrets(r, raw, at, e);
		if (rc != RC_OK || sig_source_check(src, e) == RC_OK)
			return rc;
	}
	snprintf(key, sizeof(key), "sources[%zu].provider", at);
	snprintf(fault, sizeof(fault), "%s", e->text);
	return conf_refuse(r->places, key, e, "%s", fault);
}

/* No two sources answer at one path, a source's own among them. */
static enum rc
check_clashes(const struct app_conf_reader *r, struct err *e)
{
	char key[APP_CONF_KEY_SIZE], own[160];
	const struct source *other;
	const struct sources *l;
	const char *path;
	size_t i, k;

	l = &r->conf->sources;
	for (i = 0; i < l->n; i++)
		for (k = 0; k <= l->v[i].paths.n; k++) {
			(void)snprintf(own, sizeof(own), "/hooks/%s",
			    l->v[i].name);
			path = k == 0 ? own : l->v[i].paths.v[k - 1];
			other = source_find_path(l, path);
			if (other == &l->v[i])
				continue;
			(void)snprintf(key, sizeof(key), "sources[%zu].paths",
			    i);
			return conf_refuse(r->places, key, e,
			    "source %s answers at %s too",
			    other == NULL ? "?" : other->name, path);
		}
	return RC_OK;
}

static bool
share_secret(const struct source *a, const struct source *b)
{
	size_t i, k;

	for (i = 0; i < a->nsecrets; i++)
		for (k = 0; k < b->nsecrets; k++)
			if (secret_is_equal(&a->secrets[i], b->secrets[k].bytes,
				b->secrets[k].size))
				return true;
	return false;
}

static void
warn_of_shared_secrets(struct app_conf *c)
{
	const struct source *v;
	size_t i, k;
	char *text;

	v = c->sources.v;
	for (i = 0; i < c->sources.n; i++)
		for (k = 0; k < i; k++) {
			if (!share_secret(&v[i], &v[k]))
				continue;
			text = xasprintf("Sources %s and %s share a secret: "
					 "whoever posts to one can post to "
					 "the other.",
			    v[k].name, v[i].name);
			strlist_put(&c->warnings, text);
			free(text);
		}
}

enum rc
app_conf_sources(struct app_conf_reader *r, struct err *e)
{
	struct app_conf *c;
	enum rc rc;
	size_t i;

	c = r->conf;
	c->sources.v = xcalloc(c->raw.sources.n + 1, sizeof(*c->sources.v));
	for (i = 0; i < c->raw.sources.n; i++)
		if ((rc = read_source(r, i, e)) != RC_OK)
			return rc;
	if ((rc = check_clashes(r, e)) != RC_OK)
		return rc;
	warn_of_shared_secrets(c);
	return RC_OK;
}
