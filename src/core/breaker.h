/*
 * breaker - stop calling a receiver that fails
 *
 *         failures in a row          time is up
 * closed ───────────────────► open ─────────────► half open
 *   ▲                          │ ▲                   │ │
 *   │◄── something answered ───┘ └─ failed or lost ──┘ │
 *   └───────────────────── answered ───────────────────┘
 *
 * Only failures of the destination count: 5xx, a timeout, a connection
 * refused or broken, a bad certificate.  Any complete answer below 500 shows
 * that the receiver works: it ends the row of failures and closes the breaker,
 * although the delivery may have failed.  While the breaker is half open, one
 * request is in flight, the probe, and no other is sent.  Pure.
 */
#ifndef CORE_BREAKER_H
#define CORE_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

/* The maximum wait for the end of a probe that nobody reports.  The end of a
 * probe whose worker died is reported when its lease lapses. */
#define BREAKER_PROBE_MS (600 * INT64_C(1000))

enum breaker_state {
	BREAKER_CLOSED,
	BREAKER_OPEN,
	BREAKER_HALF_OPEN
};
#define BREAKER_STATES 3
const char *breaker_state_name(enum breaker_state s); /* "half_open" */

struct breaker {
	enum breaker_state state;
	int64_t failures; /* in a row */
	int64_t until_ms; /* open: then a probe; half open: then another */
	int64_t opens;    /* ever */
};

struct breaker_rule {
	int64_t failures; /* in a row that open it; 0: it stays closed */
	int64_t open_ms;
};

enum breaker_sign {
	BREAKER_NOTHING, /* the attempt shows nothing about the receiver */
	BREAKER_ANSWERED,
	BREAKER_FAILED
};

/* no_destination: nobody was there, or able; has_answered: with a status, or
 * it was delivered. */
enum breaker_sign breaker_sign_of(bool no_destination, bool has_answered);

/* The signs of several attempts, in the order of their ends. */
struct breaker_news {
	bool answered;
	int64_t failures; /* since the last answer */
	bool probe_failed;
	bool probe_lost; /* never sent, or its worker died */
};

void breaker_note(struct breaker_news *n, enum breaker_sign sign,
    bool is_probe);
void breaker_apply(struct breaker *b, const struct breaker_rule *rule,
    const struct breaker_news *n, int64_t now_ms);

/* A request to a receiver whose breaker is not closed is its probe. */
void breaker_probe(struct breaker *b, int64_t now_ms);

/* Closes the breaker because a person asked for it. */
void breaker_close(struct breaker *b);

#endif
