/*
 * clock - replaceable time
 *
 * Nothing below the mains asks the system for the time: it is handed a
 * struct clock, so a test can live in any year.  Wall time is milliseconds
 * since 1970 UTC and decides what is due; boot time is milliseconds of
 * CLOCK_BOOTTIME (CLOCK_MONOTONIC where there is none) and ends leases, and
 * boot_id tells one boot of the machine from the next.  Any thread.
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

/* The machine's own time; the kernel's boot id, or, where there is none, a
 * text made from the time of boot.  The result lives for ever. */
const struct clock *clock_system(void);

int64_t clock_wall_ms(const struct clock *c);
int64_t clock_boot_ms(const struct clock *c);

/* Monotonic microseconds, for measuring how long something took. */
int64_t clock_tick_us(void);

/* The same clock, us from now, and a condition that is waited for by it. */
struct timespec clock_tick_in(int64_t us);
void clock_cond_init(pthread_cond_t *c);

/* "2026-11-21T08:09:10.123Z" */
void clock_format(int64_t wall_ms, char out[CLOCK_TEXT_SIZE]);

/* RFC 3339 with any offset, or seconds since 1970 as digits, to
 * milliseconds.  False for anything else. */
bool clock_parse(const char *text, int64_t *wall_ms);

#endif
