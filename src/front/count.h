/*
 * count - how many requests came, how they ended, how long they took
 *
 * By route, as the router's table has it, and by status; what has no route
 * is counted together.  Posts to sources are counted by source too, accepted
 * and refused ones apart.  Gathers in the store's meter.  Any thread.
 */
#ifndef FRONT_COUNT_H
#define FRONT_COUNT_H

#include <stdbool.h>
#include <stdint.h>

struct count;
struct meter;
struct router_route;

/* The meter outlives it. */
struct count *count_new(struct meter *m);
void count_free(struct count *c);

/* route is NULL when there was none, status 0 when nobody was there to be
 * answered. */
void count_request(struct count *c, const struct router_route *route,
    int status, int64_t took_us);

/* A post to a source, NULL for a path that no source has, by the status of
 * its answer. */
void count_post(struct count *c, const char *source, int status,
    bool is_signed);

#endif
