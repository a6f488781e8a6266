/*
 * router - which page answers
 *
 * One const table of paths, methods, rights and pages.  Short paths stand
 * under /api too, and a GET answers HEAD.  Pure; any thread.
 */
#ifndef FRONT_ROUTER_H
#define FRONT_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "core/token.h"

struct page;

#define ROUTER_ARGS_MAX 1
#define ROUTER_ARG_SIZE 201
#define ROUTER_ALLOW_SIZE 64

/* Who may come in. */
enum router_open {
	ROUTER_RIGHT,    /* whoever has the route's right */
	ROUTER_EVERYBODY /* the page needs no name, or judges a signature */
};

enum router_body {
	ROUTER_NO_BODY,      /* what comes is not read */
	ROUTER_MAY_BODY,     /* none announced is an empty one */
	ROUTER_MUST_ANNOUNCE /* 411 without a length */
};

struct router_route {
	const char *method;
	const char *path; /* {} stands for one part */
	enum rc (*page)(struct page *pg, struct err *e);
	enum router_open open;
	enum token_right right;
	enum router_body body;
	bool is_short; /* stands under /api too */
};

struct router_match {
	const struct router_route *route; /* NULL: none for this method */
	char arg[ROUTER_ARG_SIZE];        /* what stood for {} */
	char allow[ROUTER_ALLOW_SIZE];    /* methods of the path; "": no path */
};

void router_find(const char *method, const char *path,
    struct router_match *out);

/* Which one it is, from 0; for NULL one more than the last. */
size_t router_index(const struct router_route *r);

/* The route of posts to a source's further paths. */
const struct router_route *router_hook(void);

#endif
