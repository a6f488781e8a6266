/*
 * ctl_table - rows in aligned columns
 *
 * Cells are cleaned as they come in.  A table on a terminal is no wider than
 * the terminal: the widest columns are cut first, each down to its minimum;
 * then whole columns are left out, those of the highest rank first; when only
 * columns of rank 0 remain, they are cut further.  Elsewhere nothing is cut.
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
	bool right;        /* numbers */
	bool keep;         /* never cut: ids, which people copy */
	bool whole;        /* never cut: times and numbers */
	size_t least;      /* cells that remain when it is cut; 0: 8 */
	unsigned int rank; /* 0: left out last, then from the right */
};

struct ctl_table {
	const struct ctl_column *columns; /* borrowed */
	size_t ncolumns;
	char **cells; /* row after row */
	size_t ncells, room;
	size_t widths[CTL_TABLE_COLUMNS_MAX]; /* of the widest cell so far */
	bool has_head;                        /* it is in the output */
};

/* columns is the caller's and outlives the table. */
void ctl_table_init(struct ctl_table *t, const struct ctl_column *columns,
    size_t n);
void ctl_table_fini(struct ctl_table *t);

/* The next cell, rows filled from the left.  NULL is "-". */
void ctl_table_put(struct ctl_table *t, const char *text);
void ctl_table_putf(struct ctl_table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* To the second, as ctl_when_format() has it; "-" for 0. */
void ctl_table_put_time(struct ctl_table *t, int64_t wall_ms);

/* Moves the rows to out; width 0 is no limit.  Of a long table it is called
 * again and again: the head is there once, and no column gets narrower. */
void ctl_table_format(struct ctl_table *t, size_t width, struct buf *out);

#endif
