/*
 * bulk - many deliveries retried or cancelled together
 *
 * Deliveries are changed in slices, one transaction a slice, in the order of
 * their events.  Repeating a request is safe: a delivery that is due or
 * cancelled already is not counted again.  Any thread.
 */
#ifndef INTAKE_BULK_H
#define INTAKE_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/event.h"
#include "core/webhook.h"
#include "intake/intake.h"
#include "store/store_admin.h"

#define BULK_CURSOR_SIZE 44

struct bulk_want {
	struct store_bulk b; /* its texts are those below, where not "" */
	/* bulk_want_read() writes the id, prefix or name that was given; the
	 * caller resolves it to the id before bulk_some(). */
	char webhook_id[WEBHOOK_NAME_MAX + 1];
	char type[EVENT_TYPE_MAX + 1];
};

/* {webhook_id?,state?,class?,type?,since?,until?,upto?,cursor?,dry_run?}.
 * RC_INVALID with p->n > 0: validation; with 0: not JSON. */
enum rc bulk_want_read(const char *json, size_t n, bool cancel,
    struct bulk_want *out, struct intake_problems *p, struct err *e);

/* The failure class of this name; false when there is none. */
bool bulk_class_parse(const char *text, int *out);
bool bulk_state_parse(const char *text, bool cancel, int *out);

/* Changes at least one slice, and more until the boot clock shows
 * until_boot_ms.  Also on failure *n is the number of deliveries changed, and
 * w->b.after is where to go on, {0} at the end. */
enum rc bulk_some(const struct intake *in, struct bulk_want *w,
    int64_t until_boot_ms, int64_t *n, struct err *e);
bool bulk_is_done(const struct bulk_want *w);

/* Selects all waiting retries of a webhook: for enable and recover. */
void bulk_want_waiting(struct bulk_want *w, const char *webhook_id);

/* The cursor of the next call, NULL at the end. */
const char *bulk_cursor(const struct bulk_want *w, char out[BULK_CURSOR_SIZE]);

#endif
