/*
 * store_work - what a drain does with the queue: expand, lease, settle
 *
 * Leasing is two-level: a small table of targets that have something due, by
 * kind, then the jobs of one target by priority and due time, so the cost of a
 * lease does not grow with the number of waiting jobs, nor with that of the
 * targets of other kinds.
 *
 *          lease                 done
 * waiting ───────► leased ─────────────► done
 *   ▲   ▲            │  └─ given up ─► dead ── retry ─► waiting
 *   │   └── retry ───┤            any open state ─ cancel ─► cancelled
 *   └── lapsed, released
 */
#ifndef STORE_STORE_WORK_H
#define STORE_STORE_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/strlist.h"
#include "core/event.h"

struct event;
struct notice;
struct store;
struct store_product;

/* Stored as numbers: a further kind goes behind the last. */
enum store_kind {
	STORE_DELIVER,
	STORE_EXEC,
	STORE_ANALYZE,
	STORE_ACT,
	STORE_PUBLISH,
	STORE_DRAFT,
	STORE_ALERT
};
#define STORE_KINDS 7
const char *store_kind_name(enum store_kind k); /* "deliver" ... */
bool store_kind_parse(const char *text, enum store_kind *out);

enum store_state {
	STORE_WAITING,
	STORE_LEASED,
	STORE_STATE_DONE,
	STORE_STATE_DEAD,
	STORE_CANCELLED
};
#define STORE_STATES 5
const char *store_state_name(enum store_state s);
bool store_state_parse(const char *text, enum store_state *out);

/* Events whose jobs are not made yet, oldest first, without bodies.  Of a
 * replay that was put down, events are made such on the way. */
struct store_events {
	struct event **v;
	size_t n;
	bool more;    /* ask again, however few came */
	int64_t seen; /* of a list: the last that was looked at, or 0 */
};
enum rc store_unexpanded(struct store *s, size_t max, struct store_events *out,
    struct err *e);
void store_events_free(struct store_events *l);

/* One job that is owed. */
struct store_owed {
	enum store_kind kind;
	const char *target;
	/* Id of the row that the job is about, in a table that its kind knows;
	 * 0: the job is about its event. */
	int64_t about;
	int64_t due_ms; /* 0: as its event, or at once */
	/* Of the open jobs (waiting, leased, dead) of one target and one key
	 * only the first that was made is ever leased; the next one may be
	 * when it is done or cancelled.  NULL: in no order. */
	const char *order_key;
};

struct store_expansion {
	int64_t event;
	const struct store_owed *jobs;
	size_t njobs;
	bool more; /* of its jobs are to come, so it is not expanded yet */
	bool has_passed; /* the counts of webhooks are to be kept */
	int64_t passed[EVENT_PASSED];
};

/* Makes the jobs of each event, unique on (event, round, kind, target, about),
 * due at the event's scheduled time; done twice, by whomever, it changes
 * nothing.  An event that owes none is completed.  All is one transaction,
 * so what is very much is handed over in parts. */
enum rc store_expand(struct store *s, const struct store_expansion *v, size_t n,
    int64_t now_ms, struct err *e);

/*
 * What bounds the deliveries to a target whose registration names nothing
 * else; all zeros, as after store_open(), for no bounds.  It holds from
 * the next lease or settlement on.
 *
 * At most rate requests a second are leased to a target (core/bucket.h), and
 * a lease that was not begun gives its token back.  After failures in a row
 * its breaker opens (core/breaker.h): nothing is leased then, and what is on
 * lease and not begun is to be given back; from open_ms later on one job is
 * leased, the probe.
 *
 * max_in_flight bounds the requests open to a target, of all drains.  A drain
 * that is alone may lease in advance, and does not open more at once.  Drains
 * that live side by side may too, each a store_flow_share() open, once all of
 * them have said, by want->split, that they keep to it.  Until then, and where
 * there is too little to divide, no more jobs of a target than max_in_flight
 * are on lease, so no more can be open; each lease brings a part of it.  A
 * drain learns that another has come with its next lease, in the lease's
 * transaction, and so does that one.  A drain that nobody has seen for
 * STORE_DRAIN_SEEN_MS does not count, so one that was stopped for longer may
 * for once have requests open beside those of the others.  Drains of the
 * same id know of each other within a second.
 */
struct store_flow {
	int64_t rate; /* thousandths of a request a second; 0: no limit */
	int64_t max_in_flight; /* 0: no limit */
	int64_t failures;      /* in a row; 0: the breaker stays closed */
	int64_t open_ms;
	/* Of webhooks without one of their own; NULL: not known.  Copied. */
	const int64_t *retry_schedule;
	size_t nretries;
};
#define STORE_DRAIN_SEEN_MS 15000
void store_flow(struct store *s, const struct store_flow *f);
/* Of max_in_flight, for each of so many drains; 0: too little to divide. */
int64_t store_flow_share(int64_t max_in_flight, size_t drains);

/*
 * The targets whose breaker is not closed, sorted by strcmp, when they are
 * other ones than at *version, which moves; -1 is a version nobody has.
 * *changed tells, and out is the caller's then.  Cheap to ask.
 */
enum rc store_blocked(struct store *s, int64_t *version, struct strlist *out,
    bool *changed, struct err *e);

/* A job on lease, with what its event says of itself; the bytes are read
 * when they are needed, by store_payload(). */
struct store_lease {
	int64_t job;   /* id of the job */
	int64_t token; /* proof of holding the lease */
	enum store_kind kind;
	unsigned int attempt; /* 1 on the first try of this round */
	unsigned int round;   /* 0, then 1 for the first replay */
	int64_t until_ms;     /* boot clock */
	bool alone;           /* a worker died over it: see in_company */
	bool probe;    /* of its target's breaker: goes out all the same */
	char *target;  /* webhook id, repository or command */
	int64_t about; /* as it is owed */
	struct event *event; /* without body; NULL: it is no event's */
};

struct store_leases {
	struct store_lease *v;
	size_t n;
	bool held_back; /* see in_company */
	size_t drains;  /* that deliver, 1: we are alone; 0: nobody looked, as
	                   no deliveries were wanted */
	bool is_split;  /* max_in_flight is divided among them */
};

struct store_lease_want {
	const char *worker;
	unsigned int kinds;    /* bits 1 << enum store_kind; 0: all */
	size_t max;            /* jobs */
	size_t max_per_target; /* 0: what the target is allowed */
	int64_t hold_ms;       /* of the lease clock */
	/* Targets not to take from now, sorted by strcmp: full ones.  With
	 * only, those to take from, and no other. */
	const char *const *skip;
	size_t nskip;
	bool only;
	/* Other jobs are in hand.  One that a worker died over does not come
	 * then, as a second death is to name it alone; held_back tells that
	 * one would have. */
	bool in_company;
	/* In every request that is open here, and will be before the next
	 * lease, max_in_flight is divided among so many drains; 0: it is not.
	 * Read only for a want of deliveries. */
	size_t split;
	/* In hand alone until now, or NULL: when anything comes beside it, its
	 * worker's death is no longer counted against it. */
	const struct store_lease *alone;
};

bool store_wants_kind(const struct store_lease_want *want, enum store_kind k);

/*
 * Leases at most want->max jobs that are due at now_ms, of the target that
 * waits longest for a lease first, the jobs of one by priority and then age.
 * A job with the death of a worker behind it comes alone.  When none is due
 * that is RC_OK and out->n is 0; *next_due_ms is then the time of the next one,
 * or INT64_MAX.  On any other code *out is empty.
 */
enum rc store_lease_due(struct store *s, int64_t now_ms,
    const struct store_lease_want *want, struct store_leases *out,
    int64_t *next_due_ms, struct err *e);
void store_leases_free(struct store_leases *l);

/* Puts back the jobs whose leases have lapsed, or sets them aside as dead
 * after three deaths of a worker that held them alone.  *n: how many. */
enum rc store_recover(struct store *s, int64_t now_ms, size_t *n,
    struct err *e);

/* Holds leases for hold_ms more; ok[i] tells whether lease i was still
 * ours. */
enum rc store_renew(struct store *s, const struct store_lease *const *v,
    size_t n, int64_t hold_ms, bool *ok, struct err *e);

enum store_verdict {
	STORE_DONE,   /* nothing more is owed */
	STORE_AGAIN,  /* owed still, not before again_ms */
	STORE_DEAD,   /* given up; a person has to look */
	STORE_CANCEL, /* not wanted any more */
	STORE_RELEASE /* not begun; back as it was, no attempt used */
};
#define STORE_VERDICTS 5

/* Who is at fault. */
enum store_class {
	STORE_CLASS_NONE,
	STORE_CLASS_RECEIVER,
	STORE_CLASS_NETWORK,
	STORE_CLASS_US
};
const char *store_class_name(enum store_class c);

/* What an attempt's time went into, each part by itself; 0 for one that did
 * not take place: it did not come that far, or a connection was used again,
 * or there is no TLS. */
struct store_times {
	int64_t name_us;
	int64_t connect_us;
	int64_t tls_us;
	int64_t first_byte_us; /* from the request to the answer's first line */
};

/* The request of an attempt at a delivery, and what it says of the webhook. */
struct store_request {
	struct store_times times;
	const char *address; /* that was connected to, or "" */
	const void *answer;  /* first bytes of the response, at most 1 KiB */
	size_t answersz;
	bool timed_out;
	bool gone; /* 410: the webhook is disabled in the same transaction */
	/* With nothing but failure for so long its webhook is disabled, a
	 * while after a notice that says so; 0: never. */
	int64_t disable_after_ms;
	/* Nobody there, or nobody able: counts towards the breaker. */
	bool no_destination;
};

/* How an attempt at a job of any kind ended. */
struct store_attempt {
	int64_t started_ms;
	int64_t took_ms;
	enum store_class class;
	int code;         /* of a delivery: the HTTP status, or 0 */
	const char *text; /* our words, "" when all is well; never NULL */
	struct store_request request; /* of a delivery; zeros for others */
};

struct store_result {
	int64_t job;
	int64_t token;
	enum store_verdict verdict;
	bool probe;       /* as the lease has it */
	int64_t again_ms; /* for STORE_AGAIN; for STORE_RELEASE or 0 */
	struct store_attempt attempt; /* not read for STORE_RELEASE */
	/* What the job has made, or NULL, and jobs that its end owes beside
	 * those that this owes: of its event, round and priority, due now
	 * where they name no time.  Both are written in the same transaction,
	 * unless the result is fenced or the job is to be done once more,
	 * behind an earlier one of its order key. */
	const struct store_product *product;
	const struct store_owed *owes;
	size_t nowes;
	/* Result: why the store refuses product or owes, NULL where it does
	 * not.  The job is dead then: verdict, attempt and these members say
	 * so from here on, and the other results stand.  The caller's,
	 * free(3), whatever the code. */
	char *refused;
	bool fenced; /* result: the lease was not ours any more; the attempt
	              * is on record, the job unchanged */
};

/*
 * Records how attempts ended, writes what they made and gives the leases back,
 * in one transaction; the webhooks' totals and health move with it.
 */
enum rc store_settle(struct store *s, struct store_result *v, size_t n,
    const char *worker, int64_t now_ms, struct err *e);

/*
 * store_expand(), store_settle() and store_lease_due() in one transaction,
 * for a third of the waiting.  The wants, at least one and at most STORE_KINDS,
 * see what the others leave; each leases up to its own max, and nothing with 0.
 * The worker of the first one settles too; the split of the one that leases
 * deliveries counts.
 * On any code but RC_OK nothing is expanded or settled and leases is empty.
 */
struct store_exchange {
	const struct store_expansion *expansions;
	size_t nexpansions;
	struct store_result *results;
	size_t nresults;
	const struct store_lease_want *wants;
	size_t nwants;
	int64_t now_ms;
	size_t nexpanded;           /* result: that nobody had expanded yet */
	struct store_leases leases; /* result, of all wants */
	/* Result: when the next job is due that a want which got none could
	 * have; after now_ms, unless there is none but those left out. */
	int64_t next_due_ms;
};
enum rc store_exchange(struct store *s, struct store_exchange *x,
    struct err *e);

/* hls's own events that no event was made of yet, oldest first.  They are
 * written with their causes, and for a source once an hour at most, with the
 * figures that have grown since.  Without any, v is NULL. */
struct store_notices {
	struct notice *v;
	size_t n;
};
enum rc store_notices(struct store *s, size_t max, struct store_notices *out,
    struct err *e);
void store_notices_free(struct store_notices *l);

/* Accepts the events and drops the notices, in one transaction; no event is
 * made of a notice that is not there any more. */
struct store_telling {
	int64_t notice;
	struct event *event; /* the caller's; NULL: nobody wants to hear */
	bool late;           /* result: another drain made the event */
};
enum rc store_tell(struct store *s, struct store_telling *v, size_t n,
    struct err *e);

/* The bytes of events, read in one transaction.  bytes is NULL where the body
 * is not stored or is purged; otherwise the caller frees it, free(3). */
struct store_body {
	int64_t event;
	char *bytes;
	size_t n;
};
enum rc store_payloads(struct store *s, struct store_body *v, size_t n,
    struct err *e);

/* The bytes of one; *body is the caller's, free(3).  RC_NOTFOUND: no such
 * event, or its bytes are purged. */
enum rc store_payload(struct store *s, int64_t event, char **body,
    size_t *bodysz, struct err *e);

/* A worker says it is alive; made on the first call.  Those that nobody has
 * seen for a day before it are forgotten, and at once one that says it is
 * gone, unless another has its id by now. */
struct store_worker {
	char *id;
	char *kinds; /* "deliver" or "all" */
	int64_t started_ms, last_seen_ms;
	int64_t in_flight, done, failed;
	int64_t ended_ms; /* it ended and is to be started again; 0: not */
	bool gone;        /* not in lists, where nobody is */
};
enum rc store_worker_seen(struct store *s, const struct store_worker *w,
    struct err *e);

/* The name of the file whose modification means new work; NULL where the
 * engine has none.  Borrowed from the store. */
const char *store_wake_path(struct store *s);

/* A number that changes whenever a registration does: cheap to ask. */
enum rc store_webhooks_version(struct store *s, int64_t *out, struct err *e);

#endif
