#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/js.h"
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

/* The bytes, and as many again for the JSON that a form holds. */
static enum rc
take_memory(const struct intake *in, const struct event *ev, size_t *held,
    struct err *e)
{
	*held = 0;
	if (in->memory == NULL)
		return RC_OK;
	return in->memory->take(in->memory->arg, 2 * ev->bodysz, held, e);
}

static enum rc
ask_body(const struct to *to, const struct intake *in, const struct event *ev,
    bool *holds, struct err *e)
{
	struct filter_why why;
	struct event_json j = { 0 };
	bool is_json;
	char *body = NULL;
	size_t n, held;
	enum rc rc;

	rc = take_memory(in, ev, &held, e);
	if (rc != RC_OK)
		return rc;
	rc = store_payload(in->store, ev->id, &body, &n, e);
	if (rc == RC_OK)
		event_json_init(&j, ev->content_type, body, n);
	is_json =
	    j.text != NULL && jsonptr_scan(to->paths, j.text, j.n, to->values);
	*holds =
	    filter_holds(to->filter, ev, is_json ? to->values : NULL, &why);
	event_json_fini(&j);
	free(body);
	if (held > 0)
		in->memory->give(in->memory->arg, held);
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

/* A round for one webhook passes its filter by, so it is asked here. */
static enum rc
ask_filter(const struct to *to, const struct intake *in, const struct event *ev,
    bool *holds, struct err *e)
{
	struct filter_why why;

	*holds = to->filter == NULL && !to->is_broken;
	if (to->filter == NULL)
		return RC_OK;
	if (filter_reads_body(to->filter))
		return ask_body(to, in, ev, holds, e);
	*holds = filter_holds(to->filter, ev, NULL, &why);
	return RC_OK;
}

void
replay_format_left(const int64_t left[REPLAY_LEFTS], struct js_writer *w)
{
	static const char *const names[REPLAY_LEFTS] = { "open", "suspect",
		"test", "not_wanted", "filter", "delivered" };
	bool is_open = false;
	size_t i;

	for (i = 0; i < REPLAY_LEFTS; i++) {
		if (left[i] == 0)
			continue;
		if (!is_open)
			js_open_object(w, "left_out");
		is_open = true;
		js_int(w, names[i], left[i]);
	}
	if (is_open)
		js_close_object(w);
}

const char *
replay_left_text(enum replay_left left)
{
	static const char *const texts[REPLAY_LEFTS] = { "on the way already",
		"suspected of being a replay", "a test of a webhook",
		"not matched by its patterns or its team",
		"not let through by its filter", "delivered before" };

	return texts[left];
}

/* One that no longer has the status which was asked for. */
#define REPLAY_UNASKED (REPLAY_LEFTS + 1)

/* What one event is for the replay: REPLAY_LEFTS if it is wanted. */
static enum rc
judge(const struct intake *in, const struct replay_want *want,
    const struct to *to, const struct event *ev, enum store_owes owes, int *out,
    struct err *e)
{
	struct event for_all = *ev;
	enum match_verdict match = MATCH_YES;
	bool holds = true;
	enum rc rc = RC_OK;

	*out = REPLAY_LEFTS;
	if (ev->is_round_alone) {
		for_all.webhook_id = NULL;
		for_all.is_round_alone = false;
	}
	if (to->webhook != NULL)
		match = match_judge(to->webhook, &for_all);
	if (want->status >= 0 && (int)ev->status != want->status)
		*out = REPLAY_UNASKED;
	else if (ev->replay_suspect)
		*out = REPLAY_SUSPECT;
	else if (event_is_test(ev))
		*out = REPLAY_TEST;
	else if (match != MATCH_YES)
		*out = REPLAY_UNWANTED;
	else if (want->missed && owes == STORE_OWES_NO_MORE)
		*out = REPLAY_DELIVERED;
	else if (want->missed && owes == STORE_OWES_STILL)
		*out = REPLAY_OPEN;
	else
		rc = ask_filter(to, in, ev, &holds, e);
	if (rc == RC_OK && !holds)
		*out = REPLAY_FILTER;
	return rc;
}

/* Also what has not ended yet: it may have when the replay begins. */
static void
add(struct replay_plan *p, const struct event *ev, bool is_open)
{
	if (p->n == p->cap) {
		p->cap = p->cap == 0 ? SLICE : 2 * p->cap;
		p->ids = xreallocarray(p->ids, p->cap, sizeof(*p->ids));
	}
	p->ids[p->n++] = ev->id;
	p->ended += !is_open;
	p->left[REPLAY_OPEN] += is_open;
}

/* What the page's events owe to the one webhook; to anybody they owe what
 * has not ended. */
static enum rc
read_owes(const struct intake *in, const struct to *to,
    const struct store_events *l, enum store_owes owes[SLICE], struct err *e)
{
	int64_t ids[SLICE];
	size_t i;

	for (i = 0; i < l->n; i++) {
		ids[i] = l->v[i]->id;
		owes[i] = l->v[i]->completed_ms > 0 ? STORE_OWES_NO_MORE
						    : STORE_OWES_STILL;
	}
	return to->webhook == NULL
	    ? RC_OK
	    : store_event_owes(in->store, to->webhook->id, ids, l->n, owes, e);
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
	enum store_owes owes[SLICE];
	int left;
	struct store_events l;
	int64_t next;
	size_t i;
	enum rc rc;

	f.type = want->type[0] == '\0' ? NULL : want->type;
	f.source = want->source[0] == '\0' ? NULL : want->source;
	f.repository = want->repository[0] == '\0' ? NULL : want->repository;
	rc = store_event_list(in->store, &f, &l, &next, e);
	if (rc != RC_OK)
		return rc;
	p->at_end = next == 0;
	rc = read_owes(in, to, &l, owes, e);
	for (i = 0; i < l.n && rc == RC_OK; i++) {
		if (i > 0 && to->filter != NULL &&
		    clock_boot_ms(in->clock) >= until_boot_ms) {
			p->at_end = false;
			break;
		}
		rc = judge(in, want, to, l.v[i], owes[i], &left, e);
		if (rc != RC_OK)
			break;
		if (left == REPLAY_LEFTS)
			add(p, l.v[i], owes[i] == STORE_OWES_STILL);
		else if (left != REPLAY_UNASKED)
			p->left[left]++;
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
	memcpy(out->left, p->left, sizeof(out->left));
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

	memset(out, 0, sizeof(*out));
	out->next_after = want->after_id;
	rc = replay_gather(in, want, until_boot_ms, &p, e);
	if (rc == RC_OK)
		rc = replay_put(in, want, &p, out, e);
	replay_plan_fini(&p);
	return rc;
}

enum rc
replay_missed(const struct intake *in, const char *webhook_id,
    int64_t until_boot_ms, struct store_missed *missed, struct err *e)
{
	struct replay_want want = { .status = -1,
		.since_ms = missed->since_ms,
		.until_ms = missed->until_ms,
		.dry_run = true,
		.missed = true };
	struct replay_plan p = { .ids = NULL };
	enum rc rc;

	(void)snprintf(want.webhook_id, sizeof(want.webhook_id), "%s",
	    webhook_id);
	do {
		rc = replay_gather(in, &want, until_boot_ms, &p, e);
	} while (rc == RC_OK && !p.at_end &&
	    clock_boot_ms(in->clock) < until_boot_ms);
	missed->n = p.ended;
	missed->is_all = p.at_end;
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
