#include "config.h"

#include "core/lane.h"

int
lane_of(const struct job *j)
{
	if (j->suspect)
		return LANE_SUSPECT;
	return j->priority * 2 + (j->attempt > 0 || j->again);
}

bool
lane_is_of_repeats(int64_t lane)
{
	return lane % 2 == 1;
}

int64_t
lane_last_of_priority(int64_t lane)
{
	return lane | 1;
}

size_t
lane_fresh_places(size_t places)
{
	return (places + 1) / 2;
}
