/*
 * match - does this webhook want this event
 *
 * Patterns by product rules: a pattern matches that equals the type or the
 * full name (type, or type.action), or ends in ".*" and its stem is the
 * type or a dotted prefix of the full name; "*" and an empty list match
 * all.  Pure.
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

/* Types that begin so are of hls itself. */
#define MATCH_OWN_PREFIX "hls."

/* The patterns alone.  Types of hls itself have to be named: "*" and an
 * empty list do not mean them. */
bool match_wants(const struct webhook *w, const char *type, const char *action);

enum match_verdict {
	MATCH_YES,
	MATCH_DISABLED,
	MATCH_SUSPECT, /* the same bytes came under another id */
	MATCH_OTHER,   /* the event is for another webhook alone */
	MATCH_TEAM,
	MATCH_PATTERN
};

/* Enabled, a pattern matches, and no team or one of the event's, letters
 * compared without case.  An event meant for one webhook alone goes to that
 * one whatever its patterns and team say, if it is enabled.  A replay suspect
 * is wanted by nobody.  The filter is not looked at. */
enum match_verdict match_judge(const struct webhook *w, const struct event *ev);
/* MATCH_YES is the verdict. */
bool match_webhook(const struct webhook *w, const struct event *ev);

#endif
