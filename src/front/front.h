/*
 * front - the loop that takes requests, and the threads that work them
 *
 * The caller's thread becomes the loop: it accepts connections, reads
 * requests and writes answers without waiting for any peer.  It works small
 * posts itself; any other whole request is worked by a thread of a pool.  The
 * loop also takes the signals and swaps the settings.  One front a process.
 */
#ifndef FRONT_FRONT_H
#define FRONT_FRONT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct budget;
struct clock;
struct settings;
struct store;

struct front_options {
	int listen_fd;
	const char *socket_path; /* of its file; NULL: none, or not known */
	const char *body_folder; /* where large bodies are kept as they come */
	int64_t body_min_free;   /* bytes of disk that these leave free */
	unsigned int threads;    /* for posts to sources */
	unsigned int page_threads; /* for all other requests */
	const struct clock *clock;
	struct store *store;
	/* Of settings->body_memory; the store's writes give back to it even
	 * after front_run() has returned. */
	struct budget *bodies;

	/* Of the settings at the start; released by free_settings as well. */
	struct settings *settings;

	/* SIGHUP: new settings, or NULL to go on with the old ones. */
	struct settings *(*reload)(void *arg);
	void (*free_settings)(void *arg, struct settings *s);

	/* NULL, or called once connections are accepted, several times a
	 * second after that, and before the end begins. */
	void (*ready)(void *arg);
	void (*tick)(void *arg);
	void (*stopping)(void *arg);
	void *arg;
};

/* Blocks the signals that front_run() takes, in this thread and all that it
 * makes from then on: call it before anything that makes a thread. */
void front_block_signals(void);

/*
 * Serves until SIGTERM, SIGINT or SIGUSR1, and then until the requests in
 * hand have ended.
 *
 * RC_OK	all have.
 * RC_BUSY	some hung for too long; the process can only exit, at once.
 * RC_SYSTEM	the store is dead, or the loop could not start.
 */
enum rc front_run(const struct front_options *opt, struct err *e);

#endif
