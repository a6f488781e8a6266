#include "config.h"

#include "store/store_sqlite_int.h"
#include "store/store_sqlite_stmt.h"

static enum rc
read_one(struct lite_conn *c, struct store_body *b, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_PAYLOAD_GET);
	bool row;
	enum rc rc;

	lite_int(st, 1, b->event);
	rc = lite_step(c, st, &row, e);
	if (rc != RC_OK || !row)
		return rc;
	b->bytes = lite_col_blob(st, 0, &b->n);
	lite_reset(st);
	return RC_OK;
}

/* The pages above the rows are read once for all, and locked once. */
static enum rc
read_some(struct lite_conn *c, struct store_body *v, size_t n, struct err *e)
{
	struct err ignored;
	enum rc rc;
	size_t i;

	rc = lite_run_stmt(c, LITE_BEGIN_READ, e);
	for (i = 0; rc == RC_OK && i < n; i++)
		rc = read_one(c, &v[i], e);
	(void)lite_run_stmt(c, LITE_COMMIT, &ignored);
	return rc;
}

enum rc
lite_payloads(void *impl, struct store_body *v, size_t n, struct err *e)
{
	struct lite *l = impl;
	struct lite_conn *c;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	/* One statement is a transaction of its own. */
	rc = n == 1 ? read_one(c, v, e) : read_some(c, v, n, e);
	lite_reader_give(l, c);
	return rc;
}
