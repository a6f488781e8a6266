#include "config.h"

#include "base/clock.h"
#include "front/page.h"

void
page_bulk_begin(const struct page *pg, struct page_bulk *b)
{
	b->lingers = page_linger(pg);
	b->until_ms = clock_boot_ms(pg->set->intake.clock) +
	    (b->lingers ? page_wait_ms(pg) / 2 : 0);
}

void
page_bulk_end(const struct page_bulk *b)
{
	if (b->lingers)
		page_linger_end();
}

void
page_bulk_tell(struct page *pg, struct js_writer *w, bool dry_run,
    const char *name, int64_t n)
{
	page_json_begin(pg, w);
	pg->resp->status = dry_run ? 200 : 202;
	js_int(w, name, n);
}
