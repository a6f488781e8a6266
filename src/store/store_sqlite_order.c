#include "config.h"

#include <sqlite3.h>

#include "store/store_sqlite_int.h"

/*
 * Jobs with an order key go out one after the other.
 *
 * 1. Of the open jobs (waiting, leased, dead) of a target and a key, the one
 *    with the lowest id is the first.  Ids are given in the transactions that
 *    make jobs, so a new job is never the first while another is open, and no
 *    ended job is ever opened again: who is first stays so until its end.
 * 2. A waiting job that is not the first is behind.  Leasing looks at none of
 *    those, however many they are.
 * 3. The transaction that ends a job lets the next one of its key go.
 */

enum rc
lite_order_is_taken(struct lite_tx *tx, int64_t target, const char *order_key,
    bool *out, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_ORDER_OPEN);
	enum rc rc;

	lite_int(st, 1, target);
	lite_text(st, 2, order_key);
	rc = lite_step(tx->conn, st, out, e);
	if (rc == RC_OK && *out)
		lite_reset(st);
	return rc;
}

enum rc
lite_order_let_go(struct lite_tx *tx, const struct lite_job *job, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_ORDER_FIRST);
	struct lite_target_change *target;
	int64_t id, due_ms;
	bool row, waits;
	enum rc rc;

	lite_int(st, 1, job->id);
	rc = lite_step(tx->conn, st, &row, e);
	if (rc != RC_OK || !row)
		return rc;
	id = lite_col_int(st, 0);
	due_ms = lite_col_int(st, 1);
	waits = lite_col_int(st, 2) != 0;
	lite_reset(st);
	if (!waits)
		return RC_OK;

	st = lite_stmt(tx->conn, LITE_ORDER_LET_GO);
	lite_int(st, 1, id);
	rc = lite_run(tx->conn, st, e);
	if (rc == RC_OK)
		rc = lite_tally_target(tx, job->target, &target, e);
	if (rc == RC_OK && due_ms < target->due_ms)
		target->due_ms = due_ms;
	tx->new_work = true;
	return rc;
}
