#include "config.h"

#include "core/order.h"

bool
order_has_place(enum job_state state, bool behind)
{
	return !job_has_ended(state) || (state == JOB_DEAD && !behind);
}

bool
order_is_before(const struct order_place *p, int64_t event, int64_t id)
{
	return p->event < event || (p->event == event && p->id < id);
}

enum order_move
order_move_of(const struct job *was, const struct job *is)
{
	if (!is->ordered || is->state == was->state)
		return ORDER_STAYS;
	if (is->state == JOB_DEAD)
		return ORDER_DIES;
	if (is->state == JOB_WAITING && job_has_ended(was->state))
		return ORDER_ENTERS;
	return ORDER_STAYS;
}

static bool
is_free(const struct order_place *p)
{
	return p->state == JOB_WAITING && !p->behind;
}

bool
order_asks_leased(const struct order_place *first)
{
	return !is_free(first) && first->state != JOB_LEASED;
}

struct order_entry
order_overtake(const struct order_place *first, int64_t leased)
{
	if (is_free(first))
		return (struct order_entry){ false, first->id };
	if (first->state == JOB_LEASED)
		leased = first->id;
	return (struct order_entry){ leased != 0, leased };
}

bool
order_enters_first(const struct order_place *first, int64_t event, int64_t id,
    bool *is_behind)
{
	*is_behind = false;
	/* A dead one that held up the others kept its place. */
	if (first->id == id)
		return false;
	*is_behind = order_is_before(first, event, id);
	return !*is_behind;
}

bool
order_frees(const struct job *was, const struct job *is)
{
	if (!is->ordered)
		return false;
	if (is->state == was->state || job_has_ended(was->state))
		return was->state == JOB_DEAD && is->state == JOB_CANCELLED;
	if (was->state == JOB_LEASED && was->behind)
		return true;
	return job_has_ended(is->state) &&
	    (is->state != JOB_DEAD || is->behind);
}

bool
order_may_be_blocked(const struct job *was, const struct job *is)
{
	if (!is->ordered || is->state == was->state)
		return false;
	return (is->state == JOB_DEAD && !is->behind) ||
	    (is->state == JOB_WAITING && is->behind &&
		job_has_ended(was->state));
}

enum order_step
order_release(const struct job *was, const struct order_place *first)
{
	if (first->state == JOB_DEAD &&
	    (was->state != JOB_WAITING || !was->behind))
		return ORDER_IS_BLOCKED;
	if (first->state != JOB_WAITING || !first->behind)
		return ORDER_NO_STEP;
	/* There is one at a time: it was this one, or may be another. */
	return was->state == JOB_LEASED ? ORDER_GOES : ORDER_ASK_LEASED;
}
