/*
 * loop_int - the engines of the loop
 *
 * An engine waits for descriptors and knows nothing of timers.  loop_epoll.c
 * costs the same however many descriptors are watched; loop_poll.c runs
 * everywhere.
 */
#ifndef BASE_LOOP_INT_H
#define BASE_LOOP_INT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"

/* One descriptor that was found ready. */
struct loop_found {
	struct loop_watch *watch; /* NULL: it is watched no more */
	unsigned int found;
};

#define LOOP_FOUND_MAX 128 /* of one wait */

struct loop_wait_engine {
	/* NULL with errno set. */
	void *(*open)(void);
	void (*close)(void *engine);
	/* w->wanted is what it was; wanted is not 0.  False with errno set. */
	bool (*watch)(void *engine, struct loop_watch *w, unsigned int wanted);
	void (*unwatch)(void *engine, struct loop_watch *w);
	/* How many were found; 0 when time was up or a signal came. */
	size_t (*wait)(void *engine, int timeout_ms,
	    struct loop_found out[LOOP_FOUND_MAX]);
};

extern const struct loop_wait_engine loop_poll_engine;
/* Where there is no epoll, open() fails with ENOSYS. */
extern const struct loop_wait_engine loop_epoll_engine;

#endif
