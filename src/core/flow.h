/*
 * flow - what bounds the deliveries to one target, and when it is ready
 *
 * A target's share of tokens (bucket.h), its open requests and its breaker
 * (breaker.h) are kept with it and change as jobs are leased and settled, so
 * every drain sees the same and a restart forgets nothing.
 *
 * 1. A target is ready at the latest of the first due time of its jobs and the
 *    ends of all that holds it up.  ready_ms is in an index, so it is kept in
 *    the target's row; LITE_REPLAY_HOLD and LITE_REPLAY_GO_ON, which write
 *    many rows at once, follow the same rule in SQL.
 * 2. A token is taken by a lease and given back by a job that was not begun.
 * 3. Of a target whose breaker is not closed one job is leased, its probe.
 * 4. A drain that is alone may lease in advance, and bounds what is open
 *    itself.  So do drains that have divided max_in_flight; while others
 *    live that have not, a target has at most max_in_flight jobs on lease.
 * 5. After a lease that left due jobs the other targets come first.
 *
 * Pure.
 */
#ifndef CORE_FLOW_H
#define CORE_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/breaker.h"

#define FLOW_NEVER INT64_MAX /* a time that does not come */

struct flow {
	bool is_delivery;            /* to a webhook: nothing else is bounded */
	int64_t waiting, leased;     /* jobs */
	int64_t next_due_ms;         /* of its first waiting job, or before */
	int64_t blocked_until_ms;    /* its webhook is disabled */
	int64_t held_until_ms;       /* a replay in order is being made */
	int64_t rate, max_in_flight; /* -1: as for all targets; 0: no limit */
	int64_t bucket_us;
	int64_t limited_until_ms;
	int64_t limit_hits; /* ever */
	struct breaker breaker;
};

/* For targets that name no limits of their own; 0: no limit. */
struct flow_limits {
	int64_t rate, max_in_flight;
	struct breaker_rule breaker;
};

/* The drains that deliver, the asking one too. */
struct flow_drains {
	size_t n;
	int64_t split; /* the least of what they divide max_in_flight by */
	bool is_split; /* all of them divide it by n or more */
};

/* The row of a drain, which may be another one of the same name. */
struct flow_worker {
	bool is_me;
	int64_t last_seen_ms;
	int64_t shared_ms; /* two drains used the name then */
	int64_t split;
};

/* The asking drain alone; its open requests are divided by own_split. */
void flow_drains_init(struct flow_drains *d, int64_t own_split);
/* Adds the drains of this row, unless none was seen for seen_ms.  The statement
 * LITE_WORKER_DRAINS leaves out rows that have not been seen for so long. */
void flow_drains_add(struct flow_drains *d, const struct flow_worker *w,
    int64_t seen_ms, int64_t now_ms);

/* The share of max_in_flight for each of so many drains; 0: too little to
 * divide. */
int64_t flow_share(int64_t max_in_flight, size_t drains);

/* The jobs, at most room, that may be leased now. */
size_t flow_room(const struct flow *f, const struct flow_limits *all,
    const struct flow_drains *d, size_t room, int64_t now_ms);
/* The one job that may be leased is the probe of its breaker. */
bool flow_is_probe(const struct flow *f);

/* The leases and settlements of one transaction. */
struct flow_change {
	struct breaker_news news;
	bool has_ended; /* leases have, unused of them without a request */
	int unused;
	/* A lease asked for jobs and got taken; it left due ones. */
	bool was_asked, has_more;
	int taken;
};
void flow_apply(struct flow *f, const struct flow_limits *all,
    const struct flow_change *ch, int64_t now_ms);

/* How the jobs of a target change in one transaction. */
struct flow_jobs {
	int waiting, leased;
	int64_t due_ms;    /* the first of those that came; or FLOW_NEVER */
	bool due_is_first; /* it is the first of all that wait */
};
/* False: fewer jobs than none wait by the count, which is wrong.  The caller
 * counts them, sets waiting and next_due_ms, and calls flow_due(). */
bool flow_count(struct flow *f, const struct flow_jobs *jobs);
void flow_due(struct flow *f, const struct flow_jobs *jobs);

int64_t flow_ready_ms(const struct flow *f);

/* Its webhook's registration has changed. */
struct flow_wish {
	bool enabled;
	int64_t rate, max_in_flight;
	bool closes_breaker;
};
void flow_follow(struct flow *f, const struct flow_wish *w);

/* Shortens waits that no limit explains, because the clock was ahead when they
 * began; false when there is none. */
bool flow_repair(struct flow *f, const struct flow_limits *all, int64_t now_ms);
/* Such a wait is longer than this: no other target need be looked at. */
#define FLOW_WAIT_MS INT64_C(1000)
int64_t flow_breaker_wait_ms(const struct flow_limits *all);

#endif
