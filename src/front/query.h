/*
 * query - which parameters a route takes
 *
 * One const table of pages and the names of their query parameters; a page
 * that is not in the table takes none.  A name that the page does not take,
 * or that is given twice, would otherwise be ignored, and a list that ignores
 * a mistyped filter shows all rows.  Pure; any thread.
 */
#ifndef FRONT_QUERY_H
#define FRONT_QUERY_H

#include <stddef.h>

#include "base/err.h"

struct page;

#define QUERY_FAULTS_MAX 16
#define QUERY_NAME_MAX 64

struct query_fault {
	char name[QUERY_NAME_MAX + 1]; /* longer names are cut */
	const char *message;           /* a literal */
};

struct query_faults {
	struct query_fault v[QUERY_FAULTS_MAX]; /* each name once */
	size_t n;
};

/* The parameters in the raw query string that the page does not take, and
 * those that stand there more than once. */
void query_judge(enum rc (*page)(struct page *pg, struct err *e),
    const char *query, struct query_faults *out);

#endif
