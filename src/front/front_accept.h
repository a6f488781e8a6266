/*
 * front_accept - connections that have said what they want
 *
 * The request threads wait here, and each connection wakes one of them.  One
 * whose head (http_head.h) is not whole yet is parked, holding no thread and
 * bounded memory, until more comes or its time is up; so a peer that
 * connects and says nothing, or a byte now and then, delays nobody.
 */
#ifndef FRONT_FRONT_ACCEPT_H
#define FRONT_FRONT_ACCEPT_H

#include <stdint.h>

#include "base/err.h"

struct clock;
struct front_accept;

/* Connections parked at once; beyond it the oldest is dropped. */
#define FRONT_ACCEPT_PARKED_MAX 4096

/* fd listens and stays the caller's; it is made non-blocking.  path, which
 * may be NULL, is of a Unix socket's file, for front_peer.h, and outlives it
 * all.  A head must come whole within head_ms, or a little later by
 * front_accept_expire(). */
enum rc front_accept_new(int fd, const char *path, int64_t head_ms,
    const struct clock *clock, struct front_accept **out, struct err *e);
void front_accept_free(struct front_accept *a); /* closes the parked ones */

/* A connection, the caller's, whose head waits whole in its buffer, or -1
 * when all is to end.  Blocks; any thread. */
int front_accept_next(struct front_accept *a);

/* Ends the parked connections whose time is up; to be called several times
 * a second, by any thread. */
void front_accept_expire(struct front_accept *a);

/* Every call of front_accept_next(), now or later, returns -1.  Any thread. */
void front_accept_stop(struct front_accept *a);

#endif
