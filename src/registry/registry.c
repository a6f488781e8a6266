#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/id.h"
#include "base/js.h"
#include "base/xalloc.h"
#include "core/urlmask.h"
#include "core/webhook.h"
#include "core/whsec.h"
#include "core/whsk.h"
#include "registry/registry_int.h"
#include "store/store_admin.h"

#define JSON_MAX (256u << 10)

enum rc
registry_verdict(const struct registry_problems *p, struct err *e)
{
	if (p->n == 0)
		return RC_OK;
	return err_set(e, RC_INVALID, "%s: %s", p->v[0].field, p->v[0].message);
}

static enum rc
parse(struct js_doc *doc, const char *json, size_t n, struct err *e)
{
	enum rc rc;

	if (n > JSON_MAX)
		return err_set(e, RC_TOOBIG,
		    "a registration has at most %u bytes", JSON_MAX);
	rc = js_parse(doc, json, n, e);
	if (rc != RC_OK)
		return rc;
	if (js_is_object(doc->root))
		return RC_OK;
	js_doc_fini(doc);
	return err_set(e, RC_INVALID, "the body is not a JSON object");
}

static void
require(struct json_object *root, const char *field,
    struct registry_problems *p)
{
	if (js_find(root, field) == NULL)
		registry_problem(p, field, "missing");
}

static struct webhook *
make(const struct registry *r, struct json_object *root,
    struct registry_problems *p)
{
	struct registry_read rd = { .r = r, .p = p, .prefix = "" };
	char id[ID_UUID_SIZE];
	struct webhook *w = webhook_new();

	id_uuid4(id);
	w->id = xstrdup(id);
	w->created_ms = clock_wall_ms(r->clock);
	w->updated_ms = w->created_ms;
	rd.w = w;
	rd.now_ms = w->created_ms;
	require(root, "url", p);
	require(root, "events", p);
	registry_read(&rd, root);
	if (!w->enabled)
		w->disabled_ms = w->created_ms;
	return w;
}

enum rc
registry_create(const struct registry *r, const char *json, size_t n,
    struct webhook **out, bool *secret_made, struct registry_problems *p,
    struct err *e)
{
	struct webhook *w;
	struct js_doc doc;
	enum rc rc;

	*out = NULL;
	*secret_made = false;
	p->n = 0;
	rc = parse(&doc, json, n, e);
	if (rc != RC_OK)
		return rc;
	w = make(r, doc.root, p);
	js_doc_fini(&doc);

	rc = registry_verdict(p, e);
	if (rc == RC_OK && !secret_is_set(&w->secret)) {
		registry_make_secret(w);
		*secret_made = true;
	}
	if (rc == RC_OK)
		rc = store_webhook_put(r->store, w, e);
	if (rc == RC_OK)
		*out = w;
	else
		webhook_free(w);
	return rc;
}

struct change {
	struct registry_read rd;
	struct json_object *root;
	bool secret_made;
};

static bool
has_authorization(const struct webhook *w)
{
	size_t i;

	for (i = 0; i < w->nheaders; i++)
		if (strcasecmp(w->headers[i].name, "Authorization") == 0)
			return true;
	return false;
}

/* The key for its signatures may be lost together with its secret. */
static void
restore_sign_key(struct webhook *w)
{
	if (w->damage != NULL &&
	    strlist_has(&w->signatures, "standard-ed25519"))
		registry_need_sign_key(w);
}

/* Drops what belonged to the receiver at the old address, unless it was given
 * again. */
static void
forget_secrets(struct change *c, struct webhook *w)
{
	if (js_find(c->root, "headers") == NULL)
		webhook_headers_clear(w);
	if (js_find(c->root, "tls") == NULL)
		webhook_tls_clear(w);
	webhook_olds_end(w, INT64_MAX);
	if (secret_is_set(&w->sign_key)) {
		secret_fini(&w->sign_key);
		registry_need_sign_key(w);
	}
	if (js_find(c->root, "secret") == NULL) {
		secret_fini(&w->secret);
		registry_make_secret(w);
		c->secret_made = true;
	}
}

/* May run again on the webhook as it was, when the store had to. */
static enum rc
change(void *arg, struct webhook *w, struct err *e)
{
	struct change *c = arg;
	char *url = xstrdup(w->url);

	c->rd.w = w;
	c->rd.p->n = 0;
	c->secret_made = false;
	registry_read(&c->rd, c->root);
	restore_sign_key(w);
	/* What an admin set for one receiver is nobody else's to get. */
	if (!c->rd.r->is_admin && has_authorization(w) &&
	    strcmp(url, w->url) != 0)
		registry_problem(c->rd.p, "url",
		    "only an admin may change it, because Authorization "
		    "is sent to it");
	if (!urlmask_same_origin(url, w->url))
		forget_secrets(c, w);
	free(url);
	w->updated_ms = c->rd.now_ms;
	return registry_verdict(c->rd.p, e);
}

enum rc
registry_change(const struct registry *r, const char *id,
    const struct registry_text *text, struct webhook **out, bool *secret_made,
    struct registry_problems *p, struct err *e)
{
	struct change c = { .rd = { .r = r, .p = p, .prefix = "" } };
	struct js_doc doc;
	enum rc rc;

	*out = NULL;
	*secret_made = false;
	p->n = 0;
	rc = parse(&doc, text->json, text->n, e);
	if (rc != RC_OK)
		return rc;
	c.root = doc.root;
	c.rd.now_ms = clock_wall_ms(r->clock);
	rc = store_webhook_change(r->store, id, change, &c, out, e);
	*secret_made = rc == RC_OK && c.secret_made;
	js_doc_fini(&doc);
	return rc;
}

struct toggle {
	bool enable;
	int64_t now_ms;
	int64_t *since_ms;
};

/* Where the time is not known, all that came before its last delivery had a
 * delivery. */
static int64_t
passing_since(const struct webhook *w)
{
	int64_t last = w->created_ms;

	if (w->disabled_ms > 0)
		return w->disabled_ms;
	if (last < w->last_success_ms)
		last = w->last_success_ms;
	return last < w->last_failure_ms ? w->last_failure_ms : last;
}

static enum rc
toggle(void *arg, struct webhook *w, struct err *e)
{
	const struct toggle *t = arg;

	(void)e;
	*t->since_ms = w->enabled ? 0 : passing_since(w);
	w->enabled = t->enable;
	if (t->enable)
		w->breaker = BREAKER_CLOSED;
	w->updated_ms = t->now_ms;
	return RC_OK;
}

enum rc
registry_enable(const struct registry *r, const char *id, bool enable,
    int64_t *since_ms, struct webhook **out, struct err *e)
{
	struct toggle t = { enable, clock_wall_ms(r->clock), since_ms };

	*out = NULL;
	return store_webhook_change(r->store, id, toggle, &t, out, e);
}

struct rotation {
	bool at_once;
	int64_t now_ms;
};

static enum rc
rotate(void *arg, struct webhook *w, struct err *e)
{
	const struct rotation *r = arg;
	bool has_key = secret_is_set(&w->sign_key);

	(void)e;
	registry_retire_secret(w, true, r->now_ms);
	registry_make_secret(w);
	if (has_key)
		registry_need_sign_key(w);
	restore_sign_key(w);
	if (r->at_once)
		webhook_olds_end(w, INT64_MAX);
	w->updated_ms = r->now_ms;
	return RC_OK;
}

enum rc
registry_rotate(const struct registry *r, const char *id, bool at_once,
    struct webhook **out, struct err *e)
{
	struct rotation arg = { at_once, clock_wall_ms(r->clock) };

	*out = NULL;
	return store_webhook_change(r->store, id, rotate, &arg, out, e);
}
