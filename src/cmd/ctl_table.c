#include "config.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_text.h"
#include "cmd/ctl_when.h"

/* Between two columns. */
#define GAP 2
/* A column without a minimum of its own. */
#define LEAST 8
/* No cell is longer; the whole text is in --json. */
#define CELL_MAX 4096

void
ctl_table_init(struct ctl_table *t, const struct ctl_column *columns, size_t n)
{
	assert(n > 0 && n <= CTL_TABLE_COLUMNS_MAX);
	memset(t, 0, sizeof(*t));
	t->columns = columns;
	t->ncolumns = n;
}

void
ctl_table_fini(struct ctl_table *t)
{
	size_t i;

	for (i = 0; i < t->ncells; i++)
		free(t->cells[i]);
	free(t->cells);
	memset(t, 0, sizeof(*t));
}

void
ctl_table_put(struct ctl_table *t, const char *text)
{
	struct buf clean;
	size_t n;

	if (text == NULL)
		text = "-";
	n = strlen(text);
	buf_init(&clean, CELL_MAX * 8);
	ctl_text_clean(&clean, text, n > CELL_MAX ? CELL_MAX : n);
	if (t->ncells == t->room) {
		t->room = t->room == 0 ? 64 : t->room * 2;
		t->cells = xreallocarray(t->cells, t->room, sizeof(*t->cells));
	}
	t->cells[t->ncells++] = xstrdup(buf_str(&clean));
	buf_fini(&clean);
}

void
ctl_table_putf(struct ctl_table *t, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ctl_table_put(t, text);
}

void
ctl_table_put_time(struct ctl_table *t, int64_t wall_ms)
{
	char text[CTL_WHEN_SIZE];

	if (wall_ms == 0) {
		ctl_table_put(t, NULL);
		return;
	}
	ctl_when_format(wall_ms, false, text);
	ctl_table_put(t, text);
}

static size_t
total_width(const size_t *widths, size_t n)
{
	size_t i, total;

	for (i = total = 0; i < n; i++)
		if (widths[i] > 0)
			total += widths[i] + GAP;
	return total > 0 ? total - GAP : 0;
}

/* Takes cells from the widest column that may be cut until all fits; false:
 * none has anything left to give.  At last a column may lose its minimum. */
static bool
shrink(const struct ctl_table *t, size_t *widths, size_t width, bool at_last)
{
	const struct ctl_column *c;
	size_t i, least, widest;

	while (total_width(widths, t->ncolumns) > width) {
		widest = t->ncolumns;
		for (i = 0; i < t->ncolumns; i++) {
			c = &t->columns[i];
			least = at_last || c->least == 0 ? LEAST : c->least;
			if (c->keep || c->whole || widths[i] <= least)
				continue;
			if (widest == t->ncolumns || widths[i] > widths[widest])
				widest = i;
		}
		if (widest == t->ncolumns)
			return false;
		widths[widest]--;
	}
	return true;
}

/* The column to leave out next: of the highest rank, and among those the last;
 * ncolumns: none.  Without a rank only those go that cannot be cut. */
static size_t
least_wanted(const struct ctl_table *t, const size_t *widths, bool ranked)
{
	size_t i, found = t->ncolumns;

	for (i = 0; i < t->ncolumns; i++) {
		if (widths[i] == 0 || t->columns[i].keep ||
		    (ranked && t->columns[i].rank == 0))
			continue;
		if (found == t->ncolumns ||
		    t->columns[i].rank >= t->columns[found].rank)
			found = i;
	}
	return found;
}

/* A column that is left out has no width. */
static void
fit(const struct ctl_table *t, size_t *widths, size_t width)
{
	size_t tried[CTL_TABLE_COLUMNS_MAX];
	size_t i;

	for (;;) {
		memcpy(tried, widths, sizeof(*widths) * t->ncolumns);
		if (shrink(t, tried, width, false))
			break;
		i = least_wanted(t, widths, true);
		if (i == t->ncolumns) {
			memcpy(tried, widths, sizeof(*widths) * t->ncolumns);
			if (shrink(t, tried, width, true))
				break;
			i = least_wanted(t, widths, false);
		}
		if (i == t->ncolumns)
			break;
		widths[i] = 0;
	}
	memcpy(widths, tried, sizeof(*widths) * t->ncolumns);
}

static void
pad(struct buf *out, size_t n)
{
	for (; n > 0; n--)
		buf_add(out, " ", 1);
}

static void
format_row(const struct ctl_table *t, const char *const *cells,
    const size_t *widths, struct buf *line)
{
	size_t i, start, used;
	bool before = false;

	for (i = 0; i < t->ncolumns; i++) {
		if (widths[i] == 0)
			continue;
		if (before)
			pad(line, GAP);
		before = true;
		used = ctl_text_width(cells[i]);
		if (used > widths[i])
			used = widths[i];
		if (t->columns[i].right)
			pad(line, widths[i] - used);
		start = line->len;
		ctl_text_cut(line, cells[i], widths[i]);
		/* A wide character may not have fitted in the last cell. */
		used = ctl_text_width(buf_str(line) + start);
		if (!t->columns[i].right && i + 1 < t->ncolumns &&
		    used < widths[i])
			pad(line, widths[i] - used);
	}
}

/* The widest cells of all rows so far; the titles are cells of the head. */
static void
measure(struct ctl_table *t)
{
	size_t i, n;

	for (i = 0; i < t->ncolumns && !t->has_head; i++)
		t->widths[i] = ctl_text_width(t->columns[i].title);
	for (i = 0; i < t->ncells; i++) {
		n = ctl_text_width(t->cells[i]);
		if (n > t->widths[i % t->ncolumns])
			t->widths[i % t->ncolumns] = n;
	}
}

static void
put_line(const struct ctl_table *t, const char *const *cells,
    const size_t *widths, size_t width, struct buf *out)
{
	struct buf line;

	buf_init(&line, out->max);
	format_row(t, cells, widths, &line);
	while (line.len > 0 && line.data[line.len - 1] == ' ')
		line.data[--line.len] = '\0';
	if (width > 0)
		ctl_text_cut(out, buf_str(&line), width);
	else
		buf_add_str(out, buf_str(&line));
	buf_add(out, "\n", 1);
	buf_fini(&line);
}

void
ctl_table_format(struct ctl_table *t, size_t width, struct buf *out)
{
	const char *titles[CTL_TABLE_COLUMNS_MAX];
	size_t widths[CTL_TABLE_COLUMNS_MAX];
	bool is_titled = false;
	size_t i;

	measure(t);
	memcpy(widths, t->widths, sizeof(widths));
	if (width > 0)
		fit(t, widths, width);
	for (i = 0; i < t->ncolumns; i++) {
		titles[i] = t->columns[i].title;
		is_titled = is_titled || titles[i][0] != '\0';
	}
	if (is_titled && !t->has_head)
		put_line(t, titles, widths, width, out);
	t->has_head = true;
	for (i = 0; i < t->ncells; i += t->ncolumns)
		put_line(t, (const char *const *)t->cells + i, widths, width,
		    out);
	for (i = 0; i < t->ncells; i++)
		free(t->cells[i]);
	t->ncells = 0;
}
