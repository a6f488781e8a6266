#include "config.h"

#include "front/page.h"

enum rc
page_me_show(struct page *pg, struct err *e)
{
	struct js_writer w;

	(void)e;
	page_json_begin(pg, &w);
	js_str(&w, "name", pg->who.name);
	js_str(&w, "role", token_role_name(pg->who.role));
	js_time(&w, "expires_at", pg->who.expires_ms);
	page_json_end(pg, &w);
	return RC_OK;
}
