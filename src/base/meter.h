/*
 * meter - counters in memory, to be added to stored totals now and then
 *
 * Counting costs one addition, so a program may count what it does thousands
 * of times a second.  From time to time a caller takes the counts and adds
 * them to totals in the store.  A figure has a name, labels as they stand
 * between the braces of Prometheus' text format, and, for one bucket of a
 * histogram, the bucket's upper bound.
 *
 * A figure is made on first use and lives as long as its meter, so a caller
 * may keep the pointer; the callers that choose names bound the number of
 * figures.  Any thread may find and add; one thread at a time may take.
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

/* Bounds of figures that are not buckets. */
#define METER_PLAIN 0
#define METER_SUM (-1) /* the sum of a histogram's values */
#define METER_ENDLESS INT64_MAX

#define METER_BOUNDS_MAX 15

/* The values of a histogram. */
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

/* True when a figure has a count that was not taken. */
bool meter_has_more(const struct meter *m);

/*
 * Calls f for each figure with a count, until f fails.  The counts stay in the
 * meter until meter_taken() confirms that they are stored; without it the
 * next meter_take() gives them again.
 */
typedef enum rc meter_take_fn(void *arg, const char *name, const char *labels,
    int64_t bound, int64_t n, struct err *e);
enum rc meter_take(struct meter *m, meter_take_fn *f, void *arg, struct err *e);
void meter_taken(struct meter *m);

/*
 * Appends name="value" to labels, escaped as the text format requires.  A byte
 * that is not UTF-8 becomes U+FFFD and a control character a space; value is
 * cut after METER_VALUE_MAX bytes.
 */
#define METER_VALUE_MAX 200
void meter_label(struct buf *labels, const char *name, const char *value);
/* The value of a label in such labels; "" where there is none, or where it
 * has not room in size bytes. */
void meter_label_get(const char *labels, const char *name, char *out,
    size_t size);

#endif
