/*
 * cloudevents - an event's attributes as CloudEvents 1.0 has them
 *
 * HTTP binding, binary mode: the body stays as it is, each attribute is a
 * header.  source and id are unique together, as the specification wants;
 * source is the path of ours that names who posted it.  Pure.
 */
#ifndef CORE_CLOUDEVENTS_H
#define CORE_CLOUDEVENTS_H

struct buf;
struct event;

enum cloudevents_header {
	CLOUDEVENTS_SPECVERSION,
	CLOUDEVENTS_ID,
	CLOUDEVENTS_SOURCE,  /* "/sources/github" */
	CLOUDEVENTS_TYPE,    /* type, or type.action */
	CLOUDEVENTS_TIME,    /* when it was received */
	CLOUDEVENTS_SUBJECT, /* the repository, where there is one */
};
#define CLOUDEVENTS_HEADERS 6

const char *cloudevents_name(enum cloudevents_header h); /* "ce-id" ... */

/* Adds the value, percent-encoded as the binding has it; nothing where the
 * event has no such attribute. */
void cloudevents_value(enum cloudevents_header h, const struct event *ev,
    struct buf *out);

#endif
