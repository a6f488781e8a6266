/*
 * repeat - whether a post repeats an event, and whether it is held back
 *
 * 1. Two posts with one delivery id are one event.  An id that hls derived may
 *    be another post of the same bytes, so it is believed for dedupe_ms only.
 * 2. Several hooks of one sender may use one delivery id, which nobody signs:
 *    another body under a known id is a repeat only if it came from the same
 *    hook, and the first is not held back.
 * 3. A type in a header is not signed either: a body under another type is no
 *    repeat, or a captured post would keep the real one out.  Where the id is
 *    signed, such a body is held back, since the id proves that one of both
 *    types is false.
 * 4. A body that was seen under another id within the replay window is held
 *    back.  An attacker that captured a body may post it first, under
 *    an unknown type: the first event that has the type of its body is the
 *    real one.
 *
 * The store looks keys up; these functions judge the findings.  Pure.
 */
#ifndef CORE_REPEAT_H
#define CORE_REPEAT_H

#include <stdbool.h>
#include <stdint.h>

struct event;

/* The part of an event's key beside its source and delivery id.  These numbers
 * are in the database: event.second. */
enum repeat_key {
	REPEAT_KEY_ID,   /* nothing */
	REPEAT_KEY_HOOK, /* its hook, or without one its body */
	REPEAT_KEY_TYPE  /* its type: the body contradicts that, or is known
	                  * under another one */
};

/* The key to look a post up by at first. */
enum repeat_key repeat_key(const struct event *ev);

/* The event that has the post's delivery id, beside the post. */
struct repeat_first {
	bool same_body, same_hook, same_type;
	bool is_held; /* a suspect that nobody has released */
};
/* Whether an event under REPEAT_KEY_ID has to be compared; else the post is
 * its repeat. */
bool repeat_asks(const struct event *ev);
/* REPEAT_KEY_ID: the post is its repeat.  Else the post is known, if at all, by
 * that other key. */
enum repeat_key repeat_key_beside(const struct event *ev,
    const struct repeat_first *first);

/* The id's word holds for an event that was seen then: the post is its
 * repeat. */
bool repeat_is_believed(const struct event *ev, int64_t seen_ms);

/* The body of the post, which is known by that key, is not of its type. */
bool repeat_is_odd(const struct event *ev, enum repeat_key key);

/* Its body is kept for later posts to be compared with. */
bool repeat_is_watched(const struct event *ev);

/* A body that was last seen then is within the replay window. */
bool repeat_is_near(const struct event *ev, int64_t seen_ms);

/* The last event with the body of the post. */
struct repeat_body {
	const uint8_t *sha256;
	const char *type;
	bool was_held; /* then another one came before it */
};
/* Its body is that of the post, which then is not the first real one. */
bool repeat_has_body(const struct event *ev, const struct repeat_body *last);

#endif
