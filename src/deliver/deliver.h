/*
 * deliver - the job kind that posts events to registered webhooks
 *
 * One POST for each event and webhook, at least once, with one id for all
 * attempts.  An event owes a delivery to each webhook that wants it.  The
 * module keeps a copy of all registrations and reads them anew when one has
 * changed.  Runs inside work_run(), in its thread.
 */
#ifndef DELIVER_DELIVER_H
#define DELIVER_DELIVER_H

#include <stddef.h>
#include <stdint.h>

struct clock;
struct deliver;
struct httpc;
struct httpc_policy;
struct sources;
struct store;
struct work_kind;

struct deliver_options {
	struct store *store;
	struct httpc *http;
	const struct httpc_policy *policy; /* for receivers; copied */
	const struct clock *clock;
	int64_t timeout_ms, connect_timeout_ms;
	const int64_t *retry_schedule; /* borrowed */
	size_t nretries;
	int64_t rate_limit; /* thousandths of a request a second; 0: none */
	int64_t max_in_flight;
	int64_t breaker_failures, breaker_open_ms;
	int64_t disable_after_ms; /* 0: never */
	/* Borrowed: the teams of events about a source.  NULL: none. */
	const struct sources *sources;
};

struct deliver *deliver_new(const struct deliver_options *opt);
/* None of its jobs may be leased. */
void deliver_free(struct deliver *d);

/* New settings; open requests finish on the old ones. */
void deliver_change(struct deliver *d, const struct deliver_options *opt);

/* For work_add(), with the struct deliver as its argument. */
extern const struct work_kind deliver_kind;

#endif
