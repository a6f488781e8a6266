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
	bool is_admin;   /* may set an Authorization header */
	bool masks_urls; /* URLs are shown without their path's end */
	/* Used where a registration has no value; NULL: not known. */
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
 * On RC_OK the caller owns *out; *secret_made: hls made the secret, and the
 * answer shows it.
 */
enum rc registry_create(const struct registry *r, const char *json, size_t n,
    struct webhook **out, bool *secret_made, struct registry_problems *p,
    struct err *e);

/*
 * RC_NOTFOUND	there is no such webhook; else as registry_create().
 * An absent member keeps its value; null restores the default.  A new secret
 * retires the old one as registry_rotate() does.
 *
 * A URL of another scheme, host or port drops the header values and the
 * secrets, unless they are given again: whoever may set a URL could read them
 * there.  hls then makes a secret, and *secret_made is true.
 */
struct registry_text {
	const char *json;
	size_t n;
};
enum rc registry_change(const struct registry *r, const char *id,
    const struct registry_text *text, struct webhook **out, bool *secret_made,
    struct registry_problems *p, struct err *e);

/* *since_ms: events that came since then may have passed it by; 0 if it was
 * enabled. */
enum rc registry_enable(const struct registry *r, const char *id, bool enable,
    int64_t *since_ms, struct webhook **out, struct err *e);

/* Makes a new whsec_ secret, and a new key pair where there is one.  Each old
 * secret also signs until 24 hours after its own retirement; with at_once no
 * old secret signs any more. */
enum rc registry_rotate(const struct registry *r, const char *id, bool at_once,
    struct webhook **out, struct err *e);

struct registry_import_options {
	bool dry_run; /* everything but writing */
	bool replace; /* overwrites webhooks that exist */
};
struct registry_imported {
	size_t count;
	struct strlist disabled; /* ids imported disabled, as their list of
				  * events was empty */
	struct registry_problems problems;
};
/*
 * {id: {url, events, secret, team, created_at, ...}}; all or nothing.  Fills
 * out whatever the result; the caller ends out->disabled with strlist_fini().
 * RC_INVALID	as above, with fields named ID.field.
 */
enum rc registry_import(const struct registry *r, const char *json, size_t n,
    const struct registry_import_options *opt, struct registry_imported *out,
    struct err *e);

/* Facts beside the registration; NULL: leave them out. */
struct registry_beside {
	const struct store_held *held;
	/* Events it missed while it was disabled. */
	const struct store_missed *missed;
};
/* The API's object of a webhook, its secret as "***" unless show_secret;
 * beside may be NULL. */
void registry_format(const struct registry *r, const struct webhook *w,
    bool show_secret, const struct registry_beside *beside, struct buf *out);
/* Writes the members that hold attempt durations; null before the first. */
void registry_format_times(const struct webhook *w, struct js_writer *out);

#endif
