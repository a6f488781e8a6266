/*
 * outcome - the meaning of the end of an attempt
 *
 * For the job: delivered, again or given up.  For people: who is at fault, a
 * code, and a text in hls's words.  For other deliveries: a failure of the
 * destination (nobody there: slow down all), of this delivery (it was refused)
 * or of the registration (it is gone: stop).  Pure.
 */
#ifndef CORE_OUTCOME_H
#define CORE_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

/* How the exchange ended, as the transport saw it. */
enum outcome_end {
	OUTCOME_ANSWERED,   /* status and the whole header block came */
	OUTCOME_DENIED,     /* the address policy forbids the URL's address */
	OUTCOME_UNRESOLVED, /* the URL's name has no address that is allowed */
	OUTCOME_REFUSED,    /* nobody listens, or no way there */
	OUTCOME_CONNECT_TIMEOUT,
	OUTCOME_TIMEOUT,   /* connected, then too slow */
	OUTCOME_TLS,       /* certificate or handshake */
	OUTCOME_RESET,     /* broken off before the header block was whole */
	OUTCOME_MALFORMED, /* what came is not HTTP, or past its limits */
	OUTCOME_OURS       /* we could not even try: memory, descriptors */
};
#define OUTCOME_ENDS 10

/* Numbered as enum store_class is. */
enum outcome_class {
	OUTCOME_CLASS_NONE,
	OUTCOME_CLASS_RECEIVER,
	OUTCOME_CLASS_NETWORK,
	OUTCOME_CLASS_US
};
#define OUTCOME_CLASSES 4

const char *outcome_class_name(enum outcome_class c); /* "receiver" ... */

enum outcome_verdict {
	OUTCOME_DELIVERED,
	OUTCOME_AGAIN,
	OUTCOME_GONE /* 410: nothing more goes to this webhook */
};

#define OUTCOME_TEXT_SIZE 96

struct outcome {
	enum outcome_verdict verdict;
	enum outcome_class class;
	int code;                     /* the HTTP status, 0 without one */
	char text[OUTCOME_TEXT_SIZE]; /* "" when delivered; never the peer's
	                               * words, never a denied address */
	bool timed_out;
	bool obeys_retry_after; /* see outcome_obeys_retry_after() */
	bool is_destination;    /* see outcome_is_destination() */
};

/* status is read for OUTCOME_ANSWERED only. */
struct outcome outcome_of(enum outcome_end end, int status);

/* The receiver asks for a pause of its own choice: 429 and 503. */
bool outcome_obeys_retry_after(int status);

/* The destination failed, which counts towards its breaker. */
bool outcome_is_destination(const struct outcome *o);

#endif
