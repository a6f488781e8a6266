#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypt.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/repeat.h"
#include "store/store_sqlite_int.h"
#include "store/store_sqlite_seen.h"
#include "store/store_sqlite_span.h"

#define ROW_BYTES 512 /* of an event beside its body, about */

/*
 * One post on its way to the disk.  What can be computed before the
 * transaction is: the lock is held for microseconds and one sync.
 */
struct accept {
	struct event *ev;
	struct lite_keys keys; /* of its own id */
	struct lite_keys used; /* the ones it is put under */
	enum repeat_key key;   /* what those are made of */
	int64_t earlier;       /* the last event of the same derived id, or 0 */
	char *teams;
	struct store_receipt out;
	struct store_waiter waiter; /* of one that is not waited for */
};

static bool
is_zero(const uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n && p[i] == 0; i++)
		;
	return i == n;
}

/* What a's owner has to free is teams. */
static void
accept_init(struct accept *a, struct event *ev)
{
	memset(a, 0, sizeof(*a));
	a->ev = ev;
	if (is_zero(ev->body_sha256, sizeof(ev->body_sha256)))
		crypt_sha256(ev->body, ev->bodysz, ev->body_sha256);
	lite_seen_keys(ev->source, ev->delivery_id, ev->body_sha256, &a->keys);
	a->keys.is_watched = repeat_is_watched(ev);
	if (ev->teams.n > 0)
		a->teams = lite_strlist_text(&ev->teams);
}

static void
accept_free(void *arg)
{
	struct accept *a = arg;

	event_free(a->ev);
	free(a->teams);
	free(a);
}

/* The sender's way to say "again": what ended failed is tried anew. */
static enum rc
take_duplicate(struct lite_tx *tx, struct accept *a,
    const struct lite_sight *first, struct err *e)
{
	struct sqlite3_stmt *st;
	bool row, is_failed = false;
	size_t jobs;
	enum rc rc;

	lite_tally_sum(tx, LITE_SUM_DUPLICATES, 1);
	a->out.duplicate = true;
	a->out.id = first->event;
	a->out.other_body = first->body != a->used.delivery.body;
	lite_public_id(tx->lite, "evt_", first->seen_ms, first->event,
	    a->out.public_id);
	st = lite_stmt(tx->conn, LITE_EVENT_COUNTS);
	lite_int(st, 1, a->out.id);
	rc = lite_step(tx->conn, st, &row, e);
	if (rc == RC_OK && row) {
		is_failed = lite_col_int(st, 0) == EVENT_FAILED;
		lite_reset(st);
	}
	if (rc != RC_OK || !is_failed)
		return rc;
	rc = lite_requeue_dead(tx, a->out.id, a->ev->received_ms, SIZE_MAX,
	    &jobs, e);
	a->out.retried = rc == RC_OK && jobs > 0;
	return rc;
}

static enum rc
is_body_of(struct lite_tx *tx, int64_t event, const struct accept *a,
    bool *same, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_EVENT_DIGEST);
	struct repeat_body last;
	bool row;
	enum rc rc;

	*same = false;
	lite_int(st, 1, event);
	rc = lite_step(tx->conn, st, &row, e);
	if (rc != RC_OK || !row)
		return rc;
	last.sha256 = lite_col_exact(st, 0, sizeof(a->ev->body_sha256));
	last.type = lite_col_str(st, 1);
	last.was_held = lite_col_int(st, 2) != 0;
	*same = repeat_has_body(a->ev, &last);
	lite_reset(st);
	return RC_OK;
}

/* Were these bytes seen under another id within the window?  Each sight
 * starts the window anew. */
static enum rc
judge_body(struct lite_tx *tx, struct accept *a, struct err *e)
{
	struct lite_sight last;
	bool found;
	enum rc rc;

	if (repeat_is_odd(a->ev, a->key)) {
		a->ev->suspect_why = EVENT_ODD_TYPE;
		a->out.replay_suspect = true;
		return RC_OK;
	}
	a->ev->suspect_why = EVENT_SEEN_BODY;
	if (a->ev->replay_window_ms <= 0)
		return RC_OK;
	rc = lite_seen_body(tx, &a->keys, &last, &found, e);
	if (rc == RC_OK && found && repeat_is_near(a->ev, last.seen_ms))
		rc = is_body_of(tx, last.event, a, &a->out.replay_suspect, e);
	if (rc == RC_OK && !a->out.replay_suspect)
		rc = lite_ignored_find(tx, &a->keys, a->ev,
		    &a->out.replay_suspect, e);
	return rc;
}

static enum rc
put_event(struct lite_tx *tx, const struct accept *a, struct err *e)
{
	const struct event *ev = a->ev;
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_EVENT_PUT);
	bool owes = !a->out.replay_suspect;

	lite_int(st, 1, a->out.id);
	lite_int(st, 2, ev->received_ms);
	lite_int(st, 3, ev->scheduled_ms);
	lite_text(st, 4, ev->source);
	lite_text(st, 5, ev->provider);
	lite_text(st, 6, ev->delivery_id);
	lite_text(st, 7, ev->type);
	lite_text(st, 8, ev->action);
	lite_text(st, 9, ev->repository);
	lite_text(st, 10, a->teams);
	lite_text(st, 11, ev->webhook_id);
	lite_text(st, 12, ev->content_type);
	lite_int(st, 13, ev->priority);
	lite_int(st, 14, ev->hops);
	lite_int(st, 15, a->out.replay_suspect);
	lite_int(st, 16, (int64_t)ev->bodysz);
	lite_blob(st, 17, ev->body_sha256, sizeof(ev->body_sha256));
	lite_int(st, 18, owes ? EVENT_PENDING : EVENT_COMPLETED);
	lite_int(st, 19, owes ? 0 : 1);
	lite_int(st, 20, owes ? 0 : ev->received_ms);
	lite_int(st, 21, a->keys.is_watched);
	lite_text(st, 22, ev->hook_id);
	lite_int(st, 23, a->key);
	lite_text(st, 24, ev->sent_id);
	lite_int(st, 25, a->earlier);
	lite_int(st, 26, a->out.replay_suspect ? (int64_t)ev->suspect_why : 0);
	return lite_run(tx->conn, st, e);
}

/* Rare, and as large as the body: made here, where there is one at a time. */
static enum rc
put_odd_json(struct lite_tx *tx, const struct accept *a, struct err *e)
{
	const struct event *ev = a->ev;
	struct buf json;
	enum rc rc;

	event_make_json(ev, &json);
	rc = lite_put_json(tx->conn, a->out.id, json.data, json.len, e);
	buf_fini(&json);
	return rc;
}

static enum rc
put_payload(struct lite_tx *tx, const struct accept *a, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_PAYLOAD_PUT);
	const struct event *ev = a->ev;
	enum rc rc;

	lite_int(st, 1, a->out.id);
	lite_blob(st, 2, ev->body != NULL ? ev->body : "", ev->bodysz);
	rc = lite_run(tx->conn, st, e);
	if (rc == RC_OK && ev->json != NULL)
		rc =
		    lite_put_json(tx->conn, a->out.id, ev->json, ev->jsonsz, e);
	if (rc == RC_OK && ev->has_odd_json)
		rc = put_odd_json(tx, a, e);
	return rc;
}

/* Intake stops while too much waits; what is not made into jobs yet waits
 * too. */
enum rc
lite_load_judge(struct lite_tx *tx, int64_t most, struct err *e)
{
	int64_t ignored;

	return lite_load_room(tx, most, &ignored, e);
}

enum rc
lite_load_room(struct lite_tx *tx, int64_t most, int64_t *room, struct err *e)
{
	int64_t jobs, events, now;
	enum rc rc;

	*room = INT64_MAX;
	if (tx->lite->max_waiting <= 0)
		return RC_OK;
	if (tx->load < 0) {
		rc = lite_sum_read(tx->conn, LITE_SUM_JOB + STORE_WAITING,
		    &jobs, e);
		if (rc == RC_OK)
			rc = lite_sum_read(tx->conn, LITE_SUM_UNEXPANDED,
			    &events, e);
		if (rc != RC_OK)
			return rc;
		tx->load = jobs + events;
	}
	now = tx->load + tx->tally.sums[LITE_SUM_JOB + STORE_WAITING] +
	    tx->tally.sums[LITE_SUM_UNEXPANDED];
	if (now >= most)
		return err_set(e, RC_BUSY, "%lld jobs wait already",
		    (long long)now);
	*room = most - now;
	return RC_OK;
}

static bool
is_equal(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* An event that was deleted has no hook, and no type that differs. */
static enum rc
compare_event(struct lite_tx *tx, int64_t event, const struct event *ev,
    struct repeat_first *out, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_EVENT_HOOK);
	bool row;
	enum rc rc;

	*out = (struct repeat_first){ .same_type = true };
	lite_int(st, 1, event);
	rc = lite_step(tx->conn, st, &row, e);
	if (rc != RC_OK || !row)
		return rc;
	out->same_hook = is_equal(lite_col_str(st, 0), ev->hook_id);
	out->same_type = is_equal(lite_col_str(st, 1), ev->type);
	out->is_held = lite_col_int(st, 2) == 1;
	lite_reset(st);
	return RC_OK;
}

static enum rc
find_by_key(struct lite_tx *tx, struct accept *a, struct lite_sight *first,
    bool *found, struct err *e)
{
	const struct event *ev = a->ev;

	if (a->key == REPEAT_KEY_TYPE)
		lite_seen_typed(ev->source, ev->delivery_id, ev->type,
		    &a->used);
	else
		lite_seen_second(ev->source, ev->delivery_id, ev->hook_id,
		    ev->body_sha256, &a->used);
	return lite_seen_delivery(tx, &a->used, first, found, e);
}

/* The event that this post repeats.  Costs nothing where ids are new. */
static enum rc
find_first(struct lite_tx *tx, struct accept *a, struct lite_sight *first,
    bool *found, struct err *e)
{
	const struct event *ev = a->ev;
	struct repeat_first like;
	enum rc rc;

	a->used = a->keys;
	a->key = repeat_key(ev);
	if (a->key != REPEAT_KEY_ID)
		return find_by_key(tx, a, first, found, e);
	rc = lite_seen_delivery(tx, &a->used, first, found, e);
	if (rc != RC_OK || !*found || !repeat_asks(ev))
		return rc;
	rc = compare_event(tx, first->event, ev, &like, e);
	if (rc != RC_OK)
		return rc;
	like.same_body = first->body == a->keys.delivery.body;
	a->key = repeat_key_beside(ev, &like);
	return a->key == REPEAT_KEY_ID ? RC_OK
				       : find_by_key(tx, a, first, found, e);
}

static enum rc
take(struct lite_tx *tx, struct accept *a, struct err *e)
{
	struct lite_sight first;
	bool found;
	enum rc rc;

	rc = find_first(tx, a, &first, &found, e);
	if (rc != RC_OK)
		return rc;
	if (found && repeat_is_believed(a->ev, first.seen_ms))
		return take_duplicate(tx, a, &first, e);
	a->earlier = found ? first.event : 0;

	rc = judge_body(tx, a, e);
	if (rc == RC_OK)
		rc = lite_next_id(tx, LITE_SUM_EVENT_ID, &tx->last_event_id,
		    &a->out.id, e);
	if (rc != RC_OK)
		return rc;
	lite_public_id(tx->lite, "evt_", a->ev->received_ms, a->out.id,
	    a->out.public_id);
	rc = put_event(tx, a, e);
	if (rc == RC_OK)
		rc = put_payload(tx, a, e);
	if (rc == RC_OK)
		rc = lite_span_put(tx, a->out.id, a->ev, e);
	if (rc == RC_OK)
		rc = lite_seen_put(tx, &a->used, a->out.id, a->ev->received_ms,
		    e);
	if (rc == RC_OK)
		rc = lite_tally_accepted(tx, a->ev->type, a->ev->repository,
		    a->ev->received_ms, !a->out.replay_suspect, e);
	if (rc != RC_OK)
		return rc;
	if (a->out.replay_suspect) {
		lite_tally_sum(tx, LITE_SUM_SUSPECTS, 1);
		lite_tally_sum(tx, LITE_SUM_SUSPECTS_HELD, 1);
		lite_tally_sum(tx, LITE_SUM_EVENT + EVENT_COMPLETED, 1);
		rc = lite_source_suspect(tx, a->ev, e);
		tx->new_work = true; /* a drain reports it */
	} else {
		lite_tally_sum(tx, LITE_SUM_UNEXPANDED, 1);
		lite_tally_sum(tx, LITE_SUM_EVENT + EVENT_PENDING, 1);
		tx->new_work = true;
	}
	return rc;
}

static enum rc
run(struct lite_tx *tx, void *arg, struct err *e)
{
	struct accept *a = arg;
	enum rc rc;

	memset(&a->out, 0, sizeof(a->out));
	tx->now_ms = a->ev->received_ms;
	if (a->ev->is_ignored)
		return lite_ignored_put(tx, &a->keys, a->ev, e);
	rc = lite_load_judge(tx, tx->lite->max_waiting, e);
	return rc == RC_OK ? take(tx, a, e) : rc;
}

enum rc
lite_accept_in(struct lite_tx *tx, struct event *ev, struct store_receipt *out,
    struct err *e)
{
	struct accept a;
	enum rc rc;

	accept_init(&a, ev);
	tx->now_ms = ev->received_ms;
	rc = take(tx, &a, e);
	*out = a.out;
	free(a.teams);
	return rc;
}

/* Takes ev.  On any code but RC_OK it is gone. */
static enum rc
accept_new(struct lite *l, struct event *ev, int64_t wait_ms,
    struct lite_write *w, struct err *e)
{
	struct accept *a;

	if (lite_disk_is_low(l)) {
		event_free(ev);
		return err_set(e, RC_BUSY,
		    "less disk is free than database.min_free");
	}
	a = xmalloc(sizeof(*a));
	accept_init(a, ev);
	*w = (struct lite_write){ .run = run,
		.arg = a,
		.bytes = ev->bodysz + ev->jsonsz + ROW_BYTES,
		.turn_ms = wait_ms,
		.wait_ms = wait_ms,
		.drop = accept_free };
	return RC_OK;
}

/* Takes arg. */
static enum rc
accept_end(void *arg, enum rc rc, struct store_receipt *out)
{
	struct accept *a = arg;

	if (rc == RC_OK)
		*out = a->out;
	accept_free(a);
	return rc;
}

enum rc
lite_accept(void *impl, struct event *ev, int64_t wait_ms,
    struct store_receipt *out, struct err *e)
{
	struct lite_write w;
	bool left;
	enum rc rc;

	rc = accept_new(impl, ev, wait_ms, &w, e);
	if (rc != RC_OK)
		return rc;
	rc = lite_commit(impl, &w, &left, e);
	return left ? rc : accept_end(w.arg, rc, out);
}

static void
accept_done(void *arg)
{
	const struct accept *a = arg;

	a->waiter.done(a->waiter.arg);
}

enum rc
lite_accept_begin(void *impl, struct event *ev, int64_t wait_ms,
    const struct store_waiter *waiter, void **op, struct err *e)
{
	struct lite_op *begun;
	struct lite_write w;
	struct accept *a;
	enum rc rc;

	rc = accept_new(impl, ev, wait_ms, &w, e);
	if (rc != RC_OK)
		return rc;
	a = w.arg;
	a->waiter = *waiter;
	w.done = accept_done;
	/* Once it is queued it may be done before this returns. */
	rc = lite_commit_begin(impl, &w, &begun, e);
	if (rc != RC_OK)
		accept_free(a);
	*op = begun;
	return rc;
}

enum rc
lite_accept_end(void *impl, void *op, struct store_receipt *out, struct err *e)
{
	void *arg;
	enum rc rc;

	(void)impl;
	rc = lite_commit_end(op, &arg, e);
	return accept_end(arg, rc, out);
}

bool
lite_accept_leave(void *impl, void *op)
{
	(void)impl;
	return lite_commit_leave(op);
}
