/*
 * log_limit - how much of the log unknown peers may fill
 *
 * Whoever can reach the web server can make requests that end with 401 or
 * 404, thousands a second.  Of the requests of peers that proved nothing, by
 * a token or by a signature, one a second is logged for each status; the
 * next line of that status has the number of those left out.  Any thread.
 */
#ifndef FRONT_LOG_LIMIT_H
#define FRONT_LOG_LIMIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Statuses counted apart; further ones share the last place. */
#define LOG_LIMIT_STATUSES 24

struct log_limit {
	pthread_mutex_t lock;
	struct {
		int status;
		int64_t next_ms; /* boot clock: the next line is due then */
		uint64_t left_out;
	} v[LOG_LIMIT_STATUSES];
};

void log_limit_init(struct log_limit *l);
void log_limit_fini(struct log_limit *l);

/* True when a line may be written at now_ms (boot clock); *left_out is then
 * the number of requests of this status that had none since the last one. */
bool log_limit_take(struct log_limit *l, int status, int64_t now_ms,
    uint64_t *left_out);

/* Logs the number of a status when no further request came for a second to
 * report it.  While requests come, their own lines have the numbers, so that
 * a flood shows an example each second. */
void log_limit_flush(struct log_limit *l, int64_t now_ms);

#endif
