#include "config.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "store/store_work.h"
#include "work/work_body.h"

#define SLOTS 256             /* of the table of bodies by event */
#define SPARE (2u << 20)      /* bytes kept that nobody holds any more */
#define AHEAD (8u << 20)      /* bytes kept that nobody has held yet */
#define AHEAD_ONE (64u << 10) /* larger ones are not read ahead */
#define AHEAD_ONCE (2u << 20) /* bytes read ahead at once */

/* pub is first: a body goes out as the former and comes back as the latter. */
struct entry {
	struct work_body pub;
	char *bytes;
	size_t holders;
	struct entry *next;          /* in its slot */
	struct kept *kept;           /* where nobody holds it */
	struct entry *older, *newer; /* there */
};

/* Bodies that nobody holds, the oldest of which go when they are too many. */
struct kept {
	size_t bytes, most;
	struct entry *oldest, *newest;
};

struct work_bodies {
	pthread_mutex_t lock; /* of all below it */
	struct store *store;
	size_t budget;
	size_t held; /* bytes */
	struct kept used, ahead;
	struct entry *slot[SLOTS];
};

struct work_bodies *
work_bodies_new(struct store *s, size_t budget)
{
	struct work_bodies *b = xcalloc(1, sizeof(*b));

	(void)pthread_mutex_init(&b->lock, NULL);
	b->store = s;
	b->budget = budget;
	b->used.most = SPARE;
	b->ahead.most = AHEAD;

	return b;
}

static void
keep(struct kept *k, struct entry *x)
{
	x->kept = k;
	x->older = k->newest;
	*(k->newest == NULL ? &k->oldest : &k->newest->newer) = x;
	k->newest = x;
	k->bytes += x->pub.n;
}

static void
keep_no_more(struct entry *x)
{
	struct kept *k = x->kept;

	*(x->older == NULL ? &k->oldest : &x->older->newer) = x->newer;
	*(x->newer == NULL ? &k->newest : &x->newer->older) = x->older;
	x->older = x->newer = NULL;
	x->kept = NULL;
	k->bytes -= x->pub.n;
}

static void
forget(struct work_bodies *b, struct entry *x)
{
	struct entry **at = &b->slot[(uint64_t)x->pub.event % SLOTS];

	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	keep_no_more(x);
	free(x->bytes);
	free(x);
}

/* Leaves room for so many bytes. */
static void
trim(struct work_bodies *b, struct kept *k, size_t room)
{
	size_t most = room < k->most ? k->most - room : 0;

	while (k->oldest != NULL && k->bytes > most)
		forget(b, k->oldest);
}

void
work_bodies_free(struct work_bodies *b)
{
	if (b == NULL)
		return;
	while (b->used.oldest != NULL)
		forget(b, b->used.oldest);
	while (b->ahead.oldest != NULL)
		forget(b, b->ahead.oldest);
	assert(b->held == 0);
	(void)pthread_mutex_destroy(&b->lock);
	free(b);
}

static struct entry *
find(struct work_bodies *b, int64_t event, int form)
{
	struct entry *x = b->slot[(uint64_t)event % SLOTS];

	while (x != NULL && (x->pub.event != event || x->pub.form != form))
		x = x->next;
	return x;
}

/* bytes are its own from now on. */
static struct entry *
put(struct work_bodies *b, int64_t event, char *bytes, size_t n)
{
	struct entry **slot = &b->slot[(uint64_t)event % SLOTS];
	struct entry *x = xcalloc(1, sizeof(*x));

	x->pub.event = event;
	x->pub.bytes = x->bytes = bytes;
	x->pub.n = n;
	x->next = *slot;
	*slot = x;
	return x;
}

/* The bytes are freed, or are the result. */
static void
remake(const struct work_form *f, struct entry *x)
{
	struct buf made;

	if (f == NULL)
		return;
	x->pub.form = f->form;
	x->pub.is_made = f->make(f->arg, f->form, x->bytes, x->pub.n, &made);
	if (!x->pub.is_made)
		return;
	free(x->bytes);
	x->pub.bytes = x->bytes = buf_take(&made, &x->pub.n);
}

static enum rc
load(struct work_bodies *b, int64_t event, const struct work_form *f,
    struct entry **out, struct err *e)
{
	struct entry *stored = f == NULL ? NULL : find(b, event, 0);
	char *bytes;
	size_t n;
	enum rc rc;

	*out = NULL;
	if (stored != NULL) {
		n = stored->pub.n;
		bytes = xmemdup0(stored->bytes, n);
	} else {
		rc = store_payload(b->store, event, &bytes, &n, e);
		if (rc != RC_OK)
			return rc;
	}
	*out = put(b, event, bytes, n);
	remake(f, *out);

	return RC_OK;
}

static enum rc
hold(struct work_bodies *b, int64_t event, size_t size,
    const struct work_form *f, struct entry **out, struct err *e)
{
	struct entry *x = find(b, event, f == NULL ? 0 : f->form);
	enum rc rc;

	*out = NULL;
	if (x != NULL && x->holders > 0) {
		*out = x;
		return RC_OK;
	}
	if (x != NULL)
		size = x->pub.n;
	if (b->held > 0 && b->held + size > b->budget)
		return err_set(e, RC_BUSY,
		    "the bodies exceed the memory budget");
	if (x != NULL) {
		keep_no_more(x);
	} else {
		trim(b, &b->used, size);
		rc = load(b, event, f, &x, e);
		if (rc != RC_OK)
			return rc;
	}
	b->held += x->pub.n;
	*out = x;

	return RC_OK;
}

enum rc
work_body_hold(struct work_bodies *b, int64_t event, size_t size,
    const struct work_form *f, const struct work_body **out, struct err *e)
{
	struct entry *x;
	enum rc rc;

	*out = NULL;
	(void)pthread_mutex_lock(&b->lock);
	rc = hold(b, event, size, f, &x, e);
	if (rc == RC_OK) {
		x->holders++;
		*out = &x->pub;
	}
	(void)pthread_mutex_unlock(&b->lock);

	return rc;
}

void
work_body_release(struct work_bodies *b, const struct work_body *body)
{
	struct entry *x = (struct entry *)(uintptr_t)body;

	(void)pthread_mutex_lock(&b->lock);
	assert(x->holders > 0);
	if (--x->holders == 0) {
		b->held -= x->pub.n;
		keep(&b->used, x);
		trim(b, &b->used, 0);
	}
	(void)pthread_mutex_unlock(&b->lock);
}

/* Those of the leases that are not here, in their order, each once. */
static size_t
list_missing(struct work_bodies *b, const struct store_leases *l,
    struct store_body *v)
{
	size_t i, k, n = 0, bytes = 0;

	for (i = 0; i < l->n && bytes < AHEAD_ONCE; i++) {
		const struct event *ev = l->v[i].event;

		if (ev == NULL || ev->bodysz > AHEAD_ONE ||
		    find(b, ev->id, 0) != NULL)
			continue;
		for (k = 0; k < n && v[k].event != ev->id; k++)
			;
		if (k < n)
			continue;
		v[n++].event = ev->id;
		bytes += ev->bodysz;
	}
	return n;
}

static void
put_ahead(struct work_bodies *b, struct store_body *v)
{
	if (v->bytes == NULL)
		return;
	if (find(b, v->event, 0) != NULL) {
		free(v->bytes);
		return;
	}
	trim(b, &b->ahead, v->n);
	keep(&b->ahead, put(b, v->event, v->bytes, v->n));
}

void
work_body_read_ahead(struct work_bodies *b, const struct store_leases *l)
{
	struct store_body *v = xcalloc(l->n + 1, sizeof(*v));
	struct err e;
	size_t i, n;

	(void)pthread_mutex_lock(&b->lock);
	n = list_missing(b, l, v);
	(void)pthread_mutex_unlock(&b->lock);
	/* A body that cannot be read is read by work_body_hold(), which fails. */
	if (n > 0 && store_payloads(b->store, v, n, &e) == RC_OK) {
		(void)pthread_mutex_lock(&b->lock);
		for (i = 0; i < n; i++)
			put_ahead(b, &v[i]);
		(void)pthread_mutex_unlock(&b->lock);
	}
	free(v);
}
