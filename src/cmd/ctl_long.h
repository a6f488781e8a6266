/*
 * ctl_long - long work that a person watches
 *
 * Such a command counts its work and asks for confirmation first, shows its
 * progress on standard error when that is a terminal, and stops between two
 * slices when it is interrupted.  One thread.
 */
#ifndef CMD_CTL_LONG_H
#define CMD_CTL_LONG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct ctl;

/* The duration of one slice; progress is shown after each. */
#define CTL_LONG_SLICE_MS 500

/*
 * Asks on the terminal whether to go on; --yes answers it.  RC_INVALID: the
 * answer was no, or there is no terminal.
 */
enum rc ctl_long_confirm(struct ctl *c, const char *question, struct err *e);

/* From now on an interrupt only makes ctl_long_is_cut() true. */
void ctl_long_begin(void);
bool ctl_long_is_cut(void);
/* Shows progress: n of `of`; of is 0 while the total is unknown. */
void ctl_long_tell(const char *what, int64_t n, int64_t of);
/* Clears the progress line. */
void ctl_long_end(void);

/* Ends an interrupted command: exit status 130. */
enum rc ctl_long_cut(struct ctl *c, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
