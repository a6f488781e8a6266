/*
 * ctl_event - the verbs of event that are long: show, enqueue, replay
 */
#ifndef CMD_CTL_EVENT_H
#define CMD_CTL_EVENT_H

#include <stdint.h>

#include "cmd/ctl.h"

extern const struct ctl_option ctl_event_enqueue_options[];
extern const struct ctl_option ctl_event_replay_options[];

enum rc ctl_event_show(struct ctl *c, struct err *e);
enum rc ctl_event_enqueue(struct ctl *c, struct err *e);
enum rc ctl_event_replay(struct ctl *c, struct err *e);

/* The event that args[0] names. */
enum rc ctl_event_resolve(struct ctl *c, int64_t *id, struct err *e);

#endif
