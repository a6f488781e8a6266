#include "config.h"

#include <errno.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/semwait.h"

#define SLICE_MS 100 /* so that a clock set on is seen soon */

static int64_t
ms_until(const struct timespec *until)
{
	struct timespec now = clock_tick_in(0);

	return ((int64_t)until->tv_sec - now.tv_sec) * 1000 +
	    (until->tv_nsec - now.tv_nsec + 999999) / 1000000;
}

bool
semwait_by_wall(sem_t *s, const struct timespec *until)
{
	struct timespec wall;
	int64_t left_ms, at_ms;

	while (sem_trywait(s) != 0) {
		left_ms = ms_until(until);
		if (left_ms <= 0)
			return false;
		at_ms = clock_wall_ms(clock_system()) +
		    (left_ms < SLICE_MS ? left_ms : SLICE_MS);
		wall.tv_sec = (time_t)(at_ms / 1000);
		wall.tv_nsec = (long)(at_ms % 1000 * 1000000);
		/* Late or interrupted: the loop knows what is left. */
		if (sem_timedwait(s, &wall) == 0)
			return true;
	}
	return true;
}

bool
semwait(sem_t *s, const struct timespec *until)
{
#ifdef HAVE_SEM_CLOCKWAIT
	int r;

	do
		r = sem_clockwait(s, CLOCK_MONOTONIC, until);
	while (r != 0 && errno == EINTR);
	return r == 0;
#else
	return semwait_by_wall(s, until);
#endif
}
