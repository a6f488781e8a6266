#include "config.h"

#include <sysexits.h>

#include "app/app_exit.h"

int
app_exit_store(enum rc rc)
{
	return rc == RC_NOTFOUND || rc == RC_INVALID ? EX_UNAVAILABLE
						     : err_exit_status(rc);
}
