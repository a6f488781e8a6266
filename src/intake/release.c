#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "intake/release.h"
#include "store/store_admin.h"
#include "store/store_read.h"

/* Of one page, and of one transaction: posts wait while it runs. */
#define SLICE 200

void
release_plan_add(struct release_plan *p, int64_t id)
{
	if (p->n == p->cap) {
		p->cap = p->cap == 0 ? SLICE : 2 * p->cap;
		p->ids = xreallocarray(p->ids, p->cap, sizeof(*p->ids));
	}
	p->ids[p->n++] = id;
}

void
release_plan_fini(struct release_plan *p)
{
	free(p->ids);
	memset(p, 0, sizeof(*p));
}

/* Lists run newest first. */
static void
turn_round(struct release_plan *p)
{
	int64_t id;
	size_t i;

	for (i = 0; i < p->n / 2; i++) {
		id = p->ids[i];
		p->ids[i] = p->ids[p->n - 1 - i];
		p->ids[p->n - 1 - i] = id;
	}
}

enum rc
release_gather(const struct intake *in, const struct release_want *want,
    int64_t until_boot_ms, struct release_plan *p, struct err *e)
{
	struct store_event_filter f = { .source = want->source[0] == '\0'
		    ? NULL
		    : want->source,
		.status = -1,
		.suspect = true,
		.since_ms = want->since_ms,
		.limit = SLICE };
	struct store_events l;
	enum rc rc;
	size_t i;

	do {
		rc = store_event_list(in->store, &f, &l, &f.before_id, e);
		if (rc != RC_OK)
			return rc;
		for (i = 0; i < l.n; i++)
			release_plan_add(p, l.v[i]->id);
		store_events_free(&l);
		if (f.before_id != 0 &&
		    clock_boot_ms(in->clock) >= until_boot_ms)
			return err_set(e, RC_BUSY,
			    "too many events are held back for one request; "
			    "name a source or a time, or use hlsctl event "
			    "release");
	} while (f.before_id != 0);
	turn_round(p);
	return RC_OK;
}

enum rc
release_put(const struct intake *in, const struct release_plan *p,
    int64_t until_boot_ms, int64_t *n, bool *more, struct err *e)
{
	size_t at, some, released;
	enum rc rc = RC_OK;

	*n = 0;
	*more = false;
	for (at = 0; rc == RC_OK && at < p->n; at += some) {
		*more = at > 0 && clock_boot_ms(in->clock) >= until_boot_ms;
		if (*more)
			break;
		some = p->n - at < SLICE ? p->n - at : SLICE;
		rc = store_event_release(in->store, p->ids + at, some,
		    clock_wall_ms(in->clock), &released, e);
		*n += rc == RC_OK ? (int64_t)released : 0;
	}
	return rc;
}
