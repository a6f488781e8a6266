/*
 * store_read - what pages and people ask of the store
 *
 * Reads see one consistent state and block no writer.  A page of a list
 * costs the same at a million rows: lists run newest first by id, below the
 * id in the cursor.  Counts come from counter rows that are kept in the
 * transactions that change them.
 */
#ifndef STORE_STORE_READ_H
#define STORE_STORE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/strlist.h"
#include "core/event.h"
#include "store/store_work.h"

struct store_event_filter {
	const char *type; /* each NULL: any */
	const char *repository;
	const char *source;
	/* As event_delivery_id_of() says; not with oldest_first. */
	const char *delivery_id;
	int status;       /* enum event_status, or -1 */
	bool suspect;     /* those alone that are held back */
	int64_t since_ms; /* received; 0: open */
	int64_t until_ms;
	int64_t before_id; /* the cursor; 0: from the newest */
	/* Oldest first, and the cursor is the last one that was seen; 0: from
	 * the oldest. */
	bool oldest_first;
	size_t limit;
};

/* An event by its integer id or public id.  RC_NOTFOUND. */
enum rc store_event_resolve(struct store *s, const char *text, int64_t *id,
    struct err *e);
enum rc store_event_find(struct store *s, int64_t id, struct event **out,
    struct err *e);
/* *next_before is 0 at the end. */
enum rc store_event_list(struct store *s, const struct store_event_filter *f,
    struct store_events *out, int64_t *next_before, struct err *e);

struct store_job {
	int64_t id;
	char public_id[ID_PUBLIC_SIZE];
	int64_t event;
	enum store_kind kind;
	enum store_state state;
	unsigned int round, attempt, deaths;
	int priority;
	char *target;
	char *webhook_name; /* of a delivery; NULL: it has none */
	char *order_key;    /* NULL: none */
	/* The first open job of its order key, when this one waits for it;
	 * 0: it waits for none. */
	int64_t blocked_by;
	bool is_test; /* of a webhook, not for an event that came */
	int64_t created_ms, due_ms, ended_ms;
	char *lease_owner; /* NULL unless leased */
	enum store_class last_class;
	int last_code;
	char *last_text; /* NULL before the first attempt */
};

struct store_jobs {
	struct store_job *v;
	size_t n;
};
void store_jobs_free(struct store_jobs *l);

struct store_job_filter {
	int64_t event;      /* 0: any */
	const char *target; /* NULL: any */
	int state;          /* enum store_state, or -1 */
	bool blocked;       /* those alone that wait for another */
	int64_t before_id;
	size_t limit;
};
enum rc store_job_resolve(struct store *s, const char *text, int64_t *id,
    struct err *e);
enum rc store_job_find(struct store *s, int64_t id, struct store_job **out,
    struct err *e); /* store_job_free() ends it */
void store_job_free(struct store_job *j);
enum rc store_job_list(struct store *s, const struct store_job_filter *f,
    struct store_jobs *out, int64_t *next_before, struct err *e);

struct store_attempt_row {
	int64_t id, job;
	char *webhook_id;
	char *worker;
	unsigned int number;    /* counts over all rounds of the job */
	bool fenced;            /* the lease had lapsed: it did not count */
	struct store_attempt a; /* its strings are owned by the row */
};
struct store_attempts {
	struct store_attempt_row *v;
	size_t n;
};
/* Of one job, oldest first. */
enum rc store_attempt_list(struct store *s, int64_t job,
    struct store_attempts *out, struct err *e);
/* Of one webhook, newest first. */
enum rc store_webhook_attempts(struct store *s, const char *webhook_id,
    int64_t before_id, size_t limit, struct store_attempts *out,
    int64_t *next_before, struct err *e);
void store_attempts_free(struct store_attempts *l);

/* What an event owes to one webhook. */
enum store_owes {
	STORE_OWES_NOTHING, /* it never had a delivery there */
	STORE_OWES_NO_MORE, /* each delivery there has ended */
	STORE_OWES_STILL    /* one is open, or its jobs are to be made yet */
};
/* Of each of n events; out has as many places. */
enum rc store_event_owes(struct store *s, const char *webhook_id,
    const int64_t *events, size_t n, enum store_owes *out, struct err *e);

/* Events of a time that never had a delivery to a webhook and that it wants;
 * the time is since_ms up to and without until_ms. */
struct store_missed {
	int64_t since_ms, until_ms;
	int64_t n;
	bool is_all; /* false: at least n, where the count stopped */
};

/* Deliveries that wait behind a dead one of their order key: the number of
 * such keys, the number of deliveries (20000 of one key at most are counted),
 * and the time at which the oldest of them was made, 0 for none. */
struct store_held {
	int64_t keys, deliveries, oldest_ms;
	bool is_cut; /* the count stopped: there may be more */
};
/* Of one webhook, or of all for NULL. */
enum rc store_held(struct store *s, const char *webhook_id,
    struct store_held *out, struct err *e);
/* Of each of n webhooks, for a page of a list: at most 2000 deliveries of 200
 * keys of a webhook are counted, and so many of all together that the page
 * costs the same whatever waits.  out has as many places. */
enum rc store_held_page(struct store *s, const char *const *webhook_ids,
    size_t n, struct store_held *out, struct err *e);

struct store_stats {
	int64_t created_ms; /* when the store began */
	int64_t accepted, duplicates, replay_suspects;
	int64_t suspects_held; /* now, and not released */
	int64_t events[EVENT_STATUSES];
	int64_t failed_open; /* failed ones that other jobs are owed of yet */
	int64_t events_purged;
	int64_t jobs[STORE_STATES];
	int64_t jobs_purged;
	int64_t jobs_owed;
	int64_t retrying; /* waiting jobs that were tried before */
	/* Since the store began: leases taken, lapsed and lost to another
	 * before the result came; jobs put off and given up. */
	int64_t leases, lapses, fenced, retries, dead_letters;
	int64_t processed, processing_ms; /* ends of events and their total */
	int64_t ended, ended_ms; /* the same by the present end of each event */
	/* Events with something that is due for long and not leased; held are
	 * those of them whose webhook is disabled. */
	int64_t overdue, held;
	struct store_held in_order;
};
/* overdue_ms: due for longer than this and not leased counts. */
enum rc store_stats(struct store *s, int64_t now_ms, int64_t overdue_ms,
    struct store_stats *out, struct err *e);

#define STORE_COUNTS_MAX 1000
/* Counters by event type ("type"), by repository ("repo"): the largest ones,
 * as senders may make ever new names. f is called until it returns non-zero. */
enum rc store_counts(struct store *s, const char *family,
    int (*f)(void *arg, const char *key, int64_t n), void *arg, struct err *e);

struct store_day {
	char date[11]; /* 2026-11-21 */
	int64_t total, succeeded, failed;
	int64_t processing_ms; /* total over succeeded + failed */
};
/* The latest days, newest first. */
enum rc store_days(struct store *s, size_t max, struct store_day *out,
    size_t *n, struct err *e);

struct store_workers {
	struct store_worker *v;
	size_t n;
};
enum rc store_worker_list(struct store *s, struct store_workers *out,
    struct err *e);
void store_workers_free(struct store_workers *l);
enum store_worker_state {
	STORE_WORKER_UP,
	STORE_WORKER_ENDED,  /* by itself, and is to be started again */
	STORE_WORKER_MISSING /* it died, or has not reported for long */
};
const char *store_worker_state_name(enum store_worker_state s);
/* running has the ids of the drains whose programs run; NULL: not known, then
 * the time of the last report decides, for within_ms.  A report in the future
 * is of a clock that was ahead. */
enum store_worker_state store_worker_state(const struct store_worker *w,
    const struct strlist *running, int64_t within_ms, int64_t now_ms);
/* Whether somebody works the queue: up, or ended less than within_ms ago. */
bool store_worker_counts(const struct store_worker *w,
    const struct strlist *running, int64_t within_ms, int64_t now_ms);
/* Of how many that is so, and of how many there is a report. */
enum rc store_workers_count(struct store *s, const struct strlist *running,
    int64_t within_ms, int64_t now_ms, size_t *up, size_t *all, struct err *e);

#endif
