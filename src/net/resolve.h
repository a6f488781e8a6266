/*
 * resolve - host names looked up with c-ares, on a loop
 *
 * A look-up costs a timer and a socket for each name server, and no thread, so
 * a silent name server delays nobody else.  /etc/hosts and /etc/resolv.conf are
 * read anew for each look-up, with search domains and ndots; of
 * /etc/nsswitch.conf only the order of files and dns counts.  No answer is
 * cached.
 *
 * RESOLVE_ALL look-ups are asked at a time, and only RESOLVE_SILENT of them
 * for owners whose last look-up got no answer, so the other owners always
 * have places.  Further ones wait for their turn, in the order of their start.
 *
 * Belongs to the loop's thread.  Results are reported inside loop_turn() only;
 * a callback may start and cancel look-ups.
 */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct resolve;
struct resolve_look;
struct sockaddr;

#define RESOLVE_ALL 128
#define RESOLVE_SILENT 96

enum resolve_end {
	RESOLVE_FOUND,   /* at least one address */
	RESOLVE_UNKNOWN, /* no address, or no answer in time */
	RESOLVE_SHORT    /* our fault: this host lacks a resource */
};

/* Lives for the duration of the callback. */
struct resolve_answer {
	enum resolve_end end;
	const char *lacked; /* the resource, for RESOLVE_SHORT; else NULL */
	const struct sockaddr *const *addresses; /* IPv4 and IPv6 only */
	size_t naddresses;
};

/* The state of one owner of look-ups.  The owner zeroes it before the first
 * look-up and keeps it until the last one has ended. */
struct resolve_share {
	bool is_silent; /* the last look-up got no answer */
};

struct resolve_request {
	const char *host; /* copied */
	struct resolve_share *share;
	void (*done)(void *arg, const struct resolve_answer *answer);
	void *arg;
};

/* The loop lives longer. */
struct resolve *resolve_new(struct loop *l);
/* End all look-ups first. */
void resolve_free(struct resolve *r);

/* Never fails at once: the callback reports every error. */
struct resolve_look *resolve_start(struct resolve *r,
    const struct resolve_request *req);
/* Ends a look-up without its callback. */
void resolve_cancel(struct resolve_look *look);
/* False while the look-up waits for its turn. */
bool resolve_is_asked(const struct resolve_look *look);
/* Whether it waited for its turn, and so had less time for its answer. */
bool resolve_has_waited(const struct resolve_look *look);

/* Whether one more look-up may be sent.  asked: look-ups in flight; silent:
 * those of silent owners among them; is_silent: of the owner of this one. */
bool resolve_may_ask(size_t asked, size_t silent, bool is_silent);

#endif
