/*
 * lane - the order of the waiting jobs of one target
 *
 *	0, 2, .. 18	a first attempt, by priority
 *	1, 3, .. 19	a repeat or a person's retry of the priority before it
 *	20		suspects of every priority: a worker died over each
 *
 * Jobs are leased by lane, then by due time.  While fresh jobs and repeats of
 * one priority are both due, neither waits for the other's backlog.
 *
 * The lane of a waiting job is in an index, so it is kept in the job's row and
 * follows from it by lane_of() whenever the row is written.  The statements
 * that look for jobs name lanes by number: LITE_SUSPECT_CLAIM, LITE_OVERDUE.
 * Pure.
 */
#ifndef CORE_LANE_H
#define CORE_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/job.h"

#define LANE_SUSPECT 20
#define LANES 21

int lane_of(const struct job *j);

/* For lanes below LANE_SUSPECT. */
bool lane_is_of_repeats(int64_t lane);
/* The last lane of the same priority. */
int64_t lane_last_of_priority(int64_t lane);
/* How many of the places for jobs of one priority fresh jobs get while repeats
 * are due too. */
size_t lane_fresh_places(size_t places);

#endif
