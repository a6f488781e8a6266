#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "core/notice.h"
#include "store/store_sqlite_int.h"

/* For a crafted file, where NOT NULL need not hold. */
static char *
text_or(struct sqlite3_stmt *st, int at, const char *other)
{
	char *s = lite_col_text(st, at);

	return s != NULL ? s : xstrdup(other);
}

static void
read_row(struct sqlite3_stmt *st, struct notice *out)
{
	out->id = lite_col_int(st, 0);
	out->name = (enum notice_name)lite_col_enum(st, 1, NOTICE_NAMES);
	out->at_ms = lite_col_ms(st, 2);
	out->about = text_or(st, 3, "");
	out->turn = lite_col_int(st, 4);
	out->team = lite_col_text(st, 5);
	out->data = text_or(st, 6, "{}");
}

static struct notice *
add(struct store_notices *l)
{
	if (l->n % 64 == 0)
		l->v = xreallocarray(l->v, l->n + 64, sizeof(*l->v));
	memset(&l->v[l->n], 0, sizeof(*l->v));
	return &l->v[l->n++];
}

enum rc
lite_notices(void *impl, size_t max, struct store_notices *out, struct err *e)
{
	struct lite *l = impl;
	struct sqlite3_stmt *st;
	struct lite_conn *c;
	bool row = true;
	enum rc rc;

	rc = lite_source_report(l, e);
	if (rc == RC_OK)
		rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(c, LITE_NOTICE_LIST);
	lite_int(st, 1, (int64_t)max);
	for (;;) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		read_row(st, add(out));
	}
	lite_reset(st);
	lite_reader_give(l, c);
	if (rc != RC_OK)
		store_notices_free(out);
	return rc;
}

struct tell {
	struct store_telling *v;
	size_t n;
};

static enum rc
drop_notice(struct lite_tx *tx, struct store_telling *t, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_NOTICE_DELETE);
	enum rc rc;

	lite_int(st, 1, t->notice);
	rc = lite_run(tx->conn, st, e);
	t->late = rc == RC_OK && lite_changes(tx->conn) == 0;
	return rc;
}

/* The event and the end of its notice are one transaction: there is one event
 * of it, however many drains read the notice. */
static enum rc
run_tell(struct lite_tx *tx, void *arg, struct err *e)
{
	const struct tell *x = arg;
	struct store_receipt receipt;
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < x->n; i++) {
		rc = drop_notice(tx, &x->v[i], e);
		if (rc == RC_OK && !x->v[i].late && x->v[i].event != NULL)
			rc = lite_accept_in(tx, x->v[i].event, &receipt, e);
	}
	return rc;
}

enum rc
lite_tell(void *impl, struct store_telling *v, size_t n, struct err *e)
{
	struct tell x = { v, n };

	if (n == 0)
		return RC_OK;
	return lite_commit_now(impl, run_tell, &x, e);
}
