/*
 * app_drain - the composition of hls-drain
 *
 * Settings, log, store, HTTP client and job kinds are put together here and
 * nowhere else; the work itself is work.h's.
 */
#ifndef APP_APP_DRAIN_H
#define APP_APP_DRAIN_H

#include <stdbool.h>
#include <stdint.h>

struct app_drain_options {
	const char *config;    /* NULL: as app_conf_read() has it */
	const char *worker_id; /* NULL: from settings, environment, or made */
	unsigned int kinds;    /* bits 1 << enum store_kind; 0: all */
	int64_t max_seconds;   /* 0: no end */
	bool once;
	bool check;
};

/* Runs until told to end; the program's exit status.  Once a process. */
int app_drain(const struct app_drain_options *opt);

#endif
