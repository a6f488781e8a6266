#include "config.h"

#include <stdio.h>

#include "core/token.h"
#include "front/budget.h"
#include "front/page.h"
#include "stats/passed.h"
#include "stats/show.h"
#include "store/store_read.h"

struct judged {
	struct page *pg;
	struct js_writer *w;
	bool with_found;
	size_t held; /* of the memory that all requests share */
};

/* The bytes, and as many again for the JSON that a form holds. */
static enum rc
read_body(void *arg, const struct event *ev, char **body, size_t *n,
    struct err *e)
{
	struct judged *j = arg;
	struct page *pg = j->pg;
	size_t all = budget_size(pg->bodies), want = 2 * ev->bodysz;
	enum rc rc;

	*body = NULL;
	*n = 0;
	want = want < all ? want : all;
	rc = budget_take(pg->bodies, want, page_wait_ms(pg), e);
	if (rc != RC_OK)
		return rc;
	j->held += want;
	return store_payload(pg->set->intake.store, ev->id, body, n, e);
}

static void
put_one(void *arg, const struct webhook *hook, const struct judge_verdict *v)
{
	struct judged *j = arg;

	passed_format(j->w, hook, v, j->with_found);
}

/* The list under name, and the cursor of the rest under next. */
static enum rc
write_list(struct page *pg, struct js_writer *w, struct passed_want *want,
    const char *name, const char *next, struct err *e)
{
	struct judged j = { pg, w, token_role_may(pg->who.role, TOKEN_OPERATE),
		0 };
	enum rc rc;

	want->store = pg->set->intake.store;
	want->bodies.read = read_body;
	want->bodies.arg = &j;
	js_open_array(w, name);
	rc = passed_page(want, put_one, &j, e);
	js_close_array(w);
	js_str(w, next, want->after[0] == '\0' ? NULL : want->after);
	budget_give(pg->bodies, j.held);
	return rc;
}

enum rc
page_passed_now(struct page *pg, struct js_writer *w, const struct event *ev,
    struct err *e)
{
	struct passed_want want = { .ev = ev, .limit = PAGE_LIMIT_MAX };

	return write_list(pg, w, &want, "passed_by_now",
	    "passed_by_next_cursor", e);
}

enum rc
page_passed_list(struct page *pg, struct err *e)
{
	struct page_query q = { .pg = pg };
	struct passed_want want = { .limit = 0 };
	struct js_writer w;
	struct event *ev;
	int64_t id;
	enum rc rc;

	page_query_text(&q, "cursor", want.after, sizeof(want.after));
	want.limit = page_query_limit(&q, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX);
	if (want.after[0] != '\0' && !webhook_id_is_valid(want.after))
		q.wrong = "cursor";
	if (!page_query_is_good(&q))
		return RC_OK;
	rc = page_event_resolve(pg, &id, e);
	if (rc == RC_OK)
		rc = store_event_find(pg->set->intake.store, id, &ev, e);
	if (rc != RC_OK)
		return rc;
	want.ev = ev;
	page_json_begin(pg, &w);
	show_passed(&w, ev);
	rc = write_list(pg, &w, &want, "webhooks", "next_cursor", e);
	page_json_end(pg, &w);
	event_free(ev);
	return rc;
}
