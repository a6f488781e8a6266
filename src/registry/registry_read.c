#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/js.h"
#include "base/units.h"
#include "base/url.h"
#include "base/xalloc.h"
#include "core/bucket.h"
#include "core/event.h"
#include "core/filter.h"
#include "core/jsonptr.h"
#include "core/pubsecret.h"
#include "core/signout.h"
#include "core/urlpolicy.h"
#include "core/webhook.h"
#include "core/whsec.h"
#include "core/whsk.h"
#include "registry/registry_int.h"

#define SECRET_MIN 16
#define SECRET_MAX 256
#define EVENTS_MAX 200
#define DESCRIPTION_MAX 1000
#define TIMEOUT_MIN_MS 100
#define TIMEOUT_MAX_MS (5 * 60 * 1000)
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS (7 * 86400 * INT64_C(1000))

void
registry_problem(struct registry_problems *p, const char *field,
    const char *fmt, ...)
{
	va_list ap;

	if (p->n == REGISTRY_PROBLEMS_MAX)
		return;
	(void)snprintf(p->v[p->n].field, sizeof(p->v[p->n].field), "%s", field);
	va_start(ap, fmt);
	(void)vsnprintf(p->v[p->n].message, sizeof(p->v[p->n].message), fmt,
	    ap);
	va_end(ap);
	p->n++;
}

static void wrong(struct registry_read *rd, const char *field, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

static void
wrong(struct registry_read *rd, const char *field, const char *fmt, ...)
{
	char name[WEBHOOK_ID_MAX + 64], text[160];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)snprintf(name, sizeof(name), "%s%s%s", rd->prefix,
	    *rd->prefix == '\0' ? "" : ".", field);
	registry_problem(rd->p, name, "%s", text);
}

/* A string without NUL, or NULL. */
static const char *
text_of(struct json_object *value)
{
	const char *text;
	size_t n;

	return js_get_str(value, &text, &n) && strlen(text) == n ? text : NULL;
}

static void
put_text(char **to, const char *text)
{
	free(*to);
	*to = text == NULL ? NULL : xstrdup(text);
}

static void
read_url(struct registry_read *rd, const char *field, struct json_object *value)
{
	const char *text = text_of(value);
	struct url u;
	struct err e;

	if (js_is_null(value)) {
		wrong(rd, field, "has no default");
	} else if (text == NULL) {
		wrong(rd, field, "not a string");
	} else if (url_parse(text, &u, &e) != RC_OK) {
		wrong(rd, field, "%s", e.text);
	} else {
		if (urlpolicy_check_url(rd->r->policy, &u, &e) != RC_OK)
			wrong(rd, field, "%s", e.text);
		else
			put_text(&rd->w->url, u.text);
		url_fini(&u);
	}
}

static void
read_events(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	struct strlist l = { 0 };
	size_t i;

	if (!js_is_null(value) && !js_get_strlist(value, &l))
		wrong(rd, field, "not a list of strings");
	if (l.n > EVENTS_MAX)
		wrong(rd, field, "more than %d", EVENTS_MAX);
	for (i = 0; i < l.n; i++)
		if (!webhook_pattern_is_valid(l.v[i]))
			wrong(rd, field,
			    "entry %zu is not of the form *, issues, "
			    "issues.opened or pull_request.*",
			    i);
	strlist_fini(&rd->w->events);
	rd->w->events = l;
}

static size_t
characters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void
read_secret(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	const char *text = text_of(value);
	uint8_t key[WHSEC_KEY_MAX];
	struct secret s = { 0 };
	size_t n;

	/* A new registration without one has one made. */
	if (js_is_null(value) && !secret_is_set(&rd->w->secret) &&
	    !rd->is_import)
		return;
	if (js_is_null(value)) {
		wrong(rd, field,
		    "has no default; rotate-secret makes a new one");
		return;
	}
	if (text == NULL || characters(text) < SECRET_MIN ||
	    strlen(text) > SECRET_MAX) {
		wrong(rd, field, "not a string of %d to %d characters",
		    SECRET_MIN, SECRET_MAX);
		return;
	}
	for (n = 0; text[n] != '\0'; n++) {
		if ((unsigned char)text[n] < 0x20 || text[n] == 0x7f) {
			wrong(rd, field, "holds a control character");
			return;
		}
	}
	secret_put_str(&s, text);
	if (pubsecret_has(&s))
		wrong(rd, field,
		    "a published example; leave it out and hls makes one");
	else if (whsec_has_version(&s))
		wrong(rd, field, "begins with v1, which is not part of it");
	else if (text[0] == ' ' &&
	    strncmp(text + strspn(text, " "), WHSEC_PREFIX,
		strlen(WHSEC_PREFIX)) == 0)
		wrong(rd, field, "begins with a space");
	else if (whsk_is_key(&s))
		wrong(rd, field,
		    "a key of a pair; leave it out and hls makes a secret");
	else if (whsec_has_prefix(&s) &&
	    (!whsec_parse(&s, key, &n) || n < WHSEC_KEY_MIN))
		wrong(rd, field,
		    "behind " WHSEC_PREFIX
		    " there must be base64 of %d to %d bytes",
		    WHSEC_KEY_MIN, WHSEC_KEY_MAX);
	crypt_wipe(key, sizeof(key));
	secret_fini(&s);
	if (!secret_is_equal(&rd->w->secret, text, strlen(text))) {
		registry_retire_secret(rd->w, false, rd->now_ms);
		secret_put_str(&rd->w->secret, text);
	}
}

static void
read_team(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	const char *text = text_of(value);

	if (js_is_null(value) || (text != NULL && event_team_is_valid(text)))
		put_text(&rd->w->team, text);
	else
		wrong(rd, field, "not a string of 1 to %d characters",
		    EVENT_TEAM_MAX);
}

static void
read_name(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	const char *text = text_of(value);

	if (js_is_null(value) || (text != NULL && webhook_name_is_valid(text)))
		put_text(&rd->w->name, text);
	else
		wrong(rd, field,
		    "not a string of 1 to %d bytes without control "
		    "characters and slashes",
		    WEBHOOK_NAME_MAX);
}

static void
read_description(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	const char *text = text_of(value);

	if (js_is_null(value) ||
	    (text != NULL && strlen(text) <= DESCRIPTION_MAX))
		put_text(&rd->w->description, text);
	else
		wrong(rd, field, "not a string of at most %d bytes",
		    DESCRIPTION_MAX);
}

static bool
read_header(void *arg, const char *name, struct json_object *value)
{
	struct registry_read *rd = arg;
	const char *text = text_of(value);
	size_t i;

	if (text == NULL ||
	    !webhook_header_is_valid(name, text, strlen(text))) {
		wrong(rd, "headers", "%.64s is reserved, malformed or too long",
		    name);
		return true;
	}
	if (strcasecmp(name, "Authorization") == 0 && !rd->r->is_admin)
		wrong(rd, "headers", "only an admin may set Authorization");
	for (i = 0; i < rd->w->nheaders; i++)
		if (strcasecmp(rd->w->headers[i].name, name) == 0)
			wrong(rd, "headers", "%.64s is given twice", name);
	if (rd->w->nheaders == WEBHOOK_HEADERS_MAX) {
		wrong(rd, "headers", "more than %d", WEBHOOK_HEADERS_MAX);
		return false;
	}
	webhook_header_put(rd->w, name, text, strlen(text));
	return true;
}

static void
read_headers(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	webhook_headers_clear(rd->w);
	if (js_is_object(value))
		js_each(value, read_header, rd);
	else if (!js_is_null(value))
		wrong(rd, field, "not an object of names and values");
}

static void
read_signatures(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	struct strlist l = { 0 };
	size_t i;

	if (!js_is_null(value) && !js_get_strlist(value, &l))
		wrong(rd, field, "not a list of strings");
	strlist_fini(&rd->w->signatures);
	for (i = 0; i < l.n; i++) {
		if (signout_form_parse(l.v[i]) == 0)
			wrong(rd, field,
			    "not supported: %.64s; there are " SIGNOUT_NAMES,
			    l.v[i]);
		else if (!strlist_has(&rd->w->signatures, l.v[i]))
			strlist_put(&rd->w->signatures, l.v[i]);
	}
	strlist_fini(&l);
	if (strlist_has(&rd->w->signatures, "standard-ed25519"))
		registry_need_sign_key(rd->w);
}

static void
read_cloudevents(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	rd->w->cloudevents = false;
	if (!js_is_null(value) && !js_get_bool(value, &rd->w->cloudevents))
		wrong(rd, field, "neither true nor false");
}

static void
read_body(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	const char *text = text_of(value);

	if (js_is_null(value))
		rd->w->body = WEBHOOK_RAW;
	else if (text == NULL || !webhook_body_parse(text, &rd->w->body))
		wrong(rd, field, "not raw, envelope or json");
}

static void
read_on_dead(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	const char *text = text_of(value);

	if (js_is_null(value))
		rd->w->on_dead = WEBHOOK_HOLD;
	else if (text == NULL || !webhook_on_dead_parse(text, &rd->w->on_dead))
		wrong(rd, field, "neither hold nor skip");
}

static bool
read_tls_file(void *arg, const char *name, struct json_object *value)
{
	struct registry_read *rd = arg;
	const char *text = text_of(value);
	char field[128];
	char **to;

	(void)snprintf(field, sizeof(field), "tls.%.64s", name);
	if (strcmp(name, "ca_file") == 0) {
		to = &rd->w->tls.ca_file;
	} else if (strcmp(name, "cert_file") == 0) {
		to = &rd->w->tls.cert_file;
	} else if (strcmp(name, "key_file") == 0) {
		to = &rd->w->tls.key_file;
	} else {
		wrong(rd, field, "unknown field");
		return true;
	}
	if (js_is_null(value) || (text != NULL && webhook_file_is_valid(text)))
		put_text(to, text);
	else
		wrong(rd, field, "not an absolute path of at most %d bytes",
		    WEBHOOK_FILE_MAX);
	return true;
}

/* Members that are absent stay, as everywhere; null takes all away. */
static void
read_tls(struct registry_read *rd, const char *field, struct json_object *value)
{
	/* They name files that hls reads, whoever may not. */
	if (!rd->r->is_admin && !js_is_null(value)) {
		wrong(rd, field, "only an admin may set it");
	} else if (js_is_object(value)) {
		js_each(value, read_tls_file, rd);
	} else if (!js_is_null(value)) {
		wrong(rd, field,
		    "not an object of ca_file, cert_file and key_file");
	} else {
		webhook_tls_clear(rd->w);
	}
	if (rd->w->tls.key_file != NULL && rd->w->tls.cert_file == NULL)
		wrong(rd, "tls.cert_file", "missing beside key_file");
}

/* null goes back to the setting for all. */
static void
read_number(struct registry_read *rd, const char *field,
    struct json_object *value, int64_t least, int64_t most, int64_t *to)
{
	int64_t n = -1;

	if (!js_is_null(value) &&
	    (!js_get_int(value, &n) || n < least || n > most))
		wrong(rd, field, "not a number from %lld to %lld",
		    (long long)least, (long long)most);
	else
		*to = n;
}

static void
read_rate_limit(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	int64_t rate = -1;
	struct buf text;

	buf_init(&text, 64);
	if (!js_is_null(value))
		js_write(value, &text);
	if (!js_is_null(value) &&
	    (buf_is_over(&text) || !units_milli_parse(buf_str(&text), &rate) ||
		rate > BUCKET_RATE_MAX))
		wrong(rd, field,
		    "not a number from 0 to %d with at most three digits "
		    "after the point",
		    BUCKET_PER_SECOND_MAX);
	else
		rd->w->rate_limit = rate;
	buf_fini(&text);
}

static void
read_max_in_flight(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	read_number(rd, field, value, 1, WEBHOOK_IN_FLIGHT_MAX,
	    &rd->w->max_in_flight);
}

/* "15s", or a number of seconds that may have a fraction. */
static bool
parse_duration(struct json_object *value, int64_t *ms)
{
	const char *text = text_of(value);
	struct buf number;
	bool ok;

	if (text != NULL)
		return units_duration_parse(text, ms);
	buf_init(&number, 64);
	js_write(value, &number);
	ok =
	    !buf_is_over(&number) && units_duration_parse(buf_str(&number), ms);
	buf_fini(&number);
	return ok;
}

static void
read_timeout(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	int64_t ms = -1;

	if (!js_is_null(value) &&
	    (!parse_duration(value, &ms) || ms < TIMEOUT_MIN_MS ||
		ms > TIMEOUT_MAX_MS))
		wrong(rd, field, "not a duration from 100ms to 5m");
	else
		rd->w->timeout_ms = ms;
}

static void
read_retry_schedule(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	size_t i, n = js_array_size(value);
	int64_t *waits;

	if (js_is_null(value)) {
		free(rd->w->retry_schedule);
		rd->w->retry_schedule = NULL;
		rd->w->nretries = 0;
		return;
	}
	if (!js_is_array(value) || n > WEBHOOK_RETRIES_MAX) {
		wrong(rd, field, "not a list of at most %d durations",
		    WEBHOOK_RETRIES_MAX);
		return;
	}
	/* One more, because no entry at all is a schedule too. */
	waits = xcalloc(n + 1, sizeof(*waits));
	for (i = 0; i < n; i++)
		if (!parse_duration(js_array_at(value, i), &waits[i]) ||
		    waits[i] < RETRY_MIN_MS || waits[i] > RETRY_MAX_MS)
			wrong(rd, field,
			    "entry %zu is not a duration from 100ms to 7d", i);
	free(rd->w->retry_schedule);
	rd->w->retry_schedule = waits;
	rd->w->nretries = n;
}

static void
read_enabled(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	bool was = rd->w->enabled;

	if (js_is_null(value))
		rd->w->enabled = true;
	else if (!js_get_bool(value, &rd->w->enabled))
		wrong(rd, field, "neither true nor false");
	if (rd->w->enabled && !was)
		rd->w->breaker = BREAKER_CLOSED;
}

static void
read_order_by(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	const char *text = text_of(value);

	if (js_is_null(value) ||
	    (text != NULL && webhook_order_by_is_valid(text)))
		put_text(&rd->w->order_by, text);
	else
		wrong(rd, field,
		    "neither a JSON pointer (/issue/number) nor repository "
		    "nor webhook");
}

/* What is wrong is named by its path: filter.or.1./issue/state. */
static void
read_filter(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	char path[FILTER_PATH_SIZE], name[FILTER_PATH_SIZE + 16];
	struct jsonptr_set *paths;
	struct filter *filter;
	struct buf text;
	struct err e;

	if (js_is_null(value)) {
		put_text(&rd->w->filter, NULL);
		return;
	}
	buf_init(&text, FILTER_TEXT_MAX + 1);
	js_write(value, &text);
	paths = jsonptr_set_new();
	if (buf_is_over(&text)) {
		wrong(rd, field, "over %d bytes", FILTER_TEXT_MAX);
	} else if (filter_new(buf_str(&text), text.len, paths, &filter, path,
		       &e) != RC_OK) {
		(void)snprintf(name, sizeof(name), "%s%s%s", field,
		    *path == '\0' ? "" : ".", path);
		wrong(rd, name, "%s", e.text);
	} else {
		/* Without a test it wants everything, as none does. */
		put_text(&rd->w->filter,
		    filter_is_empty(filter) ? NULL : buf_str(&text));
		filter_free(filter);
	}
	jsonptr_set_free(paths);
	buf_fini(&text);
}

static void
read_ignored(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	(void)rd;
	(void)field;
	(void)value;
}

/* What other systems wrote has often no zone, and means UTC. */
static void
read_time(struct registry_read *rd, const char *field,
    struct json_object *value, int64_t *to)
{
	const char *text = text_of(value);
	char zoned[64];

	if (js_is_null(value))
		return;
	if (text != NULL && clock_parse(text, to))
		return;
	(void)snprintf(zoned, sizeof(zoned), "%.60sZ",
	    text == NULL ? "" : text);
	if (!clock_parse(zoned, to))
		wrong(rd, field, "not a time");
}

static void
read_created_at(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	read_time(rd, field, value, &rd->w->created_ms);
}

static void
read_last_success(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	read_time(rd, field, value, &rd->w->last_success_ms);
}

static void
read_last_failure(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	read_time(rd, field, value, &rd->w->last_failure_ms);
}

static void
read_total_calls(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	read_number(rd, field, value, 0, INT64_MAX, &rd->w->total_calls);
}

static void
read_failed_calls(struct registry_read *rd, const char *field,
    struct json_object *value)
{
	read_number(rd, field, value, 0, INT64_MAX, &rd->w->failed_calls);
}

static const struct member {
	const char *name;
	bool is_import; /* not taken from the API */
	void (*read)(struct registry_read *rd, const char *field,
	    struct json_object *value);
} members[] = {
	{ "url", false, read_url },
	{ "name", false, read_name },
	{ "events", false, read_events },
	{ "secret", false, read_secret },
	{ "team", false, read_team },
	{ "sport", false, read_ignored },
	{ "description", false, read_description },
	{ "headers", false, read_headers },
	{ "signatures", false, read_signatures },
	{ "body", false, read_body },
	{ "cloudevents", false, read_cloudevents },
	{ "rate_limit", false, read_rate_limit },
	{ "max_in_flight", false, read_max_in_flight },
	{ "timeout", false, read_timeout },
	{ "retry_schedule", false, read_retry_schedule },
	{ "order_by", false, read_order_by },
	{ "on_dead", false, read_on_dead },
	{ "tls", false, read_tls },
	{ "filter", false, read_filter },
	{ "enabled", false, read_enabled },
	{ "id", true, read_ignored },
	{ "created_at", true, read_created_at },
	{ "total_calls", true, read_total_calls },
	{ "failed_calls", true, read_failed_calls },
	{ "last_success", true, read_last_success },
	{ "last_failure", true, read_last_failure },
};

static bool
read_member(void *arg, const char *key, struct json_object *value)
{
	struct registry_read *rd = arg;
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (strcmp(key, members[i].name) == 0 &&
		    (rd->is_import || !members[i].is_import)) {
			members[i].read(rd, key, value);
			return true;
		}
	}
	wrong(rd, key, "unknown field");
	return true;
}

void
registry_read(struct registry_read *rd, struct json_object *o)
{
	js_each(o, read_member, rd);
}
