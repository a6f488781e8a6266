/*
 * loop - one thread that waits for many descriptors
 *
 * A watch calls its owner when its descriptor can be read or written, a timer
 * when its time has come.  Other threads end the loop's wait with loop_wake().
 * The loop uses epoll where the system has it, else poll.
 *
 * All functions but loop_wake() belong to one thread.  Callbacks run inside
 * loop_turn() only; they may change, stop and free any watch and any timer,
 * their own included, but not the loop.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct clock;
struct loop;

/* Events of a descriptor: watched for, and found. */
#define LOOP_READ 1u
#define LOOP_WRITE 2u
#define LOOP_GONE 4u /* found only: the peer is gone, both ways */

/* Lives with its owner.  Set fd, call and arg; the rest is the loop's. */
struct loop_watch {
	int fd;
	void (*call)(void *arg, unsigned int found);
	void *arg;
	unsigned int wanted; /* 0: not watched */
	size_t place;        /* of the poll engine */
};

/* Set call and arg; the rest is the loop's.  All zeros: not running. */
struct loop_timer {
	void (*call)(void *arg);
	void *arg;
	int64_t at_ms;
	size_t place; /* in the heap, from 1; 0: not running */
};

enum loop_engine {
	LOOP_BEST,
	LOOP_POLL /* for tests */
};

/* RC_SYSTEM: no descriptor was free. */
enum rc loop_new(const struct clock *clock, enum loop_engine engine,
    struct loop **out, struct err *e);
void loop_free(struct loop *l); /* NULL is fine */

/*
 * Watches for wanted from now on; 0 stops it, which must come before the
 * descriptor is closed.  RC_SYSTEM: the system watches no more descriptors,
 * and this one is not watched.
 */
enum rc loop_watch(struct loop *l, struct loop_watch *w, unsigned int wanted,
    struct err *e);
void loop_unwatch(struct loop *l, struct loop_watch *w);

/* Starts the timer, or moves it.  It runs once, at or after at_ms of the boot
 * clock. */
void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at_ms);
/* The same, delay_ms from now. */
void loop_timer_in(struct loop *l, struct loop_timer *t, int64_t delay_ms);
void loop_timer_stop(struct loop *l, struct loop_timer *t);

/* The boot clock as of the latest end of the wait. */
int64_t loop_now_ms(const struct loop *l);

/* Waits until there is something to do, at most max_ms (-1: without end),
 * and calls everyone whose turn has come. */
void loop_turn(struct loop *l, int64_t max_ms);

/* Ends the loop's wait, or its next one.  Any thread; async-signal-safe. */
void loop_wake(struct loop *l);

#endif
