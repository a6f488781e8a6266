/*
 * units - durations and sizes as people write them
 *
 * Durations: 250ms 5s 2m 1h 30d; a bare number is seconds and may have a
 * fraction.  Sizes: a bare number is bytes; k, m and g are powers of 1024.
 * No space, no sign, no exponent.  Pure; any thread.
 */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#define UNITS_TEXT_SIZE 32

bool units_duration_parse(const char *text, int64_t *ms);
bool units_size_parse(const char *text, int64_t *bytes);
/* Decimal digits with an optional leading '-', within int64_t. */
bool units_int_parse(const char *text, int64_t *out);

/* A decimal with three digits behind the point at most, in thousandths:
 * "2.5" is 2500. */
bool units_milli_parse(const char *text, int64_t *out);
void units_milli_format(int64_t milli, char out[UNITS_TEXT_SIZE]);

/* In the largest unit that divides the value. */
void units_duration_format(int64_t ms, char out[UNITS_TEXT_SIZE]);
void units_size_format(int64_t bytes, char out[UNITS_TEXT_SIZE]);

#endif
