#include "config.h"

#include <assert.h>

#include "base/clock.h"
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

static void
say_source(const struct notice *n)
{
	struct log_line line;
	size_t i;

	log_begin(&line, LOG_LEVEL_WARN,
	    n->what == NOTICE_SUSPECT
		? "events are held back as suspects; hlsctl event list "
		  "--suspect shows them"
		: "posts are refused though their signature matches; hlsctl "
		  "source show counts them");
	log_str(&line, "event_type", notice_type(n->what));
	log_str(&line, "source", n->source);
	log_int(&line, "count", notice_count(n));
	for (i = 0; i < n->nreasons; i++)
		log_int(&line, n->reasons[i].name, n->reasons[i].n);
	log_end(&line);
}

/* A dead delivery has its line already, of its last attempt. */
static void
say(const struct notice *n)
{
	struct log_line line;
	char time[CLOCK_TEXT_SIZE];

	if (n->what == NOTICE_DEAD)
		return;
	if (notice_is_of_source(n)) {
		say_source(n);
		return;
	}
	log_begin(&line, LOG_LEVEL_WARN,
	    n->what == NOTICE_DISABLED
		? "a webhook is disabled"
		: "a webhook keeps failing and will be disabled");
	log_str(&line, "event_type", notice_type(n->what));
	log_str(&line, "webhook_id", n->webhook);
	if (n->what == NOTICE_DISABLED)
		log_str(&line, "reason", webhook_why_name(n->why));
	if (n->failing_since_ms > 0) {
		clock_format(n->failing_since_ms, time);
		log_str(&line, "failing_since", time);
	}
	if (n->what == NOTICE_FAILING) {
		clock_format(n->disable_at_ms, time);
		log_str(&line, "disable_at", time);
	}
	log_int(&line, "status", n->last_code);
	log_str(&line, "error", n->last_text);
	log_end(&line);
}

/* The event of a notice, with the teams of its source. */
static struct event *
event_of(const struct notice *n, const struct sources *sources)
{
	struct event *ev = notice_event(n);
	const struct source *src = NULL;
	size_t i;

	if (notice_is_of_source(n) && sources != NULL)
		src = source_find(sources, n->source);
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
		v[i].of_source =
		    notice_is_of_source(&l->v[i]) ? &l->v[i] : NULL;
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
