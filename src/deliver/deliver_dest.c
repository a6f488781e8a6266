#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/webhook.h"
#include "deliver/deliver_dest.h"
#include "net/httpc.h"
#include "store/store_admin.h"

#define SLOTS 1024
#define FAST_MS 100     /* an answer within this earns jobs in advance */
#define UNUSED_MS 30000 /* after which connections are closed */
#define IDLE_MAX 100    /* destinations with connections and no request */

struct deliver_dests {
	struct httpc *http;
	const struct store_webhooks *webhooks;
	size_t window; /* where a registration names none */
	size_t widest;
	struct deliver_dest *slot[SLOTS];
	const char **skip;
	size_t nskip, skip_cap;
	int64_t trim_ms;
	TAILQ_HEAD(, deliver_dest) idle; /* the longest unused first */
	size_t nidle;
};

struct deliver_dests *
deliver_dests_new(struct httpc *http)
{
	struct deliver_dests *l = xcalloc(1, sizeof(*l));

	l->http = http;
	l->window = l->widest = 1;
	TAILQ_INIT(&l->idle);

	return l;
}

static void
leave_idle(struct deliver_dests *l, struct deliver_dest *d)
{
	if (d->pool == NULL || d->open > 0)
		return;
	TAILQ_REMOVE(&l->idle, d, idle);
	l->nidle--;
}

static void
hang_up(struct deliver_dests *l, struct deliver_dest *d)
{
	leave_idle(l, d);
	httpc_pool_free(d->pool);
	d->pool = NULL;
	free(d->url);
	d->url = NULL;
}

static void
dest_free(struct deliver_dests *l, struct deliver_dest *d)
{
	hang_up(l, d);
	free(d->id);
	free(d);
}

void
deliver_dests_free(struct deliver_dests *l)
{
	struct deliver_dest *d;
	size_t i;

	if (l == NULL)
		return;
	for (i = 0; i < SLOTS; i++) {
		while ((d = l->slot[i]) != NULL) {
			l->slot[i] = d->next;
			dest_free(l, d);
		}
	}
	free(l->skip);
	free(l);
}

static int
compare_id(const void *id, const void *webhook)
{
	return strcmp(id, (*(struct webhook *const *)webhook)->id);
}

static const struct webhook *
find_webhook(const struct deliver_dests *l, const char *id)
{
	struct webhook **w;

	if (l->webhooks == NULL || l->webhooks->n == 0)
		return NULL;
	w = bsearch(id, l->webhooks->v, l->webhooks->n,
	    sizeof(l->webhooks->v[0]), compare_id);

	return w == NULL ? NULL : *w;
}

static size_t
window_of(const struct deliver_dests *l, const struct webhook *w)
{
	if (w == NULL || w->max_in_flight < 0)
		return l->window;

	return w->max_in_flight == 0 ? 1 : (size_t)w->max_in_flight;
}

void
deliver_dests_refresh(struct deliver_dests *l,
    const struct store_webhooks *webhooks, size_t window)
{
	struct deliver_dest *d;
	size_t i;

	l->webhooks = webhooks;
	l->window = window;
	l->widest = window;
	for (i = 0; i < webhooks->n; i++)
		if (window_of(l, webhooks->v[i]) > l->widest)
			l->widest = window_of(l, webhooks->v[i]);
	for (i = 0; i < SLOTS; i++)
		for (d = l->slot[i]; d != NULL; d = d->next)
			d->webhook = find_webhook(l, d->id);
}

void
deliver_dests_trim(struct deliver_dests *l, int64_t now_ms)
{
	struct deliver_dest *d, **at;
	size_t i;

	if (now_ms - l->trim_ms < UNUSED_MS / 10)
		return;
	l->trim_ms = now_ms;
	for (i = 0; i < SLOTS; i++) {
		at = &l->slot[i];
		while ((d = *at) != NULL) {
			/* The first look is when its time begins. */
			if (d->held > 0 || d->used_ms == 0)
				d->used_ms = now_ms;
			if (now_ms - d->used_ms < UNUSED_MS) {
				at = &d->next;
				continue;
			}
			*at = d->next;
			dest_free(l, d);
		}
	}
}

static struct deliver_dest **
slot_of(struct deliver_dests *l, const char *id)
{
	uint32_t h = 2166136261u;

	for (; *id != '\0'; id++)
		h = (h ^ (unsigned char)*id) * 16777619u;

	return &l->slot[h % SLOTS];
}

struct deliver_dest *
deliver_dest_get(struct deliver_dests *l, const char *id)
{
	struct deliver_dest **slot = slot_of(l, id), *d;

	for (d = *slot; d != NULL; d = d->next)
		if (strcmp(d->id, id) == 0)
			return d;
	d = xcalloc(1, sizeof(*d));
	d->id = xstrdup(id);
	d->webhook = find_webhook(l, id);
	d->took_ms = -1;
	d->next = *slot;
	*slot = d;

	return d;
}

bool
deliver_dest_may_open(const struct deliver_dests *l,
    const struct deliver_dest *d)
{
	return d->open < window_of(l, d->webhook);
}

struct httpc_pool *
deliver_dest_open(struct deliver_dests *l, struct deliver_dest *d)
{
	/* A registration that moved takes no connection along. */
	if (d->pool != NULL && d->open == 0 &&
	    strcmp(d->url, d->webhook->url) != 0)
		hang_up(l, d);
	leave_idle(l, d);
	while (l->nidle > IDLE_MAX)
		hang_up(l, TAILQ_FIRST(&l->idle));
	if (d->pool == NULL) {
		d->pool = httpc_pool_new(l->http);
		d->url = xstrdup(d->webhook->url);
	}
	d->open++;

	return d->pool;
}

void
deliver_dest_close(struct deliver_dests *l, struct deliver_dest *d,
    int64_t now_ms, int64_t took_ms)
{
	assert(d->open > 0);
	d->used_ms = now_ms;
	d->took_ms = took_ms;
	if (--d->open > 0)
		return;
	TAILQ_INSERT_TAIL(&l->idle, d, idle);
	l->nidle++;
}

static bool
is_full(const struct deliver_dests *l, const struct deliver_dest *d)
{
	size_t window = window_of(l, d->webhook);

	/* Jobs of one that is disabled are parked by the store; should one
	 * come through all the same, it is put back and not asked for. */
	if (d->webhook != NULL && !d->webhook->enabled)
		return true;
	if (d->took_ms >= 0 && d->took_ms < FAST_MS)
		window *= 2;

	return d->held >= window;
}

static void
skip(struct deliver_dests *l, const char *id)
{
	if (l->nskip == l->skip_cap) {
		l->skip_cap = l->skip_cap == 0 ? 64 : 2 * l->skip_cap;
		l->skip = xreallocarray(l->skip, l->skip_cap, sizeof(char *));
	}
	l->skip[l->nskip++] = id;
}

static int
compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool
deliver_dests_want(struct deliver_dests *l, unsigned int pass,
    const char *const **out, size_t *nout, size_t *per_target)
{
	const struct deliver_dest *d;
	bool wide = pass == 1;
	size_t i;

	if (pass > 1 || (wide && l->widest == l->window))
		return false;

	l->nskip = 0;
	for (i = 0; i < SLOTS; i++)
		for (d = l->slot[i]; d != NULL; d = d->next)
			if (is_full(l, d) &&
			    !(wide && window_of(l, d->webhook) <= l->window))
				skip(l, d->id);
	for (i = 0; wide && i < l->webhooks->n; i++)
		if (window_of(l, l->webhooks->v[i]) <= l->window)
			skip(l, l->webhooks->v[i]->id);
	if (l->nskip > 1)
		qsort(l->skip, l->nskip, sizeof(char *), compare_text);
	*out = l->skip;
	*nout = l->nskip;
	*per_target = wide ? l->widest : l->window;

	return true;
}
