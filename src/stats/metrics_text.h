/*
 * metrics_text - Prometheus' text format 0.0.4
 *
 * A family is its two head lines and then its samples.  Labels are what
 * meter_label() made, "" for none.  Pure; any thread.
 */
#ifndef STATS_METRICS_TEXT_H
#define STATS_METRICS_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct buf;

/* help is one line without a backslash. */
void metrics_text_head(struct buf *out, const char *name, const char *type,
    const char *help);

void metrics_text_int(struct buf *out, const char *name, const char *labels,
    int64_t n);
/* Thousandths of a second, as seconds. */
void metrics_text_ms(struct buf *out, const char *name, const char *labels,
    int64_t ms);

/* One histogram: how many fell under each bound and not under the one
 * before, and the sum of all.  unit is what one second, or one of whatever
 * is counted, is in the bounds; the last bound is INT64_MAX. */
struct metrics_text_histogram {
	const char *name, *labels;
	const int64_t *bounds, *counts;
	size_t n;
	int64_t sum, unit;
};
void metrics_text_histogram(struct buf *out,
    const struct metrics_text_histogram *h);

#endif
