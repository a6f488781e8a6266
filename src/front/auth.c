#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "core/http.h"
#include "front/auth.h"
#include "front/settings.h"
#include "store/store_admin.h"

/* A token's last use is written down at most this often. */
#define STAMP_MS (60 * 1000)

/* The token in "Bearer TOKEN", NULL when it is another scheme's. */
static const char *
bearer(const char *value)
{
	static const char scheme[] = "bearer";
	size_t n = sizeof(scheme) - 1;

	if (strncasecmp(value, scheme, n) != 0 || value[n] != ' ')
		return NULL;
	value += n;
	return value + strspn(value, " ");
}

static void
take_name(struct auth_who *who, const char *name)
{
	(void)snprintf(who->name, sizeof(who->name), "%s", name);
	who->is_known = true;
}

static enum rc
find_token(const struct settings *set, const char *text, struct auth_who *who,
    struct err *e)
{
	struct store *store = set->intake.store;
	int64_t now_ms = clock_wall_ms(set->intake.clock);
	uint8_t hash[TOKEN_HASH_SIZE];
	struct store_token *t;
	struct err ignored;
	enum rc rc;

	if (!token_parse(text, hash))
		return err_set(e, RC_DENIED, "malformed token");
	rc = store_token_find(store, hash, &t, e);
	if (rc == RC_NOTFOUND)
		return err_set(e, RC_DENIED, "unknown token");
	if (rc != RC_OK)
		return rc;
	if (t->revoked)
		rc = err_set(e, RC_DENIED, "token %s is revoked", t->name);
	else if (t->expires_ms != 0 && t->expires_ms <= now_ms)
		rc = err_set(e, RC_DENIED, "token %s has expired", t->name);
	else if (!token_role_parse(t->role, &who->role))
		rc = err_set(e, RC_DENIED, "token %s has no role", t->name);
	if (rc == RC_OK) {
		take_name(who, t->name);
		who->expires_ms = t->expires_ms;
		/* A stamp in the future is of a clock that was ahead. */
		if (llabs(now_ms - t->last_used_ms) > STAMP_MS)
			(void)store_token_used(store, hash, now_ms, &ignored);
	}
	store_token_free(t);
	return rc;
}

/* nginx fills REMOTE_USER from any unverified header: the name counts only
 * where the server says that it checked (RFC 3875, 4.1.1). */
static void
find_remote_user(const struct settings *set, const struct http_req *req,
    struct auth_who *who)
{
	const char *type = http_param_find(req, "AUTH_TYPE");
	const char *name = http_param_find(req, "REMOTE_USER");
	size_t i;

	if (type == NULL || *type == '\0' || name == NULL || *name == '\0')
		return;
	for (i = 0; i < set->nusers; i++)
		if (strcmp(set->users[i].name, name) == 0) {
			take_name(who, name);
			who->role = set->users[i].role;
			who->is_remote_user = true;
			return;
		}
}

enum rc
auth_find(const struct settings *set, const struct http_req *req,
    struct auth_who *who, struct err *e)
{
	const char *value = http_header_find(req, "Authorization");
	const char *token = value == NULL ? NULL : bearer(value);

	memset(who, 0, sizeof(*who));
	if (token == NULL) {
		find_remote_user(set, req, who);
		return RC_OK;
	}
	if (http_header_count(req, "Authorization") > 1)
		return err_set(e, RC_DENIED, "more than one token");
	return find_token(set, token, who, e);
}

static bool
is_reading(const struct http_req *req)
{
	return strcmp(req->method, "GET") == 0 ||
	    strcmp(req->method, "HEAD") == 0;
}

/* What "http://host:80" and "https://host:443" have behind the host, which a
 * Host header leaves out (RFC 6454, section 6.1). */
static bool
is_default_port(const char *scheme, const char *port)
{
	return (strcmp(port, ":80") == 0 && strncmp(scheme, "http:", 5) == 0) ||
	    (strcmp(port, ":443") == 0 && strncmp(scheme, "https:", 6) == 0);
}

/* Whether origin, as "https://example.com:8443", is the site that Host names.
 * "null" and whatever has no host is not. */
static bool
is_own_origin(const char *origin, const char *host)
{
	const char *name = strstr(origin, "://");
	size_t n;

	if (name == NULL || name[3] == '\0' || host == NULL || *host == '\0')
		return false;
	name += 3;
	n = strlen(host);
	if (strncasecmp(name, host, n) == 0)
		return name[n] == '\0' || is_default_port(origin, name + n);
	n = strlen(name);
	return strncasecmp(name, host, n) == 0 &&
	    is_default_port(origin, host + n);
}

bool
auth_is_cross_site(const struct auth_who *who, const struct http_req *req)
{
	const char *site, *origin;

	if (!who->is_remote_user || is_reading(req))
		return false;
	site = http_header_find(req, "Sec-Fetch-Site");
	if (site != NULL)
		return strcmp(site, "same-origin") != 0 &&
		    strcmp(site, "none") != 0;
	/* Browsers leave Sec-Fetch-Site out on plain http. */
	origin = http_header_find(req, "Origin");
	if (origin == NULL)
		return false;
	return http_header_count(req, "Origin") > 1 ||
	    !is_own_origin(origin, http_header_find(req, "Host"));
}
