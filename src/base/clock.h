/*
 * clock - replaceable time
 *
 * Only the mains ask the system for the time; every other module is given a
 * struct clock, so that a test can choose the date.  Wall time is in
 * milliseconds since 1970 UTC and decides which jobs are due.  Boot time is in
 * milliseconds of CLOCK_BOOTTIME (CLOCK_MONOTONIC where that is missing) and
 * ends leases.  boot_id differs after each boot.  Any thread.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_BOOT_ID_SIZE 40
#define CLOCK_TEXT_SIZE 32

struct clock {
	int64_t (*wall_ms)(void *arg);
	int64_t (*boot_ms)(void *arg);
	void *arg;
	char boot_id[CLOCK_BOOT_ID_SIZE];
};

/* The machine's own time and the kernel's boot id; a kernel without one gets
 * a text made from the time of boot.  The result is never freed. */
const struct clock *clock_system(void);

int64_t clock_wall_ms(const struct clock *c);
int64_t clock_boot_ms(const struct clock *c);

/* The wall time of boot.  The two clocks are read as one, so readers agree to
 * a few microseconds until the wall clock is set. */
int64_t clock_booted_us(void);

/* Monotonic microseconds, to measure durations. */
int64_t clock_tick_us(void);

/* A point in time us microseconds from now on that clock, and a condition
 * variable that waits by it. */
struct timespec clock_tick_in(int64_t us);
void clock_cond_init(pthread_cond_t *c);

/* "2026-11-21T08:09:10.123Z" */
void clock_format(int64_t wall_ms, char out[CLOCK_TEXT_SIZE]);

/* Reads RFC 3339 with any offset, or seconds since 1970 as digits, into
 * milliseconds.  False for any other text. */
bool clock_parse(const char *text, int64_t *wall_ms);

#endif
