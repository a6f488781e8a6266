/*
 * work_int - what the files of the loop share
 */
#ifndef WORK_WORK_INT_H
#define WORK_WORK_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "store/store_work.h"
#include "work/work.h"

#define WORK_KINDS_MAX STORE_KINDS
#define WORK_GROUP 64      /* results of one settlement */
#define WORK_GROUP_WAIT 10 /* ms that a result waits for others at most */
#define WORK_ALONE_MS 1000 /* that others wait for one that killed */
#define WORK_ALONE_TWICE 4 /* times that this is doubled at most */

struct meter_figure;
struct work_expansion;

/* What is to be done from time to time. */
enum work_duty {
	WORK_RENEW,  /* the leases in hand */
	WORK_REPORT, /* that this drain is alive */
	WORK_SWEEP,  /* for lapsed leases */
	WORK_POLL    /* for what no wake-up told of */
};
#define WORK_DUTIES 4

/*
 *            told to stop          stop_by
 * [goes on] ─────────────► [stops] ───────► [gives up]
 */
enum work_phase {
	WORK_GOES_ON,
	WORK_STOPS,   /* queued jobs go back, running ones may end */
	WORK_GIVES_UP /* running jobs go back too, and the last settle */
};

/* A job that a worker died over is tried alone, or the others in flight would
 * be blamed with it: until quiet_until nothing is leased. */
enum work_quiet {
	WORK_QUIET_NOT,
	WORK_QUIET_BEFORE, /* it waits for the jobs in flight; from then on it
			      comes beside them */
	WORK_QUIET_BESIDE  /* it runs; from then on others come beside it */
};

/* It is due, and stays so until it is done. */
struct work_duty_timer {
	struct loop_timer timer;
	bool is_due;
};

struct work_list {
	struct work_job *first, **last;
	size_t n;
};

/* A kind in this loop. */
struct work_bound {
	const struct work_kind *kind;
	void *arg;
	struct work_list queued, running;
	size_t ended; /* of its jobs */
};

struct work {
	struct work_options opt;
	char *worker;
	struct work_bound kinds[WORK_KINDS_MAX];
	size_t nkinds;
	struct work_bodies *bodies;
	struct work_exchange *exchange;
	struct loop_watch wake; /* new work in the store; its fd may be -1 */
	struct work_duty_timer duties[WORK_DUTIES];

	/* Jobs that have ended are settled together, whatever their kind. */
	struct work_list ended, settling;
	size_t queued, running; /* of all kinds */
	int64_t done, failed;
	/* By kind and verdict, found when first needed. */
	struct meter_figure *ends[STORE_KINDS][STORE_VERDICTS];

	/* Times of the boot clock but for due_ms. */
	int64_t now_ms; /* of this turn */
	int64_t settle_by;
	int64_t due_ms;     /* wall: the next job that is known to come due */
	bool expand, lease; /* there may be something */
	/* Times in a row that another drain had expanded what we read, and the
	 * exchanges that new events are left to it for. */
	unsigned int late, leave;
	bool look; /* a failure was settled: look what it changed */
	/* As the last lease saw it. */
	size_t drains, split;
	bool is_split;
	uint64_t leases;

	enum work_phase phase;
	int64_t stop_by;
	int64_t pause_until;   /* the store failed: not before */
	int64_t trouble_since; /* 0: none */

	enum work_quiet quiet;
	int64_t quiet_until;
	size_t waits; /* the kind whose suspect waits, as far as it is known */
	const struct work_job *alone; /* nothing came beside it so far */

	struct store_worker seen; /* as last told */
};

/* work_job.c: the lists, the ends and the settlement. */
void work_list_put(struct work *w, enum work_state at, struct work_job *job);
void work_list_drop(struct work *w, struct work_job *job);
/* The job leaves the hand; its lease is settled or left to lapse. */
void work_forget(struct work *w, struct work_job *job);
/* At most so many results of ended jobs, oldest first, into v; how many there
 * are. */
size_t work_results(const struct work *w, struct store_result *v, size_t max);
/* The first n jobs in that state, WORK_ENDED or WORK_SETTLING, have these
 * results, as the store left them... */
void work_results_put(struct work *w, enum work_state at,
    const struct store_result *v, size_t n);
/* ...and they are settled. */
void work_settled(struct work *w, enum work_state at, size_t n);
enum rc work_settle(struct work *w, struct err *e);
enum rc work_renew(struct work *w, struct err *e);

/* work_kind.c */
struct work_list *work_list_of(struct work *w, struct work_bound *b,
    enum work_state at);
/* How many jobs of it may be in flight, and how many are leased at once. */
size_t work_concurrency(const struct work *w, const struct work_bound *b);
size_t work_batch(const struct work *w, const struct work_bound *b);
/* Of all kinds together. */
size_t work_places(const struct work *w);
/* Jobs of this kind are leased here. */
bool work_may_lease(const struct work *w, const struct work_bound *b);
/* The jobs of an exchange are of one of these kinds. */
struct work_bound *work_bound_of(struct work *w, enum store_kind kind);

/* work_lease.c: fills the hand, starts what may start. */
size_t work_in_hand(const struct work *w);
/* Nothing is leased, so that one job may be alone. */
bool work_is_quiet(const struct work *w);
/* For a lease of some kind. */
bool work_has_room(const struct work *w);
enum rc work_lease(struct work *w, struct err *e);
/* Begins to expand what is new, which may be NULL, to settle one group and to
 * fill the room it leaves, in one transaction; none is open. */
void work_exchange(struct work *w, struct work_expansion *x);
/* Takes in what the one that is open has brought; nothing before it has. */
enum rc work_exchanged(struct work *w, struct err *e);
void work_start_queued(struct work *w);

/* work_exchange.c: the store's part of it, beside the loop, which it wakes
 * when an answer is there. */
struct work_exchange *work_exchange_new(struct store *s,
    struct work_bodies *bodies, struct loop *l);
/* Waits so long for one that is open; false when it is open still. */
bool work_exchange_free(struct work *w, int64_t wait_ms);
bool work_exchange_is_open(const struct work *w);
/* The oldest group of ended jobs goes into the list of the settling. */
void work_exchange_begin(struct work *w, struct work_expansion *x,
    const struct store_lease_want *wants, size_t n);
/* False while there is no answer.  Unless *rc is RC_OK the jobs are on the
 * list of the ended again, and what was new is.  *out is borrowed until the
 * next begins, but for its expansions, which are gone. */
bool work_exchange_end(struct work *w, struct store_exchange **out, enum rc *rc,
    struct err *e);

/* work_kind.c: what the kinds keep of the store is as new as what was read of it
 * before. */
enum rc work_refresh(struct work *w, struct err *e);

/* work_expand.c: the kinds tell what they have to; what one batch of new
 * events owes, NULL for nothing. */
enum rc work_expand(struct work *w, struct work_expansion **out, struct err *e);
void work_expansion_free(struct work_expansion *x);
/* Expands what is too much for one transaction, and puts the rest, at least
 * one event's, into the exchange.  For any thread. */
enum rc work_expand_large(struct store *s, struct work_expansion *x,
    struct store_exchange *rest, struct err *e);

#endif
