/*
 * bulk - many deliveries retried or cancelled together
 *
 * They are taken in slices of a transaction each, in the order of their
 * events.  Asking again is safe: what is due, or cancelled already, is not
 * counted again.  Any thread.
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
	/* As it was read it is what people call it, for bulk_some() its id. */
	char webhook_id[WEBHOOK_NAME_MAX + 1];
	char type[EVENT_TYPE_MAX + 1];
};

/* {webhook_id?,state?,class?,type?,since?,until?,upto?,cursor?,dry_run?}.
 * RC_INVALID with p->n > 0: validation; with 0: not JSON. */
enum rc bulk_want_read(const char *json, size_t n, bool cancel,
    struct bulk_want *out, struct intake_problems *p, struct err *e);

/* The class of a name, as attempts show it; false: there is none. */
bool bulk_class_parse(const char *text, int *out);
bool bulk_state_parse(const char *text, bool cancel, int *out);

/* Until the boot clock shows until_boot_ms, one slice at least.  *n: how many
 * it was; w->b.after is where to go on, {0} at the end, also on failure. */
enum rc bulk_some(const struct intake *in, struct bulk_want *w,
    int64_t until_boot_ms, int64_t *n, struct err *e);
bool bulk_is_done(const struct bulk_want *w);

/* All retries that wait for a webhook's sake: for enable and recover. */
void bulk_want_waiting(struct bulk_want *w, const char *webhook_id);

/* The cursor, NULL at the end. */
const char *bulk_cursor(const struct bulk_want *w, char out[BULK_CURSOR_SIZE]);

#endif
