/*
 * notice - an event of hls's own
 *
 * It has a name, a subject that the name is about, data, and the team that it
 * concerns.  The store writes it in the transaction in which its cause
 * happens; a drain makes an event of it, which webhooks can ask for by name,
 * and a line of the log.  Pure.
 *
 * A name is added by one row of the table in notice.c and its entry in
 * hls-api(7).
 */
#ifndef CORE_NOTICE_H
#define CORE_NOTICE_H

#include <stdbool.h>
#include <stdint.h>

struct event;

#define NOTICE_SOURCE "hls" /* of its events, and their provider */

/* Stored as numbers: a new name goes to the end. */
enum notice_name {
	NOTICE_FAILING,  /* "hls.webhook.failing" */
	NOTICE_DISABLED, /* "hls.webhook.disabled" */
	NOTICE_DEAD,     /* "hls.delivery.dead" */
	NOTICE_BLOCKED,  /* "hls.key.blocked" */
	NOTICE_SUSPECT,  /* "hls.event.suspect" */
	NOTICE_REFUSING  /* "hls.source.refusing" */
};
#define NOTICE_NAMES 6

enum notice_subject {
	NOTICE_OF_WEBHOOK,
	NOTICE_OF_DELIVERY,
	NOTICE_OF_SOURCE
};

struct notice {
	int64_t id;
	enum notice_name name;
	int64_t at_ms;
	char *about;  /* id or name of the subject */
	int64_t turn; /* tells two of one name and one subject apart */
	char *team;   /* that may see it; NULL: all */
	char *data;   /* a JSON object */
};
void notice_fini(struct notice *n);

const char *notice_type(enum notice_name name); /* of its event */
enum notice_subject notice_subject(enum notice_name name);
/* A sentence for the log; NULL: the cause has a line already. */
const char *notice_says(enum notice_name name);

/* The event with the data for a body.  One notice is one delivery id.  The
 * caller's. */
struct event *notice_event(const struct notice *n);

#endif
