/*
 * A URL that is taken has a normal form that is taken again and stays as it
 * is; what the policy takes of it at registration it takes at delivery.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "fuzz.h"

#include "base/err.h"
#include "base/url.h"
#include "core/urlpolicy.h"

/* What the policy takes at registration it takes at delivery, where the
 * host is an address. */
static void
judge(const struct url *u)
{
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	const struct urlpolicy p = { 0 };
	struct err e;

	if (urlpolicy_check_url(&p, u, &e) != RC_OK)
		return;
	FUZZ_HOLDS(strcmp(u->scheme, "https") == 0);
	if (inet_pton(AF_INET, u->host, &four.sin_addr) == 1)
		FUZZ_HOLDS(urlpolicy_check_addr(&p, (struct sockaddr *)&four,
			       true, &e) == RC_OK);
	else if (inet_pton(AF_INET6, u->host, &six.sin6_addr) == 1)
		FUZZ_HOLDS(urlpolicy_check_addr(&p, (struct sockaddr *)&six,
			       true, &e) == RC_OK);
	else
		FUZZ_HOLDS(strchr(u->host, '.') != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct url u, again;
	struct err e;
	char *text;

	text = fuzz_text(data, size);
	if (url_parse(text, &u, &e) == RC_OK) {
		FUZZ_HOLDS(u.port != 0);
		FUZZ_HOLDS(strpbrk(u.text, "\\ \t\r\n#@") == NULL ||
		    strchr(u.target, '@') != NULL);
		FUZZ_HOLDS(url_parse(u.text, &again, &e) == RC_OK);
		FUZZ_HOLDS(strcmp(u.text, again.text) == 0);
		FUZZ_HOLDS(strcmp(u.host, again.host) == 0);
		judge(&u);
		url_fini(&again);
		url_fini(&u);
	}
	free(text);
	return 0;
}
