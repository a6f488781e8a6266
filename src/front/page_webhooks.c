#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/token.h"
#include "core/webhook.h"
#include "core/whsk.h"
#include "front/page.h"
#include "front/reply.h"
#include "intake/bulk.h"
#include "intake/replay.h"
#include "store/store_admin.h"
#include "store/store_read.h"

/* 422 when the registry named fields; else what rc says. */
static enum rc
refused(struct page *pg, enum rc rc, const struct registry_problems *p)
{
	struct reply_field fields[REGISTRY_PROBLEMS_MAX];
	size_t i;

	if (rc == RC_INVALID && p->n > 0) {
		for (i = 0; i < p->n; i++) {
			fields[i].field = p->v[i].field;
			fields[i].message = p->v[i].message;
		}
		reply_invalid(pg->resp, pg->req->request_id, fields, p->n);
	}
	return rc;
}

static void
note(struct page *pg, const char *id)
{
	(void)snprintf(pg->note.webhook_id, sizeof(pg->note.webhook_id), "%s",
	    id);
}

/* The webhook as the list's object; takes w. */
static void
answer(struct page *pg, struct webhook *w, bool show_secret,
    const struct registry_beside *beside)
{
	const struct registry r = page_registry(pg);

	note(pg, w->id);
	pg->resp->status = 200;
	pg->resp->content_type = "application/json";
	registry_format(&r, w, show_secret, beside, &pg->resp->body);
	buf_add_str(&pg->resp->body, "\n");
	webhook_free(w);
}

enum rc
page_webhooks_register(struct page *pg, struct err *e)
{
	const struct registry r = page_registry(pg);
	struct registry_problems p = { .n = 0 };
	char public_key[WHSK_PUBLIC_SIZE];
	struct webhook *hook;
	struct js_writer w;
	bool made;
	enum rc rc;

	rc = registry_create(&r, pg->req->body, pg->req->bodysz, &hook, &made,
	    &p, e);
	if (rc != RC_OK)
		return refused(pg, rc, &p);
	note(pg, hook->id);
	page_json_begin(pg, &w);
	pg->resp->status = 201;
	js_str(&w, "webhook_id", hook->id);
	js_str(&w, "name", hook->name);
	js_str(&w, "id", hook->id);
	js_str(&w, "url", hook->url);
	js_strlist(&w, "events", &hook->events);
	js_str(&w, "team", hook->team);
	js_str(&w, "message", "Webhook registered successfully");
	if (made)
		js_str(&w, "secret", hook->secret.bytes);
	if (whsk_public(&hook->sign_key, public_key))
		js_str(&w, "public_key", public_key);
	page_json_end(pg, &w);
	webhook_free(hook);
	return RC_OK;
}

enum rc
page_webhooks_show(struct page *pg, struct err *e)
{
	struct store *s = pg->set->registry.store;
	struct registry_beside beside = { NULL, NULL };
	struct webhook *hook;
	struct store_held held;
	enum rc rc;

	rc = page_webhook_arg(pg, e);
	if (rc == RC_OK)
		rc = store_webhook_find(s, pg->arg, &hook, e);
	if (rc != RC_OK)
		return rc;
	rc = store_held(s, pg->arg, &held, e);
	beside.held = &held;
	if (rc == RC_OK)
		answer(pg, hook, false, &beside);
	else
		webhook_free(hook);
	return rc;
}

enum rc
page_webhooks_change(struct page *pg, struct err *e)
{
	const struct registry r = page_registry(pg);
	struct registry_problems p = { .n = 0 };
	const struct registry_text text = { pg->req->body, pg->req->bodysz };
	struct webhook *hook;
	bool made;
	enum rc rc;

	rc = page_webhook_arg(pg, e);
	if (rc == RC_OK)
		rc = registry_change(&r, pg->arg, &text, &hook, &made, &p, e);
	if (rc != RC_OK)
		return refused(pg, rc, &p);
	answer(pg, hook, made, NULL);
	return RC_OK;
}

enum rc
page_webhooks_delete(struct page *pg, struct err *e)
{
	enum rc rc;

	rc = page_webhook_arg(pg, e);
	if (rc == RC_OK)
		rc = store_webhook_delete(pg->set->registry.store, pg->arg,
		    clock_wall_ms(pg->set->registry.clock), NULL, e);
	if (rc == RC_OK) {
		note(pg, pg->arg);
		pg->resp->status = 204;
	}
	return rc;
}

/* As many retries as time allows; the rest wait as they did. */
static enum rc
hasten(struct page *pg, struct err *e)
{
	struct bulk_want want;
	struct page_bulk b;
	int64_t n;
	enum rc rc;

	bulk_want_waiting(&want, pg->arg);
	page_bulk_begin(pg, &b);
	rc = bulk_some(&pg->set->intake, &want, b.until_ms, &n, e);
	page_bulk_end(&b);
	return rc;
}

/* Counts on as long as a request may take; false: nothing is known. */
static bool
count_missed(struct page *pg, int64_t since_ms, struct store_missed *out)
{
	const struct intake in = page_intake(pg);
	struct page_bulk b;
	struct err ignored;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	out->since_ms = since_ms;
	out->until_ms = clock_wall_ms(pg->set->intake.clock);
	page_bulk_begin(pg, &b);
	rc = replay_missed(&in, pg->arg, b.until_ms, out, &ignored);
	page_bulk_end(&b);
	return rc == RC_OK;
}

static enum rc
enable(struct page *pg, bool on, struct err *e)
{
	struct registry_beside beside = { NULL, NULL };
	struct store_missed missed;
	struct webhook *hook;
	int64_t since_ms;
	bool now = false;
	enum rc rc;

	rc = on ? page_body_flag(pg, "now", &now, e) : page_body_none(pg, e);
	if (rc == RC_OK)
		rc = page_webhook_arg(pg, e);
	if (rc == RC_OK)
		rc = registry_enable(&pg->set->registry, pg->arg, on, &since_ms,
		    &hook, e);
	if (rc == RC_OK && now && (rc = hasten(pg, e)) != RC_OK)
		webhook_free(hook);
	if (rc != RC_OK)
		return rc;
	if (on && since_ms > 0 && count_missed(pg, since_ms, &missed))
		beside.missed = &missed;
	answer(pg, hook, false, &beside);
	return RC_OK;
}

enum rc
page_webhooks_enable(struct page *pg, struct err *e)
{
	return enable(pg, true, e);
}

enum rc
page_webhooks_disable(struct page *pg, struct err *e)
{
	return enable(pg, false, e);
}

enum rc
page_webhooks_rotate(struct page *pg, struct err *e)
{
	struct webhook *hook;
	bool now;
	enum rc rc;

	rc = page_body_flag(pg, "now", &now, e);
	if (rc == RC_OK)
		rc = page_webhook_arg(pg, e);
	if (rc == RC_OK)
		rc =
		    registry_rotate(&pg->set->registry, pg->arg, now, &hook, e);
	if (rc == RC_OK)
		answer(pg, hook, true, NULL);
	return rc;
}

enum rc
page_webhooks_attempts(struct page *pg, struct err *e)
{
	struct store *s = pg->set->registry.store;
	struct page_query q = { .pg = pg };
	struct store_attempts attempts;
	struct js_writer w;
	int64_t before, next;
	size_t i, limit;
	enum rc rc;

	before = page_query_int(&q, "cursor", 1);
	limit = page_query_limit(&q, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX);
	if (!page_query_is_good(&q))
		return RC_OK;
	rc = page_webhook_arg(pg, e);
	if (rc != RC_OK)
		return rc;
	note(pg, pg->arg);
	rc = store_webhook_attempts(s, pg->arg, before, limit, &attempts, &next,
	    e);
	if (rc != RC_OK)
		return rc;
	page_json_begin(pg, &w);
	js_open_array(&w, "attempts");
	for (i = 0; i < attempts.n; i++)
		page_attempt(pg, &w, &attempts.v[i]);
	js_close_array(&w);
	page_cursor(&w, next);
	page_json_end(pg, &w);
	store_attempts_free(&attempts);
	return RC_OK;
}
