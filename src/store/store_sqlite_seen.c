#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "core/repeat.h"
#include "store/store_sqlite_int.h"
#include "store/store_sqlite_seen.h"
#include "store/store_test.h"

/*
 * The trees are filled by a hand that goes round the buckets of the two
 * tables in memory, and so through both trees in the order of their keys:
 * rows that wait together come to lie on the same pages.
 *
 * 1. What was put by anybody and is in no tree is in memory from the first
 *    look of a transaction to its end: rows of events that came since the
 *    last look are read first, all beyond merged.upto after a start.
 * 2. Going into a tree twice changes nothing: a row that a crashed or
 *    another process has brought there is no harm in memory.
 * 3. Who moves the hand past a bucket has emptied it, so what others hold
 *    in it of earlier transactions is in the trees.
 */

/* About 4 MB; in the trees of a million events, 4 rows a page. */
#define KEPT 65536
#define SLICE 512      /* at once, of what is over, and when idle */
#define CALM_SLICE 128 /* by the way of a single post */
#define MOST (4 * SLICE)
#define IGNORED_MAX 1000000 /* bodies of posts that were ignored */

/*
 * How far the trees are, in counters of family "merge".  Rows of the events
 * up to upto are in them, and of those up to end the rows whose key belongs
 * into a bucket before at % LITE_FRESH_BUCKETS.
 */
struct merged {
	int64_t at, end, upto;
};

struct lite_seen {
	struct lite_fresh *deliveries, *bodies;
	bool is_known;  /* 1. holds for the events up to loaded */
	bool is_direct; /* this transaction puts into the trees */
	int64_t loaded;
	struct merged merged, stored;
};

static atomic_size_t test_keeps; /* 0: nobody tests */

void
store_test_keep(size_t rows)
{
	atomic_store(&test_keeps, rows);
}

static bool
is_calm(const struct lite_tx *tx)
{
	return tx->is_calm &&
	    atomic_load_explicit(&test_keeps, memory_order_relaxed) == 0;
}

struct lite_seen *
lite_seen_new(void)
{
	struct lite_seen *s = xcalloc(1, sizeof(*s));

	s->deliveries = lite_fresh_new();
	s->bodies = lite_fresh_new();
	return s;
}

void
lite_seen_free(struct lite_seen *s)
{
	if (s == NULL)
		return;
	lite_fresh_free(s->deliveries);
	lite_fresh_free(s->bodies);
	free(s);
}

static size_t
count(const struct lite_seen *s)
{
	return lite_fresh_count(s->deliveries) + lite_fresh_count(s->bodies);
}

bool
lite_seen_is_behind(const struct lite_seen *s)
{
	return s->is_known && count(s) > 0;
}

static void
clear(struct lite_seen *s)
{
	lite_fresh_clear(s->deliveries);
	lite_fresh_clear(s->bodies);
}

void
lite_seen_forget(struct lite_tx *tx)
{
	if (!tx->has_seen)
		return;
	clear(tx->seen);
	tx->seen->is_known = false;
	tx->has_seen = false;
}

static uint64_t
number_at(const uint8_t *p)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static void
bytes_of(uint64_t v, uint8_t *p)
{
	size_t i;

	for (i = 8; i-- > 0; v >>= 8)
		p[i] = (uint8_t)v;
}

/* SHA-256 over source, NUL and p. */
static void
keyed(const char *source, const void *p, size_t n,
    uint8_t out[CRYPT_SHA256_SIZE])
{
	size_t sourcesz = strlen(source) + 1;
	uint8_t text[512];
	char *heap = NULL, *at = (char *)text;

	if (sourcesz + n > sizeof(text))
		at = heap = xmalloc(sourcesz + n);
	memcpy(at, source, sourcesz);
	memcpy(at + sourcesz, p, n);
	crypt_sha256(at, sourcesz + n, out);
	free(heap);
}

void
lite_seen_keys(const char *source, const char *delivery_id,
    const uint8_t body_sha256[CRYPT_SHA256_SIZE], struct lite_keys *out)
{
	uint8_t digest[CRYPT_SHA256_SIZE];

	memset(out, 0, sizeof(*out));
	keyed(source, delivery_id, strlen(delivery_id), digest);
	out->delivery.key = number_at(digest);
	out->delivery.rest = number_at(digest + 8);
	out->delivery.body = (int64_t)number_at(body_sha256);
	keyed(source, body_sha256, CRYPT_SHA256_SIZE, digest);
	out->body.key = number_at(digest);
}

void
lite_seen_second(const char *source, const char *delivery_id, const char *hook,
    const uint8_t body_sha256[CRYPT_SHA256_SIZE], struct lite_keys *out)
{
	char hex[2 * CRYPT_SHA256_SIZE + 1];
	uint8_t digest[CRYPT_SHA256_SIZE];
	char *text;

	crypt_hex_format(body_sha256, CRYPT_SHA256_SIZE, hex);
	/* No delivery id has a line end, so no other one has this key. */
	text = xasprintf("%s\n%s\n%s", delivery_id,
	    hook == NULL ? "body" : "hook", hook == NULL ? hex : hook);
	keyed(source, text, strlen(text), digest);
	free(text);
	out->delivery.key = number_at(digest);
	out->delivery.rest = number_at(digest + 8);
}

void
lite_seen_typed(const char *source, const char *delivery_id, const char *type,
    struct lite_keys *out)
{
	uint8_t digest[CRYPT_SHA256_SIZE];
	char *text;

	text = xasprintf("%s\ntype\n%s", delivery_id, type);
	keyed(source, text, strlen(text), digest);
	free(text);
	out->delivery.key = number_at(digest);
	out->delivery.rest = number_at(digest + 8);
}

static enum rc
delivery_to_tree(struct lite_tx *tx, const struct lite_sight *s, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_SEEN_PUT);
	uint8_t key[16];

	bytes_of(s->key, key);
	bytes_of(s->rest, key + 8);
	lite_blob(st, 1, key, sizeof(key));
	lite_int(st, 2, s->event);
	lite_int(st, 3, s->seen_ms);
	lite_int(st, 4, s->body);
	return lite_run(tx->conn, st, e);
}

static enum rc
body_to_tree(struct lite_tx *tx, const struct lite_sight *s, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_BODY_PUT);

	lite_int(st, 1, (int64_t)s->key);
	lite_int(st, 2, s->event);
	lite_int(st, 3, s->seen_ms);
	return lite_run(tx->conn, st, e);
}

static enum rc
read_merged(struct lite_conn *c, struct merged *out, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_MERGED_GET);
	bool row;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	rc = lite_step(c, st, &row, e);
	if (rc == RC_OK && row) {
		out->at = lite_col_int(st, 0);
		out->end = lite_col_int(st, 1);
		out->upto = lite_col_int(st, 2);
		lite_reset(st);
	}
	return rc;
}

static enum rc
write_one(struct lite_tx *tx, const char *key, int64_t *was, int64_t is,
    struct err *e)
{
	struct sqlite3_stmt *st;

	if (*was == is)
		return RC_OK;
	*was = is;
	st = lite_stmt(tx->conn, LITE_MERGED_SET);
	lite_text(st, 1, key);
	lite_int(st, 2, is);
	return lite_run(tx->conn, st, e);
}

static enum rc
write_merged(struct lite_tx *tx, struct err *e)
{
	struct lite_seen *s = tx->seen;
	enum rc rc;

	rc = write_one(tx, "at", &s->stored.at, s->merged.at, e);
	if (rc == RC_OK)
		rc = write_one(tx, "end", &s->stored.end, s->merged.end, e);
	if (rc == RC_OK)
		rc = write_one(tx, "upto", &s->stored.upto, s->merged.upto, e);
	return rc;
}

/* Puts into memory what the row says, but for what is in its tree. */
static void
load_row(struct lite_seen *s, struct sqlite3_stmt *st)
{
	int64_t bucket = s->merged.at % LITE_FRESH_BUCKETS;
	const char *source, *delivery_id, *type;
	const uint8_t *digest;
	struct lite_keys k;
	int64_t second;
	bool in_part;

	source = lite_col_str(st, 2);
	delivery_id = lite_col_str(st, 3);
	digest = lite_col_exact(st, 4, CRYPT_SHA256_SIZE);
	if (source == NULL || delivery_id == NULL || digest == NULL)
		return;
	lite_seen_keys(source, delivery_id, digest, &k);
	second = lite_col_int(st, 7);
	type = lite_col_str(st, 8);
	if (second == REPEAT_KEY_TYPE && type != NULL)
		lite_seen_typed(source, delivery_id, type, &k);
	else if (second != REPEAT_KEY_ID)
		lite_seen_second(source, delivery_id, lite_col_str(st, 6),
		    digest, &k);
	k.delivery.event = k.body.event = lite_col_int(st, 0);
	k.delivery.seen_ms = k.body.seen_ms = lite_col_int(st, 1);
	in_part = k.delivery.event <= s->merged.end;
	if (!in_part || (int64_t)lite_fresh_bucket(k.delivery.key) >= bucket)
		lite_fresh_put(s->deliveries, &k.delivery);
	if (lite_col_int(st, 5) != 0 &&
	    (!in_part || (int64_t)lite_fresh_bucket(k.body.key) >= bucket))
		lite_fresh_put(s->bodies, &k.body);
}

static enum rc
load(struct lite_tx *tx, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_EVENT_SIGHTS);
	bool row = true;
	enum rc rc;

	lite_int(st, 1, tx->seen->loaded);
	for (;;) {
		rc = lite_step(tx->conn, st, &row, e);
		if (rc != RC_OK || !row)
			return rc;
		load_row(tx->seen, st);
	}
}

/* Another process may have moved the hand; see 3. */
static void
follow(struct lite_seen *s, const struct merged *now)
{
	struct lite_sight gone;
	int64_t at;

	if (now->upto >= s->loaded) {
		clear(s);
		s->loaded = now->upto;
	}
	for (at = s->merged.at; count(s) > 0 && at < now->at &&
	     at - s->merged.at < LITE_FRESH_BUCKETS;
	     at++) {
		while (lite_fresh_pop(s->deliveries,
		    (size_t)(at % LITE_FRESH_BUCKETS), &gone))
			;
		while (lite_fresh_pop(s->bodies,
		    (size_t)(at % LITE_FRESH_BUCKETS), &gone))
			;
	}
}

/* Before the first look or put of a transaction. */
static enum rc
begin(struct lite_tx *tx, struct err *e)
{
	struct lite_seen *s = tx->seen;
	struct merged now;
	enum rc rc;

	if (tx->has_seen)
		return RC_OK;
	rc = read_merged(tx->conn, &now, e);
	if (rc == RC_OK && tx->last_event_id == 0)
		rc = lite_sum_read(tx->conn, LITE_SUM_EVENT_ID,
		    &tx->last_event_id, e);
	if (rc != RC_OK)
		return rc;
	if (s->is_known)
		follow(s, &now);
	else
		s->loaded = now.upto;
	s->merged = s->stored = now;
	tx->has_seen = true;
	if (tx->last_event_id > s->loaded)
		rc = load(tx, e);
	if (rc != RC_OK) {
		lite_seen_forget(tx);
		return rc;
	}
	s->loaded = tx->last_event_id;
	s->is_known = true;
	s->is_direct = is_calm(tx) && count(s) == 0;
	return RC_OK;
}

enum rc
lite_seen_in_tree(struct lite_conn *c, const struct lite_keys *k,
    struct lite_sight *out, bool *found, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_SEEN_GET);
	uint8_t key[16];
	enum rc rc;

	*out = k->delivery;
	bytes_of(out->key, key);
	bytes_of(out->rest, key + 8);
	lite_blob(st, 1, key, sizeof(key));
	rc = lite_step(c, st, found, e);
	if (rc == RC_OK && *found) {
		out->event = lite_col_int(st, 0);
		out->seen_ms = lite_col_int(st, 1);
		out->body = lite_col_int(st, 2);
		lite_reset(st);
	}
	return rc;
}

enum rc
lite_seen_upto(struct lite_conn *c, int64_t *upto, struct err *e)
{
	struct merged m;
	enum rc rc = read_merged(c, &m, e);

	*upto = m.upto;
	return rc;
}

enum rc
lite_seen_delivery(struct lite_tx *tx, const struct lite_keys *k,
    struct lite_sight *out, bool *found, struct err *e)
{
	const struct lite_sight *at;
	enum rc rc;

	*found = false;
	*out = k->delivery;
	rc = begin(tx, e);
	if (rc != RC_OK)
		return rc;
	at = lite_fresh_find(tx->seen->deliveries, out->key, out->rest);
	if (at != NULL) {
		*out = *at;
		*found = true;
		return RC_OK;
	}
	return lite_seen_in_tree(tx->conn, k, out, found, e);
}

enum rc
lite_seen_body(struct lite_tx *tx, const struct lite_keys *k,
    struct lite_sight *out, bool *found, struct err *e)
{
	const struct lite_sight *at;
	struct sqlite3_stmt *st;
	enum rc rc;

	*found = false;
	*out = k->body;
	rc = begin(tx, e);
	if (rc != RC_OK)
		return rc;
	at = lite_fresh_find(tx->seen->bodies, out->key, out->rest);
	if (at != NULL) {
		*out = *at;
		*found = true;
		return RC_OK;
	}
	st = lite_stmt(tx->conn, LITE_BODY_GET);
	lite_int(st, 1, (int64_t)out->key);
	rc = lite_step(tx->conn, st, found, e);
	if (rc == RC_OK && *found) {
		out->event = lite_col_int(st, 0);
		out->seen_ms = lite_col_int(st, 1);
		lite_reset(st);
	}
	return rc;
}

/* What tells one post of a body from another: its id and its type. */
static int64_t
post_of(const struct event *ev)
{
	uint8_t digest[CRYPT_SHA256_SIZE];
	char *text = xasprintf("%s\n%s", ev->delivery_id, ev->type);

	keyed(ev->source, text, strlen(text), digest);
	free(text);
	return (int64_t)number_at(digest);
}

static void
bind_ignored(struct sqlite3_stmt *st, const struct lite_keys *k,
    const struct event *ev)
{
	lite_int(st, 1, (int64_t)k->body.key);
	lite_int(st, 2, ev->received_ms);
	lite_int(st, 3, ev->received_ms + ev->replay_window_ms);
}

/* Up to two rows that are over or, where there are too many, the two that are
 * over first. */
static enum rc
forget_ignored(struct lite_tx *tx, int64_t now_ms, struct err *e)
{
	struct sqlite3_stmt *st;
	int64_t n;
	enum rc rc = lite_sum_read(tx->conn, LITE_SUM_IGNORED_BODIES, &n, e);

	if (rc != RC_OK)
		return rc;
	n += tx->tally.sums[LITE_SUM_IGNORED_BODIES];
	st = lite_stmt(tx->conn, LITE_IGNORED_FORGET);
	lite_int(st, 1, n > IGNORED_MAX ? INT64_MAX : now_ms);
	rc = lite_run(tx->conn, st, e);
	if (rc == RC_OK)
		lite_tally_sum(tx, LITE_SUM_IGNORED_BODIES,
		    -lite_changes(tx->conn));
	return rc;
}

enum rc
lite_ignored_put(struct lite_tx *tx, const struct lite_keys *k,
    const struct event *ev, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_IGNORED_AGAIN);
	enum rc rc;

	bind_ignored(st, k, ev);
	rc = lite_run(tx->conn, st, e);
	if (rc != RC_OK || lite_changes(tx->conn) > 0)
		return rc;
	st = lite_stmt(tx->conn, LITE_IGNORED_PUT);
	bind_ignored(st, k, ev);
	lite_int(st, 4, post_of(ev));
	rc = lite_run(tx->conn, st, e);
	if (rc != RC_OK)
		return rc;
	lite_tally_sum(tx, LITE_SUM_IGNORED_BODIES, 1);
	return forget_ignored(tx, ev->received_ms, e);
}

enum rc
lite_ignored_find(struct lite_tx *tx, const struct lite_keys *k,
    const struct event *ev, bool *found, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_IGNORED_GET);
	bool row;
	enum rc rc;

	*found = false;
	lite_int(st, 1, (int64_t)k->body.key);
	rc = lite_step(tx->conn, st, &row, e);
	if (rc != RC_OK || !row)
		return rc;
	*found = repeat_is_near(ev, lite_col_int(st, 1)) &&
	    lite_col_int(st, 0) != post_of(ev);
	lite_reset(st);
	return RC_OK;
}

enum rc
lite_seen_put(struct lite_tx *tx, const struct lite_keys *k, int64_t event,
    int64_t received_ms, struct err *e)
{
	struct lite_seen *s = tx->seen;
	struct lite_sight delivery = k->delivery, body = k->body;
	enum rc rc;

	delivery.event = body.event = s->loaded = event;
	delivery.seen_ms = body.seen_ms = received_ms;
	if (s->is_direct) {
		rc = delivery_to_tree(tx, &delivery, e);
		if (rc == RC_OK && k->is_watched)
			rc = body_to_tree(tx, &body, e);
		return rc;
	}
	lite_fresh_put(s->deliveries, &delivery);
	if (k->is_watched)
		lite_fresh_put(s->bodies, &body);
	return RC_OK;
}

static enum rc
empty_bucket(struct lite_tx *tx, size_t bucket, struct err *e)
{
	struct lite_sight at;
	enum rc rc = RC_OK;

	while (rc == RC_OK && lite_fresh_pop(tx->seen->deliveries, bucket, &at))
		rc = delivery_to_tree(tx, &at, e);
	while (rc == RC_OK && lite_fresh_pop(tx->seen->bodies, bucket, &at))
		rc = body_to_tree(tx, &at, e);
	return rc;
}

static enum rc
merge(struct lite_tx *tx, size_t max, struct err *e)
{
	struct lite_seen *s = tx->seen;
	size_t left = count(s) > max ? count(s) - max : 0;
	enum rc rc;

	while (count(s) > left) {
		rc = empty_bucket(tx,
		    (size_t)(s->merged.at % LITE_FRESH_BUCKETS), e);
		if (rc != RC_OK) {
			lite_seen_forget(tx);
			return rc;
		}
		if (++s->merged.at % LITE_FRESH_BUCKETS == 0) {
			s->merged.upto = s->merged.end;
			s->merged.end = tx->last_event_id;
		}
	}
	return RC_OK;
}

enum rc
lite_seen_end(struct lite_tx *tx, struct err *e)
{
	struct lite_seen *s = tx->seen;
	size_t most = atomic_load_explicit(&test_keeps, memory_order_relaxed);
	size_t over;
	enum rc rc = RC_OK;

	if (!tx->has_seen)
		return RC_OK;
	if (most == 0)
		most = KEPT;
	over = count(s) > most ? count(s) - most : 0;
	if (over >= SLICE)
		rc = merge(tx, over < MOST ? over : MOST, e);
	else if (is_calm(tx))
		rc = merge(tx, CALM_SLICE, e);
	if (rc == RC_OK && count(s) == 0)
		s->merged.end = s->merged.upto = tx->last_event_id;
	return rc == RC_OK ? write_merged(tx, e) : rc;
}

enum rc
lite_seen_merge(struct lite_tx *tx, void *unused, struct err *e)
{
	enum rc rc = begin(tx, e);

	(void)unused;
	return rc == RC_OK ? merge(tx, SLICE, e) : rc;
}
