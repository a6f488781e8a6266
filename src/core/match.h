/*
 * match - whether a webhook wants an event
 *
 * The full name of an event is its type, or type.action.  A pattern matches
 * when it equals the type or the full name, or when it ends in ".*" and its
 * stem is the type or a dotted prefix of the full name; "*" and an empty list
 * match every event.  Pure.
 */
#ifndef CORE_MATCH_H
#define CORE_MATCH_H

#include <stdbool.h>

struct event;
struct strlist;
struct webhook;

bool match_pattern(const char *pattern, const char *type, const char *action);
bool match_patterns(const struct strlist *patterns, const char *type,
    const char *action);

/* Types of hls's own events begin with this. */
#define MATCH_OWN_PREFIX "hls."

/* Judges the patterns alone.  hls's own events must be named: "*" and an empty
 * list do not match them. */
bool match_wants(const struct webhook *w, const char *type, const char *action);

/* The patterns by which webhooks want an event of this full name, which may be
 * a type or a type with its action; "" stands for an empty list of patterns.
 * A webhook wants the event when one of its patterns is among them.  They are
 * added to out. */
void match_wanting(const char *name, struct strlist *out);

enum match_verdict {
	MATCH_YES,
	MATCH_DISABLED,
	MATCH_SUSPECT, /* the same bytes came under another id */
	MATCH_OTHER,   /* the event is for another webhook alone */
	MATCH_TEAM,
	MATCH_PATTERN
};

/* MATCH_YES when the webhook is enabled, a pattern matches, and the webhook
 * has no team or one of the event's, compared without case.  An event for one
 * webhook alone goes to that webhook, if it is enabled, whatever its patterns
 * and team are.  No webhook wants a replay suspect.  Filters are not read
 * here. */
enum match_verdict match_judge(const struct webhook *w, const struct event *ev);
/* Whether the verdict is MATCH_YES. */
bool match_webhook(const struct webhook *w, const struct event *ev);

#endif
