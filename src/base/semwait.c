#include "config.h"

#include <errno.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/semwait.h"

#define NS INT64_C(1000000000)
#define SLICE_NS (NS / 10) /* so that a clock set on is seen soon */

static int64_t
ns_of(const struct timespec *ts)
{
	return (int64_t)ts->tv_sec * NS + ts->tv_nsec;
}

bool
semwait_by_wall(sem_t *s, const struct timespec *until)
{
	struct timespec now, wall;
	int64_t left, at;

	while (sem_trywait(s) != 0) {
		now = clock_tick_in(0);
		left = ns_of(until) - ns_of(&now);
		if (left <= 0)
			return false;
		(void)clock_gettime(CLOCK_REALTIME, &wall);
		at = ns_of(&wall) + (left < SLICE_NS ? left : SLICE_NS);
		wall.tv_sec = (time_t)(at / NS);
		wall.tv_nsec = (long)(at % NS);
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
