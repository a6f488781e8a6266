/*
 * store_sqlite_span - where the events of a type, repository or source are
 *
 * Keeps the table event_span, by which lists of events find those of one
 * type, repository or source.  The committer's thread alone uses it.
 */
#ifndef STORE_STORE_SQLITE_SPAN_H
#define STORE_STORE_SQLITE_SPAN_H

#include <stdint.h>

#include "base/err.h"

struct event;
struct lite_spans;
struct lite_tx;

/* By what events are listed; event_span.family. */
enum lite_family {
	LITE_FAMILY_TYPE,
	LITE_FAMILY_REPOSITORY,
	LITE_FAMILY_SOURCE,
	LITE_FAMILIES
};

struct lite_spans *lite_spans_new(void);
void lite_spans_free(struct lite_spans *s);
/* Lists by type, repository and source find the event of this id. */
enum rc lite_span_put(struct lite_tx *tx, int64_t id, const struct event *ev,
    struct err *e);
/* What this transaction has put is not in the table. */
void lite_spans_forget(struct lite_tx *tx);

#endif
