#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "core/backoff.h"
#include "core/webhook.h"
#include "store/store_sqlite_int.h"

/* Old secrets: rows of their own, because a webhook has any number of them up
 * to WEBHOOK_OLDS_MAX, each with its own end. */

enum rc
lite_olds_delete(struct lite_tx *tx, const char *id, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_OLD_SECRET_DELETE);

	lite_text(st, 1, id);
	return lite_run(tx->conn, st, e);
}

enum rc
lite_olds_end(struct lite_tx *tx, int64_t now_ms, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_OLD_SECRET_ENDED);
	enum rc rc;

	/* A clock that is set back by a little needs them again. */
	lite_int(st, 1, now_ms - BACKOFF_SLACK_MS);
	rc = lite_run(tx->conn, st, e);
	if (rc == RC_OK && lite_changes(tx->conn) > 0)
		lite_tally_sum(tx, LITE_SUM_WEBHOOKS_VERSION, 1);
	return rc;
}

static enum rc
write_one(struct lite_tx *tx, const struct webhook *w, size_t i, struct err *e)
{
	const struct webhook_old *old = &w->olds[i];
	struct lite_bytes secret, key = { NULL, 0 };
	struct sqlite3_stmt *st;
	enum rc rc;

	rc = lite_seal_secret(tx->lite, "old_secret", w->id, &old->secret,
	    &secret, e);
	if (rc == RC_OK)
		rc = lite_seal_secret(tx->lite, "old_sign_key", w->id,
		    &old->sign_key, &key, e);
	if (rc == RC_OK) {
		st = lite_stmt(tx->conn, LITE_OLD_SECRET_PUT);
		lite_text(st, 1, w->id);
		lite_int(st, 2, (int64_t)i);
		lite_blob(st, 3, secret.p, secret.n);
		lite_blob(st, 4, key.p, key.n);
		lite_int(st, 5, old->until_ms);
		rc = lite_run(tx->conn, st, e);
	}
	free(secret.p);
	free(key.p);
	return rc;
}

enum rc
lite_olds_write(struct lite_tx *tx, const struct webhook *w, struct err *e)
{
	enum rc rc;
	size_t i;

	rc = lite_olds_delete(tx, w->id, e);
	for (i = 0; rc == RC_OK && i < w->nolds; i++)
		rc = write_one(tx, w, i, e);
	return rc;
}

enum rc
lite_olds_read(struct lite *l, struct lite_conn *c, struct webhook *w,
    enum rc *opened, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_OLD_SECRET_OF);
	struct webhook_old *old;
	bool row;
	enum rc rc;

	*opened = RC_OK;
	lite_text(st, 1, w->id);
	lite_int(st, 2, WEBHOOK_OLDS_MAX);
	while ((rc = lite_step(c, st, &row, e)) == RC_OK && row) {
		old = &w->olds[w->nolds++];
		old->until_ms = lite_col_ms(st, 2);
		*opened = lite_unseal_secret(l, "old_secret", w->id, st, 0,
		    &old->secret, e);
		if (*opened == RC_OK)
			*opened = lite_unseal_secret(l, "old_sign_key", w->id,
			    st, 1, &old->sign_key, e);
		if (*opened != RC_OK)
			break;
	}
	lite_reset(st);
	return rc;
}
