/*
 * intake_int - what the three ways into the store share
 */
#ifndef INTAKE_INTAKE_INT_H
#define INTAKE_INTAKE_INT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct event;
struct intake;
struct intake_outcome;
struct strlist;

/* The event's identity, as far as it is known, for answer and log line. */
void intake_tell(struct intake_outcome *out, const struct event *ev);

/* A ping, outside the filter, or in its last round through our own hook;
 * out says which. */
bool intake_is_ignored(const struct strlist *filter, const struct event *ev,
    struct intake_outcome *out);

/* Takes ev.  The codes are store_accept()'s. */
enum rc intake_store(const struct intake *in, struct event *ev, int64_t wait_ms,
    struct intake_outcome *out, struct err *e);

#endif
