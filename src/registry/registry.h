/*
 * registry - create, change, rotate, disable, import webhooks
 *
 * Reads the API's JSON into registrations, judges every field, and writes
 * them through the store.  Any thread.
 */
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf;
struct clock;
struct store;
struct urlpolicy;
struct webhook;

struct registry {
	struct store *store;
	const struct urlpolicy *policy;
	const struct clock *clock;
};

#define REGISTRY_PROBLEMS_MAX 16
struct registry_problems {
	struct {
		char field[64];
		char message[160];
	} v[REGISTRY_PROBLEMS_MAX];
	size_t n;
};

/*
 * RC_INVALID with p->n > 0: validation, 422; with 0: not JSON, 400.
 * On RC_OK *out is the caller's; its secret is to be shown when
 * *secret_made.
 */
enum rc registry_create(const struct registry *r, const char *json, size_t n,
    struct webhook **out, bool *secret_made, struct registry_problems *p,
    struct err *e);

/* RC_NOTFOUND also.  Members that are absent stay. */
enum rc registry_change(const struct registry *r, const char *id,
    const char *json, size_t n, struct webhook **out,
    struct registry_problems *p, struct err *e);

enum rc registry_enable(const struct registry *r, const char *id, bool enable,
    struct webhook **out, struct err *e);

/* A new whsec_ secret; the old one signs too for 24 hours. */
enum rc registry_rotate(const struct registry *r, const char *id,
    struct webhook **out, struct err *e);

/* {id: {url, events, secret, team, created_at, ...}}; all or nothing.
 * disabled gets the ids imported disabled for want of events. */
struct strlist;
enum rc registry_import(const struct registry *r, const char *json, size_t n,
    bool dry_run, bool replace, size_t *count, struct strlist *disabled,
    struct registry_problems *p, struct err *e);

/* The API's object of a webhook, its secret as "***" unless show_secret. */
void registry_format(const struct webhook *w, bool show_secret,
    struct buf *out);

#endif
