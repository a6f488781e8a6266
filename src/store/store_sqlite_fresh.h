/*
 * store_sqlite_fresh - keys that are not in their tree yet
 *
 * A table in memory of the keys of one tree that were seen of late, by key
 * and, roughly, in the keys' order: it is an array of buckets by the key's
 * first bits, so that whoever empties one bucket after the other meets
 * neighbours in the tree.  No input or output; one thread at a time.
 */
#ifndef STORE_STORE_SQLITE_FRESH_H
#define STORE_STORE_SQLITE_FRESH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LITE_FRESH_BUCKETS 65536

/* A key, of which rest may be 0 throughout, and what is known of it. */
struct lite_sight {
	uint64_t key, rest;
	int64_t event;
	int64_t seen_ms;
	int64_t body;
};

struct lite_fresh;

struct lite_fresh *lite_fresh_new(void);
void lite_fresh_free(struct lite_fresh *f);
void lite_fresh_clear(struct lite_fresh *f);
size_t lite_fresh_count(const struct lite_fresh *f);

/* Where the key belongs: rises with it, and is below LITE_FRESH_BUCKETS. */
size_t lite_fresh_bucket(uint64_t key);

/* NULL when there is none; borrowed until the table changes. */
const struct lite_sight *lite_fresh_find(const struct lite_fresh *f,
    uint64_t key, uint64_t rest);

/* A copy, in place of the one with the same key. */
void lite_fresh_put(struct lite_fresh *f, const struct lite_sight *s);

/* Takes one out of a bucket, any; false when the bucket is empty. */
bool lite_fresh_pop(struct lite_fresh *f, size_t bucket,
    struct lite_sight *out);

#endif
