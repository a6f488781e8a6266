#include "config.h"

#include <string.h>

#include "core/backoff.h"
#include "core/event.h"
#include "core/repeat.h"

static bool
contradicts_type(const struct event *ev)
{
	return ev->is_watched && ev->shape == SHAPE_ODD;
}

enum repeat_key
repeat_key(const struct event *ev)
{
	return contradicts_type(ev) ? REPEAT_KEY_TYPE : REPEAT_KEY_ID;
}

bool
repeat_asks(const struct event *ev)
{
	return ev->is_of_hook || ev->type_is_header;
}

enum repeat_key
repeat_key_beside(const struct event *ev, const struct repeat_first *first)
{
	bool may_share =
	    ev->is_of_hook && (!first->same_hook || first->is_held);

	if (first->same_body)
		return first->same_type ? REPEAT_KEY_ID : REPEAT_KEY_TYPE;
	return may_share ? REPEAT_KEY_HOOK : REPEAT_KEY_ID;
}

bool
repeat_is_believed(const struct event *ev, int64_t seen_ms)
{
	return !ev->id_is_derived ||
	    backoff_is_within(seen_ms, ev->dedupe_ms, ev->received_ms);
}

bool
repeat_is_odd(const struct event *ev, enum repeat_key key)
{
	return contradicts_type(ev) ||
	    (key != REPEAT_KEY_ID && !ev->is_of_hook);
}

/*
 * An event that claims a false type must not make a suspect of the real one,
 * which may come after it.  One of an unknown type that is never suspect must
 * not hide that the real one came before.
 */
bool
repeat_is_watched(const struct event *ev)
{
	return (ev->is_watched || ev->replay_window_ms > 0) &&
	    !contradicts_type(ev) &&
	    (ev->shape != SHAPE_FOREIGN || ev->replay_window_ms > 0);
}

bool
repeat_is_near(const struct event *ev, int64_t seen_ms)
{
	return backoff_is_within(seen_ms, ev->replay_window_ms,
	    ev->received_ms);
}

static bool
is_first_real(const struct event *ev, const struct repeat_body *last)
{
	return ev->shape == SHAPE_FITS && last->type != NULL &&
	    !last->was_held && !shape_is_known(last->type);
}

bool
repeat_has_body(const struct event *ev, const struct repeat_body *last)
{
	return last->sha256 != NULL &&
	    memcmp(last->sha256, ev->body_sha256, sizeof(ev->body_sha256)) ==
	    0 &&
	    !is_first_real(ev, last);
}
