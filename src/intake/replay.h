/*
 * replay - events and dead deliveries are sent again, by the thousand
 *
 * A person asks for it after an outage: all events of a time and kind, or the
 * dead deliveries of one webhook.  A replay first lists its events, oldest
 * first, for as long as its time allows; then one transaction stores it, so
 * it happens whole or not at all.  The next call goes on where it ended.  Dead
 * deliveries go back to waiting in slices, one transaction a slice.
 * Repeating a request is safe: jobs that wait or are leased stay as they are.
 * Any thread.
 */
#ifndef INTAKE_REPLAY_H
#define INTAKE_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/event.h"
#include "core/webhook.h"
#include "intake/intake.h"

struct js_writer;
struct store_missed;

/* Selects ended events by the time they were received.  "" is any. */
struct replay_want {
	/* Sends to this webhook alone, and only events that it wants.
	 * replay_want_read() writes the id, prefix or name that was given;
	 * the caller resolves it to the id before replay_some(). */
	char webhook_id[WEBHOOK_NAME_MAX + 1];
	char type[EVENT_TYPE_MAX + 1];
	char source[65];
	char repository[EVENT_REPOSITORY_MAX + 1];
	int status;       /* EVENT_COMPLETED or EVENT_FAILED; -1: either */
	int64_t since_ms; /* received at or after it */
	int64_t until_ms; /* received before it; 0: no end */
	int64_t after_id; /* go on behind this event; 0: from the oldest */
	bool dry_run;     /* count and change nothing */
	bool missed;      /* only events without a delivery to webhook_id */
};

/* {webhook_id?,status?,type?,source?,repository?,since,until?,cursor?,
 * missed?,dry_run?}.  RC_INVALID with p->n > 0: validation; with 0: not
 * JSON. */
enum rc replay_want_read(const char *json, size_t n, struct replay_want *out,
    struct intake_problems *p, struct err *e);

/* The reasons to leave an event out that matches the selection. */
enum replay_left {
	REPLAY_OPEN,      /* a delivery of it still waits */
	REPLAY_SUSPECT,   /* it is held back until it is released */
	REPLAY_TEST,      /* a test of a webhook */
	REPLAY_UNWANTED,  /* the webhook's patterns or team do not match */
	REPLAY_FILTER,    /* the webhook's filter does not hold */
	REPLAY_DELIVERED, /* `missed` was asked, and it had a delivery */
	REPLAY_LEFTS
};
/* A phrase for people, to follow the number of such events. */
const char *replay_left_text(enum replay_left left);
/* Writes "left_out":{"open":2,...} unless all are zero. */
void replay_format_left(const int64_t left[REPLAY_LEFTS], struct js_writer *w);

/* The events of a replay, before it is stored; {0} is empty. */
struct replay_plan {
	int64_t *ids;
	size_t n, cap;
	int64_t ended; /* how many of ids have ended; the others are skipped */
	int64_t left[REPLAY_LEFTS];
	int64_t seen; /* the last event that was judged */
	bool at_end;  /* no further event matches */
};

/*
 * Adds events to the plan until the boot clock shows until_boot_ms or about
 * ten thousand are listed; the next call continues.  Suspects and tests of
 * webhooks are left out.  After a failure the plan may be freed, or the call
 * repeated.
 *
 * RC_NOTFOUND	there is no such webhook.
 * RC_EXISTS	it is disabled, and would get nothing.
 */
enum rc replay_gather(const struct intake *in, const struct replay_want *want,
    int64_t until_boot_ms, struct replay_plan *p, struct err *e);
void replay_plan_fini(struct replay_plan *p);

struct replay_done {
	int64_t n; /* of this call */
	int64_t left[REPLAY_LEFTS];
	int64_t next_after; /* after_id of the next call; 0: done */
};

/* Stores the replay of the plan's events, as many as database.max_waiting
 * allows.  RC_BUSY: it allows none. */
enum rc replay_put(const struct intake *in, const struct replay_want *want,
    const struct replay_plan *p, struct replay_done *out, struct err *e);

/*
 * replay_gather() until the boot clock shows until_boot_ms, then replay_put().
 * On failure nothing is sent again.
 *
 * RC_NOTFOUND	there is no such webhook.
 * RC_EXISTS	it is disabled, and would get nothing.
 */
enum rc replay_some(const struct intake *in, const struct replay_want *want,
    int64_t until_boot_ms, struct replay_done *out, struct err *e);

/* Counts the events of the time in *missed that the webhook wants and never
 * had a delivery of, until the boot clock shows until_boot_ms. */
enum rc replay_missed(const struct intake *in, const char *webhook_id,
    int64_t until_boot_ms, struct store_missed *missed, struct err *e);

/* Sends one event of any status again: to webhook_id alone, or with NULL to
 * all webhooks that want it.  RC_NOTFOUND and RC_EXISTS as above. */
enum rc replay_event(const struct intake *in, int64_t id,
    const char *webhook_id, struct err *e);

struct recover_want {
	const char *webhook_id;
	int64_t since_ms; /* given up at or after it */
	int64_t until_ms; /* given up before it; 0: now */
	bool dry_run;
	bool waiting; /* waiting retries become due at once, too */
};

/* {since,until?,waiting?,dry_run?}.  With waiting, since may be absent: then
 * dead deliveries stay dead, and since_ms is 0. */
enum rc recover_want_read(const char *json, size_t n, struct recover_want *out,
    struct intake_problems *p, struct err *e);

/* The webhook's dead deliveries wait again, in the order in which they died.
 * RC_NOTFOUND: no such webhook. */
enum rc recover_some(const struct intake *in, const struct recover_want *want,
    int64_t until_boot_ms, int64_t *n, bool *more, struct err *e);

#endif
