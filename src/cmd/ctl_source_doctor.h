/*
 * ctl_source_doctor - why a post was refused: source check --headers
 *
 * Judges a saved post as hls.fcgi does.  For a post that is refused it says
 * which secret, encoding, header or change of the body would make the
 * signature valid.  No secret is printed.
 */
#ifndef CMD_CTL_SOURCE_DOCTOR_H
#define CMD_CTL_SOURCE_DOCTOR_H

#include "cmd/ctl.h"

struct source;

/* Exit status 0: the post would be accepted; 1: it would be refused. */
enum rc ctl_source_doctor(struct ctl *c, const struct source *src,
    const char *headers, const char *body, struct err *e);

#endif
