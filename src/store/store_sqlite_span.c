#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "store/store_sqlite_int.h"
#include "store/store_sqlite_span.h"

/*
 * An index of every event by type, repository and source would be three more
 * pages in the log of each transaction of intake.  Instead event_span says
 * which spans of SPAN ids hold an event of each, and a list looks through
 * those spans.  A row is put with the first event of its kind in a span; what
 * this process has put is known in memory until the next span begins, so most
 * events put nothing and look for nothing.
 */
#define SPAN 64 /* as in the statements and in the table's migration */
#define KNOWN_MAX (SPAN * LITE_FAMILIES)

struct lite_spans {
	int64_t span;
	size_t n;
	struct {
		enum lite_family family;
		char *key;
	} known[KNOWN_MAX];
};

struct lite_spans *
lite_spans_new(void)
{
	return xcalloc(1, sizeof(struct lite_spans));
}

static void
clear(struct lite_spans *s)
{
	while (s->n > 0)
		free(s->known[--s->n].key);
}

void
lite_spans_free(struct lite_spans *s)
{
	if (s == NULL)
		return;
	clear(s);
	free(s);
}

void
lite_spans_forget(struct lite_tx *tx)
{
	clear(tx->spans);
}

static bool
is_known(const struct lite_spans *s, enum lite_family family, const char *key)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->known[i].family == family &&
		    strcmp(s->known[i].key, key) == 0)
			return true;
	return false;
}

static enum rc
put(struct lite_tx *tx, enum lite_family family, const char *key, struct err *e)
{
	struct lite_spans *s = tx->spans;
	struct sqlite3_stmt *st;
	enum rc rc;

	if (is_known(s, family, key))
		return RC_OK;
	st = lite_stmt(tx->conn, LITE_SPAN_PUT);
	lite_int(st, 1, family);
	lite_text(st, 2, key);
	lite_int(st, 3, s->span);
	rc = lite_run(tx->conn, st, e);
	if (rc != RC_OK || s->n == KNOWN_MAX)
		return rc;
	s->known[s->n].family = family;
	s->known[s->n++].key = xstrdup(key);
	return RC_OK;
}

enum rc
lite_span_put(struct lite_tx *tx, int64_t id, const struct event *ev,
    struct err *e)
{
	enum rc rc;

	if (tx->spans->span != id / SPAN)
		clear(tx->spans);
	tx->spans->span = id / SPAN;
	rc = put(tx, LITE_FAMILY_TYPE, ev->type, e);
	if (rc == RC_OK)
		rc = put(tx, LITE_FAMILY_REPOSITORY, ev->repository, e);
	return rc == RC_OK ? put(tx, LITE_FAMILY_SOURCE, ev->source, e) : rc;
}
