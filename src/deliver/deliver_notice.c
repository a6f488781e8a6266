#include "config.h"

#include <assert.h>
#include <string.h>

#include "base/js.h"
#include "base/log.h"
#include "core/event.h"
#include "core/match.h"
#include "core/notice.h"
#include "core/source.h"
#include "deliver/deliver_notice.h"
#include "store/store_admin.h"
#include "store/store_work.h"

static bool
is_wanted(const struct store_webhooks *webhooks, const struct event *ev)
{
	size_t i;

	for (i = 0; i < webhooks->n; i++)
		if (match_webhook(webhooks->v[i], ev))
			return true;
	return false;
}

/* Numbers by reason stand beside the others. */
static bool
log_member(void *arg, const char *key, struct json_object *value)
{
	struct log_line *line = arg;
	const char *text;
	int64_t number;
	size_t n;

	/* The line has that of the report. */
	if (strcmp(key, "event_type") == 0)
		return true;
	if (strcmp(key, "last_code") == 0)
		key = "status";
	else if (strcmp(key, "last_text") == 0)
		key = "error";
	if (js_is_object(value))
		js_each(value, log_member, line);
	else if (js_get_int(value, &number))
		log_int(line, key, number);
	else if (js_get_str(value, &text, &n))
		log_str(line, key, text);
	return true;
}

static void
say(const struct notice *n)
{
	const char *says = notice_says(n->name);
	struct log_line line;
	struct js_doc doc;
	struct err ignored;

	if (says == NULL)
		return;
	log_begin(&line, LOG_LEVEL_WARN, says);
	log_str(&line, "event_type", notice_type(n->name));
	if (js_parse_any(&doc, n->data, strlen(n->data), &ignored) == RC_OK) {
		js_each(doc.root, log_member, &line);
		js_doc_fini(&doc);
	}
	log_end(&line);
}

/* The event of a notice, with the teams of its source. */
static struct event *
event_of(const struct notice *n, const struct sources *sources)
{
	struct event *ev = notice_event(n);
	const struct source *src = NULL;
	size_t i;

	if (notice_subject(n->name) == NOTICE_OF_SOURCE && sources != NULL)
		src = source_find(sources, n->about);
	for (i = 0; src != NULL && i < src->teams.n; i++)
		strlist_put(&ev->teams, src->teams.v[i]);
	return ev;
}

enum rc
deliver_notice_tell(struct store *s, const struct store_notices *l,
    const struct store_webhooks *webhooks, const struct sources *sources,
    struct err *e)
{
	struct store_telling v[DELIVER_NOTICES_MAX] = { 0 };
	enum rc rc;
	size_t i;

	assert(l->n <= DELIVER_NOTICES_MAX);
	for (i = 0; i < l->n; i++) {
		v[i].notice = l->v[i].id;
		v[i].event = event_of(&l->v[i], sources);
		if (is_wanted(webhooks, v[i].event))
			continue;
		event_free(v[i].event);
		v[i].event = NULL;
	}
	rc = store_tell(s, v, l->n, e);
	for (i = 0; i < l->n; i++) {
		if (rc == RC_OK && !v[i].late)
			say(&l->v[i]);
		event_free(v[i].event);
	}

	return rc;
}
