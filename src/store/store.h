/*
 * store - the durable queue
 *
 * Holds every event the gateway has accepted, the jobs each event owes, and
 * how every attempt at one ended.  A sender is told "accepted" only after
 * store_accept() has returned RC_OK, so whatever was promised is in here and
 * outlives a crash or a power cut.
 *
 * Any thread may call any function.  Writes of all threads are gathered by
 * one committer and go to disk in groups; each caller waits for its own.
 * Any number of processes may have the same database open: a job is worked
 * on by the holder of its lease and by no one else until the lease runs out.
 *
 * The interface has five parts: this file (life and intake), store_work.h
 * (what a drain does), store_read.h (what pages and people ask),
 * store_metrics.h (figures for monitoring) and store_admin.h (registrations,
 * tokens, upkeep).  The engines are private to src/store; no caller knows
 * which is in use.
 *
 * Codes that any function may return:
 * RC_BUSY	the database was locked or the queue of writes full for too
 *		long, 5 seconds at most; whether a write happened is unknown,
 *		and doing it again is safe.
 * RC_SYSTEM	disk or file failed.  After a failed sync or damage every
 *		later write returns this too and store_is_dead() holds: the
 *		process must end and be started anew.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypt.h"
#include "base/err.h"
#include "base/id.h"

struct clock;
struct event;
struct store;

struct store_options {
	const char *url;      /* "sqlite:/path" or a bare path */
	const char *key_file; /* may be absent while nothing is encrypted */
	int64_t min_free;     /* bytes of disk below which intake is refused */
	int64_t max_waiting;  /* waiting jobs beyond which it is; 0: none */
	int64_t queue_bytes;  /* most bytes of events waiting for a commit */
	int64_t turn_ms;      /* a write's longest wait for its turn; 0: 5 s */
	const struct clock *clock;
	unsigned int readers; /* read connections shared by all threads */
	bool is_brief; /* one request is served: the connection that writes is
	                  opened at once, and one for reading when needed */
};

/*
 * RC_NOTFOUND	there is no database; hlsctl init makes one.
 * RC_INVALID	not ours, an older or newer schema, or another key.
 * RC_DENIED	file, folder or key may be read or written by others.
 */
enum rc store_open(const struct store_options *opt, struct store **out,
    struct err *e);

/* Waits a second for what is in hand, whose callers have given it up; NULL is
 * fine. */
void store_close(struct store *s);

/*
 * Makes the database and the key file where they are missing, or brings an
 * older schema up to date after a backup beside it.  Safe to repeat.  *made
 * tells whether anything was; says (words, owned) holds what.
 * RC_BUSY	programs have an older schema open; stop them first.
 */
enum rc store_init(const struct store_options *opt, bool *made, char **says,
    struct err *e);

bool store_is_dead(struct store *s);

/* What became of an event that was put. */
struct store_receipt {
	int64_t id;
	char public_id[ID_PUBLIC_SIZE];
	bool duplicate;      /* stored already; id is the first one's */
	bool retried;        /* ...which had failed: its dead jobs wait again */
	bool other_body;     /* ...with other bytes */
	bool replay_suspect; /* stored, owes no jobs: bytes known by other id */
};

/*
 * Adds an event, its bytes and its dedupe row in one transaction, and takes
 * ev in every case.  Blocks until the commit is on disk, together with
 * whatever other threads put meanwhile, or until wait_ms have passed; the
 * event may still be stored then.
 *
 * RC_OK	on disk: the event, or the first of its delivery id.
 * RC_BUSY	also: disk below its reserve, or too many jobs waiting.
 */
enum rc store_accept(struct store *s, struct event *ev, int64_t wait_ms,
    struct store_receipt *out, struct err *e);

/*
 * The same without a wait.  RC_OK: done(arg) is called once by another thread,
 * soon after the event is on disk or cannot be stored, unless it is left; it
 * may do no more than tell the thread that waits.  That one then takes the
 * result with store_accept_end().  On any other code nothing was begun, and ev
 * is gone all the same.
 */
struct store_pending {
	void *op; /* the engine's; NULL: none is pending */
	int64_t begun_us;
};
struct store_waiter {
	void (*done)(void *arg);
	void *arg;
};
enum rc store_accept_begin(struct store *s, struct event *ev, int64_t wait_ms,
    const struct store_waiter *waiter, struct store_pending *out,
    struct err *e);
/* The codes of store_accept().  After done() only. */
enum rc store_accept_end(struct store *s, struct store_pending *p,
    struct store_receipt *out, struct err *e);
/* The waiter's time is up.  True: done() is never called, and whether the
 * event is stored is unknown.  False: done() was called, or is now. */
bool store_accept_leave(struct store *s, struct store_pending *p);

/* Readable and writable, disk above its reserve: for /ready. */
enum rc store_check(struct store *s, struct err *e);

#endif
