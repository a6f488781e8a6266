/*
 * ctl_source - hlsctl source sample, and the search for a source
 */
#ifndef CMD_CTL_SOURCE_H
#define CMD_CTL_SOURCE_H

#include "cmd/ctl.h"

struct source;

extern const struct ctl_option ctl_source_sample_options[];

enum rc ctl_source_sample(struct ctl *c, struct err *e);

/* Finds a source by name; RC_NOTFOUND with a sentence. */
enum rc ctl_source_find(struct ctl *c, const char *name,
    const struct source **out, struct err *e);

#endif
