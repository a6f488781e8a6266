#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/jsscan.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/media.h"

enum {
	WANT_ACTION,
	WANT_REPOSITORY,
	WANT_FULL_NAME,
	WANT_TYPE,
	WANT_SHAPE /* and the next ones */
};
#define WANTS (WANT_SHAPE + SHAPE_WANTS)
_Static_assert(WANTS <= JSSCAN_WANTS_MAX, "one scan finds them all");

/* An action that could not be part of a full name is none: it steers
 * routing only, and the bytes keep what the sender wrote. */
static void
read_action(struct event *ev, const struct jsscan_want *w)
{
	char text[EVENT_ACTION_MAX + 1];

	if (w->type != JSSCAN_STRING ||
	    !jsscan_decode(w->text, w->n, text, EVENT_ACTION_MAX) ||
	    !event_type_is_valid(text))
		text[0] = '\0';
	free(ev->action);
	ev->action = xstrdup(text);
}

/* The word for "none" is ours to write, not a sender's. */
static void
read_repository(struct event *ev, const struct jsscan_want *wants)
{
	const struct jsscan_want *name = &wants[WANT_FULL_NAME];
	char text[EVENT_REPOSITORY_MAX + 1];

	if (wants[WANT_REPOSITORY].type != JSSCAN_OBJECT ||
	    name->type != JSSCAN_STRING ||
	    !jsscan_decode(name->text, name->n, text, EVENT_REPOSITORY_MAX) ||
	    strchr(text, '/') == NULL || !event_repository_is_valid(text))
		memcpy(text, "unknown", sizeof("unknown"));
	free(ev->repository);
	ev->repository = xstrdup(text);
}

/* Standard Webhooks puts the type into the body. */
static void
read_type(struct event *ev, const struct jsscan_want *w)
{
	char sent[4 * EVENT_TYPE_MAX + 1], type[EVENT_TYPE_MAX + 1];

	if (ev->type != NULL || w->type != JSSCAN_STRING)
		return;
	(void)jsscan_decode_cut(w->text, w->n, sent, sizeof(sent) - 1);
	if (event_type_respell(sent, type))
		ev->type = xstrdup(type);
}

enum rc
event_read_json(struct event *ev, const char *text, size_t n, struct err *e)
{
	struct jsscan_want wants[WANTS] = {
		[WANT_ACTION] = { .key = "action" },
		[WANT_REPOSITORY] = { .key = "repository" },
		[WANT_FULL_NAME] = { .key = "repository",
		    .subkey = "full_name" },
		[WANT_TYPE] = { .key = "type" },
	};
	bool is_asked = ev->type != NULL && ev->type_is_unsigned;
	enum jsscan_type root;
	enum rc rc;

	if (is_asked)
		shape_want(&wants[WANT_SHAPE]);
	rc = jsscan_any(text, n, JSSCAN_ANY_DEPTH_MAX, &root, wants,
	    is_asked ? WANTS : WANT_SHAPE, e);
	if (rc != RC_OK)
		return rc;
	if (is_asked)
		ev->shape = shape_judge(ev->type, &wants[WANT_ACTION],
		    &wants[WANT_SHAPE]);
	read_action(ev, &wants[WANT_ACTION]);
	read_repository(ev, wants);
	read_type(ev, &wants[WANT_TYPE]);
	return RC_OK;
}

void
event_fill(struct event *ev)
{
	if (ev->action == NULL)
		ev->action = xstrdup("");
	if (ev->repository == NULL)
		ev->repository = xstrdup("unknown");
}

void
event_json_init(struct event_json *j, const char *content_type,
    const char *body, size_t n)
{
	struct media m;
	struct buf room;
	struct err e;
	size_t skip;

	memset(j, 0, sizeof(*j));
	media_parse(content_type, &m);
	if (m.kind == MEDIA_FORM) {
		buf_init(&room, n);
		if (media_form_payload(body, n, &room, &e) != RC_OK) {
			buf_fini(&room);
			return;
		}
		j->room = buf_take(&room, &n);
		body = j->room;
	}
	skip = jsscan_mark_size(body, n);
	/* A second mark would be text before the JSON. */
	if (jsscan_mark_size(body + skip, n - skip) > 0)
		return;
	j->text = body + skip;
	j->n = n - skip;
}

void
event_json_fini(struct event_json *j)
{
	free(j->room);
	memset(j, 0, sizeof(*j));
}

/* Every reader takes the bytes of the body as they are. */
static bool
is_body(const struct event_json *j, const char *body)
{
	return j->text == body && jsscan_is_exact(JSSCAN_STRING, j->text, j->n);
}

/* Its copy as stricter readers take it. */
static void
copy_repaired(const struct event_json *j, struct buf *out)
{
	buf_init(out, j->n);
	buf_add(out, j->text, j->n);
	(void)jsscan_repair(out->data, j->n);
}

void
event_make_json(const struct event *ev, struct buf *out)
{
	struct event_json j;

	event_json_init(&j, ev->content_type, ev->body, ev->bodysz);
	copy_repaired(&j, out);
	event_json_fini(&j);
}

enum event_json_is
event_json_make(const char *content_type, const char *body, size_t n,
    struct buf *out)
{
	enum event_json_is is = EVENT_JSON_NONE;
	enum jsscan_type root;
	struct event_json j;
	struct err e;

	event_json_init(&j, content_type, body, n);
	if (j.text != NULL &&
	    jsscan_any(j.text, j.n, JSSCAN_ANY_DEPTH_MAX, &root, NULL, 0, &e) ==
		RC_OK)
		is = is_body(&j, body) ? EVENT_JSON_BODY : EVENT_JSON_MADE;
	if (is == EVENT_JSON_MADE)
		copy_repaired(&j, out);
	event_json_fini(&j);
	return is;
}

/* The bytes that a form was decoded into become the event's. */
static void
take_room(struct event *ev, struct event_json *j)
{
	if (j->text != j->room)
		memmove(j->room, j->text, j->n);
	j->room[j->n] = '\0';
	ev->json = j->room;
	ev->jsonsz = j->n;
	j->room = NULL;
	(void)jsscan_repair(ev->json, ev->jsonsz);
}

void
event_take_json(struct event *ev, struct event_json *j, bool is_json)
{
	free(ev->json);
	ev->json = NULL;
	ev->jsonsz = 0;
	ev->has_odd_json = false;
	if (!is_json)
		ev->json = xstrdup("");
	else if (j->text != NULL && j->room != NULL)
		take_room(ev, j);
	else
		ev->has_odd_json = j->text != NULL && !is_body(j, ev->body);
	event_json_fini(j);
}
