#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/units.h"
#include "base/url.h"
#include "base/xalloc.h"
#include "core/urlpolicy.h"

#define MAPPED_BITS 96

/* One text for every address, so that nobody maps our network by asking. */
#define NOT_ALLOWED                                            \
	"the target's address is not allowed; the exceptions " \
	"are in outbound.allow_networks"

/* IANA's special-purpose registry, multicast and what is reserved; and the
 * address at which a cloud's own agent answers inside each machine. */
static const struct {
	uint8_t addr[4];
	unsigned int bits;
	const char *name;
} denied4[] = {
	{ { 0, 0, 0, 0 }, 8, "this network" },
	{ { 10, 0, 0, 0 }, 8, "private" },
	{ { 100, 64, 0, 0 }, 10, "carrier-grade NAT" },
	{ { 127, 0, 0, 0 }, 8, "loopback" },
	{ { 168, 63, 129, 16 }, 32, "cloud's agent" },
	{ { 169, 254, 0, 0 }, 16, "link-local" },
	{ { 172, 16, 0, 0 }, 12, "private" },
	{ { 192, 0, 0, 0 }, 24, "protocol assignments" },
	{ { 192, 0, 2, 0 }, 24, "documentation" },
	{ { 192, 88, 99, 0 }, 24, "6to4 relay" },
	{ { 192, 168, 0, 0 }, 16, "private" },
	{ { 198, 18, 0, 0 }, 15, "benchmarking" },
	{ { 198, 51, 100, 0 }, 24, "documentation" },
	{ { 203, 0, 113, 0 }, 24, "documentation" },
	{ { 224, 0, 0, 0 }, 4, "multicast" },
	{ { 240, 0, 0, 0 }, 4, "reserved" },
};

/* IANA has given out 2000::/3 for hosts of the internet, and nothing else of
 * IPv6: so that is the list of what is allowed, less what is special in it.
 * ::ffff:0:0/96 is IPv4, and judged as that. */
static const uint8_t unicast[16] = { 0x20 };
#define UNICAST_BITS 3

static const struct {
	uint8_t addr[16];
	unsigned int bits;
	const char *name;
} denied6[] = {
	{ { 0x20, 0x01 }, 23, "protocol assignments, Teredo" },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, "documentation" },
	{ { 0x20, 0x02 }, 16, "6to4" },
	{ { 0x3f, 0xff }, 20, "documentation" },
};

static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff };

/* Networks behind which a translator reaches the IPv4 address whose bytes stand
 * at these places: NAT64 (RFC 6052), SIIT (RFC 2765), 6to4, IPv4-compatible.
 * A local NAT64 prefix (RFC 8215) may have one of four lengths.  Teredo
 * (RFC 4380) inverts the bytes. */
static const struct {
	uint8_t addr[16];
	unsigned int bits;
	uint8_t at[4];
	uint8_t inverted;
} translated[] = {
	{ { 0x00, 0x64, 0xff, 0x9b }, 96, { 12, 13, 14, 15 }, 0 },
	{ { 0x00, 0x64, 0xff, 0x9b, 0, 1 }, 48, { 12, 13, 14, 15 }, 0 },
	{ { 0x00, 0x64, 0xff, 0x9b, 0, 1 }, 48, { 9, 10, 11, 12 }, 0 },
	{ { 0x00, 0x64, 0xff, 0x9b, 0, 1 }, 48, { 7, 9, 10, 11 }, 0 },
	{ { 0x00, 0x64, 0xff, 0x9b, 0, 1 }, 48, { 6, 7, 9, 10 }, 0 },
	{ { [8] = 0xff, [9] = 0xff }, 96, { 12, 13, 14, 15 }, 0 },
	{ { 0x20, 0x01, 0, 0 }, 32, { 12, 13, 14, 15 }, 0xff },
	{ { 0x20, 0x02 }, 16, { 2, 3, 4, 5 }, 0 },
	{ { 0 }, 96, { 12, 13, 14, 15 }, 0 },
};

void
urlpolicy_fini(struct urlpolicy *p)
{
	free(p->allow);
	free(p->own);
	memset(p, 0, sizeof(*p));
}

static bool
is_within(const uint8_t *addr, const uint8_t *net, unsigned int bits)
{
	unsigned int whole = bits / 8, rest = bits % 8;

	if (memcmp(addr, net, whole) != 0)
		return false;
	return rest == 0 || ((addr[whole] ^ net[whole]) >> (8 - rest)) == 0;
}

static bool
has_host_bits(const uint8_t addr[16], unsigned int bits)
{
	unsigned int i;

	for (i = bits; i < 128; i++)
		if ((addr[i / 8] >> (7 - i % 8) & 1) != 0)
			return true;
	return false;
}

/* An address of either family as text; *width is the family's bits. */
static bool
parse_addr(const char *text, uint8_t out[16], unsigned int *width)
{
	memcpy(out, mapped, 16);
	*width = 32;
	if (inet_pton(AF_INET, text, out + 12) == 1)
		return true;
	*width = 128;
	return inet_pton(AF_INET6, text, out) == 1;
}

static void
put(struct urlpolicy_network **v, size_t *n, const uint8_t addr[16],
    unsigned int bits)
{
	*v = xreallocarray(*v, *n + 1, sizeof(**v));
	memcpy((*v)[*n].addr, addr, 16);
	(*v)[*n].bits = bits;
	(*n)++;
}

enum rc
urlpolicy_allow(struct urlpolicy *p, const char *cidr, struct err *e)
{
	char text[INET6_ADDRSTRLEN];
	const char *slash = strchr(cidr, '/');
	unsigned int width;
	uint8_t addr[16];
	int64_t bits;

	if (slash == NULL || (size_t)(slash - cidr) >= sizeof(text) ||
	    strspn(slash + 1, "0123456789") != strlen(slash + 1) ||
	    !units_int_parse(slash + 1, &bits))
		return err_set(e, RC_INVALID,
		    "not a network such as 10.0.0.0/8 or fd00::/8");
	memcpy(text, cidr, (size_t)(slash - cidr));
	text[slash - cidr] = '\0';
	if (!parse_addr(text, addr, &width) || bits > width)
		return err_set(e, RC_INVALID,
		    "not a network such as 10.0.0.0/8 or fd00::/8");

	bits += 128 - width;
	if (has_host_bits(addr, (unsigned int)bits))
		return err_set(e, RC_INVALID,
		    "bits are set behind the network's own");
	if (bits <= MAPPED_BITS && is_within(mapped, addr, (unsigned int)bits))
		return err_set(e, RC_INVALID,
		    "that would allow every address there is");
	put(&p->allow, &p->nallow, addr, (unsigned int)bits);
	return RC_OK;
}

/* False for families that no webhook can have. */
static bool
read_sockaddr(const struct sockaddr *sa, uint8_t out[16], bool *has_zone)
{
	struct sockaddr_in6 six;
	struct sockaddr_in four;

	*has_zone = false;
	if (sa->sa_family == AF_INET) {
		memcpy(&four, sa, sizeof(four));
		memcpy(out, mapped, 16);
		memcpy(out + 12, &four.sin_addr, 4);
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(&six, sa, sizeof(six));
		memcpy(out, &six.sin6_addr, 16);
		*has_zone = six.sin6_scope_id != 0;
		return true;
	}
	return false;
}

void
urlpolicy_own(struct urlpolicy *p, const struct sockaddr *sa)
{
	uint8_t addr[16];
	bool has_zone;

	if (read_sockaddr(sa, addr, &has_zone))
		put(&p->own, &p->nown, addr, 128);
}

void
urlpolicy_own_none(struct urlpolicy *p)
{
	free(p->own);
	p->own = NULL;
	p->nown = 0;
}

static bool
is_in(const struct urlpolicy_network *v, size_t n, const uint8_t addr[16])
{
	size_t i;

	for (i = 0; i < n; i++)
		if (is_within(addr, v[i].addr, v[i].bits))
			return true;
	return false;
}

/* The name of the denied range that addr is in, or NULL. */
static const char *
denied_range(const uint8_t addr[16])
{
	size_t i;

	if (is_within(addr, mapped, MAPPED_BITS)) {
		for (i = 0; i < sizeof(denied4) / sizeof(denied4[0]); i++)
			if (is_within(addr + 12, denied4[i].addr,
				denied4[i].bits))
				return denied4[i].name;
		return NULL;
	}
	if (!is_within(addr, unicast, UNICAST_BITS))
		return "not of the internet (outside of 2000::/3)";
	for (i = 0; i < sizeof(denied6) / sizeof(denied6[0]); i++)
		if (is_within(addr, denied6[i].addr, denied6[i].bits))
			return denied6[i].name;
	return NULL;
}

/* Whether addr can be read as row i with an IPv4 address inside.  Where a
 * prefix may have several lengths, the right one leaves zeros behind the inner
 * address (RFC 6052, 2.2), and a wrong one may leave nothing inside. */
static bool
find_inner(const uint8_t addr[16], size_t i, uint8_t out[16])
{
	static const uint8_t nothing[16] = { 0 };
	size_t last = translated[i].at[3], n;

	if (!is_within(addr, translated[i].addr, translated[i].bits))
		return false;
	memcpy(out, mapped, 12);
	for (n = 0; n < 4; n++)
		out[12 + n] =
		    addr[translated[i].at[n]] ^ translated[i].inverted;
	if (translated[i].bits != 48)
		return true;
	return memcmp(addr + last + 1, nothing, 15 - last) == 0 &&
	    memcmp(out + 12, nothing, 4) != 0;
}

/* An exception for a translator's network does not cover the addresses that
 * the translator would connect to. */
static bool
is_excepted(const struct urlpolicy *p, const uint8_t addr[16])
{
	static const uint8_t loopback[16] = { [15] = 1 };
	uint8_t inner[16];
	size_t i;

	if (!is_in(p->allow, p->nallow, addr))
		return false;
	if (memcmp(addr, loopback, 16) == 0)
		return true;
	for (i = 0; i < sizeof(translated) / sizeof(translated[0]); i++)
		if (find_inner(addr, i, inner) && denied_range(inner) != NULL &&
		    !is_in(p->allow, p->nallow, inner))
			return false;
	return true;
}

/* What speaks against addr, or NULL. */
static const char *
objection(const struct urlpolicy *p, const uint8_t addr[16], bool is_https)
{
	const char *range;

	if (is_excepted(p, addr))
		return NULL;
	range = denied_range(addr);
	if (range != NULL)
		return range;
	if (is_in(p->own, p->nown, addr))
		return "this host's own";
	return is_https ? NULL : "plain http outside allow_networks";
}

enum rc
urlpolicy_check_addr(const struct urlpolicy *p, const struct sockaddr *sa,
    bool is_https, struct err *e)
{
	const char *why;
	uint8_t addr[16];
	bool has_zone;

	if (!read_sockaddr(sa, addr, &has_zone))
		return err_set(e, RC_DENIED, "address of an unknown family");
	if (has_zone)
		return err_set(e, RC_DENIED, "address with a zone");
	why = objection(p, addr, is_https);
	return why == NULL ? RC_OK : err_set(e, RC_DENIED, "address: %s", why);
}

static bool
has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n >= m && strcasecmp(name + n - m, suffix) == 0;
}

/* A host, and no number at its end, which some parser might take for an
 * address. */
static bool
is_name(const char *host)
{
	const char *last = strrchr(host, '.');

	if (!url_is_host(host))
		return false;
	last = last == NULL ? host : last + 1;
	return strspn(last, "0123456789") != strlen(last) &&
	    !(strncasecmp(last, "0x", 2) == 0 &&
		strspn(last + 2, "0123456789abcdefABCDEF") == strlen(last + 2));
}

/* Names that mean this host, or a neighbour that only we can see. */
static enum rc
check_name(const struct urlpolicy *p, const char *host, struct err *e)
{
	if (!is_name(host))
		return err_set(e, RC_DENIED, "the target's host is not a name");
	if (strcasecmp(host, "localhost") == 0 ||
	    has_suffix(host, ".localhost"))
		return err_set(e, RC_DENIED,
		    "localhost is never a target; its address may be, if it is "
		    "in outbound.allow_networks");
	/* Where clouds keep credentials, whichever network that is. */
	if (strcasecmp(host, "metadata") == 0 ||
	    strncasecmp(host, "metadata.", 9) == 0)
		return err_set(e, RC_DENIED,
		    "a host named metadata is never a target; its address may "
		    "be, if it is in outbound.allow_networks");
	if (p->nallow > 0)
		return RC_OK;
	if (strchr(host, '.') == NULL || has_suffix(host, ".local") ||
	    has_suffix(host, ".internal"))
		return err_set(e, RC_DENIED,
		    "the target's name is of a local network, and "
		    "outbound.allow_networks is empty");
	return RC_OK;
}

enum rc
urlpolicy_check_url(const struct urlpolicy *p, const struct url *u,
    struct err *e)
{
	bool is_https = strcmp(u->scheme, "https") == 0;
	unsigned int width;
	uint8_t addr[16];

	if (!is_https && p->nallow == 0)
		return err_set(e, RC_DENIED,
		    "plain http goes only to networks in "
		    "outbound.allow_networks, which is empty; use https");
	if (!parse_addr(u->host, addr, &width))
		return u->is_ipv6 ? err_set(e, RC_DENIED, NOT_ALLOWED)
				  : check_name(p, u->host, e);
	if (objection(p, addr, is_https) != NULL)
		return err_set(e, RC_DENIED, NOT_ALLOWED);
	return RC_OK;
}
