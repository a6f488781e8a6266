#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/js.h"
#include "base/strlist.h"
#include "base/xalloc.h"
#include "core/webhook.h"
#include "registry/registry_int.h"
#include "store/store_admin.h"

struct import {
	const struct registry *r;
	struct registry_problems *p;
	struct strlist *disabled;
	bool replace;
	int64_t now_ms;
	struct webhook **v;
	size_t n;
	enum rc rc; /* of the store, when it failed */
	struct err *e;
};

/* Found now and named, rather than by the whole import failing. */
static enum rc
check_taken(struct import *im, const char *id)
{
	struct webhook *there = NULL;
	enum rc rc;

	if (im->replace)
		return RC_OK;
	rc = store_webhook_find(im->r->store, id, &there, im->e);
	webhook_free(there);
	if (rc == RC_NOTFOUND)
		return RC_OK;
	if (rc == RC_OK)
		registry_problem(im->p, id, "exists already");
	return rc;
}

static bool
read_one(void *arg, const char *id, struct json_object *value)
{
	struct import *im = arg;
	struct registry_read rd = { .r = im->r,
		.p = im->p,
		.prefix = id,
		.now_ms = im->now_ms,
		.is_import = true };
	struct webhook *w;

	if (!webhook_id_is_valid(id) || !js_is_object(value)) {
		registry_problem(im->p, id,
		    "not an id with an object as its value");
		return true;
	}
	w = webhook_new();
	w->id = xstrdup(id);
	w->created_ms = im->now_ms;
	w->updated_ms = im->now_ms;
	im->v = xreallocarray(im->v, im->n + 1, sizeof(*im->v));
	im->v[im->n++] = w;

	rd.w = w;
	registry_read(&rd, value);
	if (js_find(value, "url") == NULL || js_find(value, "secret") == NULL)
		registry_problem(im->p, id, "url or secret is missing");
	/* Empty means all here and meant none there. */
	if (w->events.n == 0) {
		w->enabled = false;
		strlist_put(im->disabled, id);
	}
	if (!w->enabled)
		w->disabled_ms = im->now_ms;
	im->rc = check_taken(im, id);
	return im->rc == RC_OK;
}

static enum rc
import(struct import *im, struct json_object *root, bool dry_run)
{
	enum rc rc;

	js_each(root, read_one, im);
	if (im->rc != RC_OK)
		return im->rc;
	rc = registry_verdict(im->p, im->e);
	if (rc != RC_OK || dry_run)
		return rc;
	return store_webhook_put_all(im->r->store,
	    (const struct webhook *const *)im->v, im->n, im->replace, im->e);
}

enum rc
registry_import(const struct registry *r, const char *json, size_t n,
    const struct registry_import_options *opt, struct registry_imported *out,
    struct err *e)
{
	struct import im = { .r = r,
		.p = &out->problems,
		.disabled = &out->disabled,
		.replace = opt->replace,
		.now_ms = clock_wall_ms(r->clock),
		.e = e };
	struct js_doc doc;
	enum rc rc;
	size_t i;

	memset(out, 0, sizeof(*out));
	rc = js_parse_any(&doc, json, n, e);
	if (rc != RC_OK)
		return rc;
	if (js_is_object(doc.root))
		rc = import(&im, doc.root, opt->dry_run);
	else
		rc = err_set(e, RC_INVALID, "not a JSON object of webhooks");
	js_doc_fini(&doc);

	if (rc == RC_OK)
		out->count = im.n;
	for (i = 0; i < im.n; i++)
		webhook_free(im.v[i]);
	free(im.v);
	return rc;
}
