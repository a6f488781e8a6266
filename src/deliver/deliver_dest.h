/*
 * deliver_dest - one receiver's open requests
 *
 * A destination is a webhook as this drain sees it: how many of its jobs are
 * in hand, how many requests are open, and the connections kept to it.  It
 * appears with its first job and goes when nothing happened for a while.
 *
 * 1. Requests open to a destination never exceed its window (max_in_flight).
 * 2. Connections are kept to a hundred destinations at most, beside those
 *    with open requests.
 * 3. Jobs in hand for it exceed the window only while it answers fast: a
 *    slow receiver holds no jobs that others could be worked on instead of.
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
struct httpc_pool;
struct store_webhooks;
struct webhook;

struct deliver_dest {
	char *id;
	const struct webhook *webhook; /* NULL: there is no such one */
	size_t held;                   /* jobs in hand */
	size_t open;                   /* requests */

	/* Its own. */
	struct deliver_dest *next;
	struct httpc_pool *pool;
	char *url;                      /* that the pool has connections to */
	TAILQ_ENTRY(deliver_dest) idle; /* while pool is there and open is 0 */
	int64_t used_ms;
	int64_t took_ms; /* the last request; -1: none yet */
};

struct deliver_dests *deliver_dests_new(struct httpc *http);
void deliver_dests_free(struct deliver_dests *l);

/* The registrations as they are now, sorted by id; borrowed until the next
 * call.  window holds where a registration names none. */
void deliver_dests_refresh(struct deliver_dests *l,
    const struct store_webhooks *webhooks, size_t window);

/* Forgets what was not used for a while. */
void deliver_dests_trim(struct deliver_dests *l, int64_t now_ms);

/* Never NULL. */
struct deliver_dest *deliver_dest_get(struct deliver_dests *l, const char *id);

bool deliver_dest_may_open(const struct deliver_dests *l,
    const struct deliver_dest *d);

/* A request opens: the connections to use for it. */
struct httpc_pool *deliver_dest_open(struct deliver_dests *l,
    struct deliver_dest *d);
void deliver_dest_close(struct deliver_dests *l, struct deliver_dest *d,
    int64_t now_ms, int64_t took_ms);

/*
 * Which targets to leave out of the pass-th lease of a turn, sorted, and how
 * many jobs of one to take; false when there is no such pass.  The first is
 * for all that have room; a second one, where some registration has a wider
 * window than the others, for those alone.  *skip is valid until the next
 * call.
 */
bool deliver_dests_want(struct deliver_dests *l, unsigned int pass,
    const char *const **skip, size_t *nskip, size_t *per_target);

#endif
