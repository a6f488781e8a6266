/*
 * deliver_notice - hls tells of its webhooks
 *
 * What the store has to say of webhooks becomes events, of which those
 * webhooks hear that ask for them by name; where none does, nothing is made
 * of it.  One thread.
 */
#ifndef DELIVER_DELIVER_NOTICE_H
#define DELIVER_DELIVER_NOTICE_H

#include <stdbool.h>

#include "base/err.h"

struct store;
struct store_webhooks;

/* Tells of some, the oldest first, and writes the log lines of what was done
 * to webhooks.  *more: there may be others.  Any code of the store. */
enum rc deliver_notice_tell(struct store *s,
    const struct store_webhooks *webhooks, bool *more, struct err *e);

#endif
