/*
 * deliver_dest - one receiver's open requests
 *
 * A destination is a webhook as this drain sees it: how many of its jobs are
 * in hand, how many requests are open, and the connections kept to it.  It
 * appears with its first job and goes when nothing happened for a while.
 *
 * 1. Requests open to a destination never exceed its window: it begins at
 *    four, opens by one with each success up to max_in_flight, and halves
 *    with each failure of the destination, down to one.
 * 2. Connections are kept to a hundred destinations at most, beside those
 *    with open requests.
 * 3. Beside other drains it is held to a share of max_in_flight, from when
 *    this drain knows of them.  Once nothing exceeds that, the next lease
 *    says so; with fewer of them the share grows when a lease has said that.
 * 4. Jobs in hand for it exceed the window only while it answers fast and
 *    this drain is alone, or all drains have said so; else it takes a part
 *    of max_in_flight when it holds less than half of one.
 * 5. A destination is doubtful until it has answered well, when the last
 *    request failed for its own fault, and when one took or takes a second.
 *    All doubtful ones together have requests in half of the drain's slots
 *    at most, and jobs in a part of its hand that leaves room for a lease:
 *    however many strangers are slow or dead, the others go out.
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
struct store_lease_want;
struct store_webhooks;
struct strlist;
struct webhook;
struct work_hand;

struct deliver_dest {
	char *id;
	const struct webhook *webhook; /* NULL: there is no such one */
	size_t held;                   /* jobs in hand */
	size_t open;                   /* requests */
	bool is_blocked; /* its breaker is not closed: only a probe may go */
	/* Of its own fault, in a row; of them so many that the store does not
	 * know of yet. */
	int64_t failures, untold;

	/* Its own. */
	struct deliver_dest *next;
	struct httpc_pool *pool;
	char *url;                      /* that the pool has connections to */
	char *tls;                      /* and the files that it uses */
	TAILQ_ENTRY(deliver_dest) idle; /* while pool is there and open is 0 */
	int64_t used_ms;
	int64_t moved_ms; /* the last end of a request, or begin of the first */
	int64_t took_ms;  /* the last request; -1: none yet */
	size_t window;
	bool is_proven, is_failing, is_doubtful;
};

/* How a request ended, for the window. */
enum deliver_dest_end {
	DELIVER_DEST_DONE,
	DELIVER_DEST_REFUSED, /* the delivery's fault, or ours */
	DELIVER_DEST_FAILED   /* the destination's */
};

struct deliver_dests *deliver_dests_new(struct httpc *http);
void deliver_dests_free(struct deliver_dests *l);

/* The registrations as they are now, sorted by id; borrowed until the next
 * call.  most is max_in_flight where a registration names none. */
void deliver_dests_refresh(struct deliver_dests *l,
    const struct store_webhooks *webhooks, size_t most);

/* Those whose breaker is not closed, sorted; taken over. */
void deliver_dests_block(struct deliver_dests *l, struct strlist *ids);

/* Forgets what was not used for a while. */
void deliver_dests_trim(struct deliver_dests *l, int64_t now_ms);

/* Never NULL. */
struct deliver_dest *deliver_dest_get(struct deliver_dests *l, const char *id);

bool deliver_dest_may_open(const struct deliver_dests *l,
    const struct deliver_dest *d);

/* A request opens: the connections to use for it. */
struct httpc_pool *deliver_dest_open(struct deliver_dests *l,
    struct deliver_dest *d, int64_t now_ms);
void deliver_dest_close(struct deliver_dests *l, struct deliver_dest *d,
    int64_t now_ms, int64_t took_ms, enum deliver_dest_end end);

/* The end of one that failed for its own fault is in the store. */
void deliver_dest_told(struct deliver_dest *d);

/*
 * Which targets to leave out of a lease, or to take alone, and how many jobs
 * at most; false when there is room for none.  What want->skip points at is
 * valid until the next call.
 */
bool deliver_dests_want(struct deliver_dests *l, const struct work_hand *hand,
    struct store_lease_want *want);

#endif
