/*
 * round - whether a replay begins a round of an event
 *
 * A round makes a delivery of an event for each webhook that wants it, or for
 * one webhook alone.  An event holds one round whose jobs are not made yet.
 *
 * 1. A person's replay of an event begins a round, whatever its jobs do; while
 *    one is to come that goes to the same webhooks, nothing is left to do.
 * 2. A replay of many events leaves out those that are held back, and those
 *    that have not ended.
 * 3. A release begins a round for all of an event that is held back.  A round
 *    for one webhook ends no hold: the event is still held back from the
 *    others.
 *
 * Pure.
 */
#ifndef CORE_ROUND_H
#define CORE_ROUND_H

#include <stdbool.h>

/* As they are in event.replay_suspect. */
enum round_hold {
	ROUND_FREE,
	ROUND_HELD,    /* a suspect */
	ROUND_RELEASED /* or cancelled */
};

struct round_event {
	bool expanded;  /* the jobs of its round are made */
	bool has_ended; /* all jobs that the replay is about have */
	enum round_hold hold;
	const char *webhook_id; /* the event is for it alone; NULL: for all */
	const char *only;       /* its present round is; NULL: as the event */
};

enum round_step {
	ROUND_BEGINS,
	ROUND_IS_DONE, /* there is nothing to do */
	ROUND_WAITS    /* the round that is to come has to be made first */
};

/* webhook_id: to it alone; NULL: to all that want it. */
enum round_step round_replay(const struct round_event *ev,
    const char *webhook_id);
enum round_step round_replay_of_many(const struct round_event *ev,
    const char *webhook_id);
/* To all: webhook_id is NULL. */
enum round_step round_release(const struct round_event *ev,
    const char *webhook_id);

/* The event's hold once a round has begun. */
enum round_hold round_hold_after(enum round_hold was, const char *webhook_id);

#endif
