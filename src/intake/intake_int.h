/*
 * intake_int - shared by signed posts, published events and handler scripts
 */
#ifndef INTAKE_INTAKE_INT_H
#define INTAKE_INTAKE_INT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct event;
struct intake;
struct intake_body;
struct intake_outcome;
struct strlist;

/* Copies the event's identity, as far as known, for answer and log line. */
void intake_tell(struct intake_outcome *out, const struct event *ev);

/* The memory of the request's body is the event's from here on. */
void intake_take_hold(struct event *ev, struct intake_body *body);

/* Whether the event is a ping, is outside the filter, or has passed our own
 * hook too often; out->reason says which. */
bool intake_is_ignored(const struct strlist *filter, const struct event *ev,
    struct intake_outcome *out);

/* Takes ownership of ev.  Returns the codes of store_accept(). */
enum rc intake_store(const struct intake *in, struct event *ev, int64_t wait_ms,
    struct intake_outcome *out, struct err *e);

#endif
