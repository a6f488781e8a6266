/*
 * store_fault_int - what the files of the test engine share
 *
 * "fault:N:URL" opens URL and passes every call on, but the N-th, which
 * fails with RC_BUSY.  With "fault:-N:URL" that call takes place and its
 * answer is lost, which is what RC_BUSY leaves open.  Calls are counted from
 * 1 since the store was opened.
 */
#ifndef STORE_STORE_FAULT_INT_H
#define STORE_STORE_FAULT_INT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct store;
struct store_dead;
struct store_notices;
struct store_telling;

struct fault {
	struct store *inner;
	atomic_llong left;
	bool after;
};

enum moment {
	GO_ON,
	FAIL_BEFORE,
	FAIL_AFTER
};

static inline enum moment
moment_of(struct fault *f)
{
	if (atomic_fetch_sub(&f->left, 1) != 1)
		return GO_ON;
	return f->after ? FAIL_AFTER : FAIL_BEFORE;
}

static inline enum rc
fail(struct err *e)
{
	return err_set(e, RC_BUSY, "the planted fault");
}

/* What the caller hears of a call that took place. */
static inline enum rc
answer(enum moment m, enum rc rc, struct err *e)
{
	return rc == RC_OK && m == FAIL_AFTER ? fail(e) : rc;
}

/* The calls that stand in files of their own. */
enum rc fault_event_replay_all(void *impl, const int64_t *ids, size_t n,
    const char *webhook_id, int64_t now_ms, size_t *replayed, struct err *e);
enum rc fault_dead_count(void *impl, const struct store_dead *d, int64_t *n,
    struct err *e);
enum rc fault_dead_retry(void *impl, const struct store_dead *d, size_t max,
    int64_t now_ms, size_t *n, struct err *e);
enum rc fault_notices(void *impl, size_t max, struct store_notices *out,
    struct err *e);
enum rc fault_tell(void *impl, struct store_telling *v, size_t n,
    struct err *e);

#endif
