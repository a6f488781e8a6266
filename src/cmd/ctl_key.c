#include "config.h"

#include <stdlib.h>

#include "app/app_conf.h"
#include "base/js.h"
#include "cmd/ctl.h"
#include "store/store_admin.h"

/* The webhooks that nothing can be signed for. */
static enum rc
list_lost(struct ctl *c, struct store_webhooks *out, struct err *e)
{
	static const struct store_webhook_filter all = { .enabled = -1,
		.health = -1 };
	size_t i, n = 0;
	enum rc rc;

	rc = store_webhook_list(c->app.store, &all, out, e);
	for (i = 0; rc == RC_OK && i < out->n; i++) {
		if (out->v[i]->damage != NULL)
			out->v[n++] = out->v[i];
		else
			webhook_free(out->v[i]);
	}
	if (rc == RC_OK)
		out->n = n;
	return rc;
}

static void
put_json(struct ctl *c, const struct store_key_change *k,
    const struct store_webhooks *lost)
{
	struct js_writer w;
	size_t i;

	js_writer_init(&w, &c->out);
	js_open_object(&w, NULL);
	js_str(&w, "key_file", c->app.conf->database.key_file);
	js_str(&w, "old_key_file", k->kept);
	js_int(&w, "sealed", (int64_t)k->sealed);
	js_open_array(&w, "lost");
	for (i = 0; i < lost->n; i++)
		js_str(&w, NULL, lost->v[i]->id);
	js_close_array(&w);
	js_close_object(&w);
	buf_add_str(&c->out, "\n");
}

static void
put_text(struct ctl *c, const struct store_key_change *k,
    const struct store_webhooks *lost)
{
	size_t i;

	buf_addf(&c->out, "New key: %s", c->app.conf->database.key_file);
	if (k->sealed > 0)
		buf_addf(&c->out, "; %zu webhook%s sealed under it", k->sealed,
		    k->sealed == 1 ? "" : "s");
	buf_add_str(&c->out, ".\n");
	if (k->kept != NULL)
		buf_addf(&c->out,
		    "The old one is %s: keep it as long as backups from "
		    "before.\n",
		    k->kept);
	if (lost->n == 0)
		return;
	buf_add_str(&c->out,
	    "The secrets and custom headers of these webhooks are lost; their "
	    "deliveries wait, and\nno attempt is used up, until hlsctl webhook "
	    "rotate-secret ID, or update ID --secret-file FILE:\n");
	for (i = 0; i < lost->n; i++) {
		buf_addf(&c->out, "  %s  ", lost->v[i]->id);
		ctl_put_text(c, lost->v[i]->url);
		buf_add_str(&c->out, "\n");
	}
}

static enum rc
change(struct ctl *c, bool rotate, struct err *e)
{
	struct store_key_change k;
	struct store_webhooks lost = { 0 };
	enum rc rc;

	rc = store_key_change(c->app.store, rotate, &k, e);
	if (rc == RC_OK)
		rc = list_lost(c, &lost, e);
	if (rc == RC_OK && c->json)
		put_json(c, &k, &lost);
	else if (rc == RC_OK)
		put_text(c, &k, &lost);
	store_webhooks_free(&lost);
	free(k.kept);
	return rc;
}

static enum rc
run_replace(struct ctl *c, struct err *e)
{
	return change(c, false, e);
}

static enum rc
run_rotate(struct ctl *c, struct err *e)
{
	return change(c, true, e);
}

static const struct ctl_cmd cmds[] = {
	{ .verb = "replace",
	    .args = "",
	    .needs = CTL_CONF | CTL_STORE,
	    .run = run_replace,
	    .doc = "Makes a new key after the old one was lost, and lists the "
		   "webhooks that need a new secret. Running programs "
		   "notice the new key." },
	{ .verb = "rotate",
	    .args = "",
	    .needs = CTL_CONF | CTL_STORE,
	    .run = run_rotate,
	    .doc = "Makes a new key and encrypts all secrets with it; "
		   "programs may run." },
};

const struct ctl_noun ctl_key = { "key",
	"change the key that secrets are encrypted under", cmds, 2 };
