/*
 * buf - bytes with a hard limit
 *
 * The one place where memory grows with outside data.  The limit is given
 * at initialisation and holds for good; an addition that would pass it adds
 * nothing and is remembered, so a run of additions is checked once, at its
 * end, with buf_is_over().  data is NUL-terminated behind len whenever it
 * is not NULL.  One thread at a time.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* NULL until something was added */
	size_t len;
	size_t cap;
	size_t max; /* most bytes, the NUL not counted */
	bool over;
};

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);

/* Empty again, the memory kept. */
void buf_clear(struct buf *b);

void buf_add(struct buf *b, const void *p, size_t n);
void buf_add_str(struct buf *b, const char *s);
void buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Room for n more bytes at the end, to be filled by the caller and counted
 * into len by it; NULL over the limit. */
char *buf_room(struct buf *b, size_t n);

/* True once an addition was refused. */
bool buf_is_over(const struct buf *b);

/* The text, "" when nothing was added; borrowed until the next addition. */
const char *buf_str(const struct buf *b);

/* Takes data, n bytes and a NUL on the heap, in place of what b held; over
 * the limit nothing is kept. */
void buf_own(struct buf *b, char *data, size_t n);

/* The bytes go to the caller, free(3) ends them; b is empty afterwards. */
char *buf_take(struct buf *b, size_t *n);

#endif
