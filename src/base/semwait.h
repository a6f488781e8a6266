/*
 * semwait - wait for a semaphore until a monotonic time
 *
 * Uses sem_clockwait(3) where the system has it, else sem_timedwait(3), which
 * goes by the wall clock.  Any thread.
 */
#ifndef BASE_SEMWAIT_H
#define BASE_SEMWAIT_H

#include <semaphore.h>
#include <stdbool.h>
#include <time.h>

/* False when the semaphore was not posted by that time of clock_tick_in().  A
 * posted semaphore is taken even after that time. */
bool semwait(sem_t *s, const struct timespec *until);

/* The variant for a system without sem_clockwait().  It waits longer when the
 * wall clock is set back meanwhile, by as much. */
bool semwait_by_wall(sem_t *s, const struct timespec *until);

#endif
