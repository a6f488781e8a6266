#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/js.h"
#include "base/jsscan.h"
#include "base/strlist.h"
#include "core/event.h"
#include "core/match.h"
#include "core/webhook.h"
#include "intake/intake.h"
#include "store/store_admin.h"

/* All of a request but data: a few names and short values. */
#define REST_MAX 65536
#define TEAMS_MAX 100
#define AHEAD_MAX_MS (366 * 86400 * INT64_C(1000))

struct publish {
	const struct intake *in;
	struct intake_direct d;
	struct strlist teams;
	const char *fallback_id; /* NULL: a random one */
	char uuid[ID_UUID_SIZE];
	char webhook_id[WEBHOOK_ID_MAX + 1];
	struct intake_problems *problems;
};

static void problem(struct publish *p, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
problem(struct publish *p, const char *field, const char *fmt, ...)
{
	size_t i = p->problems->n;
	va_list ap;

	if (i == INTAKE_PROBLEMS_MAX)
		return;
	p->problems->n++;
	(void)snprintf(p->problems->v[i].field, sizeof(p->problems->v[i].field),
	    "%s", field);
	va_start(ap, fmt);
	(void)vsnprintf(p->problems->v[i].message,
	    sizeof(p->problems->v[i].message), fmt, ap);
	va_end(ap);
}

/* A string that is_valid takes, into *out, borrowed from the document. */
static void
read_word(struct publish *p, const char *field, struct json_object *value,
    bool (*is_valid)(const char *), const char **out)
{
	const char *text;
	size_t n;

	if (!js_get_str(value, &text, &n) || strlen(text) != n ||
	    !is_valid(text))
		problem(p, field, "missing or malformed");
	else
		*out = text;
}

/* An id of any other kind is replaced by its digest. */
static bool
is_not_empty(const char *text)
{
	return *text != '\0';
}

/* What hls says of itself nobody else says in its name. */
static void
read_type(struct publish *p, const char *field, struct json_object *value)
{
	read_word(p, field, value, event_type_is_valid, &p->d.type);
	if (p->d.type != NULL && event_type_is_reserved(p->d.type))
		problem(p, field,
		    "hls, and " MATCH_OWN_PREFIX
		    " at the start, are kept for hls's own events");
}

static void
read_teams(struct publish *p, const char *field, struct json_object *value)
{
	const char *text;
	size_t n, i;

	if (js_get_str(value, &text, &n)) {
		if (strlen(text) == n)
			strlist_put(&p->teams, text);
	} else if (!js_get_strlist(value, &p->teams)) {
		problem(p, field, "neither a string nor a list of them");
		return;
	}
	if (p->teams.n > TEAMS_MAX)
		problem(p, field, "more than %d", TEAMS_MAX);
	for (i = 0; i < p->teams.n && i <= TEAMS_MAX; i++)
		if (!event_team_is_valid(p->teams.v[i]))
			problem(p, field, "entry %zu is malformed", i);
}

static void
read_priority(struct publish *p, const char *field, struct json_object *value)
{
	int64_t n;

	if (!js_get_int(value, &n) || n < 0 || n > 9)
		problem(p, field, "not a number from 0 to 9");
	else
		p->d.priority = (int)n;
}

static void
read_time(struct publish *p, const char *field, struct json_object *value)
{
	const char *text;
	size_t n;

	if (!js_get_str(value, &text, &n) || strlen(text) != n ||
	    !clock_parse(text, &p->d.scheduled_ms))
		problem(p, field, "not an RFC 3339 time");
	else if (p->d.scheduled_ms > clock_wall_ms(p->in->clock) + AHEAD_MAX_MS)
		problem(p, field, "more than a year ahead");
}

static bool
read_member(void *arg, const char *key, struct json_object *value)
{
	struct publish *p = arg;

	if (strcmp(key, "data") == 0)
		return true;
	if (strcmp(key, "event") == 0)
		read_type(p, key, value);
	else if (strcmp(key, "team") == 0 && !js_is_null(value))
		read_teams(p, key, value);
	else if (strcmp(key, "delivery_id") == 0)
		read_word(p, key, value, is_not_empty, &p->d.delivery_id);
	else if (strcmp(key, "repository") == 0)
		read_word(p, key, value, event_repository_is_valid,
		    &p->d.repository);
	else if (strcmp(key, "webhook_id") == 0)
		read_word(p, key, value, webhook_ref_is_valid,
		    &p->d.webhook_id);
	else if (strcmp(key, "priority") == 0)
		read_priority(p, key, value);
	else if (strcmp(key, "scheduled_at") == 0)
		read_time(p, key, value);
	else if (strcmp(key, "team") != 0)
		problem(p, key, "unknown field");
	return true;
}

/* The bytes of data as they stand in the request, a string's quotes too. */
static void
take_data(struct publish *p, const struct jsscan_want *data)
{
	size_t quote = data->type == JSSCAN_STRING ? 1 : 0;

	p->d.body = data->text - quote;
	p->d.bodysz = data->n + 2 * quote;
}

/*
 * A receiver may go by the type in the body alone, as those of Standard
 * Webhooks do, and the event may go to a webhook that asks for hls's own.
 */
static void
judge_data_type(struct publish *p, const struct jsscan_want *type)
{
	char text[EVENT_TYPE_MAX + 1];

	text[0] = '\0';
	if (type->type == JSSCAN_STRING)
		(void)jsscan_decode_cut(type->text, type->n, text,
		    sizeof(text) - 1);
	if (type->is_doubled)
		problem(p, "data", "its member type stands twice");
	else if (event_type_is_reserved(text))
		problem(p, "data",
		    "its type is hls or begins with " MATCH_OWN_PREFIX
		    ", as only those of hls's own events do");
}

/* Reads the request with null in data's place, however long that is. */
static enum rc
read_rest(struct publish *p, const char *json, size_t n, struct js_doc *doc,
    struct err *e)
{
	const char *body = p->d.body;
	struct buf rest;
	enum rc rc;

	buf_init(&rest, REST_MAX);
	if (body == NULL) {
		problem(p, "data", "missing");
		buf_add(&rest, json, n);
	} else {
		buf_add(&rest, json, (size_t)(body - json));
		buf_add_str(&rest, "null");
		buf_add(&rest, body + p->d.bodysz,
		    (size_t)(json + n - (body + p->d.bodysz)));
	}
	if (buf_is_over(&rest)) {
		problem(p, "", "the fields other than data exceed %d bytes",
		    REST_MAX);
		rc = err_set(e, RC_INVALID, "too many fields");
	} else {
		rc = js_parse(doc, buf_str(&rest), rest.len, e);
	}
	buf_fini(&rest);
	return rc;
}

/* RC_EXISTS: it is disabled, and the event would pass it by. */
static enum rc
check_enabled(struct publish *p, struct err *e)
{
	struct webhook *w;
	enum rc rc;

	rc = store_webhook_find(p->in->store, p->webhook_id, &w, e);
	if (rc != RC_OK)
		return rc;
	if (!w->enabled)
		rc = err_set(e, RC_EXISTS,
		    "webhook %s is disabled and would get nothing; enable it "
		    "first",
		    p->webhook_id);
	webhook_free(w);
	return rc;
}

/* An event for a webhook that does not exist would vanish unseen. */
static enum rc
check_webhook(struct publish *p, struct err *e)
{
	enum rc rc;

	if (p->d.webhook_id == NULL)
		return RC_OK;
	rc = store_webhook_resolve(p->in->store, p->d.webhook_id, p->webhook_id,
	    e);
	if (rc == RC_OK) {
		p->d.webhook_id = p->webhook_id;
		rc = check_enabled(p, e);
	} else if (rc == RC_NOTFOUND || rc == RC_EXISTS) {
		problem(p, "webhook_id",
		    rc == RC_EXISTS ? "it is the beginning of several ids"
				    : "no such webhook");
		rc = RC_OK;
	}
	return rc;
}

static enum rc
publish(struct publish *p, struct json_object *root, struct intake_outcome *out,
    struct err *e)
{
	enum rc rc;

	js_each(root, read_member, p);
	if (js_find(root, "event") == NULL)
		problem(p, "event", "missing");
	rc = check_webhook(p, e);
	if (rc != RC_OK)
		return rc;
	if (p->problems->n > 0)
		return err_set(e, RC_INVALID, "%s: %s", p->problems->v[0].field,
		    p->problems->v[0].message);

	if (p->d.delivery_id == NULL)
		p->d.delivery_id = p->fallback_id;
	if (p->d.delivery_id == NULL) {
		id_uuid4(p->uuid);
		p->d.delivery_id = p->uuid;
	}
	p->d.teams = (const char *const *)p->teams.v;
	p->d.nteams = p->teams.n;
	return intake_direct(p->in, &p->d, out, e);
}

enum rc
intake_publish(const struct intake *in, const char *json, size_t jsonsz,
    const char *delivery_id, struct intake_outcome *out,
    struct intake_problems *problems, struct err *e)
{
	struct jsscan_want wants[] = { { .key = "data" },
		{ .key = "data", .subkey = "type" } };
	const struct jsscan_want *data = &wants[0], *type = &wants[1];
	struct publish p = { .in = in,
		.fallback_id = delivery_id,
		.d = { .source = "api",
		    .provider = "api",
		    .priority = EVENT_PRIORITY_DEFAULT,
		    .content_type = "application/json" },
		.problems = problems };
	struct js_doc doc = { NULL };
	enum jsscan_type root;
	enum rc rc;

	problems->n = 0;
	memset(out, 0, sizeof(*out));
	/* data is its publisher's, and passed on as it stands; the rest is
	 * ours to understand, so read_rest() is strict. */
	rc = jsscan_any(json, jsonsz, JSSCAN_ANY_DEPTH_MAX + 1, &root, wants, 2,
	    e);
	if (rc != RC_OK)
		return rc;
	if (root != JSSCAN_OBJECT)
		return err_set(e, RC_INVALID, "the body is not a JSON object");
	if (data->type != JSSCAN_ABSENT)
		take_data(&p, data);
	judge_data_type(&p, type);
	rc = read_rest(&p, json, jsonsz, &doc, e);
	if (rc == RC_OK)
		rc = publish(&p, doc.root, out, e);
	js_doc_fini(&doc);
	strlist_fini(&p.teams);
	return rc;
}
