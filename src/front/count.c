#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/meter.h"
#include "base/xalloc.h"
#include "front/count.h"
#include "front/router.h"
#include "stats/posts.h"

#define STATUS_MAX 599
#define LABELS_MAX 512
#define NAME_MAX_SIZE 300

/* Found at the first request of their kind; whoever else finds them too gets
 * the same. */
struct count_route {
	_Atomic(struct meter_histogram *) times;
	_Atomic(struct meter_figure *) requests[STATUS_MAX + 1];
};

/* The accepted posts of one source. */
struct count_source {
	char *name;
	struct meter_figure *accepted;
	struct count_source *next;
};

struct count {
	struct meter *meter;
	_Atomic(struct count_source *) sources;
	/* One for each, and one for none; made at its first request. */
	_Atomic(struct count_route *) *routes;
};

struct count *
count_new(struct meter *m)
{
	struct count *c = xcalloc(1, sizeof(*c));

	c->meter = m;
	c->routes = xcalloc(router_index(NULL) + 1, sizeof(*c->routes));
	return c;
}

void
count_free(struct count *c)
{
	struct count_source *s;
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i <= router_index(NULL); i++)
		free(atomic_load(&c->routes[i]));
	while ((s = atomic_load(&c->sources)) != NULL) {
		atomic_store(&c->sources, s->next);
		free(s->name);
		free(s);
	}
	free(c->routes);
	free(c);
}

static struct count_route *
get_route(struct count *c, const struct router_route *route)
{
	_Atomic(struct count_route *) *at = &c->routes[router_index(route)];
	struct count_route *r = atomic_load(at), *mine;

	if (r != NULL)
		return r;
	mine = xcalloc(1, sizeof(*mine));
	if (atomic_compare_exchange_strong(at, &r, mine))
		return mine;
	free(mine);
	return r;
}

static void
label_route(struct buf *labels, const struct router_route *r)
{
	char name[NAME_MAX_SIZE] = "other";

	if (r != NULL)
		(void)snprintf(name, sizeof(name), "%s %s", r->method, r->path);
	meter_label(labels, "route", name);
}

static struct meter_histogram *
find_times(struct count *c, const struct router_route *route)
{
	struct meter_histogram *h;
	struct buf labels;

	buf_init(&labels, LABELS_MAX);
	label_route(&labels, route);
	h = meter_histogram(c->meter, "hls_http_request_duration_seconds",
	    buf_str(&labels), METER_TIMES);
	buf_fini(&labels);
	return h;
}

static struct meter_figure *
find_requests(struct count *c, const struct router_route *route, int status)
{
	struct meter_figure *f;
	struct buf labels;
	char text[16] = "none";

	if (status > 0)
		(void)snprintf(text, sizeof(text), "%d", status);
	buf_init(&labels, LABELS_MAX);
	label_route(&labels, route);
	meter_label(&labels, "status", text);
	f = meter_find(c->meter, "hls_http_requests_total", buf_str(&labels),
	    METER_PLAIN);
	buf_fini(&labels);
	return f;
}

void
count_request(struct count *c, const struct router_route *route, int status,
    int64_t took_us)
{
	struct count_route *r = get_route(c, route);
	struct meter_histogram *times = atomic_load(&r->times);
	struct meter_figure *requests;

	if (status < 0 || status > STATUS_MAX)
		status = 0;
	requests = atomic_load(&r->requests[status]);
	if (times == NULL) {
		times = find_times(c, route);
		atomic_store(&r->times, times);
	}
	if (requests == NULL) {
		requests = find_requests(c, route, status);
		atomic_store(&r->requests[status], requests);
	}
	meter_add(requests, 1);
	meter_observe(times, took_us);
}

static struct meter_figure *
find_posts(struct count *c, const char *source, int status, bool is_signed)
{
	bool is_accepted = status < 300;
	struct meter_figure *f;
	struct buf labels;

	buf_init(&labels, LABELS_MAX);
	posts_label(&labels, source,
	    is_accepted ? NULL : posts_reason(status, is_signed), is_signed);
	f = meter_find(c->meter, is_accepted ? POSTS_ACCEPTED : POSTS_REFUSED,
	    buf_str(&labels), METER_PLAIN);
	buf_fini(&labels);
	return f;
}

static struct meter_figure *
find_accepted(struct count *c, const char *source, int status)
{
	struct count_source *s, *first = atomic_load(&c->sources);

	for (s = first; s != NULL; s = s->next)
		if (strcmp(s->name, source) == 0)
			return s->accepted;
	s = xcalloc(1, sizeof(*s));
	s->name = xstrdup(source);
	s->accepted = find_posts(c, source, status, true);
	do {
		s->next = first;
	} while (!atomic_compare_exchange_weak(&c->sources, &first, s));
	return s->accepted;
}

void
count_post(struct count *c, const char *source, int status, bool is_signed)
{
	if (source == NULL)
		source = POSTS_NO_SOURCE;
	meter_add(status < 300 ? find_accepted(c, source, status)
			       : find_posts(c, source, status, is_signed),
	    1);
}
