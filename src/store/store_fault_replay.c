#include "config.h"

#include "store/store_admin.h"
#include "store/store_fault_int.h"

enum rc
fault_event_replay_all(void *impl, const int64_t *ids, size_t n,
    const char *webhook_id, int64_t now_ms, size_t *replayed, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m,
	    store_event_replay_all(f->inner, ids, n, webhook_id, now_ms,
		replayed, e),
	    e);
}

enum rc
fault_dead_count(void *impl, const struct store_dead *d, int64_t *n,
    struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_dead_count(f->inner, d, n, e), e);
}

enum rc
fault_dead_retry(void *impl, const struct store_dead *d, size_t max,
    int64_t now_ms, size_t *n, struct err *e)
{
	struct fault *f = impl;
	enum moment m = moment_of(f);

	if (m == FAIL_BEFORE)
		return fail(e);
	return answer(m, store_dead_retry(f->inner, d, max, now_ms, n, e), e);
}
