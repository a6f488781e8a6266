/*
 * metrics - the store's figures as Prometheus reads them
 *
 * One table of all families, with their types and what they mean; the
 * manual page hls-metrics(7) says the same of each.  Every figure comes from
 * the store, so that it is the same whichever process answers.  Any thread.
 */
#ifndef STATS_METRICS_H
#define STATS_METRICS_H

#include <stdint.h>

#include "base/err.h"

struct buf;
struct clock;
struct store;
struct strlist;

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics_source {
	struct store *store;
	const struct clock *clock;
	int64_t overdue_after_ms;
	int64_t drain_seen_ms; /* a worker is healthy for so long */
	/* The ids of the drains whose programs run; NULL: not known. */
	const struct strlist *running;
	const char *version; /* of the program that answers */
};

/* GET /metrics, in the text format 0.0.4. */
enum rc metrics_format(const struct metrics_source *src, struct buf *out,
    struct err *e);

#endif
