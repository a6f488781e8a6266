/*
 * ctl_text - text from outside, made fit for a terminal
 *
 * What senders and receivers wrote is shown by hlsctl, and a terminal obeys
 * what it is shown.  Pure.
 */
#ifndef CMD_CTL_TEXT_H
#define CMD_CTL_TEXT_H

#include <stddef.h>

struct buf;

/* Adds s with control bytes, invalid UTF-8 and the marks that turn the
 * direction of text around written as escapes, so that one line stays one
 * line. */
void ctl_text_clean(struct buf *out, const char *s, size_t n);

/* How many cells of a terminal a clean text takes. */
size_t ctl_text_width(const char *s);

/* Adds what of a clean text fits in width cells, with "…" at the end where
 * something is left out. */
void ctl_text_cut(struct buf *out, const char *s, size_t width);

/* Adds a clean text in lines of at most width cells where its words allow
 * it; a word that is longer than a line is broken.  used cells of the first
 * line are taken already, the others begin with indent spaces.  Ends without
 * a line end. */
void ctl_text_wrap(struct buf *out, const char *s, size_t used, size_t indent,
    size_t width);

#endif
