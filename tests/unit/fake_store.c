#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "store/store.h"
#include "tests/unit/fake_store.h"

struct fake_store db;

const char *
store_kind_name(enum store_kind k)
{
	return k == STORE_DELIVER ? "deliver" : "other";
}

bool
store_wants_kind(const struct store_lease_want *want, enum store_kind k)
{
	return want->kinds == 0 || (want->kinds & 1u << k) != 0;
}

const char *
store_wake_path(struct store *s)
{
	(void)s;
	return NULL;
}

bool
store_is_dead(struct store *s)
{
	(void)s;
	return db.dead;
}

static struct event *
some_event(int64_t id)
{
	struct event *ev = event_new();

	ev->id = id;
	ev->delivery_id = xstrdup("d-1");
	ev->type = xstrdup("issues");

	return ev;
}

enum rc
store_unexpanded(struct store *s, size_t max, struct store_events *out,
    struct err *e)
{
	(void)s;
	(void)e;
	db.is_stale = true;
	out->n = db.events < max ? db.events : max;
	out->v = xcalloc(out->n + 1, sizeof(struct event *));
	for (size_t i = 0; i < out->n; i++)
		out->v[i] = some_event((int64_t)i + 1);

	return RC_OK;
}

void
store_events_free(struct store_events *l)
{
	for (size_t i = 0; i < l->n; i++)
		event_free(l->v[i]);
	free(l->v);
}

void
fake_store_put(int64_t due_ms)
{
	db.rows[db.n].due_ms = due_ms;
	db.n++;
}

enum rc
store_expand(struct store *s, const struct store_expansion *v, size_t n,
    int64_t now_ms, struct err *e)
{
	size_t jobs = 0;

	(void)s;
	(void)e;
	db.expansions++;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < v[i].njobs; k++)
			fake_store_put(now_ms);
		jobs += v[i].njobs;
		db.events -= !v[i].more;
	}
	if (jobs > db.largest_expansion)
		db.largest_expansion = jobs;

	return RC_OK;
}

static void
lease_row(size_t i, const struct store_lease_want *want,
    struct store_leases *out)
{
	struct row *r = &db.rows[i];
	struct store_lease *l = &out->v[out->n];

	r->state = ROW_LEASED;
	r->leases++;
	db.since_held++;
	db.kinds |= 1u << r->kind;
	l->kind = r->kind;
	l->job = (int64_t)i;
	l->attempt = 1;
	l->token = r->suspect ? 2 : 1;
	l->alone = r->suspect;
	l->target = xstrdup("wh");
	/* An act is about no event. */
	l->event = r->kind == STORE_ACT ? NULL : some_event(1);
	l->until_ms = db.leases_lapsed
	    ? 1
	    : clock_boot_ms(clock_system()) + want->hold_ms;
	out->n++;
}

static bool
is_wanted(const struct row *r, const struct store_lease_want *want)
{
	return r->state == ROW_WAITING && store_wants_kind(want, r->kind);
}

/* As the real one does: it comes first and alone, or not at all. */
static void
lease_suspect(const struct store_lease_want *want, int64_t now_ms,
    struct store_leases *out)
{
	for (size_t i = 0; i < db.n; i++) {
		if (!db.rows[i].suspect || !is_wanted(&db.rows[i], want) ||
		    db.rows[i].due_ms > now_ms)
			continue;
		if (want->in_company) {
			out->held_back = true;
			db.since_held = 0;
			return;
		}
		db.company += db.since_held;
		lease_row(i, want, out);
		return;
	}
}

static size_t
count_beside(size_t n)
{
	for (size_t i = 0; i < db.n; i++)
		if (db.rows[i].suspect && db.rows[i].state == ROW_LEASED)
			return n;
	return 0;
}

enum rc
store_lease_due(struct store *s, int64_t now_ms,
    const struct store_lease_want *want, struct store_leases *out,
    int64_t *next_due_ms, struct err *e)
{
	struct row *r;

	(void)s;
	(void)e;
	db.lease_calls++;
	memset(out, 0, sizeof(*out));
	out->v = xcalloc(want->max + 1, sizeof(*out->v));
	*next_due_ms = INT64_MAX;
	lease_suspect(want, now_ms, out);
	if (out->n > 0)
		return RC_OK;
	for (size_t i = 0; i < db.n && out->n < want->max; i++) {
		r = &db.rows[i];
		if (!is_wanted(r, want))
			continue;
		if (r->due_ms > now_ms && r->due_ms < *next_due_ms)
			*next_due_ms = r->due_ms;
		if (r->due_ms > now_ms || r->suspect)
			continue;
		lease_row(i, want, out);
	}
	db.beside += count_beside(out->n);
	if (out->n > 0 && want->alone != NULL)
		db.marks_ended++;

	return RC_OK;
}

void
store_leases_free(struct store_leases *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].target);
		event_free(l->v[i].event);
	}
	free(l->v);
}

enum rc
store_recover(struct store *s, int64_t now_ms, size_t *n, struct err *e)
{
	(void)s;
	(void)now_ms;
	(void)e;
	*n = 0;

	return RC_OK;
}

enum rc
store_renew(struct store *s, const struct store_lease *const *v, size_t n,
    int64_t hold_ms, bool *ok, struct err *e)
{
	(void)s;
	(void)v;
	(void)hold_ms;
	(void)e;
	db.renewals++;
	for (size_t i = 0; i < n; i++)
		ok[i] = true;

	return RC_OK;
}

static enum rc
judge(struct err *e)
{
	if (db.dead)
		return err_set(e, RC_SYSTEM, "sync failed");
	if (db.busy == 0)
		return RC_OK;
	db.busy--;
	return err_set(e, RC_BUSY, "locked");
}

static void
put_product(const struct store_result *v)
{
	db.rows[v->job].has_product = v->product != NULL;
	if (db.see_product != NULL)
		db.see_product(v);
	for (size_t i = 0; i < v->nowes; i++) {
		fake_store_put(v->owes[i].due_ms);
		db.rows[db.n - 1].kind = v->owes[i].kind;
	}
}

/* What is refused once stays refused, whatever becomes of the transaction. */
static void
refuse_products(struct store_result *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct row *r = &db.rows[v[i].job];

		if (!r->is_refused || v[i].refused != NULL)
			continue;
		r->refusals++;
		v[i].refused = xstrdup("there are no words");
		v[i].verdict = STORE_DEAD;
		v[i].attempt.text = v[i].refused;
	}
}

static void
put_results(struct store_result *v, size_t n)
{
	db.settlements++;
	if (n > db.largest_group)
		db.largest_group = n;
	for (size_t i = 0; i < n; i++) {
		struct row *r = &db.rows[v[i].job];

		if (v[i].refused == NULL)
			put_product(&v[i]);
		r->verdict = v[i].verdict;
		r->settled++;
		r->due_ms = v[i].again_ms;
		r->state =
		    v[i].verdict == STORE_AGAIN || v[i].verdict == STORE_RELEASE
		    ? ROW_WAITING
		    : ROW_ENDED;
	}
}

enum rc
store_settle(struct store *s, struct store_result *v, size_t n,
    const char *worker, int64_t now_ms, struct err *e)
{
	enum rc rc = judge(e);

	(void)s;
	(void)worker;
	(void)now_ms;
	refuse_products(v, n);
	if (rc != RC_OK)
		return rc;
	put_results(v, n);

	return RC_OK;
}

static enum rc
lease_want(struct store *s, struct store_exchange *x,
    const struct store_lease_want *want, struct err *e)
{
	struct store_leases l;
	int64_t due_ms;

	if (want->max == 0)
		return RC_OK;
	if (store_lease_due(s, x->now_ms, want, &l, &due_ms, e) != RC_OK)
		return e->rc;
	if (due_ms < x->next_due_ms)
		x->next_due_ms = due_ms;
	x->leases.held_back |= l.held_back;
	x->leases.v =
	    xreallocarray(x->leases.v, x->leases.n + l.n + 1, sizeof(*l.v));
	memcpy(x->leases.v + x->leases.n, l.v, l.n * sizeof(*l.v));
	x->leases.n += l.n;
	free(l.v);

	return RC_OK;
}

enum rc
store_exchange(struct store *s, struct store_exchange *x, struct err *e)
{
	enum rc rc = judge(e);

	memset(&x->leases, 0, sizeof(x->leases));
	refuse_products(x->results, x->nresults);
	if (rc != RC_OK)
		return rc;
	db.exchanges++;
	x->nexpanded = db.stale > 0 ? 0 : x->nexpansions;
	if (x->nexpansions > 0 && db.stale > 0)
		db.stale_at[--db.stale] = db.exchanges;
	else if (x->nexpansions > 0)
		(void)store_expand(s, x->expansions, x->nexpansions, x->now_ms,
		    e);
	if (x->nresults > 0)
		put_results(x->results, x->nresults);
	x->next_due_ms = INT64_MAX;
	for (size_t i = 0; rc == RC_OK && i < x->nwants; i++)
		rc = lease_want(s, x, &x->wants[i], e);

	return rc;
}

enum rc
store_payload(struct store *s, int64_t event, char **body, size_t *bodysz,
    struct err *e)
{
	(void)s;
	(void)event;
	(void)body;
	(void)bodysz;

	return err_set(e, RC_NOTFOUND, "no kind here asks for it");
}

enum rc
store_payloads(struct store *s, struct store_body *v, size_t n, struct err *e)
{
	(void)s;
	(void)v;
	(void)n;
	(void)e;

	return RC_OK;
}

enum rc
store_worker_seen(struct store *s, const struct store_worker *w, struct err *e)
{
	(void)s;
	(void)e;
	db.worker_done = w->done;
	db.worker_failed = w->failed;
	db.worker_gone = w->gone;

	return RC_OK;
}
