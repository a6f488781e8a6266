/*
 * semwait - waits for a semaphore until a monotonic time
 *
 * sem_clockwait(3) where there is one; elsewhere sem_timedwait(3), which goes
 * by the wall clock.  Any thread.
 */
#ifndef BASE_SEMWAIT_H
#define BASE_SEMWAIT_H

#include <semaphore.h>
#include <stdbool.h>
#include <time.h>

/* False when it was not posted until then, by the clock of clock_tick_in(); a
 * semaphore that is posted is taken even when it is late. */
bool semwait(sem_t *s, const struct timespec *until);

/* The same for a system without sem_clockwait().  A wall clock that is set
 * back while it waits makes it wait for as much longer. */
bool semwait_by_wall(sem_t *s, const struct timespec *until);

#endif
