#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/jsonptr.h"
#include "core/judge.h"
#include "core/webhook.h"

enum order {
	ORDER_NONE,
	ORDER_ALL, /* one key for all of the webhook's */
	ORDER_REPOSITORY,
	ORDER_BODY
};

/* One registration. */
struct rule {
	const struct webhook *webhook;
	struct filter *filter; /* NULL: none */
	bool is_broken;        /* has one that cannot be read */
	enum order order;
	size_t order_path; /* of ORDER_BODY */
};

struct judge {
	struct judge_bodies bodies;
	struct rule *v;
	size_t n;
	struct jsonptr_set *paths; /* of all of them */

	/* Of the event at hand. */
	const struct event *event;
	bool is_read, is_json;
	char *body;
	struct event_json json;
	struct jsonptr_value *values; /* in the body */
};

static void
rule_init(struct judge *m, struct rule *r, const struct webhook *w)
{
	char path[FILTER_PATH_SIZE];
	struct err e;

	r->webhook = w;
	if (w->filter != NULL)
		r->is_broken = filter_new(w->filter, strlen(w->filter),
				   m->paths, &r->filter, path, &e) != RC_OK;
	if (w->order_by == NULL || !webhook_order_by_is_valid(w->order_by))
		return;
	if (strcmp(w->order_by, "webhook") == 0) {
		r->order = ORDER_ALL;
	} else if (strcmp(w->order_by, "repository") == 0) {
		r->order = ORDER_REPOSITORY;
	} else {
		r->order = ORDER_BODY;
		r->order_path = jsonptr_add(m->paths, w->order_by);
	}
}

struct judge *
judge_new(struct webhook *const *v, size_t n, const struct judge_bodies *bodies)
{
	struct judge *m = xcalloc(1, sizeof(*m));
	size_t i;

	m->bodies = *bodies;
	m->paths = jsonptr_set_new();
	m->n = n;
	m->v = xcalloc(m->n + 1, sizeof(*m->v));
	for (i = 0; i < m->n; i++)
		rule_init(m, &m->v[i], v[i]);
	m->values = xcalloc(jsonptr_count(m->paths) + 1, sizeof(*m->values));
	return m;
}

void
judge_free(struct judge *m)
{
	size_t i;

	if (m == NULL)
		return;
	judge_end(m);
	for (i = 0; i < m->n; i++)
		filter_free(m->v[i].filter);
	free(m->v);
	free(m->values);
	jsonptr_set_free(m->paths);
	free(m);
}

void
judge_begin(struct judge *m, const struct event *ev)
{
	judge_end(m);
	m->event = ev;
}

void
judge_end(struct judge *m)
{
	event_json_fini(&m->json);
	free(m->body);
	m->body = NULL;
	m->event = NULL;
	m->is_read = m->is_json = false;
}

/* The values point into the body or what it holds, so both stay until the
 * end. */
static enum rc
read_body(struct judge *m, struct err *e)
{
	size_t n;
	enum rc rc;

	if (m->is_read)
		return RC_OK;
	rc = m->bodies.read(m->bodies.arg, m->event, &m->body, &n, e);
	if (rc != RC_OK && rc != RC_NOTFOUND)
		return rc;
	if (rc == RC_OK)
		event_json_init(&m->json, m->event->content_type, m->body, n);
	m->is_json = m->json.text != NULL &&
	    jsonptr_scan(m->paths, m->json.text, m->json.n, m->values);
	m->is_read = true;
	return RC_OK;
}

/* A key as it is, or, where it is too long or no text, its digest. */
static void
put_key(struct judge_verdict *out, const char *key, size_t n, bool is_text)
{
	static const char prefix[] = "sha256:";
	uint8_t digest[CRYPT_SHA256_SIZE];

	out->order_key = out->text;
	if (is_text && n <= JUDGE_ORDER_KEY_MAX) {
		memcpy(out->text, key, n);
		out->text[n] = '\0';
		return;
	}
	crypt_sha256(key, n, digest);
	memcpy(out->text, prefix, sizeof(prefix));
	crypt_hex_format(digest, sizeof(digest),
	    out->text + sizeof(prefix) - 1);
}

/* The key from a value in the body; there is none where there is no value,
 * and none in a list or an object. */
static void
put_body_key(const struct jsonptr_value *v, struct judge_verdict *out)
{
	char plain[JUDGE_ORDER_KEY_MAX + 1];

	if (v->type != JSSCAN_STRING) {
		if (v->type == JSSCAN_NUMBER || v->type == JSSCAN_BOOL)
			put_key(out, v->text, v->n, true);
	} else if (jsscan_decode(v->text, v->n, plain, JUDGE_ORDER_KEY_MAX)) {
		put_key(out, plain, strlen(plain), true);
	} else {
		put_key(out, v->text, v->n, false);
	}
}

static enum rc
find_key(struct judge *m, const struct rule *r, struct judge_verdict *out,
    struct err *e)
{
	const char *repository = m->event->repository;
	enum rc rc;

	/* A test is answered for now, not when its turn has come. */
	if (event_is_test(m->event))
		return RC_OK;
	switch (r->order) {
	case ORDER_NONE:
		break;
	case ORDER_ALL:
		put_key(out, "", 0, true);
		break;
	case ORDER_REPOSITORY:
		if (strcmp(repository, "unknown") != 0)
			put_key(out, repository, strlen(repository), true);
		break;
	case ORDER_BODY:
		rc = read_body(m, e);
		if (rc != RC_OK)
			return rc;
		if (m->is_json)
			put_body_key(&m->values[r->order_path], out);
		break;
	}
	return RC_OK;
}

static enum rc
ask_filter(struct judge *m, const struct rule *r, struct judge_verdict *out,
    struct err *e)
{
	bool reads = r->filter != NULL && filter_reads_body(r->filter);
	enum rc rc;

	/* An event for one webhook alone goes there whatever that wants. */
	if (m->event->webhook_id != NULL ||
	    (r->filter == NULL && !r->is_broken))
		return RC_OK;
	out->filtered = true;
	if (r->is_broken) {
		out->wants = false;
		out->is_broken = true;
		return RC_OK;
	}
	if (reads) {
		rc = read_body(m, e);
		if (rc != RC_OK)
			return rc;
	}
	out->wants = filter_holds(r->filter, m->event,
	    reads && m->is_json ? m->values : NULL, &out->why);
	return RC_OK;
}

enum event_passed
judge_passed(const struct judge_verdict *v)
{
	switch (v->match) {
	case MATCH_DISABLED:
		return EVENT_PASSED_DISABLED;
	case MATCH_OTHER:
		return EVENT_PASSED_OTHER;
	case MATCH_TEAM:
		return EVENT_PASSED_TEAM;
	case MATCH_PATTERN:
	case MATCH_SUSPECT: /* which owes nobody anything */
		return EVENT_PASSED_EVENTS;
	case MATCH_YES:
		break;
	}
	return v->is_broken ? EVENT_PASSED_FILTER_ERROR : EVENT_PASSED_FILTER;
}

enum rc
judge_webhook(struct judge *m, size_t i, struct judge_verdict *out,
    struct err *e)
{
	const struct rule *r = &m->v[i];
	enum rc rc = RC_OK;

	out->match = match_judge(r->webhook, m->event);
	out->wants = out->match == MATCH_YES;
	out->filtered = false;
	out->is_broken = false;
	out->order_key = NULL;
	if (out->wants)
		rc = ask_filter(m, r, out, e);
	if (rc == RC_OK && out->wants)
		rc = find_key(m, r, out, e);
	return rc;
}
