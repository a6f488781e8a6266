/*
 * meter - figures that gather in memory until somebody writes them down
 *
 * A program that does a thing thousands of times a second counts it here, at
 * the price of an addition, and once in a while all that has gathered is
 * taken away and added to what is kept for good.  A figure has a name, labels
 * as they stand between the braces of Prometheus' text, and, when it is one
 * bucket of a histogram, that bucket's upper bound.
 *
 * Figures are made on first use and stay as long as their meter, so whoever
 * counts keeps a pointer; their number is bounded by those who name them.
 * Any thread may find and add; taking away is for one thread at a time.
 */
#ifndef BASE_METER_H
#define BASE_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct buf;
struct meter;
struct meter_figure;
struct meter_histogram;

/* Bounds of what is no bucket. */
#define METER_PLAIN 0
#define METER_SUM (-1) /* of all that a histogram has seen */
#define METER_ENDLESS INT64_MAX

#define METER_BOUNDS_MAX 15

/* What a histogram sees. */
enum meter_scale {
	METER_TIMES, /* microseconds, half a millisecond to 10 s */
	METER_SIZES  /* 1 to 64, by powers of two */
};
/* Its upper bounds, rising, the last one METER_ENDLESS. */
const int64_t *meter_bounds(enum meter_scale scale, size_t *n);

struct meter *meter_new(void);
void meter_free(struct meter *m);

struct meter_figure *meter_find(struct meter *m, const char *name,
    const char *labels, int64_t bound);
void meter_add(struct meter_figure *f, int64_t n);

/* The same name, labels and scale give the same histogram. */
struct meter_histogram *meter_histogram(struct meter *m, const char *name,
    const char *labels, enum meter_scale scale);
void meter_observe(struct meter_histogram *h, int64_t v);

/* Something has gathered. */
bool meter_has_more(const struct meter *m);

/*
 * Calls f once for each figure that has gathered something, until it fails.
 * What was given stays in the meter as well until meter_taken() says that it
 * is kept elsewhere: without, it is given again.
 */
typedef enum rc meter_take_fn(void *arg, const char *name, const char *labels,
    int64_t bound, int64_t n, struct err *e);
enum rc meter_take(struct meter *m, meter_take_fn *f, void *arg, struct err *e);
void meter_taken(struct meter *m);

/*
 * Adds name="value" to labels, with what the text format wants escaped.  A
 * byte that is not UTF-8 becomes U+FFFD, a control character a space, and no
 * more than METER_VALUE_MAX bytes of value are looked at.
 */
#define METER_VALUE_MAX 200
void meter_label(struct buf *labels, const char *name, const char *value);

#endif
