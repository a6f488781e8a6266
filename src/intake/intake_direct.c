#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/facts.h"
#include "core/media.h"
#include "core/source.h"
#include "core/webhook.h"
#include "intake/intake.h"
#include "intake/intake_int.h"

static enum rc
check(const struct intake_direct *d, struct err *e)
{
	size_t i;

	if (!event_type_is_valid(d->type))
		return err_set(e, RC_INVALID, "malformed event type");
	if (d->delivery_id != NULL && d->delivery_id[0] == '\0')
		return err_set(e, RC_INVALID, "the delivery id is empty");
	if (d->repository != NULL && !event_repository_is_valid(d->repository))
		return err_set(e, RC_INVALID, "repository is not owner/name");
	if (d->action != NULL && *d->action != '\0' &&
	    !event_type_is_valid(d->action))
		return err_set(e, RC_INVALID, "malformed action");
	if (d->webhook_id != NULL && !webhook_id_is_valid(d->webhook_id))
		return err_set(e, RC_INVALID, "malformed webhook id");
	if (d->priority < 0 || d->priority > 9)
		return err_set(e, RC_INVALID, "priority is 0 to 9");
	for (i = 0; i < d->nteams; i++)
		if (!event_team_is_valid(d->teams[i]))
			return err_set(e, RC_INVALID, "malformed team");
	return RC_OK;
}

static char *
dup_or_null(const char *text)
{
	return text == NULL ? NULL : xstrdup(text);
}

/* What claims to be JSON must be; anything else is JSON or not. */
static enum rc
read_body(struct event *ev, struct err *e)
{
	struct event_json j;
	struct media m;
	enum rc rc = RC_INVALID;

	media_parse(ev->content_type, &m);
	event_json_init(&j, ev->content_type, ev->body, ev->bodysz);
	if (j.text != NULL)
		rc = event_read_json(ev, j.text, j.n, e);
	if (rc != RC_OK && m.kind == MEDIA_JSON) {
		event_json_fini(&j);
		return rc;
	}
	event_take_json(ev, &j, rc == RC_OK);
	event_fill(ev);
	return RC_OK;
}

static void
replace(char **text, const char *by)
{
	if (by == NULL)
		return;
	free(*text);
	*text = xstrdup(by);
}

enum rc
intake_direct(const struct intake *in, const struct intake_direct *d,
    struct intake_outcome *out, struct err *e)
{
	struct event *ev;
	enum rc rc;
	size_t i;

	memset(out, 0, sizeof(*out));
	rc = check(d, e);
	if (rc != RC_OK)
		return rc;

	ev = event_new();
	ev->source = xstrdup(d->source);
	ev->provider = xstrdup(d->provider);
	ev->type = xstrdup(d->type);
	event_reserve_type(ev);
	ev->webhook_id = dup_or_null(d->webhook_id);
	ev->content_type = xstrdup(d->content_type);
	ev->priority = d->priority;
	ev->scheduled_ms = d->scheduled_ms;
	ev->received_ms = clock_wall_ms(in->clock);
	for (i = 0; i < d->nteams; i++)
		strlist_put(&ev->teams, d->teams[i]);
	ev->body = xmemdup0(d->body, d->bodysz);
	ev->bodysz = d->bodysz;
	if (in->body != NULL)
		intake_take_hold(ev, in->body);
	crypt_sha256(ev->body, ev->bodysz, ev->body_sha256);
	if (d->delivery_id != NULL)
		event_put_delivery_id(ev, d->delivery_id);
	else
		facts_derive_id(ev);
	ev->dedupe_ms =
	    d->filter != NULL ? d->filter->dedupe_ms : SOURCE_DEDUPE_MS;

	rc = read_body(ev, e);
	if (rc == RC_OK) {
		replace(&ev->action, d->action);
		replace(&ev->repository, d->repository);
	}
	intake_tell(out, ev);
	if (rc != RC_OK ||
	    (d->filter != NULL &&
		intake_is_ignored(&d->filter->events, ev, out))) {
		event_free(ev);
		return rc;
	}
	return intake_store(in, ev, in->wait_ms, out, e);
}
