/*
 * settings - what the front is told by the configuration
 *
 * Plain values that outlive every request that reads them; a reload brings
 * new ones, and the old go when the last request on them has ended.
 */
#ifndef FRONT_SETTINGS_H
#define FRONT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/token.h"
#include "intake/intake.h"
#include "registry/registry.h"

struct strlist;

/* A name that the web server vouches for. */
struct settings_user {
	const char *name;
	enum token_role role;
};

struct settings {
	const char *base_path; /* "" or "/hls" */
	unsigned int threads;  /* requests other than posts in hand, at most */
	int64_t max_body;
	size_t body_memory;
	int64_t deadline_ms; /* an answer by then */
	struct intake intake;
	struct registry registry; /* with the store and the clock of intake */
	const struct settings_user *users;
	size_t nusers;
	const struct strlist *open; /* paths that may be read by everybody */
	int64_t overdue_after_ms;
	int64_t drain_seen_ms;
	/* Fills out with the ids of the drains whose programs run; false: not
	 * known. */
	bool (*drains)(const void *arg, struct strlist *out);
	const void *drains_arg;
	int64_t started_ms; /* the program, by the wall */
};

#endif
