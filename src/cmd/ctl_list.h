/*
 * ctl_list - how much of a list is printed, and how
 *
 * All lists of hlsctl are printed by this module.  A pipe or a file gets the
 * whole list, written as it is read; a terminal gets one page and a last line
 * with the command for the next page.  --limit sets the number of rows for
 * both, --cursor where to begin.  One thread.
 */
#ifndef CMD_CTL_LIST_H
#define CMD_CTL_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/js.h"
#include "cmd/ctl.h"
#include "cmd/ctl_table.h"

/* Rows read at a time. */
#define CTL_LIST_PAGE 200

/* The two options of every list. */
#define CTL_LIST_OPTIONS                                                      \
	{ .name = "limit",                                                    \
		.arg = "N",                                                   \
		.doc = "print at most N rows; else all, on a terminal 50" },  \
	{                                                                     \
		.name = "cursor", .arg = "C",                                 \
		.doc = "go on behind a list that ended with this next_cursor" \
	}

struct ctl_list {
	struct ctl *ctl;
	const char *noun, *verb; /* for the last line */
	const char *none;        /* printed for a list without rows */
	size_t left;             /* rows that may still be printed */
	size_t rows;             /* printed so far */
	bool has_table;
	struct ctl_table table; /* without --json, if there are columns */
	struct js_writer w;     /* with --json */
};

/* The parts of a list. */
struct ctl_list_form {
	const char *noun, *verb; /* "event", "list" */
	const char *member;      /* of the JSON object: "events"; NULL: other
			       members come first, and the caller opens it */
	const char *none;        /* printed for a list without rows */
	const struct ctl_column *columns; /* NULL: rows are plain text */
	size_t ncolumns;
};

/* Reads --limit and begins the output.  RC_INVALID: a usage error.  On every
 * code ctl_list_end() or ctl_list_fini() ends it. */
enum rc ctl_list_begin(struct ctl_list *l, struct ctl *c,
    const struct ctl_list_form *form, struct err *e);

/* For a list in memory: the rows *first to *end - 1 of n come next; key(arg, i)
 * is the cursor of row i.  RC_INVALID: --cursor names none of them. */
enum rc ctl_list_from(struct ctl_list *l, size_t n,
    const char *(*key)(const void *arg, size_t i), const void *arg,
    size_t *first, size_t *end, struct err *e);

/* The number of rows to read next, at most CTL_LIST_PAGE; 0: no more. */
size_t ctl_list_want(const struct ctl_list *l);

/* Writes the n rows that were added to table, w or the output. */
enum rc ctl_list_took(struct ctl_list *l, size_t n, struct err *e);

/* cursor is where the next page begins, NULL at the end. */
enum rc ctl_list_end(struct ctl_list *l, const char *cursor, struct err *e);
enum rc ctl_list_end_id(struct ctl_list *l, int64_t cursor, struct err *e);

/* After a failure: ends it without a last line. */
void ctl_list_fini(struct ctl_list *l);

#endif
