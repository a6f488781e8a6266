/*
 * ctl_long - long work that a person watches
 *
 * What is much is counted and asked for first, tells on standard error how
 * far it is when that is a terminal, and ends between two slices when it is
 * interrupted.  One thread.
 */
#ifndef CMD_CTL_LONG_H
#define CMD_CTL_LONG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct ctl;

/* Of one slice; then the person hears of it. */
#define CTL_LONG_SLICE_MS 500

/*
 * Asks on the terminal whether to go on; --yes is the answer.  RC_INVALID:
 * it was no, or there is no terminal to ask on.
 */
enum rc ctl_long_confirm(struct ctl *c, const char *question, struct err *e);

/* From now on an interrupt only shows in ctl_long_is_cut(). */
void ctl_long_begin(void);
bool ctl_long_is_cut(void);
/* of is 0 while nobody knows. */
void ctl_long_tell(const char *what, int64_t n, int64_t of);
/* Clears the line. */
void ctl_long_end(void);

/* What an interrupted command ends with: exit status 130. */
enum rc ctl_long_cut(struct ctl *c, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
