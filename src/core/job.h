/*
 * job - the state of a job, and what changes it
 *
 *          lease                 done
 * waiting ───────► leased ─────────────► done
 *   ▲   ▲            │  └─ given up ─► dead ── requeue ─► waiting
 *   │   └── again ───┤            any open state ─ end ─► cancelled
 *   └── lapsed, released
 *
 * 1. A job that is leased once more than before has used one attempt; a lease
 *    whose work was not begun, or whose worker died, gives its attempt back.
 * 2. A job whose lease lapsed is a suspect: from then on it runs alone, and
 *    a death of its worker then counts against it.  JOB_DEATHS_MAX of them end
 *    it.  Any result of an attempt clears the suspicion.
 * 3. A person's retry begins a new round of attempts.
 *
 * The store reads a job, applies one of these functions and writes the job
 * back; event_state.h, order.h and lane.h have the consequences.  Pure.
 */
#ifndef CORE_JOB_H
#define CORE_JOB_H

#include <stdbool.h>
#include <stdint.h>

/* Numbered as enum store_state is. */
enum job_state {
	JOB_WAITING,
	JOB_LEASED,
	JOB_DONE,
	JOB_DEAD,
	JOB_CANCELLED
};

/* The end of a lease; numbered as enum store_verdict is. */
enum job_verdict {
	JOB_VERDICT_DONE,
	JOB_VERDICT_AGAIN,
	JOB_VERDICT_DEAD,
	JOB_VERDICT_CANCEL,
	JOB_VERDICT_RELEASE /* its work was not begun */
};

#define JOB_DEATHS_MAX 3

struct job {
	enum job_state state;
	int priority;
	unsigned int attempt; /* of this round; counted from its lease on */
	unsigned int tries;   /* attempts that have ended, of all rounds */
	unsigned int deaths;  /* of workers that held it alone */
	bool suspect;         /* a worker died while it held the job */
	bool again;           /* a person wants it once more */
	bool ordered;         /* it has an order key */
	bool behind;          /* another job of its key goes first */
	int64_t due_ms;
	int64_t ended_ms; /* 0: it is open */
};

/* Done, dead or cancelled. */
bool job_has_ended(enum job_state s);
/* A person may still cancel it: it is waiting, leased or dead. */
bool job_may_cancel(enum job_state s);

/* A worker takes the waiting job. */
void job_lease(struct job *j);

/*
 * The leased job's worker reports the end of its attempt.  again_ms is the
 * next due time for JOB_VERDICT_AGAIN; for JOB_VERDICT_RELEASE too, where 0
 * leaves the due time as it was.
 */
void job_settle(struct job *j, enum job_verdict verdict, int64_t again_ms,
    int64_t now_ms);

/* The job was delivered, but an earlier job of its order key came meanwhile:
 * the job is due once more, in a new round, behind that one. */
void job_redeliver(struct job *j, int64_t now_ms);

/* The lease ran out without a report; alone: its worker held no other job.
 * The job waits again, or is dead after JOB_DEATHS_MAX deaths. */
void job_lapse(struct job *j, bool alone, int64_t now_ms);

/* A person wants an ended job, or one that waits, done again: a new round of
 * attempts begins, in the lane of repeats. */
void job_requeue(struct job *j, int64_t now_ms);

/* A person does not want to wait for the due time; the attempts stay. */
void job_hasten(struct job *j, int64_t now_ms);

/* The job ends without a report of its worker: JOB_DEAD or JOB_CANCELLED. */
void job_end(struct job *j, enum job_state state, int64_t now_ms);

/*
 * The due time of a new job of an event: since the event came, so that jobs
 * go by age, but not before the time that the event asks for.  A later round
 * is due now.
 */
int64_t job_first_due(int64_t round, int64_t received_ms, int64_t scheduled_ms,
    int64_t now_ms);

#endif
