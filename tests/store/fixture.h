/*
 * fixture - a store in a scratch folder, on a clock of its own
 *
 * For every program in tests/store.  The engine is chosen by the
 * environment's STORE_SCHEME, "sqlite:" without it, so one suite judges
 * them all.  Functions fail the test when the store refuses.
 */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "store/store.h"
#include "store/store_admin.h"
#include "store/store_read.h"
#include "store/store_work.h"

/* Saturday, 2026-11-21, 08:00 UTC. */
#define FIX_NOW INT64_C(1795248000000)

struct fix {
	char dir[128];
	char path[160];
	char url[256];
	char key[160];
	struct clock clock;
	int64_t wall_ms, boot_ms;
	struct store_options opt;
	struct store *s;
	struct err e;
};

/* Makes the folder and the store and opens it. */
void fix_init(struct fix *f);
void fix_fini(struct fix *f);
/* For cmocka: *state is a struct fix of the test's own. */
int fix_setup(void **state);
int fix_teardown(void **state);
/* Closed, and its folder without a file. */
void fix_empty(struct fix *f);
void fix_close(struct fix *f);
/* Closed as a killed program leaves it: what is in the log stays there. */
void fix_kill(struct fix *f);
void fix_open(struct fix *f);
/* Opened anew under another URL prefix, "fault:3:". */
void fix_open_as(struct fix *f, const char *prefix);
/* Wall and boot time go on together. */
void fix_pass(struct fix *f, int64_t ms);

/* The path of the database with this behind it; freed by the caller. */
char *fix_beside(const struct fix *f, const char *suffix);

/* An event as GitHub's: source "github", type "issues". */
struct event *fix_event(const struct fix *f, const char *delivery_id);
/* Stores it; the receipt may be NULL. */
int64_t fix_put(struct fix *f, const char *delivery_id);
enum rc fix_accept(struct fix *f, struct event *ev, struct store_receipt *out);

struct webhook *fix_webhook(const char *id);
void fix_register(struct fix *f, const char *id);

/* One delivery to each target, NULL-ended, for an event. */
void fix_expand(struct fix *f, int64_t event, const char *const *targets);
/* Accepts, expands to one target. */
int64_t fix_job(struct fix *f, const char *delivery_id, const char *target);

/* At most max due jobs for worker "w". */
void fix_lease(struct fix *f, size_t max, struct store_leases *out);
enum rc fix_settle(struct fix *f, const struct store_lease *l,
    enum store_verdict verdict, int64_t again_ms, bool *fenced);
void fix_stats(struct fix *f, struct store_stats *out);
int fix_status(struct fix *f, int64_t event);
/* Both ledgers of the contract hold, and doctor finds nothing. */
void fix_assert_sound(struct fix *f);

#endif
