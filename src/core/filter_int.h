/*
 * filter_int - a filter as it was read
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

/* A string decoded, or the text of another value. */
struct filter_operand {
	enum jsscan_type type;
	char *text;
	size_t n;
};

#define FILTER_NONE SIZE_MAX

struct filter_node {
	enum filter_op op;
	/* By number, FILTER_NONE: none.  An "or" is of its children, "and" and
	 * "not" of all of them together. */
	size_t child, next;

	/* Of tests. */
	enum filter_place place;
	char *name;  /* as it was written */
	size_t path; /* place of the value in a scan */
	struct filter_operand *v;
	size_t n;
};

/* The first node and those next to it must all hold. */
struct filter {
	struct filter_node *v;
	size_t n;
	bool reads_body;
};

#endif
