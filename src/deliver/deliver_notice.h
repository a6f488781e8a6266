/*
 * deliver_notice - hls tells of its webhooks
 *
 * What the store has to say of webhooks becomes events, of which those
 * webhooks hear that ask for them by name; where none does, nothing is made
 * of it.  One thread.
 */
#ifndef DELIVER_DELIVER_NOTICE_H
#define DELIVER_DELIVER_NOTICE_H

#include "base/err.h"

struct store;
struct store_notices;
struct store_webhooks;

/* Tells of them to those of the webhooks, which were read after they were,
 * and writes the log lines of what was done to webhooks.  Any code of the
 * store. */
#define DELIVER_NOTICES_MAX 64
enum rc deliver_notice_tell(struct store *s, const struct store_notices *l,
    const struct store_webhooks *webhooks, struct err *e);

#endif
