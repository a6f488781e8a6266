#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/strlist.h"
#include "core/event.h"
#include "core/match.h"
#include "core/webhook.h"

bool
match_pattern(const char *pattern, const char *type, const char *action)
{
	char full[EVENT_TYPE_MAX + EVENT_ACTION_MAX + 2];
	size_t n = strlen(pattern);
	int len;

	if (strcmp(pattern, "*") == 0 || strcmp(pattern, type) == 0)
		return true;
	len = snprintf(full, sizeof(full), "%s%s%s", type,
	    *action == '\0' ? "" : ".", action);
	if (len < 0 || (size_t)len >= sizeof(full))
		return false;
	if (strcmp(pattern, full) == 0)
		return true;
	if (n < 3 || strcmp(pattern + n - 2, ".*") != 0)
		return false;
	n -= 2;
	return strncmp(full, pattern, n) == 0 &&
	    (full[n] == '\0' || full[n] == '.');
}

bool
match_patterns(const struct strlist *patterns, const char *type,
    const char *action)
{
	size_t i;

	for (i = 0; i < patterns->n; i++)
		if (match_pattern(patterns->v[i], type, action))
			return true;
	return patterns->n == 0;
}

/* What hls says of itself is not meant by one who asks for everything: its
 * dead deliveries would beget as many events for the same receiver. */
static bool
is_named(const struct strlist *patterns, const char *type)
{
	size_t i;

	if (strncmp(type, MATCH_OWN_PREFIX, strlen(MATCH_OWN_PREFIX)) != 0)
		return true;
	for (i = 0; i < patterns->n; i++)
		if (strcmp(patterns->v[i], "*") != 0 &&
		    match_pattern(patterns->v[i], type, ""))
			return true;
	return false;
}

bool
match_wants(const struct webhook *w, const char *type, const char *action)
{
	return is_named(&w->events, type) &&
	    match_patterns(&w->events, type, action);
}

void
match_wanting(const char *name, struct strlist *out)
{
	char text[EVENT_TYPE_MAX + EVENT_ACTION_MAX + 2 + sizeof(".*")];
	bool is_own = event_type_is_reserved(name);
	const char *dot = strrchr(name, '.');
	size_t i, n = strlen(name);

	if (!is_own) {
		strlist_put(out, "");
		strlist_put(out, "*");
	}
	if (n > EVENT_TYPE_MAX + EVENT_ACTION_MAX + 1)
		return;
	strlist_put(out, name);
	for (i = 1; i <= n; i++) {
		if (name[i] != '.' && name[i] != '\0')
			continue;
		(void)snprintf(text, sizeof(text), "%.*s.*", (int)i, name);
		strlist_put(out, text);
	}
	/* The part after the last dot may be an action; events of hls itself
	 * have none. */
	if (is_own || dot == NULL || dot == name)
		return;
	(void)snprintf(text, sizeof(text), "%.*s", (int)(dot - name), name);
	strlist_put(out, text);
}

enum match_verdict
match_judge(const struct webhook *w, const struct event *ev)
{
	if (!w->enabled)
		return MATCH_DISABLED;
	/* A person sent it to one webhook, and to no other. */
	if (ev->replay_suspect && !ev->is_round_alone)
		return MATCH_SUSPECT;
	if (ev->webhook_id != NULL)
		return strcmp(ev->webhook_id, w->id) == 0 ? MATCH_YES
							  : MATCH_OTHER;
	if (w->team != NULL && !strlist_has_nocase(&ev->teams, w->team))
		return MATCH_TEAM;
	/* Stored before its name was kept for hls: whoever asks for hls's own
	 * events does not mean it. */
	if (event_type_is_reserved(ev->type) && !event_is_own(ev))
		return MATCH_PATTERN;
	if (!match_wants(w, ev->type, ev->action == NULL ? "" : ev->action))
		return MATCH_PATTERN;
	return MATCH_YES;
}

bool
match_webhook(const struct webhook *w, const struct event *ev)
{
	return match_judge(w, ev) == MATCH_YES;
}
