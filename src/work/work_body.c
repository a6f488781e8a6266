#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "store/store_work.h"
#include "work/work_body.h"

#define SLOTS 256        /* of the table of bodies by event */
#define SPARE (2u << 20) /* bytes kept that nobody holds */

/* pub is first: a body goes out as the former and comes back as the latter. */
struct entry {
	struct work_body pub;
	char *bytes;
	size_t holders;
	struct entry *next;          /* in its slot */
	struct entry *older, *newer; /* among those that nobody holds */
};

struct work_bodies {
	struct store *store;
	size_t budget;
	size_t held; /* bytes */
	size_t spare;
	struct entry *slot[SLOTS];
	struct entry *oldest, *newest;
};

struct work_bodies *
work_bodies_new(struct store *s, size_t budget)
{
	struct work_bodies *b = xcalloc(1, sizeof(*b));

	b->store = s;
	b->budget = budget;

	return b;
}

static void
unlink_spare(struct work_bodies *b, struct entry *x)
{
	*(x->older == NULL ? &b->oldest : &x->older->newer) = x->newer;
	*(x->newer == NULL ? &b->newest : &x->newer->older) = x->older;
	x->older = x->newer = NULL;
	b->spare -= x->pub.n;
}

static void
forget(struct work_bodies *b, struct entry *x)
{
	struct entry **at = &b->slot[(uint64_t)x->pub.event % SLOTS];

	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	unlink_spare(b, x);
	free(x->bytes);
	free(x);
}

static void
trim(struct work_bodies *b, size_t spare)
{
	while (b->oldest != NULL && b->spare > spare)
		forget(b, b->oldest);
}

void
work_bodies_free(struct work_bodies *b)
{
	if (b == NULL)
		return;
	while (b->oldest != NULL)
		forget(b, b->oldest);
	assert(b->held == 0);
	free(b);
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
	struct entry **slot = &b->slot[(uint64_t)event % SLOTS], *x;
	char *bytes;
	size_t n;
	enum rc rc;

	*out = NULL;
	rc = store_payload(b->store, event, &bytes, &n, e);
	if (rc != RC_OK)
		return rc;
	x = xcalloc(1, sizeof(*x));
	x->pub.event = event;
	x->pub.bytes = x->bytes = bytes;
	x->pub.n = n;
	remake(f, x);
	x->next = *slot;
	*slot = x;
	*out = x;

	return RC_OK;
}

enum rc
work_body_hold(struct work_bodies *b, int64_t event, size_t size,
    const struct work_body **out, struct err *e)
{
	return work_body_hold_form(b, event, size, NULL, out, e);
}

enum rc
work_body_hold_form(struct work_bodies *b, int64_t event, size_t size,
    const struct work_form *f, const struct work_body **out, struct err *e)
{
	struct entry *x = b->slot[(uint64_t)event % SLOTS];
	int form = f == NULL ? 0 : f->form;
	enum rc rc;

	*out = NULL;
	while (x != NULL && (x->pub.event != event || x->pub.form != form))
		x = x->next;
	if (x == NULL || x->holders == 0) {
		if (x != NULL)
			size = x->pub.n;
		if (b->held > 0 && b->held + size > b->budget)
			return err_set(e, RC_BUSY,
			    "the bodies exceed the memory budget");
	}
	if (x == NULL) {
		trim(b, size < SPARE ? SPARE - size : 0);
		rc = load(b, event, f, &x, e);
		if (rc != RC_OK)
			return rc;
		b->held += x->pub.n;
	} else if (x->holders == 0) {
		unlink_spare(b, x);
		b->held += x->pub.n;
	}
	x->holders++;
	*out = &x->pub;

	return RC_OK;
}

void
work_body_release(struct work_bodies *b, const struct work_body *body)
{
	struct entry *x = (struct entry *)(uintptr_t)body;

	assert(x->holders > 0);
	if (--x->holders > 0)
		return;
	b->held -= x->pub.n;
	b->spare += x->pub.n;
	x->older = b->newest;
	*(b->newest == NULL ? &b->oldest : &b->newest->newer) = x;
	b->newest = x;
	trim(b, SPARE);
}
