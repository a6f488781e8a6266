/*
 * order - jobs with an order key go out one after the other
 *
 * 1. Of a target and a key, the jobs that are waiting, leased, or dead and
 *    not passed by stand in a line: by event, then by id.  A job that is made
 *    or retried later than its neighbours still has its event's place.
 * 2. At most one of them is leased, or waits and is not behind.  It is the
 *    first of the line, unless one was leased before an earlier one came:
 *    then the earlier one waits for its end, and the leased one is marked
 *    behind.
 * 3. The transaction in which that one ends, or waits again, lets the first
 *    go.  A leased one that is behind and was delivered waits once more:
 *    the newest event has the last word.
 * 4. A dead one holds up those after it, or, where its webhook says so, is
 *    passed by: marked behind, it has left the line.
 * 5. A report is due when the first of a line is dead and another begins to
 *    wait for it.
 *
 * The store finds the first of a line and the leased job; these functions
 * decide on them.  A line is found through an index whose condition is
 * LITE_SQL_IN_ORDER: the rule of order_has_place().  Pure.
 */
#ifndef CORE_ORDER_H
#define CORE_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/job.h"

/* A job in its line. */
struct order_place {
	int64_t id, event, due_ms;
	enum job_state state;
	bool behind;
};

bool order_has_place(enum job_state state, bool behind);
/* The place comes before that of a job of the event; id INT64_MAX: of a job
 * that is to be made. */
bool order_is_before(const struct order_place *p, int64_t event, int64_t id);

/* Where a job with an order key that changes its state goes. */
enum order_move {
	ORDER_STAYS,
	ORDER_DIES,  /* it leaves the line if its webhook skips dead ones */
	ORDER_ENTERS /* it had ended and waits again: order_enter() */
};
enum order_move order_move_of(const struct job *was, const struct job *is);

/* How a job comes into a line. */
struct order_entry {
	bool is_behind;     /* it waits for others */
	int64_t steps_back; /* the job that is behind from now on; 0: none */
};
/*
 * A job comes before the first of its line.  leased: the leased job of the
 * line, or 0; it matters only where order_asks_leased() says so.
 */
bool order_asks_leased(const struct order_place *first);
struct order_entry order_overtake(const struct order_place *first,
    int64_t leased);

/* Whether the job, which is about to wait again, has to come before the first
 * of its line; else *is_behind is whether it waits for it. */
bool order_enters_first(const struct order_place *first, int64_t event,
    int64_t id, bool *is_behind);

/* Others of its key may have waited for this change: order_release(). */
bool order_frees(const struct job *was, const struct job *is);
/* It died at the head of its line, or waits again behind one that did. */
bool order_may_be_blocked(const struct job *was, const struct job *is);

/* The step for the first of a line, when a job that was like this is not leased
 * any more or has left the line. */
enum order_step {
	ORDER_NO_STEP,
	ORDER_GOES,       /* the first is not behind any more */
	ORDER_ASK_LEASED, /* it goes unless another job of the line is leased */
	ORDER_IS_BLOCKED  /* the first is dead: others begin to wait for it */
};
enum order_step order_release(const struct job *was,
    const struct order_place *first);

#endif
