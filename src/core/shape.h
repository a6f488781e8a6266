/*
 * shape - whether a body is of the type of event that its header names
 *
 * GitHub and its kin sign the body and not the header with the type, so a
 * captured post can be sent again under another type.  Most of GitHub's
 * events have a member that no other event has: an "issues" event has
 * "issue".  This module knows these members.  Pure.
 *
 * A body contradicts its type only when it lacks the members of its type, and
 * either has those of another type or is a complete event of GitHub: it has
 * "sender", and the repository, organization or installation.  A few types have
 * no member of their own but a known "action".  A type that is not in the table
 * fits every body.
 */
#ifndef CORE_SHAPE_H
#define CORE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/jsscan.h"

enum shape {
	SHAPE_NONE,    /* not judged */
	SHAPE_FITS,    /* the body has what its type has */
	SHAPE_LOOSE,   /* nothing speaks for the type, and nothing against it */
	SHAPE_ODD,     /* the body contradicts its type */
	SHAPE_UNKNOWN, /* the table has no such type */
	SHAPE_FOREIGN  /* ...and the body is of a type that the table has */
};

/* The members to look for, in the scan that judges the body anyway. */
#define SHAPE_WANTS 44
void shape_want(struct jsscan_want wants[SHAPE_WANTS]);

/* After the scan; action is the want of the body's "action". */
enum shape shape_judge(const char *type, const struct jsscan_want *action,
    const struct jsscan_want wants[SHAPE_WANTS]);

bool shape_is_known(const char *type);

#endif
