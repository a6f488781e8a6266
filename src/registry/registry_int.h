/*
 * registry_int - reading the members of a registration
 */
#ifndef REGISTRY_REGISTRY_INT_H
#define REGISTRY_REGISTRY_INT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "registry/registry.h"

struct json_object;
struct webhook;

/* One JSON object on its way into one webhook. */
struct registry_read {
	const struct registry *r;
	struct webhook *w;
	struct registry_problems *p;
	const char *prefix; /* of field names: an import's id, or "" */
	int64_t now_ms;
	bool is_import; /* times and counters are members too */
};

void registry_problem(struct registry_problems *p, const char *field,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* All members of o, which is an object, into rd->w; what is wrong with them
 * into rd->p. */
void registry_read(struct registry_read *rd, struct json_object *o);

/* RC_INVALID with the first problem's text, or RC_OK when there is none. */
enum rc registry_verdict(const struct registry_problems *p, struct err *e);

/* Makes a key pair to sign with, where there is none yet. */
void registry_need_sign_key(struct webhook *w);

/* The secret, and_key the key pair too, become old ones that sign for a day
 * from now on.  Old ones whose end has come go. */
void registry_retire_secret(struct webhook *w, bool and_key, int64_t now_ms);

#endif
