/*
 * stats - sums over the store, as the API answers them
 *
 * Every figure comes from counter rows, so that an answer costs the same at
 * a million events.  Any thread.
 */
#ifndef STATS_STATS_H
#define STATS_STATS_H

#include <stdint.h>

#include "base/err.h"

struct buf;
struct clock;
struct store;

struct stats_source {
	struct store *store;
	const struct clock *clock;
	int64_t overdue_after_ms;
	int64_t started_ms; /* of the program that answers, by the wall */
};

/* GET /stats as one JSON object, and a newline. */
enum rc stats_format(const struct stats_source *src, struct buf *out,
    struct err *e);

/* GET /queue/stats. */
enum rc stats_format_queue(const struct stats_source *src, struct buf *out,
    struct err *e);

#endif
