#include "config.h"

#include "core/source.h"
#include "front/page.h"
#include "stats/posts.h"
#include "store/store_metrics.h"

/* The page's place in the list, which is in the order of the settings; the
 * cursor is the name of the last source of the page before. */
static bool
read_place(struct page *pg, const struct sources *l, size_t *first, size_t *end)
{
	struct page_query q = { .pg = pg };
	char cursor[SOURCE_NAME_MAX + 1];
	const struct source *last;
	size_t limit;

	page_query_text(&q, "cursor", cursor, sizeof(cursor));
	limit = page_query_limit(&q, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX);
	*first = 0;
	if (cursor[0] != '\0') {
		last = source_find(l, cursor);
		if (last == NULL)
			q.wrong = "cursor";
		else
			*first = (size_t)(last - l->v) + 1;
	}
	*end = l->n - *first > limit ? *first + limit : l->n;
	return page_query_is_good(&q);
}

enum rc
page_sources_list(struct page *pg, struct err *e)
{
	const struct sources *l = pg->set->intake.sources;
	struct store_metrics m;
	struct js_writer w;
	size_t i, end;
	enum rc rc;

	if (!read_place(pg, l, &i, &end))
		return RC_OK;
	rc = store_figures(pg->set->intake.store, &m, e);
	if (rc != RC_OK)
		return rc;
	page_json_begin(pg, &w);
	js_open_array(&w, "sources");
	for (; i < end; i++)
		posts_format(&l->v[i], pg->set->base_path, &m, &w);
	js_close_array(&w);
	js_str(&w, "next_cursor", end < l->n ? l->v[end - 1].name : NULL);
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
	rc = store_figures(pg->set->intake.store, &m, e);
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
