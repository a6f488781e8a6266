/*
 * ctl_event - the verbs of event that are long: show, enqueue, replay,
 * release
 */
#ifndef CMD_CTL_EVENT_H
#define CMD_CTL_EVENT_H

#include <stdint.h>

#include "cmd/ctl.h"

/* Of the commands that take events by their facts. */
#define CTL_EVENT_OPTIONS                                                     \
	{ .name = "type", .arg = "TYPE", .doc = "only events of this type" }, \
	    { .name = "repository",                                           \
		    .arg = "OWNER/NAME",                                      \
		    .doc = "only events of this repository" },                \
	{                                                                     \
		.name = "source", .arg = "NAME",                              \
		.doc = "only events posted to this source"                    \
	}

extern const struct ctl_option ctl_event_enqueue_options[];
extern const struct ctl_option ctl_event_replay_options[];
extern const struct ctl_option ctl_event_release_options[];

enum rc ctl_event_show(struct ctl *c, struct err *e);
enum rc ctl_event_release(struct ctl *c, struct err *e);
enum rc ctl_event_enqueue(struct ctl *c, struct err *e);
enum rc ctl_event_replay(struct ctl *c, struct err *e);

struct event;
struct js_writer;
/* Prints the webhooks that do not get the event, with the reasons; with w it
 * writes them as a member of the open object. */
enum rc ctl_event_passed(struct ctl *c, const struct event *ev,
    struct js_writer *w, struct err *e);

/* Finds the event that args[0], or text, names. */
enum rc ctl_event_resolve(struct ctl *c, int64_t *id, struct err *e);
enum rc ctl_event_resolve_text(struct ctl *c, const char *text, int64_t *id,
    struct err *e);

#endif
