#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/jsscan.h"
#include "base/xalloc.h"
#include "core/event.h"

enum {
	WANT_ACTION,
	WANT_REPOSITORY,
	WANT_FULL_NAME,
	WANT_TYPE,
	WANTS
};

/* An action that could not be part of a full name is none: it steers
 * routing only, and the bytes keep what the sender wrote. */
static void
take_action(struct event *ev, const struct jsscan_want *w)
{
	char text[EVENT_ACTION_MAX + 1];

	if (w->type != JSSCAN_STRING ||
	    !jsscan_decode(w->text, w->n, text, EVENT_ACTION_MAX) ||
	    !event_type_is_valid(text))
		text[0] = '\0';
	free(ev->action);
	ev->action = xstrdup(text);
}

static enum rc
read_repository(const struct jsscan_want *wants,
    char out[EVENT_REPOSITORY_MAX + 1], struct err *e)
{
	const struct jsscan_want *name = &wants[WANT_FULL_NAME];

	memcpy(out, "unknown", sizeof("unknown"));
	if (wants[WANT_REPOSITORY].type == JSSCAN_ABSENT)
		return RC_OK;
	if (wants[WANT_REPOSITORY].type != JSSCAN_OBJECT)
		return err_set(e, RC_INVALID, "repository is not an object");
	if (name->type == JSSCAN_ABSENT)
		return RC_OK;
	/* The word for "none" is ours to write, not a sender's. */
	if (name->type != JSSCAN_STRING ||
	    !jsscan_decode(name->text, name->n, out, EVENT_REPOSITORY_MAX) ||
	    strchr(out, '/') == NULL || !event_repository_is_valid(out))
		return err_set(e, RC_INVALID,
		    "repository.full_name is not owner/name");
	return RC_OK;
}

/* Standard Webhooks puts the type into the body. */
static enum rc
read_type(const struct jsscan_want *w, char out[EVENT_TYPE_MAX + 1],
    struct err *e)
{
	out[0] = '\0';
	if (w->type != JSSCAN_STRING)
		return RC_OK;
	if (!jsscan_decode(w->text, w->n, out, EVENT_TYPE_MAX) ||
	    !event_type_is_valid(out))
		return err_set(e, RC_INVALID, "the event's type is malformed");
	return RC_OK;
}

enum rc
event_read_json_text(struct event *ev, const char *text, size_t n,
    struct err *e)
{
	struct jsscan_want wants[WANTS] = {
		[WANT_ACTION] = { .key = "action" },
		[WANT_REPOSITORY] = { .key = "repository" },
		[WANT_FULL_NAME] = { .key = "repository",
		    .subkey = "full_name" },
		[WANT_TYPE] = { .key = "type" },
	};
	char repository[EVENT_REPOSITORY_MAX + 1];
	char type[EVENT_TYPE_MAX + 1] = "";
	enum jsscan_type root;
	enum rc rc;

	rc = jsscan(text, n, &root, wants, WANTS, e);
	if (rc != RC_OK)
		return rc;
	if (root != JSSCAN_OBJECT)
		return err_set(e, RC_INVALID, "the body is not a JSON object");
	rc = read_repository(wants, repository, e);
	if (rc == RC_OK && ev->type == NULL)
		rc = read_type(&wants[WANT_TYPE], type, e);
	if (rc != RC_OK)
		return rc;

	take_action(ev, &wants[WANT_ACTION]);
	free(ev->repository);
	ev->repository = xstrdup(repository);
	if (type[0] != '\0')
		ev->type = xstrdup(type);
	return RC_OK;
}

enum rc
event_read_json(struct event *ev, struct err *e)
{
	return event_read_json_text(ev, ev->body, ev->bodysz, e);
}
