/*
 * work - the one loop that leases jobs, starts them by kind, settles them
 *
 * A drain is this loop: it makes the jobs that new events owe, leases what is
 * due in batches, starts jobs by kind, waits for their ends on the loop that
 * it shares with the kinds, and settles them in groups.  While requests are in
 * flight the next batch is leased already, so that a slot which falls free is
 * filled at once.
 *
 *          hold          start           work_end                settled
 * [store] ─────► queued ──────► running ──────► ended ─► settling ─────► [store]
 *                   │ lapsed, or told to stop     ▲ ▲       │ failed
 *                   └─────────────────────────────┘ └───────┘
 *
 * 1. Of each kind at most its concurrency run; two batches more are in hand, as
 *    while one is settled and replaced there must be another to begin.  So no
 *    kind takes the place of another, in flight or in hand.
 * 2. A job whose lease may have lapsed is not started.
 * 3. What ended is settled within 10 ms or 64 results, whichever is first,
 *    and at once when nothing else is in hand.
 *
 * One thread, and inside it one more that waits for the disk while new events
 * are expanded, a group is settled and the next batch leased.
 */
#ifndef WORK_WORK_H
#define WORK_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/event.h"
#include "store/store_work.h"

struct clock;
struct loop;
struct meter;
struct store;
struct work;

enum work_state {
	WORK_QUEUED,
	WORK_RUNNING,
	WORK_ENDED,
	WORK_SETTLING
};
#define WORK_STATES 4

/* A job in hand.  A kind reads lease and keeps what it likes in state. */
struct work_job {
	struct store_lease lease;
	struct store_result result; /* once it has ended */
	void *state;
	/* The reason in the log, where it is not the attempt's text; borrowed
	 * until work_end() returns. */
	const char *log_text;
	/* The job's product, and the jobs that its end owes, as in
	 * store_result: set before work_end(), borrowed until settled().  Where
	 * the store refuses them the job is dead, and settled() sees it. */
	const struct store_product *product;
	const struct store_owed *owes;
	size_t nowes;

	/* The loop's own. */
	struct work *work;
	struct work_bound *bound;
	enum work_state at;
	struct work_job *next, **prev;
	char *text, *address, *answer; /* result borrows them */
};

/* What an event owes is collected here. */
struct work_owed;
/* Copies of target and order_key are kept. */
void work_owe(struct work_owed *o, const char *target, const char *order_key);
/* Counts a webhook that the event passes by. */
void work_pass(struct work_owed *o, enum event_passed why);

/* What a kind may want to know before it asks for jobs. */
struct work_hand {
	int64_t now_ms;            /* boot clock */
	size_t concurrency, batch; /* of the kind */
	size_t most;     /* its jobs in hand, those being settled apart */
	size_t drains;   /* that are alive, as the last lease saw it */
	bool is_split;   /* max_in_flight is divided among them, as it saw */
	size_t split;    /* as that lease said */
	uint64_t leases; /* that took place */
};

enum work_start {
	WORK_STARTED, /* work_end() follows, perhaps has been called already */
	WORK_LATER    /* not now; ask again when something has ended */
};

/*
 * A kind of job.  Its functions get the argument it was added with.  They
 * are called from work_run() only; none of them blocks on a network.
 */
struct work_kind {
	enum store_kind kind;

	/* Between reading events and expanding them, and before jobs are
	 * leased: look whether what the kind keeps of the store is still so. */
	enum rc (*refresh)(void *arg, struct err *e);

	/* Before events are expanded: puts into the store what the kind itself
	 * has events of.  *more: call it again.  May be NULL. */
	enum rc (*tell)(void *arg, bool *more, struct err *e);

	/* Calls work_owe() for each target that the event owes a job to.  On
	 * a failure the event is asked about again later, and no event behind
	 * it comes before it. */
	enum rc (*owes)(void *arg, const struct event *ev, struct work_owed *o,
	    struct err *e);

	/* Fills skip, nskip, only and max of a lease, which are zero; false
	 * when nothing is wanted.  What skip points at stays until the next
	 * call of it or of refresh. */
	bool (*want)(void *arg, const struct work_hand *hand,
	    struct store_lease_want *want);

	/* The job is in hand; it has ended or left it unbegun. */
	void (*hold)(void *arg, struct work_job *job);
	void (*drop)(void *arg, struct work_job *job);

	/* Its end is in the store, or the loop gives it up: nothing of the job
	 * is read any more. */
	void (*settled)(void *arg, const struct work_job *job);

	enum work_start (*start)(void *arg, struct work_job *job);

	/* A running job is to end now: give up what it waits for, and do not
	 * call work_end(). */
	void (*cancel)(void *arg, struct work_job *job);
};

struct work_options {
	struct store *store;
	struct meter *meter; /* jobs are counted in; or NULL */
	struct loop *loop;   /* lives longer, also than a thread that is left */
	const struct clock *clock;
	const char *worker;
	unsigned int kinds; /* to lease: bits 1 << enum store_kind; 0: all */
	const char *kinds_text; /* the same for people: "deliver", "all" */
	bool once;              /* end when nothing is due */
	size_t concurrency[STORE_KINDS]; /* jobs of a kind in flight at once */
	size_t batch;
	int64_t lease_ms;
	int64_t poll_ms;
	size_t body_budget; /* bytes of bodies in hand */
	int64_t grace_ms;   /* for requests in hand once told to stop */
};

struct work *work_new(const struct work_options *opt);
/* False when the disk does not answer and a thread still uses the store,
 * which must not be closed then but left to the end of the process. */
bool work_free(struct work *w);

/* The kind and its argument live longer than w. */
void work_add(struct work *w, const struct work_kind *kind, void *arg);

/* These two may be called from the loop's callbacks. */

/* Takes over concurrency, batch, lease_ms and poll_ms of opt. */
void work_change(struct work *w, const struct work_options *opt);

/* No new lease from now on; work_run() ends within the grace. */
void work_stop(struct work *w);

/*
 * Works until told to stop or, with once, until nothing is due within a
 * second and nothing in hand.
 * RC_SYSTEM	the store is dead; what is in hand lapses.
 */
enum rc work_run(struct work *w, struct err *e);

/*
 * The end of a running job, from its kind.  Of a the texts and the answer
 * are copied; NULL for STORE_RELEASE.  Writes the attempt's log line.
 */
void work_end(struct work_job *job, enum store_verdict verdict,
    int64_t again_ms, const struct store_attempt *a);

/* The bodies of events in hand, each read once. */
struct work_bodies *work_bodies(struct work *w);

#endif
