#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/js.h"
#include "base/units.h"
#include "base/xalloc.h"
#include "cmd/ctl.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_text.h"
#include "store/store_admin.h"

static const struct ctl_option options[] = {
	{ .name = "rows",
	    .arg = "N",
	    .doc = "the maximum number of rows (default: 1000)" },
	{ .name = "time",
	    .arg = "DURATION",
	    .doc = "the time limit of the statement (default: 5s)" },
	{ .name = NULL },
};

struct answer {
	struct ctl *ctl;
	struct js_writer w;
	struct ctl_table table;
	struct ctl_column *columns;
	char **names;
	size_t n;
	size_t rows, max_rows;
	bool more; /* than max_rows */
};

/* A statement names its columns as it likes ("SELECT 1 AS '<ESC>[2J'"). */
static char *
title(const char *name)
{
	struct buf clean;
	size_t n;

	buf_init(&clean, 12 * strlen(name) + 1);
	ctl_text_clean(&clean, name, strlen(name));
	return buf_take(&clean, &n);
}

static void
take_names(struct answer *a, size_t n, const struct store_cell *cells)
{
	size_t i;

	a->n = n;
	a->names = xcalloc(n + 1, sizeof(*a->names));
	a->columns = xcalloc(n + 1, sizeof(*a->columns));
	for (i = 0; i < n; i++) {
		a->names[i] =
		    title(cells[i].text == NULL ? "?" : cells[i].text);
		a->columns[i].title = a->names[i];
	}
	if (!a->ctl->json && n > 0 && n <= CTL_TABLE_COLUMNS_MAX)
		ctl_table_init(&a->table, a->columns, n);
}

static void
put_value(struct js_writer *w, const char *name, const struct store_cell *v)
{
	if (v->text != NULL && v->is_number)
		js_raw(w, name, v->text, strlen(v->text));
	else
		js_str(w, name, v->text);
}

/* An array of objects: numbers, texts or null. */
static int
take_row(void *arg, bool header, size_t n, const struct store_cell *cells)
{
	struct answer *a;
	size_t i;

	a = arg;
	if (header) {
		take_names(a, n, cells);
		return 0;
	}
	if (a->rows == a->max_rows) {
		a->more = true;
		return 1;
	}
	a->rows++;
	if (a->ctl->json)
		js_open_object(&a->w, NULL);
	for (i = 0; i < n && i < a->n; i++) {
		if (a->ctl->json)
			put_value(&a->w, a->names[i], &cells[i]);
		else if (a->table.columns != NULL)
			ctl_table_put(&a->table, cells[i].text);
	}
	if (a->ctl->json)
		js_close_object(&a->w);
	return buf_is_over(&a->ctl->out) ? 1 : 0;
}

static enum rc
read_limits(struct ctl *c, int64_t *rows, int64_t *limit_ms, struct err *e)
{
	const char *text;
	enum rc rc;

	*rows = 1000;
	*limit_ms = 5000;
	text = ctl_option_find(c, "time");
	if (text != NULL) {
		rc = ctl_duration(c, "time", text, limit_ms, e);
		if (rc != RC_OK)
			return rc;
	}
	if (*limit_ms < 1 || *limit_ms > 3600 * 1000)
		return ctl_usage(c, e,
		    "--time takes a duration of an hour at most.");
	return ctl_number(c, "rows", 1, 10000000, rows, e);
}

static enum rc
run_sql(struct ctl *c, struct err *e)
{
	int64_t rows, limit_ms;
	struct answer a;
	enum rc rc;
	size_t i;

	if ((rc = read_limits(c, &rows, &limit_ms, e)) != RC_OK)
		return rc;
	memset(&a, 0, sizeof(a));
	a.ctl = c;
	a.max_rows = (size_t)rows;
	js_writer_init(&a.w, &c->out);
	if (c->json)
		js_open_array(&a.w, NULL);
	/* One more than asked for tells whether there are more. */
	rc = store_sql(c->app.store, c->args[0], (size_t)rows + 1, limit_ms,
	    take_row, &a, e);
	if (c->json) {
		js_close_array(&a.w);
		buf_add_str(&c->out, "\n");
	} else if (a.table.columns != NULL) {
		ctl_put_table(c, &a.table, "No rows.");
	} else if (rc == RC_OK) {
		rc = err_set(e, RC_TOOBIG,
		    "More than %d columns do not make a table; --json "
		    "prints them.",
		    CTL_TABLE_COLUMNS_MAX);
	}
	if (rc != RC_OK)
		buf_clear(&c->out);
	else if (a.more)
		fprintf(stderr,
		    "hlsctl: There are more than %zu rows; --rows N shows "
		    "more of them.\n",
		    a.rows);
	for (i = 0; i < a.n; i++)
		free(a.names[i]);
	free(a.names);
	free(a.columns);
	return rc;
}

static const struct ctl_cmd cmds[] = {
	{ .verb = "",
	    .args = "STATEMENT",
	    .min_args = 1,
	    .max_args = 1,
	    .options = options,
	    .needs = CTL_CONF | CTL_STORE,
	    .run = run_sql,
	    .doc = "Runs one SELECT, while programs run; hlsctl(8) has the "
		   "views and their columns under SQL VIEWS." },
};

const struct ctl_noun ctl_sql = { "sql",
	"read the store with one SQL statement", cmds, 1 };
