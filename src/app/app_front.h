/*
 * app_front - hls.fcgi put together
 *
 * Settings, log, privileges, store, intake, registrations and the front, in
 * that order.  One call a process.
 */
#ifndef APP_APP_FRONT_H
#define APP_APP_FRONT_H

#include <stdbool.h>

struct app_front_options {
	const char *config; /* NULL: the usual places */
	const char *listen; /* NULL: a socket that was handed to us */
	bool check;         /* read everything, open the store, end */
};

/* The exit status of the program. */
int app_front(const struct app_front_options *opt);

#endif
