#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/strlist.h"
#include "base/units.h"
#include "base/xalloc.h"
#include "core/webhook.h"
#include "store/store_sqlite_int.h"

static char *
schedule_text(const struct webhook *w)
{
	struct buf b;
	size_t i, n;

	if (w->retry_schedule == NULL)
		return NULL;
	buf_init(&b, WEBHOOK_RETRIES_MAX * 24);
	for (i = 0; i < w->nretries; i++)
		buf_addf(&b, "%s%lld", i > 0 ? "," : "",
		    (long long)w->retry_schedule[i]);
	return buf_take(&b, &n);
}

size_t
lite_schedule_parse(const char *text, int64_t out[WEBHOOK_RETRIES_MAX])
{
	char *copy = xstrdup(text), *at, *comma;
	size_t n = 0;

	for (at = copy; at != NULL && *at != '\0' && n < WEBHOOK_RETRIES_MAX;
	     at = comma) {
		comma = strchr(at, ',');
		if (comma != NULL)
			*comma++ = '\0';
		if (units_int_parse(at, &out[n]))
			n++;
	}
	free(copy);
	return n;
}

static void
read_schedule(const char *text, struct webhook *w)
{
	if (text == NULL)
		return;
	w->retry_schedule =
	    xcalloc(WEBHOOK_RETRIES_MAX, sizeof(*w->retry_schedule));
	w->nretries = lite_schedule_parse(text, w->retry_schedule);
}

/* The encrypted columns of one webhook. */
struct sealed {
	struct lite_bytes secret, sign_key, headers;
};

static void
sealed_fini(struct sealed *s)
{
	free(s->secret.p);
	free(s->sign_key.p);
	free(s->headers.p);
}

static enum rc
seal_all(struct lite *l, const struct webhook *w, struct sealed *s,
    struct err *e)
{
	enum rc rc;

	memset(s, 0, sizeof(*s));
	rc = lite_seal_secret(l, "secret", w->id, &w->secret, &s->secret, e);
	if (rc == RC_OK)
		rc = lite_seal_secret(l, "sign_key", w->id, &w->sign_key,
		    &s->sign_key, e);
	if (rc == RC_OK)
		rc = lite_seal_headers(l, w, &s->headers, e);
	if (rc != RC_OK)
		sealed_fini(s);
	return rc;
}

static void
bind_settings(struct sqlite3_stmt *st, const struct webhook *w)
{
	lite_text(st, 1, w->id);
	lite_text(st, 2, w->url);
	lite_text(st, 5, w->team);
	lite_text(st, 6, w->description);
	lite_int(st, 9, w->body == WEBHOOK_JSON ? WEBHOOK_RAW : w->body);
	lite_int(st, 10, w->rate_limit);
	lite_int(st, 11, w->max_in_flight);
	lite_int(st, 12, w->timeout_ms);
	lite_text(st, 14, w->order_by);
	lite_text(st, 15, w->filter);
	lite_int(st, 16, w->enabled);
	lite_int(st, 17, w->created_ms);
	lite_int(st, 18, w->updated_ms);
	lite_int(st, 28, w->cloudevents);
	lite_text(st, 34, w->name);
	lite_int(st, 35, w->on_dead);
	lite_text(st, 36, w->tls.ca_file);
	lite_text(st, 37, w->tls.cert_file);
	lite_text(st, 38, w->tls.key_file);
	lite_int(st, 39, w->body == WEBHOOK_JSON);
	lite_int(st, 40, w->disabled_ms);
}

static void
bind_sums(struct sqlite3_stmt *st, const struct webhook *w)
{
	lite_int(st, 19, w->total_calls);
	lite_int(st, 20, w->failed_calls);
	lite_int(st, 21, w->last_success_ms);
	lite_int(st, 22, w->last_failure_ms);
	lite_int(st, 23, w->consecutive_failures);
	lite_int(st, 24, w->response_sum_ms);
	lite_int(st, 25, w->response_min_ms);
	lite_int(st, 26, w->response_max_ms);
	lite_int(st, 27, w->enabled ? w->health : WEBHOOK_UNAVAILABLE);
	lite_int(st, 30, w->failing_since_ms);
	lite_int(st, 31, w->disable_at_ms);
	lite_int(st, 32, w->disabled_why);
	lite_int(st, 33, w->response_calls);
}

/* The patterns that a list by event looks for; "" where there is none. */
static enum rc
write_patterns(struct lite_tx *tx, const struct webhook *w, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_PATTERN_DELETE);
	enum rc rc;
	size_t i = 0;

	lite_text(st, 1, w->id);
	rc = lite_run(tx->conn, st, e);
	while (rc == RC_OK && (i < w->events.n || i == 0)) {
		st = lite_stmt(tx->conn, LITE_PATTERN_PUT);
		lite_text(st, 1, w->events.n == 0 ? "" : w->events.v[i]);
		lite_text(st, 2, w->id);
		rc = lite_run(tx->conn, st, e);
		i++;
	}
	return rc;
}

/* Writes the row, new or not, and has its queue keep to it. */
static enum rc
write_row(struct lite_tx *tx, const struct webhook *w, struct err *e)
{
	struct sqlite3_stmt *st;
	struct sealed s;
	char *events, *signatures, *schedule;
	enum rc rc;

	rc = lite_key_settle(tx->lite, tx->conn, NULL, e);
	if (rc == RC_OK)
		rc = seal_all(tx->lite, w, &s, e);
	if (rc != RC_OK)
		return rc;
	events = lite_strlist_text(&w->events);
	signatures = lite_strlist_text(&w->signatures);
	schedule = schedule_text(w);
	st = lite_stmt(tx->conn, LITE_WEBHOOK_PUT);
	bind_settings(st, w);
	bind_sums(st, w);
	lite_text(st, 3, events);
	lite_blob(st, 4, s.secret.p, s.secret.n);
	lite_blob(st, 7, s.headers.p, s.headers.n);
	lite_blob(st, 29, s.sign_key.p, s.sign_key.n);
	lite_text(st, 8, signatures);
	lite_text(st, 13, schedule);
	rc = lite_run(tx->conn, st, e);
	if (rc == RC_OK)
		rc = write_patterns(tx, w, e);
	if (rc == RC_OK)
		rc = lite_olds_write(tx, w, e);
	free(events);
	free(signatures);
	free(schedule);
	sealed_fini(&s);
	if (rc == RC_OK)
		rc = lite_flow_follow(tx, w, e);
	lite_tally_sum(tx, LITE_SUM_WEBHOOKS_VERSION, 1);
	return rc;
}

/* Fails closed, by itself: the other webhooks are not its business. */
static void
set_damage(struct lite *l, struct webhook *w, const struct err *e)
{
	uint8_t key[CRYPT_KEY_SIZE];
	struct err ignored;

	w->key_is_lost = lite_key_copy(l, key, &ignored) != RC_OK;
	crypt_wipe(key, sizeof(key));
	secret_fini(&w->secret);
	secret_fini(&w->sign_key);
	webhook_olds_end(w, INT64_MAX);
	webhook_headers_clear(w);
	w->damage = xstrdup(e->text);
	w->health = WEBHOOK_UNAVAILABLE;
}

enum rc
lite_webhook_of_row(struct lite *l, struct lite_conn *c,
    struct sqlite3_stmt *st, struct webhook **out, struct err *e)
{
	int flow = lite_columns(st) - 2;
	struct webhook *w = webhook_new();
	enum rc rc, read;

	w->id = lite_col_text(st, 0);
	w->url = lite_col_text(st, 1);
	lite_strlist_of_row(st, 2, &w->events);
	w->team = lite_col_text(st, 4);
	w->description = lite_col_text(st, 5);
	lite_strlist_of_row(st, 7, &w->signatures);
	w->body = (enum webhook_body)lite_col_enum(st, 8, WEBHOOK_BODIES);
	w->rate_limit = lite_col_int(st, 9);
	w->max_in_flight = lite_col_int(st, 10);
	w->timeout_ms = lite_col_int(st, 11);
	read_schedule(lite_col_str(st, 12), w);
	w->order_by = lite_col_text(st, 13);
	w->filter = lite_col_text(st, 14);
	w->enabled = lite_col_int(st, 15) != 0;
	w->created_ms = lite_col_ms(st, 16);
	w->updated_ms = lite_col_ms(st, 17);
	w->total_calls = lite_col_int(st, 18);
	w->failed_calls = lite_col_int(st, 19);
	w->last_success_ms = lite_col_ms(st, 20);
	w->last_failure_ms = lite_col_ms(st, 21);
	w->consecutive_failures = lite_col_int(st, 22);
	w->response_sum_ms = lite_col_int(st, 23);
	w->response_min_ms = lite_col_int(st, 24);
	w->response_max_ms = lite_col_int(st, 25);
	w->health = (enum webhook_health)lite_col_enum(st, 26, WEBHOOK_HEALTHS);
	w->cloudevents = lite_col_int(st, 27) != 0;
	w->failing_since_ms = lite_col_ms(st, 29);
	w->disable_at_ms = lite_col_ms(st, 30);
	w->disabled_why = (enum webhook_why)lite_col_enum(st, 31, WEBHOOK_WHYS);
	w->response_calls = lite_col_int(st, 32);
	w->name = lite_col_text(st, 33);
	w->on_dead =
	    (enum webhook_on_dead)lite_col_enum(st, 34, WEBHOOK_ON_DEADS);
	w->tls.ca_file = lite_col_text(st, 35);
	w->tls.cert_file = lite_col_text(st, 36);
	w->tls.key_file = lite_col_text(st, 37);
	if (lite_col_int(st, 38) != 0)
		w->body = WEBHOOK_JSON;
	w->disabled_ms = lite_col_ms(st, 39);
	w->is_marked = lite_col_int(st, 40) != 0;
	w->breaker =
	    (enum breaker_state)lite_col_enum(st, flow, BREAKER_STATES);
	w->breaker_until_ms = lite_col_int(st, flow + 1);
	rc = lite_unseal_secret(l, "secret", w->id, st, 3, &w->secret, e);
	if (rc == RC_OK)
		rc = lite_unseal_secret(l, "sign_key", w->id, st, 28,
		    &w->sign_key, e);
	if (rc == RC_OK)
		rc = lite_unseal_headers(l, w, st, 6, e);
	read = rc == RC_OK ? lite_olds_read(l, c, w, &rc, e) : RC_OK;
	if (read != RC_OK) {
		webhook_free(w);
		return read;
	}
	if (rc != RC_OK)
		set_damage(l, w, e);
	else if (w->is_marked && w->enabled)
		w->health = WEBHOOK_UNKNOWN; /* it opens again */
	*out = w;
	return RC_OK;
}

enum rc
lite_webhook_read(struct lite *l, struct lite_conn *c, const char *id,
    struct webhook **out, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_WEBHOOK_FIND);
	bool row;
	enum rc rc;

	*out = NULL;
	rc = lite_key_settle(l, c, NULL, e);
	if (rc != RC_OK)
		return rc;
	lite_text(st, 1, id);
	rc = lite_step(c, st, &row, e);
	if (rc != RC_OK)
		return rc;
	if (!row)
		return err_set(e, RC_NOTFOUND, "there is no webhook %s", id);
	rc = lite_webhook_of_row(l, c, st, out, e);
	lite_reset(st);
	return rc;
}

/* RC_EXISTS: another webhook is called what this one is to be. */
static enum rc
check_name(struct lite_tx *tx, const struct webhook *w, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_WEBHOOK_TAKEN);
	bool row, mixed;
	enum rc rc;

	lite_text(st, 1, w->id);
	lite_text(st, 2, w->name);
	rc = lite_step(tx->conn, st, &row, e);
	mixed = rc == RC_OK && row && lite_col_int(st, 0) != 0;
	lite_reset(st);
	if (rc != RC_OK || !row)
		return rc;
	if (mixed)
		return err_set(e, RC_EXISTS,
		    "a webhook's name would be another one's id");
	return err_set(e, RC_EXISTS,
	    "there is a webhook of the name %s already", w->name);
}

struct put {
	const struct webhook *const *v;
	size_t n;
	bool replace;
};

static enum rc
run_put(struct lite_tx *tx, void *arg, struct err *e)
{
	const struct put *x = arg;
	struct sqlite3_stmt *st;
	bool row = false;
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < x->n; i++) {
		if (!x->replace) {
			st = lite_stmt(tx->conn, LITE_WEBHOOK_HAS);
			lite_text(st, 1, x->v[i]->id);
			rc = lite_step(tx->conn, st, &row, e);
			lite_reset(st);
		}
		if (rc == RC_OK && row)
			rc = err_set(e, RC_EXISTS,
			    "there is a webhook %s already", x->v[i]->id);
		if (rc == RC_OK)
			rc = check_name(tx, x->v[i], e);
		if (rc == RC_OK)
			rc = write_row(tx, x->v[i], e);
	}
	return rc;
}

enum rc
lite_webhook_put_all(void *impl, const struct webhook *const *v, size_t n,
    bool replace, struct err *e)
{
	struct put x = { v, n, replace };
	struct err ignored;
	enum rc rc;

	if (n == 0)
		return RC_OK;
	rc = lite_commit_now(impl, run_put, &x, e);
	/* Where this stops short a drain goes on with it. */
	if (rc == RC_OK && replace)
		(void)lite_order_skip(impl, &ignored);
	return rc;
}

struct change {
	const char *id;
	enum rc (*change)(void *arg, struct webhook *w, struct err *e);
	void *arg;
	struct webhook *w;
};

/* With a secret of its own again it can be signed for.  Anything else, written
 * back, would have lost what it has. */
static enum rc
make_good(struct webhook *w, struct err *e)
{
	if (!secret_is_set(&w->secret))
		return err_set(e, RC_SYSTEM,
		    "webhook %s: %s; a new secret is what it needs first",
		    w->id, w->damage);
	free(w->damage);
	w->damage = NULL;
	w->health = WEBHOOK_UNKNOWN;
	return RC_OK;
}

/* The events whose jobs are not made yet pass it by too. */
static enum rc
passing_since(struct lite_tx *tx, int64_t *since_ms, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_EVENT_PASSING);
	bool row;
	enum rc rc;

	lite_int(st, 1, clock_wall_ms(tx->lite->clock));
	rc = lite_step(tx->conn, st, &row, e);
	if (rc == RC_OK && row) {
		*since_ms = lite_col_ms(st, 0);
		lite_reset(st);
	}
	return rc;
}

static enum rc
run_change(struct lite_tx *tx, void *arg, struct err *e)
{
	struct change *x = arg;
	bool was_enabled, was_open;
	enum rc rc;

	webhook_free(x->w);
	rc = lite_webhook_read(tx->lite, tx->conn, x->id, &x->w, e);
	if (rc != RC_OK)
		return rc;
	was_enabled = x->w->enabled;
	was_open = x->w->breaker != BREAKER_CLOSED;
	rc = x->change(x->arg, x->w, e);
	if (rc == RC_OK && x->w->damage != NULL)
		rc = make_good(x->w, e);
	if (rc != RC_OK)
		return rc;
	health_changed(x->w, was_enabled, was_open);
	if (was_enabled && !x->w->enabled) {
		rc = passing_since(tx, &x->w->disabled_ms, e);
		if (rc != RC_OK)
			return rc;
	}
	if (x->w->breaker == BREAKER_CLOSED)
		x->w->breaker_until_ms = 0;
	if (x->w->enabled && (!was_enabled || was_open))
		tx->new_work = true;
	rc = check_name(tx, x->w, e);
	return rc == RC_OK ? write_row(tx, x->w, e) : rc;
}

enum rc
lite_webhook_change(void *impl, const char *id,
    enum rc (*change)(void *arg, struct webhook *w, struct err *e), void *arg,
    struct webhook **out, struct err *e)
{
	struct change x = { id, change, arg, NULL };
	struct err ignored;
	enum rc rc;

	if (out != NULL)
		*out = NULL;
	rc = lite_commit_now(impl, run_change, &x, e);
	if (rc == RC_OK && x.w->on_dead == WEBHOOK_SKIP)
		(void)lite_order_skip(impl, &ignored);
	if (rc == RC_OK && out != NULL)
		*out = x.w;
	else
		webhook_free(x.w);
	return rc;
}

/* Waiting jobs that one transaction cancels: the lock is not held for a
 * million of them. */
#define CANCEL_AT_ONCE 500

struct delete
{
	const char *id;
	int64_t now_ms;
	bool with_row;
	size_t n;
};

static enum rc
cancel_waiting(struct lite_tx *tx, struct delete *x, struct err *e)
{
	const struct store_attempt gone = { .class = STORE_CLASS_US,
		.text = "its webhook was deleted" };
	struct sqlite3_stmt *st;
	struct lite_ids ids;
	struct lite_job job;
	int64_t target;
	bool found;
	enum rc rc;
	size_t i;

	rc = lite_target_get(tx, STORE_DELIVER, x->id, &target, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(tx->conn, LITE_JOB_OF_TARGET);
	lite_int(st, 1, target);
	lite_int(st, 2, CANCEL_AT_ONCE);
	rc = lite_ids(tx->conn, st, &ids, e);
	for (i = 0; rc == RC_OK && i < ids.n; i++) {
		rc = lite_job_read(tx, ids.v[i], &job, &found, e);
		if (rc == RC_OK && found)
			rc = lite_job_end(tx, &job, STORE_CANCELLED, &gone,
			    x->now_ms, e);
	}
	x->n = ids.n;
	lite_ids_fini(&ids);
	return rc;
}

static enum rc
unblock(struct lite_tx *tx, const char *id, struct err *e)
{
	struct webhook *w = webhook_new();
	enum rc rc;

	w->id = xstrdup(id);
	w->enabled = true;
	rc = lite_flow_follow(tx, w, e);
	webhook_free(w);
	return rc;
}

static enum rc
run_delete(struct lite_tx *tx, void *arg, struct err *e)
{
	struct delete *x = arg;
	struct sqlite3_stmt *st;
	enum rc rc;

	x->n = 0;
	tx->now_ms = x->now_ms;
	if (x->with_row) {
		st = lite_stmt(tx->conn, LITE_WEBHOOK_DELETE);
		lite_text(st, 1, x->id);
		rc = lite_run(tx->conn, st, e);
		if (rc != RC_OK)
			return rc;
		if (lite_changes(tx->conn) == 0)
			return err_set(e, RC_NOTFOUND, "there is no webhook %s",
			    x->id);
		st = lite_stmt(tx->conn, LITE_PATTERN_DELETE);
		lite_text(st, 1, x->id);
		rc = lite_run(tx->conn, st, e);
		if (rc == RC_OK)
			rc = lite_olds_delete(tx, x->id, e);
		if (rc != RC_OK)
			return rc;
		lite_tally_sum(tx, LITE_SUM_WEBHOOKS_VERSION, 1);
		/* What a crash now leaves waiting, a drain leases, finds
		 * nobody for, and cancels. */
		rc = unblock(tx, x->id, e);
		if (rc != RC_OK)
			return rc;
	}
	return cancel_waiting(tx, x, e);
}

enum rc
lite_webhook_delete(void *impl, const char *id, int64_t now_ms,
    size_t *cancelled, struct err *e)
{
	struct delete x = { id, now_ms, true, 0 };
	size_t n = 0;
	enum rc rc;

	do {
		rc = lite_commit_now(impl, run_delete, &x, e);
		x.with_row = false;
		n += rc == RC_OK ? x.n : 0;
	} while (rc == RC_OK && x.n == CANCEL_AT_ONCE);
	if (cancelled != NULL)
		*cancelled = n;
	return rc;
}

static enum rc
next_id(struct lite_conn *c, char **after, bool *found, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_WEBHOOK_NEXT);
	char *next = NULL;
	enum rc rc;

	lite_text(st, 1, *after);
	rc = lite_step(c, st, found, e);
	if (rc == RC_OK && *found) {
		next = lite_col_text(st, 0);
		lite_reset(st);
	}
	free(*after);
	*after = next;
	return rc;
}

static enum rc
mark(struct lite_tx *tx, const struct webhook *w, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_WEBHOOK_MARK);

	lite_text(st, 1, w->id);
	lite_int(st, 2, w->damage != NULL);
	lite_int(st, 3, w->health);
	return lite_run(tx->conn, st, e);
}

enum rc
lite_webhook_mark_sealed(struct lite_tx *tx, struct err *e)
{
	return lite_run(tx->conn, lite_stmt(tx->conn, LITE_WEBHOOK_MARK_SEALED),
	    e);
}

static bool
is_marked_well(const struct webhook *w)
{
	return (w->damage != NULL) == w->is_marked;
}

/* What was read outside of this transaction may have changed. */
static enum rc
run_mark(struct lite_tx *tx, void *arg, struct err *e)
{
	const struct store_webhooks *l = arg;
	enum rc rc, has_key = RC_OK;
	struct webhook *w;
	size_t i;

	rc = lite_key_settle(tx->lite, tx->conn, &has_key, e);
	if (rc != RC_OK || has_key != RC_OK)
		return rc;
	for (i = 0; rc == RC_OK && i < l->n; i++) {
		if (is_marked_well(l->v[i]))
			continue;
		rc = lite_webhook_read(tx->lite, tx->conn, l->v[i]->id, &w, e);
		if (rc == RC_NOTFOUND) {
			rc = RC_OK;
			continue;
		}
		if (rc == RC_OK && !is_marked_well(w))
			rc = mark(tx, w, e);
		webhook_free(w);
	}
	return rc;
}

enum rc
lite_webhook_mark(void *impl, const struct store_webhooks *l, struct err *e)
{
	struct store_webhooks all = *l;
	size_t i;

	for (i = 0; i < l->n && is_marked_well(l->v[i]); i++)
		continue;
	return i == l->n ? RC_OK : lite_commit_now(impl, run_mark, &all, e);
}

enum rc
lite_webhook_reseal(struct lite_tx *tx, size_t *sealed, size_t *lost,
    struct err *e)
{
	char *id = xstrdup("");
	struct webhook *w;
	bool found = true;
	enum rc rc;

	for (;;) {
		rc = next_id(tx->conn, &id, &found, e);
		if (rc != RC_OK || !found)
			break;
		rc = lite_webhook_read(tx->lite, tx->conn, id, &w, e);
		if (rc != RC_OK)
			break;
		if (w->damage != NULL) {
			++*lost;
			rc = mark(tx, w, e);
		} else {
			rc = write_row(tx, w, e);
		}
		*sealed += rc == RC_OK && w->damage == NULL;
		webhook_free(w);
		if (rc != RC_OK)
			break;
	}
	free(id);
	return rc;
}

enum rc
lite_webhook_find(void *impl, const char *id, struct webhook **out,
    struct err *e)
{
	struct lite *l = impl;
	struct lite_conn *c;
	struct err ignored;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	/* The row and the key that it is sealed under, of one moment. */
	rc = lite_run_stmt(c, LITE_BEGIN_READ, e);
	if (rc == RC_OK) {
		rc = lite_webhook_read(l, c, id, out, e);
		(void)lite_run_stmt(c, LITE_COMMIT, &ignored);
	}
	lite_reader_give(l, c);
	return rc;
}

enum rc
lite_webhook_resolve(void *impl, const char *text, char id[WEBHOOK_ID_MAX + 1],
    struct err *e)
{
	struct lite *l = impl;
	struct sqlite3_stmt *st;
	struct lite_conn *c;
	bool row, is_prefix;
	enum rc rc;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(c, LITE_WEBHOOK_RESOLVE);
	lite_text(st, 1, text);
	lite_int(st, 2, WEBHOOK_ID_PREFIX_MIN);
	rc = lite_step(c, st, &row, e);
	if (rc == RC_OK && !row) {
		rc = err_set(e, RC_NOTFOUND, "there is no webhook %.64s", text);
	} else if (rc == RC_OK) {
		(void)snprintf(id, WEBHOOK_ID_MAX + 1, "%s",
		    lite_col_str(st, 0));
		is_prefix = lite_col_int(st, 1) == 2;
		if (is_prefix)
			rc = lite_step(c, st, &row, e);
		if (rc == RC_OK && is_prefix && row)
			rc = err_set(e, RC_EXISTS,
			    "more than one webhook's id begins with %.64s",
			    text);
	}
	lite_reset(st);
	lite_reader_give(l, c);
	return rc;
}
