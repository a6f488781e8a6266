#include "config.h"

#include <string.h>

#include "base/crypt.h"
#include "base/js.h"
#include "base/units.h"
#include "cmd/ctl.h"
#include "cmd/ctl_webhook.h"
#include "core/webhook.h"
#include "core/whsk.h"

#define JSON_MAX (1u << 20)

enum rc
ctl_webhook_problems(enum rc rc, const char *what,
    const struct registry_problems *p, struct err *e)
{
	struct buf text;
	size_t i;

	if (rc != RC_INVALID || p->n == 0)
		return rc;
	buf_init(&text, 65536);
	for (i = 0; i < p->n; i++)
		buf_addf(&text, "%s%s: %s", i == 0 ? "" : "; ", p->v[i].field,
		    p->v[i].message);
	rc = err_set(e, rc, "%s: %.200s", what, buf_str(&text));
	buf_fini(&text);
	return rc;
}

/* The answer of POST /api/v1/webhooks. */
static void
put_registered(struct ctl *c, const struct webhook *w, bool secret_made)
{
	char public_key[WHSK_PUBLIC_SIZE];
	bool has_key = whsk_public(&w->sign_key, public_key);
	struct js_writer js;

	if (c->json) {
		js_writer_init(&js, &c->out);
		js_open_object(&js, NULL);
		js_str(&js, "id", w->id);
		js_str(&js, "webhook_id", w->id);
		js_str(&js, "name", w->name);
		js_str(&js, "url", w->url);
		js_strlist(&js, "events", &w->events);
		js_str(&js, "team", w->team);
		js_str(&js, "message", "Webhook registered successfully");
		if (secret_made)
			js_str(&js, "secret", w->secret.bytes);
		if (has_key)
			js_str(&js, "public_key", public_key);
		js_close_object(&js);
		buf_add_str(&c->out, "\n");
		return;
	}
	buf_addf(&c->out, "Webhook %s registered for %s\n", w->id, w->url);
	if (secret_made)
		buf_addf(&c->out, "Its secret, shown once:\n%s\n",
		    w->secret.bytes);
	if (has_key)
		buf_addf(&c->out, "Its public key is %s\n", public_key);
}

enum rc
ctl_webhook_register(struct ctl *c, struct err *e)
{
	struct registry_problems p;
	struct webhook *w;
	struct buf json;
	bool secret_made;
	enum rc rc;

	buf_init(&json, JSON_MAX);
	rc = ctl_webhook_json(c, c->args[0], true, &json, e);
	if (rc == RC_OK) {
		memset(&p, 0, sizeof(p));
		rc = registry_create(&c->app.registry, buf_str(&json), json.len,
		    &w, &secret_made, &p, e);
		rc = ctl_webhook_problems(rc, "The webhook was not registered",
		    &p, e);
	}
	if (rc == RC_OK) {
		put_registered(c, w, secret_made);
		webhook_free(w);
	}
	if (json.data != NULL)
		crypt_wipe(json.data, json.len);
	buf_fini(&json);
	return rc;
}

static void
put_changed(struct ctl *c, const struct webhook *w, bool secret_made)
{
	if (c->json) {
		registry_format(&c->app.registry, w, secret_made, NULL,
		    &c->out);
		buf_add_str(&c->out, "\n");
		return;
	}
	buf_addf(&c->out, "Webhook %s is changed.\n", w->id);
	if (secret_made)
		buf_addf(&c->out,
		    "The URL points to another server: its custom headers were "
		    "removed,\nexcept those of this command. It has a new "
		    "secret, shown once; you must\ngive it to the receiver:\n"
		    "%s\n",
		    w->secret.bytes);
}

enum rc
ctl_webhook_update(struct ctl *c, struct err *e)
{
	struct registry_problems p;
	struct registry_text text;
	struct webhook *w;
	struct buf json;
	bool secret_made;
	enum rc rc;

	buf_init(&json, JSON_MAX);
	rc = ctl_webhook_json(c, ctl_option_find(c, "url"), false, &json, e);
	if (rc == RC_OK && strcmp(buf_str(&json), "{}") == 0)
		rc = ctl_usage(c, e,
		    "Nothing to change; hlsctl webhook update --help lists "
		    "what can be.");
	if (rc == RC_OK)
		rc = ctl_webhook_arg(c, e);
	if (rc == RC_OK) {
		memset(&p, 0, sizeof(p));
		text.json = buf_str(&json);
		text.n = json.len;
		rc = registry_change(&c->app.registry, c->args[0], &text, &w,
		    &secret_made, &p, e);
		if (rc == RC_NOTFOUND)
			(void)ctl_no_webhook(c->args[0], e);
		else
			rc = ctl_webhook_problems(rc,
			    "The webhook was not changed", &p, e);
	}
	if (rc == RC_OK) {
		put_changed(c, w, secret_made);
		webhook_free(w);
	}
	if (json.data != NULL)
		crypt_wipe(json.data, json.len);
	buf_fini(&json);
	return rc;
}
