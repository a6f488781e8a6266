#include "config.h"

#include "store/store_fault_int.h"
#include "store/store_work.h"

enum rc
fault_notices(void *impl, size_t max, struct store_notices *out, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);
	enum rc rc;

	if (m == FAIL_BEFORE)
		return fail(e);
	rc = store_notices(f->inner, max, out, e);
	if (rc != RC_OK || m == GO_ON)
		return rc;
	store_notices_free(out);
	return fail(e);
}

enum rc
fault_tell(void *impl, struct store_telling *v, size_t n, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_tell(f->inner, v, n, e), e);
}
