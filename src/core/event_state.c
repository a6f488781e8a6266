#include "config.h"

#include "core/event_state.h"

void
event_change_count(struct event_change *c, enum job_state state,
    unsigned int attempt, int n)
{
	if (state == JOB_WAITING && attempt == 0)
		c->fresh += n;
	else if (state == JOB_WAITING)
		c->repeats += n;
	else if (state == JOB_LEASED)
		c->leased += n;
	else if (state == JOB_DEAD)
		c->dead += n;
}

void
event_change_attempt(struct event_change *c, unsigned int attempt)
{
	if (attempt > 1 && attempt - 1 > c->repeat)
		c->repeat = attempt - 1;
}

static enum event_status
status_of(const struct event_state *s)
{
	if (s->expanded && s->dead > 0)
		return EVENT_FAILED;
	if (s->leased > 0)
		return EVENT_PROCESSING;
	if (!s->expanded || s->fresh > 0)
		return s->touched ? EVENT_PROCESSING : EVENT_PENDING;
	return s->repeats > 0 ? EVENT_RETRY : EVENT_COMPLETED;
}

static int64_t
not_negative(int64_t n)
{
	return n < 0 ? 0 : n;
}

static void
add_jobs(struct event_state *s, const struct event_change *c)
{
	s->total += c->total;
	s->fresh = not_negative(s->fresh + c->fresh);
	s->repeats = not_negative(s->repeats + c->repeats);
	s->leased = not_negative(s->leased + c->leased);
	s->dead = not_negative(s->dead + c->dead);
}

void
event_state_apply(struct event_state *s, const struct event_change *c,
    int64_t now_ms)
{
	add_jobs(s, c);
	s->expanded = s->expanded || c->expanded;
	if (c->reopened && s->completed_ms > 0)
		s->touched = false;
	s->touched = s->touched || c->touched;
	if (c->touched && s->started_ms == 0)
		s->started_ms = now_ms;
	if (c->repeat > s->retry_count)
		s->retry_count = c->repeat;
	s->status = status_of(s);
	if (!event_state_has_ended(s))
		s->completed_ms = 0;
	else if (s->completed_ms == 0)
		s->completed_ms = now_ms;
}

static int64_t
open_jobs(const struct event_state *s)
{
	return s->fresh + s->repeats + s->leased;
}

bool
event_state_has_ended(const struct event_state *s)
{
	return s->expanded && open_jobs(s) == 0;
}

static bool
is_failed_open(const struct event_state *s)
{
	return s->status == EVENT_FAILED && open_jobs(s) > 0;
}

static int64_t
took_of(const struct event_state *s)
{
	return s->started_ms > 0 && s->completed_ms > s->started_ms
	    ? s->completed_ms - s->started_ms
	    : 0;
}

struct event_effect
event_state_effect(const struct event_state *was, const struct event_state *is)
{
	struct event_effect e = { .is_moved = is->status != was->status,
		.unexpanded = was->expanded - is->expanded,
		.failed_open = is_failed_open(is) - is_failed_open(was),
		.succeeded = (is->status == EVENT_COMPLETED) -
		    (was->status == EVENT_COMPLETED),
		.failed = (is->status == EVENT_FAILED) -
		    (was->status == EVENT_FAILED),
		.processing_ms = took_of(is) - took_of(was) };

	if (event_state_has_ended(is) && was->completed_ms == 0) {
		e.processed = 1;
		e.processed_ms = took_of(is);
	}
	return e;
}
