/*
 * ctl_when - times for people
 *
 * A time is printed as 2026-11-21 08:09:10Z, in UTC; on a terminal in the
 * zone of $TZ, else the machine's, with its offset: 2026-11-21
 * 09:09:10+01:00.  Each printed form is read back, also without the offset
 * or the time of day, as a time in that zone.  One thread.
 */
#ifndef CMD_CTL_WHEN_H
#define CMD_CTL_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#define CTL_WHEN_SIZE 40

/* To the second, or with milliseconds. */
void ctl_when_format(int64_t wall_ms, bool with_ms, char out[CTL_WHEN_SIZE]);

/* False when text is not a time. */
bool ctl_when_parse(const char *text, int64_t *wall_ms);

#endif
