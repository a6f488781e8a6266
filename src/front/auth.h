/*
 * auth - who asks, and what they may
 *
 * A bearer token, or a name that the web server has vouched for.  Any
 * thread.
 */
#ifndef FRONT_AUTH_H
#define FRONT_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/token.h"

struct http_req;
struct settings;

struct auth_who {
	bool is_known;
	char name[TOKEN_NAME_MAX + 1];
	enum token_role role;
	int64_t expires_ms; /* of the token; 0: never */
	bool is_remote_user;
};

/*
 * RC_OK	*who is filled; not known when the request names nobody.
 * RC_DENIED	a token that is malformed, unknown, expired or revoked.
 * RC_BUSY, RC_SYSTEM	the store.
 */
enum rc auth_find(const struct settings *set, const struct http_req *req,
    struct auth_who *who, struct err *e);

/*
 * Whether a change is asked for by a page of another site, which may not use
 * the password that a browser adds: by Sec-Fetch-Site, and where a browser
 * does not send that, by Origin against Host.  Programs send neither.
 */
bool auth_is_cross_site(const struct auth_who *who, const struct http_req *req);

#endif
