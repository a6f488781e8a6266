/*
 * event_state - the status of an event follows from its jobs
 *
 *	failed		a job is dead, whatever the others do
 *	processing	a job is leased; or one was, and others are due for the
 *			first time or yet to be made
 *	pending		no job was leased yet
 *	retry		its open jobs wait for a repeat
 *	completed	every job has ended and none is dead, or there is none
 *
 * 1. An event counts its jobs by where they stand.  A change gathers what a
 *    transaction does to them, and is applied once.
 * 2. A dead job of an event that is not expanded does not make it failed: the
 *    round to come is a person's answer to that.
 * 3. Counts are never negative.  Those of a damaged store are brought into
 *    range, so that they hold up no job; hlsctl doctor finds them.
 *
 * The sums over all events move by event_state_effect(), in the transaction
 * that changes the event, so they always count the rows that are there.  The
 * conditions of LITE_CHECK_EVENT_COUNTS and LITE_CHECK_FAILED_OPEN say the
 * same in SQL.  Pure.
 */
#ifndef CORE_EVENT_STATE_H
#define CORE_EVENT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"
#include "core/job.h"

struct event_state {
	enum event_status status;
	bool expanded;   /* its jobs are made */
	bool touched;    /* a job of it was leased in this round */
	int64_t total;   /* jobs, of all rounds */
	int64_t fresh;   /* of them waiting for a first attempt... */
	int64_t repeats; /* ...and for another one */
	int64_t leased, dead;
	int64_t retry_count; /* the highest repeat among its jobs */
	int64_t started_ms, completed_ms; /* 0: not yet */
};

/* The sum of all changes of one transaction. */
struct event_change {
	int total, fresh, repeats, leased, dead;
	bool expanded;
	bool touched;
	bool reopened; /* a person's retry: as if never leased */
	unsigned int repeat;
};

/* A job comes to where it stands, or leaves it with n = -1. */
void event_change_count(struct event_change *c, enum job_state state,
    unsigned int attempt, int n);
/* A job has made its attempt-th attempt of the round. */
void event_change_attempt(struct event_change *c, unsigned int attempt);

void event_state_apply(struct event_state *s, const struct event_change *c,
    int64_t now_ms);

/* All of its jobs have; a failed one may yet have others under way. */
bool event_state_has_ended(const struct event_state *s);

/* How the sums over all events change as one becomes another. */
struct event_effect {
	bool is_moved; /* from one status to another */
	int unexpanded;
	int failed_open;      /* failed, with open jobs */
	int processed;        /* ended, from first lease to last end... */
	int64_t processed_ms; /* ...in so much time */
	/* Of the day on which the event came. */
	int succeeded, failed;
	int64_t processing_ms;
};
struct event_effect event_state_effect(const struct event_state *was,
    const struct event_state *is);

#endif
