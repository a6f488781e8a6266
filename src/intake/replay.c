#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "core/filter.h"
#include "core/jsonptr.h"
#include "core/match.h"
#include "intake/replay.h"
#include "store/store_admin.h"
#include "store/store_read.h"

/* Of one page, and of one transaction: posts wait while it runs. */
#define SLICE 200
/* Of one call, however much time it has. */
#define CALL_MAX 20000

/* Who is to get it: nobody in particular, or one webhook with its filter. */
struct to {
	struct webhook *webhook; /* NULL: all that want it */
	struct filter *filter;   /* NULL: none */
	bool is_broken;          /* has one that cannot be read */
	struct jsonptr_set *paths;
	struct jsonptr_value *values;
};

/* The webhook by its id, enabled. */
static enum rc
find_webhook(const struct intake *in, const char *id, struct webhook **out,
    struct err *e)
{
	enum rc rc;

	*out = NULL;
	rc = store_webhook_find(in->store, id, out, e);
	if (rc == RC_NOTFOUND)
		return err_set(e, rc, "there is no webhook %s", id);
	if (rc != RC_OK || (*out)->enabled)
		return rc;
	webhook_free(*out);
	*out = NULL;
	return err_set(e, RC_EXISTS,
	    "webhook %s is disabled and would get nothing; enable it first",
	    id);
}

static enum rc
to_init(struct to *to, const struct intake *in, const char *webhook_id,
    struct err *e)
{
	char path[FILTER_PATH_SIZE];
	struct err why;
	enum rc rc;

	memset(to, 0, sizeof(*to));
	if (webhook_id[0] == '\0')
		return RC_OK;
	rc = find_webhook(in, webhook_id, &to->webhook, e);
	if (rc != RC_OK || to->webhook->filter == NULL)
		return rc;
	to->paths = jsonptr_set_new();
	to->is_broken =
	    filter_new(to->webhook->filter, strlen(to->webhook->filter),
		to->paths, &to->filter, path, &why) != RC_OK;
	to->values = xcalloc(jsonptr_count(to->paths) + 1, sizeof(*to->values));
	return RC_OK;
}

static void
to_fini(struct to *to)
{
	free(to->values);
	if (to->filter != NULL)
		filter_free(to->filter);
	if (to->paths != NULL)
		jsonptr_set_free(to->paths);
	webhook_free(to->webhook);
}

/* A round for one webhook passes its filter by, so it is asked here. */
static enum rc
ask_filter(const struct to *to, const struct intake *in, const struct event *ev,
    bool *holds, struct err *e)
{
	struct filter_why why;
	struct event_json j = { 0 };
	bool is_json = false;
	char *body = NULL;
	size_t n;
	enum rc rc;

	*holds = to->filter == NULL && !to->is_broken;
	if (to->filter == NULL)
		return RC_OK;
	if (filter_reads_body(to->filter)) {
		rc = store_payload(in->store, ev->id, &body, &n, e);
		if (rc != RC_OK && rc != RC_NOTFOUND)
			return rc;
		if (rc == RC_OK)
			event_json_init(&j, ev->content_type, body, n);
		is_json = j.text != NULL &&
		    jsonptr_scan(to->paths, j.text, j.n, to->values);
	}
	*holds =
	    filter_holds(to->filter, ev, is_json ? to->values : NULL, &why);
	event_json_fini(&j);
	free(body);
	return RC_OK;
}

static bool
has_ended(const struct event *ev)
{
	return ev->completed_ms > 0;
}

/* Also of what has not ended yet: it may have when the replay begins. */
static bool
is_wanted(const struct replay_want *want, const struct webhook *w,
    const struct event *ev)
{
	if (ev->replay_suspect || event_is_test(ev))
		return false;
	if (want->status >= 0 && (int)ev->status != want->status)
		return false;
	return w == NULL || match_webhook(w, ev);
}

static void
add(struct replay_plan *p, const struct event *ev)
{
	if (p->n == p->cap) {
		p->cap = p->cap == 0 ? SLICE : 2 * p->cap;
		p->ids = xreallocarray(p->ids, p->cap, sizeof(*p->ids));
	}
	p->ids[p->n++] = ev->id;
	p->ended += has_ended(ev);
}

/*
 * One page of the list.  A filter reads bodies of many megabytes, so a page
 * may end before the list does, though never before the first of it was
 * judged.
 */
static enum rc
gather_page(const struct intake *in, const struct replay_want *want,
    const struct to *to, int64_t until_boot_ms, struct replay_plan *p,
    struct err *e)
{
	struct store_event_filter f = { .status = want->status,
		.since_ms = want->since_ms,
		.until_ms = want->until_ms,
		.before_id = p->seen,
		.oldest_first = true,
		.limit = SLICE };
	struct store_events l;
	int64_t next;
	size_t i;
	bool holds;
	enum rc rc;

	f.type = want->type[0] == '\0' ? NULL : want->type;
	f.source = want->source[0] == '\0' ? NULL : want->source;
	f.repository = want->repository[0] == '\0' ? NULL : want->repository;
	rc = store_event_list(in->store, &f, &l, &next, e);
	if (rc != RC_OK)
		return rc;
	p->at_end = next == 0;
	for (i = 0; i < l.n && rc == RC_OK; i++) {
		if (i > 0 && to->filter != NULL &&
		    clock_boot_ms(in->clock) >= until_boot_ms) {
			p->at_end = false;
			break;
		}
		holds = is_wanted(want, to->webhook, l.v[i]);
		if (holds)
			rc = ask_filter(to, in, l.v[i], &holds, e);
		if (rc != RC_OK)
			break;
		if (holds)
			add(p, l.v[i]);
		p->seen = l.v[i]->id;
	}
	/* Others than these were looked at too. */
	if (rc == RC_OK && i == l.n && l.seen > p->seen)
		p->seen = l.seen;
	store_events_free(&l);
	return rc;
}

enum rc
replay_gather(const struct intake *in, const struct replay_want *want,
    int64_t until_boot_ms, struct replay_plan *p, struct err *e)
{
	struct to to;
	size_t most = p->n + CALL_MAX;
	enum rc rc;

	if (p->seen == 0)
		p->seen = want->after_id;
	rc = to_init(&to, in, want->webhook_id, e);
	do {
		if (rc == RC_OK)
			rc = gather_page(in, want, &to, until_boot_ms, p, e);
	} while (rc == RC_OK && !p->at_end && p->n < most &&
	    clock_boot_ms(in->clock) < until_boot_ms);
	to_fini(&to);
	return rc;
}

void
replay_plan_fini(struct replay_plan *p)
{
	free(p->ids);
	memset(p, 0, sizeof(*p));
}

enum rc
replay_put(const struct intake *in, const struct replay_want *want,
    const struct replay_plan *p, struct replay_done *out, struct err *e)
{
	int64_t now_ms = clock_wall_ms(in->clock);
	struct store_replay r = { .events = p->ids,
		.n = p->n,
		.webhook_id =
		    want->webhook_id[0] == '\0' ? NULL : want->webhook_id,
		.last_seen = p->seen };
	size_t n = p->n;
	enum rc rc;

	out->n = p->ended;
	out->next_after = p->at_end ? 0 : p->seen;
	if (want->dry_run || p->n == 0)
		return RC_OK;
	/* A part is wanted, and nothing of what came later. */
	if (!p->at_end || (want->until_ms > 0 && want->until_ms < now_ms))
		r.last_seen = INT64_MAX;
	rc = store_event_replay_all(in->store, &r, now_ms, &n, e);
	if (rc != RC_OK) {
		out->n = 0;
		out->next_after = want->after_id;
	} else if (n < p->n) {
		out->n = (int64_t)n < p->ended ? (int64_t)n : p->ended;
		out->next_after = p->ids[n - 1];
	}
	return rc;
}

enum rc
replay_some(const struct intake *in, const struct replay_want *want,
    int64_t until_boot_ms, struct replay_done *out, struct err *e)
{
	struct replay_plan p = { .ids = NULL };
	enum rc rc;

	out->n = 0;
	out->next_after = want->after_id;
	rc = replay_gather(in, want, until_boot_ms, &p, e);
	if (rc == RC_OK)
		rc = replay_put(in, want, &p, out, e);
	replay_plan_fini(&p);
	return rc;
}

enum rc
replay_event(const struct intake *in, int64_t id, const char *webhook_id,
    struct err *e)
{
	struct webhook *w = NULL;
	enum rc rc = RC_OK;

	if (webhook_id != NULL)
		rc = find_webhook(in, webhook_id, &w, e);
	webhook_free(w);
	if (rc == RC_OK)
		rc = store_event_replay(in->store, id, webhook_id,
		    clock_wall_ms(in->clock), e);
	return rc;
}

enum rc
recover_some(const struct intake *in, const struct recover_want *want,
    int64_t until_boot_ms, int64_t *n, bool *more, struct err *e)
{
	int64_t now_ms = clock_wall_ms(in->clock);
	const struct store_dead dead = { want->webhook_id, want->since_ms,
		want->until_ms == 0 ? now_ms : want->until_ms };
	size_t some = SLICE;
	enum rc rc = RC_OK;

	*n = 0;
	*more = false;
	if (want->dry_run)
		return store_dead_count(in->store, &dead, n, e);
	while (rc == RC_OK && some == SLICE) {
		rc =
		    store_dead_retry(in->store, &dead, SLICE, now_ms, &some, e);
		*n += rc == RC_OK ? (int64_t)some : 0;
		*more = rc == RC_OK && some == SLICE;
		if (*n >= CALL_MAX || clock_boot_ms(in->clock) >= until_boot_ms)
			break;
	}
	return rc;
}
