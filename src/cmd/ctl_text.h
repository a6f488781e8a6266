/*
 * ctl_text - text from outside, made fit for a terminal
 *
 * hlsctl shows texts of senders and receivers, and a terminal obeys escape
 * sequences in them.  Pure.
 */
#ifndef CMD_CTL_TEXT_H
#define CMD_CTL_TEXT_H

#include <stddef.h>

struct buf;

/* Adds s with control bytes, invalid UTF-8 and bidirectional controls written
 * as escapes, so one line stays one line. */
void ctl_text_clean(struct buf *out, const char *s, size_t n);

/* The width of a clean text, in cells of a terminal. */
size_t ctl_text_width(const char *s);

/* Adds the start of a clean text that fits in width cells, with "…" at the end
 * when text is left out. */
void ctl_text_cut(struct buf *out, const char *s, size_t width);

/* Adds a clean text in lines of at most width cells, broken between words; a
 * word longer than a line is broken.  The first line has used cells already,
 * the others begin with indent spaces.  The text ends without a newline. */
void ctl_text_wrap(struct buf *out, const char *s, size_t used, size_t indent,
    size_t width);

#endif
