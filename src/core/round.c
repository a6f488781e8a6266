#include "config.h"

#include <assert.h>
#include <string.h>

#include "core/round.h"

static bool
is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The webhook that the present round goes to; NULL: to all. */
static const char *
goes_to(const struct round_event *ev)
{
	return ev->only != NULL ? ev->only : ev->webhook_id;
}

static bool
goes_there(const struct round_event *ev, const char *webhook_id)
{
	return is_same(goes_to(ev),
	    webhook_id != NULL ? webhook_id : ev->webhook_id);
}

enum round_step
round_replay(const struct round_event *ev, const char *webhook_id)
{
	if (ev->expanded)
		return ROUND_BEGINS;
	return goes_there(ev, webhook_id) ? ROUND_IS_DONE : ROUND_WAITS;
}

enum round_step
round_replay_of_many(const struct round_event *ev, const char *webhook_id)
{
	if (ev->hold == ROUND_HELD)
		return ROUND_IS_DONE;
	if (!ev->expanded && webhook_id != NULL && goes_to(ev) != NULL &&
	    !goes_there(ev, webhook_id))
		return ROUND_WAITS;
	return ev->expanded && ev->has_ended ? ROUND_BEGINS : ROUND_IS_DONE;
}

enum round_step
round_release(const struct round_event *ev, const char *webhook_id)
{
	assert(webhook_id == NULL);
	if (ev->hold != ROUND_HELD)
		return ROUND_IS_DONE;
	return ev->expanded ? ROUND_BEGINS : ROUND_WAITS;
}

enum round_hold
round_hold_after(enum round_hold was, const char *webhook_id)
{
	return was == ROUND_HELD && webhook_id == NULL ? ROUND_RELEASED : was;
}
