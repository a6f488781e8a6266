#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "core/webhook.h"
#include "front/budget.h"
#include "front/page.h"
#include "store/store_admin.h"
#include "store/store_read.h"

/*
 * Lists of webhooks.  A webhook may take 200 KB of memory, as it may have 32
 * headers of 4 KiB, and 60 KB of an answer.  So a page ends where its webhooks
 * are large, and a whole list is read in such pieces.  A whole list that is
 * longer than a page is measured before its memory is taken: a request that
 * waits for memory holds none.
 */
#define PIECE (1u << 20) /* bytes of webhooks that are read at a time */
#define HOLD (3 * PIECE) /* for a piece and what is written of it */
#define LARGE (1u << 20) /* bytes of a whole list that has to be measured */
#define HELD_ROOM 64     /* bytes by which the figures of held differ */

struct listing {
	struct page *pg;
	struct store_webhook_filter filter;
	char after[WEBHOOK_ID_MAX + 1]; /* of the filter */
	struct buf *out;
	bool is_measured; /* out is emptied after each webhook */
	size_t n, size;   /* webhooks that were written, and bytes */
};

static void
write_one(struct listing *l, const struct webhook *hook,
    const struct store_held *held)
{
	const struct registry r = page_registry(l->pg);
	const struct registry_beside beside = { held, NULL };
	size_t before = l->out->len;

	if (l->n > 0)
		buf_add_str(l->out, ",");
	registry_format(&r, hook, false, &beside, l->out);
	l->n++;
	l->size += l->out->len - before;
	if (l->is_measured)
		buf_clear(l->out);
}

/* The deliveries that wait behind dead ones are counted for all at once. */
static enum rc
write_hooks(struct listing *l, const struct store_webhooks *hooks,
    struct err *e)
{
	struct store_held held[PAGE_LIMIT_MAX];
	const char *ids[PAGE_LIMIT_MAX];
	enum rc rc = RC_OK;
	size_t i;

	memset(held, 0, sizeof(held));
	for (i = 0; i < hooks->n; i++)
		ids[i] = hooks->v[i]->id;
	if (!l->is_measured)
		rc = store_held_page(l->pg->set->registry.store, ids, hooks->n,
		    held, e);
	for (i = 0; rc == RC_OK && i < hooks->n; i++)
		write_one(l, hooks->v[i], &held[i]);
	return rc;
}

/* The next piece; l->after is "" after the last one. */
static enum rc
write_piece(struct listing *l, struct err *e)
{
	struct store_webhooks hooks;
	enum rc rc;

	l->filter.after = l->after[0] == '\0' ? NULL : l->after;
	l->filter.size_max = PIECE;
	rc = store_webhook_list(l->pg->set->registry.store, &l->filter, &hooks,
	    e);
	if (rc != RC_OK)
		return rc;
	rc = write_hooks(l, &hooks, e);
	(void)snprintf(l->after, sizeof(l->after), "%s",
	    hooks.next == NULL ? "" : hooks.next);
	store_webhooks_free(&hooks);
	return rc;
}

/* Pieces up to the end, or until more than max bytes were written. */
static enum rc
write_pieces(struct listing *l, size_t max, struct err *e)
{
	enum rc rc;

	do
		rc = write_piece(l, e);
	while (rc == RC_OK && l->after[0] != '\0' && l->size <= max);
	return rc;
}

static enum rc
write_answer(struct listing *l, size_t max, struct err *e)
{
	struct js_writer w;
	enum rc rc;

	page_json_begin(l->pg, &w);
	js_open_array(&w, "webhooks");
	rc = max == 0 ? write_piece(l, e) : write_pieces(l, max, e);
	js_close_array(&w);
	js_str(&w, "next_cursor", l->after[0] == '\0' ? NULL : l->after);
	page_json_end(l->pg, &w);
	return rc;
}

static enum rc
measure(struct listing *l, size_t *size, struct err *e)
{
	struct buf row;
	struct listing m = *l;
	enum rc rc;

	buf_init(&row, PIECE);
	m.out = &row;
	m.is_measured = true;
	rc = write_pieces(&m, SIZE_MAX, e);
	*size = m.size + m.n * HELD_ROOM;
	buf_fini(&row);
	return rc;
}

/* Without the memory for a page. */
static enum rc
write_long(struct listing *l, size_t size, struct err *e)
{
	struct page *pg = l->pg;
	enum rc rc;

	buf_fini(&pg->resp->body);
	page_let_go(pg);
	rc = page_hold(pg, HOLD + size, e);
	/* Room for all of it, so that it never grows by copies. */
	if (rc != RC_OK || buf_room(&pg->resp->body, size + HOLD) == NULL)
		return rc;
	return write_answer(l, SIZE_MAX, e);
}

static enum rc
write_all(struct listing *l, struct err *e)
{
	const struct listing start = *l;
	size_t size;
	enum rc rc;

	l->filter.limit = PAGE_LIMIT_MAX;
	rc = write_answer(l, LARGE, e);
	if (rc != RC_OK || l->after[0] == '\0')
		return rc;
	*l = start;
	l->filter.limit = PAGE_LIMIT_MAX;
	rc = measure(l, &size, e);
	return rc == RC_OK ? write_long(l, size, e) : rc;
}

static int
parse_health(struct page_query *q, const char *name)
{
	enum webhook_health health;
	char text[32];

	page_query_text(q, name, text, sizeof(text));
	if (text[0] == '\0')
		return -1;
	if (webhook_health_parse(text, &health))
		return (int)health;
	q->wrong = name;
	return -1;
}

static enum rc
list(struct page *pg, size_t fallback, struct err *e)
{
	char team[256], event[256];
	struct page_query q = { .pg = pg };
	struct listing l = { .pg = pg, .out = &pg->resp->body };
	enum rc rc;

	page_query_text(&q, "team", team, sizeof(team));
	page_query_text(&q, "event", event, sizeof(event));
	page_query_text(&q, "cursor", l.after, sizeof(l.after));
	l.filter.enabled = page_query_flag(&q, "enabled");
	l.filter.health = parse_health(&q, "health");
	l.filter.limit = page_query_limit(&q, fallback, PAGE_LIMIT_MAX);
	if (l.after[0] != '\0' && !webhook_id_is_valid(l.after))
		q.wrong = "cursor";
	if (!page_query_is_good(&q))
		return RC_OK;
	l.filter.team = team[0] == '\0' ? NULL : team;
	l.filter.event = event[0] == '\0' ? NULL : event;
	rc = page_hold(pg, HOLD, e);
	if (rc != RC_OK)
		return rc;
	return l.filter.limit > 0 ? write_answer(&l, 0, e) : write_all(&l, e);
}

enum rc
page_webhooks_list(struct page *pg, struct err *e)
{
	return list(pg, PAGE_LIMIT_DEFAULT, e);
}

enum rc
page_webhooks_list_all(struct page *pg, struct err *e)
{
	return list(pg, 0, e);
}
