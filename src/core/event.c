#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"
#include "core/event.h"

/* The source of hls's own events, and what their types begin with. */
#define OWN "hls"

static const char *const status_names[EVENT_STATUSES] = {
	[EVENT_PENDING] = "pending",
	[EVENT_PROCESSING] = "processing",
	[EVENT_RETRY] = "retry",
	[EVENT_COMPLETED] = "completed",
	[EVENT_FAILED] = "failed",
};

struct event *
event_new(void)
{
	struct event *ev = xcalloc(1, sizeof(*ev));

	ev->priority = EVENT_PRIORITY_DEFAULT;
	return ev;
}

const char *
event_passed_name(enum event_passed why)
{
	static const char *const names[EVENT_PASSED] = { "disabled",
		"other_webhook", "team", "events", "filter", "filter_error" };

	return names[why];
}

bool
event_is_test(const struct event *ev)
{
	return strcmp(ev->source, EVENT_SOURCE_TEST) == 0;
}

bool
event_type_is_reserved(const char *type)
{
	return strncasecmp(type, OWN, sizeof(OWN) - 1) == 0 &&
	    (type[sizeof(OWN) - 1] == '\0' || type[sizeof(OWN) - 1] == '.');
}

bool
event_is_own(const struct event *ev)
{
	return ev->source != NULL &&
	    (strcmp(ev->source, OWN) == 0 || event_is_test(ev));
}

void
event_reserve_type(struct event *ev)
{
	char *type;

	if (event_is_own(ev) || !event_type_is_reserved(ev->type))
		return;
	type = xasprintf("x-%.*s", EVENT_TYPE_MAX - 2, ev->type);
	free(ev->type);
	ev->type = type;
}

void
event_hold_end(struct event_hold *h)
{
	if (h->give != NULL)
		h->give(h->arg, h->n);
	h->give = NULL;
}

void
event_free(struct event *ev)
{
	struct event_hold hold;

	if (ev == NULL)
		return;
	free(ev->source);
	free(ev->provider);
	free(ev->delivery_id);
	free(ev->sent_id);
	free(ev->hook_id);
	free(ev->type);
	free(ev->action);
	free(ev->repository);
	strlist_fini(&ev->teams);
	free(ev->webhook_id);
	free(ev->content_type);
	free(ev->body);
	free(ev->json);
	free(ev->error_message);
	hold = ev->hold;
	free(ev);
	event_hold_end(&hold);
}

const char *
event_status_name(enum event_status s)
{
	return status_names[s];
}

const char *
event_why_name(enum event_why why)
{
	return why == EVENT_ODD_TYPE ? "type" : "body";
}

bool
event_status_parse(const char *text, enum event_status *out)
{
	size_t i;

	for (i = 0; i < EVENT_STATUSES; i++) {
		if (strcmp(text, status_names[i]) == 0) {
			*out = (enum event_status)i;
			return true;
		}
	}
	return false;
}

/* 1 to max bytes, all of them in alphabet. */
static bool
is_word(const char *text, size_t n, const char *alphabet, size_t max)
{
	return n >= 1 && n <= max && strspn(text, alphabet) >= n;
}

bool
event_delivery_id_is_valid(const char *text)
{
	size_t i;

	for (i = 0; text[i] != '\0'; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return i >= 1 && i <= EVENT_DELIVERY_ID_MAX;
}

bool
event_type_is_valid(const char *text)
{
	return is_word(text, strlen(text), EVENT_ALNUM "_.-", EVENT_TYPE_MAX);
}

bool
event_team_is_valid(const char *text)
{
	size_t i;

	for (i = 0; text[i] != '\0'; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return i >= 1 && i <= EVENT_TEAM_MAX;
}

static bool
is_repository_part(const char *text, size_t n)
{
	if (!is_word(text, n, EVENT_ALNUM "._-", EVENT_REPOSITORY_MAX))
		return false;
	return !(n == 1 && text[0] == '.') &&
	    !(n == 2 && text[0] == '.' && text[1] == '.');
}

bool
event_repository_is_valid(const char *text)
{
	const char *slash = strchr(text, '/');
	size_t n = strlen(text);

	if (strcmp(text, "unknown") == 0)
		return true;
	return slash != NULL && n <= EVENT_REPOSITORY_MAX &&
	    is_repository_part(text, (size_t)(slash - text)) &&
	    is_repository_part(slash + 1, strlen(slash + 1));
}
