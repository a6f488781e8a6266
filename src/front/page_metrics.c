#include "config.h"

#include "base/log.h"
#include "front/page.h"
#include "stats/metrics.h"
#include "store/store_metrics.h"

enum rc
page_metrics_show(struct page *pg, struct err *e)
{
	const struct metrics_source src = { .store = pg->set->intake.store,
		.clock = pg->set->intake.clock,
		.overdue_after_ms = pg->set->overdue_after_ms,
		.drain_seen_ms = pg->set->drain_seen_ms,
		.version = PACKAGE_VERSION };

	/* Who has which label is worth no failed scrape. */
	if (store_metrics_rank(src.store, e) != RC_OK)
		log_say(LOG_LEVEL_WARN,
		    "the labels of metrics were not updated: %s", e->text);
	pg->resp->content_type = METRICS_CONTENT_TYPE;
	return metrics_format(&src, &pg->resp->body, e);
}
