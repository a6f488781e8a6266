#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "store/store_sqlite_int.h"

#define WORKER_KEPT_MS (INT64_C(86400) * 1000) /* since it was last seen */

static enum rc
run_token_put(struct lite_tx *tx, void *arg, struct err *e)
{
	const struct store_token *t = arg;
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_TOKEN_LIVE);
	bool row;
	enum rc rc;

	lite_text(st, 1, t->name);
	lite_int(st, 2, t->created_ms);
	rc = lite_step(tx->conn, st, &row, e);
	lite_reset(st);
	if (rc != RC_OK)
		return rc;
	if (row)
		return err_set(e, RC_EXISTS, "there is a live token %s",
		    t->name);
	st = lite_stmt(tx->conn, LITE_TOKEN_PUT);
	lite_blob(st, 1, t->hash, sizeof(t->hash));
	lite_text(st, 2, t->name);
	lite_text(st, 3, t->role);
	lite_int(st, 4, t->created_ms);
	lite_int(st, 5, t->expires_ms);
	lite_int(st, 6, t->last_used_ms);
	lite_int(st, 7, t->revoked);
	return lite_run(tx->conn, st, e);
}

enum rc
lite_token_put(void *impl, const struct store_token *t, struct err *e)
{
	struct store_token copy = *t;

	return lite_commit_now(impl, run_token_put, &copy, e);
}

static void
token_of_row(struct sqlite3_stmt *st, struct store_token *out)
{
	const void *hash = lite_col_exact(st, 0, sizeof(out->hash));

	memset(out, 0, sizeof(*out));
	if (hash != NULL)
		memcpy(out->hash, hash, sizeof(out->hash));
	out->name = lite_col_text(st, 1);
	out->role = lite_col_text(st, 2);
	out->created_ms = lite_col_ms(st, 3);
	out->expires_ms = lite_col_ms(st, 4);
	out->last_used_ms = lite_col_ms(st, 5);
	out->revoked = lite_col_int(st, 6) != 0;
}

enum rc
lite_token_find(void *impl, const uint8_t hash[CRYPT_SHA256_SIZE],
    struct store_token **out, struct err *e)
{
	struct lite *l = impl;
	struct lite_conn *c;
	struct sqlite3_stmt *st;
	bool row;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(c, LITE_TOKEN_FIND);
	lite_blob(st, 1, hash, CRYPT_SHA256_SIZE);
	rc = lite_step(c, st, &row, e);
	if (rc == RC_OK && row) {
		*out = xcalloc(1, sizeof(**out));
		token_of_row(st, *out);
		lite_reset(st);
	} else if (rc == RC_OK) {
		rc = err_set(e, RC_NOTFOUND, "there is no such token");
	}
	lite_reader_give(l, c);
	return rc;
}

enum rc
lite_token_list(void *impl, struct store_tokens *out, struct err *e)
{
	struct lite *l = impl;
	struct lite_conn *c;
	struct sqlite3_stmt *st;
	bool row = true;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(c, LITE_TOKEN_LIST);
	for (;;) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		if (out->n % 16 == 0)
			out->v =
			    xreallocarray(out->v, out->n + 16, sizeof(*out->v));
		token_of_row(st, &out->v[out->n++]);
	}
	lite_reader_give(l, c);
	if (rc != RC_OK)
		store_tokens_free(out);
	return rc;
}

struct token_use {
	uint8_t hash[CRYPT_SHA256_SIZE];
	int64_t now_ms;
};

static enum rc
run_token_used(struct lite_tx *tx, void *arg, struct err *e)
{
	const struct token_use *use = arg;
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_TOKEN_USED);
	enum rc rc;

	lite_blob(st, 1, use->hash, sizeof(use->hash));
	lite_int(st, 2, use->now_ms);
	rc = lite_run(tx->conn, st, e);
	if (rc == RC_OK && lite_changes(tx->conn) == 0)
		return err_set(e, RC_NOTFOUND, "there is no such token");
	return rc;
}

/* Left with the committer, so that no reader waits for the disk. */
enum rc
lite_token_used(void *impl, const uint8_t hash[CRYPT_SHA256_SIZE],
    int64_t now_ms, struct err *e)
{
	struct token_use *use = xcalloc(1, sizeof(*use));
	const struct lite_write w = { .run = run_token_used,
		.arg = use,
		.bytes = sizeof(*use),
		.drop = free };
	bool left;
	enum rc rc;

	memcpy(use->hash, hash, sizeof(use->hash));
	use->now_ms = now_ms;
	rc = lite_commit(impl, &w, &left, e);
	if (left)
		return RC_OK;
	free(use);
	return rc;
}

static enum rc
run_token_revoke(struct lite_tx *tx, void *arg, struct err *e)
{
	const char *const *name = arg;
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_TOKEN_REVOKE);
	enum rc rc;

	lite_text(st, 1, *name);
	rc = lite_run(tx->conn, st, e);
	if (rc == RC_OK && lite_changes(tx->conn) == 0)
		return err_set(e, RC_NOTFOUND, "there is no live token %s",
		    *name);
	return rc;
}

enum rc
lite_token_revoke(void *impl, const char *name, struct err *e)
{
	return lite_commit_now(impl, run_token_revoke, &name, e);
}

static enum rc
run_worker_gone(struct lite_tx *tx, void *arg, struct err *e)
{
	const struct store_worker *w = arg;
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_WORKER_GONE);

	lite_text(st, 1, w->id);
	lite_int(st, 2, w->started_ms);
	return lite_run(tx->conn, st, e);
}

static enum rc
run_worker(struct lite_tx *tx, void *arg, struct err *e)
{
	const struct store_worker *w = arg;
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_WORKER_PUT);
	enum rc rc;

	lite_text(st, 1, w->id);
	lite_text(st, 2, w->kinds);
	lite_int(st, 3, w->started_ms);
	lite_int(st, 4, w->last_seen_ms);
	lite_int(st, 5, w->in_flight);
	lite_int(st, 6, w->done);
	lite_int(st, 7, w->failed);
	lite_int(st, 8, w->ended_ms);
	rc = lite_run(tx->conn, st, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(tx->conn, LITE_WORKER_FORGET);
	lite_int(st, 1, w->last_seen_ms - WORKER_KEPT_MS);
	lite_int(st, 2, w->last_seen_ms + WORKER_KEPT_MS);
	rc = lite_run(tx->conn, st, e);
	if (rc != RC_OK)
		return rc;
	return lite_metric_forget(tx, w->last_seen_ms - WORKER_KEPT_MS, e);
}

enum rc
lite_worker_seen(void *impl, const struct store_worker *w, struct err *e)
{
	struct store_worker copy = *w;

	return lite_commit_now(impl, w->gone ? run_worker_gone : run_worker,
	    &copy, e);
}

enum rc
lite_worker_list(void *impl, struct store_workers *out, struct err *e)
{
	struct lite *l = impl;
	struct lite_conn *c;
	struct sqlite3_stmt *st;
	struct store_worker *w;
	bool row = true;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(c, LITE_WORKER_LIST);
	for (;;) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		if (out->n % 16 == 0)
			out->v =
			    xreallocarray(out->v, out->n + 16, sizeof(*out->v));
		w = &out->v[out->n++];
		w->id = lite_col_text(st, 0);
		w->kinds = lite_col_text(st, 1);
		w->started_ms = lite_col_ms(st, 2);
		w->last_seen_ms = lite_col_ms(st, 3);
		w->in_flight = lite_col_int(st, 4);
		w->done = lite_col_int(st, 5);
		w->failed = lite_col_int(st, 6);
		w->ended_ms = lite_col_ms(st, 7);
		w->gone = false;
	}
	lite_reader_give(l, c);
	if (rc != RC_OK)
		store_workers_free(out);
	return rc;
}

enum rc
lite_webhooks_version(void *impl, int64_t *out, struct err *e)
{
	struct lite *l = impl;
	struct lite_conn *c;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	rc = lite_sum_read(c, LITE_SUM_WEBHOOKS_VERSION, out, e);
	lite_reader_give(l, c);
	return rc;
}
