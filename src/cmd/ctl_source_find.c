#include "config.h"

#include "app/app_conf.h"
#include "cmd/ctl.h"
#include "cmd/ctl_source.h"
#include "core/source.h"

enum rc
ctl_source_find(struct ctl *c, const char *name, const struct source **out,
    struct err *e)
{
	*out = source_find(&c->app.conf->sources, name);
	if (*out == NULL)
		return err_set(e, RC_NOTFOUND,
		    "There is no source %.64s in %s; hlsctl source list "
		    "shows them",
		    name, c->app.conf->file);
	return RC_OK;
}
