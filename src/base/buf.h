/*
 * buf - bytes with a hard limit
 *
 * Memory that grows with outside data grows only here.  The limit is set at
 * initialisation and never changes.  An addition that would exceed it adds
 * nothing and marks the buffer, so a caller makes all its additions and then
 * checks once with buf_is_over().  Unless data is NULL, data[len] is NUL.
 * One thread at a time.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* NULL until something was added */
	size_t len;
	size_t cap;
	size_t max; /* limit of len */
	bool over;
};

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);

/* Empties b and keeps its memory. */
void buf_clear(struct buf *b);

void buf_add(struct buf *b, const void *p, size_t n);
void buf_add_str(struct buf *b, const char *s);
void buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Room for n more bytes at the end, NULL over the limit.  The caller fills it
 * and adds to len. */
char *buf_room(struct buf *b, size_t n);

/* True once an addition was refused. */
bool buf_is_over(const struct buf *b);

/* The contents as text, "" for an empty buffer; borrowed until the next
 * change of b. */
const char *buf_str(const struct buf *b);

/* Replaces the contents of b by data, n bytes and a NUL on the heap, which b
 * then owns.  Over the limit data is freed and b is left empty and marked. */
void buf_own(struct buf *b, char *data, size_t n);

/* Hands the bytes to the caller, who releases them with free(3); b is empty
 * afterwards. */
char *buf_take(struct buf *b, size_t *n);

#endif
