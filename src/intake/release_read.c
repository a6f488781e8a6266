#include "config.h"

#include <string.h>

#include "base/js.h"
#include "intake/intake_int.h"
#include "intake/release.h"

struct reader {
	struct release_want *want;
	struct intake_problems *p;
};

static bool
read_member(void *arg, const char *key, struct json_object *value)
{
	struct reader *r = arg;
	struct release_want *w = r->want;

	if (js_is_null(value))
		return true;
	if (strcmp(key, "source") == 0) {
		if (!intake_get_text(value, w->source, sizeof(w->source)))
			intake_problem(r->p, key, "not the name of a source");
	} else if (strcmp(key, "since") == 0) {
		if (!intake_get_time(value, &w->since_ms))
			intake_problem(r->p, key, "not an RFC 3339 time");
	} else if (strcmp(key, "all") == 0) {
		if (!js_get_bool(value, &w->all))
			intake_problem(r->p, key, "neither true nor false");
	} else if (strcmp(key, "dry_run") == 0) {
		if (!js_get_bool(value, &w->dry_run))
			intake_problem(r->p, key, "neither true nor false");
	} else {
		intake_problem(r->p, key, "unknown field");
	}
	return true;
}

enum rc
release_want_read(const char *json, size_t n, struct release_want *out,
    struct intake_problems *p, struct err *e)
{
	struct reader r = { out, p };
	struct js_doc doc = { NULL };
	enum rc rc;

	memset(out, 0, sizeof(*out));
	p->n = 0;
	rc = js_parse(&doc, json, n, e);
	if (rc != RC_OK)
		return rc;
	if (!js_is_object(doc.root)) {
		js_doc_fini(&doc);
		return err_set(e, RC_INVALID, "the body is not a JSON object");
	}
	js_each(doc.root, read_member, &r);
	js_doc_fini(&doc);
	/* Nobody releases everything by leaving members out. */
	if (p->n == 0 && !out->all && out->source[0] == '\0' &&
	    out->since_ms == 0)
		intake_problem(p, "all",
		    "one of source, since and all is needed");
	if (p->n == 0 && out->all && out->source[0] != '\0')
		intake_problem(p, "all", "not together with source");
	if (p->n > 0)
		return err_set(e, RC_INVALID, "%s: %s", p->v[0].field,
		    p->v[0].message);
	return RC_OK;
}
