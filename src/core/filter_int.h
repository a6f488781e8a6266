/*
 * filter_int - the nodes of a filter
 *
 * Shared by filter_read.c, which makes them, and filter.c.
 */
#ifndef CORE_FILTER_INT_H
#define CORE_FILTER_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/jsscan.h"
#include "core/filter.h"

enum filter_op {
	FILTER_AND,
	FILTER_OR,
	FILTER_NOT,
	FILTER_EQUALS, /* and the others are tests */
	FILTER_IN,
	FILTER_EXISTS,
	FILTER_PREFIX,
	FILTER_LT,
	FILTER_LTE,
	FILTER_GT,
	FILTER_GTE
};
#define FILTER_OPS (FILTER_GTE + 1)
const char *filter_op_name(enum filter_op op);

enum filter_place {
	FILTER_BODY,
	FILTER_TYPE,
	FILTER_ACTION,
	FILTER_REPOSITORY,
	FILTER_TEAM
};

/* A decoded string, or the JSON text of a value of another type. */
struct filter_operand {
	enum jsscan_type type;
	char *text;
	size_t n;
};

#define FILTER_NONE SIZE_MAX

struct filter_node {
	enum filter_op op;
	/* Indexes of nodes, FILTER_NONE for none.  One child of an "or" must
	 * hold; of "and" and "not" all children count together. */
	size_t child, next;

	/* The rest is set in tests alone. */
	enum filter_place place;
	char *name;  /* as it was written */
	size_t path; /* place of the value in a scan */
	struct filter_operand *v;
	size_t n;
};

/* The first node and its neighbours must all hold. */
struct filter {
	struct filter_node *v;
	size_t n;
	bool reads_body;
};

#endif
