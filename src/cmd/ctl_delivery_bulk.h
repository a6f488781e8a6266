/*
 * ctl_delivery_bulk - hlsctl delivery retry and cancel of many
 *
 * Without an id the options choose the deliveries; they are counted and a
 * person is asked first.  One thread.
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

/* All that w chooses, from where it stands; *n: how many.  what says on a
 * terminal how far it is, of how many. */
enum rc ctl_delivery_each(struct ctl *c, struct bulk_want *w, const char *what,
    int64_t of, int64_t *n, struct err *e);

#endif
