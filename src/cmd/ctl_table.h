/*
 * ctl_table - rows in aligned columns
 *
 * Cells are cleaned when they are added.  A table on a terminal is no wider
 * than the terminal: the widest columns are cut first, each down to its
 * minimum; then whole columns are left out, the highest rank first; when only
 * columns of rank 0 remain, they are cut further.  In a pipe or a file no cell
 * is cut.
 */
#ifndef CMD_CTL_TABLE_H
#define CMD_CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CTL_TABLE_COLUMNS_MAX 64

struct buf;

struct ctl_column {
	const char *title; /* all "": the table has no head */
	bool right;        /* aligned to the right: numbers */
	bool keep;         /* never cut: ids, which people copy */
	bool whole;        /* never cut: times and numbers */
	size_t least;      /* minimum width when it is cut; 0: 8 */
	unsigned int rank; /* 0: left out last, then from the right */
};

struct ctl_table {
	const struct ctl_column *columns; /* borrowed */
	size_t ncolumns;
	char **cells; /* row after row */
	size_t ncells, room;
	size_t widths[CTL_TABLE_COLUMNS_MAX]; /* of the widest cell so far */
	bool has_head;                        /* the head was written */
};

/* The caller owns columns, which must outlive the table. */
void ctl_table_init(struct ctl_table *t, const struct ctl_column *columns,
    size_t n);
void ctl_table_fini(struct ctl_table *t);

/* Adds the next cell; rows fill from the left.  NULL is "-". */
void ctl_table_put(struct ctl_table *t, const char *text);
void ctl_table_putf(struct ctl_table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Adds a time to the second, as ctl_when_format() does; "-" for 0. */
void ctl_table_put_time(struct ctl_table *t, int64_t wall_ms);

/* Moves the rows to out; width 0 is no limit.  For a long table it is called
 * repeatedly: the head is written once, and no column gets narrower. */
void ctl_table_format(struct ctl_table *t, size_t width, struct buf *out);

#endif
