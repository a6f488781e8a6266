/*
 * fcgi_params - the parameters of a FastCGI request
 *
 * Name-value pairs (FastCGI specification 1.0, section 3.4) that run on from
 * one record into the next become "NAME=value" texts.  They take memory for
 * bytes that came, not for bytes that were announced.  One thread.
 */
#ifndef FRONT_FCGI_PARAMS_H
#define FRONT_FCGI_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define FCGI_PARAMS_MAX (256u << 10) /* bytes of all of them */
#define FCGI_PARAMS_COUNT_MAX 4096

struct fcgi_params {
	uint8_t sizes[8]; /* a pair's two lengths, as far as they came */
	size_t nsizes;
	size_t name, value; /* bytes of the pair still to come */
	bool is_open;       /* a pair has begun */
	size_t total;
	struct buf text; /* each parameter ends with a NUL */
	size_t count;
	const char **list;
};

void fcgi_params_init(struct fcgi_params *q);
void fcgi_params_fini(struct fcgi_params *q);

/* Takes bytes that came.  Returns 0, or the HTTP status to refuse them with:
 * 400 for a NUL, 431 for too much. */
int fcgi_params_take(struct fcgi_params *q, const uint8_t *p, size_t n);

/* All of them, NULL at the end, until fcgi_params_fini(); NULL when the last
 * pair is not whole. */
const char *const *fcgi_params_end(struct fcgi_params *q);

#endif
