#include "config.h"

#include "cmd/ctl.h"
#include "cmd/ctl_event.h"
#include "store/store_read.h"

enum rc
ctl_event_resolve_text(struct ctl *c, const char *text, int64_t *id,
    struct err *e)
{
	enum rc rc;

	if ((rc = ctl_check_id(c, "evt_", text, e)) != RC_OK)
		return rc;
	rc = store_event_resolve(c->app.store, text, id, e);
	if (rc == RC_NOTFOUND)
		return err_set(e, rc,
		    "There is no event %s; hlsctl event list shows them.",
		    text);
	return rc;
}

enum rc
ctl_event_resolve(struct ctl *c, int64_t *id, struct err *e)
{
	return ctl_event_resolve_text(c, c->args[0], id, e);
}
