#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/event.h"
#include "store/store_sqlite_int.h"

/*
 * A replay of many events, in the order of its events whatever its size.
 *
 * 1. It is put down whole, in one short transaction: it happens or does not.
 *    Whoever asked for it begins its rounds, part by part, oldest first, and
 *    where that process was killed a drain does.
 * 2. From then on until all its jobs are made the targets that have an order
 *    rest, so nothing of a key goes out before the first that is replayed.
 * 3. A delivery that was on its way when it was put down, or had ended since
 *    its events were listed, goes out once more when an earlier one of its
 *    key is replayed: the newest event has the last word.
 */
#define PART 200 /* events of one transaction; posts wait while it runs */
#define ID_SIZE 8

static void
write_id(uint8_t out[ID_SIZE], int64_t id)
{
	size_t i;

	for (i = 0; i < ID_SIZE; i++)
		out[i] = (uint8_t)((uint64_t)id >> (8 * i));
}

static int64_t
read_id(const uint8_t in[ID_SIZE])
{
	uint64_t id = 0;
	size_t i;

	for (i = 0; i < ID_SIZE; i++)
		id |= (uint64_t)in[i] << (8 * i);
	return (int64_t)id;
}

struct put_down {
	const struct store_replay *r;
	size_t n; /* of its events, that may wait */
	int64_t id;
};

static enum rc
put_part(struct lite_tx *tx, int64_t replay, const int64_t *ids, size_t n,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_REPLAY_PART_PUT);
	uint8_t blob[PART * ID_SIZE];
	size_t i;

	for (i = 0; i < n; i++)
		write_id(blob + i * ID_SIZE, ids[i]);
	lite_int(st, 1, replay);
	lite_blob(st, 2, blob, n * ID_SIZE);
	return lite_run(tx->conn, st, e);
}

/* Those with an order rest, and what may have gone out too early is noted. */
static enum rc
hold(struct lite_tx *tx, const struct store_replay *r, struct err *e)
{
	static const enum lite_stmt stmts[] = { LITE_REPLAY_TARGETS,
		LITE_REPLAY_HOLD };
	struct sqlite3_stmt *st;
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < sizeof(stmts) / sizeof(stmts[0]); i++) {
		st = lite_stmt(tx->conn, stmts[i]);
		lite_text(st, 1, r->webhook_id);
		rc = lite_run(tx->conn, st, e);
	}
	if (rc != RC_OK || lite_changes(tx->conn) == 0)
		return rc;
	rc = lite_run_stmt(tx->conn, LITE_REPLAY_LEASED, e);
	if (rc != RC_OK || r->last_seen == INT64_MAX)
		return rc;
	st = lite_stmt(tx->conn, LITE_REPLAY_LATE);
	lite_int(st, 1, r->last_seen);
	return lite_run(tx->conn, st, e);
}

static enum rc
run_put_down(struct lite_tx *tx, void *arg, struct err *e)
{
	struct put_down *x = arg;
	const struct store_replay *r = x->r;
	int64_t room = INT64_MAX;
	struct sqlite3_stmt *st;
	size_t i, n;
	enum rc rc;

	/* The other half is for posts. */
	rc = lite_load_room(tx, (tx->lite->max_waiting + 1) / 2, &room, e);
	if (rc != RC_OK)
		return rc;
	x->n = (uint64_t)room < r->n ? (size_t)room : r->n;
	st = lite_stmt(tx->conn, LITE_REPLAY_PUT);
	lite_text(st, 1, r->webhook_id);
	lite_int(st, 2, r->events[x->n - 1]);
	rc = lite_run(tx->conn, st, e);
	x->id = lite_new_id(tx->conn);
	for (i = 0; rc == RC_OK && i < x->n; i += n) {
		n = x->n - i < PART ? x->n - i : PART;
		rc = put_part(tx, x->id, r->events + i, n, e);
	}
	tx->new_work = true;
	return rc == RC_OK ? hold(tx, r, e) : rc;
}

struct carry {
	int64_t now_ms;
	bool has_part; /* there is one left... */
	bool began;    /* ...and rounds of it have begun now */
};

/* What is left of a part has yet to begin; where nothing is, the part goes. */
static enum rc
keep_rest(struct lite_tx *tx, int64_t part, const int64_t *ids, size_t n,
    struct err *e)
{
	struct sqlite3_stmt *st;
	uint8_t blob[PART * ID_SIZE];
	size_t i;

	if (n == 0) {
		st = lite_stmt(tx->conn, LITE_REPLAY_PART_DROP);
		lite_int(st, 1, part);
		return lite_run(tx->conn, st, e);
	}
	for (i = 0; i < n; i++)
		write_id(blob + i * ID_SIZE, ids[i]);
	st = lite_stmt(tx->conn, LITE_REPLAY_PART_LEFT);
	lite_int(st, 1, part);
	lite_blob(st, 2, blob, n * ID_SIZE);
	return lite_run(tx->conn, st, e);
}

/* The first part that is left: its events' rounds begin, up to the first
 * event that has to be expanded for another webhook before. */
static enum rc
begin_part(struct lite_tx *tx, struct carry *x, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_REPLAY_PART_FIRST);
	int64_t ids[PART], part;
	char *webhook_id;
	const uint8_t *blob;
	size_t i, n, done;
	enum rc rc;

	x->began = false;
	rc = lite_step(tx->conn, st, &x->has_part, e);
	if (rc != RC_OK || !x->has_part)
		return rc;
	part = lite_col_int(st, 0);
	webhook_id = lite_col_text(st, 1);
	blob = lite_col_bytes(st, 2, &n);
	n /= ID_SIZE;
	for (i = 0; i < n && i < PART; i++)
		ids[i] = read_id(blob + i * ID_SIZE);
	lite_reset(st);
	n = i;
	rc = lite_replay_ended(tx, ids, n, webhook_id, &done, e);
	free(webhook_id);
	if (rc != RC_OK)
		return rc;
	x->began = done > 0 || n == 0;
	return x->began ? keep_rest(tx, part, ids + done, n - done, e) : RC_OK;
}

static enum rc
send_once_more(struct lite_tx *tx, int64_t id, int64_t now_ms, struct err *e)
{
	struct lite_job job;
	bool found, overtaken = false;
	enum rc rc;

	rc = lite_job_read(tx, id, &job, &found, e);
	if (rc != RC_OK || !found || job.state != STORE_STATE_DONE)
		return rc;
	rc = lite_order_is_overtaken(tx, &job, &overtaken, e);
	if (rc != RC_OK || !overtaken)
		return rc;
	return lite_job_requeue(tx, &job, now_ms, e);
}

/* All rounds have begun: once their jobs are made, the targets go on. */
static enum rc
finish(struct lite_tx *tx, int64_t now_ms, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_REPLAY_UNEXPANDED);
	struct lite_ids ids;
	bool row;
	enum rc rc;
	size_t i;

	rc = lite_step(tx->conn, st, &row, e);
	if (rc == RC_OK && row)
		lite_reset(st);
	if (rc != RC_OK || row)
		return rc;
	rc = lite_ids(tx->conn, lite_stmt(tx->conn, LITE_REPLAY_OVERTAKEN),
	    &ids, e);
	for (i = 0; rc == RC_OK && i < ids.n; i++)
		rc = send_once_more(tx, ids.v[i], now_ms, e);
	lite_ids_fini(&ids);
	if (rc == RC_OK)
		rc = lite_run_stmt(tx->conn, LITE_REPLAY_FORGET, e);
	if (rc == RC_OK)
		rc = lite_run_stmt(tx->conn, LITE_REPLAY_DROP, e);
	if (rc == RC_OK)
		rc = lite_run_stmt(tx->conn, LITE_REPLAY_GO_ON, e);
	tx->new_work = true;
	return rc;
}

static enum rc
run_carry(struct lite_tx *tx, void *arg, struct err *e)
{
	struct carry *x = arg;
	enum rc rc;

	tx->now_ms = x->now_ms;
	rc = begin_part(tx, x, e);
	return rc == RC_OK && !x->has_part ? finish(tx, x->now_ms, e) : rc;
}

enum rc
lite_replay_carry(struct lite *l, bool *more, struct err *e)
{
	struct carry x = { clock_wall_ms(l->clock), false, false };
	struct lite_conn *c;
	struct sqlite3_stmt *st;
	enum rc rc;

	*more = false;
	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(c, LITE_REPLAY_OPEN);
	rc = lite_step(c, st, more, e);
	if (rc == RC_OK && *more)
		lite_reset(st);
	lite_reader_give(l, c);
	return rc == RC_OK && *more ? lite_commit_now(l, run_carry, &x, e) : rc;
}

enum rc
lite_event_replay_all(void *impl, const struct store_replay *r, int64_t now_ms,
    size_t *replayed, struct err *e)
{
	struct put_down x = { r, r->n, 0 };
	struct carry part = { now_ms, true, true };
	struct err ignored;
	enum rc rc;

	if (r->n == 0)
		return RC_OK;
	rc = lite_commit_now(impl, run_put_down, &x, e);
	if (rc != RC_OK)
		return rc;
	*replayed = x.n;
	/* It is on disk: what does not begin here a drain begins. */
	while (part.began &&
	    lite_commit_now(impl, run_carry, &part, &ignored) == RC_OK)
		;
	return RC_OK;
}
