#include "config.h"

#include "front/page.h"
#include "stats/stats.h"

enum rc
page_stats_show(struct page *pg, struct err *e)
{
	const struct stats_source src = { pg->set->intake.store,
		pg->set->intake.clock, pg->set->overdue_after_ms,
		pg->set->started_ms };
	enum rc rc;

	rc = stats_format(&src, &pg->resp->body, e);
	pg->resp->content_type = "application/json";
	return rc;
}
