#include "config.h"

#include "base/clock.h"
#include "core/source.h"
#include "front/page.h"
#include "stats/posts.h"
#include "store/store_metrics.h"

static enum rc
read_figures(struct page *pg, struct store_metrics *m, struct err *e)
{
	const struct intake *in = &pg->set->intake;

	return store_metrics(in->store, clock_wall_ms(in->clock), m, e);
}

enum rc
page_sources_list(struct page *pg, struct err *e)
{
	const struct sources *l = pg->set->intake.sources;
	struct store_metrics m;
	struct js_writer w;
	enum rc rc;
	size_t i;

	rc = read_figures(pg, &m, e);
	if (rc != RC_OK)
		return rc;
	page_json_begin(pg, &w);
	js_open_array(&w, "sources");
	for (i = 0; i < l->n; i++)
		posts_format(&l->v[i], pg->set->base_path, &m, &w);
	js_close_array(&w);
	page_json_end(pg, &w);
	store_metrics_free(&m);
	return RC_OK;
}

enum rc
page_sources_show(struct page *pg, struct err *e)
{
	const struct source *src;
	struct store_metrics m;
	struct js_writer w;
	enum rc rc;

	src = source_find(pg->set->intake.sources, pg->arg);
	if (src == NULL)
		return err_set(e, RC_NOTFOUND, "no source has this name");
	rc = read_figures(pg, &m, e);
	if (rc != RC_OK)
		return rc;
	pg->resp->status = 200;
	pg->resp->content_type = "application/json";
	js_writer_init(&w, &pg->resp->body);
	posts_format(src, pg->set->base_path, &m, &w);
	buf_add_str(&pg->resp->body, "\n");
	store_metrics_free(&m);
	return RC_OK;
}
