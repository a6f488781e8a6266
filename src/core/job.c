#include "config.h"

#include "core/job.h"

bool
job_has_ended(enum job_state s)
{
	return s != JOB_WAITING && s != JOB_LEASED;
}

bool
job_may_cancel(enum job_state s)
{
	return s == JOB_WAITING || s == JOB_LEASED || s == JOB_DEAD;
}

void
job_lease(struct job *j)
{
	j->state = JOB_LEASED;
	j->attempt++;
}

/* The attempt of the lease was none. */
static void
give_back(struct job *j)
{
	j->state = JOB_WAITING;
	if (j->attempt > 0)
		j->attempt--;
}

void
job_settle(struct job *j, enum job_verdict verdict, int64_t again_ms,
    int64_t now_ms)
{
	if (verdict == JOB_VERDICT_RELEASE) {
		give_back(j);
		j->ended_ms = 0;
		if (again_ms > 0)
			j->due_ms = again_ms;
		return;
	}
	j->tries++;
	j->suspect = false;
	j->deaths = 0;
	if (verdict == JOB_VERDICT_AGAIN) {
		j->state = JOB_WAITING;
		j->due_ms = again_ms;
		j->ended_ms = 0;
		return;
	}
	j->ended_ms = now_ms;
	j->state = verdict == JOB_VERDICT_DONE ? JOB_DONE
	    : verdict == JOB_VERDICT_DEAD      ? JOB_DEAD
					       : JOB_CANCELLED;
}

void
job_redeliver(struct job *j, int64_t now_ms)
{
	j->state = JOB_WAITING;
	j->attempt = 0;
	j->again = true;
	j->due_ms = now_ms;
	j->ended_ms = 0;
}

void
job_lapse(struct job *j, bool alone, int64_t now_ms)
{
	j->suspect = true;
	if (alone)
		j->deaths++;
	if (j->deaths < JOB_DEATHS_MAX) {
		give_back(j);
		return;
	}
	j->state = JOB_DEAD;
	j->ended_ms = now_ms;
}

void
job_requeue(struct job *j, int64_t now_ms)
{
	j->state = JOB_WAITING;
	j->attempt = j->deaths = 0;
	j->suspect = false;
	j->again = true;
	j->due_ms = now_ms;
	j->ended_ms = 0;
}

void
job_hasten(struct job *j, int64_t now_ms)
{
	j->due_ms = now_ms;
	j->again = true;
}

void
job_end(struct job *j, enum job_state state, int64_t now_ms)
{
	j->state = state;
	j->ended_ms = now_ms;
}

int64_t
job_first_due(int64_t round, int64_t received_ms, int64_t scheduled_ms,
    int64_t now_ms)
{
	int64_t due_ms =
	    round == 0 && received_ms < now_ms ? received_ms : now_ms;

	return scheduled_ms > due_ms ? scheduled_ms : due_ms;
}
