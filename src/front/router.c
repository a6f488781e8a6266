#include "config.h"

#include <string.h>

#include "front/page.h"
#include "front/router.h"

#define N_ROUTES (sizeof(routes) / sizeof(routes[0]))

/* Literal paths stand before those with {} that would take them too. */
static const struct router_route routes[] = {
	{ "POST", "/hooks/{}", page_hooks_post, ROUTER_EVERYBODY, TOKEN_READ,
	    ROUTER_MUST_ANNOUNCE, false },
	{ "POST", "/api/webhooks/{}", page_hooks_post, ROUTER_EVERYBODY,
	    TOKEN_READ, ROUTER_MUST_ANNOUNCE, false },

	{ "POST", "/api/v1/webhooks/register", page_webhooks_register,
	    ROUTER_RIGHT, TOKEN_OPERATE, ROUTER_MUST_ANNOUNCE, false },
	{ "POST", "/api/v1/webhooks", page_webhooks_register, ROUTER_RIGHT,
	    TOKEN_OPERATE, ROUTER_MUST_ANNOUNCE, false },
	{ "GET", "/api/v1/webhooks", page_webhooks_list, ROUTER_RIGHT,
	    TOKEN_READ, ROUTER_NO_BODY, false },
	{ "GET", "/api/v1/webhooks/list", page_webhooks_list_all, ROUTER_RIGHT,
	    TOKEN_READ, ROUTER_NO_BODY, false },
	{ "GET", "/api/v1/webhooks/{}", page_webhooks_show, ROUTER_RIGHT,
	    TOKEN_READ, ROUTER_NO_BODY, false },
	{ "PATCH", "/api/v1/webhooks/{}", page_webhooks_change, ROUTER_RIGHT,
	    TOKEN_OPERATE, ROUTER_MUST_ANNOUNCE, false },
	{ "DELETE", "/api/v1/webhooks/{}", page_webhooks_delete, ROUTER_RIGHT,
	    TOKEN_OPERATE, ROUTER_NO_BODY, false },
	{ "POST", "/api/v1/webhooks/{}/enable", page_webhooks_enable,
	    ROUTER_RIGHT, TOKEN_OPERATE, ROUTER_MAY_BODY, false },
	{ "POST", "/api/v1/webhooks/{}/disable", page_webhooks_disable,
	    ROUTER_RIGHT, TOKEN_OPERATE, ROUTER_MAY_BODY, false },
	{ "POST", "/api/v1/webhooks/{}/rotate-secret", page_webhooks_rotate,
	    ROUTER_RIGHT, TOKEN_OPERATE, ROUTER_MAY_BODY, false },
	{ "POST", "/api/v1/webhooks/{}/test", page_test_send, ROUTER_RIGHT,
	    TOKEN_OPERATE, ROUTER_MAY_BODY, false },
	{ "POST", "/api/v1/webhooks/{}/recover", page_replay_recover,
	    ROUTER_RIGHT, TOKEN_OPERATE, ROUTER_MUST_ANNOUNCE, false },
	{ "GET", "/api/v1/webhooks/{}/attempts", page_webhooks_attempts,
	    ROUTER_RIGHT, TOKEN_READ, ROUTER_NO_BODY, false },

	{ "POST", "/api/v1/events", page_events_publish, ROUTER_RIGHT,
	    TOKEN_PUBLISH, ROUTER_MUST_ANNOUNCE, false },
	{ "GET", "/api/v1/events", page_events_list, ROUTER_RIGHT, TOKEN_READ,
	    ROUTER_NO_BODY, false },
	{ "POST", "/api/v1/events/release", page_release_all, ROUTER_RIGHT,
	    TOKEN_OPERATE, ROUTER_MUST_ANNOUNCE, false },
	{ "GET", "/api/v1/events/{}", page_events_show, ROUTER_RIGHT,
	    TOKEN_READ, ROUTER_NO_BODY, false },
	{ "GET", "/api/v1/events/{}/payload", page_events_payload, ROUTER_RIGHT,
	    TOKEN_OPERATE, ROUTER_NO_BODY, false },
	{ "GET", "/api/v1/events/{}/passed-by", page_passed_list, ROUTER_RIGHT,
	    TOKEN_READ, ROUTER_NO_BODY, false },
	{ "POST", "/api/v1/events/{}/release", page_release_event, ROUTER_RIGHT,
	    TOKEN_OPERATE, ROUTER_MAY_BODY, false },
	{ "POST", "/api/v1/events/{}/replay", page_replay_event, ROUTER_RIGHT,
	    TOKEN_OPERATE, ROUTER_MAY_BODY, false },
	{ "POST", "/api/v1/replay", page_replay_all, ROUTER_RIGHT,
	    TOKEN_OPERATE, ROUTER_MUST_ANNOUNCE, false },
	{ "GET", "/api/v1/deliveries", page_deliveries_list, ROUTER_RIGHT,
	    TOKEN_READ, ROUTER_NO_BODY, false },
	{ "POST", "/api/v1/deliveries/retry", page_deliveries_retry_all,
	    ROUTER_RIGHT, TOKEN_OPERATE, ROUTER_MUST_ANNOUNCE, false },
	{ "POST", "/api/v1/deliveries/cancel", page_deliveries_cancel_all,
	    ROUTER_RIGHT, TOKEN_OPERATE, ROUTER_MUST_ANNOUNCE, false },
	{ "GET", "/api/v1/deliveries/{}", page_deliveries_show, ROUTER_RIGHT,
	    TOKEN_READ, ROUTER_NO_BODY, false },
	{ "POST", "/api/v1/deliveries/{}/retry", page_deliveries_retry,
	    ROUTER_RIGHT, TOKEN_OPERATE, ROUTER_MAY_BODY, false },
	{ "POST", "/api/v1/deliveries/{}/cancel", page_deliveries_cancel,
	    ROUTER_RIGHT, TOKEN_OPERATE, ROUTER_MAY_BODY, false },

	{ "GET", "/api/v1/sources", page_sources_list, ROUTER_RIGHT, TOKEN_READ,
	    ROUTER_NO_BODY, false },
	{ "GET", "/api/v1/sources/{}", page_sources_show, ROUTER_RIGHT,
	    TOKEN_READ, ROUTER_NO_BODY, false },

	{ "GET", "/queue/stats", page_queue_stats, ROUTER_RIGHT, TOKEN_READ,
	    ROUTER_NO_BODY, true },
	{ "POST", "/queue/retry/{}", page_queue_retry, ROUTER_RIGHT,
	    TOKEN_OPERATE, ROUTER_MAY_BODY, true },
	{ "GET", "/stats", page_stats_show, ROUTER_RIGHT, TOKEN_READ,
	    ROUTER_NO_BODY, true },
	{ "GET", "/metrics", page_metrics_show, ROUTER_RIGHT, TOKEN_READ,
	    ROUTER_NO_BODY, true },
	{ "GET", "/api/auth/me", page_me_show, ROUTER_RIGHT, TOKEN_READ,
	    ROUTER_NO_BODY, false },
	{ "GET", "/health", page_health_alive, ROUTER_EVERYBODY, TOKEN_READ,
	    ROUTER_NO_BODY, true },
	{ "GET", "/ready", page_health_ready, ROUTER_EVERYBODY, TOKEN_READ,
	    ROUTER_NO_BODY, true },
};

const struct router_route *
router_hook(void)
{
	return &routes[0];
}

size_t
router_index(const struct router_route *r)
{
	return r == NULL ? N_ROUTES : (size_t)(r - routes);
}

/* Whether path is pattern, arg filled with what stands for its {}. */
static bool
is_match(const char *pattern, const char *path, char *arg)
{
	const char *brace = strstr(pattern, "{}");
	size_t before, n;

	if (brace == NULL)
		return strcmp(pattern, path) == 0;
	before = (size_t)(brace - pattern);
	if (strncmp(pattern, path, before) != 0)
		return false;
	path += before;
	n = strcspn(path, "/");
	if (n == 0 || n >= ROUTER_ARG_SIZE || strcmp(brace + 2, path + n) != 0)
		return false;
	memcpy(arg, path, n);
	arg[n] = '\0';
	return true;
}

static bool
is_route(const struct router_route *r, const char *path, char *arg)
{
	static const char api[] = "/api/";
	const size_t shift = sizeof(api) - 2;

	if (is_match(r->path, path, arg))
		return true;
	return r->is_short && strncmp(path, api, sizeof(api) - 1) == 0 &&
	    is_match(r->path, path + shift, arg);
}

static void
allow(struct router_match *out, const char *method)
{
	size_t n = strlen(out->allow);
	size_t room = sizeof(out->allow) - n;

	if (n > 0 && room > 2) {
		memcpy(out->allow + n, ", ", 3);
		n += 2;
		room -= 2;
	}
	if (strlen(method) < room)
		memcpy(out->allow + n, method, strlen(method) + 1);
}

/* A path like /api/v1/webhooks/list is its own, not a webhook's. */
static bool
is_taken(const struct router_route *first, const struct router_route *r)
{
	return first != NULL && strstr(first->path, "{}") == NULL &&
	    strstr(r->path, "{}") != NULL;
}

void
router_find(const char *method, const char *path, struct router_match *out)
{
	const struct router_route *first = NULL, *r;
	char arg[ROUTER_ARG_SIZE];
	bool is_read = strcmp(method, "HEAD") == 0;
	size_t i;

	out->route = NULL;
	out->arg[0] = '\0';
	out->allow[0] = '\0';
	for (i = 0; i < N_ROUTES; i++) {
		r = &routes[i];
		arg[0] = '\0';
		if (!is_route(r, path, arg) || is_taken(first, r))
			continue;
		first = first == NULL ? r : first;
		allow(out, r->method);
		if (strcmp(r->method, "GET") == 0)
			allow(out, "HEAD");
		if (out->route == NULL &&
		    strcmp(r->method, is_read ? "GET" : method) == 0) {
			out->route = r;
			memcpy(out->arg, arg, sizeof(arg));
		}
	}
}
