/*
 * replay - events and deliveries taken up again, by the thousand
 *
 * What a person asks for after an outage: every event of a time and kind
 * goes out again, or the dead deliveries of one webhook do.  A replay lists
 * its events first, oldest first, for as long as its time allows, and is put
 * down whole then: it happens or it does not.  The next one goes on where it
 * ended.  Dead deliveries are taken up in slices of a transaction each.
 * Asking again is safe: what is on its way already is left alone.  Any
 * thread.
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

/* Which events: those that have ended, received in a time.  "" is any. */
struct replay_want {
	/* To this one alone, and only what it would get.  As it was read it
	 * is what people call it, for replay_some() its id. */
	char webhook_id[WEBHOOK_NAME_MAX + 1];
	char type[EVENT_TYPE_MAX + 1];
	char source[65];
	char repository[EVENT_REPOSITORY_MAX + 1];
	int status;       /* EVENT_COMPLETED or EVENT_FAILED; -1: either */
	int64_t since_ms; /* received; the first is in */
	int64_t until_ms; /* the first that is not; 0: open */
	int64_t after_id; /* where to go on; 0: from the oldest */
	bool dry_run;     /* count and change nothing */
	bool missed;      /* of webhook_id: what never had a delivery there */
};

/* {webhook_id?,status?,type?,source?,repository?,since,until?,cursor?,
 * missed?,dry_run?}.  RC_INVALID with p->n > 0: validation; with 0: not
 * JSON. */
enum rc replay_want_read(const char *json, size_t n, struct replay_want *out,
    struct intake_problems *p, struct err *e);

/* Why an event that matches is left out. */
enum replay_left {
	REPLAY_OPEN,      /* it goes out anyway: to the one, or to anybody */
	REPLAY_SUSPECT,   /* of a replay by somebody else */
	REPLAY_TEST,      /* a test of a webhook */
	REPLAY_UNWANTED,  /* patterns or team of the webhook do not fit */
	REPLAY_FILTER,    /* its filter does not hold */
	REPLAY_DELIVERED, /* it had its delivery, and missed ones are asked */
	REPLAY_LEFTS
};
/* What stands behind the number of such events, for people. */
const char *replay_left_text(enum replay_left left);
/* "left_out":{"open":2,...}, where there is any. */
void replay_format_left(const int64_t left[REPLAY_LEFTS], struct js_writer *w);

/* What a replay will be of; {0} is empty. */
struct replay_plan {
	int64_t *ids;
	size_t n, cap;
	int64_t ended; /* so many of them; what has not is left alone */
	int64_t left[REPLAY_LEFTS];
	int64_t seen; /* the last event that was judged */
	bool at_end;  /* there was none behind it */
};

/*
 * Adds to the plan until the boot clock shows until_boot_ms, or some ten
 * thousand; again, it goes on.  Suspects of a replay by somebody else and
 * tests of webhooks are left out.  On failure the plan may be finished, or
 * gone on with.
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
	int64_t next_after; /* 0: that was all */
};

/* Has all of the plan sent again, as far as so many jobs may wait.  RC_BUSY:
 * not even one may. */
enum rc replay_put(const struct intake *in, const struct replay_want *want,
    const struct replay_plan *p, struct replay_done *out, struct err *e);

/*
 * Both: what can be listed until the boot clock shows until_boot_ms goes out
 * again.  On failure nothing does.
 *
 * RC_NOTFOUND	there is no such webhook.
 * RC_EXISTS	it is disabled, and would get nothing.
 */
enum rc replay_some(const struct intake *in, const struct replay_want *want,
    int64_t until_boot_ms, struct replay_done *out, struct err *e);

/* Counts what a replay of the time in *missed would send to the webhook that
 * never had a delivery there, until the boot clock shows until_boot_ms. */
enum rc replay_missed(const struct intake *in, const char *webhook_id,
    int64_t until_boot_ms, struct store_missed *missed, struct err *e);

/* One event of any status: to webhook_id alone, or with NULL to all that
 * want it.  RC_NOTFOUND and RC_EXISTS as above. */
enum rc replay_event(const struct intake *in, int64_t id,
    const char *webhook_id, struct err *e);

struct recover_want {
	const char *webhook_id;
	int64_t since_ms; /* given up; the first is in */
	int64_t until_ms; /* the first that is not; 0: now */
	bool dry_run;
	bool waiting; /* retries that wait go out at once, too */
};

/* {since,until?,waiting?,dry_run?}; with waiting, since may be left out: then
 * what was given up stays so, and since_ms is 0. */
enum rc recover_want_read(const char *json, size_t n, struct recover_want *out,
    struct intake_problems *p, struct err *e);

/* The webhook's dead deliveries wait again, those that were given up first
 * before the others.  RC_NOTFOUND: no such webhook. */
enum rc recover_some(const struct intake *in, const struct recover_want *want,
    int64_t until_boot_ms, int64_t *n, bool *more, struct err *e);

#endif
