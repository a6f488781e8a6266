#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "store/store_sqlite_int.h"
#include "store/store_sqlite_seen.h"

/*
 * The events of one delivery id.  An index of all events by their ids would
 * be written at a random page with each post; delivery_seen is such an index
 * already.  It names the last event of an id of a source, and column earlier
 * of an event leads to the one before.  Not in it are events under a second
 * key, which have an index of their own, and the latest events, whose rows may
 * not be in the tree yet and which are looked through.
 */
struct same {
	struct lite_conn *c;
	const char *delivery_id;
	const char *source; /* NULL: any */
	int64_t before;     /* ids from here on are not wanted */
	size_t most;        /* the highest that are wanted, of each source */
	struct lite_ids *out;
	size_t cap;
};

static void
add(struct same *s, int64_t id)
{
	if (id >= s->before)
		return;
	if (s->out->n == s->cap) {
		s->cap = s->cap == 0 ? 16 : 2 * s->cap;
		s->out->v =
		    xreallocarray(s->out->v, s->cap, sizeof(*s->out->v));
	}
	s->out->v[s->out->n++] = id;
}

/* The event and those before it, whose ids go down. */
static enum rc
add_chain(struct same *s, int64_t id, struct err *e)
{
	size_t end = s->out->n + s->most;
	struct sqlite3_stmt *st;
	int64_t earlier;
	bool row;
	enum rc rc;

	while (id > 0 && s->out->n < end) {
		st = lite_stmt(s->c, LITE_EVENT_OF_ID);
		lite_int(st, 1, id);
		lite_text(st, 2, s->delivery_id);
		lite_text(st, 3, s->source);
		rc = lite_step(s->c, st, &row, e);
		if (rc != RC_OK || !row)
			return rc;
		earlier = lite_col_int(st, 0);
		if (lite_col_int(st, 1) != 0)
			add(s, id);
		lite_reset(st);
		id = earlier < id ? earlier : 0;
	}
	return RC_OK;
}

static enum rc
add_of_source(struct same *s, const char *source, struct err *e)
{
	static const uint8_t nothing[CRYPT_SHA256_SIZE];
	struct lite_sight at;
	struct lite_keys k;
	bool found;
	enum rc rc;

	lite_seen_keys(source, s->delivery_id, nothing, &k);
	rc = lite_seen_in_tree(s->c, &k, &at, &found, e);
	return rc == RC_OK && found ? add_chain(s, at.event, e) : rc;
}

static enum rc
add_of_sources(struct same *s, struct err *e)
{
	char *source = xstrdup(""), *next;
	struct sqlite3_stmt *st;
	bool row;
	enum rc rc;

	for (;;) {
		st = lite_stmt(s->c, LITE_EVENT_SOURCE_AFTER);
		lite_text(st, 1, source);
		rc = lite_step(s->c, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		next = lite_col_text(st, 0);
		lite_reset(st);
		free(source);
		source = next;
		if (source == NULL)
			break;
		rc = add_of_source(s, source, e);
		if (rc != RC_OK)
			break;
	}
	free(source);
	return rc;
}

/* The events that the statement finds.  Those before them are found by the
 * tree. */
static enum rc
add_found(struct same *s, struct sqlite3_stmt *st, struct err *e)
{
	struct lite_ids ids;
	enum rc rc = lite_ids(s->c, st, &ids, e);
	size_t i;

	for (i = 0; rc == RC_OK && i < ids.n; i++)
		add(s, ids.v[i]);
	lite_ids_fini(&ids);
	return rc;
}

static enum rc
add_others(struct same *s, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(s->c, LITE_EVENT_OF_ID_SECOND);
	int64_t upto;
	enum rc rc;

	lite_text(st, 1, s->delivery_id);
	lite_text(st, 2, s->source);
	rc = add_found(s, st, e);
	if (rc == RC_OK)
		rc = lite_seen_upto(s->c, &upto, e);
	if (rc != RC_OK)
		return rc;
	st = lite_stmt(s->c, LITE_EVENT_OF_ID_AFTER);
	lite_int(st, 1, upto);
	lite_text(st, 2, s->delivery_id);
	lite_text(st, 3, s->source);
	return add_found(s, st, e);
}

static int
descend(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? 1 : *x > *y ? -1 : 0;
}

static void
sort(struct lite_ids *ids)
{
	size_t i, n = 0;

	if (ids->n > 0)
		qsort(ids->v, ids->n, sizeof(*ids->v), descend);
	for (i = 0; i < ids->n; i++)
		if (n == 0 || ids->v[n - 1] != ids->v[i])
			ids->v[n++] = ids->v[i];
	ids->n = n;
}

enum rc
lite_events_of_id(struct lite_conn *c, const char *delivery_id,
    const char *source, int64_t before, size_t most, struct lite_ids *out,
    struct err *e)
{
	struct same s = { c, delivery_id, source, before, most, out, 0 };
	enum rc rc;

	memset(out, 0, sizeof(*out));
	rc = source == NULL ? add_of_sources(&s, e)
			    : add_of_source(&s, source, e);
	if (rc == RC_OK)
		rc = add_others(&s, e);
	if (rc == RC_OK)
		sort(out);
	else
		lite_ids_fini(out);
	return rc;
}
