#include "config.h"

#include <string.h>

#include "base/clock.h"
#include "core/match.h"
#include "intake/replay.h"
#include "store/store_admin.h"
#include "store/store_read.h"

/* Of one transaction: posts wait while it runs. */
#define SLICE 200
/* Of one call, however much time it has. */
#define CALL_MAX 20000

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

static bool
is_wanted(const struct replay_want *want, const struct webhook *w,
    const struct event *ev)
{
	if (ev->status != EVENT_COMPLETED && ev->status != EVENT_FAILED)
		return false;
	if (ev->replay_suspect || event_is_test(ev))
		return false;
	if (want->status >= 0 && (int)ev->status != want->status)
		return false;
	return w == NULL || match_webhook(w, ev);
}

/* One page of the list: those of it that are wanted go out again. */
static enum rc
replay_page(const struct intake *in, const struct replay_want *want,
    const struct webhook *w, struct store_event_filter *f,
    struct replay_done *out, struct err *e)
{
	struct store_events l;
	int64_t ids[SLICE], next;
	size_t i, n = 0, replayed = 0;
	enum rc rc;

	rc = store_event_list(in->store, f, &l, &next, e);
	if (rc != RC_OK)
		return rc;
	for (i = 0; i < l.n; i++)
		if (is_wanted(want, w, l.v[i]))
			ids[n++] = l.v[i]->id;
	store_events_free(&l);
	replayed = n;
	if (!want->dry_run)
		rc = store_event_replay_all(in->store, ids, n,
		    w == NULL ? NULL : w->id, clock_wall_ms(in->clock),
		    &replayed, e);
	if (rc != RC_OK)
		return rc;
	out->n += (int64_t)replayed;
	out->next_before = f->before_id = next;
	return RC_OK;
}

enum rc
replay_some(const struct intake *in, const struct replay_want *want,
    int64_t until_boot_ms, struct replay_done *out, struct err *e)
{
	struct store_event_filter f = { .status = want->status,
		.since_ms = want->since_ms,
		.until_ms = want->until_ms,
		.before_id = want->before_id,
		.limit = SLICE };
	struct webhook *w = NULL;
	enum rc rc = RC_OK;

	out->n = 0;
	out->next_before = want->before_id;
	f.type = want->type[0] == '\0' ? NULL : want->type;
	f.source = want->source[0] == '\0' ? NULL : want->source;
	f.repository = want->repository[0] == '\0' ? NULL : want->repository;
	if (want->webhook_id[0] != '\0')
		rc = find_webhook(in, want->webhook_id, &w, e);
	while (rc == RC_OK) {
		rc = replay_page(in, want, w, &f, out, e);
		if (f.before_id == 0 || out->n >= CALL_MAX ||
		    clock_boot_ms(in->clock) >= until_boot_ms)
			break;
	}
	webhook_free(w);
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
