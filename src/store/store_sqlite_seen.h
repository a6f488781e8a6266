/*
 * store_sqlite_seen - which posts were seen before
 *
 * Delivery ids and bodies are looked up in two trees, delivery_seen and
 * body_seen, in which every post has its row at a random place: a page each
 * to write per post.  Under load the row waits in memory instead, since the
 * event's own row says all of it, and goes into its tree later, together
 * with its neighbours.
 *
 * A post is seen when it is in the tree or in memory, and memory holds all
 * that is not in the tree, of all processes.  So an event whose rows may not
 * be in the trees yet, one beyond the counter ("merge", "upto"), must not be
 * deleted.  A transaction that is rolled
 * back takes along what it put: lite_seen_forget().  For operations inside a
 * transaction.
 */
#ifndef STORE_STORE_SQLITE_SEEN_H
#define STORE_STORE_SQLITE_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypt.h"
#include "base/err.h"
#include "store/store_sqlite_fresh.h"

struct lite_conn;
struct event;
struct lite_tx;
struct lite_seen;

struct lite_seen *lite_seen_new(void);
void lite_seen_free(struct lite_seen *s);

/* What the rows of a post will be, but for the event's id and time. */
struct lite_keys {
	struct lite_sight delivery;
	struct lite_sight body;
	bool is_watched; /* its body is looked for */
};

/* Costs two digests: outside of a transaction where it can be. */
void lite_seen_keys(const char *source, const char *delivery_id,
    const uint8_t body_sha256[CRYPT_SHA256_SIZE], struct lite_keys *out);
/* The delivery's key for an event under an id that another body has: by the
 * hook that it came from, or, where that is NULL, by its body. */
void lite_seen_second(const char *source, const char *delivery_id,
    const char *hook, const uint8_t body_sha256[CRYPT_SHA256_SIZE],
    struct lite_keys *out);

/* For readers: what the tree alone says of the delivery, and up to which event
 * the tree is complete. */
enum rc lite_seen_in_tree(struct lite_conn *c, const struct lite_keys *k,
    struct lite_sight *out, bool *found, struct err *e);
enum rc lite_seen_upto(struct lite_conn *c, int64_t *upto, struct err *e);

/* The same by its type: its body contradicts that, or came under another. */
void lite_seen_typed(const char *source, const char *delivery_id,
    const char *type, struct lite_keys *out);

/*
 * Bodies of posts that were ignored.  *found: its body came in one, of another
 * id or type, within the window before received_ms.
 */
enum rc lite_ignored_put(struct lite_tx *tx, const struct lite_keys *k,
    const struct event *ev, struct err *e);
enum rc lite_ignored_find(struct lite_tx *tx, const struct lite_keys *k,
    const struct event *ev, bool *found, struct err *e);

/* The event of this delivery id, the first of the sender's own and the last
 * of one that hls derived; the latest with, probably, this
 * body. */
enum rc lite_seen_delivery(struct lite_tx *tx, const struct lite_keys *k,
    struct lite_sight *out, bool *found, struct err *e);
enum rc lite_seen_body(struct lite_tx *tx, const struct lite_keys *k,
    struct lite_sight *out, bool *found, struct err *e);

/* After lite_seen_delivery(), and after the event's row is written, which is
 * where it is read from by other processes and after a crash. */
enum rc lite_seen_put(struct lite_tx *tx, const struct lite_keys *k,
    int64_t event, int64_t received_ms, struct err *e);

/* Before the end of a transaction that may have put: what memory holds
 * beyond its bound goes into the trees. */
enum rc lite_seen_end(struct lite_tx *tx, struct err *e);

/* The transaction is rolled back.  The next one reads anew. */
void lite_seen_forget(struct lite_tx *tx);

/* Memory holds what is not in the trees. */
bool lite_seen_is_behind(const struct lite_seen *s);
/* An operation of the idle committer's: brings some of it there. */
enum rc lite_seen_merge(struct lite_tx *tx, void *unused, struct err *e);

#endif
