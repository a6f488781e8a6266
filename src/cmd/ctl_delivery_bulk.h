/*
 * ctl_delivery_bulk - hlsctl delivery retry and cancel, for many deliveries
 *
 * Without an id the options choose the deliveries.  They are counted, and a
 * person must confirm the count first.  One thread.
 */
#ifndef CMD_CTL_DELIVERY_BULK_H
#define CMD_CTL_DELIVERY_BULK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "cmd/ctl.h"

struct bulk_want;

extern const struct ctl_option ctl_delivery_bulk_options[];

/* Whether no id was given. */
bool ctl_delivery_is_bulk(const struct ctl *c);
enum rc ctl_delivery_bulk(struct ctl *c, bool cancel, struct err *e);

/* Changes all deliveries that w chooses, from its cursor on; *n: how many.
 * Progress on a terminal is shown as what, n, of. */
enum rc ctl_delivery_each(struct ctl *c, struct bulk_want *w, const char *what,
    int64_t of, int64_t *n, struct err *e);

#endif
