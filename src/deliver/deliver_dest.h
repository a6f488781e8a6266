/*
 * deliver_dest - one receiver's open requests
 *
 * A destination is a webhook as this drain sees it: the jobs leased for it, its
 * open requests and its kept connections.  It is made with its first job and
 * forgotten when it has been idle for a while.
 *
 * 1. Requests open to a destination never exceed its window: it begins at
 *    four, opens by one with each success up to max_in_flight, and halves
 *    with each failure of the destination, down to one.
 * 2. Connections are kept to a hundred idle destinations at most.
 * 3. While other drains run, each drain has a share of max_in_flight, from the
 *    moment it knows of them.  When its requests are within the new share, its
 *    next lease reports that; with fewer drains the share grows after a lease
 *    has reported it.
 * 4. Prefetched jobs exceed the window only while the destination answers
 *    fast and this drain is alone, or all drains have reported their shares.
 *    Otherwise jobs are leased up to max_in_flight, and only when fewer than
 *    half of that are held.
 * 5. A destination is doubtful before its first success, after a failure of
 *    its own, and when a request took or takes a second.  All doubtful
 *    destinations together use at most half of the drain's requests, and a
 *    part of its prefetched jobs that leaves room for a lease: any number of
 *    slow or dead receivers leaves room for the others.
 *
 * One thread.
 */
#ifndef DELIVER_DELIVER_DEST_H
#define DELIVER_DELIVER_DEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct deliver_dests;
struct httpc;
struct httpc_policy;
struct httpc_pool;
struct store_lease_want;
struct store_webhooks;
struct strlist;
struct webhook;
struct work_hand;

struct deliver_dest {
	char *id;
	const struct webhook *webhook; /* NULL: it was deleted */
	size_t held;                   /* leased jobs */
	size_t open;                   /* open requests */
	bool is_blocked; /* its breaker is not closed: only a probe may go */
	/* Consecutive failures of the destination; untold is the number of
	 * them that the store does not have yet. */
	int64_t failures, untold;

	/* Private to deliver_dest.c. */
	struct deliver_dest *next;
	struct httpc_pool *pool;
	char *url;                      /* of the pool's connections */
	char *tls;                      /* the pool's TLS files */
	TAILQ_ENTRY(deliver_dest) idle; /* listed while open is 0 */
	int64_t used_ms;
	int64_t moved_ms; /* the last request's end, or the first one's start */
	int64_t took_ms;  /* duration of the last request; -1: none yet */
	size_t window;
	bool is_proven, is_failing, is_doubtful;
};

/* The outcome of a request, as far as the window needs it. */
enum deliver_dest_end {
	DELIVER_DEST_DONE,
	DELIVER_DEST_REFUSED, /* the delivery's fault, or ours */
	DELIVER_DEST_FAILED   /* the destination's */
};

struct deliver_dests *deliver_dests_new(struct httpc *http,
    const struct httpc_policy *policy);
void deliver_dests_free(struct deliver_dests *l);

/* Takes the current registrations, sorted by id; borrowed until the next call.
 * most is max_in_flight of a registration without one. */
void deliver_dests_refresh(struct deliver_dests *l,
    const struct store_webhooks *webhooks, size_t most);

/* The sorted ids of webhooks whose breaker is not closed.  Takes ids over. */
void deliver_dests_block(struct deliver_dests *l, struct strlist *ids);

/* Frees destinations and connections that have been idle for a while. */
void deliver_dests_trim(struct deliver_dests *l, int64_t now_ms);

/* Never NULL. */
struct deliver_dest *deliver_dest_get(struct deliver_dests *l, const char *id);

bool deliver_dest_may_open(const struct deliver_dests *l,
    const struct deliver_dest *d);

/* Counts a request as open; returns the connections to use for it. */
struct httpc_pool *deliver_dest_open(struct deliver_dests *l,
    struct deliver_dest *d, int64_t now_ms);
void deliver_dest_close(struct deliver_dests *l, struct deliver_dest *d,
    int64_t now_ms, int64_t took_ms, enum deliver_dest_end end);

/* The store has one more of the destination's failures. */
void deliver_dest_told(struct deliver_dest *d);

/*
 * Fills in the targets to leave out of a lease, or the only ones to take, and
 * the maximum number of jobs; false when there is room for none.  want->skip
 * is valid until the next call.
 */
bool deliver_dests_want(struct deliver_dests *l, const struct work_hand *hand,
    struct store_lease_want *want);

#endif
