#include "config.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/app_resolver.h"
#include "base/log.h"

#define SERVERS_MAX 3 /* as many as resolv.conf(5) has read */
#define LINE_SIZE 512

/* The smallest question there is, RFC 1035 section 4: the name servers of the
 * root.  Its answer is not waited for. */
static const char question[] = "\0\1\1\0\0\1\0\0\0\0\0\0\0\0\2\0\1";

/* EPERM is a filter's answer, EACCES a route's. */
static bool
is_denied(const char *address)
{
	const struct addrinfo hints = { .ai_flags =
					    AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_DGRAM };
	struct addrinfo *to;
	bool denied = false;
	int fd;

	if (getaddrinfo(address, "53", &hints, &to) != 0)
		return false;
	fd =
	    socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd != -1) {
		denied = sendto(fd, question, sizeof(question) - 1,
			     MSG_NOSIGNAL, to->ai_addr, to->ai_addrlen) == -1 &&
		    (errno == EPERM || errno == EACCES);
		(void)close(fd);
	}
	freeaddrinfo(to);
	return denied;
}

void
app_resolver_check(const char *path)
{
	char line[LINE_SIZE], address[LINE_SIZE];
	size_t n = 0;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return;
	while (n < SERVERS_MAX && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "nameserver %511s", address) != 1)
			continue;
		n++;
		if (is_denied(address))
			log_say(LOG_LEVEL_WARN,
			    "the name server %s of %s is denied to this "
			    "process: add IPAddressAllow=%s to the unit of "
			    "hls-drain",
			    address, path, address);
	}
	(void)fclose(f);
}
