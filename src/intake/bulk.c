#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/js.h"
#include "base/units.h"
#include "intake/bulk.h"
#include "intake/intake_int.h"
#include "store/store_work.h"

/* Of one transaction: posts wait while it runs. */
#define SLICE 200
#define CALL_MAX 20000

struct reader {
	struct bulk_want *w;
	struct intake_problems *p;
};

/* A number, or its digits, as a cursor has them. */
static bool
get_id(struct json_object *value, int64_t *out)
{
	char text[32];

	if (intake_get_text(value, text, sizeof(text)))
		return units_int_parse(text, out) && *out > 0;
	return js_get_int(value, out) && *out > 0;
}

static bool
get_place(struct json_object *value, struct store_bulk_place *out)
{
	char text[BULK_CURSOR_SIZE], *dash;

	if (!intake_get_text(value, text, sizeof(text)))
		return false;
	dash = strchr(text, '-');
	if (dash == NULL)
		return false;
	*dash = '\0';
	return units_int_parse(text, &out->event) && out->event > 0 &&
	    units_int_parse(dash + 1, &out->job) && out->job > 0;
}

bool
bulk_class_parse(const char *text, int *out)
{
	int c;

	for (c = STORE_CLASS_NONE + 1; c <= (int)STORE_CLASS_US; c++) {
		if (strcmp(store_class_name((enum store_class)c), text) == 0) {
			*out = c;
			return true;
		}
	}
	return false;
}

bool
bulk_state_parse(const char *text, bool cancel, int *out)
{
	enum store_state state;

	if (!store_state_parse(text, &state) ||
	    (state != STORE_WAITING && state != STORE_STATE_DEAD &&
		(!cancel || state != STORE_LEASED)))
		return false;
	*out = (int)state;
	return true;
}

static bool
get_name(struct reader *r, const char *key, struct json_object *value)
{
	char text[32];

	if (!intake_get_text(value, text, sizeof(text)))
		return false;
	return strcmp(key, "class") == 0
	    ? bulk_class_parse(text, &r->w->b.class)
	    : bulk_state_parse(text, r->w->b.cancel, &r->w->b.state);
}

static bool
read_member(void *arg, const char *key, struct json_object *value)
{
	struct reader *r = arg;
	struct bulk_want *w = r->w;
	bool ok;

	if (js_is_null(value))
		return true;
	if (strcmp(key, "webhook_id") == 0)
		ok = intake_get_text(value, w->webhook_id,
			 sizeof(w->webhook_id)) &&
		    webhook_ref_is_valid(w->webhook_id);
	else if (strcmp(key, "type") == 0)
		ok = intake_get_text(value, w->type, sizeof(w->type));
	else if (strcmp(key, "state") == 0 || strcmp(key, "class") == 0)
		ok = get_name(r, key, value);
	else if (strcmp(key, "since") == 0)
		ok = intake_get_time(value, &w->b.since_ms);
	else if (strcmp(key, "until") == 0)
		ok = intake_get_time(value, &w->b.until_ms);
	else if (strcmp(key, "upto") == 0)
		ok = get_id(value, &w->b.upto);
	else if (strcmp(key, "cursor") == 0)
		ok = get_place(value, &w->b.after);
	else if (strcmp(key, "dry_run") == 0)
		ok = js_get_bool(value, &w->b.dry_run);
	else {
		intake_problem(r->p, key, "unknown field");
		return true;
	}
	if (!ok)
		intake_problem(r->p, key, "malformed");
	return true;
}

enum rc
bulk_want_read(const char *json, size_t n, bool cancel, struct bulk_want *out,
    struct intake_problems *p, struct err *e)
{
	struct reader r = { out, p };
	struct js_doc doc = { NULL };
	enum rc rc;

	memset(out, 0, sizeof(*out));
	out->b.state = out->b.class = -1;
	out->b.cancel = cancel;
	p->n = 0;
	rc = js_parse(&doc, json, n, e);
	if (rc != RC_OK)
		return rc;
	if (js_is_object(doc.root))
		js_each(doc.root, read_member, &r);
	else
		rc = err_set(e, RC_INVALID, "the body is not a JSON object");
	js_doc_fini(&doc);
	if (rc == RC_OK && p->n == 0 && out->b.until_ms > 0 &&
	    out->b.until_ms <= out->b.since_ms)
		intake_problem(p, "until", "not later than since");
	if (p->n > 0)
		return err_set(e, RC_INVALID, "%s: %s", p->v[0].field,
		    p->v[0].message);
	return rc;
}

void
bulk_want_waiting(struct bulk_want *w, const char *webhook_id)
{
	memset(w, 0, sizeof(*w));
	w->b.state = STORE_WAITING;
	w->b.class = -1;
	(void)snprintf(w->webhook_id, sizeof(w->webhook_id), "%s", webhook_id);
}

bool
bulk_is_done(const struct bulk_want *w)
{
	return w->b.after.event == 0;
}

const char *
bulk_cursor(const struct bulk_want *w, char out[BULK_CURSOR_SIZE])
{
	if (bulk_is_done(w))
		return NULL;
	(void)snprintf(out, BULK_CURSOR_SIZE, "%lld-%lld",
	    (long long)w->b.after.event, (long long)w->b.after.job);
	return out;
}

enum rc
bulk_some(const struct intake *in, struct bulk_want *w, int64_t until_boot_ms,
    int64_t *n, struct err *e)
{
	int64_t now_ms = clock_wall_ms(in->clock);
	struct store_bulk_place next;
	size_t some;
	enum rc rc;

	*n = 0;
	w->b.webhook_id = w->webhook_id[0] == '\0' ? NULL : w->webhook_id;
	w->b.type = w->type[0] == '\0' ? NULL : w->type;
	do {
		rc = store_job_bulk(in->store, &w->b, SLICE, now_ms, &some,
		    &next, e);
		if (rc != RC_OK)
			break;
		*n += (int64_t)some;
		w->b.after = next;
	} while (!bulk_is_done(w) && *n < CALL_MAX &&
	    clock_boot_ms(in->clock) < until_boot_ms);
	return rc;
}
