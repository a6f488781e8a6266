/*
 * store_sqlite_ready - the targets that have something due: the first level
 * of leasing
 *
 * They are found by kind, so the targets of one kind cost the lease of another
 * nothing.  For the operations of the engine.
 */
#ifndef STORE_STORE_SQLITE_READY_H
#define STORE_STORE_SQLITE_READY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store_sqlite_int.h"
#include "store/store_work.h"

struct lite_ready {
	struct lite_target target;
	int64_t at_ms;
};
#define LITE_READY_MAX 128

bool lite_is_wanted(const struct store_lease_want *want, enum store_kind kind,
    const char *name);

/* The wanted targets that wait longest, of all kinds, the first of them first;
 * each is the caller's to end, whatever the code. */
enum rc lite_ready_find(struct lite_conn *c,
    const struct store_lease_want *want, int64_t now_ms,
    struct lite_ready v[LITE_READY_MAX], size_t *n, struct err *e);

/* When the first one is ready, or LITE_FAR.  Most leases find nothing, and
 * shall not cost a transaction. */
enum rc lite_ready_peek(struct lite *l, const struct store_lease_want *want,
    int64_t *due_ms, struct err *e);

#endif
