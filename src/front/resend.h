/*
 * resend - published events whose answer left open whether they are stored
 *
 * A publisher that gives no delivery id gets one from hls.  After a 503 the
 * event may be stored under that id, and the same request again would be a
 * second event.  So the id is kept for RESEND_MS, and the next request of the
 * same user with the same bytes gets it: stored or not, the event is there
 * once.  Of identical requests each one has an id of its own.  The answer
 * also names the id, for a client whose next request another process of
 * hls.fcgi takes.  Any thread.
 */
#ifndef FRONT_RESEND_H
#define FRONT_RESEND_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypt.h"
#include "base/id.h"

#define RESEND_MS (10 * 60 * INT64_C(1000))
#define RESEND_KEPT 2048 /* the oldest makes room for one more */

struct resend {
	pthread_mutex_t lock;
	struct {
		uint8_t digest[CRYPT_SHA256_SIZE];
		char id[ID_UUID_SIZE];
		int64_t end_ms; /* boot clock; 0: unused */
	} v[RESEND_KEPT];
	size_t next;         /* the place that is written next, the oldest */
	int64_t last_end_ms; /* every place is unused from then on */
};

/* What makes two requests the same: the user and the bytes. */
struct resend_request {
	const char *user;
	const void *body;
	size_t bodysz;
};

void resend_init(struct resend *r);
void resend_fini(struct resend *r);

/* Takes the id that was kept first for the request; false: none is kept.  The
 * caller puts the id back unless the event is stored under it: only then is
 * the same request another event. */
bool resend_take(struct resend *r, const struct resend_request *req,
    int64_t now_ms, char id[ID_UUID_SIZE]);
void resend_put(struct resend *r, const struct resend_request *req,
    const char *id, int64_t now_ms);

#endif
