#include "config.h"

#include <string.h>

#include "core/event.h"
#include "front/page.h"
#include "store/store_read.h"

void
page_note_event(struct page *pg, int64_t id)
{
	struct event *ev;
	struct err e;

	if (store_event_find(pg->set->intake.store, id, &ev, &e) != RC_OK)
		return;
	memcpy(pg->note.event_id, ev->public_id, sizeof(pg->note.event_id));
	event_free(ev);
}

enum rc
page_event_resolve(struct page *pg, int64_t *id, struct err *e)
{
	enum rc rc = store_event_resolve(pg->set->intake.store, pg->arg, id, e);

	if (rc == RC_OK)
		page_note_event(pg, *id);
	else if (rc == RC_NOTFOUND || rc == RC_INVALID)
		rc = err_set(e, RC_NOTFOUND, "no such event");
	return rc;
}
