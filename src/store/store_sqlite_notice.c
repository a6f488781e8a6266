#include "config.h"

#include "core/notice.h"
#include "store/store_sqlite_int.h"

/*
 * hls's own events: an operation writes a notice in its transaction, whatever
 * the notice is about, and a drain makes an event of it.
 */

enum rc
lite_notice_put(struct lite_tx *tx, const struct notice *n, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_NOTICE_PUT);

	lite_int(st, 1, n->name);
	lite_int(st, 2, n->at_ms);
	lite_text(st, 3, n->about);
	lite_int(st, 4, n->turn);
	lite_text(st, 5, n->team);
	lite_text(st, 6, n->data);
	tx->new_work = true;
	return lite_run(tx->conn, st, e);
}
