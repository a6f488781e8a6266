#include "config.h"

#include "base/strlist.h"
#include "front/page.h"
#include "stats/metrics.h"
#include "store/store_metrics.h"

enum rc
page_metrics_show(struct page *pg, struct err *e)
{
	struct strlist running = { 0 };
	struct metrics_source src = { .store = pg->set->intake.store,
		.clock = pg->set->intake.clock,
		.overdue_after_ms = pg->set->overdue_after_ms,
		.drain_seen_ms = pg->set->drain_seen_ms,
		.version = PACKAGE_VERSION };
	enum rc rc;

	pg->resp->content_type = METRICS_CONTENT_TYPE;
	if (pg->set->drains(pg->set->drains_arg, &running))
		src.running = &running;
	rc = metrics_format(&src, &pg->resp->body, e);
	strlist_fini(&running);
	return rc;
}
