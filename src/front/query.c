#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/http.h"
#include "front/page.h"
#include "front/query.h"

#define NAMES_MAX 12

/* A sender's URL may carry whatever the sender wants: posts to sources are
 * judged by their signature alone. */
static const struct {
	enum rc (*page)(struct page *pg, struct err *e);
	bool takes_all;
	const char *names[NAMES_MAX];
} table[] = {
	{ page_hooks_post, true, { NULL } },
	{ page_webhooks_list, false,
	    { "team", "event", "enabled", "health", "cursor", "limit" } },
	{ page_webhooks_list_all, false,
	    { "team", "event", "enabled", "health", "cursor", "limit" } },
	{ page_webhooks_attempts, false, { "cursor", "limit" } },
	{ page_events_list, false,
	    { "status", "type", "repository", "source", "delivery_id",
		"suspect", "since", "until", "cursor", "limit" } },
	{ page_passed_list, false, { "cursor", "limit" } },
	{ page_sources_list, false, { "cursor", "limit" } },
	{ page_deliveries_list, false,
	    { "webhook_id", "event", "state", "blocked", "cursor", "limit" } },
	{ page_health_ready, false, { "intake" } },
};

static bool
is_taken(enum rc (*page)(struct page *pg, struct err *e), const char *name)
{
	size_t i, k;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].page != page)
			continue;
		if (table[i].takes_all)
			return true;
		for (k = 0; k < NAMES_MAX && table[i].names[k] != NULL; k++)
			if (strcmp(table[i].names[k], name) == 0)
				return true;
	}
	return false;
}

static bool takes_all(enum rc (*page)(struct page *pg, struct err *e))
{
	return is_taken(page, "");
}

/* Whether the name stands before the end of the query, which is at. */
static bool
stands_before(const char *query, const char *at, const char *name)
{
	char other[QUERY_NAME_MAX + 1];
	struct http_pair pair;

	while (query < at && http_query_next(&query, &pair)) {
		if (query >= at)
			break;
		http_query_name(&pair, other, sizeof(other));
		if (strcmp(other, name) == 0)
			return true;
	}
	return false;
}

static void
add(struct query_faults *out, const char *name, const char *message)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		if (strcmp(out->v[i].name, name) == 0)
			return;
	if (out->n == QUERY_FAULTS_MAX)
		return;
	(void)snprintf(out->v[i].name, sizeof(out->v[i].name), "%s", name);
	out->v[i].message = message;
	out->n++;
}

void
query_judge(enum rc (*page)(struct page *pg, struct err *e), const char *query,
    struct query_faults *out)
{
	char name[QUERY_NAME_MAX + 1];
	const char *rest = query;
	struct http_pair pair;

	out->n = 0;
	if (takes_all(page))
		return;
	while (http_query_next(&rest, &pair) && out->n < QUERY_FAULTS_MAX) {
		http_query_name(&pair, name, sizeof(name));
		if (!is_taken(page, name))
			add(out, name, "unknown parameter");
		else if (stands_before(query, rest, name))
			add(out, name, "given twice");
	}
}
