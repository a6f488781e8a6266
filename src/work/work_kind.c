#include "config.h"

#include <assert.h>

#include "work/work_int.h"

void
work_add(struct work *w, const struct work_kind *kind, void *arg)
{
	assert(w->nkinds < WORK_KINDS_MAX);
	w->kinds[w->nkinds].kind = kind;
	w->kinds[w->nkinds].arg = arg;
	w->nkinds++;
}

enum rc
work_refresh(struct work *w, struct err *e)
{
	enum rc rc;
	size_t i;

	w->look = false;
	for (i = 0; i < w->nkinds; i++) {
		rc = w->kinds[i].kind->refresh(w->kinds[i].arg, e);
		if (rc != RC_OK)
			return rc;
	}

	return RC_OK;
}
