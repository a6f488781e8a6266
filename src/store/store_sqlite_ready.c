#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "store/store_sqlite_ready.h"

/* Columns of the statement: those of a target, then when it is ready. */
#define NAME_OF(st) (lite_col_str(st, 2))
#define AT_MS_OF(st) lite_col_int(st, LITE_TARGET_COLUMNS)

static int
compare_names(const void *key, const void *entry)
{
	return strcmp(key, *(const char *const *)entry);
}

bool
lite_is_wanted(const struct store_lease_want *want, enum store_kind kind,
    const char *name)
{
	if ((unsigned int)kind >= STORE_KINDS || !store_wants_kind(want, kind))
		return false;
	if (want->nskip == 0)
		return !want->only;
	return want->only ==
	    (bsearch(name, want->skip, want->nskip, sizeof(want->skip[0]),
		 compare_names) != NULL);
}

/* Inserts the row in order; the last row is dropped when v is full. */
static void
put(struct lite_ready *v, size_t *n, struct sqlite3_stmt *st)
{
	int64_t at_ms = AT_MS_OF(st);
	size_t at = *n;

	if (*n < LITE_READY_MAX)
		++*n;
	else
		lite_target_fini(&v[--at].target);
	for (; at > 0 && v[at - 1].at_ms > at_ms; at--)
		v[at] = v[at - 1];
	lite_target_of_row(st, 0, &v[at].target);
	v[at].at_ms = at_ms;
}

static enum rc
find_kind(struct lite_conn *c, const struct store_lease_want *want,
    enum store_kind kind, int64_t now_ms, struct lite_ready *v, size_t *n,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_TARGET_READY);
	size_t found = 0;
	bool row = true;
	enum rc rc = RC_OK;

	lite_int(st, 1, kind);
	while (found < LITE_READY_MAX) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row || AT_MS_OF(st) > now_ms)
			break;
		/* Those that are found already wait longer. */
		if (*n == LITE_READY_MAX && AT_MS_OF(st) >= v[*n - 1].at_ms)
			break;
		if (!lite_is_wanted(want, kind, NAME_OF(st)))
			continue;
		put(v, n, st);
		found++;
	}
	lite_reset(st);
	return rc;
}

enum rc
lite_ready_find(struct lite_conn *c, const struct store_lease_want *want,
    int64_t now_ms, struct lite_ready v[LITE_READY_MAX], size_t *n,
    struct err *e)
{
	enum rc rc = RC_OK;
	int k;

	*n = 0;
	for (k = 0; rc == RC_OK && k < STORE_KINDS; k++)
		if (store_wants_kind(want, (enum store_kind)k))
			rc = find_kind(c, want, (enum store_kind)k, now_ms, v,
			    n, e);
	return rc;
}

static enum rc
peek_kind(struct lite_conn *c, const struct store_lease_want *want,
    enum store_kind kind, int64_t *due_ms, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_TARGET_READY);
	bool row;
	enum rc rc;

	lite_int(st, 1, kind);
	for (;;) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row || AT_MS_OF(st) >= *due_ms)
			break;
		if (lite_is_wanted(want, kind, NAME_OF(st)))
			*due_ms = AT_MS_OF(st);
	}
	lite_reset(st);
	return rc;
}

enum rc
lite_ready_peek(struct lite *l, const struct store_lease_want *want,
    int64_t *due_ms, struct err *e)
{
	struct lite_conn *c;
	enum rc rc;
	int k;

	*due_ms = LITE_FAR;
	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	for (k = 0; rc == RC_OK && k < STORE_KINDS; k++)
		if (store_wants_kind(want, (enum store_kind)k))
			rc = peek_kind(c, want, (enum store_kind)k, due_ms, e);
	lite_reader_give(l, c);
	return rc;
}
