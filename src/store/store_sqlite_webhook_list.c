#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/strlist.h"
#include "base/xalloc.h"
#include "core/match.h"
#include "core/webhook.h"
#include "store/store_sqlite_int.h"

/*
 * Lists of webhooks.  Each condition of a filter has an index, in which the ids
 * of the webhooks that it takes are in order.  As for events, the list walks the
 * indexes together: it goes to the next id of each condition in turn until all
 * of them name the same webhook.
 */
#define LOOKS_MAX 5000 /* into an index, before a page ends with a cursor */
#define CONDITIONS 3

struct condition {
	enum lite_stmt stmt;
	const char *text;
	int64_t number, number2; /* where text is NULL */
};

struct walk {
	struct condition by[CONDITIONS];
	size_t n;
	char *event; /* the patterns, for the condition's text */
	char *at;    /* ids below this one were judged */
	bool is_id;  /* at is the id of a webhook */
	char *past;  /* the last id that was judged, or the cursor */
	bool is_bounded;
	size_t looks; /* that are left */
	bool is_over; /* there is no further webhook */
};

static void
add(struct walk *k, enum lite_stmt stmt, const char *text, int64_t number,
    int64_t number2)
{
	k->by[k->n++] = (struct condition){ stmt, text, number, number2 };
}

static char *
patterns_text(const char *event)
{
	struct strlist l = { 0 };
	char *text;

	match_wanting(event, &l);
	text = lite_strlist_text(&l);
	strlist_fini(&l);
	return text;
}

/* Without the key whatever is sealed is unavailable, and no index knows it. */
static void
walk_init(struct walk *k, const struct store_webhook_filter *f, bool has_key)
{
	int health =
	    f->health == WEBHOOK_UNAVAILABLE && !has_key ? -1 : f->health;

	memset(k, 0, sizeof(*k));
	k->is_bounded = f->limit > 0;
	k->looks = LOOKS_MAX;
	k->past = xstrdup(f->after != NULL ? f->after : "");
	/* No character of an id is below this one. */
	k->at = xasprintf("%s\001", k->past);
	if (f->team != NULL)
		add(k, LITE_WEBHOOK_OF_TEAM, f->team, 0, 0);
	if (f->event != NULL) {
		k->event = patterns_text(f->event);
		add(k, LITE_WEBHOOK_OF_EVENT, k->event, 0, 0);
	}
	if (health != -1 && f->enabled != -1)
		add(k, LITE_WEBHOOK_OF_BOTH, NULL, health, f->enabled);
	else if (health != -1)
		add(k, LITE_WEBHOOK_OF_HEALTH, NULL, health, 0);
	else if (f->enabled != -1)
		add(k, LITE_WEBHOOK_ENABLED, NULL, f->enabled, 0);
}

static void
walk_fini(struct walk *k)
{
	free(k->event);
	free(k->at);
	free(k->past);
}

/* The first id of a condition that is not below at; NULL: none. */
static enum rc
seek(struct lite_conn *c, const struct condition *by, const char *at, char **id,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, by->stmt);
	bool row;
	enum rc rc;

	*id = NULL;
	lite_text(st, 1, at);
	if (by->text != NULL) {
		lite_text(st, 2, by->text);
	} else {
		lite_int(st, 2, by->number);
		if (by->stmt == LITE_WEBHOOK_OF_BOTH)
			lite_int(st, 3, by->number2);
	}
	rc = lite_step(c, st, &row, e);
	if (rc == RC_OK && row) {
		*id = lite_col_text(st, 0);
		lite_reset(st);
	}
	return rc;
}

/* The webhook at hand was judged. */
static void
leave(struct walk *k)
{
	if (!k->is_id)
		return;
	free(k->past);
	k->past = k->at;
	k->at = xasprintf("%s\001", k->past);
	k->is_id = false;
}

/* Goes to the next webhook that all conditions take.  *found is false at the
 * end, and where no look is left. */
static enum rc
go_on(struct lite_conn *c, struct walk *k, bool *found, struct err *e)
{
	size_t agreed = 0, i = 0;
	char *id;
	enum rc rc;

	*found = false;
	leave(k);
	while (agreed < k->n) {
		if (k->is_bounded && k->looks == 0)
			return RC_OK;
		k->looks--;
		rc = seek(c, &k->by[i], k->at, &id, e);
		if (rc != RC_OK || id == NULL) {
			k->is_over = true;
			return rc;
		}
		i = (i + 1) % k->n;
		if (strcmp(id, k->at) == 0) {
			free(id);
			agreed++;
			continue;
		}
		leave(k);
		free(k->at);
		k->at = id;
		k->is_id = true;
		agreed = 1;
	}
	*found = true;
	return RC_OK;
}

static bool
is_listed(const struct store_webhook_filter *f, const struct webhook *w)
{
	if (f->team != NULL &&
	    (w->team == NULL || strcasecmp(w->team, f->team) != 0))
		return false;
	if (f->enabled != -1 && w->enabled != (f->enabled != 0))
		return false;
	return f->health == -1 || (int)w->health == f->health;
}

static bool
is_full(const struct store_webhook_filter *f, const struct store_webhooks *out,
    size_t more)
{
	if (f->limit > 0 && out->n == f->limit)
		return true;
	return f->size_max > 0 && out->n > 0 && out->size + more > f->size_max;
}

/* Takes w.  False: the page was full, and there is more. */
static bool
list(const struct store_webhook_filter *f, struct webhook *w,
    struct store_webhooks *out)
{
	size_t size = webhook_size(w);

	if (!is_listed(f, w)) {
		webhook_free(w);
		return true;
	}
	if (is_full(f, out, size)) {
		out->next = xstrdup(out->v[out->n - 1]->id);
		webhook_free(w);
		return false;
	}
	if (out->n % 64 == 0)
		out->v = xreallocarray(out->v, out->n + 64,
		    sizeof(struct webhook *));
	out->v[out->n++] = w;
	out->size += size;
	return true;
}

static enum rc
list_by(struct lite *l, struct lite_conn *c,
    const struct store_webhook_filter *f, struct walk *k,
    struct store_webhooks *out, struct err *e)
{
	struct webhook *w;
	bool found;
	enum rc rc;

	do {
		rc = go_on(c, k, &found, e);
		if (rc == RC_OK && !found && !k->is_over)
			out->next = xstrdup(k->past);
		if (rc != RC_OK || !found)
			return rc;
		rc = lite_webhook_read(l, c, k->at, &w, e);
	} while (rc == RC_OK && list(f, w, out));
	return rc;
}

/* In the order of the ids. */
static enum rc
list_all(struct lite *l, struct lite_conn *c,
    const struct store_webhook_filter *f, struct store_webhooks *out,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_WEBHOOK_LIST);
	struct webhook *w;
	bool row;
	enum rc rc;

	lite_text(st, 1, f->after != NULL ? f->after : "");
	do {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		rc = lite_webhook_of_row(l, c, st, &w, e);
	} while (rc == RC_OK && list(f, w, out));
	lite_reset(st);
	return rc;
}

enum rc
lite_webhook_list(void *impl, const struct store_webhook_filter *f,
    struct store_webhooks *out, struct err *e)
{
	struct lite *l = impl;
	enum rc rc, has_key = RC_OK;
	struct lite_conn *c;
	struct err ignored;
	struct walk k;

	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	rc = lite_run_stmt(c, LITE_BEGIN_READ, e);
	if (rc == RC_OK)
		rc = lite_key_settle(l, c, &has_key, e);
	walk_init(&k, f, has_key == RC_OK);
	if (rc == RC_OK && k.n > 0)
		rc = list_by(l, c, f, &k, out, e);
	else if (rc == RC_OK)
		rc = list_all(l, c, f, out, e);
	walk_fini(&k);
	(void)lite_run_stmt(c, LITE_COMMIT, &ignored);
	lite_reader_give(l, c);
	if (rc != RC_OK)
		store_webhooks_free(out);
	return rc;
}
