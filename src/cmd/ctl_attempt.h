/*
 * ctl_attempt - attempts as people read them
 *
 * The outcome, the duration of each phase, the address and the receiver's
 * answer, within 80 columns.  One thread.
 */
#ifndef CMD_CTL_ATTEMPT_H
#define CMD_CTL_ATTEMPT_H

#include <stdint.h>

#include "cmd/ctl.h"

struct store_attempt_row;
struct store_job;

/* Layout of the lines of an attempt. */
#define CTL_ATTEMPT_WIDTH 80
#define CTL_ATTEMPT_INDENT 6

/* "12 ms", "0.8 s", "4 min", "3 h", "2 d" */
void ctl_put_span(struct ctl *c, int64_t ms);
/* The webhook that a job is for: "shop (ID)", or the id alone. */
void ctl_put_target(struct ctl *c, const struct store_job *j);
/* UTC to the millisecond. */
void ctl_put_clock(struct ctl *c, int64_t wall_ms);

/* Adds a line when a waiting delivery is held back by more than its due time:
 * its webhook is disabled, its secret cannot be decrypted, or its breaker is
 * not closed. */
void ctl_put_held(struct ctl *c, const struct store_job *j);
/* Whether one of these holds back the deliveries to a webhook. */
bool ctl_is_held(struct ctl *c, const char *webhook_id);

/* Adds lines: "  TIME  attempt N failed after ...", then address, timings and
 * answer. */
void ctl_attempt_tell(struct ctl *c, const struct store_attempt_row *row);

extern const struct ctl_option ctl_webhook_attempts_options[];
enum rc ctl_webhook_attempts(struct ctl *c, struct err *e);

#endif
