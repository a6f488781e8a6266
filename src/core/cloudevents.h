/*
 * cloudevents - the attributes of an event in CloudEvents 1.0
 *
 * HTTP binding, binary mode (section 3.1): the body is not changed, each
 * attribute is a header.  The pair of source and id is unique, as the
 * specification demands; source is a path with the name of hls's source.
 * Pure.
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

/* Appends the value, percent-encoded as the binding demands; nothing when the
 * event has no such attribute. */
void cloudevents_value(enum cloudevents_header h, const struct event *ev,
    struct buf *out);

#endif
