#include "config.h"

#include "store/store_sqlite_int.h"

/*
 * A list with several conditions walks their indexes together.  Each index
 * has the ids of the rows that one condition takes; the walk goes to the
 * next id of each in turn until all of them name the same row, so it takes
 * no more steps than the rarest condition has rows, times the conditions.
 */

static enum lite_stmt
stmt_of(const struct lite_pick *p, enum lite_stmt s)
{
	return p->up && s < LITE_EVENT_OF_TYPE_UP
	    ? s + (LITE_EVENT_OF_TYPE_UP - LITE_EVENT_OF_TYPE)
	    : s;
}

static enum rc
seek(struct lite_conn *c, const struct lite_pick *p,
    const struct lite_condition *by, int64_t from, int64_t *id, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, stmt_of(p, by->stmt));
	bool row;
	enum rc rc;

	*id = 0;
	lite_int(st, 1, from);
	if (by->text != NULL)
		lite_text(st, 2, by->text);
	else if (by->has_number)
		lite_int(st, 2, by->number);
	rc = lite_step(c, st, &row, e);
	if (rc == RC_OK && row) {
		*id = lite_col_int(st, 0);
		lite_reset(st);
	}
	return rc;
}

enum rc
lite_pick(struct lite_conn *c, struct lite_pick *p, int64_t *id, struct err *e)
{
	const int64_t next = p->up ? 1 : -1;
	int64_t at = p->before + next;
	size_t agreed = 0, i = 0;
	enum rc rc;

	while (agreed < p->n) {
		*id = 0;
		if (p->looks == 0)
			return RC_OK;
		p->looks--;
		rc = seek(c, p, &p->by[i], at, id, e);
		if (rc != RC_OK || *id == 0) {
			p->is_over = true;
			return rc;
		}
		agreed = *id == at ? agreed + 1 : 1;
		at = *id;
		p->before = at - next;
		i = (i + 1) % p->n;
	}
	p->before = at;
	return RC_OK;
}
