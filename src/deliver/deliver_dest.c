#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/strlist.h"
#include "base/xalloc.h"
#include "core/webhook.h"
#include "deliver/deliver_dest.h"
#include "net/httpc.h"
#include "store/store_admin.h"
#include "store/store_work.h"
#include "work/work.h"

#define SLOTS 1024
#define FIRST_WINDOW 4
#define FAST_MS 100     /* an answer within this earns jobs in advance */
#define SLOW_MS 1000    /* one that takes this long makes doubtful */
#define UNUSED_MS 30000 /* after which connections are closed */
#define IDLE_MAX 100    /* destinations with connections and no request */

struct deliver_dests {
	struct httpc *http;
	struct httpc_policy policy;
	const struct store_webhooks *webhooks;
	size_t most; /* open requests, where a registration names none */
	struct strlist blocked;
	size_t slots; /* requests of the drain */
	/* Drains that max_in_flight is divided among, what the last lease was
	 * to say of it, and what the store may have of that. */
	size_t drains, asked, claimed;
	uint64_t leases; /* when that one was asked for */
	size_t doubtful_open, doubtful_held;
	struct deliver_dest *slot[SLOTS];
	const char **names;
	size_t nnames, names_cap;
	int64_t trim_ms;
	TAILQ_HEAD(, deliver_dest) idle; /* the longest unused first */
	size_t nidle;
};

struct deliver_dests *
deliver_dests_new(struct httpc *http, const struct httpc_policy *policy)
{
	struct deliver_dests *l = xcalloc(1, sizeof(*l));

	l->http = http;
	l->policy = *policy;
	l->most = l->slots = l->drains = 1;
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
	free(d->tls);
	d->url = d->tls = NULL;
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
	strlist_fini(&l->blocked);
	free(l->names);
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
most_of(const struct deliver_dests *l, const struct webhook *w)
{
	if (w == NULL || w->max_in_flight < 0)
		return l->most;

	return w->max_in_flight == 0 ? 1 : (size_t)w->max_in_flight;
}

/* What it may have open here, beside as many drains. */
static size_t
bound_of(const struct deliver_dests *l, const struct deliver_dest *d,
    size_t drains)
{
	size_t most = most_of(l, d->webhook);

	if (drains <= 1)
		return most;
	return most >= drains ? most / drains : 1;
}

static size_t
window_of(const struct deliver_dests *l, const struct deliver_dest *d)
{
	size_t most = bound_of(l, d, l->drains);

	return d->window < most ? d->window : most;
}

static void
judge(struct deliver_dests *l, struct deliver_dest *d, int64_t now_ms)
{
	bool is = !d->is_proven || d->is_failing || d->took_ms >= SLOW_MS ||
	    (d->open > 0 && now_ms - d->moved_ms >= SLOW_MS);

	if (is && !d->is_doubtful)
		l->doubtful_open += d->open;
	else if (!is && d->is_doubtful)
		l->doubtful_open -= d->open;
	d->is_doubtful = is;
}

void
deliver_dests_refresh(struct deliver_dests *l,
    const struct store_webhooks *webhooks, size_t most)
{
	struct deliver_dest *d;
	size_t i;

	l->webhooks = webhooks;
	l->most = most;
	for (i = 0; i < SLOTS; i++)
		for (d = l->slot[i]; d != NULL; d = d->next)
			d->webhook = find_webhook(l, d->id);
}

static int
compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
is_blocked(const struct deliver_dests *l, const char *id)
{
	return l->blocked.n > 0 &&
	    bsearch(&id, l->blocked.v, l->blocked.n, sizeof(char *),
		compare_text) != NULL;
}

void
deliver_dests_block(struct deliver_dests *l, struct strlist *ids)
{
	struct deliver_dest *d;
	size_t i;

	strlist_fini(&l->blocked);
	l->blocked = *ids;
	memset(ids, 0, sizeof(*ids));
	for (i = 0; i < SLOTS; i++)
		for (d = l->slot[i]; d != NULL; d = d->next)
			d->is_blocked = is_blocked(l, d->id);
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
			if (d->held > 0 || d->untold > 0 || d->used_ms == 0)
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
	d->is_blocked = is_blocked(l, id);
	d->window = FIRST_WINDOW;
	d->is_doubtful = true;
	d->took_ms = -1;
	d->next = *slot;
	*slot = d;

	return d;
}

bool
deliver_dest_may_open(const struct deliver_dests *l,
    const struct deliver_dest *d)
{
	if (d->open >= window_of(l, d))
		return false;

	return !d->is_doubtful || l->doubtful_open == 0 ||
	    l->doubtful_open < l->slots / 2;
}

/* The files of a registration in one text; free(3) it. */
static char *
tls_text(const struct webhook_tls *t)
{
	return xasprintf("%s\n%s\n%s", t->ca_file == NULL ? "" : t->ca_file,
	    t->cert_file == NULL ? "" : t->cert_file,
	    t->key_file == NULL ? "" : t->key_file);
}

static void
take_up(struct deliver_dests *l, struct deliver_dest *d)
{
	const struct webhook_tls *t = &d->webhook->tls;
	const struct httpc_tls tls = { .ca_file = t->ca_file,
		.cert_file = t->cert_file,
		.key_file = t->key_file };

	d->pool = httpc_pool_new(l->http, &l->policy, &tls);
	d->url = xstrdup(d->webhook->url);
	d->tls = tls_text(t);
}

static bool
has_moved(const struct deliver_dest *d)
{
	char *tls = tls_text(&d->webhook->tls);
	bool has =
	    strcmp(d->url, d->webhook->url) != 0 || strcmp(d->tls, tls) != 0;

	free(tls);
	return has;
}

struct httpc_pool *
deliver_dest_open(struct deliver_dests *l, struct deliver_dest *d,
    int64_t now_ms)
{
	/* A registration that moved takes no connection along. */
	if (d->pool != NULL && d->open == 0 && has_moved(d))
		hang_up(l, d);
	leave_idle(l, d);
	while (l->nidle > IDLE_MAX)
		hang_up(l, TAILQ_FIRST(&l->idle));
	if (d->pool == NULL)
		take_up(l, d);
	if (d->open++ == 0)
		d->moved_ms = now_ms;
	if (d->is_doubtful)
		l->doubtful_open++;

	return d->pool;
}

void
deliver_dest_close(struct deliver_dests *l, struct deliver_dest *d,
    int64_t now_ms, int64_t took_ms, enum deliver_dest_end end)
{
	assert(d->open > 0);
	d->used_ms = d->moved_ms = now_ms;
	d->took_ms = took_ms;
	d->open--;
	if (d->is_doubtful)
		l->doubtful_open--;
	if (end == DELIVER_DEST_FAILED) {
		d->is_failing = true;
		d->failures++;
		d->untold++;
		d->window = d->window > 1 ? d->window / 2 : 1;
	} else {
		d->is_failing = false;
		d->is_proven = true;
		d->failures = 0;
	}
	if (end == DELIVER_DEST_DONE && d->window < most_of(l, d->webhook))
		d->window++;
	judge(l, d, now_ms);
	if (d->open > 0)
		return;
	TAILQ_INSERT_TAIL(&l->idle, d, idle);
	l->nidle++;
}

void
deliver_dest_told(struct deliver_dest *d)
{
	if (d->untold > 0)
		d->untold--;
}

static bool
may_run_ahead(const struct deliver_dests *l, const struct deliver_dest *d,
    const struct work_hand *hand)
{
	int64_t most = (int64_t)most_of(l, d->webhook);

	return hand->drains <= 1 ||
	    (hand->is_split && store_flow_share(most, hand->drains) > 0);
}

static bool
is_full(const struct deliver_dests *l, const struct deliver_dest *d,
    const struct work_hand *hand)
{
	size_t most = most_of(l, d->webhook), room = window_of(l, d);
	size_t part;

	/* Jobs of one that is disabled are parked by the store; should one
	 * come through all the same, it is put back and not asked for.  So
	 * are those of one that nothing can be signed for. */
	if (d->webhook != NULL &&
	    (!d->webhook->enabled || d->webhook->damage != NULL))
		return true;
	if (may_run_ahead(l, d, hand)) {
		if (d->took_ms >= 0 && d->took_ms < FAST_MS)
			room *= 2;
		return d->held >= room;
	}
	/* A lease brings a part, so half of one in hand is enough. */
	part = (most + hand->drains - 1) / hand->drains;

	return d->held >= room || d->held >= (part + 1) / 2;
}

static void
put_name(struct deliver_dests *l, const char *id)
{
	if (l->nnames == l->names_cap) {
		l->names_cap = l->names_cap == 0 ? 64 : 2 * l->names_cap;
		l->names =
		    xreallocarray(l->names, l->names_cap, sizeof(char *));
	}
	l->names[l->nnames++] = id;
}

/* Those that are full, or with only those that are neither that nor
 * doubtful, of whom any number of jobs does not stay long. */
static void
name(struct deliver_dests *l, const struct work_hand *hand, bool only)
{
	const struct deliver_dest *d;
	size_t i;

	l->nnames = 0;
	for (i = 0; i < SLOTS; i++) {
		for (d = l->slot[i]; d != NULL; d = d->next) {
			bool full = is_full(l, d, hand);

			if (only ? !full && !d->is_doubtful : full)
				put_name(l, d->id);
		}
	}
	if (l->nnames > 1)
		qsort(l->names, l->nnames, sizeof(char *), compare_text);
}

static size_t
larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Of a lease that failed nobody knows whether it took place. */
static void
learn_company(struct deliver_dests *l, const struct work_hand *hand)
{
	if (hand->leases != l->leases)
		l->claimed = hand->split;
	else
		l->claimed = larger(l->claimed, l->asked);
	l->leases = hand->leases;
	l->drains = larger(larger(hand->drains, l->claimed), 1);
}

/* Looks at all; true when none has more open than its share. */
static bool
look_at_all(struct deliver_dests *l, const struct work_hand *hand)
{
	struct deliver_dest *d;
	bool is_kept = true;
	size_t i;

	l->doubtful_held = 0;
	for (i = 0; i < SLOTS; i++) {
		for (d = l->slot[i]; d != NULL; d = d->next) {
			judge(l, d, hand->now_ms);
			if (d->is_doubtful)
				l->doubtful_held += d->held;
			if (d->open > bound_of(l, d, hand->drains))
				is_kept = false;
		}
	}

	return is_kept;
}

bool
deliver_dests_want(struct deliver_dests *l, const struct work_hand *hand,
    struct store_lease_want *want)
{
	/* What a lease must find free, or there is none. */
	size_t lease = (hand->batch + 1) / 2, free;

	l->slots = hand->concurrency;
	learn_company(l, hand);
	l->asked = look_at_all(l, hand) ? hand->drains : hand->split;
	want->split = l->asked;
	/* A stranger's name is not known, so all that comes may be his. */
	free = hand->most - lease;
	free = free > l->doubtful_held ? free - l->doubtful_held : 0;
	want->only = free == 0;
	name(l, hand, want->only);
	want->skip = l->names;
	want->nskip = l->nnames;
	want->max = want->only ? hand->batch : free;

	return !want->only || l->nnames > 0;
}
