/*
 * deliver_notice - hls's own events
 *
 * Notices of the store become hls.* events, which go to webhooks that name
 * them in their patterns.  Without such a webhook no event is made.  One
 * thread.
 */
#ifndef DELIVER_DELIVER_NOTICE_H
#define DELIVER_DELIVER_NOTICE_H

#include "base/err.h"

struct sources;
struct store;
struct store_notices;
struct store_webhooks;

/* Makes the events of the notices in l, and logs them.
 * webhooks was read after l.  An event about a source has the teams that the
 * source has in sources, which may be NULL.  Returns any code of the store. */
#define DELIVER_NOTICES_MAX 64
enum rc deliver_notice_tell(struct store *s, const struct store_notices *l,
    const struct store_webhooks *webhooks, const struct sources *sources,
    struct err *e);

#endif
