#include "config.h"

#include <errno.h>
#include <sys/file.h>

#include "store/store_sqlite_int.h"

enum rc
lite_gate_enter(struct lite *l, struct err *e)
{
	while (flock(l->gate_fd, LOCK_EX) != 0)
		if (errno != EINTR)
			return err_errno(e, RC_SYSTEM, errno, "%s",
			    l->gate_path);
	return RC_OK;
}

void
lite_gate_leave(struct lite *l)
{
	(void)flock(l->gate_fd, LOCK_UN);
}
