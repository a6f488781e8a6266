/*
 * intake - the path of one post into the store
 *
 * The order of the checks is fixed: security headers, source, signature over
 * the raw bytes, content type and JSON, identity, filter, store.  The front
 * has checked method and length before.  Any thread.
 */
#ifndef INTAKE_INTAKE_H
#define INTAKE_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/event.h"
#include "store/store.h"

struct clock;
struct http_req;
struct source;
struct sources;
struct store;

/* The body of a request on the heap, and the memory that is held for it. */
struct intake_body {
	char *bytes;
	struct event_hold hold;
};

/* Memory for the stored bodies that are read.  RC_BUSY: none is free; else
 * *got bytes are the caller's until give(). */
struct intake_memory {
	enum rc (*take)(void *arg, size_t n, size_t *got, struct err *e);
	void (*give)(void *arg, size_t n);
	void *arg;
};

struct intake {
	const struct sources *sources;
	struct store *store;
	const struct clock *clock;
	int64_t wait_ms; /* for the store */
	/* Of the one request in hand, or NULL.  An accepted post takes both,
	 * and the body of the request must not be read any more; an event
	 * that is published takes the hold. */
	struct intake_body *body;
	const struct intake_memory *memory; /* NULL: as much as is wanted */
};

enum intake_result {
	INTAKE_QUEUED,
	INTAKE_DUPLICATE,
	INTAKE_IGNORED
};

/* For the answer and the log line; on failure filled as far as known. */
struct intake_outcome {
	enum intake_result result;
	struct store_receipt receipt;
	const char *source; /* the source's name, lives with the sources */
	const char *reason; /* of INTAKE_IGNORED, a literal */
	char delivery_id[EVENT_DELIVERY_ID_MAX + 1];
	/* The sender's id if delivery_id is its digest, else "". */
	char sent_delivery_id[EVENT_SENT_ID_MAX + 1];
	char event_type[EVENT_TYPE_MAX + 1];
	char repository[EVENT_REPOSITORY_MAX + 1];
	/* The same post again becomes another event: its id is derived, and
	 * dedupe is off for the source. */
	bool is_new_each_time;
	/* The signature fits, as of every stored post; with RC_DENIED, the time
	 * of the post is off. */
	bool is_signed;
	int status; /* a failure's own HTTP status (415), else 0 */
};

/*
 * An event that comes back from our own delivery for the second time
 * (X-HLS-Hops) is ignored as a loop.
 *
 * RC_OK	the result is a promise: queued and duplicate are on disk.
 * RC_INVALID	400, or out->status.
 * RC_DENIED	401: unknown source and bad signature alike.
 * RC_BUSY, RC_SYSTEM	503.
 */
enum rc intake_accept(const struct intake *in, const struct http_req *req,
    struct intake_outcome *out, struct err *e);

/*
 * The same without a wait for the disk.  With RC_OK and p->op set the post is
 * on its way: once the waiter is told (store_accept_begin()), the result is
 * taken with intake_accept_end(), or intake_accept_leave() gives it up.  With
 * p->op NULL all is as after intake_accept().
 */
enum rc intake_accept_begin(const struct intake *in, const struct http_req *req,
    const struct store_waiter *waiter, struct store_pending *p,
    struct intake_outcome *out, struct err *e);
enum rc intake_accept_end(const struct intake *in, struct store_pending *p,
    struct intake_outcome *out, struct err *e);
/* False: the waiter was told, or is now.  Else *rc is the post's end. */
bool intake_accept_leave(const struct intake *in, struct store_pending *p,
    struct intake_outcome *out, enum rc *rc, struct err *e);

/* An event from a handler script or an API client, without a signature. */
struct intake_direct {
	const char *source; /* its name in the store; "api", "cli" ... */
	const struct source *filter; /* its event filter holds; NULL: none */
	const char *provider;
	const char *type;
	const char *delivery_id; /* NULL: derived from type and body */
	const char *action;      /* NULL: read from a body that is an object */
	const char *repository;  /* NULL: as action */
	const char *const *teams;
	size_t nteams;
	const char *webhook_id;
	int priority;
	int64_t scheduled_ms;
	const char *content_type;
	const void *body;
	size_t bodysz;
};
/* RC_INVALID	a field is malformed, or a body declared as JSON is not JSON.
 * Without a filter no event is ignored. */
enum rc intake_direct(const struct intake *in, const struct intake_direct *d,
    struct intake_outcome *out, struct err *e);

/* The invalid fields, for a 422. */
#define INTAKE_PROBLEMS_MAX 16
struct intake_problems {
	struct {
		char field[64];
		char message[160];
	} v[INTAKE_PROBLEMS_MAX];
	size_t n;
};

/*
 * POST /api/v1/events: the JSON of a published event.  The bytes of its data
 * are stored as they stand in the request.  delivery_id is used when the
 * request has none; NULL: a random one.
 * RC_INVALID with problems->n > 0: validation, 422; with 0: not JSON, 400.
 */
enum rc intake_publish(const struct intake *in, const char *json, size_t jsonsz,
    const char *delivery_id, struct intake_outcome *out,
    struct intake_problems *problems, struct err *e);

#endif
