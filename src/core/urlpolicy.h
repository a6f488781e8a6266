/*
 * urlpolicy - which targets and addresses are allowed
 *
 * IPv4: a deny list of every special-purpose range (IANA's special registries,
 * RFC 6890 and its successors).  IPv6: an allow list, 2000::/3 less the special
 * ranges in it.  Exceptions are CIDR networks from the configuration; one that
 * leads through a translator to IPv4 needs the inner address allowed too.  A
 * name's spelling is judged at registration, the
 * address in the socket callback at delivery.  Pure.
 */
#ifndef CORE_URLPOLICY_H
#define CORE_URLPOLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sockaddr;
struct url;

struct urlpolicy_network {
	uint8_t addr[16];  /* IPv4 as ::ffff:a.b.c.d */
	unsigned int bits; /* of 128 */
};

struct urlpolicy {
	struct urlpolicy_network *allow; /* exceptions, from the settings */
	size_t nallow;
	/* The addresses of this host's own interfaces, each of 128 bits;
	 * found by whoever may ask the system for them. */
	struct urlpolicy_network *own;
	size_t nown;
};

void urlpolicy_fini(struct urlpolicy *p);
/* "10.0.0.0/8", "fd00::/8".  RC_INVALID: not a network, host bits set, or
 * one that would allow everything (B74). */
enum rc urlpolicy_allow(struct urlpolicy *p, const char *cidr, struct err *e);
/* Addresses that are neither IPv4 nor IPv6 are passed over. */
void urlpolicy_own(struct urlpolicy *p, const struct sockaddr *sa);
/* None is this host's own any more, for they are told anew. */
void urlpolicy_own_none(struct urlpolicy *p);

/* RC_DENIED with a sentence for the registrant: scheme, port, name or
 * literal address not allowed. */
enum rc urlpolicy_check_url(const struct urlpolicy *p, const struct url *u,
    struct err *e);

/* The final word, on the address a socket is about to connect to.  RC_DENIED
 * names the range, for the log; a registrant is told nothing of it. */
enum rc urlpolicy_check_addr(const struct urlpolicy *p,
    const struct sockaddr *sa, bool is_https, struct err *e);

#endif
