/*
 * intake_int - shared by signed posts, published events and handler scripts
 */
#ifndef INTAKE_INTAKE_INT_H
#define INTAKE_INTAKE_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct event;
struct intake;
struct intake_body;
struct intake_outcome;
struct intake_problems;
struct json_object;
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

/* Reading the body of a request: intake_read.c. */

/* One more field that is wrong; beyond INTAKE_PROBLEMS_MAX it is left out. */
void intake_problem(struct intake_problems *p, const char *field,
    const char *message);
/* A string that is not empty, has no NUL and fits; and such a time, after the
 * epoch.  false: it is none. */
bool intake_get_text(struct json_object *value, char *out, size_t max);
bool intake_get_time(struct json_object *value, int64_t *out);

#endif
