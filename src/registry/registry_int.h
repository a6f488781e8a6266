/*
 * registry_int - reading the members of a registration, and its secrets
 */
#ifndef REGISTRY_REGISTRY_INT_H
#define REGISTRY_REGISTRY_INT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "registry/registry.h"

struct json_object;
struct webhook;

/* One JSON object that is read into one webhook. */
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

/* Reads all members of the object o into rd->w, and their faults into
 * rd->p. */
void registry_read(struct registry_read *rd, struct json_object *o);

/* RC_INVALID with the first problem's text; RC_OK without a problem. */
enum rc registry_verdict(const struct registry_problems *p, struct err *e);

/* registry_secret.c: the secret and the key pair that deliveries are signed
 * with. */
void registry_make_secret(struct webhook *w);
/* Makes the Ed25519 key pair, unless there is one. */
void registry_need_sign_key(struct webhook *w);

/* Retires the secret, and with and_key the key pair: they sign for 24 more
 * hours.  Old secrets past their end are removed. */
void registry_retire_secret(struct webhook *w, bool and_key, int64_t now_ms);

#endif
