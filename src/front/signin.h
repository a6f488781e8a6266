/*
 * signin - how often signing in may fail
 *
 * Counts wrong tokens by the peer's address, an IPv6 one by its /64, and in
 * all.  Beyond the limit the answer is 429 until the minute is over.  A right
 * token is never counted and never refused, so guessing from behind a shared
 * address locks nobody out.  Any thread.
 */
#ifndef FRONT_SIGNIN_H
#define FRONT_SIGNIN_H

#include <pthread.h>
#include <stdint.h>

#define SIGNIN_WINDOW_MS 60000
#define SIGNIN_PER_ADDRESS 20 /* failures in a window */
#define SIGNIN_IN_ALL 1000

/* Addresses counted at once; one more takes the place of another, whose
 * failures still count in all. */
#define SIGNIN_PLACES 1024

struct signin_count {
	uint64_t key; /* of the address; 0: nobody's */
	int64_t until_ms;
	unsigned int failed;
};

struct signin {
	pthread_mutex_t lock;
	uint64_t salt;
	struct signin_count all;
	struct signin_count v[SIGNIN_PLACES];
};

void signin_init(struct signin *s);
void signin_fini(struct signin *s);

/*
 * Counts one failure of the peer at address (as REMOTE_ADDR has it, or NULL)
 * at now_ms of the boot clock.  Returns 0 while it is within the limits, else
 * the seconds until the peer may fail again.
 */
unsigned int signin_failed(struct signin *s, const char *address,
    int64_t now_ms);

#endif
