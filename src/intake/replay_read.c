#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/js.h"
#include "base/units.h"
#include "intake/intake_int.h"
#include "intake/replay.h"

struct reader {
	struct intake_problems *p;
	struct replay_want *replay; /* NULL: it is a recovery */
	int64_t since_ms, until_ms;
	bool dry_run, waiting;
};

static bool
get_status(struct json_object *value, int *out)
{
	enum event_status status;
	char text[32];

	if (!intake_get_text(value, text, sizeof(text)) ||
	    !event_status_parse(text, &status) ||
	    (status != EVENT_COMPLETED && status != EVENT_FAILED))
		return false;
	*out = (int)status;
	return true;
}

static bool
get_cursor(struct json_object *value, int64_t *out)
{
	char text[32];

	return intake_get_text(value, text, sizeof(text)) &&
	    units_int_parse(text, out) && *out > 0;
}

/* The members that only a replay has; false: no such member. */
static bool
read_filter(struct reader *r, const char *key, struct json_object *value)
{
	struct replay_want *w = r->replay;
	bool ok;

	if (w == NULL)
		return false;
	if (strcmp(key, "webhook_id") == 0)
		ok = intake_get_text(value, w->webhook_id,
			 sizeof(w->webhook_id)) &&
		    webhook_ref_is_valid(w->webhook_id);
	else if (strcmp(key, "status") == 0)
		ok = get_status(value, &w->status);
	else if (strcmp(key, "type") == 0)
		ok = intake_get_text(value, w->type, sizeof(w->type));
	else if (strcmp(key, "source") == 0)
		ok = intake_get_text(value, w->source, sizeof(w->source));
	else if (strcmp(key, "repository") == 0)
		ok = intake_get_text(value, w->repository,
		    sizeof(w->repository));
	else if (strcmp(key, "cursor") == 0)
		ok = get_cursor(value, &w->after_id);
	else if (strcmp(key, "missed") == 0)
		ok = js_get_bool(value, &w->missed);
	else
		return false;
	if (!ok)
		intake_problem(r->p, key,
		    strcmp(key, "status") == 0
			? "neither completed nor failed: open events are "
			  "delivered anyway"
			: "malformed");
	return true;
}

static bool
read_member(void *arg, const char *key, struct json_object *value)
{
	struct reader *r = arg;

	if (js_is_null(value) && strcmp(key, "since") != 0)
		return true;
	if (strcmp(key, "since") == 0) {
		if (!intake_get_time(value, &r->since_ms))
			intake_problem(r->p, key, "not an RFC 3339 time");
	} else if (strcmp(key, "until") == 0) {
		if (!intake_get_time(value, &r->until_ms))
			intake_problem(r->p, key, "not an RFC 3339 time");
	} else if (strcmp(key, "dry_run") == 0) {
		if (!js_get_bool(value, &r->dry_run))
			intake_problem(r->p, key, "neither true nor false");
	} else if (r->replay == NULL && strcmp(key, "waiting") == 0) {
		if (!js_get_bool(value, &r->waiting))
			intake_problem(r->p, key, "neither true nor false");
	} else if (!read_filter(r, key, value)) {
		intake_problem(r->p, key, "unknown field");
	}
	return true;
}

static enum rc
read_json(struct reader *r, const char *json, size_t n, struct err *e)
{
	struct js_doc doc = { NULL };
	enum rc rc;

	r->p->n = 0;
	rc = js_parse(&doc, json, n, e);
	if (rc != RC_OK)
		return rc;
	if (!js_is_object(doc.root)) {
		js_doc_fini(&doc);
		return err_set(e, RC_INVALID, "the body is not a JSON object");
	}
	js_each(doc.root, read_member, r);
	/* Everything there ever was is nobody's wish by silence. */
	if (r->since_ms == 0 && !r->waiting && r->p->n == 0)
		intake_problem(r->p, "since", "missing");
	js_doc_fini(&doc);
	if (r->p->n == 0 && r->until_ms > 0 && r->until_ms <= r->since_ms)
		intake_problem(r->p, "until", "not later than since");
	if (r->p->n > 0)
		return err_set(e, RC_INVALID, "%s: %s", r->p->v[0].field,
		    r->p->v[0].message);
	return RC_OK;
}

enum rc
replay_want_read(const char *json, size_t n, struct replay_want *out,
    struct intake_problems *p, struct err *e)
{
	struct reader r = { .p = p, .replay = out };
	enum rc rc;

	memset(out, 0, sizeof(*out));
	out->status = -1;
	rc = read_json(&r, json, n, e);
	out->since_ms = r.since_ms;
	out->until_ms = r.until_ms;
	out->dry_run = r.dry_run;
	if (rc == RC_OK && out->missed && out->webhook_id[0] == '\0') {
		intake_problem(p, "missed", "only with webhook_id");
		rc = err_set(e, RC_INVALID, "missed: only with webhook_id");
	}
	return rc;
}

enum rc
recover_want_read(const char *json, size_t n, struct recover_want *out,
    struct intake_problems *p, struct err *e)
{
	struct reader r = { .p = p };
	enum rc rc = read_json(&r, json, n, e);

	out->since_ms = r.since_ms;
	out->until_ms = r.until_ms;
	out->dry_run = r.dry_run;
	out->waiting = r.waiting;
	return rc;
}
