/*
 * replay - events and deliveries taken up again, by the thousand
 *
 * What a person asks for after an outage: every event of a time and kind
 * goes out again, or the dead deliveries of one webhook do.  The work is
 * done in slices of a transaction each, so that nobody waits for it, and one
 * call does as many of them as its time allows; the next goes on where it
 * ended.  Whatever is cut off in between was done or was not, and asking
 * again is safe: what is on its way already is left alone.  Any thread.
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

/* Which events: those that have ended, received in a time.  "" is any. */
struct replay_want {
	/* To this one alone, and only what it would get.  As it was read it
	 * is what people call it, for replay_some() its id. */
	char webhook_id[WEBHOOK_NAME_MAX + 1];
	char type[EVENT_TYPE_MAX + 1];
	char source[65];
	char repository[EVENT_REPOSITORY_MAX + 1];
	int status;        /* EVENT_COMPLETED or EVENT_FAILED; -1: either */
	int64_t since_ms;  /* received; the first is in */
	int64_t until_ms;  /* the first that is not; 0: open */
	int64_t before_id; /* where to go on; 0: from the newest */
	bool dry_run;      /* count and change nothing */
};

/* {webhook_id?,status?,type?,source?,repository?,since,until?,cursor?,
 * dry_run?}.  RC_INVALID with p->n > 0: validation; with 0: not JSON. */
enum rc replay_want_read(const char *json, size_t n, struct replay_want *out,
    struct intake_problems *p, struct err *e);

struct replay_done {
	int64_t n;           /* of this call */
	int64_t next_before; /* 0: that was all */
};

/*
 * Until the boot clock shows until_boot_ms, the newest first.  Suspects of a
 * replay by somebody else and tests of webhooks are left out, as is what has
 * not ended.  On failure *out tells what was done before it.
 *
 * RC_NOTFOUND	there is no such webhook.
 * RC_EXISTS	it is disabled, and would get nothing.
 */
enum rc replay_some(const struct intake *in, const struct replay_want *want,
    int64_t until_boot_ms, struct replay_done *out, struct err *e);

/* One event of any status: to webhook_id alone, or with NULL to all that
 * want it.  RC_NOTFOUND and RC_EXISTS as above. */
enum rc replay_event(const struct intake *in, int64_t id,
    const char *webhook_id, struct err *e);

struct recover_want {
	const char *webhook_id;
	int64_t since_ms; /* given up; the first is in */
	int64_t until_ms; /* the first that is not; 0: now */
	bool dry_run;
};

/* {since,until?,dry_run?} */
enum rc recover_want_read(const char *json, size_t n, struct recover_want *out,
    struct intake_problems *p, struct err *e);

/* The webhook's dead deliveries wait again, those that were given up first
 * before the others.  RC_NOTFOUND: no such webhook. */
enum rc recover_some(const struct intake *in, const struct recover_want *want,
    int64_t until_boot_ms, int64_t *n, bool *more, struct err *e);

#endif
