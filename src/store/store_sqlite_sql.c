#include "config.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "store/store_sqlite_int.h"

/*
 * A person's own statement.  It runs on a connection of its own, which an
 * authorizer keeps to reading.  What is sealed, or opens a door by itself,
 * reads as NULL; pragmas that set anything are not for it either.
 */

static const struct {
	const char *table;
	const char *column;
} hidden[] = {
	{ "webhook", "secret" },
	{ "webhook", "sign_key" },
	{ "webhook", "headers" },
	{ "old_secret", "secret" },
	{ "old_secret", "sign_key" },
	{ "token", "hash" },
};

static bool
is_hidden(const char *table, const char *column)
{
	size_t i;

	if (table == NULL || column == NULL)
		return false;
	for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (strcasecmp(table, hidden[i].table) == 0 &&
		    strcasecmp(column, hidden[i].column) == 0)
			return true;
	return false;
}

/* arg is a bool: whether a statement that writes may be compiled. */
static int
authorize(void *arg, int action, const char *a, const char *b,
    const char *database, const char *trigger)
{
	const bool *writes = arg;

	(void)database;
	(void)trigger;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_FUNCTION:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_READ:
		return is_hidden(a, b) ? SQLITE_IGNORE : SQLITE_OK;
	case SQLITE_PRAGMA:
		/* With a value it would set something. */
		return a != NULL && b == NULL ? SQLITE_OK : SQLITE_DENY;
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		return *writes ? SQLITE_OK : SQLITE_DENY;
	default:
		return SQLITE_DENY;
	}
}

static bool
is_blank(const char *s)
{
	while (*s == ';' || isspace((unsigned char)*s))
		s++;
	return *s == '\0';
}

/* The tables have other names than people look for. */
static enum rc
refuse(const char *why, struct err *e)
{
	bool is_name = strncmp(why, "no such table", 13) == 0 ||
	    strncmp(why, "no such column", 14) == 0;

	return err_set(e, RC_INVALID, "%.100s%s", why,
	    is_name ? "; hlsctl(8), SQL VIEWS, has the views and their "
		      "columns: webhook_events, webhooks, "
		      "alert_delivery_queue and others"
		    : "");
}

/* A write to a view does not compile, and the error of that names the commands
 * that make such changes.  Nothing is run. */
static enum rc
refuse_write(struct lite_conn *c, const char *sql, struct err *e)
{
	static const char lead[] = "no such table: main.";
	bool writes = true;
	struct sqlite3_stmt *st = NULL;
	const char *why;

	(void)sqlite3_set_authorizer(c->db, authorize, &writes);
	(void)sqlite3_prepare_v2(c->db, sql, -1, &st, NULL);
	(void)sqlite3_finalize(st);
	why = sqlite3_errmsg(c->db);
	if (strncmp(why, lead, sizeof(lead) - 1) == 0 &&
	    strstr(why, " is a view: hlsctl ") != NULL)
		return err_set(e, RC_INVALID, "%s", why + sizeof(lead) - 1);
	return err_set(e, RC_INVALID,
	    "only reading is allowed; hlsctl has commands for changes");
}

static enum rc
prepare(struct lite_conn *c, const char *sql, struct sqlite3_stmt **st,
    struct err *e)
{
	static bool no_writes = false;
	const char *rest = "";
	int code;

	*st = NULL;
	(void)sqlite3_set_authorizer(c->db, authorize, &no_writes);
	code = sqlite3_prepare_v2(c->db, sql, -1, st, &rest);
	if (code == SQLITE_AUTH)
		return refuse_write(c, sql, e);
	if (code != SQLITE_OK)
		return refuse(sqlite3_errmsg(c->db), e);
	if (*st == NULL)
		return err_set(e, RC_INVALID,
		    "give one SELECT; there is no statement");
	if (!is_blank(rest) || !sqlite3_stmt_readonly(*st)) {
		(void)sqlite3_finalize(*st);
		*st = NULL;
		return err_set(e, RC_INVALID, "give one SELECT");
	}
	return RC_OK;
}

/* The type is asked for first: reading the text may change it. */
static void
read_cell(struct sqlite3_stmt *st, int i, struct store_cell *out)
{
	int type = sqlite3_column_type(st, i);

	out->is_number = type == SQLITE_INTEGER ||
	    (type == SQLITE_FLOAT && isfinite(sqlite3_column_double(st, i)));
	out->text = (const char *)sqlite3_column_text(st, i);
}

static enum rc
give_rows(struct lite_conn *c, struct sqlite3_stmt *st, size_t max_rows,
    int (
	*row)(void *arg, bool header, size_t n, const struct store_cell *cells),
    void *arg, struct err *e)
{
	size_t i, n = (size_t)sqlite3_column_count(st), rows = 0;
	struct store_cell *cells = xcalloc(n + 1, sizeof(*cells));
	bool found = true;
	int stop;
	enum rc rc = RC_OK;

	for (i = 0; i < n; i++)
		cells[i].text = sqlite3_column_name(st, (int)i);
	stop = row(arg, true, n, cells);
	while (stop == 0 && rows++ < max_rows) {
		rc = lite_step(c, st, &found, e);
		if (rc != RC_OK || !found)
			break;
		for (i = 0; i < n; i++)
			read_cell(st, (int)i, &cells[i]);
		stop = row(arg, false, n, cells);
	}
	free(cells);
	return rc;
}

enum rc
lite_sql(void *impl, const char *sql, size_t max_rows, int64_t limit_ms,
    int (
	*row)(void *arg, bool header, size_t n, const struct store_cell *cells),
    void *arg, struct err *e)
{
	struct lite *l = impl;
	struct sqlite3_stmt *st;
	struct lite_conn c;
	enum rc rc;

	rc = lite_conn_open(l->path, LITE_READ, &c, e);
	if (rc != RC_OK)
		return rc;
	rc = prepare(&c, sql, &st, e);
	if (rc == RC_OK) {
		c.read_until_us = clock_tick_us() + limit_ms * 1000;
		rc = give_rows(&c, st, max_rows, row, arg, e);
		(void)sqlite3_finalize(st);
	}
	lite_conn_close(&c);
	return rc;
}
