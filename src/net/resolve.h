/*
 * resolve - host names looked up with c-ares, in the caller's own loop
 *
 * A look-up costs a socket for each name server and a timer, and no thread,
 * so that a name server that does not answer takes nothing away from the
 * others.  /etc/hosts and /etc/resolv.conf are read anew for each look-up,
 * with search domains and ndots; of /etc/nsswitch.conf only the order of
 * files and dns counts.  Nothing is kept.
 *
 * RESOLVE_ALL look-ups are asked at a time, and only RESOLVE_SILENT of them
 * for owners whose last look-up got no answer, so the other owners always
 * have places.  Further ones wait for their turn, in the order of their start.
 *
 * One thread.  A result is told inside resolve_act() only; its callback may
 * start and cancel look-ups.
 */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pollfd;
struct resolve;
struct resolve_look;
struct sockaddr;

#define RESOLVE_ALL 128
#define RESOLVE_SILENT 96

enum resolve_end {
	RESOLVE_FOUND,   /* at least one address */
	RESOLVE_UNKNOWN, /* there is none, or no name server says so in time */
	RESOLVE_SHORT    /* our fault: this host lacked something */
};

/* Lives for the duration of the callback. */
struct resolve_answer {
	enum resolve_end end;
	const char *lacked; /* of RESOLVE_SHORT, in words; otherwise NULL */
	const struct sockaddr *const *addresses; /* IPv4 and IPv6 only */
	size_t naddresses;
};

/* What is remembered of an owner of look-ups; zeroed at its start, and to
 * outlive its look-ups. */
struct resolve_share {
	bool is_silent; /* the last look-up got no answer */
};

struct resolve_request {
	const char *host; /* copied */
	struct resolve_share *share;
	void (*done)(void *arg, const struct resolve_answer *answer);
	void *arg;
};

struct resolve *resolve_new(void);
/* All look-ups must be gone. */
void resolve_free(struct resolve *r);

/* Never fails at once: whatever goes wrong is told by the callback. */
struct resolve_look *resolve_start(struct resolve *r,
    const struct resolve_request *req);
/* Ends a look-up without its callback. */
void resolve_cancel(struct resolve_look *look);
/* Was a name server asked, or does the look-up wait for its turn? */
bool resolve_is_asked(const struct resolve_look *look);
/* Did it have to wait for its turn, which left it less time? */
bool resolve_has_waited(const struct resolve_look *look);

/* May one more be asked, of an owner that was silent or not, beside so many,
 * of which so many are of silent ones? */
bool resolve_may_ask(size_t asked, size_t silent, bool is_silent);

/* How many descriptors resolve_fds() may give. */
size_t resolve_fds_max(const struct resolve *r);
/* Writes what is to be polled; returns how many. */
size_t resolve_fds(struct resolve *r, struct pollfd *fds);
/* timeout_ms (-1: for ever), or less if a look-up has something to do. */
int64_t resolve_timer(const struct resolve *r, int64_t timeout_ms);
/* After the poll, with the descriptors that the last resolve_fds() gave. */
void resolve_act(struct resolve *r, const struct pollfd *fds);

#endif
