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
#include <stdint.h>

#include "base/err.h"
#include "base/strlist.h"

struct buf;
struct js_writer;
struct clock;
struct store;
struct store_held;
struct store_missed;
struct urlpolicy;
struct webhook;

struct registry_defaults {
	int64_t rate_limit; /* thousandths */
	int64_t max_in_flight;
	int64_t timeout_ms;
	const int64_t *retry_schedule; /* borrowed */
	size_t nretries;
};

struct registry {
	struct store *store;
	const struct urlpolicy *policy;
	const struct clock *clock;
	bool is_admin;   /* may have Authorization sent to a receiver */
	bool masks_urls; /* shows of an address no more than its first part */
	/* What holds where a registration does not say; NULL: not known. */
	const struct registry_defaults *defaults;
};

#define REGISTRY_PROBLEMS_MAX 16
struct registry_problems {
	struct {
		char field[128];
		char message[160];
	} v[REGISTRY_PROBLEMS_MAX];
	size_t n;
};

/*
 * RC_INVALID with p->n > 0: validation, 422; with 0: not JSON, 400.
 * RC_TOOBIG: over 256 KiB of JSON.
 * On RC_OK *out is the caller's; its secret is to be shown when
 * *secret_made.
 */
enum rc registry_create(const struct registry *r, const char *json, size_t n,
    struct webhook **out, bool *secret_made, struct registry_problems *p,
    struct err *e);

/*
 * RC_NOTFOUND also.  Members that are absent stay; null goes back to the
 * default.  Another secret retires the one before as rotating does.
 *
 * With a URL of another scheme, host or port the values of headers and the
 * secrets do not go along, unless they are given again: whoever may set a URL
 * could read them there.  A secret is made then, as *secret_made says.
 */
struct registry_text {
	const char *json;
	size_t n;
};
enum rc registry_change(const struct registry *r, const char *id,
    const struct registry_text *text, struct webhook **out, bool *secret_made,
    struct registry_problems *p, struct err *e);

/* *since_ms: since when events passed it by, 0 if it was enabled. */
enum rc registry_enable(const struct registry *r, const char *id, bool enable,
    int64_t *since_ms, struct webhook **out, struct err *e);

/* A new whsec_ secret, and a new key pair where there is one.  The old ones
 * sign too for 24 hours, each for its own; with at_once no old one signs from
 * now on. */
enum rc registry_rotate(const struct registry *r, const char *id, bool at_once,
    struct webhook **out, struct err *e);

struct registry_import_options {
	bool dry_run; /* everything but writing */
	bool replace; /* those that exist are overwritten */
};
struct registry_imported {
	size_t count;
	struct strlist disabled; /* the ids that wanted no event, and are
				  * therefore imported disabled */
	struct registry_problems problems;
};
/*
 * {id: {url, events, secret, team, created_at, ...}}; all or nothing.  Fills
 * out in every case; the caller ends out->disabled with strlist_fini().
 * RC_INVALID	as above, with fields named ID.field.
 */
enum rc registry_import(const struct registry *r, const char *json, size_t n,
    const struct registry_import_options *opt, struct registry_imported *out,
    struct err *e);

/* Facts that are not in the registration; NULL: not asked for. */
struct registry_beside {
	const struct store_held *held;
	/* Events that passed it by while it was disabled. */
	const struct store_missed *missed;
};
/* The API's object of a webhook, its secret as "***" unless show_secret;
 * beside may be NULL. */
void registry_format(const struct registry *r, const struct webhook *w,
    bool show_secret, const struct registry_beside *beside, struct buf *out);
/* Its members of how long attempts took; null before the first. */
void registry_format_times(const struct webhook *w, struct js_writer *out);

#endif
